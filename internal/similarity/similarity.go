// Package similarity tells whether a password is little more than what is known
// about its owner: a name, an address, a date, or the password before it.
//
// # How
//
// Both sides are folded to what a reader would take for the same letters. The
// known values are cut into tokens: words, parts of an address, first and last
// name in both orders, the ways to write a date, the end of a telephone number.
// Then every character of the password that is part of a token's likeness is
// marked:
//
//   - a run that a token also has, of at least half the token and four characters;
//     tokens of two or three characters only whole, at the beginning of a word
//   - a whole token with one edit (two letters swapped, one changed, left out or
//     put in)
//   - either of them backwards, or from the token's middle on ("smithjohn"), in
//     leet characters, without vowels, with every letter twice, with separators,
//     digits or symbols in between, or typed on a keyboard of the other layout, for
//     Latin and Cyrillic letters
//
// Marks that mean nothing are taken away: "1234", "de" within an alphabet, "love"
// within "iloveyou".
//
// Last, what is not marked is priced by what it adds for one who guesses: a
// letter 1, a digit or symbol ¼ and 1 from the ninth digit and the fifth symbol on
// (and ½ for each change between letters, digits and symbols from the fifth on),
// a year, a count like "1234" or a word that people put beside a name ("welcome",
// "summer") ½, a separator or the same symbol again nothing. The password is
// similar if at least 30 % of it is marked, 50 % if only digits are, not counting
// what cost ½ or nothing, and the rest costs 3 or less: "john-7fK2pQx9LmZw" and
// "grasshopper", for a Grace Hopper, are not.
//
// # Cost
//
// The work is bounded whatever comes in: of 64 values the first 64 characters, of
// these 128 tokens of 64 characters and 2,048 characters in all are compared with
// the first 128 characters of the password. A run is found by bit-parallel
// comparison, in steps of one token character against all positions of the
// password at once: some tens of thousands of steps of a few nanoseconds for each
// of at most six readings of the password. What the password has beyond is read
// once, for characters that are new.
package similarity

import "unicode"

const (
	maxRunes  = 128 // of a password that are compared: the bits of a mask
	minRun    = 4   // characters that a run must have to count
	minEdited = 6   // length of tokens that may have any one edit
	maxEdited = 32
	maxTurned = 16 // length of tokens that may be turned, "smithjohn"
)

// Kind tells how a value is cut into tokens.
type Kind int

// The kinds of values.
const (
	Text     Kind = iota // names, words, dates, telephone numbers and addresses, told apart by their form
	Password             // words, and all of it as it is
)

// Source is a value that a password must not resemble.
type Source struct {
	Value string
	Kind  Kind
}

// Find reports whether the password is similar to the sources taken together,
// and the index of the one with the largest part in it.
func Find(password string, sources []Source) (source int, similar bool) {
	source, similar, _ = find(password, sources)
	return source, similar
}

func find(password string, sources []Source) (source int, similar bool, steps int) {
	var c comparison // some 10 kB, of this goroutine's stack
	if !c.begin(password, sources) {
		return 0, false, 0
	}
	for _, v := range c.readings() {
		c.read(v)
		c.longTokens()
	}
	for _, v := range c.readings()[:c.plainReadings] {
		c.read(v)
		c.shortTokens()
	}
	if !c.refuses() {
		return 0, false, c.steps
	}
	return c.largest(), true, c.steps
}

// comparison is one run of Find.
type comparison struct {
	text   []rune // the folded password, at most maxRunes
	tail   float64
	tokens tokens
	ids    []uint8 // of the tokens' characters, see alphabet

	marked   mask   // positions in text
	bySource []mask // the same, of each source's tokens
	pair     int    // a source of a pair that was found

	all           []reading
	plainReadings int

	// The reading at hand.
	reading
	exact [256]mask // where in the reading the character with this id is
	leet  [256]mask // the same, or one that stands for it
	runs  [2 * maxTokenRunes]mask

	steps int
}

// reading is a way to read the password: some of its characters, which may have
// been replaced.
type reading struct {
	ids  []uint8
	keep []uint8 // positions in text, rising
	// squeezed says that what is not kept repeats the character before it.
	squeezed bool
}

