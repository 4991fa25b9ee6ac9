package pwpolicy

import (
	"context"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Classes asks for a minimum number of characters of each class, by their Unicode
// categories. A letter without case, as in Arabic or Chinese, counts as both upper
// and lower, so nobody is asked for what their script lacks. SP 800-63B-4 §3.1.1.2
// (5) forbids such rules (P5); see [Conventional].
type Classes struct {
	Upper  int `json:"upper,omitempty"` // 0: none required; so for the others
	Lower  int `json:"lower,omitempty"`
	Digit  int `json:"digit,omitempty"`
	Symbol int `json:"symbol,omitempty"` // neither letter nor digit
}

// maxAsked is how many characters of certain kinds may be asked for in all: what
// still leaves the rest of 64 characters to choose.
const maxAsked = 64

type classMin struct {
	class string
	min   int
}

func (m classMin) params() map[string]any { return map[string]any{"class": m.class, "min": m.min} }

func (l Classes) each() [4]classMin {
	return [4]classMin{{"upper", l.Upper}, {"lower", l.Lower}, {"digit", l.Digit}, {"symbol", l.Symbol}}
}

// sum is how many characters are asked for in all. A caseless letter counts for
// two classes, yet nobody has to use one.
func (l Classes) sum() int { return l.Upper + l.Lower + l.Digit + l.Symbol }

// Validate reports counts out of bounds, and a rule that asks for nothing.
func (l Classes) Validate() error {
	for _, m := range l.each() {
		if m.min < 0 || m.min > maxAsked {
			return paramError(m.class, "%d is not within 0 to %d", m.min, maxAsked)
		}
	}
	switch sum := l.sum(); {
	case sum == 0:
		return paramError("upper", "is 0, and so are lower, digit and symbol: leave the rule out")
	case sum > maxAsked:
		return paramError("upper", "with lower, digit and symbol, %d characters are asked for, more than %d", sum, maxAsked)
	}
	return nil
}

// Name is "classes", as in the JSON form of a policy.
func (Classes) Name() string { return "classes" }

// Phase is [PhaseLocal].
func (Classes) Phase() Phase { return PhaseLocal }

// Describe implements [Rule].
func (l Classes) Describe() []Requirement {
	var all []Requirement
	for _, m := range l.each() {
		if m.min > 0 {
			all = append(all, Requirement{MissingClass, m.params()})
		}
	}
	return all
}

// Check implements [Rule].
func (l Classes) Check(_ context.Context, c *Candidate) ([]Violation, error) {
	var has Classes
	for _, r := range c.Password() {
		has.add(r)
	}
	var found []Violation
	counts := has.each()
	for i, m := range l.each() {
		if counts[i].min < m.min {
			found = append(found, Violation{MissingClass, m.params()})
		}
	}
	return found, nil
}

// add counts a character to its class. A combining mark belongs to the one before.
func (l *Classes) add(r rune) {
	switch {
	case unicode.IsUpper(r), unicode.IsTitle(r):
		l.Upper++
	case unicode.IsLower(r):
		l.Lower++
	case unicode.IsLetter(r):
		l.Upper++
		l.Lower++
	case unicode.IsDigit(r):
		l.Digit++
	case !unicode.IsMark(r):
		l.Symbol++
	}
}

// Both returns the rule that asks for what l and another Classes ask for.
func (l Classes) Both(other Rule) (Rule, bool) {
	o, ok := other.(Classes)
	return Classes{max(l.Upper, o.Upper), max(l.Lower, o.Lower), max(l.Digit, o.Digit), max(l.Symbol, o.Symbol)}, ok
}

// NotNumeric refuses passwords of nothing but digits, in any script, and the
// spaces and punctuation that dates and phone numbers are written with.
// SP 800-63B-4 §3.1.1.2 (5) speaks against it, like all rules on composition.
type NotNumeric struct{}

// Name is "not_numeric", as in the JSON form of a policy.
func (NotNumeric) Name() string { return "not_numeric" }

// Phase is [PhaseLocal].
func (NotNumeric) Phase() Phase { return PhaseLocal }

// Describe implements [Rule].
func (NotNumeric) Describe() []Requirement { return []Requirement{{Numeric, nil}} }

// Check implements [Rule].
func (NotNumeric) Check(_ context.Context, c *Candidate) ([]Violation, error) {
	digits := false
	for _, r := range c.Password() {
		switch {
		case unicode.IsDigit(r):
			digits = true
		case strings.ContainsRune(dialled, r):
		case r < unicode.MaxASCII || !numeric(r):
			return nil, nil
		default:
			digits = true
		}
	}
	if !digits {
		return nil, nil
	}
	return []Violation{{Numeric, nil}}, nil
}

// dialled is what dates and phone numbers are written with.
const dialled = " .-/+()"

// numeric reports whether a character is another form of digits: "²", "⑫".
func numeric(r rune) bool {
	return strings.Trim(norm.NFKC.String(string(r)), dialled+"0123456789\u2044") == ""
}
