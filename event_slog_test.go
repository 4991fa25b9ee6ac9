package passwd_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// TestLevelOfDroppedMessages holds that nobody raises an alarm by asking for links:
// what is dropped because nobody is there to get it is no error, and a message that
// somebody should have got is one (L1).
func TestLevelOfDroppedMessages(t *testing.T) {
	for _, c := range []struct {
		name   string
		login  string
		mail   error
		times  int // that a link is asked for, and delivered
		reason string
		level  string
	}{
		{"unknown login", "nobody", nil, 1, "no_recipient", "INFO"},
		{"no such mailbox", "ada", passwd.ErrUndeliverable, 1, "undeliverable", "ERROR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log strings.Builder
			kit := passwdtest.New(t, passwd.Config{Observer: passwd.SlogObserver(slog.New(slog.NewJSONHandler(&log, nil)))})
			kit.Add(t, ada(), adaPassword)
			kit.Mail.Fail(c.mail)
			for range c.times {
				if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login(c.login), Client: home}); err != nil {
					t.Fatal(err)
				}
				kit.Deliver(t)
			}
			var dropped []string
			for line := range strings.Lines(log.String()) {
				var entry struct{ Level, Msg, Reason string }
				if err := json.Unmarshal([]byte(line), &entry); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				if entry.Msg == string(passwd.EventNotificationDropped) {
					dropped = append(dropped, entry.Reason+" "+entry.Level)
				}
			}
			if len(dropped) != 1 || dropped[0] != c.reason+" "+c.level {
				t.Errorf("dropped: %q, want one %q", dropped, c.reason+" "+c.level)
			}
		})
	}
}

// TestSlogObserverHasALevelForAll holds that the exception is one of the reason, not
// of the name, and that an unknown name is no alarm.
func TestSlogObserverHasALevelForAll(t *testing.T) {
	for _, c := range []struct {
		event passwd.Event
		want  string
	}{
		{passwd.Event{Name: passwd.EventNotificationDropped, Reason: "not_queued", Err: errors.New("full")}, "ERROR"},
		{passwd.Event{Name: passwd.EventNotificationDropped, Reason: "expired"}, "ERROR"},
		{passwd.Event{Name: passwd.EventNotificationFailed, Reason: "no_recipient"}, "ERROR"},
		{passwd.Event{Name: passwd.EventSignInFailed, Reason: "unknown"}, "WARN"},
		{passwd.Event{Name: passwd.EventChanged}, "INFO"},
		{passwd.Event{Name: "host.own"}, "INFO"},
	} {
		var log strings.Builder
		passwd.SlogObserver(slog.New(slog.NewTextHandler(&log, nil))).Observe(ctx, c.event)
		if !strings.Contains(log.String(), "level="+c.want+" ") {
			t.Errorf("%s, %s: got %q, want %s", c.event.Name, c.event.Reason, log.String(), c.want)
		}
	}
}
