package smtpmail_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/smtpmail"
)

// What a server says to the recipient is not always about the recipient: servers
// that wait with their judgement say there what they hold against the sender, too.
func TestOnlyTheMailboxIsGone(t *testing.T) {
	for _, test := range []struct {
		name  string
		reply *smtp.SMTPError
		gone  bool
	}{
		{"no such mailbox", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "unknown"}, true},
		{"no such domain", &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 1, 2}, Message: "unknown"}, true},
		{"bad syntax", &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 1, 3}, Message: "bad"}, true},
		{"moved", &smtp.SMTPError{Code: 551, EnhancedCode: smtp.EnhancedCode{5, 1, 6}, Message: "gone"}, true},
		{"takes no mail", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 10}, Message: "null MX"}, true},
		{"sender unknown", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 0}, Message: "sender rejected"}, false},
		{"sender's syntax", &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 1, 7}, Message: "sender rejected"}, false},
		{"sender's domain", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 8}, Message: "sender rejected"}, false},
		{"no status", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.NoEnhancedCode, Message: "relay not permitted"}, false},
		{"a number in the words", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.NoEnhancedCode, Message: "10.5.1.23 may not relay"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startServer(t, serverKind{})
			s.set(func(s *mailServer) { s.fail["RCPT"] = test.reply })
			err := notifier(t, config(s, "smtp")).Notify(t.Context(), message())
			var got *smtpmail.Error
			if !errors.As(err, &got) || got.Step != "RCPT" || got.Code != test.reply.Code {
				t.Fatalf("got %#v", err)
			}
			if errors.Is(err, passwd.ErrUndeliverable) != test.gone {
				t.Errorf("ErrUndeliverable: %v, want %v (%v)", !test.gone, test.gone, err)
			}
		})
	}
}

// The URL has what the fields do not.
func TestUserInfo(t *testing.T) {
	for name, fields := range map[string]struct{ info, username, password string }{
		"in the URL":                {info: "app:secret@"},
		"in the fields":             {username: "app", password: "secret"},
		"the name in the URL alone": {info: "app@", password: "secret"},
		"the fields come first":     {info: "other:wrong@", username: "app", password: "secret"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, serverKind{users: map[string]string{"app": "secret"}})
			c := config(s, "smtp")
			c.Server = strings.Replace(c.Server, "//", "//"+fields.info, 1)
			c.Username, c.Password = fields.username, fields.password
			if err := notifier(t, c).Notify(t.Context(), message()); err != nil {
				t.Error(err)
			}
		})
	}
}

// Whoever has given up is told so, and not that it took too long.
func TestCancelled(t *testing.T) {
	s := startServer(t, serverKind{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := notifier(t, config(s, "smtp")).Notify(ctx, message())
	if !errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