// begin makes everything ready; false if there is nothing to compare.
func (c *comparison) begin(password string, sources []Source) bool {
	c.tokens = newTokens(sources)
	if len(c.tokens.list) == 0 {
		return false
	}
	c.bySource = make([]mask, len(sources))
	c.text, c.tail = cut(password)
	if len(c.text) == 0 {
		return false
	}
	c.prepare(password)
	return true
}

// read makes the masks of a reading.
func (c *comparison) read(r reading) {
	c.reading = r
	clear(c.exact[:])
	for i, id := range r.ids {
		c.exact[id] = c.exact[id].or(bit(i))
	}
	c.exact[absent] = mask{}
	c.leet = c.exact
	for _, p := range leetPairs {
		c.leet[p.letter] = c.leet[p.letter].or(c.exact[p.char])
		c.leet[p.char] = c.leet[p.char].or(c.exact[p.letter])
	}
}

// longTokens marks runs of tokens and edited tokens in the reading, forwards and
// backwards.
func (c *comparison) longTokens() {
	for _, t := range c.tokens.list {
		if t.short() || t.need > len(c.keep) {
			continue
		}
		table := &c.leet
		if t.digits {
			table = &c.exact // a 1 in a date is no l
		}
		ids := c.ids[t.from:t.to]
		missing, run := c.present(ids, table)
		mayRun, mayEdited := run >= t.need, missing <= 1 && len(ids) >= minRun && len(ids) <= maxEdited && !t.digits
		if !mayRun && !mayEdited {
			continue // as of almost every token of almost every password
		}
		for _, backwards := range [2]bool{false, true} {
			var found mask
			if mayRun {
				found = c.commonRuns(ids, t, table, backwards)
			}
			if mayEdited {
				found = found.or(c.edited(ids, table, backwards))
			}
			c.mark(found, t)
		}
	}
}

// present returns how many characters of a token the reading has nowhere, and the
// longest run of those that it has, from the token's end on to its beginning as well.
func (c *comparison) present(ids []uint8, table *[256]mask) (missing, longest int) {
	first, run := -1, 0 // the run at the beginning
	for _, id := range ids {
		if !table[id].zero() {
			run++
			longest = max(longest, run)
			continue
		}
		if first < 0 {
			first = run
		}
		missing++
		run = 0
	}
	c.steps += len(ids)
	return missing, max(longest, run+max(first, 0))
}

// mark marks positions of the reading.
func (c *comparison) mark(found mask, t token) {
	if found.zero() {
		return
	}
	var at mask
	for i, position := range c.keep {
		if found.has(i) {
			at = at.or(bit(int(position)))
			for p := int(position) + 1; c.squeezed && p < len(c.text) && c.text[p] == c.text[position]; p++ {
				at = at.or(bit(p))
			}
		}
	}
	c.marked = c.marked.or(at)
	if t.pair {
		c.pair = t.source // its parts have their own marks, or most of them
		return
	}
	c.bySource[t.source] = c.bySource[t.source].or(at)
}

// commonRuns returns where the reading has a run of t.need characters of the
// token. After each pass, runs[j] has the positions where a run of width
// characters ends that also ends at the token's character j; two such runs, one
// behind the other, make one of the double width.
func (c *comparison) commonRuns(ids []uint8, t token, table *[256]mask, backwards bool) mask {
	n := len(ids)
	length := n
	if !t.digits && n > minRun && n <= maxTurned {
		length = 2*n - 1
	}
	runs := c.runs[:length]
	for j := range runs {
		i := j
		if i >= n {
			i -= n
		}
		if backwards {
			i = n - 1 - i
		}
		runs[j] = table[ids[i]]
	}
	c.steps += length
	for width := 1; width < t.need; {
		step := min(width, t.need-width)
		var any mask
		for j := length - 1; j >= step; j-- {
			runs[j] = runs[j].and(runs[j-step].shl(step))
			any = any.or(runs[j])
		}
		if any.zero() {
			return mask{}
		}
		clear(runs[:step])
		width += step
		c.steps += length
	}
	var ends mask
	for _, r := range runs {
		ends = ends.or(r)
	}
	return ends.spread(t.need)
}

