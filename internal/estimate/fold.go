package estimate

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxBytes  = 4096 // of a password that are looked at
	maxFolded = 4096 // characters that are kept of them
	joiner    = '\u200d'
)

// fold returns the characters that a person sees, in NFKC: without marks and
// invisible characters, Latin letters without their diacritics, digits of any
// script as ASCII ones, and what joiners, skin tones or a pair of regional
// indicators make one picture of as one character. Case is kept.
func fold(s string) []rune {
	s = s[:min(len(s), maxBytes)]
	out := make([]rune, 0, min(len(s), maxRunes))
	joined, flag := false, false
	var segments norm.Iter
	for segments.InitString(norm.NFKC, s); !segments.Done() && len(out) < maxFolded; {
		for segment := segments.Next(); len(segment) > 0; {
			r, size := utf8.DecodeRune(segment)
			segment = segment[size:]
			if r < utf8.RuneSelf {
				out, joined, flag = append(out, r), false, false
				continue
			}
			if r == joiner {
				joined = len(out) > 0 && out[len(out)-1] >= 0x2000 // joins pictures, not letters
				continue
			}
			if unseen(r) {
				continue
			}
			if joined {
				out[len(out)-1] = picture(out[len(out)-1], r)
				joined = false
				continue
			}
			indicator := 0x1F1E6 <= r && r <= 0x1F1FF
			if indicator && flag {
				out[len(out)-1] = picture(out[len(out)-1], r)
				flag = false
				continue
			}
			flag = indicator
			out = appendFolded(out, r)
		}
	}
	return out[:min(len(out), maxFolded)]
}

// unseen reports whether r changes at most how the character before it looks.
func unseen(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) || 0x1F3FB <= r && r <= 0x1F3FF || r == 0x3164 || r == 0x2800
}

// picture stands for two characters that are seen as one. It is beyond Unicode, so
// that it is no other character.
func picture(a, b rune) rune {
	const beyond = 1 << 24
	return beyond | (a*31+b)&(beyond-1)
}

func appendFolded(out []rune, r rune) []rune {
	if latin := latinLetters(r); latin != "" {
		for _, c := range latin {
			out = append(out, c)
		}
		return out
	}
	if digit, ok := digitOf(r); ok {
		return append(out, digit)
	}
	if base := norm.NFD.PropertiesString(string(r)).Decomposition(); len(base) > 0 {
		first, _ := utf8.DecodeRune(base)
		if first < utf8.RuneSelf || unicode.In(first, unicode.Cyrillic, unicode.Greek) {
			return append(out, first) // é → e, й stays below
		}
	}
	if unicode.Is(unicode.Zs, r) {
		r = ' '
	}
	return append(out, r)
}

// latinLetters are those that Unicode does not decompose, as people write them
// without their keyboard.
func latinLetters(r rune) string {
	switch r {
	case 'ß':
		return "ss"
	case 'ẞ':
		return "SS"
	case 'æ':
		return "ae"
	case 'Æ':
		return "AE"
	case 'œ':
		return "oe"
	case 'Œ':
		return "OE"
	case 'ø':
		return "o"
	case 'Ø':
		return "O"
	case 'đ', 'ð':
		return "d"
	case 'Đ', 'Ð':
		return "D"
	case 'þ':
		return "th"
	case 'Þ':
		return "TH"
	case 'ł':
		return "l"
	case 'Ł':
		return "L"
	case 'ħ':
		return "h"
	case 'Ħ':
		return "H"
	case 'ı':
		return "i"
	case '€':
		return "e"
	case '£':
		return "l"
	case '¥':
		return "y"
	case '§':
		return "s"
	case '¢':
		return "c"
	case 'й': // its own letter to who types it
		return "й"
	case 'Й':
		return "Й"
	}
	return ""
}

// digitOf returns the ASCII digit of a decimal digit of any script.
func digitOf(r rune) (rune, bool) {
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	for _, digits := range unicode.Nd.R16 {
		if rune(digits.Lo) <= r && r <= rune(digits.Hi) {
			return '0' + (r-rune(digits.Lo))%10, true
		}
	}
	for _, digits := range unicode.Nd.R32 {
		if rune(digits.Lo) <= r && r <= rune(digits.Hi) {
			return '0' + (r-rune(digits.Lo))%10, true
		}
	}
	return 0, false
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isSymbol reports whether c is neither a letter nor a digit; codes of characters
// beyond ASCII are taken for letters.
func isSymbol(c byte) bool { return c < utf8.RuneSelf && !isUpper(c) && !isLower(c) && !isDigit(c) }

func lower(s string) string {
	out := []byte(s)
	for i, c := range out {
		if isUpper(c) {
			out[i] = c + 'a' - 'A'
		}
	}
	return string(out)
}

func lowerRune(r rune) rune {
	if r > unicode.MaxRune {
		return r
	}
	return unicode.ToLower(r)
}
