package estimate

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	internalfold "github.com/passwd-go/passwd/internal/fold"
)

// The lists of zxcvbn-go, in the order of preference if a word has the same rank
// in two, as they are numbered in words.bin.
var rankedLists = [...]Reasons{CommonPassword, Word, Name, Name, Name}

// The kinds of the families' words, as they are numbered in words.bin.
var pricedKinds = [...]Reasons{CommonPassword, Word, Name, Term, Phrase, Number, Sequence, Word}

// fillerKind is that of articles, pronouns and the like, of which there are so few
// in any language that they cost less than a part does.
const fillerKind = 7

const (
	shortest = 3  // of zxcvbn's words: two letters are found in anything
	longest  = 64 // letters of a word
)

// reader looks up every part of a text.
type reader struct {
	m         *matches
	text      []rune
	backwards bool
	letters   [longest]byte       // of the word so far, one for each character
	chosen    [utf8.RuneSelf]rune // the letter that a leet character stands for
}

// words finds words of the lists and what is known of the owner, as they are, with
// leet characters, backwards, and both.
func (m *matches) words() {
	m.known()
	r := reader{m: m, text: m.runes}
	r.read()
	var room [maxRunes]rune
	backwards := room[:len(m.runes)]
	for i, c := range m.runes {
		backwards[len(backwards)-1-i] = c
	}
	r = reader{m: m, text: backwards, backwards: true}
	r.read()
}

func (r *reader) read() {
	var root cursor
	root.enter(0)
	for i := range r.text {
		r.from(root, i, i)
	}
}

// from goes on with the word that began at start by the character at.
func (r *reader) from(c cursor, start, at int) {
	if at-start == longest || at == len(r.text) || r.m.in.spent() {
		return
	}
	char := r.text[at]
	r.try(c, start, at, char)
	if char < utf8.RuneSelf {
		before := r.chosen[char]
		for _, letter := range internalfold.Leet(char) {
			if before != 0 && before != letter && !r.m.in.families {
				continue // zxcvbn takes all of a kind for one letter
			}
			r.chosen[char] = letter
			r.try(c, start, at, letter)
		}
		r.chosen[char] = before
	}
}

// try takes the character at for a letter.
func (r *reader) try(c cursor, start, at int, letter rune) {
	r.m.in.steps++
	if letter < utf8.RuneSelf {
		if !c.step(byte(letter)) {
			return
		}
	} else {
		var buf [utf8.UTFMax]byte
		if letter > 0x10FFFF {
			return
		}
		for _, b := range buf[:utf8.EncodeRune(buf[:], letter)] {
			if !c.step(b) {
				return
			}
		}
	}
	r.letters[at-start] = byte(min(letter, utf8.RuneSelf))
	if n := at - start + 1; c.tail == "" && c.head&(hasRank|hasPrice) != 0 {
		if list, rank := c.rank(); rank > 0 && n >= shortest {
			r.found(start, at, math.Log2(float64(rank)), rankedLists[list])
		}
		if kind, bits, ok := c.price(); ok && r.m.in.families {
			if kind == fillerKind {
				r.filler(start, at, bits)
			} else {
				r.found(start, at, bits, pricedKinds[kind])
			}
		}
	}
	r.from(c, start, at+1)
}

// filler adds a filler as it is: not backwards, and with no leet characters.
func (r *reader) filler(i, j int, bits float64) {
	for k := i; k <= j; k++ {
		if r.backwards || r.text[k] < utf8.RuneSelf && byte(r.text[k]) != r.letters[k-i] {
			return
		}
	}
	if j-i+1 < shortest {
		bits += shortFillerBits
	}
	r.m.addFull(i, j, bits+caseBits(r.m.password[i:j+1]), Word)
}

// shortFillerBits is what a filler of two letters costs more: these are found in
// anything.
const shortFillerBits = 1.5

// found adds a word of the characters i to j, whose letters are known.
func (r *reader) found(i, j int, bits float64, why Reasons) {
	m, letters := r.m, r.letters[:j-i+1]
	if r.backwards {
		i, j = len(r.text)-1-j, len(r.text)-1-i
		bits++
		why |= Reversed
	}
	if m.part(i, j, bits) >= m.price(i, j) {
		return // whatever its capitals and leet characters cost
	}
	if r.backwards {
		var turned [longest]byte
		for k, c := range letters {
			turned[len(letters)-1-k] = c
		}
		letters = turned[:len(letters)]
	}
	m.addWord(i, j, bits, why, letters)
}

// addWord adds a word with what its capitals and leet characters cost.
func (m *matches) addWord(i, j int, bits float64, why Reasons, letters []byte) {
	if extra := leetBits(m.low[i:j+1], letters); extra > 0 {
		bits += extra
		why |= Substitutions
	}
	m.add(i, j, bits+caseBits(m.password[i:j+1]), why)
}

