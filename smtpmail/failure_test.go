package smtpmail_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/smtpmail"
)

func reply(code int, status smtp.EnhancedCode) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: status, Message: "about <ada@example.com>"}
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name, step string
		reply      error
		want       smtpmail.Error
		gone       bool
	}{
		{"busy", "MAIL", reply(451, smtp.EnhancedCode{4, 3, 0}), smtpmail.Error{Step: "MAIL", Code: 451, Status: "4.3.0"}, false},
		{"sender refused", "MAIL", reply(550, smtp.EnhancedCode{5, 7, 1}), smtpmail.Error{Step: "MAIL", Code: 550, Status: "5.7.1"}, false},
		{"greylisted", "RCPT", reply(450, smtp.EnhancedCode{4, 2, 0}), smtpmail.Error{Step: "RCPT", Code: 450, Status: "4.2.0"}, false},
		{"no such mailbox", "RCPT", reply(550, smtp.EnhancedCode{5, 1, 1}), smtpmail.Error{Step: "RCPT", Code: 550, Status: "5.1.1"}, true},
		{"no relaying", "RCPT", reply(550, smtp.EnhancedCode{5, 7, 1}), smtpmail.Error{Step: "RCPT", Code: 550, Status: "5.7.1"}, false},
		{"full", "RCPT", reply(552, smtp.EnhancedCode{5, 2, 2}), smtpmail.Error{Step: "RCPT", Code: 552, Status: "5.2.2"}, false},
		{"content refused", "DATA", reply(554, smtp.EnhancedCode{5, 6, 0}), smtpmail.Error{Step: "DATA", Code: 554, Status: "5.6.0"}, false},
		{"content deferred", "DATA", reply(452, smtp.EnhancedCode{4, 3, 1}), smtpmail.Error{Step: "DATA", Code: 452, Status: "4.3.1"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startServer(t, serverKind{})
			s.set(func(s *mailServer) { s.fail[test.step] = test.reply })
			err := notifier(t, config(s, "smtp")).Notify(t.Context(), message())
			var got *smtpmail.Error
			if !errors.As(err, &got) || *got != test.want {
				t.Fatalf("got %#v, want %#v", err, test.want)
			}
			if errors.Is(err, passwd.ErrUndeliverable) != test.gone {
				t.Errorf("ErrUndeliverable: %v, want %v", !test.gone, test.gone)
			}
			if strings.Contains(err.Error(), "@") {
				t.Errorf("the error repeats an address: %v", err)
			}
		})
	}
}

func TestNothingIsSentWithoutTLS(t *testing.T) {
	s := startServer(t, serverKind{noTLS: true, users: map[string]string{"app": "secret"}})
	c := config(s, "smtp")
	c.Username, c.Password = "app", "secret"
	if err := notifier(t, c).Notify(t.Context(), message()); err == nil {
		t.Error("delivered to a server that offers no STARTTLS")
	}
	encrypted := startServer(t, serverKind{})
	c = config(encrypted, "smtp")
	c.TLS = nil // the system's authorities have not signed it
	err := notifier(t, c).Notify(t.Context(), message())
	var unverified *tls.CertificateVerificationError
	if !errors.As(err, &unverified) {
		t.Errorf("a certificate of nobody: %v", err)
	}
	if len(s.mails())+len(encrypted.mails()) != 0 {
		t.Error("a mail got through")
	}
}

func TestWrongPassword(t *testing.T) {
	s := startServer(t, serverKind{users: map[string]string{"app": "secret"}})
	c := config(s, "smtp")
	c.Username, c.Password = "app", "hunter2"
	err := notifier(t, c).Notify(t.Context(), message())
	var got *smtpmail.Error
	if !errors.As(err, &got) || got.Code != 535 || errors.Is(err, passwd.ErrUndeliverable) {
		t.Errorf("got %v, want 535, to be tried again", err)
	}
}

func TestStalls(t *testing.T) {
	for _, step := range []string{"MAIL", "RCPT", "DATA"} {
		t.Run(step, func(t *testing.T) {
			s := startServer(t, serverKind{})
			s.set(func(s *mailServer) { s.stall = step })
			// The client's own timeout is much longer.
			own := testrun.Patience(t)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			began := time.Now()
			err := notifier(t, config(s, "smtp")).Notify(ctx, message())
			if err == nil {
				t.Fatal("delivered")
			}
			if took := time.Since(began); took > own/2 {
				t.Errorf("gave up after %v", took)
			}
		})
	}
}

