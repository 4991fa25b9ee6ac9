package strength

import (
	"slices"
	"strings"
	"sync"

	"github.com/nbutton23/zxcvbn-go/adjacency"
	"github.com/nbutton23/zxcvbn-go/frequency"
)

// tables are what the matchers look things up in: 0.6 MB beside the word lists
// of zxcvbn-go, which they refer to. They never change once built.
type tables struct {
	words     dictionary
	leet      leet
	keyboards []keyboard
}

// shared builds the tables on first use; importing the package builds nothing.
var shared = sync.OnceValue(func() *tables {
	return &tables{words: newDictionary(), leet: newLeet(), keyboards: newKeyboards()}
})

// dictionary is an open hash table over the lists of zxcvbn-go. A slot is 0 if
// it is free, else 13 bits of the word's hash, 3 bits of its list's number plus
// one, and 16 bits of its index there.
type dictionary struct {
	lists [len(listNames)][]string
	slots []uint32
}

const (
	slotBits  = 17 // 131,072 slots for 85,000 words
	longest   = 24 // characters of a word; the longest of the lists has 22
	shortest  = 3  // two letters are found in anything
	hashBasis = 2166136261
	hashPrime = 16777619
)

// listNames are in the order of preference, if a word has the same rank in two.
var (
	listNames   = [...]string{"Passwords", "English", "FemaleNames", "MaleNames", "Surname"}
	listReasons = [...]reasons{hasCommonPassword, hasWord, hasName, hasName, hasName}
)

func newDictionary() dictionary {
	d := dictionary{slots: make([]uint32, 1<<slotBits)}
	for n, name := range listNames {
		list := frequency.Lists[name].List
		d.lists[n] = list[:min(len(list), 1<<16)]
		for i, word := range d.lists[n] {
			if len(word) >= shortest && len(word) <= longest {
				d.insert(word, n, i)
			}
		}
	}
	return d
}

// nextHash is one step of FNV-1a: the hash of a word continues that of its
// beginning, so all words that start at one character cost one pass.
func nextHash(h uint32, c byte) uint32 { return (h ^ uint32(c)) * hashPrime }

func slotOf(h uint32) (slot int, tag uint32) {
	return int(h * 0x9E3779B1 >> (32 - slotBits)), h << 19
}

func (d *dictionary) insert(word string, list, index int) {
	h := uint32(hashBasis)
	for _, c := range []byte(word) {
		h = nextHash(h, c)
	}
	at, tag := slotOf(h)
	for d.slots[at] != 0 {
		if l, i := d.entry(at); d.lists[l][i] == word {
			if i <= index {
				return
			}
			break
		}
		at = (at + 1) % len(d.slots)
	}
	d.slots[at] = tag | uint32(list+1)<<16 | uint32(index)
}

func (d *dictionary) entry(slot int) (list, index int) {
	return int(d.slots[slot]>>16&7) - 1, int(d.slots[slot] & 0xFFFF)
}

// rank returns the place of word, whose hash is h, in the list where it is most
// frequent, from 1.
func (d *dictionary) rank(word string, h uint32) (rank int, found reasons) {
	at, tag := slotOf(h)
	for ; d.slots[at] != 0; at = (at + 1) % len(d.slots) {
		if d.slots[at]>>19<<19 != tag {
			continue
		}
		if l, i := d.entry(at); d.lists[l][i] == word {
			return i + 1, listReasons[l]
		}
	}
	return 0, 0
}

// leet maps a character to the letters it is written for. Those that stand for
// either of two letters are told apart by the variant: bit 0 chooses for the
// first such pair of letters, bit 1 for the second.
type leet struct {
	letters [256]string
	pair    [256]int
	pairs   int
}

func newLeet() leet {
	var l leet
	for letter, symbols := range adjacency.GraphMap["l33t"].Graph {
		for _, s := range symbols {
			both := []byte(l.letters[s[0]] + letter)
			slices.Sort(both)
			l.letters[s[0]] = string(both)
		}
	}
	var pairs []string
	for c, letters := range l.letters {
		if len(letters) < 2 {
			continue
		}
		l.letters[c] = letters[:2]
		if !slices.Contains(pairs, letters) {
			pairs = append(pairs, letters)
		}
		l.pair[c] = slices.Index(pairs, letters)
	}
	l.pairs = min(len(pairs), 2) // at most four variants
	return l
}

// variants returns s with every leet character replaced, once for each choice
// that makes a difference, and nil if s has none.
func (l *leet) variants(s string) []string {
	var all []string
	for v := range 1 << l.pairs {
		out, changed := []byte(s), false
		for i, c := range out {
			switch letters := l.letters[c]; len(letters) {
			case 1:
				out[i], changed = letters[0], true
			case 2:
				out[i], changed = letters[v>>l.pair[c]&1], true
			}
		}
		if !changed {
			return nil
		}
		if variant := string(out); !slices.Contains(all, variant) {
			all = append(all, variant)
		}
	}
	return all
}

// keyboard says which keys are neighbours and in which direction.
type keyboard struct {
	next      [128][128]int8 // 0: no neighbours; else the direction from 1
	shifted   [128]bool
	positions float64 // keys to start from
	degree    float64 // neighbours of a key, on average
}

func newKeyboards() []keyboard {
	all := make([]keyboard, 0, 4)
	for _, name := range []string{"qwerty", "dvorak", "keypad", "macKeypad"} {
		graph := adjacency.GraphMap[name].Graph
		k := keyboard{positions: float64(len(graph))}
		for key, neighbours := range graph {
			for direction, n := range neighbours {
				for shift, c := range []byte(strings.TrimSpace(n)) {
					k.next[key[0]&127][c&127] = int8(direction + 1)
					k.shifted[c&127] = shift == 1
				}
				if n != "" {
					k.degree += 1 / k.positions
				}
			}
		}
		all = append(all, k)
	}
	return all
}
