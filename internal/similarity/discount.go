package similarity

import "unicode"

// discount takes marks away that mean nothing: digits that count ("1234567", which
// some telephone number has as well), those within a longer count or alphabet ("de"
// in "abcdef") and within a longer trivial word ("love" in "iloveyou", for a
// Lovelace). These are weak, but not for what is known of the owner.
func (c *comparison) discount() {
	for i := 0; i < len(c.text); {
		if !c.marked.has(i) {
			i++
			continue
		}
		end := i
		for end < len(c.text) && c.marked.has(end) {
			end++
		}
		if c.withinCount(i, end) || c.withinTrivial(i, end) {
			c.marked = c.marked.without(span(i, end))
		}
		i = end
	}
}

// withinCount reports whether the marked characters from one position up to another
// are digits that count, or part of a longer count.
func (c *comparison) withinCount(from, to int) bool {
	if marked := c.text[from:to]; unicode.IsDigit(marked[0]) && counting(marked) && marked[0] != marked[1] {
		return true
	}
	for _, step := range [...]rune{1, -1} {
		a, b := from, to
		for a > 0 && c.text[a]-c.text[a-1] == step {
			a--
		}
		for b < len(c.text) && c.text[b]-c.text[b-1] == step {
			b++
		}
		if b-a > max(to-from, 2) && counting(c.text[a:b]) {
			return true
		}
	}
	return false
}

// withinTrivial does so for a trivial word.
func (c *comparison) withinTrivial(from, to int) bool {
	const longest = 12
	for a := from; a >= max(0, to-longest) && (a == from || unicode.IsLetter(c.text[a])); a-- {
		for b := to; b <= min(len(c.text), a+longest) && (b == to || unicode.IsLetter(c.text[b-1])); b++ {
			if b-a > to-from && trivial(string(c.text[a:b])) {
				return true
			}
		}
	}
	return false
}