// edited returns where the reading has the whole token with one edit in its
// inside: two neighbours swapped and, for longer tokens, a character changed, left
// out or put in. Each variable has the positions where a beginning of the token
// ends, with that edit already made.
func (c *comparison) edited(ids []uint8, table *[256]mask, backwards bool) mask {
	n := len(ids)
	at := func(j int) mask {
		if backwards {
			j = n - 1 - j
		}
		return table[ids[j]]
	}
	c.steps += n
	before := at(0)
	whole, earlier := before, mask{}
	var swapped, changed, left, put mask
	for j := 1; j < n; j++ {
		here, next := at(j), whole.shl(1)
		if j == 1 {
			swapped = here.shl(1).and(before)
		} else {
			swapped = swapped.shl(1).and(here).or(earlier.shl(1).and(here).shl(1).and(before))
		}
		if n >= minEdited {
			changed = changed.shl(1).and(here).or(next)
			left = left.shl(1).and(here).or(whole)
			put = put.shl(1).and(here).or(next.shl(1).and(here))
		}
		earlier, whole, before = whole, next.and(here), here
	}
	found := swapped.spread(n)
	if n >= minEdited {
		found = found.or(changed.spread(n)).or(left.spread(n - 1)).or(put.spread(n + 1))
	}
	return found
}

// shortTokens marks tokens of up to three characters at the beginning of words,
// and backwards only as whole words: within words they are everywhere. Numbers of
// up to four digits are marked only where they are no part of a longer one.
func (c *comparison) shortTokens() {
	type short struct {
		token
		starts    mask
		backwards bool
	}
	var found []short
	for _, t := range c.tokens.list {
		if !t.short() || t.need > len(c.keep) {
			continue
		}
		ids := c.ids[t.from:t.to]
		table := &c.leet
		if t.digits {
			table = &c.exact
		}
		c.steps += 2 * len(ids)
		forwards, backwards := table[ids[0]], table[ids[len(ids)-1]]
		for j := 1; j < len(ids); j++ {
			forwards = forwards.and(table[ids[j]].shr(j))
			backwards = backwards.and(table[ids[len(ids)-1-j]].shr(j))
		}
		if !forwards.zero() {
			found = append(found, short{t, forwards, false})
		}
		if (len(ids) == 3 || t.dense && len(ids) == 2) && !t.digits && !backwards.zero() {
			found = append(found, short{t, backwards, true})
		}
	}
	var starts mask
	for _, s := range found {
		starts = starts.or(s.starts)
	}
	for i := range c.keep { // from left to right, as one word makes place for the next
		if !starts.has(i) {
			continue
		}
		begins := c.begins(i)
		for _, s := range found {
			end := i + s.to - s.from
			if s.starts.has(i) && (s.dense || begins && (!s.backwards && !s.digits || c.ends(end))) {
				c.mark(span(i, end), s.token)
			}
		}
	}
}

// begins reports whether a word may begin at a position of the reading: behind no
// letter, a marked one, or a word that means nothing. A number may begin behind no
// digit or a marked one.
func (c *comparison) begins(i int) bool {
	p := int(c.keep[i])
	if unicode.IsDigit(c.text[p]) {
		return p == 0 || c.marked.has(p-1) || !unicode.IsDigit(c.text[p-1])
	}
	start := p
	for start > 0 && p-start <= maxTrivial && unicode.IsLetter(c.text[start-1]) && !c.marked.has(start-1) {
		start--
	}
	return start == p || trivialWord(c.text[start:p])
}

// ends reports whether a word or number may end before a position of the reading.
func (c *comparison) ends(i int) bool {
	if i >= len(c.keep) {
		return true
	}
	p, last := int(c.keep[i]), int(c.keep[i-1])
	switch {
	case c.marked.has(p) || p > last+1:
		return true
	case unicode.IsDigit(c.text[last]):
		return !unicode.IsDigit(c.text[p])
	}
	return !unicode.IsLetter(c.text[p])
}

// largest returns the source with the most marked characters, the first of equals.
func (c *comparison) largest() int {
	best := c.pair
	for i, m := range c.bySource {
		if n := m.count(); n > c.bySource[best].count() || n > 0 && n == c.bySource[best].count() && i < best {
			best = i
		}
	}
	return best
}
