package similarity

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/passwd-go/passwd/internal/fold"
)

// The bounds on what is compared, whatever the host knows of a person.
const (
	maxSources     = 64
	maxValue       = 256 // bytes
	maxValueRunes  = 64
	maxPerSource   = 24
	maxTokens      = 128
	maxTokenRunes  = 64
	maxTokensRunes = 2048 // of all tokens
)

// token is a folded piece of a value, or a way to write it.
type token struct {
	source   int
	from, to int  // in tokens.text
	need     int  // how many consecutive characters make a match
	digits   bool // a number: no leet, no edits
	dense    bool // of a script without spaces between words
	pair     bool // of two sources, the first of which is named
}

// short reports whether the token counts only whole and at the edges of words.
func (t token) short() bool {
	return t.need < minRun || t.digits && t.to-t.from <= minRun
}

type tokens struct {
	list  []token
	text  []rune
	given int // by the source at hand
	names []name

	source   int
	pair     bool
	cyrillic bool
}

// name is a value of one word.
type name struct {
	value  string
	source int
}

func newTokens(sources []Source) tokens {
	ts := tokens{list: make([]token, 0, 64), text: make([]rune, 0, 512)}
	for i, s := range sources[:min(len(sources), maxSources)] {
		ts.source, ts.given = i, 0
		value := strings.TrimSpace(head(s.Value))
		switch {
		case ts.full() || !utf8.ValidString(value):
		case s.Kind == Password:
			stripped, _ := fold.Strip(value, maxValueRunes)
			ts.add(stripped, 0)
			ts.words(stripped)
		case ts.date(value), ts.phone(value):
		default:
			for _, written := range spellings(value) {
				if !ts.address(written) {
					ts.words(written)
				}
			}
		}
	}
	ts.pairs()
	return ts
}

// head cuts a value to maxValue bytes.
func head(s string) string {
	if len(s) <= maxValue {
		return s
	}
	n := maxValue
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// add adds a token, and how it may be misspelt. need is how many characters in a
// row match, 0 for half of them.
func (ts *tokens) add(s string, need int) {
	if ts.full() {
		return
	}
	ts.one(s, need)
	if len(s) < 3 {
		return
	}
	lower := strings.ToLower(s)
	if strings.Contains(lower, "ph") {
		ts.one(strings.ReplaceAll(lower, "ph", "f"), need)
	}
	if c := withoutVowels(lower); len(c) >= minRun && len(c) < len(lower) {
		ts.one(c, maxTokenRunes)
	}
}

// full reports whether nothing more is taken of this source.
func (ts *tokens) full() bool {
	return len(ts.list) == maxTokens || ts.given == maxPerSource || len(ts.text) == maxTokensRunes
}

// one adds one token, unless it is known already.
func (ts *tokens) one(s string, need int) {
	room := min(maxTokenRunes, maxTokensRunes-len(ts.text))
	grown := fold.AppendBase(ts.text, s)
	folded := grown[len(ts.text):]
	folded = folded[:min(len(folded), room)]
	n := len(folded)
	if n == 0 || ts.full() {
		return
	}
	t := token{source: ts.source, from: len(ts.text), to: len(ts.text) + n, digits: true, dense: dense(folded[0]), pair: ts.pair}
	for _, r := range folded {
		t.digits = t.digits && unicode.IsDigit(r)
		ts.cyrillic = ts.cyrillic || r >= utf8.RuneSelf && unicode.Is(unicode.Cyrillic, r)
	}
	if n == 1 && !t.dense {
		return // initials are everywhere, and cost little besides a name
	}
	t.need = min(n, max(minRun, (n+1)/2))
	switch {
	case need > 0:
		t.need = min(n, need)
	case t.digits:
		t.need = min(n, max(minRun+1, (n+1)/2))
	}
	for _, known := range ts.list {
		if known.need <= t.need && slices.Equal(ts.text[known.from:known.to], folded) {
			return
		}
	}
	ts.text = grown[:t.to]
	ts.list = append(ts.list, t)
	ts.given++
}

// dense reports whether a letter is of a script whose names are one or two
// characters, with no spaces around them.
func dense(r rune) bool {
	return r >= utf8.RuneSelf && unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana)
}

