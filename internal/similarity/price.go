package similarity

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/passwd-go/passwd/internal/fold"
)

// What the unmarked rest of a password costs, and how much of it there may be.
const (
	maxPrice    = 3.0
	minCoverage = 0.3
	minNumeric  = 0.5 // if no letter is marked: numbers meet by chance
	priceLetter = 1.0
	priceOther  = 0.25 // a digit or symbol
	priceKnown  = 0.5  // a whole word, year or count

	// Digits and symbols beyond these cost as much as letters, and changes between
	// letters, digits and symbols ½: that many are not a suffix but a password.
	cheapDigits  = 8
	cheapSymbols = 4
	cheapChanges = 4
)

// cut folds a password and cuts it to maxRunes. The characters beyond cost what
// is new in them: repeating a name does not make a password, forty random
// characters behind a name do.
func cut(password string) (text []rune, tail float64) {
	text, rest := fold.Base(password, maxRunes)
	if len(text) > maxRunes { // the last character was several
		text = text[:maxRunes]
	}
	if rest == "" {
		return text, 0
	}
	var ascii [utf8.RuneSelf]bool
	wide := map[rune]bool{}
	fresh := func(r rune) bool {
		if r < utf8.RuneSelf {
			was := ascii[r]
			ascii[r] = true
			return !was
		}
		was := wide[r]
		wide[r] = true
		return !was
	}
	for _, r := range text {
		fresh(r)
	}
	for _, r := range rest {
		r = unicode.ToLower(r)
		if tail > maxPrice {
			break
		}
		switch {
		case !fresh(r):
		case unicode.IsLetter(r):
			tail += priceLetter
		default:
			tail += priceOther
		}
	}
	return text, tail
}

// refuses prices what is not marked.
func (c *comparison) refuses() bool {
	c.discount()
	marked := c.marked.count()
	if marked == 0 {
		return false
	}
	letters := false
	for i, r := range c.text {
		letters = letters || c.marked.has(i) && !unicode.IsDigit(r)
	}
	sum, rest := c.rest()
	coverage := float64(marked) / float64(marked+rest)
	if !letters && coverage < minNumeric {
		return false
	}
	return coverage >= minCoverage && sum+c.tail <= maxPrice
}

// rest returns what the unmarked characters cost and how many of them there are,
// those that mean nothing not counted.
func (c *comparison) rest() (sum float64, count int) {
	var digits, symbols []rune
	var numbers [][]rune
	changes := 0 // from one kind of characters to another
	for i := 0; i < len(c.text); {
		if c.marked.has(i) {
			i++
			continue
		}
		segment := c.segment(i)
		switch r := segment[0]; {
		case unicode.IsLetter(r):
			if c.trivialAt(i, i+len(segment)) || counting(segment) {
				sum += priceKnown
				break
			}
			sum += priceLetter * float64(len(segment))
			count += len(segment)
			changes++
		case unicode.IsDigit(r):
			if len(segment) == 1 && slices.Contains(digits, r) {
				break // "s9m9i9t9h9"
			}
			digits = append(digits, segment...)
			numbers = append(numbers, segment)
			changes++
		default:
			for _, r := range segment {
				// Separators add nothing, nor does the same symbol again.
				if !strings.ContainsRune(" .-_", r) && !slices.Contains(symbols, r) {
					symbols = append(symbols, r)
					changes++
				}
			}
		}
		i += len(segment)
	}
	if counting(digits) { // "j1o2h3n4" as well
		return sum + priceKnown + price(symbols, cheapSymbols), count + len(symbols)
	}
	digits = digits[:0]
	for _, n := range numbers {
		if counting(n) || year(n) {
			sum += priceKnown
			continue
		}
		digits = append(digits, n...)
	}
	sum += price(digits, cheapDigits) + price(symbols, cheapSymbols) + priceKnown*float64(max(0, changes-cheapChanges))
	return sum, count + len(digits) + len(symbols)
}

