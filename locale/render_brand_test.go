package locale_test

import (
	"encoding/xml"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
)

func TestAccentAndLogo(t *testing.T) {
	m := message(passwd.MessageResetLink, passwd.EmailChannel, "en")
	for accent, want := range map[string]string{
		"":        "background:#1a4fb4;color:#ffffff", // that of the pages
		"#1A4FB4": "background:#1A4FB4;color:#ffffff",
		"#ffcc00": "background:#ffcc00;color:#000000",
		"#000000": "background:#000000;color:#ffffff",
		"#ffffff": "background:#ffffff;color:#000000",
		"#767676": "background:#767676;color:#000000",
	} {
		mail := render(t, renderer(t, locale.RenderConfig{Name: "Example", Accent: accent}), m)
		if !strings.Contains(mail.HTML, want) || strings.Contains(mail.HTML, "<img") {
			t.Errorf("%q: no %s in\n%s", accent, want, mail.HTML)
		}
	}
	const url = "https://cdn.example.com/logo.png?v=1&w=2"
	mail := render(t, renderer(t, locale.RenderConfig{Name: `"Ada" & Co`, Logo: url}), m)
	images := 0
	elements(t, strings.Replace(mail.HTML, `border:0">`, `border:0"/>`, 1), func(e xml.StartElement) {
		if e.Name.Local != "img" {
			return
		}
		images++
		got := map[string]string{}
		for _, a := range e.Attr {
			got[a.Name.Local] = a.Value
		}
		if got["src"] != url || got["alt"] != `"Ada" & Co` {
			t.Errorf("%v", got)
		}
	}, func(string) {})
	if images != 1 {
		t.Errorf("%d images in\n%s", images, mail.HTML)
	}
	for _, c := range []locale.RenderConfig{
		{Accent: "blue"}, {Accent: "1a4fb4"}, {Accent: "#fff"}, {Accent: "#12345g"}, {Accent: "#000000;position:fixed"},
		{Logo: "http://example.com/logo.png"}, {Logo: "/logo.png"}, {Logo: "data:image/png;base64,AA"}, {Logo: "https://u:p@example.com/x"}, {Logo: `https://example.com/"x`},
	} {
		field := "Logo"
		if c.Accent != "" {
			field = "Accent"
		}
		if _, err := locale.NewRenderer(c); err == nil || !strings.Contains(err.Error(), "RenderConfig."+field) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// What a mailbox shows beside the subject begins with what counts.
func TestPreview(t *testing.T) {
	for _, p := range locale.Printers() {
		for _, kind := range messageKinds {
			mail := render(t, renderer(t, example), message(kind, passwd.EmailChannel, p.Language()))
			shown := preview(mail.HTML)
			lead, _, _ := strings.Cut(mail.Text, "\n")
			if kind == passwd.MessageResetCode {
				if !strings.HasPrefix(shown, code+" – ") || lead != code {
					t.Errorf("%s: the mail begins with %q, and shows %q", p.Language(), lead, shown)
				}
				continue
			}
			if shown != lead {
				t.Errorf("%s %s: the mail begins with %q, and shows %q", p.Language(), kind, lead, shown)
			}
		}
	}
}

func TestDurations(t *testing.T) {
	for d, want := range map[time.Duration]map[string]string{
		time.Second:         {"en": "1 minute", "ja": "1分", "ar": "دقيقة واحدة"},
		2 * time.Minute:     {"en": "2 minutes", "ar": "دقيقتين", "he": "שתי דקות"},
		10 * time.Minute:    {"en": "10 minutes", "nl": "10 minuten", "fr": "10 minutes", "de": "10 Minuten", "es": "10 minutos", "pt": "10 minutos", "it": "10 minuti", "ar": "10 دقائق", "he": "10 דקות", "ja": "10分"},
		11 * time.Minute:    {"ar": "11 دقيقة"},
		time.Hour:           {"en": "1 hour", "nl": "1 uur", "fr": "1 heure", "de": "1 Stunde", "es": "1 hora", "pt": "1 hora", "it": "1 ora", "ar": "ساعة واحدة", "he": "שעה אחת", "ja": "1時間"},
		90 * time.Minute:    {"en": "90 minutes"},
		2 * time.Hour:       {"he": "שעתיים", "ar": "ساعتين"},
		125 * time.Minute:   {"en": "2 hours"}, // never longer than it is
		24 * time.Hour:      {"en": "24 hours", "de": "24 Stunden", "ar": "24 ساعة"},
		36 * time.Hour:      {"en": "36 hours"},
		72 * time.Hour:      {"en": "3 days", "de": "3 Tage", "ar": "3 أيام", "ja": "3日"},
		30 * 24 * time.Hour: {"en": "30 days"},
		-time.Hour:          {"en": "1 minute"},
	} {
		for lang, want := range want {
			m := message(passwd.MessageTemporaryPassword, passwd.EmailChannel, lang)
			m.ExpiresAt = m.At.Add(d)
			mail := render(t, renderer(t, example), m)
			label := map[string]string{"en": "Valid for:", "de": "Gültigkeit:"}[lang]
			if !strings.Contains(mail.Text, label) || !strings.Contains(strings.NewReplacer("\u2068", "", "\u2069", "").Replace(mail.Text), " "+want+"\n") {
				t.Errorf("%s %s: not %q in\n%s", lang, d, want, mail.Text)
			}
		}
	}
	for lang, want := range map[string]string{"en": "It is valid for 10 minutes.", "de": "Er ist 10 Minuten gültig.", "ja": "有効期間は10分です。"} {
		mail := render(t, renderer(t, example), message(passwd.MessageResetCode, passwd.EmailChannel, lang))
		if !strings.Contains(mail.Text, want) || strings.Contains(mail.Text, "00:55") {
			t.Errorf("%s: no %q in\n%s", lang, want, mail.Text)
		}
	}
}

// Every language has the forms that its numbers take.
func TestDurationForms(t *testing.T) {
	for _, p := range locale.Printers() {
		for unit, forms := range locale.DurationForms(p.Language()) {
			if forms != categories[p.Language()] {
				t.Errorf("%s %s: forms %s, want %s", p.Language(), unit, forms, categories[p.Language()])
			}
		}
	}
}

// Mails and pages have one blue.
func TestAccentOfThePages(t *testing.T) {
	style, err := os.ReadFile("../passwdhttp/assets/style.css")
	if err != nil {
		t.Fatal(err)
	}
	mail := render(t, renderer(t, locale.RenderConfig{}), message(passwd.MessageResetLink, passwd.EmailChannel, "en"))
	found := regexp.MustCompile(`--passwd-accent: (#[0-9a-f]{6})`).FindSubmatch(style)
	if found == nil || !strings.Contains(mail.HTML, "background:"+string(found[1])+";") {
		t.Errorf("the accent of the pages is %q, and not that of\n%s", found, mail.HTML)
	}
}
