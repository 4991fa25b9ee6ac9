package pwpolicy

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Characters says which characters may, must not and must occur. Each is a code
// point after NFC, listed in a set; there are no ranges. SP 800-63B-4 §3.1.1.2 (4)
// wants every printing character accepted and (5) none required: the rule is for
// systems behind the host that cannot accept some.
type Characters struct {
	Allowed   string        `json:"allowed,omitempty"`   // if not "", no others may occur
	Forbidden string        `json:"forbidden,omitempty"` // must not occur
	Required  []RequiredSet `json:"required,omitempty"`  // at least Min of each set must occur
}

// RequiredSet asks for a minimum number of characters of a set.
type RequiredSet struct {
	Characters string `json:"characters"`
	Min        int    `json:"min"` // 1 or more
}

// The bounds of Characters: a set and how many sets there may be.
const (
	maxSet  = 1024 // bytes
	maxSets = 8
)

// Validate reports sets that contradict each other or cannot be fulfilled.
func (s Characters) Validate() error {
	if s.Allowed == "" && s.Forbidden == "" && len(s.Required) == 0 {
		return paramError("allowed", "is missing, and so are forbidden and required: leave the rule out")
	}
	if err := checkSet("allowed", s.Allowed); err != nil {
		return err
	}
	if err := checkSet("forbidden", s.Forbidden); err != nil {
		return err
	}
	if s.Allowed != "" && strings.ContainsAny(s.Allowed, s.Forbidden) {
		return paramError("forbidden", "has characters that are allowed")
	}
	if len(s.Required) > maxSets {
		return paramError("required", "has %d sets, more than %d", len(s.Required), maxSets)
	}
	for i, r := range s.Required {
		param := fmt.Sprintf("required[%d]", i)
		if err := checkSet(param+".characters", r.Characters); err != nil {
			return err
		}
		switch {
		case r.Characters == "":
			return paramError(param+".characters", "is empty")
		case r.Min < 1 || r.Min > maxAsked:
			return paramError(param+".min", "%d is not within 1 to %d", r.Min, maxAsked)
		case !strings.ContainsFunc(r.Characters, s.permits):
			return paramError(param+".characters", "has no character that is allowed")
		}
	}
	return nil
}

func checkSet(param, set string) error {
	seen := map[rune]bool{}
	switch {
	case len(set) > maxSet:
		return paramError(param, "is %d bytes long, more than %d", len(set), maxSet)
	case !utf8.ValidString(set) || strings.ContainsAny(set, "\x00\uFFFD"):
		return paramError(param, "has characters that no password can have")
	}
	for _, r := range set {
		// One by one: what composes with its neighbour would be another character.
		if seen[r] || !norm.NFC.IsNormalString(string(r)) {
			return paramError(param, "has a character twice, or one that NFC replaces")
		}
		seen[r] = true
	}
	return nil
}

// permits reports whether a character may occur.
func (s Characters) permits(r rune) bool {
	return (s.Allowed == "" || strings.ContainsRune(s.Allowed, r)) && !strings.ContainsRune(s.Forbidden, r)
}

// Name is "characters", as in the JSON form of a policy.
func (Characters) Name() string { return "characters" }

// Phase is [PhaseLocal].
func (Characters) Phase() Phase { return PhaseLocal }

func (s Characters) allowed() map[string]any   { return map[string]any{"allowed": s.Allowed} }
func (s Characters) forbidden() map[string]any { return map[string]any{"characters": s.Forbidden} }

func (r RequiredSet) params() map[string]any {
	return map[string]any{"characters": r.Characters, "min": r.Min}
}

// Describe implements [Rule].
func (s Characters) Describe() []Requirement {
	var all []Requirement
	if s.Allowed != "" {
		all = append(all, Requirement{ForbiddenCharacters, s.allowed()})
	}
	if s.Forbidden != "" {
		all = append(all, Requirement{ForbiddenCharacters, s.forbidden()})
	}
	for _, r := range s.Required {
		all = append(all, Requirement{MissingCharacters, r.params()})
	}
	return all
}

// Check implements [Rule].
func (s Characters) Check(_ context.Context, c *Candidate) ([]Violation, error) {
	other, forbidden := false, false
	counts := make([]int, len(s.Required))
	for _, r := range c.Password() {
		other = other || s.Allowed != "" && !strings.ContainsRune(s.Allowed, r)
		forbidden = forbidden || strings.ContainsRune(s.Forbidden, r)
		for i, set := range s.Required {
			if counts[i] < set.Min && strings.ContainsRune(set.Characters, r) {
				counts[i]++
			}
		}
	}
	var found []Violation
	if other {
		found = append(found, Violation{ForbiddenCharacters, s.allowed()})
	}
	if forbidden {
		found = append(found, Violation{ForbiddenCharacters, s.forbidden()})
	}
	for i, set := range s.Required {
		if counts[i] < set.Min {
			found = append(found, Violation{MissingCharacters, set.params()})
		}
	}
	return found, nil
}

// Both returns s if other is a Characters with the same sets.
func (s Characters) Both(other Rule) (Rule, bool) { return s, reflect.DeepEqual(s, other) }
