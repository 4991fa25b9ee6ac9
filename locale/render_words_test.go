package locale_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
)

// openWords reads the words of messages into "section key part" and text.
func openWords(t *testing.T, lang string) map[string]string {
	t.Helper()
	data, err := os.ReadFile("catalogues/messages/" + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatalf("%s: %v", lang, err)
	}
	all := map[string]string{}
	var walk func(name string, node any)
	walk = func(name string, node any) {
		switch node := node.(type) {
		case string:
			all[strings.TrimSpace(name)] = node
		case []any:
			for i, n := range node {
				walk(fmt.Sprintf("%s %d", name, i+1), n)
			}
		case map[string]any:
			for key, n := range node {
				walk(name+" "+key, n)
			}
		}
	}
	walk("", tree)
	if lines := strings.Count(string(data), "\": \""); lines != len(all)-12 { // months are an array
		t.Errorf("%s: %d texts of %d: a key occurs twice", lang, len(all)-12, lines)
	}
	delete(all, "first")                                                                          // few languages have it
	maps.DeleteFunc(all, func(key, _ string) bool { return strings.HasPrefix(key, "durations") }) // have the forms of the language
	return all
}

// TestMessageCatalogues holds the words of messages in every language against the
// English ones: the same keys and parameters, nothing left in English or in another
// script, whole sentences.
func TestMessageCatalogues(t *testing.T) {
	english := openWords(t, "en")
	if want := 1 + 12 + 6 + len(messageKinds)*6 - 1 + 1; len(english) != want {
		t.Fatalf("%d texts in English, want %d", len(english), want)
	}
	scripts := map[string]*unicode.RangeTable{"ar": unicode.Arabic, "he": unicode.Hebrew}
	same := map[string]bool{ // are words of both languages
		"nl Account:": true, "it Account:": true,
	}
	for _, p := range locale.Printers() {
		lang := p.Language()
		own := openWords(t, lang)
		if got, want := slices.Sorted(maps.Keys(own)), slices.Sorted(maps.Keys(english)); !slices.Equal(got, want) {
			t.Fatalf("%s: keys %q, want %q", lang, got, want)
		}
		for key, text := range own {
			name := lang + " " + key
			if got, want := placeholders(text), placeholders(english[key]); !slices.Equal(got, want) {
				t.Errorf("%s: parameters %q, want %q", name, got, want)
			}
			month := strings.HasPrefix(key, "months")
			if lang != "en" && text == english[key] && key != "date" && !month && !same[lang+" "+text] {
				t.Errorf("%s: %q is English", name, text)
			}
			sms := strings.HasSuffix(key, " sms")
			quotes := "'\""
			if sms {
				quotes = "’‘“”\"\u00A0"
			}
			bare := braces.ReplaceAllString(text, "")
			if text == "" || strings.TrimSpace(text) != text || strings.Contains(text, "  ") || strings.ContainsAny(bare, quotes+"<>&\n\t{}") {
				t.Errorf("%s: %q is empty, or has quotes, markup or stray spaces", name, text)
			}
			end := text[len(text)-1:]
			if strings.HasSuffix(text, "。") {
				end = "."
			}
			want := map[string]string{"lead": ".", "advice": ".", "safety": ".", "sms": ".:"}[key[strings.LastIndexByte(key, ' ')+1:]]
			switch {
			case strings.HasPrefix(key, "labels"):
				want = ":"
			case want == "" && strings.ContainsAny(end, ".:"), want != "" && !strings.Contains(want, end):
				t.Errorf("%s: %q ends in %q", name, text, end)
			}
			for _, r := range bare {
				switch {
				case scripts[lang] != nil && unicode.IsLetter(r) && !unicode.Is(scripts[lang], r),
					unicode.Is(unicode.Bidi_Control, r) || r == '\u00AD' || r == '\uFEFF' || r == '\uFFFD',
					lang != "ar" && unicode.Is(unicode.Arabic, r), lang != "he" && unicode.Is(unicode.Hebrew, r),
					lang != "ja" && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana), unicode.Is(unicode.Cyrillic, r):
					t.Errorf("%s: %q has %q", name, text, r)
				}
			}
			if lang == "ja" && key != "months" && !month && key != "labels address" && !strings.ContainsFunc(bare, func(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) }) {
				t.Errorf("%s: %q is not Japanese", name, text)
			}
			if lang == "fr" && !sms && regexp.MustCompile(`[^\x{00A0}\x{202F}][:;?!]`).MatchString(text) {
				t.Errorf("%s: %q wants a no-break space before its punctuation", name, text)
			}
		}
		months := map[string]bool{}
		for i := range 12 {
			months[own[fmt.Sprintf("months %d", i+1)]] = true
		}
		if len(months) != 12 {
			t.Errorf("%s: %d different months", lang, len(months))
		}
	}
}

