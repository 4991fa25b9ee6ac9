package normal_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/passwd-go/passwd/internal/normal"
)

func TestPassword(t *testing.T) { // P2, P6
	tests := []struct {
		name, typed, want string
		ok                bool
	}{
		{"plain", "correct horse", "correct horse", true},
		{"spaces stay", " a b ", " a b ", true},
		{"composed", "e\u0301", "\u00e9", true},
		{"empty", "", "", false},
		{"not UTF-8", "a\xff", "", false},
		{"NUL", "a\x00b", "", false},
		{"replacement character", "a\ufffd", "", false},
		{"longest", strings.Repeat("a", 4096), strings.Repeat("a", 4096), true},
		{"longer", strings.Repeat("a", 4097), "", false},
		{"longer in NFC", strings.Repeat("\U0001D15E", 1024), "", false},
	}
	for _, tt := range tests {
		if got, ok := normal.Password(tt.typed); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %q, %t", tt.name, got, ok)
		}
		if long := strings.HasPrefix(tt.name, "longer"); normal.TooLong(tt.typed) != long {
			t.Errorf("%s: TooLong = %t", tt.name, !long)
		}
	}
}

// No character but those of ASCII becomes ASCII, alone or beside others, and what
// nobody sees around an identifier is not part of it.
func TestFold(t *testing.T) {
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		for _, s := range []string{string(r), "a" + string(r) + "b"} {
			folded := normal.Fold(s)
			for _, f := range strings.TrimSuffix(strings.TrimPrefix(folded, "a"), "b") {
				if f < 0x80 {
					t.Fatalf("Fold(%+q) = %+q", s, folded)
				}
			}
		}
	}
	for in, want := range map[string]string{
		"\u200bada\u2069":         "ada",
		"\ufeff ada\u200e \u00a0": "ada",
		"a\u200bda":               "a\u200bda",
		"\u212aim":                "\u212aim",
		"e\u0301\u212ae\u0301":    "\u00e9\u212a\u00e9",
		" ADA@Example.COM\t":      "ada@example.com",
		"e\u0301":                 "\u00e9",
		"m\u0131ke":               "m\u0131ke",
		"\u00c4":                  "\u00c4",
	} {
		if got := normal.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}
