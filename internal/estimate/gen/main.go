// Command gen writes words.bin, the words that package estimate looks for, from
//
//   - the frequency lists of github.com/nbutton23/zxcvbn-go, at the version of go.mod
//   - the lists in gen/lists, which are this module's own
//   - names of countries in CLDR, by way of golang.org/x/text
//   - words, names and passwords of the packages @zxcvbn-ts/language-…
//
// The last are read from the archives that npm pack writes:
//
//	go run ./internal/estimate/gen -ts DIRECTORY -o internal/estimate/words.bin
//
// The output depends on nothing else.
package main

import (
	"embed"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nbutton23/zxcvbn-go/frequency"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/passwd-go/passwd/internal/estimate"
)

//go:embed lists
var lists embed.FS

// The kinds of words, as package estimate numbers them.
const (
	kindPassword = iota
	kindWord
	kindName
	kindTerm
	kindPhrase
	kindNumber
	kindSeries
	kindFiller
)

func main() {
	log.SetFlags(0)
	ts := flag.String("ts", ".", "directory with the archives of @zxcvbn-ts/language-…, as npm pack writes them")
	out := flag.String("o", "words.bin", "file to write")
	flag.Parse()
	data, err := build(*ts)
	if err == nil {
		err = os.WriteFile(*out, data, 0o644)
	}
	if err != nil {
		log.Fatal("gen: ", err)
	}
	fmt.Println(len(data), "bytes")
}

// builder collects words.
type builder struct{ root node }

func build(ts string) ([]byte, error) {
	var b builder
	b.ranked()
	b.mistyped()
	if err := b.own(); err != nil {
		return nil, err
	}
	b.countries()
	if err := b.packages(ts); err != nil {
		return nil, err
	}
	return b.root.encode(nil), nil
}

// ranked adds the lists of zxcvbn-go, each word by the list where it is most
// frequent.
func (b *builder) ranked() {
	for n, name := range []string{"Passwords", "English", "FemaleNames", "MaleNames", "Surname"} {
		for i, word := range frequency.Lists[name].List {
			if e := b.root.insert(strings.ToLower(word)); e.rank == 0 || i+1 < e.rank {
				e.list, e.rank = byte(n), i+1
			}
		}
	}
}

// mistypedBits is what the keys of another layout cost.
const mistypedBits = 2

// mistyped adds the commonest passwords as they come out on a keyboard of another
// layout than that of the person's habit: "pqssword", "qwerty" as "',.pyf".
func (b *builder) mistyped() {
	const plain = "qwertyuiop[]asdfghjkl;'zxcvbnm,./-"
	for _, other := range []string{
		"azertyuiop^$qsdfghjklmuwxcvbn,;:!)", // AZERTY
		"qwertzuiopu+asdfghjkloayxcvbnm,.-s", // QWERTZ
		"',.pyfgcrl/=aoeuidhtns-;qjkxbmwvz[", // Dvorak
	} {
		for i, word := range frequency.Lists["Passwords"].List[:600] {
			typed := strings.Map(func(r rune) rune {
				if at := strings.IndexRune(plain, r); at >= 0 {
					return rune(other[at])
				}
				return r
			}, strings.ToLower(word))
			if typed != strings.ToLower(word) && len(word) >= leastLetters {
				b.one(kindPassword, math.Log2(float64(i+16))+mistypedBits, typed)
			}
		}
	}
}

// add adds a word of a kind, which costs so many bits, in the spellings that it
// has: "müller" and "mueller", "пароль" and "gfhjkm".
func (b *builder) add(kind byte, bits float64, word string) {
	word = strings.ToLower(strings.TrimSpace(word))
	spellings := []string{word}
	if umlauts := strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "å", "aa", "ø", "oe").Replace(word); umlauts != word {
		spellings = append(spellings, umlauts)
	}
	for _, s := range spellings {
		folded := joined(estimate.Folded(s))
		b.one(kind, bits, folded)
		if typed, ok := estimate.Typed(folded); ok {
			b.one(kind, bits+1, typed)
		}
	}
}

// joined returns the letters and digits of a phrase.
func joined(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return r
		}
		return -1
	}, s)
}

