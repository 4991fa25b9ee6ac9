package pwpolicy

import (
	"context"
	"strings"

	"github.com/passwd-go/passwd/internal/normal"
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
	if attribute := isLogin(c.Password(), c.Subject()); attribute != "" {
		return []Violation{{SameAsLogin, map[string]any{"attribute": attribute}}}, nil
	}
	return nil, nil
}

// isLogin returns the name of the login that a password is, or "".
func isLogin(password string, s Subject) string {
	for _, own := range s.Logins {
		forms := []string{own.Value}
		if own.Name == "email" {
			local, _, _ := strings.Cut(own.Value, "@")
			forms = append(forms, local)
		}
		for _, form := range forms {
			if form != "" && strings.EqualFold(password, normal.Fold(form)) {
				return own.Name
			}
		}
	}
	return ""
}
