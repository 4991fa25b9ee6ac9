package pwpolicy

import (
	"strings"
	"unicode"
)

// Note names something about a password that is accepted, but that its owner may
// not see and not mean, such as a space that was copied with it. Notes are API:
// never renamed, but there may be more.
type Note string

// The notes, in the order in which [Notes] lists them.
const (
	BeginsWithSpace   Note = "begins_with_space"    // of any kind, a tab or a line break
	EndsWithSpace     Note = "ends_with_space"      // of any kind, or a tab
	EndsWithLineBreak Note = "ends_with_line_break" // LF or CR
	HasTab            Note = "tab"
	HasNoBreakSpace   Note = "no_break_space" // U+00A0, U+202F
	HasWideSpace      Note = "wide_space"     // U+3000
	HasInvisible      Note = "invisible"      // of general category Cf or Cc, such as U+200B; joiners in emoji are none
)

// Notes returns what to point out about a password; nil if there is nothing.
func Notes(password string) []Note {
	var found []Note
	note := func(n Note, applies bool) {
		if applies {
			found = append(found, n)
		}
	}
	all := []rune(password)
	if len(all) == 0 {
		return nil
	}
	first, last := all[0], all[len(all)-1]
	lineBreak := last == '\n' || last == '\r'
	note(BeginsWithSpace, unicode.IsSpace(first))
	note(EndsWithSpace, unicode.IsSpace(last) && !lineBreak)
	note(EndsWithLineBreak, lineBreak)
	note(HasTab, strings.ContainsRune(password, '\t'))
	note(HasNoBreakSpace, strings.ContainsAny(password, "\u00a0\u202f"))
	note(HasWideSpace, strings.ContainsRune(password, '\u3000'))
	invisible := false
	for i := range all {
		invisible = invisible || isInvisible(all, i)
	}
	note(HasInvisible, invisible)
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
