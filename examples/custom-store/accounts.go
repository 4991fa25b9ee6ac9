// 46 lines without blank lines and comments: the accounts, to the app and to the
// library.
package main

import (
	"context"
	"errors"

	"github.com/passwd-go/passwd"
)

// Put is the app's own write: a new account, or what it knows of an old one. What
// the library keeps about that stays.
func (s *Store) Put(ctx context.Context, a passwd.Account) error {
	return s.step(ctx, func() error {
		d := new(document)
		if old := s.docs[a.Ref]; old != nil {
			d = old.clone()
		}
		a.Epoch, a.ChangedAt, a.Must, a.MustUntil, a.Outside, a.Raised = d.Epoch, d.ChangedAt, d.Must, d.MustUntil, d.Outside, d.Raised
		if d.Hash != string(a.Hash) {
			a = a.FromOutside()
		}
		d.Account, d.Hash = a, string(a.Hash)
		return s.save(d)
	})
}

// Remove deletes an account and what the library keeps about it.
func (s *Store) Remove(ctx context.Context, r passwd.Ref) error {
	return s.step(ctx, func() error {
		err := remove(s.root, fileName(r))
		if err == nil || errors.Is(err, passwd.ErrOutcomeUnknown) {
			s.show(r, nil)
		}
		return err
	})
}

// Get implements passwd.Accounts.
func (s *Store) Get(ctx context.Context, r passwd.Ref) (a passwd.Account, err error) {
	err = s.read(ctx, r, func(d *document) error {
		a = d.account()
		return nil
	})
	return a, err
}

// Find implements passwd.Accounts.
func (s *Store) Find(ctx context.Context, l passwd.Login, max int) (found []passwd.Account, err error) {
	err = s.step(ctx, func() error {
		refs := s.logins[l]
		for _, r := range refs[:min(max, len(refs))] {
			found = append(found, s.docs[r].account())
		}
		return nil
	})
	return found, err
}
