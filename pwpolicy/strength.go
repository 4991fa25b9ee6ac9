package pwpolicy

import (
	"context"
	"fmt"
)

// TooWeak is the code of a password that is too easy to guess. Its parameters are
// min_bits, a number; reasons, a list of the strings of [Reason]; and weak, which
// names what the password mostly is, see [Estimate.Weak]. Nothing of the password
// is in them.
const TooWeak Code = "too_weak"

// The bits that the presets ask for. [NIST] asks for less than [Recommended]: it
// is to refuse what attackers try first, and nothing that somebody chose well.
const (
	NISTBits        = 25 // of 15 characters or more
	ShortBits       = 20 // where 8 characters suffice
	RecommendedBits = 28
)

// maxBits is as much as a password of a dozen random characters can show.
const maxBits = 64

// Strength refuses passwords that are too easy to guess, by an estimate that knows
// what attackers try: common passwords and words of many languages with what people
// put around them, repetitions, walks over keyboards, dates, famous phrases, and
// what is known about the account. See [Candidate.Estimate].
//
// It costs no time at start-up, no heap, and less than 0.5 % of an Argon2id hash with
// the default parameters for an ordinary password.
type Strength struct {
	// MinBits is the least that is accepted, above 0 and at most 64. Required.
	MinBits float64 `json:"min_bits,omitempty"`
	// AsTooCommon reports "too_common" instead of "too_weak", and only for a password
	// that breaks no other rule: for clients that know no other sentence.
	AsTooCommon bool `json:"as_too_common,omitempty"`
	// InsecureScoreOnly, in the place of MinBits, makes a rule that refuses nothing: its
	// score is there to be shown.
	InsecureScoreOnly bool `json:"insecure_score_only,omitempty"`
}

// Validate reports a minimum that is missing or out of bounds.
func (r Strength) Validate() error {
	if r.InsecureScoreOnly != (r.MinBits == 0) {
		return scoreOnly("min_bits", r.InsecureScoreOnly)
	}
	if !(r.MinBits >= 0 && r.MinBits <= maxBits) { // NaN is neither
		return &ParamError{Param: "min_bits", Problem: fmt.Sprintf("%v is not within 0 to %d", r.MinBits, maxBits)}
	}
	return nil
}

// scoreOnly says that a rule has neither a minimum nor the word that it needs none, or both.
func scoreOnly(param string, only bool) error {
	if only {
		return paramError(param, "is there with insecure_score_only, which takes its place")
	}
	return paramError(param, "is 0, so that nothing would be refused: give the least that is accepted, or insecure_score_only")
}

// Both returns the stricter of two strength rules.
func (r Strength) Both(other Rule) (Rule, bool) {
	o, ok := other.(Strength)
	if ok && o.MinBits > r.MinBits {
		return o, true
	}
	return r, ok
}

// Name is "strength", as in the JSON form of a policy.
func (Strength) Name() string { return "strength" }

// Phase is [PhaseEstimate].
func (Strength) Phase() Phase { return PhaseEstimate }

// Describe implements [Rule].
func (r Strength) Describe() []Requirement {
	switch {
	case r.MinBits == 0:
		return nil
	case r.AsTooCommon:
		return []Requirement{{TooCommon, nil}}
	}
	return []Requirement{{TooWeak, map[string]any{"min_bits": r.MinBits}}}
}

// Score is that of the estimate; see [Scoring].
func (r Strength) Score(c *Candidate) int { return c.Estimate().Score }

// Check implements [Rule].
func (r Strength) Check(_ context.Context, c *Candidate) ([]Violation, error) {
	if r.MinBits == 0 {
		return nil, nil
	}
	e := c.Estimate()
	switch {
	case e.Bits >= r.MinBits:
		return nil, nil
	case r.AsTooCommon:
		return []Violation{{TooCommon, nil}}, nil
	}
	why := make([]string, len(e.Reasons))
	for i, reason := range e.Reasons {
		why[i] = string(reason)
	}
	return []Violation{{TooWeak, map[string]any{"min_bits": r.MinBits, "reasons": why, "weak": e.Weak}}}, nil
}
