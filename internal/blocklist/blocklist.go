// Package blocklist looks passwords up in sorted lists of common ones.
//
// A list is one string: entries in lower case, a line feed after each, sorted by
// their keys (see key.go). A lookup bisects the string itself, so the embedded
// list costs nothing at start-up and nothing on the heap.
package blocklist

import (
	_ "embed"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/passwd-go/passwd/internal/fold"
)

//go:generate go run ./gen -ts zxcvbn-ts-language-common-4.1.3.tgz -o common.txt

//go:embed common.txt
var common string

// commonLongest is the length in bytes of the longest entry of common.txt.
const commonLongest = 36

// Table is a list, immutable and safe for concurrent use. The zero Table is
// empty.
type Table struct {
	text    string
	longest int // in bytes
}

// Common returns the embedded list; common.md says what is in it.
func Common() Table { return Table{common, commonLongest} }

// Build makes a table of entries, which it folds, sorts and may reorder in
// place. Empty entries and those that hold a line feed, which no line has, are
// left out.
func Build(entries []string) Table {
	var buf []byte
	kept, size, longest := entries[:0], 0, 0
	for _, e := range entries {
		buf = fold.Width(buf[:0], e, math.MaxInt-1)
		if len(buf) == 0 || slices.Contains(buf, '\n') {
			continue
		}
		if string(buf) != e {
			e = string(buf)
		}
		kept = append(kept, e)
	}
	slices.SortFunc(kept, order)
	kept = slices.Compact(kept)
	for _, e := range kept {
		size += len(e) + 1
		longest = max(longest, len(e))
	}
	var text strings.Builder
	text.Grow(size)
	for _, e := range kept {
		text.WriteString(e)
		text.WriteByte('\n')
	}
	return Table{text.String(), longest}
}

// Text returns the list as it is embedded: an entry a line.
func (t Table) Text() string { return t.text }

// Len returns the number of entries. It counts them.
func (t Table) Len() int { return strings.Count(t.text, "\n") }

// Contains reports whether the whole password is an entry after its case and
// width are folded, or becomes one when characters that stand for letters
// ("p4$$word") are taken for these. Characters of the entry that are no letters
// must be there as they are. It does not allocate for ASCII.
func (t Table) Contains(password string) bool {
	var room [128]byte
	return t.has(fold.Width(room[:0], password, t.longest))
}

// minCore is how many characters must be left of a trimmed password, so that
// "sun1999" is no match but "sunny1999" is.
const minCore = 5

// maxTrimmed bounds the folded password that is trimmed: as many bytes as a
// password has at most.
const maxTrimmed = 4096

// ContainsTrimmed is Contains, also of the password without the digits, symbols
// and spaces at its end, at its beginning, and at both, if 5 characters remain.
func (t Table) ContainsTrimmed(password string) bool {
	room := make([]byte, 0, 256)
	folded := fold.Width(room, password, maxTrimmed)
	end := len(trimRight(folded))
	start := len(folded) - len(trimLeft(folded))
	if t.has(folded) {
		return true
	}
	if start >= end {
		return false
	}
	for _, core := range [][]byte{folded[:end], folded[start:], folded[start:end]} {
		if len(core) < len(folded) && utf8.RuneCount(core) >= minCore && t.has(core) {
			return true
		}
	}
	return false
}

func trimRight(b []byte) []byte {
	for len(b) > 0 {
		r, n := utf8.DecodeLastRune(b)
		if unicode.IsLetter(r) || unicode.IsMark(r) {
			break
		}
		b = b[:len(b)-n]
	}
	return b
}

func trimLeft(b []byte) []byte {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if unicode.IsLetter(r) || unicode.IsMark(r) {
			break
		}
		b = b[n:]
	}
	return b
}

// has looks up a folded password.
func (t Table) has(folded []byte) bool {
	if len(folded) == 0 || len(folded) > t.longest {
		return false
	}
	at := t.find(folded)
	for at < len(t.text) { // all entries of one key
		end := at + strings.IndexByte(t.text[at:], '\n')
		entry := t.text[at:end]
		if compare(entry, folded) != 0 {
			return false
		}
		if spells(folded, entry) {
			return true
		}
		at = end + 1
	}
	return false
}

// find returns where the first entry begins whose key is not less than that of
// the folded password.
func (t Table) find(folded []byte) int {
	lo, hi := 0, len(t.text) // both at the beginning of a line
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		start := mid
		for start > lo && t.text[start-1] != '\n' {
			start--
		}
		c, i := 0, start
		for n := 0; ; n++ {
			e := t.text[i]
			if e == '\n' {
				if n < len(folded) {
					c = -1
				}
				break
			}
			if n == len(folded) {
				c = 1
				break
			}
			if a, b := keys[e], keys[folded[n]]; a != b {
				c = int(a) - int(b)
				break
			}
			i++
		}
		if c >= 0 {
			hi = start
			continue
		}
		for t.text[i] != '\n' {
			i++
		}
		lo = i + 1
	}
	return lo
}
