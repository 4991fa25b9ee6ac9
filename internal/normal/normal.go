// Package normal has the forms in which passwords and identifiers are compared.
package normal

import (
	"strings"
	"unicode"
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

// Fold returns the form in which identifiers are compared: white space and invisible
// characters around it trimmed, NFC, ASCII letters in lower case. All else is exact,
// and no other character becomes ASCII: the few that NFC would turn into it, such as
// the KELVIN SIGN, stay as they are.
func Fold(identifier string) string {
	identifier = strings.TrimFunc(identifier, invisible)
	var folded strings.Builder
	for {
		i := strings.IndexFunc(identifier, becomesASCII)
		if i < 0 {
			break
		}
		_, size := utf8.DecodeRuneInString(identifier[i:])
		folded.WriteString(norm.NFC.String(identifier[:i]))
		folded.WriteString(identifier[i : i+size])
		identifier = identifier[i+size:]
	}
	folded.WriteString(norm.NFC.String(identifier))
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, folded.String())
}

// invisible reports what people paste around an identifier without seeing it: white
// space, and format characters such as U+200B, U+2069 and the byte order mark.
func invisible(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// becomesASCII reports the characters whose NFC is ASCII; a test looks at all of
// Unicode.
func becomesASCII(r rune) bool { return r == 0x037E || r == 0x1FEF || r == 0x212A }
