package locale_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"html"
	"io"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
)

var update = flag.Bool("update", false, "write the messages under testdata/messages anew")

var messageKinds = []passwd.MessageKind{
	passwd.MessageResetLink, passwd.MessageResetCode, passwd.MessagePasswordChanged, passwd.MessagePasswordReset,
	passwd.MessageTemporaryPassword, passwd.MessageSuspended, passwd.MessageSignInStopped, passwd.MessageSharedAddress,
	passwd.MessageInvitation,
}

const (
	secret = "QW5hbHl0aWNhbCBFbmdpbmUgMTg0MyAtIG5vIHNlY3J"
	code   = "04711815"
	base   = "https://app.example.com:8443/account/password"
)

// message is one as package passwd makes it.
func message(kind passwd.MessageKind, channel passwd.Channel, lang string) passwd.Message {
	at := time.Date(2026, time.March, 1, 22, 45, 30, 0, time.UTC)
	m := passwd.Message{
		ID: "1", Kind: kind, Channel: channel, To: "to@example.com", Account: passwd.Ref{ID: "7"}, Username: "ada",
		Locale: lang, Link: base + "/forgot", At: at,
		Client: passwd.Client{
			Addr:      netip.MustParseAddr("192.0.2.7"),
			UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
			RequestID: "request-9",
		},
	}
	switch kind {
	case passwd.MessageResetLink:
		m.Token, m.User, m.ExpiresAt = secret, "user-key", at.Add(time.Hour)
		m.Link = base + "/reset?token=" + secret + "&user=user-key"
		if channel == passwd.SMSChannel {
			m.ExpiresAt = at.Add(10 * time.Minute)
		}
	case passwd.MessageResetCode:
		m.Code, m.ExpiresAt = code, at.Add(10*time.Minute)
	case passwd.MessagePasswordChanged, passwd.MessagePasswordReset:
		m.Link = base + "/cancel?token=" + secret
	case passwd.MessageTemporaryPassword:
		m.Link, m.ExpiresAt = base+"/cancel?token="+secret, at.Add(24*time.Hour)
	case passwd.MessageInvitation:
		m.Token, m.ExpiresAt, m.Client = secret, at.Add(24*time.Hour), passwd.Client{}
		m.Link = base + "/invite?token=" + secret
		if channel == passwd.SMSChannel {
			m.ExpiresAt = at.Add(10 * time.Minute)
		}
	case passwd.MessageSharedAddress:
		m.Account.ID, m.Username = "", ""
	}
	return m
}

