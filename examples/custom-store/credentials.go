// 83 lines without blank lines and comments: passwords.
package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
)

// Apply implements passwd.Credentials.
func (s *Store) Apply(ctx context.Context, w passwd.Write) (epoch int64, err error) {
	err = s.update(ctx, w.Account, func(d *document) error {
		if err := w.Check(d.account()); err != nil {
			return err
		}
		if err := d.spend(w.Consume, w.Now); err != nil { // at the epoch that it was made at
			return err
		}
		d.Epoch = w.NextEpoch(d.Epoch)
		switch {
		case w.NewHash != "":
			d.replaced(d.Hash, w.History)
			d.Hash, d.ChangedAt = string(w.NewHash), w.Now
		case d.Outside:
			d.ChangedAt = w.Now
		}
		d.Raised = d.Raised || w.NewHash != "" || w.Raise
		d.Outside = false
		d.Must, d.MustUntil = w.Must, w.MustUntil
		if w.VoidAll {
			d.voidAll(w.Now)
		}
		epoch = d.Epoch
		if w.Issue == nil {
			return nil
		}
		t := *w.Issue
		if t.Epoch != 0 {
			t.Epoch = d.Epoch
		}
		return s.add(d, t)
	})
	if err != nil {
		return 0, err
	}
	return epoch, nil
}

// replaced keeps the n newest hashes that are no longer in use, old among them.
func (d *document) replaced(old string, n int) {
	if old != "" {
		d.History = slices.Insert(d.History, 0, old)
	}
	d.History = d.History[:min(max(n, 0), len(d.History))]
}

// Rehash implements passwd.Credentials.
func (s *Store) Rehash(ctx context.Context, r passwd.Ref, old, new passwd.Hash) (bool, error) {
	err := s.update(ctx, r, func(d *document) error {
		if d.Hash != string(old) {
			return passwd.ErrConflict
		}
		d.Hash = string(new)
		return nil
	})
	if errors.Is(err, passwd.ErrConflict) {
		return false, nil
	}
	return err == nil, err
}

// History implements passwd.Credentials.
func (s *Store) History(ctx context.Context, r passwd.Ref, n int) (hashes []passwd.Hash, err error) {
	err = s.read(ctx, r, func(d *document) error {
		for _, h := range d.History[:min(max(n, 0), len(d.History))] {
			hashes = append(hashes, passwd.Hash(h))
		}
		return nil
	})
	return hashes, err
}

// Forget implements passwd.Credentials. Why the account has to change its password
// stays in its document, and goes with it.
func (s *Store) Forget(ctx context.Context, r passwd.Ref) error {
	err := s.update(ctx, r, func(d *document) error {
		d.Epoch, d.ChangedAt, d.History, d.Tokens, d.Outside, d.Raised = 0, time.Time{}, nil, nil, false, false
		return nil
	})
	if errors.Is(err, passwd.ErrNotFound) {
		return nil // Remove has left nothing to forget
	}
	return err
}
