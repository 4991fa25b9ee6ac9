// 162 lines without blank lines and comments: tokens, each in the file of its account.
package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
)

// live tells whether a token is good. That is not stored: a raised epoch ends every
// token that was made at another, in the one write that raises it.
func (d *document) live(t *passwd.TokenRecord, now time.Time) bool {
	return t.Live(d.Epoch, now)
}

// token finds a token of the account, nil if it has no such token.
func (d *document) token(ref passwd.TokenRef) *passwd.TokenRecord {
	if i := slices.IndexFunc(d.Tokens, func(t passwd.TokenRecord) bool { return t.TokenRef == ref }); i >= 0 {
		return &d.Tokens[i]
	}
	return nil
}

// spend marks a token, unless it is nil, as used.
func (d *document) spend(ref *passwd.TokenRef, now time.Time) error {
	if ref == nil {
		return nil
	}
	t := d.token(*ref)
	if t == nil || !d.live(t, now) {
		return passwd.ErrTokenInvalid
	}
	t.SpentAt = now
	return nil
}

// voidAll spends the tokens that no epoch ends.
func (d *document) voidAll(now time.Time) {
	for i := range d.Tokens {
		if t := &d.Tokens[i]; t.Epoch == 0 && t.SpentAt.IsZero() {
			t.SpentAt = now
		}
	}
}

// add gives an account a token that nobody has yet.
func (s *Store) add(d *document, t passwd.TokenRecord) error {
	if _, taken := s.tokens[t.TokenRef]; taken || t.Account != d.Ref {
		return passwd.ErrTokenInvalid
	}
	d.Tokens = append(d.Tokens, t)
	return nil
}

// Issue implements passwd.Tokens.
func (s *Store) Issue(ctx context.Context, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
	return s.update(ctx, t.Account, func(d *document) error {
		if first := d.token(t.TokenRef); first != nil { // a job that is tried again; what it consumed is spent
			if first.Address != t.Address || !d.live(first, t.IssuedAt) {
				return passwd.ErrTokenInvalid
			}
			return nil
		}
		if t.Epoch != 0 && t.Epoch != d.Epoch {
			return passwd.ErrConflict
		}
		if err := d.spend(consume, t.IssuedAt); err != nil {
			return err
		}
		if err := d.makeRoom(t, maxLive); err != nil {
			return err
		}
		return s.add(d, t)
	})
}

// makeRoom spends the oldest live tokens of t's requester, so that with t there are
// maxLive.
func (d *document) makeRoom(t passwd.TokenRecord, maxLive int) error {
	var live []*passwd.TokenRecord // the oldest first
	for i := range d.Tokens {
		other := &d.Tokens[i]
		if other.Purpose == t.Purpose && other.Requester == t.Requester && d.live(other, t.IssuedAt) {
			live = append(live, other)
		}
	}
	slices.SortStableFunc(live, func(a, b *passwd.TokenRecord) int { return a.IssuedAt.Compare(b.IssuedAt) })
	excess := len(live) + 1 - maxLive
	switch {
	case maxLive <= 0 || excess <= 0:
		return nil
	case t.IssuedAt.Before(live[excess-1].IssuedAt):
		return passwd.ErrTooManyTokens
	}
	for _, old := range live[:excess] {
		old.SpentAt = t.IssuedAt
	}
	return nil
}

// Peek implements passwd.Tokens.
func (s *Store) Peek(ctx context.Context, ref passwd.TokenRef, now time.Time) (passwd.TokenRecord, error) {
	return s.withToken(ctx, ref, s.read, func(d *document, t *passwd.TokenRecord) error {
		if !d.live(t, now) {
			return passwd.ErrTokenInvalid
		}
		return nil
	})
}

// Attempt implements passwd.Tokens.
func (s *Store) Attempt(ctx context.Context, ref passwd.TokenRef, max int, now time.Time) (passwd.TokenRecord, error) {
	return s.withToken(ctx, ref, s.update, func(d *document, t *passwd.TokenRecord) error {
		if !d.live(t, now) || t.Attempts >= max {
			return passwd.ErrTokenInvalid
		}
		t.Attempts++
		return nil
	})
}

// access is Store.read or Store.update.
type access func(context.Context, passwd.Ref, func(*document) error) error

// withToken has do judge a token, or write to it, and returns it.
func (s *Store) withToken(ctx context.Context, ref passwd.TokenRef, how access, do func(*document, *passwd.TokenRecord) error) (found passwd.TokenRecord, err error) {
	r, err := s.owner(ctx, ref)
	if err != nil {
		return found, err
	}
	err = how(ctx, r, func(d *document) error {
		t := d.token(ref)
		if t == nil {
			return passwd.ErrTokenInvalid
		}
		err := do(d, t)
		found = *t
		return err
	})
	if errors.Is(err, passwd.ErrNotFound) { // removed since we asked whose it is
		err = passwd.ErrTokenInvalid
	}
	return found, err
}

// owner tells whose token it is. It never becomes somebody else's.
func (s *Store) owner(ctx context.Context, ref passwd.TokenRef) (r passwd.Ref, err error) {
	err = s.step(ctx, func() error {
		var known bool
		if r, known = s.tokens[ref]; !known {
			return passwd.ErrTokenInvalid
		}
		return nil
	})
	return r, err
}

// Purge implements passwd.Tokens. A call is one step, so it cleans up one file, and
// says that there may be more.
func (s *Store) Purge(ctx context.Context, before time.Time, batch int) (n int, more bool, err error) {
	r, some, err := s.expired(ctx, before)
	if err != nil || !some {
		return 0, false, err
	}
	err = s.update(ctx, r, func(d *document) error {
		d.Tokens = slices.DeleteFunc(d.Tokens, func(t passwd.TokenRecord) bool {
			gone := n < batch && t.ExpiresAt.Before(before)
			if gone {
				n++
			}
			return gone
		})
		return nil
	})
	if errors.Is(err, passwd.ErrNotFound) {
		err = nil
	}
	return n, err == nil, err
}

// expired returns an account, if there is one, that has tokens to purge.
func (s *Store) expired(ctx context.Context, before time.Time) (r passwd.Ref, some bool, err error) {
	err = s.step(ctx, func() error {
		for _, d := range s.docs {
			if slices.ContainsFunc(d.Tokens, func(t passwd.TokenRecord) bool { return t.ExpiresAt.Before(before) }) {
				r, some = d.Ref, true
				break
			}
		}
		return nil
	})
	return r, some, err
}
