package memstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
)

// Set adds accounts, or replaces those with the same Ref, as a host writes its
// own users table. The epoch is the library's: that of the argument is ignored,
// and a replaced account keeps its own, with its tokens and history. So does one whose
// row was deleted without [Store.Forget], with its ChangedAt, Must and MustUntil as well.
func (s *Store) Set(accounts ...passwd.Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range accounts {
		if o := s.ours[a.Ref]; o != nil && s.accounts[a.Ref] == nil {
			a.ChangedAt, a.Must, a.MustUntil = o.changedAt, o.must, o.mustUntil
		}
		s.set(a)
	}
}

// Update lets edit change an account in one step, or returns ErrNotFound. It is
// how a test plays the host that writes to its own row, hash column included.
// Changes of Ref and Epoch are ignored; edit must not call the store.
func (s *Store) Update(r passwd.Ref, edit func(*passwd.Account)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[r]
	if a == nil {
		return passwd.ErrNotFound
	}
	edited := s.out(a)
	edit(&edited)
	edited.Ref = r
	if edited.Outside { // what an account shows then is not what is stored
		if edited.ChangedAt.IsZero() {
			edited.ChangedAt = a.ChangedAt
		}
		if edited.MustUntil.IsZero() {
			edited.MustUntil = a.MustUntil
		}
	}
	s.set(edited)
	return nil
}

// Delete removes an account as a host does: its row only. What the library keeps
// about it goes by [Store.Forget], which a host calls as well. Deleting an
// unknown account does nothing.
func (s *Store) Delete(r passwd.Ref) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, o := s.accounts[r], s.ours[r]; a != nil && o != nil && !o.forgotten {
		o.changedAt, o.must, o.mustUntil = a.ChangedAt, a.Must, a.MustUntil
	}
	s.remove(r)
	if o := s.ours[r]; o != nil && o.forgotten {
		delete(s.ours, r)
	}
}

// Get implements passwd.Accounts.
func (s *Store) Get(ctx context.Context, r passwd.Ref) (passwd.Account, error) {
	if err := s.lock(ctx); err != nil {
		return passwd.Account{}, err
	}
	defer s.mu.Unlock()
	a := s.accounts[r]
	if a == nil {
		return passwd.Account{}, passwd.ErrNotFound
	}
	return s.out(a), nil
}

// Find implements passwd.Accounts. Its comparison is exact and its order is that
// of the ids.
func (s *Store) Find(ctx context.Context, l passwd.Login, max int) ([]passwd.Account, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var found []passwd.Account
	for _, r := range s.logins[l] {
		if len(found) >= max {
			break
		}
		found = append(found, s.out(s.accounts[r]))
	}
	return found, nil
}

// out returns the account as callers see it.
func (s *Store) out(a *passwd.Account) passwd.Account {
	copied := clone(*a)
	copied.Epoch, copied.Outside, copied.Raised = 0, false, false
	if o := s.ours[a.Ref]; o != nil {
		if copied.Epoch, copied.Raised = o.epoch, o.raised; o.outside(a.Hash) {
			return copied.FromOutside()
		}
	}
	return copied
}

func (s *Store) set(a passwd.Account) {
	s.remove(a.Ref)
	if o := s.ours[a.Ref]; o != nil && o.forgotten && o.bound != a.Hash {
		o.forgotten = false
		a.Must, a.MustUntil = passwd.NoReason, time.Time{}
	}
	if s.accounts == nil {
		s.accounts = make(map[passwd.Ref]*passwd.Account)
		s.logins = make(map[passwd.Login][]passwd.Ref)
	}
	a = clone(a)
	s.accounts[a.Ref] = &a
	for _, l := range loginsOf(&a) {
		i, _ := slices.BinarySearchFunc(s.logins[l], a.Ref, byID)
		s.logins[l] = slices.Insert(s.logins[l], i, a.Ref)
	}
}

func (s *Store) remove(r passwd.Ref) {
	a := s.accounts[r]
	if a == nil {
		return
	}
	delete(s.accounts, r)
	for _, l := range loginsOf(a) {
		if i, found := slices.BinarySearchFunc(s.logins[l], r, byID); found {
			s.logins[l] = slices.Delete(s.logins[l], i, i+1)
		}
		if len(s.logins[l]) == 0 {
			delete(s.logins, l)
		}
	}
}

func byID(a, b passwd.Ref) int { return strings.Compare(a.ID, b.ID) }

// loginsOf returns the compared forms under which an account is found.
func loginsOf(a *passwd.Account) []passwd.Login {
	var logins []passwd.Login
	add := func(kind passwd.LoginKind, identifier string) {
		if form := passwd.Fold(identifier); form != "" {
			logins = append(logins, passwd.Login{Tenant: a.Ref.Tenant, Kind: kind, Value: form})
		}
	}
	add(passwd.Username, a.Username)
	add(passwd.Email, a.Email)
	add(passwd.Mobile, a.Mobile)
	return logins
}
