package locale_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/passwd-go/passwd/locale"
)

// raw is a catalogue as it is written: sections of texts, or of forms of texts.
type raw = map[string]map[string]map[string]string

// open reads a catalogue file into sections, keys and forms; a plain text is the
// form "". It refuses a key that occurs twice, which encoding/json would not see.
func open(t *testing.T, lang string) raw {
	t.Helper()
	data, err := os.ReadFile("catalogues/" + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	var object func() map[string]any
	object = func() map[string]any {
		o := map[string]any{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				t.Fatal(err)
			}
			value, err := d.Token()
			if err != nil {
				t.Fatal(err)
			}
			if value == json.Delim('{') {
				value = object()
			}
			if _, twice := o[key.(string)]; twice {
				t.Fatalf("%s: %q occurs twice in one object", lang, key)
			}
			o[key.(string)] = value
		}
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
		return o
	}
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	all := raw{}
	for section, content := range object() {
		all[section] = map[string]map[string]string{}
		keys, ok := content.(map[string]any)
		if !ok {
			keys = map[string]any{"": content}
		}
		for key, texts := range keys {
			all[section][key] = map[string]string{}
			forms, ok := texts.(map[string]any)
			if !ok {
				forms = map[string]any{"": texts}
			}
			for form, text := range forms {
				all[section][key][form] = text.(string)
			}
		}
	}
	return all
}

// categories are those that CLDR 48 has for whole numbers.
var categories = map[string]string{
	"en": "one other", "nl": "one other", "de": "one other",
	"fr": "many one other", "es": "many one other", "pt": "many one other", "it": "many one other",
	"ar": "few many one other two zero", "he": "one other two", "ja": "other",
}

func sorted(m map[string]map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

var braces = regexp.MustCompile(`\{([a-z_]+)\}`)

func placeholders(text string) []string {
	var names []string
	for _, m := range braces.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return names
}

// TestCatalogues holds every catalogue against the English one: the same keys,
// every plural form of the language and no other, the same parameters.
func TestCatalogues(t *testing.T) {
	english := open(t, "en")
	counts := []string{"min", "max", "depth", "hours_left"}
	for _, p := range locale.Printers() {
		lang := p.Language()
		own := open(t, lang)
		if got, want := slices.Sorted(maps.Keys(own)), slices.Sorted(maps.Keys(english)); !slices.Equal(got, want) {
			t.Fatalf("%s: sections %q, want %q", lang, got, want)
		}
		for section := range english {
			if got, want := sorted(own[section]), sorted(english[section]); !slices.Equal(got, want) {
				t.Fatalf("%s %s: keys %q, want %q", lang, section, got, want)
			}
			for key, forms := range own[section] {
				name := lang + " " + section + " " + key
				reference := english[section][key]
				if _, inflected := reference["other"]; !inflected {
					if got, want := slices.Sorted(maps.Keys(forms)), slices.Sorted(maps.Keys(reference)); !slices.Equal(got, want) {
						t.Errorf("%s: %q, want %q", name, got, want)
					}
					for form, text := range forms {
						if got, want := placeholders(text), placeholders(reference[form]); !slices.Equal(got, want) {
							t.Errorf("%s: parameters %q, want %q", name, got, want)
						}
					}
					continue
				}
				got := slices.DeleteFunc(slices.Sorted(maps.Keys(forms)), func(f string) bool { return f == "=1" })
				if strings.Join(got, " ") != categories[lang] {
					t.Errorf("%s: forms %q, want %s", name, got, categories[lang])
				}
				for form, text := range forms {
					want := placeholders(reference["other"])
					if spelled := form == "zero" || form == "one" || form == "two" || form == "=1"; spelled && len(placeholders(text)) < len(want) {
						want = slices.DeleteFunc(want, func(p string) bool { return slices.Contains(counts, p) })
					}
					if got := placeholders(text); !slices.Equal(got, want) {
						t.Errorf("%s %s: parameters %q, want %q", name, form, got, want)
					}
				}
			}
		}
		if err := locale.Read(lang); err != nil {
			t.Errorf("%s: %v", lang, err)
		}
	}
}

// TestTranslated finds English in other catalogues, and slips in writing.
func TestTranslated(t *testing.T) {
	english := map[string]bool{}
	for _, keys := range open(t, "en") {
		for _, forms := range keys {
			for _, text := range forms {
				english[text] = true
			}
		}
	}
	scripts := map[string]*unicode.RangeTable{"ar": unicode.Arabic, "he": unicode.Hebrew}
	same := map[string]bool{"nl Conflict": true, "it Password": true} // are words of both languages
	for _, p := range locale.Printers() {
		lang := p.Language()
		for section, keys := range open(t, lang) {
			for key, forms := range keys {
				for form, text := range forms {
					name := strings.Join([]string{lang, section, key, form}, " ")
					if section == "list" {
						continue
					}
					if lang != "en" && english[text] && !same[lang+" "+text] {
						t.Errorf("%s: %q is English", name, text)
					}
					if text == "" || strings.TrimSpace(text) != text || strings.Contains(text, "  ") || strings.ContainsAny(text, "'\"<>&\n\t") {
						t.Errorf("%s: %q is empty, or has quotes, markup or stray spaces", name, text)
					}
					bare := braces.ReplaceAllString(text, "")
					if strings.ContainsAny(bare, "{}") {
						t.Errorf("%s: %q has stray braces", name, text)
					}
					sentence := slices.Contains([]string{"violations", "requirements", "fields", "notes", "advice", "texts", "reset_requested"}, section) || form == "detail"
					if end := strings.HasSuffix(text, ".") || strings.HasSuffix(text, "。") || strings.HasSuffix(text, "{characters}") || strings.HasSuffix(text, "{allowed}"); end != sentence {
						t.Errorf("%s: %q ends with a stop: %v", name, text, end)
					}
					for _, r := range bare {
						switch {
						case scripts[lang] != nil && unicode.IsLetter(r) && !unicode.Is(scripts[lang], r),
							unicode.Is(unicode.Bidi_Control, r), r == '\u00AD' || r == '\uFEFF' || r == '\uFFFD':
							t.Errorf("%s: %q has %q", name, text, r)
						case lang != "ar" && unicode.Is(unicode.Arabic, r), lang != "he" && unicode.Is(unicode.Hebrew, r),
							lang != "ja" && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana), unicode.Is(unicode.Cyrillic, r):
							t.Errorf("%s: %q has %q", name, text, r)
						}
					}
					if lang == "ja" && !strings.ContainsFunc(bare, func(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) }) {
						t.Errorf("%s: %q is not Japanese", name, text)
					}
					if lang == "fr" && regexp.MustCompile(`[^\x{00A0}\x{202F}][:;?!]`).MatchString(text) {
						t.Errorf("%s: %q wants a no-break space before its punctuation", name, text)
					}
				}
			}
		}
	}
}
