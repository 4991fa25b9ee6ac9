package passwd

import (
	"unicode"
	"unicode/utf8"
)

// maxTyped is how many bytes of a typed code are looked at: eight digits and what
// may come along when they are copied.
const maxTyped = 256

// digits returns a code as it was made from one as it was typed or copied: the
// decimal digits of any script, without the spaces, dashes and invisible characters
// around and between them. It returns "" for what has anything else in it, and for
// other than 8 digits.
func (c OneTimeCode) digits() OneTimeCode {
	if len(c) > maxTyped {
		return ""
	}
	var found [codeDigits]byte
	n := 0
	for _, r := range string(c) {
		value, isDigit := decimal(r)
		switch {
		case isDigit && n < codeDigits:
			found[n] = '0' + value
			n++
		case isDigit, !ornament(r):
			return ""
		}
	}
	if n < codeDigits {
		return ""
	}
	return OneTimeCode(found[:])
}

// decimal returns the value of a decimal digit (Unicode, general category Nd). They
// come in sets of ten that begin with zero; sets may adjoin.
func decimal(r rune) (value byte, ok bool) {
	if r < utf8.RuneSelf {
		return byte(r - '0'), '0' <= r && r <= '9'
	}
	for _, set := range unicode.Nd.R16 {
		if rune(set.Lo) <= r && r <= rune(set.Hi) {
			return byte((r - rune(set.Lo)) % 10), true
		}
	}
	for _, set := range unicode.Nd.R32 {
		if rune(set.Lo) <= r && r <= rune(set.Hi) {
			return byte((r - rune(set.Lo)) % 10), true
		}
	}
	return 0, false
}

// ornament reports what keyboards, mail programs and typesetting put around and
// between digits: spaces, dashes, and what is not seen, such as isolates.
func ornament(r rune) bool {
	switch r {
	case 'ー', 'ｰ', '─': // what Japanese input methods offer for a dash
		return true
	case '\u2800': // BRAILLE PATTERN BLANK
		return true
	}
	return unicode.IsSpace(r) || unicode.IsControl(r) ||
		unicode.In(r, unicode.Zs, unicode.Dash, unicode.Pd, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}
