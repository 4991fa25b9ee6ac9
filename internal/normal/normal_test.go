package normal_test

import (
	"strings"
	"testing"

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

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		" ADA@Example.COM\t": "ada@example.com",
		"e\u0301":            "\u00e9",
		"m\u0131ke":          "m\u0131ke",
		"\u00c4":             "\u00c4",
	} {
		if got := normal.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}
