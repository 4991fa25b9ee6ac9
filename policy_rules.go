package passwd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Length bounds the number of characters: code points after NFC (P2).
type Length struct {
	Min int // if 0, 15 (P1); under 8 is refused
	Max int // if 0, only the 4,096 bytes that hold for every password; under 64 is refused (P3)
	// InsecureMinLength takes the place of Min and may be less than 8. Passwords
	// that short are found by trying them all.
	InsecureMinLength int
	// InsecureMaxLength takes the place of Max and may be less than 64. It keeps
	// people from using passphrases and password managers.
	InsecureMaxLength int
}

func (l Length) bounds() (min, max int) {
	return cmp.Or(l.InsecureMinLength, l.Min, 15), cmp.Or(l.InsecureMaxLength, l.Max)
}

// Validate reports bounds that contradict each other or lack an insecure name.
func (l Length) Validate() error {
	min, max := l.bounds()
	switch {
	case l.Min < 0 || l.Max < 0 || l.InsecureMinLength < 0 || l.InsecureMaxLength < 0:
		return errors.New("a bound is negative")
	case l.InsecureMinLength == 0 && min < 8:
		return fmt.Errorf("min %d is under 8 (see InsecureMinLength)", min)
	case l.InsecureMaxLength == 0 && max != 0 && max < 64:
		return fmt.Errorf("max %d is under 64 (see InsecureMaxLength)", max)
	case max != 0 && min > max, min > maxPassword:
		return fmt.Errorf("min %d is more than max %d", min, cmp.Or(max, maxPassword))
	}
	return nil
}

func (Length) Name() string { return "length" }
func (Length) Phase() Phase { return PhaseLocal }

func (l Length) Describe() []Requirement {
	min, max := l.bounds()
	all := []Requirement{{TooShort, map[string]any{"min": min}}}
	if max > 0 {
		all = append(all, Requirement{TooLong, map[string]any{"max": max, "unit": "characters"}})
	}
	return all
}

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

// Classes asks for at least so many characters of each class, by their Unicode
// categories. A letter without case, as in Arabic or Chinese, counts as upper and
// as lower, so nobody is asked for what their script does not have.
// SP 800-63B-4 §3.1.1.2 forbids such rules (P5); see [Conventional].
type Classes struct {
	Upper, Lower, Digit, Symbol int // 0: none needed
}

func (l Classes) each() []classMin {
	return []classMin{{"upper", l.Upper}, {"lower", l.Lower}, {"digit", l.Digit}, {"symbol", l.Symbol}}
}

type classMin struct {
	class string
	min   int
}

func (m classMin) params() map[string]any { return map[string]any{"class": m.class, "min": m.min} }

// Validate reports minima that cannot be.
func (l Classes) Validate() error {
	sum := 0
	for _, m := range l.each() {
		if m.min < 0 {
			return fmt.Errorf("minimum of class %q is negative", m.class)
		}
		sum += min(m.min, maxPassword)
	}
	if sum == 0 {
		return errors.New("no class is asked for")
	}
	if sum > 64 {
		return fmt.Errorf("%d characters are asked for in all, more than 64", sum)
	}
	return nil
}

func (Classes) Name() string { return "classes" }
func (Classes) Phase() Phase { return PhaseLocal }

func (l Classes) Describe() []Requirement {
	var all []Requirement
	for _, m := range l.each() {
		if m.min > 0 {
			all = append(all, Requirement{MissingClass, m.params()})
		}
	}
	return all
}

func (l Classes) Check(_ context.Context, c *Candidate) ([]Violation, error) {
	count := map[string]int{}
	for _, r := range c.Password() {
		switch {
		case unicode.IsUpper(r), unicode.IsTitle(r):
			count["upper"]++
		case unicode.IsLower(r):
			count["lower"]++
		case unicode.IsLetter(r):
			count["upper"]++
			count["lower"]++
		case unicode.IsDigit(r):
			count["digit"]++
		case !unicode.IsMark(r):
			count["symbol"]++
		}
	}
	var found []Violation
	for _, m := range l.each() {
		if count[m.class] < m.min {
			found = append(found, Violation{MissingClass, m.params()})
		}
	}
	return found, nil
}

// NotNumeric refuses passwords of nothing but digits, in any script, and the
// spaces and punctuation that dates and phone numbers are written with.
type NotNumeric struct{}

func (NotNumeric) Name() string            { return "not_numeric" }
func (NotNumeric) Phase() Phase            { return PhaseLocal }
func (NotNumeric) Describe() []Requirement { return []Requirement{{Numeric, nil}} }

func (NotNumeric) Check(_ context.Context, c *Candidate) ([]Violation, error) {
	digits := 0
	for _, r := range norm.NFKC.String(c.Password()) {
		switch {
		case unicode.IsDigit(r):
			digits++
		case !strings.ContainsRune(" .-/+()", r):
			return nil, nil
		}
	}
	if digits == 0 {
		return nil, nil
	}
	return []Violation{{Numeric, nil}}, nil
}

// NotLogin refuses a password that is one of the account's own logins, or the
// part of its e-mail address before the "@", in any case.
type NotLogin struct{}

func (NotLogin) Name() string            { return "not_login" }
func (NotLogin) Phase() Phase            { return PhaseLocal }
func (NotLogin) Describe() []Requirement { return []Requirement{{SameAsLogin, nil}} }

func (NotLogin) Check(_ context.Context, c *Candidate) ([]Violation, error) {
	a := c.Account()
	local, _, _ := strings.Cut(a.Email, "@")
	for _, own := range []Attribute{{"username", a.Username}, {"email", a.Email}, {"email", local}, {"mobile", a.Mobile}} {
		if own.Value != "" && strings.EqualFold(c.Password(), Fold(own.Value)) {
			return []Violation{{SameAsLogin, map[string]any{"attribute": own.Name}}}, nil
		}
	}
	return nil, nil
}

// NotReused refuses the account's last passwords, the current one included. Each
// costs a hash, and only for a password that has passed everything else.
type NotReused struct {
	Last int // 1 to 24; 1 is the current password alone
}

// Validate reports a number of passwords out of bounds.
func (r NotReused) Validate() error {
	if r.Last < 1 || r.Last > 24 {
		return fmt.Errorf("last %d is not within 1 to 24", r.Last)
	}
	return nil
}

// Depth is how many replaced hashes a store must keep for the rule.
func (r NotReused) Depth() int { return r.Last - 1 }

func (NotReused) Name() string { return "not_reused" }
func (NotReused) Phase() Phase { return PhaseHistory }

func (r NotReused) Describe() []Requirement {
	return []Requirement{{Reused, map[string]any{"depth": r.Last}}}
}

func (r NotReused) Check(ctx context.Context, c *Candidate) ([]Violation, error) {
	earlier, err := c.History(ctx, r.Depth())
	if err != nil {
		return nil, err
	}
	for _, h := range append([]Hash{c.Account().Hash}, earlier...) {
		same, err := c.Matches(ctx, h)
		if err != nil {
			return nil, err
		}
		if same {
			return []Violation{{Reused, map[string]any{"depth": r.Last}}}, nil
		}
	}
	return nil, nil
}
