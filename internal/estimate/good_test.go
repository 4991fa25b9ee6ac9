package estimate_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// The bits that presets of package pwpolicy ask for: of 15 characters, and of 8.
const (
	longBits  = 25
	shortBits = 20
)

// goodWords are words of several languages, by language.
func goodWords(t testing.TB) map[string][]string {
	t.Helper()
	f, err := os.Open("testdata/words.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string][]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		language, words, _ := strings.Cut(lines.Text(), " ")
		all[language] = strings.Fields(strings.ReplaceAll(words, "\u3000", ""))
		if len(all[language]) < 100 {
			t.Fatalf("%s has %d words", language, len(all[language]))
		}
	}
	return all
}

// owners are five people and what is known of them.
var owners = [][]string{
	caseOwner,
	{"ada", "ada.lovelace@example.com", "15550000001", "Ada", "Lovelace", "1815-12-10"},
	{"xiaoming", "wang.xiaoming@example.cn", "+8613800138000", "小明", "王"},
	{"ipetrov", "ivan.petrov@example.ru", "+79161234567", "Иван", "Петров", "1990-01-31"},
	{"j", "jo@go.io", "", "Jo", "Li"},
}

// TestGoodPasswordsAreAccepted makes passwords as people are advised to: four
// words of a language, sixteen random characters, what password managers and
// Apple's devices suggest. At most 5 of 1,000 may be refused.
func TestGoodPasswordsAreAccepted(t *testing.T) {
	const each = 600
	rng := rand.New(rand.NewPCG(17, 25))
	random := func(alphabet string, n int) string {
		out := make([]byte, n)
		for i := range out {
			out[i] = alphabet[rng.IntN(len(alphabet))]
		}
		return string(out)
	}
	const lower, digits = "abcdefghijklmnopqrstuvwxyz", "0123456789"
	const letters = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	const printable = letters + digits + "!#$%&()*+,-./:;<=>?@[]^_{|}~"
	kinds := map[string]func() string{
		"16 random":      func() string { return random(printable, 16) },
		"16 letters":     func() string { return random(lower, 16) },
		"20 hexadecimal": func() string { return random("0123456789abcdef", 20) },
		"manager's":      func() string { return random(letters+digits, 18) },
		"Apple's":        func() string { return apple(rng) },
	}
	for language, words := range goodWords(t) {
		kinds["4 words, "+language] = func() string {
			parts := make([]string, 4)
			for i := range parts {
				parts[i] = words[rng.IntN(len(words))]
			}
			return strings.Join(parts, []string{" ", "-", ".", ""}[rng.IntN(4)])
		}
	}
	refused, all := 0, 0
	for name, make := range kinds {
		n := 0
		for range each {
			password := make()
			for utf8.RuneCountInString(password) < 15 {
				password = make()
			}
			for _, owner := range owners {
				all++
				if r := at2026.Estimate(password, owner...); r.Bits < longBits {
					n++
					t.Logf("%s: %q, %.1f bits, %s", name, password, r.Bits, r.Weak)
				}
			}
		}
		refused += n
		if n > each*len(owners)*5/1000 {
			t.Errorf("%s: %d of %d refused", name, n, each*len(owners))
		}
	}
	t.Logf("%d of %d refused", refused, all)
}

// apple makes a password such as Apple's devices suggest: "zuqxev-9vudfA-tyknin".
func apple(rng *rand.Rand) string {
	const consonants, vowels = "bcdfghjkmnpqrstvwxyz", "aeiouy"
	var b []byte
	for range 6 {
		b = append(b, consonants[rng.IntN(20)], vowels[rng.IntN(6)], consonants[rng.IntN(20)])
	}
	at := rng.IntN(18)
	b[at] = byte('0' + rng.IntN(10))
	up := (at + 1 + rng.IntN(17)) % 18
	b[up] -= 'a' - 'A'
	return fmt.Sprintf("%s-%s-%s", b[:6], b[6:12], b[12:])
}

// TestGoodShortPasswordsAreAccepted does so for what 8 characters can be.
func TestGoodShortPasswordsAreAccepted(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 20))
	for _, c := range []struct{ name, alphabet string }{
		{"letters", "abcdefghijklmnopqrstuvwxyz"},
		{"letters and digits", "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"},
		{"printable", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&()*+,-./:;<=>?@[]^_{|}~"},
	} {
		refused := 0
		for range 2000 {
			out := make([]byte, 8)
			for i := range out {
				out[i] = c.alphabet[rng.IntN(len(c.alphabet))]
			}
			if r := at2026.Estimate(string(out), owners[0]...); r.Bits < shortBits {
				refused++
			}
		}
		if refused > 20 {
			t.Errorf("8 %s: %d of 2000 refused", c.name, refused)
		}
	}
}

// TestWorksWithMoreAreAccepted holds that a title or a phrase does no harm in a
// password that has more.
func TestWorksWithMoreAreAccepted(t *testing.T) {
	for _, password := range []string{
		"Hamlet ate seven purple radishes", "starwars toaster meadow quilt", "beatles-7fK2pQx9LmZw", "imagine nine slippery walnuts",
		"my otter watches Casablanca on Tuesdays", "lovelace-7fK2pQx9LmZw", "Winnetou kauft dreizehn Lampen", "le petit prince mange une lanterne verte",
		"password manager of seven goats", "correct horse battery staple and a green teapot", "春天的河水带走了旧船票", "maria-otter-lamp",
	} {
		if r := at2026.Estimate(password, caseOwner...); r.Bits < longBits {
			t.Errorf("%q: %.1f bits, %s", password, r.Bits, r.Weak)
		}
	}
}
