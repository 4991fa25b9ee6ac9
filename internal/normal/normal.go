// Package normal has the forms in which passwords and identifiers are compared.
package normal

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxPassword bounds the bytes of a password before any work is done on it.
const MaxPassword = 4096

// Password returns the form of a password that is hashed, NFC (P6), and false for
// one that cannot be anybody's: empty, over MaxPassword, not UTF-8, or with NUL or
// U+FFFD in it. Nothing is ever trimmed, folded or cut.
func Password(typed string) (string, bool) {
	if len(typed) > MaxPassword || !utf8.ValidString(typed) {
		return "", false
	}
	for _, r := range typed {
		if r == 0 || r == utf8.RuneError {
			return "", false
		}
	}
	password := norm.NFC.String(typed)
	if password == "" || len(password) > MaxPassword {
		return "", false
	}
	return password, true
}

// TooLong reports that a password is over MaxPassword, as typed or in NFC.
func TooLong(typed string) bool {
	return len(typed) > MaxPassword || len(norm.NFC.String(typed)) > MaxPassword
}

// Fold returns the form in which identifiers are compared: outer white space
// trimmed, NFC, ASCII letters in lower case. All else is exact.
func Fold(identifier string) string {
	folded := norm.NFC.String(strings.TrimSpace(identifier))
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, folded)
}
