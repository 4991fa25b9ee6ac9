package pwpolicy

import (
	"context"
	"strings"
	"unicode"
)

// The bounds of Repeated.Max and Sequence.Max. Two consecutive characters are too
// common in any language to refuse a third of them all; beyond 63, a policy of 64
// characters would not notice.
const (
	minRun = 2
	maxRun = 63
)

func checkRun(max int) error {
	if max < minRun || max > maxRun {
		return paramError("max", "%d is not within %d to %d", max, minRun, maxRun)
	}
	return nil
}

// Repeated refuses more than Max consecutive occurrences of one character: "aaaa" with 3. It
// counts as a rule on composition, which SP 800-63B-4 §3.1.1.2 (5) forbids; a
// strength estimate judges repetition better.
type Repeated struct {
	Max int `json:"max"` // 2 to 63
}

// Validate reports a Max out of bounds.
func (r Repeated) Validate() error { return checkRun(r.Max) }

// Name is "repeated", as in the JSON form of a policy.
func (Repeated) Name() string { return "repeated" }

// Phase is [PhaseLocal].
func (Repeated) Phase() Phase { return PhaseLocal }

// Describe implements [Rule].
func (r Repeated) Describe() []Requirement {
	return []Requirement{{TooRepeated, map[string]any{"max": r.Max}}}
}

// Check implements [Rule].
func (r Repeated) Check(_ context.Context, c *Candidate) ([]Violation, error) {
	run, last := 0, rune(-1)
	for _, is := range c.Password() {
		if is != last {
			run, last = 0, is
		}
		if run++; run > r.Max {
			return []Violation{{TooRepeated, map[string]any{"max": r.Max}}}, nil
		}
	}
	return nil, nil
}

// Both returns the stricter of r and another Repeated.
func (r Repeated) Both(other Rule) (Rule, bool) {
	o, ok := other.(Repeated)
	return Repeated{min(r.Max, o.Max)}, ok
}

// Sequence refuses more than Max consecutive neighbours, forwards or backwards, in
// any case: with 3, "abcd" and "4321". Neighbours are letters or digits that follow each
// other in Unicode, which is the alphabet for most scripts; those of Chinese and Korean
// have no such order and are ignored. What is said of [Repeated] applies here too.
type Sequence struct {
	Max int `json:"max"` // 2 to 63
	// Keyboard also counts neighbours on a row of keys, "asdf": on the QWERTY, QWERTZ,
	// AZERTY and Russian layouts.
	Keyboard bool `json:"keyboard,omitempty"`
}

// Validate reports a Max out of bounds.
func (s Sequence) Validate() error { return checkRun(s.Max) }

// Name is "sequence", as in the JSON form of a policy.
func (Sequence) Name() string { return "sequence" }

// Phase is [PhaseLocal].
func (Sequence) Phase() Phase { return PhaseLocal }

// Describe implements [Rule].
func (s Sequence) Describe() []Requirement {
	return []Requirement{{TooSequential, map[string]any{"max": s.Max}}}
}

// Check implements [Rule].
func (s Sequence) Check(_ context.Context, c *Candidate) ([]Violation, error) {
	if longestRun(c.Password(), inAlphabet) > s.Max || s.Keyboard && longestRun(c.Password(), onKeyboard) > s.Max {
		return []Violation{{TooSequential, map[string]any{"max": s.Max}}}, nil
	}
	return nil, nil
}

// Both returns the stricter of s and another Sequence.
func (s Sequence) Both(other Rule) (Rule, bool) {
	o, ok := other.(Sequence)
	return Sequence{min(s.Max, o.Max), s.Keyboard || o.Keyboard}, ok
}

// longestRun is the length of the longest run of small letters and others of
// which each is next after the one before, or each next before it.
func longestRun(password string, next func(a, b rune) bool) int {
	longest, up, down, last := 0, 0, 0, rune(0)
	for _, r := range password {
		r = unicode.ToLower(r)
		if up++; !next(last, r) {
			up = 1
		}
		if down++; !next(r, last) {
			down = 1
		}
		longest = max(longest, up, down)
		last = r
	}
	return longest
}

// inAlphabet reports whether b is the letter or digit that follows a.
func inAlphabet(a, b rune) bool { return b == a+1 && hasOrder(a) && hasOrder(b) }

func hasOrder(r rune) bool {
	return unicode.IsDigit(r) || unicode.IsLetter(r) && !unicode.In(r, unicode.Han, unicode.Hangul)
}

// onKeyboard reports whether b is the key to the right of a.
func onKeyboard(a, b rune) bool { return a != b && strings.Contains(rows, string([]rune{a, b})) }

// rows are the rows of keys, apart by what no password has.
const rows = "1234567890\x00" +
	"qwertyuiop\x00asdfghjkl\x00zxcvbnm\x00" + // QWERTY
	"qwertzuiop\x00yxcvbnm\x00" + // QWERTZ
	"azertyuiop\x00qsdfghjklm\x00wxcvbn\x00" + // AZERTY
	"йцукенгшщзхъ\x00фывапролджэ\x00ячсмитьбю"
