package estimate_test

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/nbutton23/zxcvbn-go/adjacency"
	"github.com/nbutton23/zxcvbn-go/frequency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/passwd-go/passwd/internal/estimate"
)

// TestWordsAreThoseOfThePackage compares the baked words with the lists of
// zxcvbn-go: every word has its best rank, and there are no others.
func TestWordsAreThoseOfThePackage(t *testing.T) {
	type place struct {
		list byte
		rank int
	}
	want := map[string]place{}
	for n, name := range []string{"Passwords", "English", "FemaleNames", "MaleNames", "Surname"} {
		list := frequency.Lists[name].List
		if len(list) < 900 {
			t.Fatalf("%s has %d words", name, len(list))
		}
		for i, word := range list {
			word = strings.ToLower(word)
			if p, known := want[word]; !known || i+1 < p.rank {
				want[word] = place{byte(n), i + 1}
			}
		}
	}
	found := 0
	estimate.Ranked(func(word string, list byte, rank int) {
		if found++; want[word] != (place{list, rank}) {
			t.Errorf("%q is number %d of list %d, want %v", word, rank, list, want[word])
		}
	})
	if found != len(want) || found < 80000 {
		t.Errorf("%d words, want %d", found, len(want))
	}
}

func TestPricedWords(t *testing.T) {
	kinds := map[byte]int{}
	estimate.Priced(func(word string, kind byte, bits float64) {
		if kinds[kind]++; bits < 1 || bits > 20 || kind > 7 {
			t.Errorf("%q: kind %d, %.1f bits", word, kind, bits)
		}
	})
	for kind, least := range []int{10000, 15000, 2500, 9000, 1500, 500, 1500, 100} {
		if kinds[byte(kind)] < least {
			t.Errorf("%d words of kind %d, want %d or more", kinds[byte(kind)], kind, least)
		}
	}
}

// TestKeyboardsAreThoseOfThePackage compares which keys are neighbours.
func TestKeyboardsAreThoseOfThePackage(t *testing.T) {
	estimate.Keyboards(func(name string, positions, degree float64, neighbours func(a, b byte) bool) {
		graph := adjacency.GraphMap[name].Graph
		beside := map[[2]byte]bool{}
		links := 0.0
		for key, all := range graph {
			for _, n := range all {
				if n != "" {
					links++
				}
				for _, c := range []byte(strings.TrimSpace(n)) {
					beside[[2]byte{key[0], c}] = true
				}
			}
		}
		if positions != float64(len(graph)) || math.Abs(degree-links/positions) > 1e-9 {
			t.Errorf("%s: %g positions of degree %g, want %d and %g", name, positions, degree, len(graph), links/float64(len(graph)))
		}
		for a := byte(' '); a < 0x7F; a++ {
			for b := byte(' '); b < 0x7F; b++ {
				if neighbours(a, b) != beside[[2]byte{a, b}] {
					t.Errorf("%s: %q beside %q: %t", name, a, b, neighbours(a, b))
				}
			}
		}
	})
}

// TestWordsAreSmall holds the bound on what the package adds to a program, and
// that SOURCES.md tells its size.
func TestWordsAreSmall(t *testing.T) {
	if estimate.Size() > 1_400_000 {
		t.Errorf("%d bytes", estimate.Size())
	}
	text, err := os.ReadFile("SOURCES.md")
	if err != nil {
		t.Fatal(err)
	}
	if size := message.NewPrinter(language.English).Sprintf("%d", estimate.Size()); !strings.Contains(string(text), size+" bytes") {
		t.Errorf("SOURCES.md does not say %s bytes", size)
	}
}
