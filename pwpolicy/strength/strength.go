package strength

import "time"

// cuts are the bits at which the score rises. They are fitted to the score of
// the JavaScript zxcvbn 4, which a page may show.
var cuts = [...]float64{10, 21, 28, 38}

// good is the score from which a password gets no feedback.
const good = 3

// Meter estimates passwords. The zero Meter is ready; it is safe for concurrent
// use.
type Meter struct {
	// Now tells which years are near. If nil, time.Now.
	Now func() time.Time
}

// Result is what a [Meter] makes of a password. It holds nothing of the password
// and can be shown to whoever typed it.
type Result struct {
	// Score is 0 (guessed at once) to 4 (very strong): how many of 10, 21, 28 and 38
	// the bits reach. 3 and more is good.
	Score int `json:"score"`
	// Bits is the logarithm to base 2 of the guesses that an attacker needs who
	// knows how people choose passwords. It is finite.
	Bits float64 `json:"bits"`
	// Reasons are the patterns that were found, never nil.
	Reasons []Reason `json:"reasons"`
	// Feedback is what would help, never nil, and empty from a score of 3.
	Feedback []Advice `json:"feedback"`
}

// Estimate estimates a password by the zero [Meter].
func Estimate(password string, userInputs ...string) Result {
	return Meter{}.Estimate(password, userInputs...)
}

// Estimate estimates the first 64 characters of a password. User inputs are what
// an attacker may know: names, addresses, the name of the service. The first 128
// of them and of their parts count, 256 bytes of each.
func (m Meter) Estimate(password string, userInputs ...string) Result {
	now := m.Now
	if now == nil {
		now = time.Now
	}
	var f folder
	found := matches{password: f.fold(password, maxBytes)}
	if found.password == "" {
		return newResult(0, 0)
	}
	t := shared()
	found.words(t, ownWords(&f, userInputs))
	for k := range t.keyboards {
		found.keyboard(&t.keyboards[k])
	}
	found.sequences()
	found.repeats()
	found.dates(now().Year())
	found.blocks()
	return newResult(found.least())
}
