package passwd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Violation is one thing that a policy holds against a password: a stable code
// and its parameters, never the password or the value of an attribute. Package
// locale has the sentences.
type Violation struct {
	Code   ViolationCode
	Params map[string]any // numbers, strings and lists of strings; nil if there are none
}

// ViolationCode names a violation. Codes are API: never renamed, and a code only
// ever gains parameters.
type ViolationCode string

// The codes and parameters of violations.
const (
	TooShort        ViolationCode = "too_short"        // min (characters)
	TooLong         ViolationCode = "too_long"         // max, unit ("characters" or "bytes")
	InvalidEncoding ViolationCode = "invalid_encoding" // not UTF-8, or with NUL or U+FFFD in it
	MissingClass    ViolationCode = "missing_class"    // class, min
	Numeric         ViolationCode = "numeric"          // digits only
	SameAsLogin     ViolationCode = "same_as_login"    // attribute ("username", "email", "mobile")
	Reused          ViolationCode = "reused"           // depth: one of the last so many, the current one included
)

// Requirement says what a policy asks for, so that a person can be told before
// they type. Its code and parameters are those of the violation that it prevents.
type Requirement struct {
	Code   ViolationCode
	Params map[string]any
}

// Phase orders rules by cost. All rules of a phase run; Sanity ends the check if
// it fails, and Breach and History run only for a password that has passed the
// rest, so that a refused one costs neither network nor hashing.
type Phase int

// The phases, in their order.
const (
	PhaseSanity Phase = iota
	PhaseLocal
	PhaseEstimate
	PhaseBreach
	PhaseHistory
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

// NewPolicy makes a policy of rules, which run in the order of their phases and,
// within a phase, in the given order. It refuses a nil rule, two rules of one
// name, and a rule that refuses its own parameters by a method Validate() error.
// Whatever the rules, a password is never empty, never over 4,096 bytes, and
// always UTF-8 without NUL.
func NewPolicy(rules ...Rule) (Policy, error) {
	seen := make(map[string]bool, len(rules))
	for i, r := range rules {
		if r == nil {
			return Policy{}, fmt.Errorf("passwd: policy rule %d is nil", i)
		}
		if seen[r.Name()] {
			return Policy{}, fmt.Errorf("passwd: policy has two rules %q", r.Name())
		}
		seen[r.Name()] = true
		if v, ok := r.(interface{ Validate() error }); ok {
			if err := v.Validate(); err != nil {
				return Policy{}, fmt.Errorf("passwd: policy rule %q: %w", r.Name(), err)
			}
		}
	}
	sorted := slices.Clone(rules)
	slices.SortStableFunc(sorted, func(a, b Rule) int { return cmp.Compare(a.Phase(), b.Phase()) })
	return Policy{rules: sorted, made: true}, nil
}

// must is for the presets below, whose rules cannot be refused.
func must(p Policy, err error) Policy {
	if err != nil {
		panic(err) // unreachable
	}
	return p
}

// NIST is the policy of SP 800-63B-4 for passwords that are the only factor: 15
// characters or more, no composition rules, nothing that is the login itself.
func NIST() Policy { return must(NewPolicy(Length{}, NotLogin{})) }

// WithSecondFactor is NIST with 8 characters or more, for hosts where a password
// is always combined with a second factor.
func WithSecondFactor() Policy { return must(NewPolicy(Length{Min: 8}, NotLogin{})) }

// Conventional is the set of rules that many published APIs document: 8
// characters, one of each class, not digits only, not the login. SP 800-63B-4
// §3.1.1.2 forbids composition rules; this is for clients that rely on them.
func Conventional() Policy {
	return must(NewPolicy(Length{Min: 8}, Classes{Upper: 1, Lower: 1, Digit: 1, Symbol: 1}, NotNumeric{}, NotLogin{}))
}

// InsecureNoRules accepts any password that can be hashed: the account is open to
// whoever guesses "1".
func InsecureNoRules() Policy { return must(NewPolicy()) }

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
		all = append(all, r.Describe()...)
	}
	return all
}

// Check returns everything that the policy holds against the candidate, as far
// as the phase last. The error is that of a rule which could not decide.
func (p Policy) Check(ctx context.Context, c *Candidate, last Phase) ([]Violation, error) {
	found := c.sanity()
	if len(found) > 0 {
		return found, nil
	}
	for _, r := range p.list() {
		if r.Phase() > last || r.Phase() >= PhaseBreach && len(found) > 0 {
			break
		}
		violations, err := r.Check(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("passwd: policy rule %q: %w", r.Name(), err)
		}
		found = append(found, violations...)
	}
	return found, nil
}

// depth is how many replaced hashes the policy's rules look back at.
func (p Policy) depth() int {
	n := 0
	for _, r := range p.list() {
		if h, ok := r.(interface{ Depth() int }); ok {
			n = max(n, h.Depth())
		}
	}
	return n
}

// Candidate is a password that is to be judged, and what is known about whose it
// would be.
type Candidate struct {
	typed    string
	password string
	account  Account
	method   Method
	current  string
	matches  func(ctx context.Context, h Hash, password string) (bool, error)
	history  func(ctx context.Context, n int) ([]Hash, error)
}

// NewCandidate makes a candidate for testing rules: one whose current password
// is not known and who has no history.
func NewCandidate(password string, a Account) *Candidate {
	c := &Candidate{typed: password, account: a}
	c.password, _ = prepare(password)
	return c
}

// Password returns the password in NFC: what will be hashed.
func (c *Candidate) Password() string { return c.password }

// Length returns the number of characters: code points in NFC (P2).
func (c *Candidate) Length() int { return utf8.RuneCountInString(c.password) }

// Account returns whose password it would be, the attributes it must not
// resemble included. Rules must not keep it.
func (c *Candidate) Account() Account { return c.account }

// Method returns how it would come to be written, "" at registration.
func (c *Candidate) Method() Method { return c.method }

// Current returns the current password in clear, as typed in this very request;
// false if it was not.
func (c *Candidate) Current() (string, bool) { return c.current, c.current != "" }

// Matches reports whether the password is the one that was hashed. It costs a
// hash: it is for rules of PhaseHistory.
func (c *Candidate) Matches(ctx context.Context, h Hash) (bool, error) {
	if h == "" || c.matches == nil {
		return false, nil
	}
	return c.matches(ctx, h, c.password)
}

// History returns up to n of the account's replaced hashes, newest first, the
// current one not included.
func (c *Candidate) History(ctx context.Context, n int) ([]Hash, error) {
	if n <= 0 || c.history == nil {
		return nil, nil
	}
	return c.history(ctx, n)
}

// sanity holds on every path and under every policy: what fails it could not be
// hashed and verified again.
func (c *Candidate) sanity() []Violation {
	switch {
	case c.typed == "":
		return []Violation{{TooShort, map[string]any{"min": 1}}}
	case len(c.typed) > maxPassword:
		return []Violation{{TooLong, map[string]any{"max": maxPassword, "unit": "bytes"}}}
	case c.password != "":
		return nil
	case len(norm.NFC.String(c.typed)) > maxPassword:
		return []Violation{{TooLong, map[string]any{"max": maxPassword, "unit": "bytes"}}}
	}
	return []Violation{{InvalidEncoding, nil}}
}