func renderer(t testing.TB, c locale.RenderConfig) *locale.Renderer {
	t.Helper()
	r, err := locale.NewRenderer(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func render(t testing.TB, r *locale.Renderer, m passwd.Message) locale.Mail {
	t.Helper()
	mail, err := r.Render(m)
	if err != nil {
		t.Fatalf("%s %s %s: %v", m.Locale, m.Kind, m.Channel, err)
	}
	return mail
}

var example = locale.RenderConfig{Name: "Example & Söhne", Contact: "help@example.com", Zone: time.FixedZone("X", 2*3600)}

// TestRender holds every kind, language and channel to what a message must have
// (M1) and must not have (I7).
func TestRender(t *testing.T) {
	r := renderer(t, example)
	subjects := map[string]string{}
	for _, p := range locale.Printers() {
		lang := p.Language()
		for _, kind := range messageKinds {
			t.Run(lang+" "+string(kind), func(t *testing.T) {
				m := message(kind, passwd.EmailChannel, lang)
				mail := render(t, r, m)
				what := mail.Subject + mail.Text + mail.HTML
				for _, residue := range []string{"{", "}", "<no value>", "%!", "ZgotmplZ", "Mozilla", "request-9"} {
					if strings.Contains(strings.ReplaceAll(what, "font:600", ""), residue) {
						t.Errorf("%q in\n%s", residue, what)
					}
				}
				if other, there := subjects[lang+mail.Subject]; there {
					t.Errorf("the subject of %s too: %s", other, mail.Subject)
				}
				subjects[lang+mail.Subject] = string(kind)
				if !strings.HasSuffix(mail.Subject, " – Example & Söhne") {
					t.Errorf("subject %q", mail.Subject)
				}
				once(t, mail.Text, "text", facts(m))
				once(t, visible(t, mail.HTML), "HTML", facts(m))
				links := hrefs(t, mail.HTML)
				if want := []string{m.Link, m.Link, "mailto:help@example.com"}; kind != passwd.MessageResetCode && fmt.Sprint(links) != fmt.Sprint(want) {
					t.Errorf("links %q, want %q", links, want)
				} else if kind == passwd.MessageResetCode && len(links) != 1 {
					t.Errorf("links %q beside a code", links)
				}
				if len(mail.HTML) > 10_000 {
					t.Errorf("%d bytes of HTML", len(mail.HTML))
				}
				for _, want := range []string{
					fmt.Sprintf(`<html lang="%s" dir="%s"`, lang, p.Direction()), fmt.Sprintf(`<div lang="%s" dir="%s"`, lang, p.Direction()),
					`<meta name="color-scheme" content="light dark">`,
				} {
					if !strings.Contains(mail.HTML, want) {
						t.Errorf("no %s in\n%s", want, mail.HTML)
					}
				}
				for _, remote := range []string{"<img", "<script", "<link", "<style", "url(", "@import", "class="} {
					if strings.Contains(mail.HTML, remote) {
						t.Errorf("%s in\n%s", remote, mail.HTML)
					}
				}
				isolates(t, p, mail.Text)

				m.Channel = passwd.SMSChannel
				sms := render(t, r, m)
				if sms.Subject != "" || sms.HTML != "" || strings.ContainsAny(sms.Text, "{}") || strings.TrimSpace(sms.Text) != sms.Text {
					t.Errorf("SMS %+v", sms)
				}
				isolates(t, p, sms.Text)
				if again := render(t, r, m); again != sms {
					t.Error("it differs the second time")
				}
			})
		}
	}
}

// facts are what stands in a mail, and how often.
func facts(m passwd.Message) map[string]int {
	want := map[string]int{
		"help@example.com": 1, "192.0.2.7": 1, "Safari": 1, "iPhone": 1, "00:45": 1, "UTC+02:00": 1, "2026": 1,
		m.Link: 1, code: 0, "ada": 1, "01:45": 0, "00:55": 0,
	}
	switch m.Kind {
	case passwd.MessageResetCode:
		want[code], want[m.Link], want["https:"] = 1, 0, 0
	case passwd.MessageSharedAddress:
		want["ada"] = 0
	case passwd.MessageInvitation: // by whom is not told
		want["192.0.2.7"], want["Safari"], want["iPhone"] = 0, 0, 0
	}
	return want
}

func once(t *testing.T, text, where string, facts map[string]int) {
	t.Helper()
	for fact, want := range facts {
		if got := len(regexp.MustCompile(`(?:^|[^A-Za-z\d])`+regexp.QuoteMeta(fact)+`(?:$|[^A-Za-z])`).FindAllString(text, -1)); got != want {
			t.Errorf("%s has %q %d times, want %d:\n%s", where, fact, got, want, text)
		}
	}
}

var void = regexp.MustCompile(`<(meta|br)\b([^>]*)>`)

// elements walks a document, which must be well-formed but for void elements.
func elements(t *testing.T, document string, start func(xml.StartElement), text func(string)) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(void.ReplaceAllString(document, "<$1$2/>")))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		switch token := token.(type) {
		case xml.StartElement:
			start(token)
		case xml.CharData:
			text(string(token))
		}
	}
}

func hrefs(t *testing.T, document string) (links []string) {
	t.Helper()
	elements(t, document, func(e xml.StartElement) {
		for _, a := range e.Attr {
			if a.Name.Local == "href" || a.Name.Local == "src" {
				links = append(links, a.Value)
			}
		}
	}, func(string) {})
	return links
}

// hidden is what a mailbox shows beside the subject, and the mail does not.
var hidden = regexp.MustCompile(`<div style="display:none[^>]*>([^<]*)</div>`)