// caseBits prices the capitals of a word: one bit for the usual ways, first, last
// or all, else the number of ways to choose as many.
func caseBits(word string) float64 {
	upper, low := 0, 0
	for _, c := range []byte(word) {
		switch {
		case isUpper(c):
			upper++
		case isLower(c):
			low++
		}
	}
	switch {
	case upper == 0:
		return 0
	case low == 0, upper == 1 && (isUpper(word[0]) || isUpper(word[len(word)-1])):
		return 1
	}
	return math.Log2(waysToChoose(upper+low, min(upper, low)))
}

// leetBits prices the characters of word that differ from the letters they stand
// for: 0 if none does, else for each kind the number of ways to choose as many.
func leetBits(word string, letters []byte) float64 {
	var bits float64
	var seen [utf8.RuneSelf]bool
	for k := range len(word) {
		c, letter := word[k], letters[k]
		if c >= utf8.RuneSelf || c == letter || seen[c] {
			continue
		}
		seen[c] = true
		replaced, kept := 0, 0
		for x := range len(word) {
			switch {
			case letters[x] == letter && word[x] == c:
				replaced++
			case letters[x] == letter && word[x] == letter:
				kept++
			}
		}
		if kept == 0 {
			bits++
		} else {
			bits += math.Log2(waysToChoose(replaced+kept, min(replaced, kept)))
		}
	}
	return bits
}

// waysToChoose sums the ways to choose 1 to most of n.
func waysToChoose(n, most int) float64 {
	sum, ways := 0.0, 1.0
	for k := 1; k <= most; k++ {
		ways = ways * float64(n-k+1) / float64(k)
		sum += ways
	}
	return max(sum, 2)
}

// The bounds on what is known: values and parts, and bytes of each.
const (
	maxKnown      = 128
	maxKnownBytes = 256
	leastDigits   = 5 // of a number that are found in other text
)

// known is what an attacker may know of the owner, folded.
type known struct {
	words  [][]rune
	digits []string // of numbers
}

func newKnown(values []string) known {
	var k known
	add := func(word []rune) {
		if len(word) < shortest || len(k.words) == maxKnown {
			return
		}
		for _, other := range k.words {
			if slices.Equal(other, word) {
				return
			}
		}
		k.words = append(k.words, word)
	}
	for _, value := range values[:min(len(values), maxKnown)] {
		whole := lowerRunes(fold(value[:min(len(value), maxKnownBytes)]))
		whole = whole[:min(len(whole), maxRunes)]
		add(whole)
		for _, part := range splitWords(whole) {
			add(part)
		}
		if digits := digitsOf(whole); len(digits) >= 8 && len(k.digits) < maxKnown {
			k.digits = append(k.digits, digits)
		}
	}
	return k
}

func lowerRunes(s []rune) []rune {
	for i, r := range s {
		s[i] = lowerRune(r)
	}
	return s
}

// digitsOf returns the digits of a number with its usual punctuation, "" for
// anything else.
func digitsOf(s []rune) string {
	var digits []byte
	for _, r := range s {
		switch {
		case '0' <= r && r <= '9':
			digits = append(digits, byte(r))
		case !strings.ContainsRune("+-. ()/", r):
			return ""
		}
	}
	return string(digits)
}

func splitWords(s []rune) [][]rune {
	var parts [][]rune
	from := 0
	for i := range len(s) + 1 {
		if i < len(s) && (s[i] >= utf8.RuneSelf || !isSymbol(byte(s[i]))) {
			continue
		}
		if from < i {
			parts = append(parts, s[from:i])
		}
		from = i + 1
	}
	return parts
}

// known finds what is known of the owner: words in any spelling, and the digits of
// numbers.
func (m *matches) known() {
	for _, word := range m.in.known.words {
		if !m.in.spent() {
			m.knownWord(word)
		}
	}
	for i := 0; m.in.families && i < len(m.password); i++ {
		for _, number := range m.in.known.digits {
			n := 0
			for i+n < len(m.password) && isDigit(m.password[i+n]) && strings.Contains(number, m.password[i:i+n+1]) {
				n++
			}
			if n >= leastDigits {
				m.add(i, i+n-1, 4, Personal)
			}
		}
	}
}

func (m *matches) knownWord(word []rune) {
	var letters [maxRunes]byte
	n := len(word)
	for _, backwards := range [...]bool{false, true} {
		for i := 0; i+n <= len(m.runes); i++ {
			same := true
			for k := 0; k < n && same; k++ {
				w := word[k]
				if backwards {
					w = word[n-1-k]
				}
				letters[k] = byte(min(w, utf8.RuneSelf))
				r := m.runes[i+k]
				m.in.steps++
				same = r == w || w < utf8.RuneSelf && r < utf8.RuneSelf && strings.IndexByte(internalfold.Leet(r), byte(w)) >= 0
			}
			if !same || m.part(i, i+n-1, 0) >= m.price(i, i+n-1) {
				continue
			}
			if backwards {
				m.addWord(i, i+n-1, 1, Personal|Reversed, letters[:n])
			} else {
				m.addWord(i, i+n-1, 0, Personal, letters[:n])
			}
		}
	}
}
