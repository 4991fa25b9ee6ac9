package locale_test

import (
	"testing"

	"github.com/passwd-go/passwd/locale"
)

// TestPlural has the whole numbers that CLDR 48 gives as samples of its rules,
// and those around them.
func TestPlural(t *testing.T) {
	english := map[string][]int{"one": {1}, "other": {0, 2, 3, 16, 100, 101, 1000, 10000, 100000, 1000000}}
	spanish := map[string][]int{"one": {1}, "many": {1000000, 2000000, 15000000}, "other": {0, 2, 16, 100, 1000, 10000, 100000, 1000001, 1500000}}
	french := map[string][]int{"one": {0, 1}, "many": {1000000, 2000000}, "other": {2, 17, 100, 101, 1000, 10000, 100000, 1000001}}
	for lang, samples := range map[string]map[string][]int{
		"en": english, "nl": english, "de": english,
		"es": spanish, "it": spanish, "fr": french, "pt": french,
		"ar": {
			"zero": {0}, "one": {1}, "two": {2},
			"few":   {3, 4, 5, 6, 7, 8, 9, 10, 103, 104, 110, 1003, 1010, 4103},
			"many":  {11, 12, 15, 26, 64, 99, 111, 128, 199, 256, 1011, 4096},
			"other": {100, 101, 102, 200, 201, 202, 300, 302, 400, 502, 600, 1000, 1001, 10000, 100000, 1000000},
		},
		"he": {"one": {1}, "two": {2}, "other": {0, 3, 10, 17, 20, 100, 102, 1000, 10000, 100000, 1000000}},
		"ja": {"other": {0, 1, 2, 15, 100, 1000, 10000, 100000, 1000000}},
	} {
		for form, numbers := range samples {
			for _, n := range numbers {
				if got := locale.Plural(lang, n); got != form {
					t.Errorf("%s %d: %s, want %s", lang, n, got, form)
				}
			}
		}
	}
}
