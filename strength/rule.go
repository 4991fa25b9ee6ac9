package strength

import (
	"context"
	"fmt"

	"github.com/passwd-go/passwd"
)

// TooWeak is the code of a password that is too easy to guess. Its parameters
// are min_bits, a number, and reasons, a list of the strings of [Reason].
const TooWeak passwd.ViolationCode = "too_weak"

// RecommendedBits is what [Recommended] asks for: the bits of score 3.
const RecommendedBits = 28

// mostBits is as much as a password of a dozen random characters can show.
const mostBits = 64

// Rule judges a password by its estimate, with what is known about the account
// as user inputs.
type Rule struct {
	// MinBits is the least that is accepted, at most 64. If 0, the rule is advisory:
	// it refuses nothing, and what its Estimate says is there to be shown.
	MinBits float64 `json:"min_bits,omitempty"`
	// Meter estimates. The zero Meter is ready.
	Meter Meter `json:"-"`
}

// Recommended is the policy of [passwd.NIST] and an estimate of 28 bits or more.
func Recommended() passwd.Policy {
	p, err := passwd.NIST().With(Rule{MinBits: RecommendedBits})
	if err != nil {
		panic(err) // unreachable: a test makes it
	}
	return p
}

// Rules are the rules of this package for [passwd.ParsePolicy]:
//
//	"strength": {"min_bits": 28}
func Rules() passwd.RuleSet {
	return passwd.RuleSet{Rule{}.Name(): passwd.RuleOf[Rule]}
}

// Validate reports a minimum out of bounds.
func (r Rule) Validate() error {
	if !(r.MinBits >= 0 && r.MinBits <= mostBits) { // NaN is neither
		return &passwd.ParamError{Param: "min_bits", Problem: fmt.Sprintf("%v is not within 0 to %d", r.MinBits, mostBits)}
	}
	return nil
}

// Both returns the stricter of two strength rules.
func (r Rule) Both(other passwd.Rule) (passwd.Rule, bool) {
	o, ok := other.(Rule)
	if ok && o.MinBits > r.MinBits {
		return o, true
	}
	return r, ok
}

// Name is "strength", as in the JSON form of a policy.
func (Rule) Name() string { return "strength" }

// Phase is [passwd.PhaseEstimate].
func (Rule) Phase() passwd.Phase { return passwd.PhaseEstimate }

// Describe implements [passwd.Rule].
func (r Rule) Describe() []passwd.Requirement {
	if r.MinBits == 0 {
		return nil
	}
	return []passwd.Requirement{{Code: TooWeak, Params: map[string]any{"min_bits": r.MinBits}}}
}

// Score is that of the estimate; see [passwd.Scoring].
func (r Rule) Score(c *passwd.Candidate) int { return r.Estimate(c).Score }

// Check implements [passwd.Rule].
func (r Rule) Check(_ context.Context, c *passwd.Candidate) ([]passwd.Violation, error) {
	if r.MinBits == 0 {
		return nil, nil
	}
	estimate := r.Estimate(c)
	if estimate.Bits >= r.MinBits {
		return nil, nil
	}
	why := make([]string, len(estimate.Reasons))
	for i, reason := range estimate.Reasons {
		why[i] = string(reason)
	}
	return []passwd.Violation{{Code: TooWeak, Params: map[string]any{"min_bits": r.MinBits, "reasons": why}}}, nil
}

// Estimate is what the rule's meter says about a candidate.
func (r Rule) Estimate(c *passwd.Candidate) Result {
	a := c.Account()
	inputs := []string{a.Username, a.Email, a.Mobile}
	for _, p := range a.Personal {
		inputs = append(inputs, p.Value)
	}
	return r.Meter.Estimate(c.Password(), inputs...)
}
