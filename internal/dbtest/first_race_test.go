package dbtest_test

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/sqlstore"
)

// firstRace is a host with two services over one database, and users without passwords.
type firstRace struct {
	*host
	kits [2]*passwdtest.Kit
	// inside counts in memory, so that it can be asked in a transaction of SQLite.
	inside *passwd.Service
}

func (s *server) newFirstRace(t *testing.T) firstRace {
	h := s.newHost(t, s.open(t), usual)
	keys := passwd.RandomKeys()
	return firstRace{h, [2]*passwdtest.Kit{
		passwdtest.New(t, passwd.Config{Store: h.store, Keys: keys}),
		passwdtest.New(t, passwd.Config{Store: s.store(t, h.db, usual), Keys: keys}),
	}, passwdtest.New(t, passwd.Config{Store: h.store, Keys: keys, Limiter: passwd.NewMemoryLimiter(0)}).Service}
}

// newcomer inserts a user without a password, whose address is confirmed.
func (f firstRace) newcomer(id string) passwd.Account {
	f.t.Helper()
	a := newcomer(id)
	a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Email}}
	if err := f.on.seed(f.t.Context(), f.db, f.users, a); err != nil {
		f.t.Fatal(err)
	}
	return a
}

// invited sends an invitation and returns its token.
func (f firstRace) invited(a passwd.Account) passwd.Token {
	f.t.Helper()
	if err := f.kits[0].Service.Invite(f.t.Context(), a.Ref, passwd.AnyChannel, passwd.Client{}); err != nil {
		f.t.Fatal(err)
	}
	return f.kits[0].DeliverOne(f.t).Token
}

// delete ends a user as a host does: the row, and what the library knows, in one
// transaction.
func (f firstRace) delete(ctx context.Context, r passwd.Ref) error {
	level := &sql.TxOptions{}
	if f.on.dialect == sqlstore.MySQL {
		level.Isolation = sql.LevelReadCommitted
	}
	tx, err := f.db.BeginTx(ctx, level)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := f.on.remove(ctx, tx, f.users, r); err != nil {
		return err
	}
	if err := f.inside.With(f.store.Within(tx)).Forget(ctx, r); err != nil {
		return err
	}
	return tx.Commit()
}

// opens counts the passwords that sign the user in.
func (f firstRace) opens(a passwd.Account, passwords ...string) (n int) {
	for _, password := range passwords {
		login := passwd.Login{Tenant: a.Ref.Tenant, Value: a.Username}
		if _, err := f.kits[0].Service.SignIn(f.t.Context(), passwd.SignIn{Login: login, Password: password}); err == nil {
			n++
		}
	}
	return n
}

func raceAll(calls ...func() error) []error {
	errs := make([]error, len(calls))
	var wg sync.WaitGroup
	for i, call := range calls {
		wg.Go(func() { errs[i] = call() })
	}
	wg.Wait()
	return errs
}

// Of an invitation, a reset and a sign-up at once, through two services, one sets the
// password. The others are told so, and leave nothing.
func TestInvitationAgainstReset(t *testing.T) { // I3, I4
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			f := s.newFirstRace(t)
			for n := range testrun.Size(4, 10, 50) {
				a := f.newcomer(strconv.Itoa(1 + n))
				invitation := f.invited(a)
				if err := f.kits[0].Service.SendReset(t.Context(), a.Ref, passwd.AnyChannel, passwd.Client{}); err != nil {
					t.Fatal(err)
				}
				reset := f.kits[0].DeliverOne(t).Token
				passwords := []string{firstChoice, secondChoice, "walnut teapots on the shelf"}
				errs := raceAll(func() error {
					_, err := f.kits[0].Service.AcceptInvitation(t.Context(), passwd.Reset{Token: invitation, New: passwords[0]})
					return err
				}, func() error {
					_, err := f.kits[1].Service.Reset(t.Context(), passwd.Reset{Token: reset, New: passwords[1]})
					return err
				}, func() error {
					_, err := f.kits[0].Service.SetFirst(t.Context(), a.Ref, passwords[2], passwd.Client{})
					return err
				})
				won := 0
				for i, err := range errs {
					if err == nil {
						won++
					} else if want := []error{passwd.ErrTokenInvalid, passwd.ErrTokenInvalid, passwd.ErrConflict}[i]; !errors.Is(err, want) {
						t.Errorf("%d: %v", i, err)
					}
					if opens := f.opens(a, passwords[i]) == 1; opens != (err == nil) {
						t.Errorf("%d has said %v, and its password opens: %t", i, err, opens)
					}
				}
				history, err := f.store.History(t.Context(), a.Ref, 10)
				if won != 1 || len(history) != 0 || err != nil {
					t.Errorf("%d have set it, %d hashes were replaced, %v", won, len(history), err)
				}
				// Of a first password its owner knows; of one by a link they are told.
				if sent, first := f.kits[0].Deliver(t), errs[2] == nil; len(sent) != map[bool]int{false: 1}[first] {
					t.Errorf("%d notices; by SetFirst: %t", len(sent), first)
				}
				for _, p := range []passwd.Purpose{passwd.PurposeInvitation, passwd.PurposeReset} {
					token := map[passwd.Purpose]passwd.Token{passwd.PurposeInvitation: invitation, passwd.PurposeReset: reset}[p]
					if _, err := f.kits[1].Service.TokenAccount(t.Context(), p, token, passwd.Client{}); !errors.Is(err, passwd.ErrTokenInvalid) {
						t.Errorf("the %s link afterwards: %v", p, err)
					}
				}
			}
		})
	}
}

// An invitation that is accepted while its user is deleted leaves nothing to whoever
// gets the id next.
func TestInvitationAgainstDeletion(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			f := s.newFirstRace(t)
			for n := range testrun.Size(4, 10, 50) {
				a := f.newcomer(strconv.Itoa(1 + n))
				invitation := f.invited(a)
				errs := raceAll(func() error {
					_, err := f.kits[0].Service.AcceptInvitation(t.Context(), passwd.Reset{Token: invitation, New: firstChoice})
					return err
				}, func() error { return f.delete(t.Context(), a.Ref) })
				if err := errs[0]; err != nil && !errors.Is(err, passwd.ErrTokenInvalid) {
					t.Errorf("the invitation: %v", err)
				}
				if errs[1] != nil {
					t.Fatalf("the deletion: %v", errs[1])
				}
				if _, err := f.store.Get(t.Context(), a.Ref); !errors.Is(err, passwd.ErrNotFound) {
					t.Errorf("the account afterwards: %v", err)
				}
				f.kits[0].Deliver(t)

				heir := f.newcomer(a.Ref.ID)
				got := f.get(heir.Ref)
				history, err := f.store.History(t.Context(), a.Ref, 10)
				if got.Hash != "" || got.Epoch != 0 || !got.ChangedAt.IsZero() || got.Must != passwd.NoReason || len(history) != 0 || err != nil {
					t.Errorf("the heir of the id has epoch %d, age %v, must %q, %d earlier hashes, %v", got.Epoch, got.ChangedAt, got.Must, len(history), err)
				}
				_, err = f.kits[0].Service.AcceptInvitation(t.Context(), passwd.Reset{Token: invitation, New: secondChoice})
				if !errors.Is(err, passwd.ErrTokenInvalid) || f.opens(heir, firstChoice, secondChoice) != 0 {
					t.Errorf("the link at the heir's account: %v", err)
				}
				if _, err := f.kits[1].Service.SetFirst(t.Context(), heir.Ref, secondChoice, passwd.Client{}); err != nil {
					t.Errorf("SetFirst of the heir: %v", err)
				}
			}
		})
	}
}
