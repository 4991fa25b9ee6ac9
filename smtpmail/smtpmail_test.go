package smtpmail_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/smtpmail"
)

var at = time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)

func message() passwd.Message {
	return passwd.Message{
		ID: "0195b0c0-0000-7000-8000-000000000001", Kind: passwd.MessageResetLink, Channel: passwd.EmailChannel,
		To: "ada@example.com", Account: passwd.Ref{ID: "1"}, Username: "ada", Locale: "en",
		Link: "https://app.example.com/account/password/reset?token=Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmE",
		At:   at, ExpiresAt: at.Add(time.Hour),
	}
}

func words(m passwd.Message) (locale.Mail, error) {
	return locale.Mail{
		Subject: "Set a new password – مرحبا",
		Text:    "Open this link:\n\n" + m.Link + "\n.\nA line of one dot is above this one.\n",
		HTML:    `<p>Open <a href="` + m.Link + `">this link</a></p>`,
	}, nil
}

func config(s *mailServer, scheme string) smtpmail.Config {
	return smtpmail.Config{
		Server: scheme + "://localhost:" + s.port(),
		From:   `"Example" <no-reply@example.com>`,
		Render: words,
		TLS:    &tls.Config{RootCAs: s.pool},
	}
}

// notifier has the patience of a test where its time is not what is tested.
func notifier(t *testing.T, c smtpmail.Config) *smtpmail.Notifier {
	t.Helper()
	c.Timeout = cmp.Or(c.Timeout, testrun.Patience(t))
	n, err := smtpmail.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDelivers(t *testing.T) {
	for _, test := range []struct {
		name, scheme string
		kind         serverKind
		user         string
		encrypted    bool
	}{
		{"STARTTLS", "smtp", serverKind{}, "", true},
		{"STARTTLS and PLAIN", "smtp", serverKind{users: map[string]string{"app": "secret"}}, "app", true},
		{"TLS", "smtps", serverKind{implicitTLS: true}, "", true},
		{"TLS and PLAIN", "smtps", serverKind{implicitTLS: true, users: map[string]string{"app": "secret"}}, "app", true},
		{"no TLS", "insecure-smtp", serverKind{noTLS: true}, "", false},
		{"no TLS and PLAIN", "insecure-smtp", serverKind{noTLS: true, users: map[string]string{"app": "secret"}}, "app", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startServer(t, test.kind)
			c := config(s, test.scheme)
			if test.user != "" {
				c.Username, c.Password = test.user, test.kind.users[test.user]
			}
			if err := notifier(t, c).Notify(t.Context(), message()); err != nil {
				t.Fatal(err)
			}
			mails := s.mails()
			if len(mails) != 1 {
				t.Fatalf("%d mails", len(mails))
			}
			m := mails[0]
			if m.from != "no-reply@example.com" || len(m.to) != 1 || m.to[0] != "ada@example.com" {
				t.Errorf("from %q to %q", m.from, m.to)
			}
			if m.tls != test.encrypted || m.user != test.user {
				t.Errorf("TLS %v, user %q; want %v, %q", m.tls, m.user, test.encrypted, test.user)
			}
		})
	}
}

func TestUserInfoOfTheURL(t *testing.T) {
	s := startServer(t, serverKind{users: map[string]string{"app@example.com": "p:/ss"}})
	c := config(s, "smtp")
	c.Server = "smtp://app%40example.com:p%3A%2Fss@localhost:" + s.port()
	if err := notifier(t, c).Notify(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
}

// A mail as a mailbox sees it.
type parsed struct {
	header     mail.Header
	text, html string
}

func parse(t *testing.T, data string) parsed {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	p := parsed{header: m.Header}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q: %v", kind, err)
	}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return p
		}
		if err != nil {
			t.Fatal(err)
		}
		if enc := part.Header.Get("Content-Transfer-Encoding"); enc != "quoted-printable" {
			t.Fatalf("encoding %q", enc)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
		switch kind := part.Header.Get("Content-Type"); {
		case strings.HasPrefix(kind, "text/plain"):
			p.text = string(body)
		case strings.HasPrefix(kind, "text/html"):
			p.html = string(body)
		}
	}
}