// gsm are the characters of an SMS of 160 (3GPP TS 23.038 §6.2.1); those of the
// extension count as two, and none is in use here.
const gsm = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

// segments counts what an SMS is sent as, and tells in which alphabet.
func segments(text string) (n int, alphabet string) {
	if size := len([]rune(text)); strings.Trim(text, gsm) == "" {
		if size <= 160 {
			return 1, "GSM-7"
		}
		return (size + 152) / 153, "GSM-7"
	}
	size := len(utf16.Encode([]rune(text)))
	if size <= 70 {
		return 1, "UCS-2"
	}
	return (size + 66) / 67, "UCS-2"
}

// What each message costs as an SMS, with a name and a contact: one segment for what
// is asked for in an alphabet of 160 characters, and a notice with a link of 97 and
// whom to contact two. In an alphabet of 70 the link alone takes two.
func TestSMSSegments(t *testing.T) {
	latin := map[passwd.MessageKind]int{
		passwd.MessageResetLink: 1, passwd.MessageResetCode: 1, passwd.MessageSharedAddress: 1, passwd.MessageInvitation: 1,
		passwd.MessagePasswordChanged: 2, passwd.MessagePasswordReset: 2, passwd.MessageTemporaryPassword: 2,
		passwd.MessageSuspended: 2, passwd.MessageSignInStopped: 2,
	}
	wide := map[passwd.MessageKind]int{
		passwd.MessageResetLink: 2, passwd.MessageResetCode: 1, passwd.MessageSharedAddress: 2, passwd.MessageInvitation: 2,
		passwd.MessagePasswordChanged: 3, passwd.MessagePasswordReset: 3, passwd.MessageTemporaryPassword: 3,
		passwd.MessageSuspended: 2, passwd.MessageSignInStopped: 3,
	}
	r := renderer(t, locale.RenderConfig{Name: "Example", Contact: "help@example.com"})
	for lang, want := range map[string]struct {
		alphabet string
		segments map[passwd.MessageKind]int
	}{
		"en": {"GSM-7", latin}, "nl": {"GSM-7", latin}, "fr": {"GSM-7", latin}, "de": {"GSM-7", latin}, "es": {"GSM-7", latin},
		"pt": {"GSM-7", latin}, "it": {"GSM-7", latin}, "ar": {"UCS-2", wide}, "he": {"UCS-2", wide}, "ja": {"UCS-2", wide},
	} {
		for _, kind := range messageKinds {
			m := message(kind, passwd.SMSChannel, lang)
			m.Link = strings.TrimSuffix(strings.Replace(m.Link, ":8443", "", 1), "&user=user-key")
			text := render(t, r, m).Text
			if n, alphabet := segments(text); n != want.segments[kind] || alphabet != want.alphabet {
				t.Errorf("%s %s: %d segments of %s, want %d of %s; %d characters\n%s", lang, kind, n, alphabet, want.segments[kind], want.alphabet, len(utf16.Encode([]rune(text))), text)
			}
		}
	}
}

// A host's name, or template, with the marks of typesetting costs nothing more.
func TestSMSWithoutTypesetting(t *testing.T) {
	r := renderer(t, locale.RenderConfig{Name: "Ada’s “Shop” – more…", Contact: "01\u00a023\u202f45"})
	text := render(t, r, message(passwd.MessagePasswordChanged, passwd.SMSChannel, "fr")).Text
	if _, alphabet := segments(text); alphabet != "GSM-7" || !strings.Contains(text, `Ada's "Shop" - more...`) || !strings.Contains(text, "01 23 45") {
		t.Errorf("%s: %s", alphabet, text)
	}
	r = renderer(t, locale.RenderConfig{Name: "Łódź’s"})
	if text := render(t, r, message(passwd.MessagePasswordChanged, passwd.SMSChannel, "fr")).Text; !strings.Contains(text, "Łódź’s") {
		t.Errorf("where nothing is gained, something is changed: %s", text)
	}
}

