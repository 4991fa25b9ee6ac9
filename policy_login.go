package passwd

import (
	"context"
	"strings"
)

// NotLogin refuses a password that is one of the account's own logins, or the
// part of its e-mail address before the "@", in any case (P8): whatever its length
// and its characters, of which [NotSimilar] looks at a bounded number.
type NotLogin struct{}

// Name is "not_login", as in the JSON form of a policy.
func (NotLogin) Name() string { return "not_login" }

// Phase is [PhaseLocal].
func (NotLogin) Phase() Phase { return PhaseLocal }

// Describe implements [Rule].
func (NotLogin) Describe() []Requirement { return []Requirement{{SameAsLogin, nil}} }

// Check implements [Rule].
func (NotLogin) Check(_ context.Context, c *Candidate) ([]Violation, error) {
	if attribute := isLogin(c.Password(), c.Account()); attribute != "" {
		return []Violation{{SameAsLogin, map[string]any{"attribute": attribute}}}, nil
	}
	return nil, nil
}

// isLogin returns the attribute that a password is, or "".
func isLogin(password string, a Account) string {
	local, _, _ := strings.Cut(a.Email, "@")
	for _, own := range []Attribute{{"username", a.Username}, {"email", a.Email}, {"email", local}, {"mobile", a.Mobile}} {
		if own.Value != "" && strings.EqualFold(password, Fold(own.Value)) {
			return own.Name
		}
	}
	return ""
}