func preview(document string) string {
	if found := hidden.FindStringSubmatch(document); found != nil {
		text, _, _ := strings.Cut(html.UnescapeString(found[1]), "\u034f")
		return text
	}
	return ""
}

func visible(t *testing.T, document string) string {
	t.Helper()
	document = hidden.ReplaceAllString(document, "")
	var b strings.Builder
	elements(t, document, func(xml.StartElement) {}, func(s string) { b.WriteString(s) })
	return b.String()
}

// isolates checks that whatever has the other direction is kept apart in lines from
// right to left, that nothing else is, and that what people copy has nothing invisible
// around it: links, which are lines by themselves, and codes.
func isolates(t *testing.T, p locale.Printer, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		depth := 0
		for _, r := range line {
			switch {
			case r == '\u2068':
				depth++
			case r == '\u2069':
				depth--
			case unicode.Is(unicode.Bidi_Control, r), depth < 0, depth > 0 && p.Direction() == "ltr":
				t.Fatalf("%U in %q", r, line)
			case depth == 0 && p.Direction() == "rtl" && unicode.Is(unicode.Latin, r) && line != example.Name && !strings.HasPrefix(line, "@") && !strings.HasPrefix(line, "https:"):
				t.Fatalf("bare %q in %q", r, line)
			}
		}
		if depth != 0 {
			t.Fatalf("%q leaves an isolate open", line)
		}
	}
	for _, copied := range regexp.MustCompile(`.?(https:.*|\b`+code+`\b).?`).FindAllString(text, -1) {
		if strings.ContainsFunc(copied, func(r rune) bool { return unicode.Is(unicode.Cf, r) }) {
			t.Errorf("%q is not what it looks like", copied)
		}
	}
}

// TestGolden has the words to read. go test -run Golden -update writes them anew.
func TestGolden(t *testing.T) {
	r := renderer(t, example)
	for _, lang := range []string{"en", "ar"} {
		var b strings.Builder
		for _, kind := range messageKinds {
			mail := render(t, r, message(kind, passwd.EmailChannel, lang))
			sms := render(t, r, message(kind, passwd.SMSChannel, lang))
			fmt.Fprintf(&b, "===== %s\n%s\n----- text\n%s----- html\n%s----- sms\n%s\n", kind, mail.Subject, mail.Text, mail.HTML, sms.Text)
		}
		file := "testdata/messages/" + lang + ".txt"
		if *update {
			if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.String(); got != string(want) {
			t.Errorf("%s differs from\n%s", file, got)
		}
	}
}

// The sentence of format 2 about several accounts is that format's alone.
func TestSharedAddress(t *testing.T) {
	mail, err := locale.Render(message(passwd.MessageSharedAddress, passwd.EmailChannel, "en"))
	if err != nil || strings.Contains(mail.Text+mail.HTML, "multiple users") || !strings.Contains(mail.Text, "Several accounts use this email address") {
		t.Errorf("%v: %s", err, mail.Text)
	}
}

// Which language a message is in, and how it names what the host has not said.
func TestRenderDefaults(t *testing.T) {
	zero, german := renderer(t, locale.RenderConfig{}), renderer(t, locale.RenderConfig{Language: "de-AT"})
	for _, c := range []struct {
		r            *locale.Renderer
		locale, want string
	}{
		{zero, "", "en"}, {zero, "pl", "en"}, {zero, "fr-CA", "fr"}, {zero, "not a tag!", "en"},
		{german, "", "de"}, {german, "pl", "de"}, {german, "ja", "ja"}, {german, "en-GB", "en"},
	} {
		mail := render(t, c.r, message(passwd.MessagePasswordChanged, passwd.EmailChannel, c.locale))
		if !strings.Contains(mail.HTML, `<html lang="`+c.want+`"`) {
			t.Errorf("%q: not %s:\n%s", c.locale, c.want, mail.HTML)
		}
		if !strings.HasSuffix(mail.Subject, " – app.example.com") || strings.Contains(mail.Text, "help@") {
			t.Errorf("%q: %q\n%s", c.locale, mail.Subject, mail.Text)
		}
	}
	mail, err := locale.Render(message(passwd.MessageResetLink, passwd.EmailChannel, ""))
	if want := render(t, zero, message(passwd.MessageResetLink, passwd.EmailChannel, "")); err != nil || mail != want {
		t.Errorf("Render: %v, %+v", err, mail)
	}
	if !strings.Contains(mail.Text, "Time: 1 March 2026, 22:45 UTC\n") {
		t.Errorf("the time without a Zone:\n%s", mail.Text)
	}
	if _, err := locale.NewRenderer(locale.RenderConfig{Language: "pl"}); err == nil || !strings.Contains(err.Error(), "Language") {
		t.Errorf("a language that nobody speaks: %v", err)
	}
}

// A time is told in the zone of the config as it is on that day.
func TestRenderZone(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Skip(err)
	}
	r := renderer(t, locale.RenderConfig{Zone: vienna})
	m := message(passwd.MessagePasswordChanged, passwd.EmailChannel, "de")
	for at, want := range map[time.Time]string{
		time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC):  "25. Oktober 2026, 02:30 Uhr (UTC+02:00)",
		time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC):  "25. Oktober 2026, 02:30 Uhr (UTC+01:00)",
		time.Date(2026, 12, 31, 23, 59, 0, 0, time.UTC): "1. Januar 2027, 00:59 Uhr (UTC+01:00)",
	} {
		m.At = at
		if mail := render(t, r, m); !strings.Contains(mail.Text, "Zeitpunkt: "+want+"\n") {
			t.Errorf("%s: not %s:\n%s", at, want, mail.Text)
		}
	}
}

