package smtpmail_test

import (
	"errors"
	"net/mail"
	"strings"
	"testing"

	"golang.org/x/net/idna"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/alabel"
)

// Mail goes to where people have their mailbox, in the form that a server without
// SMTPUTF8 takes.
func TestAddresses(t *testing.T) {
	for to, want := range map[string]string{
		"ada@bücher.example":        "ada@xn--bcher-kva.example",
		"ada@BÜCHER.example":        "ada@xn--bcher-kva.example",
		"ada@例え.テスト":                "ada@xn--r8jz45g.xn--zckzah",
		"ada@xn--bcher-kva.example": "ada@xn--bcher-kva.example",
		"Ada@Example.com":           "Ada@Example.com",
		"ada..l@docomo.example":     `"ada..l"@docomo.example`,
		"ada.@docomo.example":       `"ada."@docomo.example`,
		".ada@docomo.example":       `".ada"@docomo.example`,
		"-..ada.-@bücher.example":   `"-..ada.-"@xn--bcher-kva.example`,
		`"ada..l"@docomo.example`:   `"ada..l"@docomo.example`,
		`"ada l"@example.com`:       `"ada l"@example.com`,
		"ada.l+x@example.com":       "ada.l+x@example.com",
	} {
		s := startServer(t, serverKind{})
		m := message()
		m.To = to
		if err := notifier(t, config(s, "smtp")).Notify(t.Context(), m); err != nil {
			t.Errorf("%s: %v", to, err)
			continue
		}
		got := s.mails()[0]
		if len(got.to) != 1 || got.to[0] != unquoted(want) {
			t.Errorf("%s: sent to %q, want %q", to, got.to, want)
		}
		read, err := mail.ReadMessage(strings.NewReader(got.data))
		if err != nil {
			t.Fatal(err)
		}
		if header := read.Header.Get("To"); header != "<"+want+">" {
			t.Errorf("%s: To: %s, want <%s>", to, header, want)
		}
	}
}

// unquoted is an address as the server of these tests reads it.
func unquoted(address string) string { return strings.ReplaceAll(address, `"`, "") }

func TestAddressesOfNobody(t *testing.T) {
	s := startServer(t, serverKind{})
	n := notifier(t, config(s, "smtp"))
	for _, to := range []string{"..@", "@bücher.example", "ada..l", "ada@bü\u200bcher..example", "ada..\"l@example.com", "a..b,c@example.com", "a..b c@example.com", "ada@-ü.example"} {
		m := message()
		m.To = to
		if err := n.Notify(t.Context(), m); !errors.Is(err, passwd.ErrUndeliverable) {
			t.Errorf("%q: %v, want ErrUndeliverable", to, err)
		}
	}
	if mails := s.mails(); len(mails) != 0 {
		t.Errorf("%d mails were sent, to %q", len(mails), mails[0].to)
	}
}

// The sender's domain is written as a server takes it, in every header.
func TestSenderOfAnInternationalizedDomain(t *testing.T) {
	s := startServer(t, serverKind{})
	c := config(s, "smtp")
	c.From, c.ReplyTo = "Bücher <no-reply@bücher.example>", "help@bücher.example"
	if err := notifier(t, c).Notify(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	got := s.mails()[0]
	if got.from != "no-reply@xn--bcher-kva.example" {
		t.Errorf("from %q", got.from)
	}
	read, err := mail.ReadMessage(strings.NewReader(got.data))
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		"From": "<no-reply@xn--bcher-kva.example>", "Reply-To": "<help@xn--bcher-kva.example>", "Message-Id": "@xn--bcher-kva.example>",
	} {
		if value := read.Header.Get(header); !strings.HasSuffix(value, want) {
			t.Errorf("%s: %s", header, value)
		}
	}
}

// The root module has an encoder of its own, without x/net: it is held against that
// here.
func TestALabelsAgree(t *testing.T) {
	for _, host := range []string{
		"bücher.example", "BÜCHER.example", "straße.example", "mañana.example", "例え.テスト", "例え。テスト", "مثال.إختبار", "דוגמה.example",
		"παράδειγμα.δοκιμή", "उदाहरण.परीक्षा", "пример.испытание", "예제.테스트", "உதாரணம்.பரிட்சை", "ｂücher．example", "ÅNGSTRÖM.example",
		"3年b組金八先生.example", "他们为什么不说中文.example", "tiếng-việt.example", "łódź.example", "çığ.example", "ĳssel.example", "ﬁöna.example",
	} {
		want, err := idna.Lookup.ToASCII(host)
		if err != nil {
			t.Fatalf("%s: %v", host, err)
		}
		if got, err := alabel.Host(host); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", host, got, err, want)
		}
	}
}

// FuzzALabels finds a host that the two write otherwise.
func FuzzALabels(f *testing.F) {
	f.Add("bücher.example")
	f.Add("例え。テスト")
	f.Add("ÅNGSTRÖM.ﬁ")
	f.Fuzz(func(t *testing.T, host string) {
		want, err := idna.Lookup.ToASCII(host)
		if err != nil || strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == "" {
			return // the one that knows every table decides
		}
		if got, err := alabel.Host(host); err == nil && got != want {
			t.Fatalf("%q: %q, want %q", host, got, want)
		}
	})
}
