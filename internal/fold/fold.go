// Package fold brings passwords and what they are compared with to one form.
// Nothing here touches what is hashed: folded forms live for one comparison.
package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Width folds width and case: NFKC, lower case, and no characters that cannot be
// seen (Cf: zero-width spaces and joiners, soft hyphens). It stops soon after max
// bytes: compatibility forms may be many times as long as what they stand for. It
// appends to dst and allocates nothing for ASCII if dst has room.
func Width(dst []byte, s string, max int) []byte {
	if !ASCII(s) {
		return wide(dst, s, max)
	}
	for _, c := range []byte(s[:min(len(s), max+1)]) {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func wide(dst []byte, s string, max int) []byte {
	var it norm.Iter
	it.InitString(norm.NFKC, s)
	for !it.Done() && len(dst) <= max {
		for segment := it.Next(); len(segment) > 0; {
			r, size := utf8.DecodeRune(segment)
			segment = segment[size:]
			if !unicode.Is(unicode.Cf, r) {
				dst = utf8.AppendRune(dst, unicode.ToLower(r))
			}
		}
	}
	return dst
}

// Base folds further, to what a reader would take for the same letters: no
// accents and other combining marks, no dotless i, one form of sigma, sharp s and
// ligatures spelled out, and Cyrillic and Greek letters that look like Latin ones
// replaced by these, in words that are wholly of their script as well, so both
// sides of a comparison must be folded.
//
// It stops at about max characters and returns what it has not read.
func Base(s string, max int) (folded []rune, rest string) {
	seen, rest := Strip(s, max)
	return AppendBase(make([]rune, 0, len(seen)), seen), rest
}

// AppendBase is Base of what Strip has returned.
func AppendBase(dst []rune, stripped string) []rune {
	for _, r := range stripped {
		r = unicode.ToLower(r)
		switch r {
		case 'ß':
			dst = append(dst, 's', 's')
		case 'æ':
			dst = append(dst, 'a', 'e')
		case 'œ':
			dst = append(dst, 'o', 'e')
		case 'þ':
			dst = append(dst, 't', 'h')
		default:
			dst = append(dst, Plain(r))
		}
	}
	return dst
}

// Strip returns s in compatibility form without the combining marks and invisible
// characters that Base leaves out; case and script are kept. It stops at about max
// characters and returns what it has not read.
func Strip(s string, max int) (stripped, rest string) {
	if ASCII(s) {
		n := min(len(s), max)
		return s[:n], s[n:]
	}
	var b strings.Builder
	var it norm.Iter
	it.InitString(norm.NFKD, s)
	hangul := false
	for n := 0; n < max && !it.Done(); {
		for segment := it.Next(); len(segment) > 0; {
			r, size := utf8.DecodeRune(segment)
			segment = segment[size:]
			if r >= utf8.RuneSelf && (unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r)) {
				continue
			}
			hangul = hangul || 0x1100 <= r && r <= 0x11FF
			b.WriteRune(r)
			n++
		}
	}
	if hangul {
		return norm.NFC.String(b.String()), s[it.Pos():] // puts syllables together again
	}
	return b.String(), s[it.Pos():]
}

// ASCII reports whether s is of ASCII characters only.
func ASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Plain replaces one lower-case letter by the Latin one that it is taken for.
func Plain(r rune) rune {
	if r < utf8.RuneSelf {
		return r
	}
	switch r {
	case 'ı', 'і', 'ι', 'ӏ':
		return 'i'
	case 'а', 'α':
		return 'a'
	case 'е', 'ε', 'ё':
		return 'e'
	case 'о', 'ο', 'ø':
		return 'o'
	case 'р', 'ρ':
		return 'p'
	case 'с', 'ϲ':
		return 'c'
	case 'у', 'υ':
		return 'y'
	case 'х', 'χ':
		return 'x'
	case 'ј':
		return 'j'
	case 'ѕ':
		return 's'
	case 'һ', 'н', 'η':
		return 'h'
	case 'к', 'κ':
		return 'k'
	case 'м', 'μ':
		return 'm'
	case 'т', 'τ':
		return 't'
	case 'в', 'β':
		return 'b'
	case 'ν':
		return 'v'
	case 'ζ':
		return 'z'
	case 'ԁ', 'đ', 'ð':
		return 'd'
	case 'ԛ':
		return 'q'
	case 'ԝ':
		return 'w'
	case 'ł':
		return 'l'
	case 'ς':
		return 'σ'
	}
	return r
}

// Leet returns the letters that a character commonly stands for, "" for a
// character that stands for itself only. The table is that of zxcvbn.
func Leet(c rune) string {
	switch c {
	case '4', '@':
		return "a"
	case '8':
		return "b"
	case '(', '{', '[', '<':
		return "c"
	case '3':
		return "e"
	case '6', '9':
		return "g"
	case '1', '|':
		return "il"
	case '!':
		return "i"
	case '7':
		return "lt"
	case '0':
		return "o"
	case '$', '5':
		return "s"
	case '+':
		return "t"
	case '%':
		return "x"
	case '2':
		return "z"
	}
	return ""
}
