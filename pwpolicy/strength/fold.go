package strength

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxBytes  = 4096 // of a password that are looked at, before folding
	maxRunes  = 64   // of a folded password that are estimated
	unmatched = 0xFF // stands for a rune of a user input that the password does not have
)

// folder turns text into one byte for each character, so that the matchers and
// zxcvbn-go, which count bytes, count characters. ASCII stands for itself. Other
// characters get a byte of 0x80 to 0xBF each, in the order of their appearance:
// enough for all in a password, never valid UTF-8, and symbols to zxcvbn-go.
type folder struct {
	codes map[rune]byte
	fixed bool // no new codes: what has none becomes unmatched
}

// fold brings s into NFKC without marks and invisible characters, Latin letters
// without their diacritics, and stops after maxRunes characters.
func (f *folder) fold(s string, limit int) string {
	s = s[:min(len(s), limit)]
	out := make([]byte, 0, maxRunes)
	var segments norm.Iter
	for segments.InitString(norm.NFKC, s); !segments.Done() && len(out) < maxRunes; {
		for segment := segments.Next(); len(segment) > 0; {
			r, size := utf8.DecodeRune(segment)
			segment = segment[size:]
			if r >= utf8.RuneSelf && unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
				continue
			}
			out = f.append(out, r)
		}
	}
	return string(out[:min(len(out), maxRunes)])
}

func (f *folder) append(out []byte, r rune) []byte {
	if r >= ' ' && r < 0x7F {
		return append(out, byte(r))
	}
	if latin, ok := latinLetters[r]; ok {
		return append(out, latin...)
	}
	if digit, ok := digitOf(r); ok {
		return append(out, digit)
	}
	if key := keyOf(r); key != 0 {
		return append(out, key)
	}
	if base := norm.NFD.PropertiesString(string(r)).Decomposition(); len(base) > 0 && base[0] < utf8.RuneSelf {
		return append(out, base[0]) // é → e
	}
	code, ok := f.codes[r]
	switch {
	case ok:
	case f.fixed || len(f.codes) == maxRunes:
		code = unmatched
	default:
		if f.codes == nil {
			f.codes = make(map[rune]byte)
		}
		code = 0x80 + byte(len(f.codes))
		f.codes[r] = code
	}
	return append(out, code)
}

// latinLetters are those that Unicode does not decompose, as people write them
// without their keyboard.
var latinLetters = map[rune]string{
	'ß': "ss", 'ẞ': "SS", 'æ': "ae", 'Æ': "AE", 'œ': "oe", 'Œ': "OE", 'ø': "o", 'Ø': "O", 'đ': "d", 'Đ': "D",
	'ð': "d", 'Ð': "D", 'þ': "th", 'Þ': "TH", 'ł': "l", 'Ł': "L", 'ħ': "h", 'Ħ': "H", 'ı': "i",
}

// Cyrillic letters become the keys they share with Latin ones on Russian
// keyboards, so that a row of keys is one in either script, and so is a word typed
// in the other.
const (
	cyrillic = "йцукенгшщзхъфывапролджэячсмитьбюёЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮЁ"
	latin    = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>~"
)

// keyOf returns the Latin character on the key of a Cyrillic letter, 0 if r is
// none.
func keyOf(r rune) byte {
	if r < 'Ё' || r > 'ё' {
		return 0
	}
	n := 0
	for _, letter := range cyrillic {
		if letter == r {
			return latin[n]
		}
		n++
	}
	return 0
}

// digitOf returns the ASCII digit of a decimal digit of any script.
func digitOf(r rune) (byte, bool) {
	for _, digits := range unicode.Nd.R16 {
		if rune(digits.Lo) <= r && r <= rune(digits.Hi) {
			return '0' + byte(r-rune(digits.Lo))%10, true
		}
	}
	for _, digits := range unicode.Nd.R32 {
		if rune(digits.Lo) <= r && r <= rune(digits.Hi) {
			return '0' + byte(r-rune(digits.Lo))%10, true
		}
	}
	return 0, false
}

// lower is strings.ToLower for folded text, whose bytes are characters.
func lower(s string) string {
	out := []byte(s)
	for i, c := range out {
		if isUpper(c) {
			out[i] = c + 'a' - 'A'
		}
	}
	return string(out)
}

func reversed(s string) string {
	out := []byte(s)
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return string(out)
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isWord reports whether c is part of a word: an ASCII letter or digit, or one of
// the codes that stand for characters of other scripts.
func isWord(c byte) bool { return isUpper(c) || isLower(c) || isDigit(c) || c >= utf8.RuneSelf }
