package estimate

import (
	"math"
	"unicode"
	"unicode/utf8"
)

// charBits is the price of a character that no pattern explains: that of zxcvbn
// 4, ten guesses. What a person chose is seldom random.
const charBits = 3.321928094887362

// partBits is the least that a pattern costs which is not the whole password: the
// 50 guesses of zxcvbn 4. With the families, of which there are few of each kind,
// it is familyPartBits.
const (
	partBits       = 5.643856189774724
	familyPartBits = 5
)

// orderBits is what a part costs on top, since the parts of a password may come
// in any order.
const orderBits = 1

// match is a pattern found in the characters i to j.
type match struct {
	i, j int
	bits float64
	why  Reasons
}

// matches are the patterns found in a text, the cheapest for each span. There are
// at most maxRunes²/2 of them, whatever the text.
type matches struct {
	in *input
	// password has a byte for each character: itself for ASCII, one of 0x80 to 0xBF
	// for others, the same for the same. low is it in lower case.
	password, low string
	// runes are the characters, in lower case.
	runes []rune
	room  [maxRunes]rune // for them
	floor float64
	list  []match
	at    [maxRunes][maxRunes]int16 // by first and last character: index in list, plus one
	ends  [maxRunes]int16           // by last character: the newest match there, plus one
	next  []int16                   // by match: the one before it with the same end, plus one
}

// matchesOf returns what nothing has been found in yet. It takes the place of what
// was returned before: the texts of one estimate come one after the other.
func (in *input) matchesOf(seen []rune) *matches {
	m := in.matches
	if m == nil {
		m = &matches{in: in, floor: partBits, list: make([]match, 0, 128), next: make([]int16, 0, 128)}
		if in.families {
			m.floor = familyPartBits
		}
		in.matches = m
	}
	m.list, m.next = m.list[:0], m.next[:0]
	clear(m.at[:])
	clear(m.ends[:])
	m.runes = m.room[:len(seen)]
	var codes [maxRunes]rune
	n := 0
	var room [maxRunes]byte
	bytes := room[:len(seen)]
	for i, r := range seen {
		if r < utf8.RuneSelf {
			bytes[i], m.runes[i] = byte(r), unicode.ToLower(r)
			continue
		}
		if r <= unicode.MaxRune {
			r = unicode.ToLower(r)
		}
		m.runes[i] = r
		code := 0
		for code < n && codes[code] != r {
			code++
		}
		if code == n {
			codes[n] = r
			n++
		}
		bytes[i] = 0x80 + byte(code)
	}
	m.password = string(bytes)
	m.low = lower(m.password)
	return m
}

// char prices a character by itself.
func (m *matches) char(i int) float64 {
	r := m.runes[i]
	if !m.in.families || r < 0x2E80 {
		return charBits
	}
	switch {
	case unicode.Is(unicode.Han, r):
		return 7 // of some thousand that are written
	case unicode.In(r, unicode.Hiragana, unicode.Katakana):
		return 4
	default: // Hangul, pictures
		return 5
	}
}

// price returns what the span costs so far.
func (m *matches) price(i, j int) float64 {
	if at := m.at[i][j]; at > 0 {
		return m.list[at-1].bits
	}
	sum := 0.0
	for k := i; k <= j; k++ {
		sum += m.char(k)
	}
	return sum
}

// part returns the full price of a match that costs so many bits by itself.
func (m *matches) part(i, j int, bits float64) float64 {
	if i > 0 || j < len(m.password)-1 {
		return max(bits, m.floor) + orderBits
	}
	return bits
}

// add keeps a match of the characters i to j if nothing cheaper explains them.
func (m *matches) add(i, j int, bits float64, why Reasons) {
	m.addFull(i, j, m.part(i, j, bits), why)
}

// addFull is add for a price that is whole already.
func (m *matches) addFull(i, j int, bits float64, why Reasons) {
	if bits >= m.price(i, j) {
		return
	}
	at := m.at[i][j]
	if at == 0 {
		m.list = append(m.list, match{i: i, j: j})
		at = int16(len(m.list))
		m.at[i][j] = at
		m.next = append(m.next, m.ends[j])
		m.ends[j] = at
	}
	m.list[at-1].bits, m.list[at-1].why = bits, why
}

// least returns the bits of the cheapest sequence of matches that makes up the
// text, and why it is no more.
func (m *matches) least() outcome { return m.leastWithin(0, len(m.password)-1) }

// leastWithin prices the characters from first to last by themselves.
func (m *matches) leastWithin(first, last int) outcome {
	var best [maxRunes + 1]outcome // of what is before a character
	for j := first; j <= last; j++ {
		best[j+1] = outcome{best[j].bits + m.char(j), best[j].why | m.unexplained(j), best[j].most}
		for k := m.ends[j]; k > 0; k = m.next[k-1] {
			one := &m.list[k-1]
			if one.i < first {
				continue
			}
			if bits := best[one.i].bits + one.bits; bits < best[j+1].bits {
				most := best[one.i].most
				if n := one.j - one.i + 1; n > most.length && one.why&^(Digits|Symbols|Year) != 0 {
					most = mostly{one.why, n}
				}
				best[j+1] = outcome{bits, best[one.i].why | one.why, most}
			}
		}
	}
	best[last+1].bits = min(math.Round(best[last+1].bits*1000)/1000, math.MaxFloat32)
	return best[last+1]
}

// unexplained tells what a character is that no pattern explains.
func (m *matches) unexplained(i int) Reasons {
	switch c := m.password[i]; {
	case isDigit(c):
		return Digits
	case isSymbol(c):
		return Symbols
	}
	return 0
}
