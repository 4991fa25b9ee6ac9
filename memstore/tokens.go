package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
)

// Issue implements passwd.Tokens. It judges which tokens are live at t.IssuedAt.
// An unknown account is ErrNotFound.
func (s *Store) Issue(ctx context.Context, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	now := micro(t.IssuedAt)

	if s.accounts[t.Account] == nil {
		return passwd.ErrNotFound
	}
	if first := s.tokens[t.TokenRef]; first != nil { // what it consumed is spent: judge it first
		if first.Account != t.Account || first.Address != t.Address || !s.live(first, now) {
			return passwd.ErrTokenInvalid
		}
		return nil
	}
	if t.Epoch != 0 && t.Epoch != s.epoch(t.Account) {
		return passwd.ErrConflict
	}
	spent, err := s.redeemable(consume, t.Account, now)
	if err != nil {
		return err
	}
	over, err := s.overQuota(t, maxLive, spent, now)
	if err != nil {
		return err
	}
	for _, oldest := range over {
		oldest.SpentAt = now
	}
	if spent != nil {
		spent.SpentAt = now
	}
	s.add(t)
	return nil
}

// overQuota returns the live tokens of t's requester that t takes the place of, the
// oldest ones, and an error if t would be the oldest itself.
func (s *Store) overQuota(t passwd.TokenRecord, maxLive int, spent *passwd.TokenRecord, now time.Time) ([]*passwd.TokenRecord, error) {
	if maxLive <= 0 {
		return nil, nil
	}
	var live []*passwd.TokenRecord
	for _, other := range s.record(t.Account).tokens {
		if other.Purpose == t.Purpose && other.Requester == t.Requester && other != spent && s.live(other, now) {
			live = append(live, other)
		}
	}
	excess := len(live) + 1 - maxLive
	if excess <= 0 {
		return nil, nil
	}
	slices.SortStableFunc(live, func(a, b *passwd.TokenRecord) int { return a.IssuedAt.Compare(b.IssuedAt) })
	if micro(t.IssuedAt).Before(live[excess-1].IssuedAt) {
		return nil, passwd.ErrTooManyTokens
	}
	return live[:excess], nil
}

// Peek implements passwd.Tokens.
func (s *Store) Peek(ctx context.Context, ref passwd.TokenRef, now time.Time) (passwd.TokenRecord, error) {
	if err := s.lock(ctx); err != nil {
		return passwd.TokenRecord{}, err
	}
	defer s.mu.Unlock()
	t := s.tokens[ref]
	if t == nil {
		return passwd.TokenRecord{}, passwd.ErrTokenInvalid
	}
	if !s.live(t, micro(now)) {
		return *t, passwd.ErrTokenInvalid
	}
	return *t, nil
}

// Attempt implements passwd.Tokens. The last attempt that max allows leaves a
// token that can still be consumed, by whoever made that attempt.
func (s *Store) Attempt(ctx context.Context, ref passwd.TokenRef, max int, now time.Time) (passwd.TokenRecord, error) {
	if err := s.lock(ctx); err != nil {
		return passwd.TokenRecord{}, err
	}
	defer s.mu.Unlock()
	t := s.tokens[ref]
	if t == nil {
		return passwd.TokenRecord{}, passwd.ErrTokenInvalid
	}
	if !s.live(t, micro(now)) || t.Attempts >= max {
		return *t, passwd.ErrTokenInvalid
	}
	t.Attempts++
	return *t, nil
}

// Purge implements passwd.Tokens. Tokens and sessions are all that it deletes: a
// job too old to be of use is dropped by the service, which tells of it.
func (s *Store) Purge(ctx context.Context, before time.Time, batch int) (n int, more bool, err error) {
	if err := s.lock(ctx); err != nil {
		return 0, false, err
	}
	defer s.mu.Unlock()
	for ref, t := range s.tokens {
		if !t.ExpiresAt.Before(before) {
			continue
		}
		if n >= batch {
			return n, true, nil
		}
		delete(s.tokens, ref)
		o := s.record(t.Account)
		o.tokens = slices.DeleteFunc(o.tokens, func(other *passwd.TokenRecord) bool { return other == t })
		n++
	}
	ended, more := s.purgeSessions(before, batch-n)
	return n + ended, more, nil
}

// live reports whether a token is good, its attempts apart.
func (s *Store) live(t *passwd.TokenRecord, now time.Time) bool {
	return t.Live(s.epoch(t.Account), now)
}

// redeemable returns the token to consume if it is live and the account's, and
// nil for nil.
func (s *Store) redeemable(ref *passwd.TokenRef, r passwd.Ref, now time.Time) (*passwd.TokenRecord, error) {
	if ref == nil {
		return nil, nil
	}
	t := s.tokens[*ref]
	if t == nil || t.Account != r || !s.live(t, now) {
		return nil, passwd.ErrTokenInvalid
	}
	return t, nil
}

func (s *Store) add(t passwd.TokenRecord) {
	t.IssuedAt, t.ExpiresAt, t.SpentAt = micro(t.IssuedAt), micro(t.ExpiresAt), micro(t.SpentAt)
	if s.tokens == nil {
		s.tokens = make(map[passwd.TokenRef]*passwd.TokenRecord)
	}
	s.tokens[t.TokenRef] = &t
	o := s.record(t.Account)
	o.tokens = append(o.tokens, &t)
}
