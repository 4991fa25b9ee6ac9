package memstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
)

// Apply implements passwd.Credentials. The jobs of the write enter the queue in
// the same step, whatever the queue's bound.
func (s *Store) Apply(ctx context.Context, w passwd.Write) (epoch int64, err error) {
	if err := s.lock(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	w.Now = micro(w.Now)

	a := s.accounts[w.Account]
	if a == nil {
		return 0, passwd.ErrNotFound
	}
	if err := w.Check(s.out(a)); err != nil {
		return 0, err
	}
	spent, err := s.redeemable(w.Consume, a.Ref, w.Now)
	if err != nil {
		return 0, err
	}
	if w.Issue != nil && s.tokens[w.Issue.TokenRef] != nil {
		return 0, passwd.ErrTokenInvalid // a token is new in a write, or none
	}

	// Nothing below fails: this is the commit.
	o := s.record(a.Ref)
	o.forgotten = false
	before, outside := s.epoch(a.Ref), o.outside(a.Hash)
	if o.epoch = w.NextEpoch(before); before != 0 && o.epoch != before {
		s.raised(w, o.epoch)
	}
	switch {
	case w.NewHash != "":
		o.replaced(a.Hash, w.History)
		a.Hash, a.ChangedAt = w.NewHash, w.Now
	case outside:
		a.ChangedAt = w.Now
	}
	o.written, o.known = a.Hash, true
	o.raised = o.raised || outside || w.NewHash != "" || w.Raise
	a.Must, a.MustUntil = w.Must, micro(w.MustUntil)
	if spent != nil {
		spent.SpentAt = w.Now
	}
	if w.VoidAll {
		for _, t := range o.tokens {
			if t.Epoch == 0 && t.SpentAt.IsZero() {
				t.SpentAt = w.Now
			}
		}
	}
	if w.Issue != nil {
		t := *w.Issue
		if t.Epoch != 0 {
			t.Epoch = o.epoch
		}
		s.add(t)
	}
	for _, j := range w.Jobs {
		s.queue.PutAll(micros(j))
	}
	return o.epoch, nil
}

// replaced puts a hash that is no longer in use at the head of the history and
// keeps the n newest.
func (o *record) replaced(old passwd.Hash, n int) {
	if old != "" {
		o.history = slices.Insert(o.history, 0, old)
	}
	o.history = slices.Clone(o.history[:min(max(n, 0), len(o.history))])
}

// Rehash implements passwd.Credentials. An unknown account is ErrNotFound.
func (s *Store) Rehash(ctx context.Context, r passwd.Ref, old, new passwd.Hash) (bool, error) {
	if err := s.lock(ctx); err != nil {
		return false, err
	}
	defer s.mu.Unlock()
	a := s.accounts[r]
	if a == nil {
		return false, passwd.ErrNotFound
	}
	if a.Hash != old {
		return false, nil
	}
	a.Hash = new
	if o := s.ours[r]; o != nil {
		if o.bound = new; o.written == old {
			o.written = new
		}
	}
	return true, nil
}

// History implements passwd.Credentials. An unknown account is ErrNotFound.
func (s *Store) History(ctx context.Context, r passwd.Ref, n int) ([]passwd.Hash, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if s.accounts[r] == nil {
		return nil, passwd.ErrNotFound
	}
	o := s.ours[r]
	if o == nil {
		return nil, nil
	}
	return slices.Clone(o.history[:min(max(n, 0), len(o.history))]), nil
}

// RaiseEpochs adds to the epoch of every account that has one: see
// passwd.Service.RevokeAll.
func (s *Store) RaiseEpochs(ctx context.Context, by int64) (accounts int, err error) {
	if by <= 0 {
		return 0, errors.New("memstore: raise epochs: by less than 1")
	}
	if err := s.lock(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	for _, o := range s.ours {
		if o.epoch != 0 {
			o.epoch += by
			o.raised = true
			accounts++
		}
	}
	return accounts, nil
}

// Forget implements passwd.Credentials. Of an account that the host still has, its row
// keeps why it has to change its password, until it is deleted or gets another hash.
func (s *Store) Forget(ctx context.Context, r passwd.Ref) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if o := s.ours[r]; o != nil {
		if a := s.accounts[r]; a != nil && o.outside(a.Hash) {
			a.MustUntil = time.Time{} // nothing is known of that hash
		}
		for _, t := range o.tokens {
			delete(s.tokens, t.TokenRef)
		}
		s.dropWhere(r, func(*held) bool { return true })
		delete(s.ours, r)
	}
	if a := s.accounts[r]; a != nil {
		a.ChangedAt = time.Time{}
		if a.Must != passwd.NoReason {
			o := s.record(r)
			o.forgotten, o.bound = true, a.Hash
		}
	}
	return nil
}
