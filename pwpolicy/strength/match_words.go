package strength

import (
	"math"
	"strings"
)

// words finds words of the lists and of the user's own, as they are, with leet
// characters, backwards, and both.
func (m *matches) words(t *tables, own []string) {
	low := lower(m.password)
	m.readBothWays(t, own, low, low)
	for _, variant := range t.leet.variants(low) {
		m.readBothWays(t, own, variant, low)
	}
}

func (m *matches) readBothWays(t *tables, own []string, text, low string) {
	m.read(t, own, text, low, false)
	m.read(t, own, reversed(text), low, true)
}

// read looks up every part of text, which is the password in lower case, perhaps
// with letters for leet characters, perhaps backwards. low is the password in
// lower case.
func (m *matches) read(t *tables, own []string, text, low string, backwards bool) {
	n := len(text)
	found := func(i, j, rank int, why reasons) {
		if backwards {
			i, j = n-1-j, n-1-i
			why |= isReversed
		}
		bits := math.Log2(float64(rank))
		if _, cheaper := m.cheaper(i, j, bits); !cheaper {
			return // whatever its capitals and leet characters cost
		}
		token := text[i : j+1]
		if backwards {
			token = reversed(text[n-1-j : n-i])
			bits++
		}
		if extra := leetBits(low[i:j+1], token); extra > 0 {
			bits += extra
			why |= hasSubstitutions
		}
		m.add(i, j, bits+caseBits(m.password[i:j+1]), why)
	}
	for i := range n {
		h := uint32(hashBasis)
		for j := i; j < min(n, i+longest); j++ {
			h = nextHash(h, text[j])
			if j-i+1 < shortest {
				continue
			}
			if rank, why := t.words.rank(text[i:j+1], h); rank > 0 {
				found(i, j, rank, why)
			}
		}
	}
	for _, word := range own {
		for i := 0; i+len(word) <= n; i++ {
			next := strings.Index(text[i:], word)
			if next < 0 {
				break
			}
			i += next
			found(i, i+len(word)-1, 1, hasPersonal)
		}
	}
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
func leetBits(word, letters string) float64 {
	var bits float64
	var seen [256]bool
	for k := range len(word) {
		c, letter := word[k], letters[k]
		if c == letter || seen[c] {
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

// maxOwn bounds how many words of the user's own are looked for, maxOwnBytes the
// part of each input that is looked at.
const (
	maxOwn      = 128
	maxOwnBytes = 256
)

// ownWords returns the words of what is known about a user: each input whole and
// its parts, in the order given.
func ownWords(f *folder, inputs []string) []string {
	f.fixed = true
	var own []string
	seen := make(map[string]bool)
	add := func(word string) {
		if len(word) >= shortest && len(own) < maxOwn && !seen[word] {
			seen[word] = true
			own = append(own, word)
		}
	}
	for _, input := range inputs[:min(len(inputs), maxOwn)] {
		whole := lower(f.fold(input, maxOwnBytes))
		add(whole)
		for _, part := range splitWords(whole) {
			add(part)
		}
	}
	return own
}

func splitWords(s string) []string {
	var parts []string
	from := 0
	for i := range len(s) + 1 {
		if i < len(s) && isWord(s[i]) {
			continue
		}
		if from < i {
			parts = append(parts, s[from:i])
		}
		from = i + 1
	}
	return parts
}