func TestMIME(t *testing.T) {
	s := startServer(t, serverKind{})
	if err := notifier(t, config(s, "smtp")).Notify(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	p := parse(t, s.mails()[0].data)
	want, _ := words(message())
	if p.text != want.Text {
		t.Errorf("text %q, want %q", p.text, want.Text)
	}
	if p.html != want.HTML {
		t.Errorf("HTML %q, want %q", p.html, want.HTML)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(p.header.Get("Subject"))
	if err != nil || subject != want.Subject {
		t.Errorf("subject %q, %v", subject, err)
	}
	for name, want := range map[string]string{
		"From":                     `"Example" <no-reply@example.com>`,
		"To":                       "<ada@example.com>",
		"Message-Id":               "<0195b0c0-0000-7000-8000-000000000001@example.com>",
		"Auto-Submitted":           "auto-generated",
		"X-Auto-Response-Suppress": "All",
		"Mime-Version":             "1.0",
		"User-Agent":               "",
		"X-Mailer":                 "",
	} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if date, err := p.header.Date(); err != nil || !date.Equal(at) {
		t.Errorf("date %v, %v", date, err)
	}
}

func TestHeadersCannotBeInjected(t *testing.T) { // M3
	s := startServer(t, serverKind{})
	c := config(s, "smtp")
	c.Render = func(passwd.Message) (locale.Mail, error) {
		return locale.Mail{Subject: "Hello\r\nBcc: eve@example.com\r\n\r\n<b>", Text: "text"}, nil
	}
	m := message()
	m.ID = "1>\r\nBcc: eve@example.com"
	if err := notifier(t, c).Notify(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := s.mails()[0]
	read, err := mail.ReadMessage(strings.NewReader(got.data))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.to) != 1 || read.Header.Get("Bcc") != "" {
		t.Errorf("sent to %q, with Bcc %q", got.to, read.Header.Get("Bcc"))
	}
}

func TestOneAddressAndNoMore(t *testing.T) { // M3, I9
	s := startServer(t, serverKind{})
	n := notifier(t, config(s, "smtp"))
	for _, to := range []string{
		"", "ada", "ada@example.com, eve@example.com", "Eve <ada@example.com>", "<ada@example.com>",
		"ada@example.com\r\nRCPT TO:<eve@example.com>", "ada@example.com\x00", "ada@exa mple.com",
	} {
		m := message()
		m.To = to
		err := n.Notify(t.Context(), m)
		if !errors.Is(err, passwd.ErrUndeliverable) {
			t.Errorf("%q: %v, want ErrUndeliverable", to, err)
		}
		if to != "" && err != nil && strings.Contains(err.Error(), to) {
			t.Errorf("the error repeats the address: %v", err)
		}
	}
	if mails := s.mails(); len(mails) != 0 {
		t.Errorf("%d mails were sent", len(mails))
	}
	for _, to := range []string{`"o'neil"@example.com`, "grüße@example.com", "a+b=c@example.com"} {
		m := message()
		m.To = to
		if err := n.Notify(t.Context(), m); err != nil {
			t.Errorf("%q: %v", to, err)
		}
	}
}

func TestOtherChannels(t *testing.T) {
	s := startServer(t, serverKind{})
	c := config(s, "smtp")
	m := message()
	m.Channel, m.To = passwd.SMSChannel, "15550000001"
	if err := notifier(t, c).Notify(t.Context(), m); !errors.Is(err, passwd.ErrUndeliverable) {
		t.Errorf("without Other: %v", err)
	}
	var got passwd.Message
	c.Other = passwd.NotifierFunc(func(_ context.Context, m passwd.Message) error { got = m; return nil })
	if err := notifier(t, c).Notify(t.Context(), m); err != nil || got.To != m.To {
		t.Errorf("with Other: %v, %q", err, got.To)
	}
	if len(s.mails()) != 0 {
		t.Error("an SMS was sent as a mail")
	}
}

func TestBadConfigurations(t *testing.T) {
	good := smtpmail.Config{Server: "smtp://localhost", From: "a@example.com", Render: words}
	if _, err := smtpmail.New(good); err != nil {
		t.Fatal(err)
	}
	for name, break_ := range map[string]func(*smtpmail.Config){
		"no server":      func(c *smtpmail.Config) { c.Server = "" },
		"unknown scheme": func(c *smtpmail.Config) { c.Server = "http://localhost" },
		"no host":        func(c *smtpmail.Config) { c.Server = "smtp://:25" },
		"a query":        func(c *smtpmail.Config) { c.Server = "smtp://u:hunter2@localhost?x=1" },
		"a path":         func(c *smtpmail.Config) { c.Server = "smtp://u:hunter2@localhost/x" },
		"no URL":         func(c *smtpmail.Config) { c.Server = "smtp://u:hunter2@local host" },
		"no sender":      func(c *smtpmail.Config) { c.From = "" },
		"two senders":    func(c *smtpmail.Config) { c.From = "a@example.com, b@example.com" },
		"bad ReplyTo":    func(c *smtpmail.Config) { c.ReplyTo = "nobody" },
		"no renderer":    func(c *smtpmail.Config) { c.Render = nil },
		"negative time":  func(c *smtpmail.Config) { c.Timeout = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			break_(&c)
			_, err := smtpmail.New(c)
			if err == nil {
				t.Fatal("no error")
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats the password: %v", err)
			}
		})
	}
}