// A listener that never greets is given up as well.
func TestSilence(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	for _, scheme := range []string{"smtp", "smtps", "insecure-smtp"} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		n := notifier(t, smtpmail.Config{Server: scheme + "://localhost:" + port, From: "a@example.com", Render: words})
		if err := n.Notify(ctx, message()); err == nil {
			t.Errorf("%s: delivered to nobody", scheme)
		}
		cancel()
	}
}

// A server that dies after it took a mail is told again, and the mail says that it
// is the same.
func TestHangsUpAfterData(t *testing.T) {
	s := startServer(t, serverKind{})
	s.set(func(s *mailServer) { s.hangUp = true })
	n := notifier(t, config(s, "smtp"))
	if err := n.Notify(t.Context(), message()); err == nil || errors.Is(err, passwd.ErrUndeliverable) {
		t.Fatalf("got %v, want an error that has it tried again", err)
	}
	s.set(func(s *mailServer) { s.hangUp = false })
	if err := n.Notify(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	mails := s.mails()
	if len(mails) != 2 {
		t.Fatalf("%d mails", len(mails))
	}
	first, second := parse(t, mails[0].data), parse(t, mails[1].data)
	for _, name := range []string{"Message-Id", "Date"} {
		if a, b := first.header.Get(name), second.header.Get(name); a != b || a == "" {
			t.Errorf("%s: %q, then %q", name, a, b)
		}
	}
}

// The whole way: a service whose mail server is down for a while, then defers, then
// hangs up after DATA, loses nothing, and the request never notices.
func TestServiceOverABadServer(t *testing.T) {
	s := startServer(t, serverKind{})
	down, err := net.Listen("tcp", "127.0.0.1:0") // a port that nobody listens to
	if err != nil {
		t.Fatal(err)
	}
	down.Close()
	good := notifier(t, config(s, "smtp"))
	c := config(s, "smtp")
	c.Server = "smtp://" + strings.Replace(down.Addr().String(), "127.0.0.1", "localhost", 1)
	current := notifier(t, c)
	kit := passwdtest.New(t, passwd.Config{Notify: passwd.NotifierFunc(func(ctx context.Context, m passwd.Message) error {
		return current.Notify(ctx, m)
	})})
	kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, "the old password")
	if err := kit.Service.RequestReset(t.Context(), passwd.RequestReset{Login: passwd.Login{Value: "ada"}}); err != nil {
		t.Fatalf("the request noticed: %v", err)
	}
	try := func(failures int) {
		t.Helper()
		if _, err := kit.Service.Work(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(kit.Events.Named(passwd.EventNotificationFailed)); n != failures {
			t.Fatalf("%d failures observed, want %d", n, failures)
		}
		kit.Clock.Advance(5 * time.Minute)
	}
	try(1) // down
	current = good
	s.set(func(s *mailServer) { s.fail["RCPT"] = reply(451, smtp.EnhancedCode{4, 7, 1}) })
	try(2) // deferred
	s.set(func(s *mailServer) { s.fail["RCPT"] = nil; s.hangUp = true })
	try(3) // died after DATA
	s.set(func(s *mailServer) { s.hangUp = false })
	try(3) // went well
	try(3) // and nothing is left to do
	mails := s.mails()
	if len(mails) != 2 { // the one that the server did not own up to, and the good one
		t.Fatalf("%d mails", len(mails))
	}
	first, second := parse(t, mails[0].data), parse(t, mails[1].data)
	if first.header.Get("Message-Id") != second.header.Get("Message-Id") || first.text != second.text {
		t.Error("the second mail is not the first again")
	}
	if n := len(kit.Events.Named(passwd.EventNotificationSent)); n != 1 {
		t.Errorf("%d deliveries observed", n)
	}
	for _, e := range kit.Events.Named(passwd.EventNotificationFailed) {
		if strings.Contains(e.Err.Error(), "ada@") || strings.Contains(e.Err.Error(), "token") {
			t.Errorf("an event shows too much: %v", e.Err)
		}
	}
}
