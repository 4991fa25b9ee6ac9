package similarity

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/passwd-go/passwd/internal/fold"
	"golang.org/x/text/unicode/norm"
)

// spellings returns a value without marks and, where it has such letters, with the
// umlauts and the Cyrillic letters written in the Latin ones of another keyboard.
func spellings(value string) []string {
	stripped, rest := fold.Strip(value, maxValueRunes)
	value = value[:len(value)-len(rest)]
	all := []string{stripped}
	if fold.ASCII(value) {
		return all
	}
	if written := umlauts(norm.NFC.String(value)); written != "" {
		written, _ = fold.Strip(written, maxValueRunes)
		all = append(all, written)
	}
	if latin := transliterated(stripped); latin != "" {
		all = append(all, latin)
	}
	return all
}

// umlauts returns a value with two letters for those that people without them on
// the keyboard write so, "" if there are none. Fold makes one of them.
func umlauts(value string) string {
	var b strings.Builder
	changed := false
	for _, r := range value {
		two := ""
		switch unicode.ToLower(r) {
		case 'ä':
			two = "ae"
		case 'ö', 'ø':
			two = "oe"
		case 'ü':
			two = "ue"
		case 'å':
			two = "aa"
		}
		if two == "" {
			b.WriteRune(r)
			continue
		}
		changed = true
		if unicode.IsUpper(r) {
			two = strings.ToUpper(two[:1]) + two[1:]
		}
		b.WriteString(two)
	}
	if !changed {
		return ""
	}
	return b.String()
}

// withoutVowels returns "jhnsmth" for "johnsmith".
func withoutVowels(lower string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case 'a', 'e', 'i', 'o', 'u':
			return -1
		}
		return r
	}, lower)
}

// transliterated returns Cyrillic letters without marks as Latin ones, "" if there
// are none.
func transliterated(stripped string) string {
	var b strings.Builder
	changed := false
	for _, r := range stripped {
		written := ""
		const first = 'а'
		switch low := unicode.ToLower(r); {
		case low >= first && int(low-first) < len(latin):
			written = latin[low-first]
		case low == 'і':
			written = "i"
		case low == 'є':
			written = "ye"
		case low == 'ґ':
			written = "g"
		default:
			b.WriteRune(r)
			continue
		}
		changed = true
		if unicode.IsUpper(r) && written != "" {
			written = strings.ToUpper(written[:1]) + written[1:]
		}
		b.WriteString(written)
	}
	if !changed {
		return ""
	}
	return b.String()
}

// latin is for the letters from а to я.
var latin = [...]string{"a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "kh", "ts",
	"ch", "sh", "shch", "", "y", "", "e", "yu", "ya"}

// The keys of the Latin and the Russian layout, in the same places.
const latinKeys = "`qwertyuiop[]asdfghjkl;'zxcvbnm,."

var russianKeys = [...]rune{'ё', 'й', 'ц', 'у', 'к', 'е', 'н', 'г', 'ш', 'щ', 'з', 'х', 'ъ', 'ф', 'ы', 'в', 'а', 'п', 'р', 'о', 'л', 'д', 'ж', 'э',
	'я', 'ч', 'с', 'м', 'и', 'т', 'ь', 'б', 'ю'}

// otherLayout returns the folded password as the same keys give it on the other
// layout, nil if nobody would type it so or text cannot be aligned with it.
func otherLayout(password string, text []rune, cyrillic bool) []rune {
	if cyrillic && !wide(text) {
		typed := make([]rune, len(text))
		for i, r := range text {
			if k := strings.IndexRune(latinKeys, r); k >= 0 {
				r = fold.Plain(russianKeys[k])
				if r == 'й' {
					r = 'и'
				}
			}
			typed[i] = r
		}
		return typed
	}
	var typed []rune
	any := false
	for _, r := range password {
		r = unicode.ToLower(r)
		if k := slices.Index(russianKeys[:], r); k >= 0 {
			r = rune(latinKeys[k])
			any = true
		}
		if r >= utf8.RuneSelf || len(typed) == maxRunes {
			break
		}
		typed = append(typed, r)
	}
	if !any || len(typed) != len(text) {
		return nil
	}
	return typed
}