// TestSMS holds short messages to what they must have, and that with a code to its
// last line (WICG origin-bound one-time codes).
func TestSMS(t *testing.T) {
	r := renderer(t, locale.RenderConfig{Name: "Example"})
	for _, p := range locale.Printers() {
		lang := p.Language()
		for _, kind := range messageKinds {
			m := message(kind, passwd.SMSChannel, lang)
			text := render(t, r, m).Text
			lines := strings.Split(text, "\n")
			last := lines[len(lines)-1]
			if kind == passwd.MessageResetCode {
				if len(lines) != 2 || last != "@app.example.com #"+code || strings.Count(text, code) != 2 || strings.Count(text, "@") != 1 {
					t.Errorf("%s: %q", lang, text)
				}
				continue
			}
			if last != m.Link || strings.Count(text, "https:") != 1 || len(lines) != 2 {
				t.Errorf("%s %s: %q", lang, kind, text)
			}
			if at := "2026-03-01 22:45 UTC"; (strings.Count(text, at) == 1) != (kind != passwd.MessageResetLink && kind != passwd.MessageSharedAddress && kind != passwd.MessageInvitation) {
				t.Errorf("%s %s: %q", lang, kind, text)
			}
		}
	}
}

// The last line of an SMS has the host alone, however the link is written.
func TestSMSHost(t *testing.T) {
	for link, want := range map[string]string{
		"https://Example.com/forgot":                 "@Example.com #" + code,
		"http://127.0.0.1:8080/forgot":               "@127.0.0.1 #" + code,
		"http://[::1]:8080/forgot":                   "@[::1] #" + code,
		"https://b%C3%BCcher.example/forgot":         "@bücher.example #" + code,
		"https://login.xn--bcher-kva.example/forgot": "@login.xn--bcher-kva.example #" + code,
	} {
		m := message(passwd.MessageResetCode, passwd.SMSChannel, "ar")
		m.Link = link
		mail, err := locale.Render(m)
		if err != nil || !strings.HasSuffix(mail.Text, "\n"+want) {
			t.Errorf("%s: %v, %q", link, err, mail.Text)
		}
	}
}

// Whom to contact stands in notices by SMS as well (M1), not where a code must be
// the last.
func TestSMSContact(t *testing.T) {
	r := renderer(t, example)
	for _, p := range locale.Printers() {
		for _, kind := range messageKinds {
			text := render(t, r, message(kind, passwd.SMSChannel, p.Language())).Text
			want := kind != passwd.MessageResetLink && kind != passwd.MessageResetCode && kind != passwd.MessageSharedAddress && kind != passwd.MessageInvitation
			if strings.Contains(text, "help@example.com") != want {
				t.Errorf("%s %s: %q", p.Language(), kind, text)
			}
		}
	}
}

func TestDate(t *testing.T) {
	for lang, want := range map[string]string{
		"en": "1 March 2026, 22:45 UTC", "nl": "1 maart 2026, 22:45 uur (UTC)", "fr": "1er mars 2026 à 22:45 (UTC)",
		"de": "1. März 2026, 22:45 Uhr (UTC)", "es": "1 de marzo de 2026, 22:45 (UTC)", "pt": "1º de março de 2026, 22:45 (UTC)",
		"it": "1º marzo 2026, 22:45 (UTC)", "ar": "1 مارس 2026، 22:45 (UTC)", "he": "1 במרץ 2026, 22:45 (UTC)", "ja": "2026年3月1日 22:45 (UTC)",
	} {
		mail, err := locale.Render(message(passwd.MessageSuspended, passwd.EmailChannel, lang))
		if err != nil || !strings.Contains(mail.Text, want) {
			t.Errorf("%s: %v: no %q in\n%s", lang, err, want, mail.Text)
		}
	}
}
