package model

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/passwd-go/passwd"
)

// Account is a user: the host's row, and what the library keeps beside it.
type Account struct {
	Ref passwd.Ref
	Row bool // the host has the row; without it, only the rest may be left

	Username, Email, Mobile         string
	EmailConfirmed, MobileConfirmed bool
	Active, Disabled                bool
	Password                        string // what the stored hash was made of; "" is no password
	Stale                           bool   // a hash made now would be better

	Epoch   int64
	Changed time.Time
	Must    passwd.Reason
	Until   time.Time
	History []string // replaced passwords, the newest first

	// Outside is that the host has written the hash since the service last wrote.
	Outside    bool
	hash, ours int // which hash is stored, and which was after the service's last write
	kept       struct {
		epoch          int64
		changed, until time.Time
	}
}

// Unknowable is the password of a hash that no hasher can judge.
const Unknowable = "\x00"

func (a *Account) open() bool { return a.Active && !a.Disabled }

// is reports whether a typed password is the account's. Another stack may have
// hashed what was typed in another normalisation form.
func (a *Account) is(typed string) bool {
	return a.Password != "" && len(typed) <= 4096 && !strings.ContainsAny(typed, "\x00\ufffd") && (norm.NFC.String(typed) == a.Password || typed == a.Password)
}

// addresses are the confirmed ones.
func (a *Account) addresses() (own []passwd.Address) {
	if a.Email != "" && a.EmailConfirmed {
		own = append(own, passwd.Address{Channel: passwd.EmailChannel, Value: a.Email})
	}
	if a.Mobile != "" && a.MobileConfirmed {
		own = append(own, passwd.Address{Channel: passwd.SMSChannel, Value: a.Mobile})
	}
	return own
}

func (a *Account) expiredTemporary(now time.Time) bool {
	return a.Must == passwd.Temporary && !a.Until.IsZero() && !now.Before(a.Until)
}

// Policy is what a tenant asks of passwords.
type Policy struct {
	Min              int
	Last             int // not one of the last n
	MinAge           time.Duration
	Age, Warn, Grace time.Duration
}

// violations are the codes of what speaks against a password, joined by a space.
// Without past, only what can be told of the password alone.
func (m *Model) violations(a *Account, current, next string, method passwd.Method, past bool) string {
	p := m.Policies[a.Ref.Tenant]
	var found []string
	switch n := len([]rune(norm.NFC.String(next))); {
	case next == "":
		return "too_short"
	case len(next) > 4096:
		return "too_long"
	case strings.ContainsAny(next, "\x00\ufffd"):
		return "invalid_encoding"
	case n < p.Min:
		found = append(found, "too_short")
	}
	if age := m.Now.Sub(a.Changed); method == passwd.MethodChange && !a.Changed.IsZero() && age >= 0 && age < p.MinAge {
		found = append(found, "too_young")
	}
	if past && found == nil {
		next := norm.NFC.String(next)
		same := next == a.Password || current != "" && next == norm.NFC.String(current)
		earlier := slices.Contains(a.History[:min(len(a.History), max(p.Last-1, 0))], next)
		if p.Last > 0 && (same || earlier) || a.Must != passwd.NoReason && same {
			found = append(found, "reused")
		}
	}
	return strings.Join(found, " ")
}

// age marks an account whose password has grown too old, or returns by when it must
// be changed if that is to be told.
func (m *Model) age(a *Account) time.Time {
	p := m.Policies[a.Ref.Tenant]
	if a.Must != passwd.NoReason || a.Changed.IsZero() || p.Age == 0 {
		return time.Time{}
	}
	old := a.Changed.Add(p.Age)
	switch deadline := old.Add(p.Grace); {
	case !m.Now.Before(deadline):
		a.Must = passwd.Expired
		m.Pin(a)
	case !m.Now.Before(old.Add(-p.Warn)):
		return deadline
	}
	return time.Time{}
}
