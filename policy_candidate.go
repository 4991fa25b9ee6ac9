package passwd

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/passwd-go/passwd/internal/normal"
)

// Candidate is a password that is to be judged, and what is known about whose it
// would be. It is for one check on one goroutine.
type Candidate struct {
	typed    string
	password string
	account  Account
	method   Method
	current  string
	words    []string
	now      time.Time
	matches  func(ctx context.Context, h Hash, password string) (bool, error)
	history  func(ctx context.Context, n int) ([]Hash, error)
	same     *bool // whether it is the current password, once that is known
}

// NewCandidate makes a candidate for testing rules: one whose current password
// is not known and who has no history.
func NewCandidate(password string, a Account) *Candidate {
	c := &Candidate{typed: password, account: a, now: time.Now()}
	c.password, _ = normal.Password(password)
	return c
}

// Password returns the password in NFC: what will be hashed.
func (c *Candidate) Password() string { return c.password }

// Length returns the number of characters: code points in NFC (P2).
func (c *Candidate) Length() int { return utf8.RuneCountInString(c.password) }

// Account returns whose password it would be, the attributes it must not
// resemble included. Rules must not keep it.
func (c *Candidate) Account() Account { return c.account }

// Words returns what every account of the service has in common and nobody
// should make a password of: the host name of Links.Base and the tenant (P8).
func (c *Candidate) Words() []string { return c.words }

// Method returns how it would come to be written, "" at registration.
func (c *Candidate) Method() Method { return c.method }

// Age returns how long ago the current password was written; false if there is
// none or nobody knows.
func (c *Candidate) Age() (time.Duration, bool) {
	return c.now.Sub(c.account.ChangedAt), !c.account.ChangedAt.IsZero()
}

// Current returns the current password in clear, as typed in this very request
// and found to be right; false if it was not.
func (c *Candidate) Current() (string, bool) { return c.current, c.current != "" }

// IsCurrent reports whether the password is the current one. Where that was not
// typed in this very request, it costs a hash: it is for rules of PhaseHistory.
func (c *Candidate) IsCurrent(ctx context.Context) (bool, error) {
	if c.same == nil {
		same, err := false, error(nil)
		if current, ok := c.Current(); ok {
			current, _ = normal.Password(current)
			same = current == c.password
		} else if same, err = c.Matches(ctx, c.account.Hash); err != nil {
			return false, err
		}
		c.same = &same
	}
	return *c.same, nil
}

// Matches reports whether the password is the one that was hashed; not for a
// hash that the hasher cannot judge, see [NotReused]. It costs a hash: it is for
// rules of PhaseHistory.
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
	case c.password != "":
		return nil
	case normal.TooLong(c.typed):
		return []Violation{{TooLong, map[string]any{"max": normal.MaxPassword, "unit": "bytes"}}}
	}
	return []Violation{{InvalidEncoding, nil}}
}
