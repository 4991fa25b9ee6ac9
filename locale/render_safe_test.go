package locale_test

import (
	"encoding/xml"
	"html"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
)

// hostile values try to leave their line, their element and their direction.
var hostile = []string{
	"x\r\nBcc: all@example.com\r\n\r\nhello",
	"x\x00\x07\x1b[31m\x7f\u0085\u2028\u2029y",
	`"><script>alert(1)</script><img src=https://evil.example/p.png>`,
	"</span></div><a href='https://evil.example/'>sign in</a>",
	"{{.Link}} {name} {code} <no value> %s",
	"abc\u202Egnp.exe\u2066\u2069\u200F\u061C",
	"\xff\xfe\xc0\x80 broken",
	strings.Repeat("long ", 1000),
	strings.Repeat("é", 5000),
	" \t ",
}

// TestHostile puts them wherever somebody else may have a say (M3).
func TestHostile(t *testing.T) {
	for _, value := range hostile {
		r := renderer(t, locale.RenderConfig{Name: value, Contact: value})
		for _, p := range locale.Printers() {
			for _, kind := range messageKinds {
				for _, channel := range []passwd.Channel{passwd.EmailChannel, passwd.SMSChannel} {
					m := message(kind, channel, p.Language())
					m.Username, m.Client.UserAgent, m.Client.RequestID, m.To = value, value+" Firefox/1 "+value, value, value
					safe(t, m, render(t, r, m))
				}
			}
		}
	}
}

// safe checks what must hold of a message whatever is in its fields.
func safe(t *testing.T, m passwd.Message, mail locale.Mail) {
	t.Helper()
	if strings.ContainsFunc(mail.Subject, unicode.IsControl) || strings.ContainsAny(mail.Subject, "\u2028\u2029\u202E") ||
		!utf8.ValidString(mail.Subject) || utf8.RuneCountInString(mail.Subject) > 160 {
		t.Fatalf("subject %q", mail.Subject)
	}
	lines := strings.Split(mail.Text, "\n")
	if len(lines) > 24 || len(mail.Text) > 4000 {
		t.Fatalf("%d lines, %d bytes of text:\n%s", len(lines), len(mail.Text), mail.Text)
	}
	for _, r := range mail.Text {
		if unicode.IsControl(r) && r != '\n' || r == '\u202E' || r == '\u2028' {
			t.Fatalf("%U in %q", r, mail.Text)
		}
	}
	if !utf8.ValidString(mail.Text) || strings.Contains(mail.Text, "\nBcc") || strings.Contains(mail.Text, "Mozilla") {
		t.Fatalf("%q", mail.Text)
	}
	want := m.Link
	if m.Kind == passwd.MessageResetCode {
		want = string(m.Code)
	}
	if !strings.Contains(mail.Text, want) {
		t.Fatalf("no link or code in %q", mail.Text)
	}
	if m.Channel == passwd.SMSChannel {
		if u, _ := url.Parse(m.Link); m.Kind == passwd.MessageResetCode && lines[len(lines)-1] != "@"+u.Hostname()+" #"+want {
			t.Fatalf("%q", mail.Text)
		}
		return
	}
	if len(mail.HTML) > 10_000 || strings.Count(mail.HTML, "\n") > 50 {
		t.Fatalf("%d bytes of HTML", len(mail.HTML))
	}
	elements(t, mail.HTML, func(e xml.StartElement) {
		if e.Name.Local == "script" || e.Name.Local == "img" {
			t.Fatalf("<%s> in\n%s", e.Name.Local, mail.HTML)
		}
		for _, a := range e.Attr {
			if a.Name.Local == "href" && a.Value != m.Link && !strings.HasPrefix(a.Value, "mailto:") && !strings.HasPrefix(a.Value, "http") {
				t.Fatalf("a link to %q", a.Value)
			}
		}
	}, func(string) {})
	if !strings.Contains(html.UnescapeString(mail.HTML), want) {
		t.Fatalf("no link or code in %s", mail.HTML)
	}
}

