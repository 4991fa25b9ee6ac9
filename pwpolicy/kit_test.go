package pwpolicy_test

import (
	"context"
	"time"

	"github.com/passwd-go/passwd/pwpolicy"
)

var ctx = context.Background()

// account is what these tests know of somebody.
type account struct {
	Username, Email, Mobile string
	Personal                []pwpolicy.Attribute
	ChangedAt               time.Time
}

func (a account) subject() pwpolicy.Subject {
	s := pwpolicy.Subject{Personal: a.Personal, ChangedAt: a.ChangedAt}
	for _, l := range []pwpolicy.Attribute{{Name: "username", Value: a.Username}, {Name: "email", Value: a.Email}, {Name: "mobile", Value: a.Mobile}} {
		if l.Value != "" {
			s.Logins = append(s.Logins, l)
		}
	}
	return s
}

func candidate(password string, a account) *pwpolicy.Candidate {
	return pwpolicy.NewCandidate(password, a.subject())
}

// pictures returns n different characters of four bytes each.
func pictures(n int) string {
	all := make([]rune, n)
	for i := range all {
		all[i] = 0x1F400 + rune(i*37%64) // out of order
	}
	return string(all)
}