// price returns what digits or symbols cost, the first cheap ones little.
func price(s []rune, cheap int) float64 {
	return priceOther*float64(min(len(s), cheap)) + priceLetter*float64(max(0, len(s)-cheap))
}

// trivialAt reports whether the unmarked letters from one position up to another
// are trivial words, or were before a token took their first or last letters:
// "johnsmith" takes the s of "is john smith".
func (c *comparison) trivialAt(from, to int) bool {
	if trivialWord(c.text[from:to]) {
		return true
	}
	if to-from > 12 {
		return false
	}
	for a := from; a >= max(0, from-3) && (a == from || unicode.IsLetter(c.text[a])); a-- {
		for b := to; b <= min(len(c.text), to+3) && (b == to || unicode.IsLetter(c.text[b-1])); b++ {
			if trivial(string(c.text[a:b])) {
				return true
			}
		}
	}
	return false
}

// segment returns the unmarked characters of one kind from i on.
func (c *comparison) segment(i int) []rune {
	kind := func(r rune) int {
		switch {
		case unicode.IsLetter(r):
			return 1
		case unicode.IsDigit(r):
			return 2
		}
		return 3
	}
	end := i + 1
	for end < len(c.text) && !c.marked.has(end) && kind(c.text[end]) == kind(c.text[i]) {
		end++
	}
	return c.text[i:end]
}

// counting reports whether three or more characters are the same or count up or
// down: "111", "1234567890", "cba".
func counting(s []rune) bool {
	if len(s) < 3 {
		return false
	}
	step := s[1] - s[0]
	if step < -1 || step > 1 {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i]-s[i-1] != step && !(s[i-1] == '9' && s[i] == '0') {
			return false
		}
	}
	return true
}

func year(s []rune) bool {
	return len(s) == 4 && (s[0] == '1' && s[1] == '9' || s[0] == '2' && s[1] == '0')
}

// maxTrivial is the longest run of letters that trivialWord looks at.
const maxTrivial = 20

// trivialWord reports whether letters are up to four of the words that people put
// beside a name to make it longer, "mynameis".
func trivialWord(s []rune) bool { return len(s) <= maxTrivial && trivialWords(string(s), 4) }

func trivialWords(w string, most int) bool {
	if trivial(w) {
		return true
	}
	for i := range w {
		if i > 0 && most > 1 && trivial(w[:i]) && trivialWords(w[i:], most-1) {
			return true
		}
	}
	return false
}

func trivial(w string) bool {
	switch w {
	case "i", "am", "im", "iam", "me", "my", "its", "is", "name", "and", "the", "not", "love", "loves", "like", "you", "ilove", "iloveyou",
		"hi", "hey", "hello", "welcome", "mr", "mrs", "ms", "dr", "king", "queen", "team", "forever", "rocks", "rules", "best", "cool",
		"pass", "password", "passwort", "passwd", "pwd", "pw", "passphrase", "login", "secret", "access", "admin", "user", "test", "temp", "change", "changeme",
		"ich", "bin", "mein", "hallo", "willkommen", "je", "suis", "mon", "ma", "bonjour", "hola", "yo", "soy", "mi", "ciao", "sono", "ik", "ben", "mijn", "welkom",
		"qwe", "qwer", "qwert", "qwerty", "qwertz", "azerty", "asd", "asdf", "asdfgh", "zxc", "zxcv", "zxcvbn", "qaz", "wsx", "qazwsx",
		"abc", "xyz", "xx", "xxx", "www", "com", "net", "org", "inc", "corp", "ltd", "llc", "gmbh", "http", "https", "mail", "email", "web", "site", "online", "app",
		"spring", "summer", "autumn", "fall", "winter", "january", "february", "march", "april", "may", "june", "july", "august",
		"september", "october", "november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
		"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday":
		return true
	}
	return false
}
