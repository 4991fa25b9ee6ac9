package pwpolicy

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/passwd-go/passwd/internal/normal"
)

// Candidate is a password that is to be judged, and the account that it is for. It
// is for one check on one goroutine.
type Candidate struct {
	typed    string
	password string
	subject  Subject
	same     *bool // whether it is the current password, once that is known

	estimated *Estimate // once it was asked for
}

// NewCandidate makes a candidate of a password as it was typed.
func NewCandidate(password string, s Subject) *Candidate {
	c := &Candidate{typed: password, subject: s}
	c.password, _ = normal.Password(password)
	return c
}

// Password returns the password in NFC, which is what will be hashed. It is "" for
// one that cannot be hashed; [Policy.Check] rejects that before any rule sees it.
func (c *Candidate) Password() string { return c.password }

// Length returns the number of characters: code points in NFC (P2).
func (c *Candidate) Length() int { return utf8.RuneCountInString(c.password) }

// Subject returns the account that the password is for. Rules must not keep it.
func (c *Candidate) Subject() Subject { return c.subject }

// Age returns how long ago the current password was set; false if there is none or
// nobody knows.
func (c *Candidate) Age() (time.Duration, bool) {
	now := c.subject.Now
	if now.IsZero() {
		now = time.Now()
	}
	return now.Sub(c.subject.ChangedAt), !c.subject.ChangedAt.IsZero()
}

// IsCurrent reports whether the password is the current one. Where that was not
// typed in this very request, it costs a hash: it is for rules of [PhaseHistory].
func (c *Candidate) IsCurrent(ctx context.Context) (bool, error) {
	if c.same == nil {
		same := false
		switch current, past := c.subject.Current, c.subject.Past; {
		case current != "":
			same = current == c.password
		case past != nil:
			var err error
			if same, err = past.IsCurrent(ctx, c.password); err != nil {
				return false, err
			}
		}
		c.same = &same
	}
	return *c.same, nil
}

// IsEarlier reports whether the password is one of the last n that were replaced,
// the current one not included. Each of them costs a hash: it is for rules of
// [PhaseHistory].
func (c *Candidate) IsEarlier(ctx context.Context, n int) (bool, error) {
	if n <= 0 || c.subject.Past == nil {
		return false, nil
	}
	return c.subject.Past.IsEarlier(ctx, c.password, n)
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
