// Package estimate tells how many guesses a password withstands, by what
// attackers try first.
//
// A password is the cheapest sequence of known patterns and of characters that
// none explains, as in zxcvbn (Wheeler, USENIX Security 2016). Its word lists are
// baked into words.bin, a trie that is searched where the linker put it: nothing is
// done at start-up and nothing stays on the heap. SOURCES.md says what is in it.
//
// Beyond zxcvbn, the package knows what people make passwords of in other
// languages than English (families.go), how they decorate it (affix.go), and what
// they do with the whole of it (reduce.go). [Estimator.Reference] leaves that out.
package estimate

import "time"

// Estimator estimates passwords. The zero Estimator is ready and safe for
// concurrent use.
type Estimator struct {
	// Now tells which years are near. If nil, time.Now.
	Now func() time.Time
	// Reference leaves only what zxcvbn looks for, for comparison with it.
	Reference bool
}

// Result is an estimate. It holds nothing of the password.
type Result struct {
	// Bits is the logarithm to base 2 of the guesses. It is finite.
	Bits float64
	// Why are the patterns found.
	Why Reasons
	// Weak names what the password mostly is.
	Weak Weakness
}

// maxRunes is how many characters are estimated at once.
const maxRunes = 64

// Estimate estimates a password: its first 64 characters and, of a longer one, its
// last 64, whichever withstand more guesses. Characters are what a person sees:
// marks and invisible characters do not count, and an emoji made of several is one.
// Of known, what an attacker may know of the owner, the first 128 values and parts
// count, 256 bytes of each. The cost is bounded, whatever the input.
func (e Estimator) Estimate(password string, known ...string) Result {
	now := e.Now
	if now == nil {
		now = time.Now
	}
	seen := fold(password)
	if len(seen) == 0 {
		return Result{Why: Short, Weak: FewCharacters}
	}
	in := &input{
		known:    newKnown(known),
		thisYear: now().Year(),
		families: !e.Reference,
	}
	best := in.estimate(seen[:min(len(seen), maxRunes)], maxReductions)
	if len(seen) > maxRunes {
		if tail := in.estimate(seen[len(seen)-maxRunes:], maxReductions); tail.bits > best.bits {
			best = tail
		}
	}
	why := best.why
	if why == 0 && best.bits < goodBits {
		why = Short
	}
	return Result{Bits: best.bits, Why: why, Weak: weakness(why, best.most.of)}
}

// goodBits is from when nothing is weak about a password.
const goodBits = 28

// input is what all parts of one estimate share.
type input struct {
	known    known
	thisYear int
	families bool
	matches  *matches // of the text at hand
	steps    int      // characters that were compared, of words
	texts    int      // that were estimated
}

// The bounds on the work of one estimate, whatever the input. Ordinary passwords
// take a tenth of it.
const (
	maxSteps = 15000
	maxTexts = 10
)

// spent reports whether there is nothing left to look words up with.
func (in *input) spent() bool { return in.steps >= maxSteps }

// outcome is what a text costs, and why it is no more.
type outcome struct {
	bits float64
	why  Reasons
	most mostly
}

// mostly is the longest pattern of a text.
type mostly struct {
	of     Reasons
	length int
}

// estimate returns the least that a text costs, as it is or as something simpler.
func (in *input) estimate(seen []rune, reductions int) outcome {
	best := in.direct(seen)
	if in.families && reductions > 0 && in.texts < maxTexts {
		best = in.reduced(seen, best, reductions)
	}
	return best
}

// direct estimates a text as it is.
func (in *input) direct(seen []rune) outcome {
	in.texts++
	m := in.matchesOf(seen)
	m.words()
	for k := range layouts {
		if in.families || layouts[k].reference {
			m.keyboard(&layouts[k])
		}
	}
	m.sequences()
	m.repeats()
	m.dates(in.thisYear)
	if in.families {
		m.phones()
		m.affixes()
	}
	m.blocks()
	return m.least()
}
