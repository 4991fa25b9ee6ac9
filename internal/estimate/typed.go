package estimate

import (
	"strings"
	"unicode/utf8"
)

// scripts are the letters of keyboards whose keys have Latin letters as well.
var scripts = [...]struct {
	first, last    rune
	letters, latin string
}{
	{0x0400, 0x052F, "йцукенгшщзхъфывапролджэячсмитьбюёіїєґ", "qwertyuiop[]asdfghjkl;'zxcvbnm,.`s]'\\"},
	{0x0370, 0x03FF, "ςερτυθιοπασδφγηξκλζχψωβνμ", "wertyuiopasdfghjklzxcvbnm"},
	{0x0590, 0x05FF, "קראטוןםפשדגכעיחלךףזסבהנמצתץ", "ertyuiopasdfghjkl;zxcvbnm,."},
	{0x0600, 0x06FF, "ضصثقفغعهخحجدشسيبلاتنمكطئءؤرىةوزظ", "qwertyuiop[]asdfghjkl;'zxcvnm,./"},
}

// typedLatin returns the Latin character on the key of a letter in lower case; r
// itself if there is none.
func typedLatin(r rune) rune {
	if r < utf8.RuneSelf {
		return r
	}
	for i := range scripts {
		s := &scripts[i]
		if r < s.first || r > s.last {
			continue
		}
		at := strings.IndexRune(s.letters, r)
		if at < 0 {
			return r
		}
		return rune(s.latin[utf8.RuneCountInString(s.letters[:at])])
	}
	return r
}

// Typed returns what somebody types who types a word on a Latin keyboard without
// looking: letters of other scripts by their keys, syllables of Hangul by those of
// their parts. word is folded; false if it has neither.
func Typed(word string) (string, bool) {
	var typed []rune
	for _, r := range word {
		if 0xAC00 <= r && r <= 0xD7A3 {
			typed = append(typed, []rune(hangulKeys(r))...)
			continue
		}
		typed = append(typed, typedLatin(r))
	}
	return string(typed), string(typed) != word
}

// hangulKeys returns the keys of a syllable on the usual Korean keyboard.
func hangulKeys(r rune) string {
	first := strings.Fields("r R s e E f a q Q t T d w W c z x v g")
	middle := strings.Fields("k o i O j p u P h hk ho hl y n nj np nl b m ml l")
	last := strings.Fields("- r R rt s sw sg e f fr fa fq ft fx fv fg a q qt t T d w c z x v g")
	n := int(r - 0xAC00)
	keys := first[n/(21*28)] + middle[n/28%21]
	if end := last[n%28]; end != "-" {
		keys += end
	}
	return strings.ToLower(keys)
}

// Folded returns a word as it is looked up: see fold, in lower case.
func Folded(word string) string { return string(lowerRunes(fold(word))) }

// Bytes returns the first n characters of a text that a person sees, a byte for
// each: itself for ASCII, one of 0x80 and more for others, the same for the same.
func Bytes(s string, n int) string {
	seen := fold(s)
	seen = seen[:min(len(seen), n, maxRunes)]
	return new(input).matchesOf(seen).password
}