// Of a user agent nothing is repeated but names that are known: a stranger may
// write into a message to somebody else with it.
func TestUserAgents(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":       "Edge on Windows",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36": "Samsung Internet on Android",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                      "Chrome on ChromeOS",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":               "Safari on macOS",
		"Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/143.0 Mobile/15E148 Safari/605.1.15":    "Firefox on iPad",
		"curl/8.5.0": "curl", "Linux": "Linux", "": "",
		"Your account is at risk. Call +1 555 0100 or open https://evil.example/ now": "",
	} {
		m := message(passwd.MessageResetLink, passwd.EmailChannel, "en")
		m.Client.UserAgent = agent
		mail, err := locale.Render(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, rest, found := strings.Cut(mail.Text, "Device: "); found != (want != "") || found && !strings.HasPrefix(rest, want+"\n") {
			t.Errorf("%q: not %q in\n%s", agent, want, mail.Text)
		}
		if strings.Contains(mail.Text, "evil.example") || strings.Contains(mail.HTML, "evil.example") {
			t.Errorf("%q is repeated in\n%s", agent, mail.Text)
		}
	}
}

// An address is told without what only the server's own machine knows.
func TestClientAddress(t *testing.T) {
	for addr, want := range map[netip.Addr]string{
		netip.MustParseAddr("::ffff:192.0.2.9"): "192.0.2.9",
		netip.MustParseAddr("fe80::1%eth0"):     "fe80::1",
		{}:                                      "",
	} {
		m := message(passwd.MessagePasswordChanged, passwd.EmailChannel, "en")
		m.Client.Addr = addr
		mail, err := locale.Render(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, rest, found := strings.Cut(mail.Text, "IP address: "); found != (want != "") || found && !strings.HasPrefix(rest, want+"\n") {
			t.Errorf("%s: not %q in\n%s", addr, want, mail.Text)
		}
	}
}

// Whom to contact is a link where it can be one.
func TestContact(t *testing.T) {
	for contact, want := range map[string]string{
		"help@example.com":                          "mailto:help@example.com",
		"https://example.com/help?a=1&b=2":          "https://example.com/help?a=1&b=2",
		"+43 1 234 56 78":                           "",
		"Frau Huber, help@example.com":              "",
		"a@example.com?bcc=b@example.com":           "",
		"javascript:alert(1)//https://example.com/": "",
		"data:text/html,x@example.com":              "",
	} {
		r := renderer(t, locale.RenderConfig{Contact: contact})
		mail := render(t, r, message(passwd.MessageSuspended, passwd.EmailChannel, "en"))
		links := hrefs(t, mail.HTML)
		if want == "" && len(links) != 2 || want != "" && (len(links) != 3 || links[2] != want) {
			t.Errorf("%q: links %q, want %q", contact, links, want)
		}
		if !strings.Contains(mail.Text, "Help: "+contact+"\n") || !strings.Contains(visible(t, mail.HTML), contact) {
			t.Errorf("%q is missing in\n%s\n%s", contact, mail.Text, mail.HTML)
		}
	}
}

// FuzzRender holds every message that is not refused to what safe wants.
func FuzzRender(f *testing.F) {
	for i, value := range hostile {
		f.Add(i, i, value, "ar", value, value, base+"/reset?token="+secret, int64(1_772_000_000), "00000000")
	}
	f.Add(1, 1, "", "he", "", "", "https://%E2%80%AEb%C3%BCcher.example%0a/", int64(0), "1")
	f.Add(1, 1, "ada", "de-CH,de;q=0.9", "Example", "Firefox/1 Linux", "http://[::1]/'(a)&<>", int64(-1<<62), "1")
	renderers := map[string]*locale.Renderer{}
	f.Fuzz(func(t *testing.T, kind, channel int, username, lang, name, agent, link string, at int64, digits string) {
		m := message(messageKinds[uint(kind)%uint(len(messageKinds))], []passwd.Channel{passwd.EmailChannel, passwd.SMSChannel}[uint(channel)%2], lang)
		m.Username, m.Client.UserAgent, m.Link, m.At, m.Code = username, agent, link, time.Unix(at, 0), passwd.OneTimeCode(digits)
		if len(link) > 500 || len(digits) > 16 {
			t.Skip()
		}
		r := renderers[name]
		if r == nil {
			r = renderer(t, locale.RenderConfig{Name: name, Contact: name})
			if len(renderers) < 100 {
				renderers[name] = r
			}
		}
		mail, err := r.Render(m)
		if err != nil {
			if mail != (locale.Mail{}) {
				t.Fatalf("%v with %+v", err, mail)
			}
			return
		}
		u, err := url.Parse(m.Link)
		if err != nil || strings.ContainsAny(m.Link, " \r\n<>\"") {
			t.Fatalf("the link %q was accepted", m.Link)
		}
		if strings.Contains(u.Hostname(), ":") || strings.ContainsAny(m.Link, "'()") {
			return // is written otherwise in places, to the same effect
		}
		safe(t, m, mail)
	})
}
