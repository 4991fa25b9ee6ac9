package dbtest_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

const (
	firstChoice  = "nanosecond wire 11.8 inches"
	secondChoice = "four candles and a fork handle"
)

// newcomer is a user whom the host is about to insert.
func newcomer(id string) passwd.Account {
	return passwd.Account{Ref: passwd.Ref{Tenant: "north", ID: id}, Username: "user" + id, Email: "user" + id + "@example.com", Active: true}
}

// A host inserts a user and sets the first password in one transaction: there is both,
// or neither.
func TestSetFirstWithin(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), usual)
			kit := passwdtest.New(t, passwd.Config{Store: h.store})
			for n, commit := range []bool{false, true} {
				a := newcomer("7")
				tx, err := h.begin(t.Context(), 0)
				if err != nil {
					t.Fatal(err)
				}
				if err := tx.Seed(t.Context(), a); err != nil {
					t.Fatal(err)
				}
				inside := kit.Service.With(tx.Store)
				if _, err := inside.SetFirst(t.Context(), a.Ref, "short", passwd.Client{}); passwd.CodeOf(err) != passwd.CodePasswordRejected {
					t.Errorf("a bad password: %v", err)
				}
				in, err := inside.SetFirst(t.Context(), a.Ref, firstChoice, passwd.Client{})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := inside.SetFirst(t.Context(), a.Ref, secondChoice, passwd.Client{}); !errors.Is(err, passwd.ErrConflict) {
					t.Errorf("once more: %v", err)
				}
				if err := tx.End(commit); err != nil {
					t.Fatal(err)
				}
				_, err = kit.Service.Live(t.Context(), a.Ref, in.Epoch)
				if commit != (err == nil) {
					t.Errorf("%d, committed: %t: the session is %v", n, commit, err)
				}
				_, err = kit.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Tenant: "north", Value: a.Username}, Password: firstChoice})
				if commit != (err == nil) {
					t.Errorf("committed: %t: sign-in is %v", commit, err)
				}
			}
			if sent := kit.Deliver(t); len(sent) != 0 {
				t.Errorf("%d messages", len(sent))
			}
		})
	}
}

// Of two services that set a first password at once, one does, and its password opens.
func TestSetFirstRace(t *testing.T) { // I3
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), usual)
			keys := passwd.RandomKeys()
			kits := []*passwdtest.Kit{passwdtest.New(t, passwd.Config{Store: h.store, Keys: keys}),
				passwdtest.New(t, passwd.Config{Store: s.store(t, h.db, usual), Keys: keys})}
			for n := range 8 {
				a := newcomer(string(rune('1' + n)))
				if err := s.seed(t.Context(), h.db, h.users, a); err != nil {
					t.Fatal(err)
				}
				choices := []string{firstChoice, secondChoice}
				errs := make([]error, 2)
				var wg sync.WaitGroup
				for i := range 2 {
					wg.Go(func() { _, errs[i] = kits[i].Service.SetFirst(t.Context(), a.Ref, choices[i], passwd.Client{}) })
				}
				wg.Wait()
				for i, err := range errs {
					_, opens := kits[0].Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Tenant: "north", Value: a.Username}, Password: choices[i]})
					if (err == nil) != (opens == nil) {
						t.Errorf("SetFirst of %d: %v, and its password: %v", i, err, opens)
					}
					if err != nil && !errors.Is(err, passwd.ErrConflict) {
						t.Errorf("the loser: %v", err)
					}
				}
				if (errs[0] == nil) == (errs[1] == nil) {
					t.Errorf("%v and %v", errs[0], errs[1])
				}
			}
		})
	}
}