const (
	mostLetters   = 60
	shortPhrase   = 7   // up to so many letters, a title is just a word
	leastBits     = 1.0 // of anything
	commonWords   = 3000
	leastLetters  = 4
	commonNames   = 400
	passwordCount = 15000
)

func (b *builder) one(kind byte, bits float64, word string) {
	n := utf8.RuneCountInString(word)
	if n == 0 || n > mostLetters || n == 1 && word[0] < utf8.RuneSelf {
		return
	}
	if kind == kindPhrase && n <= shortPhrase && word[0] < utf8.RuneSelf {
		kind = kindTerm
	}
	bits = max(bits, leastBits)
	if e := b.root.insert(word); e.price == 0 || bits < e.price {
		e.kind, e.price = kind, bits
	}
}

// own adds the lists of this module.
func (b *builder) own() error {
	files, err := lists.ReadDir("lists")
	if err != nil {
		return err
	}
	for _, f := range files {
		data, err := lists.ReadFile(path.Join("lists", f.Name()))
		if err != nil {
			return err
		}
		lines := strings.Split(string(data), "\n")
		switch f.Name() {
		case "series.txt":
			b.series(lines)
		case "numbers.txt":
			b.numbers(lines)
		default:
			if err := b.words(lines); err != nil {
				return fmt.Errorf("%s: %w", f.Name(), err)
			}
		}
	}
	return nil
}

// words adds lists of words that commas separate, under heads such as "= term 5".
func (b *builder) words(lines []string) error {
	kinds := map[string]byte{"password": kindPassword, "word": kindWord, "name": kindName, "term": kindTerm, "phrase": kindPhrase, "filler": kindFiller}
	kind, bits := byte(0), 0.0
	for n, line := range lines {
		if head, ok := strings.CutPrefix(line, "="); ok {
			fields := strings.Fields(head)
			if len(fields) != 2 {
				return fmt.Errorf("line %d", n+1)
			}
			k, known := kinds[fields[0]]
			price, err := strconv.ParseFloat(fields[1], 64)
			if err != nil || !known {
				return fmt.Errorf("line %d: %q", n+1, line)
			}
			kind, bits = k, price
			continue
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		for word := range strings.SplitSeq(line, ",") {
			b.add(kind, bits, word)
		}
	}
	return nil
}

// series adds runs of what has an order, from the first member and from others.
func (b *builder) series(lines []string) {
	for _, line := range lines {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		members := strings.Split(line, ",")
		for from := range members {
			for to := from + 2; to <= min(len(members), from+10); to++ {
				bits := 6 + math.Log2(float64(to-from))
				if from > 0 {
					bits += 2
				}
				run := strings.Join(members[from:to], "")
				b.add(kindSeries, bits, strings.ReplaceAll(run, " ", ""))
			}
		}
	}
}

// numbers adds what known numbers begin with.
func (b *builder) numbers(lines []string) {
	for _, line := range lines {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for n := min(5, len(line)); n <= min(len(line), 40); n++ {
			b.one(kindNumber, 7, line[:n])
		}
	}
}

// countries adds names of countries and of languages.
func (b *builder) countries() {
	tongues := strings.Fields("ar de en es fr he it ja nl pt ru uk pl cs sk tr el hu ro sv da nb fi id vi ko zh hr sr bg fa hi")
	for _, tag := range tongues {
		t := language.MustParse(tag)
		regions, languages := display.Regions(t), display.Languages(t)
		if regions == nil || languages == nil {
			continue
		}
		for first := 'A'; first <= 'Z'; first++ {
			for second := 'A'; second <= 'Z'; second++ {
				region, err := language.ParseRegion(string([]rune{first, second}))
				if err == nil && region.IsCountry() {
					b.country(regions.Name(region))
				}
			}
		}
		for _, other := range tongues {
			b.country(languages.Name(language.MustParse(other)))
		}
	}
}

func (b *builder) country(name string) {
	if n := utf8.RuneCountInString(name); name != "" && n <= 24 && (n >= leastLetters || name[0] >= utf8.RuneSelf) {
		b.add(kindTerm, 7, name)
	}
}
