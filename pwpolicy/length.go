package pwpolicy

import (
	"cmp"
	"context"

	"github.com/passwd-go/passwd/internal/normal"
)

// Length bounds the number of characters: code points after NFC (P2).
type Length struct {
	Min int `json:"min,omitempty"` // if 0, 15 (P1); under 8 is refused
	Max int `json:"max,omitempty"` // if 0, only the 4,096 bytes that hold for every password; under 64 is refused (P3)
	// InsecureMinLength takes the place of Min and may be less than 8. Passwords
	// that short are found by trying them all.
	InsecureMinLength int `json:"insecure_min_length,omitempty"`
	// InsecureMaxLength takes the place of Max and may be less than 64. It keeps
	// people from using passphrases and password managers.
	InsecureMaxLength int `json:"insecure_max_length,omitempty"`
}

func (l Length) bounds() (min, max int) {
	return cmp.Or(l.InsecureMinLength, l.Min, 15), cmp.Or(l.InsecureMaxLength, l.Max)
}

// Validate reports bounds that contradict each other or lack an insecure name.
func (l Length) Validate() error {
	for _, b := range []struct {
		param string
		value int
	}{{"min", l.Min}, {"max", l.Max}, {"insecure_min_length", l.InsecureMinLength}, {"insecure_max_length", l.InsecureMaxLength}} {
		if b.value < 0 || b.value > normal.MaxPassword {
			return paramError(b.param, "%d is not within 0 to %d", b.value, normal.MaxPassword)
		}
	}
	min, max := l.bounds()
	switch {
	case l.Min != 0 && l.InsecureMinLength != 0:
		return paramError("min", "is there with insecure_min_length, which takes its place")
	case l.Max != 0 && l.InsecureMaxLength != 0:
		return paramError("max", "is there with insecure_max_length, which takes its place")
	case l.InsecureMinLength == 0 && min < 8:
		return paramError("min", "%d is under 8 (see insecure_min_length)", min)
	case l.InsecureMaxLength == 0 && max != 0 && max < 64:
		return paramError("max", "%d is under 64 (see insecure_max_length)", max)
	case max != 0 && min > max:
		return paramError("min", "%d is more than max %d", min, max)
	}
	return nil
}

// Name is "length", as in the JSON form of a policy.
func (Length) Name() string { return "length" }

// Phase is [PhaseLocal].
func (Length) Phase() Phase { return PhaseLocal }

// Describe implements [Rule].
func (l Length) Describe() []Requirement {
	min, max := l.bounds()
	all := []Requirement{{TooShort, map[string]any{"min": min}}}
	if max > 0 {
		all = append(all, Requirement{TooLong, map[string]any{"max": max, "unit": "characters"}})
	}
	return all
}

// Check implements [Rule].
func (l Length) Check(_ context.Context, c *Candidate) ([]Violation, error) {
	min, max := l.bounds()
	switch n := c.Length(); {
	case n < min:
		return []Violation{{TooShort, map[string]any{"min": min}}}, nil
	case max > 0 && n > max:
		return []Violation{{TooLong, map[string]any{"max": max, "unit": "characters"}}}, nil
	}
	return nil, nil
}

// Both is the length that fulfils l and another Length.
func (l Length) Both(other Rule) (Rule, bool) {
	o, ok := other.(Length)
	if !ok {
		return nil, false
	}
	lowest, highest := l.bounds()
	min, max := o.bounds()
	if lowest < min {
		lowest = min
	}
	if highest == 0 || max != 0 && max < highest {
		highest = max
	}
	both := Length{Min: lowest, Max: highest}
	if lowest < 8 {
		both.Min, both.InsecureMinLength = 0, lowest
	}
	if highest != 0 && highest < 64 {
		both.Max, both.InsecureMaxLength = 0, highest
	}
	return both, true
}
