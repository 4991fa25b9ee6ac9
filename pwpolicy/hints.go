package pwpolicy

import (
	"strings"
	"unicode"
)

// Hint names something about a password that is accepted, but that its owner may
// not see and not mean, such as a space that was copied with it. Hints are API:
// never renamed, but there may be more.
type Hint string

// The hints, in the order in which [Hints] lists them.
const (
	BeginsWithSpace   Hint = "begins_with_space"    // of any kind, a tab or a line break
	EndsWithSpace     Hint = "ends_with_space"      // of any kind, or a tab
	EndsWithLineBreak Hint = "ends_with_line_break" // LF or CR
	HasTab            Hint = "tab"
	HasNoBreakSpace   Hint = "no_break_space" // U+00A0, U+202F
	HasWideSpace      Hint = "wide_space"     // U+3000
	HasInvisible      Hint = "invisible"      // of general category Cf or Cc, such as U+200B; joiners in emoji are none
)

// Hints returns what to point out about a password; nil if there is nothing.
func Hints(password string) []Hint {
	var found []Hint
	hint := func(h Hint, applies bool) {
		if applies {
			found = append(found, h)
		}
	}
	all := []rune(password)
	if len(all) == 0 {
		return nil
	}
	first, last := all[0], all[len(all)-1]
	lineBreak := last == '\n' || last == '\r'
	hint(BeginsWithSpace, unicode.IsSpace(first))
	hint(EndsWithSpace, unicode.IsSpace(last) && !lineBreak)
	hint(EndsWithLineBreak, lineBreak)
	hint(HasTab, strings.ContainsRune(password, '\t'))
	hint(HasNoBreakSpace, strings.ContainsAny(password, "\u00a0\u202f"))
	hint(HasWideSpace, strings.ContainsRune(password, '\u3000'))
	invisible := false
	for i := range all {
		invisible = invisible || isInvisible(all, i)
	}
	hint(HasInvisible, invisible)
	return found
}

// isInvisible reports whether a character leaves no trace on the screen. Joiners
// that make an emoji of several do, and those between letters that shape scripts.
func isInvisible(all []rune, i int) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	switch r := all[i]; {
	case unicode.IsSpace(r):
		return false
	case r == nonJoiner || r == joiner:
		return i == 0 || i == len(all)-1 || all[i-1] < 0x0600
	case r >= 0xE0020 && r <= 0xE007F: // tags in flags
		return false
	default:
		return unicode.In(r, unicode.Cf, unicode.Cc)
	}
}