// words adds all words of a stripped value together, in both orders, each one alone, and
// the parts of words like "DarkLord" and "wei88".
func (ts *tokens) words(value string) {
	words := strings.FieldsFunc(value, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
	ts.add(strings.Join(words, ""), 0)
	if len(words) == 1 && len(value) == len(words[0]) && !strings.ContainsFunc(value, unicode.IsDigit) {
		ts.names = append(ts.names, name{value, ts.source})
	}
	if len(words) > 1 && len(words) <= 4 {
		turned := slices.Clone(words)
		slices.Reverse(turned)
		ts.add(strings.Join(turned, ""), 0)
	}
	for _, w := range words {
		ts.add(w, 0)
	}
	for _, w := range words {
		if ts.full() {
			return
		}
		for _, part := range parts(w) {
			ts.add(part, 0)
		}
	}
}

// parts splits a word at changes from lower to upper case and between letters and
// digits; nil if there are none. Numbers of one or two digits are left out.
func parts(w string) []string {
	var all []string
	start, last := 0, rune(0)
	take := func(s string) {
		if len(s) > 2 || !unicode.IsDigit(rune(s[0])) {
			all = append(all, s)
		}
	}
	for i, r := range w {
		if i > 0 && (unicode.IsLower(last) && unicode.IsUpper(r) || unicode.IsDigit(last) != unicode.IsDigit(r)) {
			take(w[start:i])
			start = i
		}
		last = r
	}
	if start == 0 {
		return nil
	}
	take(w[start:])
	return all
}

// address adds the parts of an e-mail address: before the "@", and the labels of
// the domain.
func (ts *tokens) address(value string) bool {
	local, domain, found := strings.Cut(value, "@")
	if !found || local == "" || strings.ContainsAny(value, " \t") {
		return false
	}
	names := ts.names // those of an address are no first or last name
	defer func() { ts.names = names }()
	ts.words(local)
	labels := strings.Split(domain, ".")
	last := len(labels) - 1
	for _, label := range labels[:max(1, last)] {
		ts.words(label)
	}
	if last > 0 { // a name of its own, in full only
		ts.add(labels[last], maxTokenRunes)
	}
	return true
}

// phone adds a telephone number and its last four digits.
func (ts *tokens) phone(value string) bool {
	digits := make([]byte, 0, 20)
	for _, c := range []byte(value) {
		switch {
		case '0' <= c && c <= '9':
			digits = append(digits, c)
		case strings.IndexByte("+-. ()/", c) < 0:
			return false
		}
	}
	if len(digits) < 7 {
		return false
	}
	ts.add(string(digits), 0)
	ts.add(string(digits[len(digits)-4:]), 4)
	return true
}

// date adds the ways to write a date that is given as three numbers, one of them
// of four digits, whatever follows them: "1987-04-22T00:00:00Z", "22.4.1987".
func (ts *tokens) date(value string) bool {
	var n [3]string
	rest := value
	for i := range n {
		end := 0
		for end < len(rest) && '0' <= rest[end] && rest[end] <= '9' {
			end++
		}
		if end == 0 {
			return false
		}
		n[i], rest = rest[:end], rest[end:]
		if i < 2 && (rest == "" || strings.IndexByte("-./ ", rest[0]) < 0) {
			return false
		}
		if i < 2 {
			rest = rest[1:]
		}
	}
	year, a, b := n[0], n[1], n[2]
	if len(n[2]) == 4 {
		year, a, b = n[2], n[0], n[1]
	}
	if len(year) != 4 || len(a) > 2 || len(b) > 2 {
		return false
	}
	a, b = ("0" + a)[len(a)-1:], ("0" + b)[len(b)-1:]
	for _, s := range []string{year + a + b, a + b + year, b + a + year, year + b + a} {
		ts.add(s, 8)
	}
	for _, s := range []string{year[2:] + a + b, a + b + year[2:], b + a + year[2:]} {
		ts.add(s, 6)
	}
	for _, s := range []string{a + b, b + a, year} {
		ts.add(s, 4)
	}
	return true
}

// pairs adds each two of the first four one-word values together, a first and a
// last name above all, so that edits across the two are found.
func (ts *tokens) pairs() {
	names := ts.names[:min(len(ts.names), 4)]
	ts.pair = true
	for i, a := range names {
		ts.source, ts.given = a.source, 0
		for j, b := range names {
			if i != j && !overlap(a.value, b.value) {
				ts.add(a.value+b.value, 0)
			}
		}
	}
}

func overlap(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	return strings.Contains(a, b) || strings.Contains(b, a)
}