// What package passwd does not make is refused, and the refusal tells no secret (I7).
func TestRenderRefuses(t *testing.T) {
	for name, edit := range map[string]func(m *passwd.Message){
		"kind":             func(m *passwd.Message) { m.Kind = "of_a_host" },
		"any channel":      func(m *passwd.Message) { m.Channel = passwd.AnyChannel },
		"no link":          func(m *passwd.Message) { m.Link = "" },
		"relative link":    func(m *passwd.Message) { m.Link = "/reset?token=" + secret },
		"script":           func(m *passwd.Message) { m.Link = "javascript://x/%0aalert('" + secret + "')" },
		"link with spaces": func(m *passwd.Message) { m.Link = base + "/reset?token=" + secret + " x" },
		"link of two":      func(m *passwd.Message) { m.Link = base + "/reset?token=" + secret + "\r\nBcc: x@example.com" },
		"broken link":      func(m *passwd.Message) { m.Link = "https://[::1/" + secret },
		"host with a line": func(m *passwd.Message) { m.Link = "https://a%E2%80%A8b.example/" + secret },
		"no time":          func(m *passwd.Message) { m.At = time.Time{} },
		"no expiry":        func(m *passwd.Message) { m.ExpiresAt = time.Time{} },
		"no code":          func(m *passwd.Message) { m.Kind = passwd.MessageResetCode },
		"code of letters":  func(m *passwd.Message) { m.Kind, m.Code = passwd.MessageResetCode, "0471\n815" },
	} {
		m := message(passwd.MessageResetLink, passwd.EmailChannel, "en")
		edit(&m)
		mail, err := locale.Render(m)
		if err == nil || mail != (locale.Mail{}) {
			t.Errorf("%s: %v, %+v", name, err, mail)
		} else if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "example.com") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRenderConcurrently(t *testing.T) {
	var wg sync.WaitGroup
	r := renderer(t, example)
	want := render(t, r, message(passwd.MessageResetLink, passwd.EmailChannel, "he"))
	for range 4 {
		wg.Go(func() {
			for _, p := range locale.Printers() {
				for _, kind := range messageKinds {
					render(t, r, message(kind, passwd.EmailChannel, p.Language()))
				}
			}
			if got := render(t, r, message(passwd.MessageResetLink, passwd.EmailChannel, "he")); got != want {
				t.Error("it differs")
			}
		})
	}
	wg.Wait()
}
