package strength

import (
	"math"

	"github.com/nbutton23/zxcvbn-go/match"
	"github.com/nbutton23/zxcvbn-go/scoring"
)

var (
	// charBits is the price of a character that no matcher explains: that of
	// zxcvbn 4, ten guesses. What a person chose is seldom random.
	charBits = math.Log2(10)
	// partBits is the least that a match costs which is not the whole password: the
	// 50 guesses of zxcvbn 4.
	partBits = math.Log2(50)
)

// orderBits is what a part costs on top, since the parts of a password may come
// in any order.
const orderBits = 1

// The kinds of matches, as far as they matter for telling why.
const (
	pattern   = "pattern"
	character = "character"
)

// matches are the patterns found in a folded password, the cheapest for each
// span. There are at most maxRunes²/2 of them, whatever the password.
type matches struct {
	password string
	list     []match.Match
	reasons  []reasons
	at       [maxRunes][maxRunes]int16 // by first and last character: index in list, plus one
}

// price returns what the span costs so far.
func (m *matches) price(i, j int) float64 {
	if at := m.at[i][j]; at > 0 {
		return m.list[at-1].Entropy
	}
	return charBits * float64(j-i+1)
}

// cheaper returns the full price of a match that costs n bits by itself,
// and whether nothing so far explains its characters for less.
func (m *matches) cheaper(i, j int, bits float64) (float64, bool) {
	if i > 0 || j < len(m.password)-1 {
		bits = max(bits, partBits) + orderBits
	}
	return bits, bits < m.price(i, j)
}

// add keeps a match of the characters i to j if nothing cheaper explains them.
func (m *matches) add(i, j int, bits float64, why reasons) {
	bits, cheaper := m.cheaper(i, j, bits)
	if !cheaper {
		return
	}
	at := m.at[i][j]
	if at == 0 {
		m.list = append(m.list, match.Match{Pattern: pattern, I: i, J: j})
		m.reasons = append(m.reasons, 0)
		at = int16(len(m.list))
		m.at[i][j] = at
	}
	m.list[at-1].Entropy = bits
	m.reasons[at-1] = why
}

// least returns the bits of the cheapest sequence of matches that makes up the
// password, and why it is no more.
func (m *matches) least() (float64, reasons) {
	for k := range len(m.password) {
		m.list = append(m.list, match.Match{Pattern: character, I: k, J: k, Entropy: charBits})
	}
	best := scoring.MinimumEntropyMatchSequence(m.password, m.list)
	var why reasons
	for _, part := range best.MatchSequence {
		if part.Pattern == pattern {
			why |= m.reasons[m.at[part.I][part.J]-1]
		}
	}
	return best.Entropy, why
}
