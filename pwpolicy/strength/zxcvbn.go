// Package strength has the score of zxcvbn-go itself, for hosts that want the
// reference's own, beside or instead of the estimate of [pwpolicy.Strength]:
//
//	policy, err := pwpolicy.NIST().With(strength.Zxcvbn{MinScore: 3})
//
// Importing the package costs a program what zxcvbn-go costs it: 30 to 60
// milliseconds at its start to unpack word lists and keyboards, and 6 MB of memory
// for as long as it runs. Package pwpolicy alone costs neither.
package strength

import (
	"context"
	"fmt"

	"github.com/nbutton23/zxcvbn-go"

	"github.com/passwd-go/passwd/internal/estimate"
	"github.com/passwd-go/passwd/pwpolicy"
)

// maxScore is that of a password that zxcvbn calls very unguessable.
const maxScore = 4

// Zxcvbn is a rule that refuses passwords by the score of zxcvbn-go, which is a
// port of zxcvbn 1: its scores are lower than those of the zxcvbn 4 in browsers. It
// is immutable and safe for concurrent use.
type Zxcvbn struct {
	// MinScore is the least score that is accepted, 1 to 4. Required.
	MinScore int `json:"min_score,omitempty"`
	// InsecureScoreOnly, in the place of MinScore, makes a rule that refuses nothing: its
	// score is there to be shown.
	InsecureScoreOnly bool `json:"insecure_score_only,omitempty"`
}

// Rules are the rules of this package for [pwpolicy.Parse]:
//
//	"zxcvbn": {"min_score": 3}
func Rules() pwpolicy.RuleSet {
	return pwpolicy.RuleSet{Zxcvbn{}.Name(): pwpolicy.RuleOf[Zxcvbn]}
}

// Validate reports a minimum that is missing or out of bounds.
func (z Zxcvbn) Validate() error {
	switch {
	case z.InsecureScoreOnly && z.MinScore != 0:
		return &pwpolicy.ParamError{Param: "min_score", Problem: "is there with insecure_score_only, which takes its place"}
	case !z.InsecureScoreOnly && z.MinScore == 0:
		return &pwpolicy.ParamError{Param: "min_score", Problem: "is 0, so that nothing would be refused: give the least that is accepted, or insecure_score_only"}
	}
	if z.MinScore < 0 || z.MinScore > maxScore {
		return &pwpolicy.ParamError{Param: "min_score", Problem: fmt.Sprintf("%d is not within 0 to %d", z.MinScore, maxScore)}
	}
	return nil
}

// Both returns the stricter of two.
func (z Zxcvbn) Both(other pwpolicy.Rule) (pwpolicy.Rule, bool) {
	o, ok := other.(Zxcvbn)
	if ok && o.MinScore > z.MinScore {
		return o, true
	}
	return z, ok
}

// Name is "zxcvbn", as in the JSON form of a policy.
func (Zxcvbn) Name() string { return "zxcvbn" }

// Phase is [pwpolicy.PhaseEstimate].
func (Zxcvbn) Phase() pwpolicy.Phase { return pwpolicy.PhaseEstimate }

// Describe implements [pwpolicy.Rule].
func (z Zxcvbn) Describe() []pwpolicy.Requirement {
	if z.MinScore == 0 {
		return nil
	}
	return []pwpolicy.Requirement{{Code: pwpolicy.TooWeak, Params: map[string]any{"min_score": z.MinScore}}}
}

// Check implements [pwpolicy.Rule]. The violation has the parameter min_score.
func (z Zxcvbn) Check(_ context.Context, c *pwpolicy.Candidate) ([]pwpolicy.Violation, error) {
	if z.MinScore == 0 || z.Score(c) >= z.MinScore {
		return nil, nil
	}
	return []pwpolicy.Violation{{Code: pwpolicy.TooWeak, Params: map[string]any{"min_score": z.MinScore}}}, nil
}

// Score is zxcvbn-go's for the candidate, with what is known of the account as
// user inputs; see [Score] and [pwpolicy.Scoring].
func (z Zxcvbn) Score(c *pwpolicy.Candidate) int {
	s := c.Subject()
	var inputs []string
	for _, a := range s.Logins {
		inputs = append(inputs, a.Value)
	}
	for _, a := range s.Personal {
		inputs = append(inputs, a.Value)
	}
	return Score(c.Password(), append(inputs, s.Context...)...)
}

// The bounds on what zxcvbn-go is given. Its work grows with the length of the
// password and with the combinations of characters that may stand for letters: 64
// of these take a second, and 128 random ones take as long.
const (
	maxCharacters = 24
	maxLeet       = 5
	maxInputs     = 32
)

// Score returns zxcvbn-go's score, 0 to 4, of the beginning of a password: of its
// first 24 characters, and of fewer if more than 5 of these are among those that
// may stand for letters, such as "4" and "$". More characters could only make it
// stronger. Characters beyond ASCII count as symbols, one for each that a person
// sees. Of the inputs, which an attacker may know, the first 32 count.
func Score(password string, inputs ...string) int {
	text := beginning(estimate.Bytes(password, maxCharacters))
	var known []string
	for _, input := range inputs[:min(len(inputs), maxInputs)] {
		known = append(known, estimate.Bytes(input, maxCharacters))
	}
	return zxcvbn.PasswordStrength(text, known).Score
}

// beginning cuts a password before it has more leet characters than are looked at.
func beginning(s string) string {
	leet := 0
	for i := range len(s) {
		switch s[i] {
		case '4', '@', '8', '(', '{', '[', '<', '3', '6', '9', '1', '!', '|', '0', '$', '5', '+', '7', '%', '2':
			leet++
		}
		if leet > maxLeet {
			return s[:i]
		}
	}
	return s
}
