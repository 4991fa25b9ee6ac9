package strength

import (
	"context"
	"fmt"
	"slices"

	"github.com/passwd-go/passwd/pwpolicy"
)

// TooWeak is the code of a password that is too easy to guess. Its parameters
// are min_bits, a number, and reasons, a list of the strings of [Reason].
const TooWeak pwpolicy.Code = "too_weak"

// RecommendedBits is what [Recommended] asks for: the bits of score 3.
const RecommendedBits = 28

// maxBits is as much as a password of a dozen random characters can show.
const maxBits = 64

// Rule judges a password by its estimate, with what is known about the account
// as user inputs.
type Rule struct {
	// MinBits is the least that is accepted, at most 64. If 0, the rule is advisory:
	// it refuses nothing, and what its Estimate says is there to be shown.
	MinBits float64 `json:"min_bits,omitempty"`
	// Meter estimates. The zero Meter is ready.
	Meter Meter `json:"-"`
}

// Recommended is the policy of [pwpolicy.NIST] and an estimate of 28 bits or more.
func Recommended() pwpolicy.Policy {
	p, err := pwpolicy.NIST().With(Rule{MinBits: RecommendedBits})
	if err != nil {
		panic(err) // unreachable: a test makes it
	}
	return p
}

// Rules are the rules of this package for [pwpolicy.Parse]:
//
//	"strength": {"min_bits": 28}
func Rules() pwpolicy.RuleSet {
	return pwpolicy.RuleSet{Rule{}.Name(): pwpolicy.RuleOf[Rule]}
}

// Validate reports a minimum out of bounds.
func (r Rule) Validate() error {
	if !(r.MinBits >= 0 && r.MinBits <= maxBits) { // NaN is neither
		return &pwpolicy.ParamError{Param: "min_bits", Problem: fmt.Sprintf("%v is not within 0 to %d", r.MinBits, maxBits)}
	}
	return nil
}

// Both returns the stricter of two strength rules.
func (r Rule) Both(other pwpolicy.Rule) (pwpolicy.Rule, bool) {
	o, ok := other.(Rule)
	if ok && o.MinBits > r.MinBits {
		return o, true
	}
	return r, ok
}

// Name is "strength", as in the JSON form of a policy.
func (Rule) Name() string { return "strength" }

// Phase is [pwpolicy.PhaseEstimate].
func (Rule) Phase() pwpolicy.Phase { return pwpolicy.PhaseEstimate }

// Describe implements [pwpolicy.Rule].
func (r Rule) Describe() []pwpolicy.Requirement {
	if r.MinBits == 0 {
		return nil
	}
	return []pwpolicy.Requirement{{Code: TooWeak, Params: map[string]any{"min_bits": r.MinBits}}}
}

// Score is that of the estimate; see [pwpolicy.Scoring].
func (r Rule) Score(c *pwpolicy.Candidate) int { return r.Estimate(c).Score }

// Check implements [pwpolicy.Rule].
func (r Rule) Check(_ context.Context, c *pwpolicy.Candidate) ([]pwpolicy.Violation, error) {
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
	return []pwpolicy.Violation{{Code: TooWeak, Params: map[string]any{"min_bits": r.MinBits, "reasons": why}}}, nil
}

// Estimate is what the rule's meter says about a candidate.
func (r Rule) Estimate(c *pwpolicy.Candidate) Result {
	subject := c.Subject()
	var inputs []string
	for _, a := range slices.Concat(subject.Logins, subject.Personal) {
		inputs = append(inputs, a.Value)
	}
	return r.Meter.Estimate(c.Password(), inputs...)
}
