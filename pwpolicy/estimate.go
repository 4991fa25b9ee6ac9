package pwpolicy

import (
	"slices"
	"time"

	"github.com/passwd-go/passwd/internal/estimate"
)

// Estimate is how many guesses a password withstands. It holds nothing of the
// password and can be shown to whoever typed it.
type Estimate struct {
	// Score is 0 (guessed at once) to 4 (very strong): how many of 10, 21, 28 and 38
	// the bits reach. 3 and more is good.
	Score int `json:"score"`
	// Bits is the logarithm to base 2 of the guesses that an attacker needs who
	// knows how people choose passwords. It is finite.
	Bits float64 `json:"bits"`
	// Weak names what the password mostly is, below a score of 3, "" from there on:
	// "personal", "common_password", "common_word", "name", "famous_phrase",
	// "keyboard_walk", "sequence", "repetition", "date", "known_number" or
	// "few_characters". Words, names, phrases, common passwords and walks may have
	// "_with_year", "_with_digits" or "_with_symbols" behind them. These are API:
	// never renamed, but there may be more.
	Weak string `json:"weak,omitempty"`
	// Reasons are the patterns that were found, never nil.
	Reasons []Reason `json:"reasons"`
	// Feedback is what would help, never nil, and empty from a score of 3.
	Feedback []Advice `json:"feedback"`
}

// Reason names a pattern that makes a password easy to guess. Reasons are API:
// never renamed.
type Reason string

// The reasons, in the order in which an estimate lists them.
const (
	ReasonCommonPassword Reason = "common_password" // in a list of the most common passwords
	ReasonPersonal       Reason = "personal"        // what is known about its owner, or a part of it
	ReasonWord           Reason = "word"            // of a language, a title, a place, a brand
	ReasonName           Reason = "name"            // a given name or surname
	ReasonSubstitutions  Reason = "substitutions"   // of which letters were replaced, "p4ssw0rd"
	ReasonReversed       Reason = "reversed"        // written backwards
	ReasonKeyboard       Reason = "keyboard"        // neighbouring keys
	ReasonSequence       Reason = "sequence"        // "abcdef", "97531"
	ReasonRepeat         Reason = "repeat"          // "aaaa", "abcabc"
	ReasonDate           Reason = "date"            // a date or a year
	ReasonShort          Reason = "short"           // too few characters, whatever they are
)

// Advice names what would make a password harder to guess. Advice is API: never
// renamed.
type Advice string

// The advice, in the order in which an estimate lists it.
const (
	AddWords           Advice = "add_words"           // another word or two, uncommon ones
	AvoidCommon        Advice = "avoid_common"        // common passwords, single words and names
	AvoidPersonal      Advice = "avoid_personal"      // what is known about oneself
	AvoidSubstitutions Advice = "avoid_substitutions" // "@" for "a" helps little
	AvoidReversal      Advice = "avoid_reversal"      // words backwards help little
	AvoidKeyboard      Advice = "avoid_keyboard"      // rows and columns of keys
	AvoidSequences     Advice = "avoid_sequences"
	AvoidRepeats       Advice = "avoid_repeats"
	AvoidDates         Advice = "avoid_dates" // dates and years
)

// patterns are what package estimate finds, in words of the API.
var patterns = [...]struct {
	of     estimate.Reasons
	reason Reason
	advice Advice
}{
	{estimate.CommonPassword, ReasonCommonPassword, AvoidCommon},
	{estimate.Personal, ReasonPersonal, AvoidPersonal},
	{estimate.Word | estimate.Term | estimate.Phrase, ReasonWord, AvoidCommon},
	{estimate.Name, ReasonName, AvoidCommon},
	{estimate.Substitutions, ReasonSubstitutions, AvoidSubstitutions},
	{estimate.Reversed, ReasonReversed, AvoidReversal},
	{estimate.Keyboard, ReasonKeyboard, AvoidKeyboard},
	{estimate.Sequence | estimate.Number, ReasonSequence, AvoidSequences},
	{estimate.Repeat, ReasonRepeat, AvoidRepeats},
	{estimate.Date | estimate.Year, ReasonDate, AvoidDates},
	{estimate.Short, ReasonShort, AddWords},
}

// good is the score from which a password gets no feedback.
const good = 3

// scoreBits are the bits at which the score rises. They are fitted to the score of
// the JavaScript zxcvbn 4.
var scoreBits = [...]float64{10, 21, RecommendedBits, 38}

// EstimateOf estimates a password as [Candidate.Estimate] does. Known is what an
// attacker may know of its owner: names, addresses, the name of the service.
func EstimateOf(password string, known ...string) Estimate {
	return newEstimate(estimate.Estimator{}, password, known)
}

// Estimate estimates the password with what is known about the account. It reads
// text in NFKC, without marks, diacritics of Latin letters and invisible
// characters, and looks at the first 64 characters and, of a longer password, at
// the last 64.
func (c *Candidate) Estimate() Estimate {
	if c.estimated == nil {
		s := c.subject
		var known []string
		for _, a := range slices.Concat(s.Logins, s.Personal) {
			known = append(known, a.Value)
		}
		by := estimate.Estimator{}
		if !s.Now.IsZero() {
			by.Now = func() time.Time { return s.Now }
		}
		e := newEstimate(by, c.password, append(known, s.Context...))
		c.estimated = &e
	}
	return *c.estimated
}

func newEstimate(by estimate.Estimator, password string, known []string) Estimate {
	found := by.Estimate(password, known...)
	e := Estimate{Bits: found.Bits, Reasons: []Reason{}, Feedback: []Advice{}}
	for _, least := range scoreBits {
		if e.Bits >= least {
			e.Score++
		}
	}
	tell := func(a Advice) {
		if e.Score < good && !slices.Contains(e.Feedback, a) {
			e.Feedback = append(e.Feedback, a)
		}
	}
	if e.Score < good {
		e.Weak = string(found.Weak)
	}
	tell(AddWords)
	for _, p := range patterns {
		if found.Why&p.of != 0 {
			e.Reasons = append(e.Reasons, p.reason)
			tell(p.advice)
		}
	}
	return e
}
