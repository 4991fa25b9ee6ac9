package pwpolicy

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
)

// Violation is one reason why a policy rejects a password: a stable code
// and its parameters, never the password or the value of an attribute. Package
// locale has the sentences.
type Violation struct {
	Code   Code
	Params map[string]any // numbers, strings and lists of strings; nil if there are none
}

// ViolationCode names a violation. Codes are API: never renamed, and a code only
// ever gains parameters.
type Code string

// The codes and parameters of violations.
const (
	TooShort        Code = "too_short"        // min (characters)
	TooLong         Code = "too_long"         // max, unit ("characters" or "bytes")
	InvalidEncoding Code = "invalid_encoding" // not UTF-8, or with NUL or U+FFFD in it
	MissingClass    Code = "missing_class"    // class, min
	Numeric         Code = "numeric"          // digits only
	SameAsLogin     Code = "same_as_login"    // attribute ("username", "email", "mobile")
	Reused          Code = "reused"           // depth: one of the last n passwords, the current one included
	TooRepeated     Code = "repeated"         // max: consecutive occurrences of one character
	TooSequential   Code = "sequence"         // max: consecutive neighbours, "abcd" or "4321"
	// ForbiddenCharacters has one of two parameters: characters, those that must
	// not occur, or allowed, those that alone may. Both are the policy's, never
	// taken from the password.
	ForbiddenCharacters Code = "forbidden_characters"
	MissingCharacters   Code = "missing_characters" // characters, min: how many of these
	TooYoung            Code = "too_young"          // hours_left: until the password may be changed again
)

// Requirement says what a policy asks for, so that a person can be told before
// they type. Its code and parameters are those of the violation that it prevents.
type Requirement struct {
	Code   Code
	Params map[string]any
}

// Phase orders rules by cost. All rules of a phase run, and Breach and History run
// only for a password that has passed the rest, so that a refused one costs neither
// network nor hashing.
type Phase int

// The phases, in their order.
const (
	PhaseSanity   Phase = iota // what holds under every policy: no rule needs it
	PhaseLocal                 // looks at the password and the account only
	PhaseEstimate              // a strength estimate; the last one that runs while somebody types
	PhaseBreach                // asks a source outside
	PhaseHistory               // compares hashes
)

// Rule is one requirement of a policy. It is immutable and safe for concurrent
// use.
type Rule interface {
	// Name is the rule's name in a policy's JSON form, "length".
	Name() string
	Phase() Phase
	// Describe says what the rule asks for; nil if nothing can be said beforehand.
	Describe() []Requirement
	// Check returns what is wrong with the candidate, and an error only if it could
	// not decide: that refuses the request (unavailable), not the password.
	Check(ctx context.Context, c *Candidate) ([]Violation, error)
}

// Policy is a set of rules, immutable once made. The zero Policy is [NIST].
type Policy struct {
	rules []Rule
	made  bool
}

// New makes a policy of rules, which run in the order of their phases and,
// within a phase, in the given order. Whatever the rules, a password is never
// empty, never over 4,096 bytes, and always UTF-8 without NUL; without a [Length],
// it may be "1".
//
// It refuses a nil rule, two rules of one name, a rule that refuses its own
// parameters by a method Validate() error (see [ParamError]), and built-in rules
// that no password can fulfil together. A rule may also have a method Depth() int,
// how many replaced hashes it looks back at, a method Both(Rule) (Rule, bool),
// see Config.PolicyFloor, and be [Aging].
func New(rules ...Rule) (Policy, error) {
	p, err := newPolicy(rules)
	if err != nil {
		return Policy{}, fmt.Errorf("pwpolicy: %w", err)
	}
	return p, nil
}

// With returns the policy with further rules. Its errors are those of New.
func (p Policy) With(rules ...Rule) (Policy, error) {
	return New(slices.Concat(p.list(), rules)...)
}

func newPolicy(rules []Rule) (Policy, error) {
	seen := make(map[string]bool, len(rules))
	for i, r := range rules {
		if r == nil {
			return Policy{}, fmt.Errorf("rule %d is nil", i)
		}
		if seen[r.Name()] {
			return Policy{}, fmt.Errorf("two rules are named %q", r.Name())
		}
		seen[r.Name()] = true
		if v, ok := r.(interface{ Validate() error }); ok {
			if err := v.Validate(); err != nil {
				return Policy{}, inRule(r.Name(), err)
			}
		}
	}
	sorted := append([]Rule(nil), rules...)
	sortByPhase(sorted)
	return Policy{rules: sorted, made: true}, contradiction(sorted)
}

func sortByPhase(rules []Rule) {
	slices.SortStableFunc(rules, func(a, b Rule) int { return cmp.Compare(a.Phase(), b.Phase()) })
}

func (p Policy) list() []Rule {
	if !p.made {
		return NIST().rules
	}
	return p.rules
}

// Requirements describes the policy, rule by rule.
func (p Policy) Requirements() []Requirement {
	var all []Requirement
	for _, r := range p.list() {
		for _, requirement := range r.Describe() {
			same := func(other Requirement) bool { return reflect.DeepEqual(other, requirement) }
			if !slices.ContainsFunc(all, same) { // of a floor's rule as well
				all = append(all, requirement)
			}
		}
	}
	return all
}

// Check returns every violation of the policy by the candidate, up to the phase
// last. The error is that of a rule which could not decide.
func (p Policy) Check(ctx context.Context, c *Candidate, last Phase) ([]Violation, error) {
	found := c.sanity()
	if len(found) > 0 {
		return found, nil
	}
	for _, r := range p.list() {
		if r.Phase() > last || r.Phase() >= PhaseBreach && len(found) > 0 {
			break
		}
		if s, ok := r.(Strength); ok && s.AsTooCommon && len(found) > 0 {
			continue
		}
		violations, err := r.Check(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("pwpolicy: policy rule %q: %w", r.Name(), err)
		}
		for _, v := range violations {
			same := func(other Violation) bool { return reflect.DeepEqual(other, v) }
			if !slices.ContainsFunc(found, same) { // by a floor's rule as well
				found = append(found, v)
			}
		}
	}
	return found, nil
}

// Depth is how many replaced hashes the policy's rules look back at.
func (p Policy) Depth() int {
	n := 0
	for _, r := range p.list() {
		if h, ok := r.(interface{ Depth() int }); ok {
			n = max(n, h.Depth())
		}
	}
	return n
}
