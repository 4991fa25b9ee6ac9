package strength_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/nbutton23/zxcvbn-go/frequency"
	"github.com/passwd-go/passwd/pwpolicy/strength"
)

// TestAtFifteenCharacters measures what a minimum of 28 bits refuses among
// passwords of 15 characters or more (P1), where lists of known passwords find
// next to nothing. Whoever chooses well is never refused.
func TestAtFifteenCharacters(t *testing.T) {
	const each = 1000
	rng := rand.New(rand.NewPCG(15, 28))
	common := frequency.Lists["Passwords"].List
	pick := func(from []string) string { return from[rng.IntN(len(from))] }
	long := func(make func() string) func() string { // the first of 15 characters
		return func() string {
			for {
				if s := make(); len(s) >= 15 {
					return s
				}
			}
		}
	}
	random := func(alphabet string) string {
		out := make([]byte, 15)
		for i := range out {
			out[i] = alphabet[rng.IntN(len(alphabet))]
		}
		return string(out)
	}
	diceware := dicewareWords(t)
	phrase := func(words int) string { // of different words, as nearly all are from a list of 7,776
		rng.Shuffle(len(diceware), func(i, j int) { diceware[i], diceware[j] = diceware[j], diceware[i] })
		return strings.Join(diceware[:words], pick([]string{"", " ", "-"}))
	}
	rows := []string{"qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "poiuytrewq", "lkjhgfdsa", "mnbvcxz", "0987654321"}
	leet := strings.NewReplacer("a", "@", "e", "3", "i", "1", "o", "0", "s", "$")

	for _, c := range []struct {
		name        string
		make        func() string
		least, most int // of each, refused
	}{
		{"common password doubled", long(func() string { w := pick(common); return w + w }), 990, each},
		{"common password and 1234…", func() string {
			return (pick(common) + "1234567890123456789")[:15]
		}, 980, each},
		{"two of the top 1,000", long(func() string { return pick(common[:1000]) + pick(common[:1000]) }), 800, each},
		{"leet common password, year, !", long(func() string {
			return leet.Replace(pick(common)) + strconv.Itoa(1970+rng.IntN(57)) + "!"
		}), 850, each},
		{"keyboard rows", long(func() string { return pick(rows) + pick(rows) }), 900, each},
		{"3 diceware words", long(func() string { return phrase(3) }), 0, 0},
		{"4 diceware words", long(func() string { return phrase(4) }), 0, 0},
		{"15 random letters", func() string { return random("abcdefghijklmnopqrstuvwxyz") }, 0, 0},
		{"15 random digits", func() string { return random("0123456789") }, 0, 0},
	} {
		refused := 0
		for range each {
			if strength.Estimate(c.make()).Bits < strength.RecommendedBits {
				refused++
			}
		}
		t.Logf("%-30s %5.1f %% refused", c.name, 100*float64(refused)/each)
		if refused < c.least || refused > c.most {
			t.Errorf("%s: %d of %d refused, want %d to %d", c.name, refused, each, c.least, c.most)
		}
	}
}

// dicewareWords are the words of the passphrases of the agreement table.
func dicewareWords(t *testing.T) []string {
	var words []string
	for _, row := range agreement(t) {
		if row.category != "diceware" {
			continue
		}
		parts := strings.FieldsFunc(row.password, func(r rune) bool { return !unicode.IsLetter(r) })
		if len(parts) > 1 { // else the words are glued
			words = append(words, parts...)
		}
	}
	slices.Sort(words)
	words = slices.Compact(words)
	if len(words) < 100 {
		t.Fatalf("%d words only", len(words))
	}
	return words
}
