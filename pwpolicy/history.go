package pwpolicy

import (
	"context"
)

// NotReused refuses the account's last passwords, the current one included. Each
// costs a hash, except a current one that was typed in the same request, and
// only for a password that has passed everything else.
type NotReused struct {
	Last int `json:"last"` // 1 to 24; 1 is the current password only
}

// maxHistory bounds the hashing that one new password may cause.
const maxHistory = 24

// Validate reports a number of passwords out of bounds.
func (r NotReused) Validate() error {
	if r.Last < 1 || r.Last > maxHistory {
		return paramError("last", "%d is not within 1 to %d", r.Last, maxHistory)
	}
	return nil
}

// Depth is how many replaced hashes a store must keep for the rule.
func (r NotReused) Depth() int { return r.Last - 1 }

// Name is "not_reused", as in the JSON form of a policy.
func (NotReused) Name() string { return "not_reused" }

// Phase is [PhaseHistory].
func (NotReused) Phase() Phase { return PhaseHistory }

// Describe implements [Rule].
func (r NotReused) Describe() []Requirement {
	return []Requirement{{Reused, map[string]any{"depth": r.Last}}}
}

// Check implements [Rule].
func (r NotReused) Check(ctx context.Context, c *Candidate) ([]Violation, error) {
	same, err := c.IsCurrent(ctx)
	if err != nil {
		return nil, err
	}
	if !same {
		if same, err = c.IsEarlier(ctx, r.Depth()); err != nil || !same {
			return nil, err
		}
	}
	return []Violation{{Reused, map[string]any{"depth": r.Last}}}, nil
}

// Both returns whichever of r and another NotReused looks back further.
func (r NotReused) Both(other Rule) (Rule, bool) {
	o, ok := other.(NotReused)
	return NotReused{max(r.Last, o.Last)}, ok
}
