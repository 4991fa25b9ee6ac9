package dbtest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/sqlstore"
)

// template is a database with an account of everything, to start cases from.
func template(t *testing.T) (file []byte, a passwd.Account) {
	t.Helper()
	file = snapshot(t, func(db *sql.DB) { a = newHostOn(t, db, usual).everything() })
	return file, a
}

// everything makes an account with a session, a job and tokens of all kinds.
func (h *host) everything() passwd.Account {
	h.t.Helper()
	a := h.user("7")
	w := replacement(a, "$test$first")
	w.Now, w.Jobs[0].Urgent = t0.Add(-time.Hour), true
	if _, err := h.store.Apply(h.t.Context(), w); err != nil {
		h.t.Fatal(err)
	}
	a = h.get(a.Ref)
	for n, purpose := range []passwd.Purpose{passwd.PurposeReset, passwd.PurposeCode, passwd.PurposeCancel} {
		token := resetToken(a, n+1)
		token.Purpose = purpose
		if purpose == passwd.PurposeCancel {
			token.Epoch = 0
		}
		if err := h.store.Issue(h.t.Context(), token, 0, nil); err != nil {
			h.t.Fatal(err)
		}
	}
	if err := openSessions(h.t.Context(), h.store, a); err != nil {
		h.t.Fatal(err)
	}
	return a
}

type operation struct {
	name     string
	readBack bool // it finds out what became of a lost commit
	random   string
	do       func(context.Context, *sqlstore.Store, passwd.Account) error
}

func operations() []operation {
	reset := passwd.TokenRef{Purpose: passwd.PurposeReset, Digest: digest(1)}
	code := passwd.TokenRef{Purpose: passwd.PurposeCode, Digest: digest(2)}
	return append(sessionOperations(), []operation{
		{"Apply", true, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			w := replacement(a, "$test$second")
			issue := resetToken(a, 9)
			w.Consume, w.Issue, w.Must, w.MustUntil = &reset, &issue, passwd.Temporary, t0.Add(time.Hour)
			_, err := s.Apply(ctx, w)
			return err
		}},
		{"Apply/raise", true, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			_, err := s.Apply(ctx, passwd.Write{Account: a.Ref, IfHash: a.Hash, IfEpoch: a.Epoch, IfMust: a.Must, Raise: true, VoidAll: true, Now: t0})
			return err
		}},
		{"Rehash", true, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			done, err := s.Rehash(ctx, a.Ref, a.Hash, "$test$better")
			if err == nil && !done {
				err = errors.New("not done")
			}
			return err
		}},
		{"Forget", true, "passwd_account.epoch", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			return s.Forget(ctx, a.Ref)
		}},
		{"Issue", true, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			return s.Issue(ctx, resetToken(a, 9), 3, &code)
		}},
		{"Attempt", false, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			_, err := s.Attempt(ctx, code, 5, t0)
			return err
		}},
		{"Purge", false, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			_, _, err := s.Purge(ctx, t0.Add(48*time.Hour), 2)
			return err
		}},
		{"Put", true, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			return s.Put(ctx, passwd.Job{ID: "new", Key: "key", NotBefore: t0, NotAfter: t0.Add(time.Hour)})
		}},
		{"Claim", false, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			jobs, err := s.Claim(ctx, 5, time.Minute, t0)
			if err == nil && len(jobs) != 1 {
				err = fmt.Errorf("%d jobs", len(jobs))
			}
			return err
		}},
		{"ClaimUrgent", false, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			jobs, err := s.ClaimUrgent(ctx, 5, time.Minute, t0)
			if err == nil && len(jobs) != 1 {
				err = fmt.Errorf("%d urgent jobs", len(jobs))
			}
			return err
		}},
		{"Done", false, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			return s.Done(ctx, "notice-7$test$first")
		}},
		{"Retry", false, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			return s.Retry(ctx, "notice-7$test$first", t0.Add(time.Minute))
		}},
	}...)
}

// busy is an error as drivers report SQLITE_BUSY.
type busy struct{}

func (busy) Error() string { return "somebody is writing" }
func (busy) Code() int     { return 5 }

// TestFaults fails every operation at each of its steps: what it wrote is there
// as a whole or not at all, and the answer says which (I2).
func TestFaults(t *testing.T) {
	file, account := template(t)
	secrets := []string{account.Email, account.Mobile, account.Username, string(account.Hash), "$test$", "north", "notice-"}

	// start makes a database in its initial state; done is the state afterwards.
	start := func(t *testing.T) (*sql.DB, *sqlstore.Store, *faulty) {
		t.Helper()
		name := restore(t, file)
		db, f := openFaulty(t, name)
		store := open(t, db, usual)
		if err := store.Verify(t.Context()); err != nil { // prepares the statements
			t.Fatal(err)
		}
		return openFile(t, name), store, f
	}

	for _, op := range operations() {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			if testrun.Race && op.name != "Apply" {
				t.Skip("nothing runs at once here")
			}
			db, store, f := start(t)
			everything := dumper(t, db, "passwd_account.stamp", op.random)
			look := func(db *sql.DB) string { return strings.Join(column(t, db, everything), "\n") }
			before := look(db)
			f.arm(0, fault{})
			if err := op.do(t.Context(), store, account); err != nil {
				t.Fatal(err)
			}
			steps, done := f.counted(), look(db)
			if done == before || steps < 1 {
				t.Fatalf("it does nothing, in %d steps", steps)
			}

			db, store, f = start(t)
			for step := 1; step <= steps; step++ {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				for _, test := range []struct {
					name  string
					fault fault
				}{
					{"refused", fault{err: errCut}},
					{"cut before", fault{err: errCut, cut: true}},
					{"cut after", fault{err: errCut, cut: true, late: true}},
					{"gone before", fault{err: errCut, cut: true, last: true}},
					{"gone after", fault{err: errCut, cut: true, late: true, last: true}},
					{"busy", fault{err: busy{}}},
					{"cancelled", fault{before: cancel}}, // the last: the context is the step's
				} {
					if test.fault.last && step < steps {
						continue // nothing is read back
					}
					what := fmt.Sprintf("step %d of %d %s", step, steps, test.name)
					with := t.Context()
					if test.name == "cancelled" {
						with = ctx
					}
					f.arm(step, test.fault)
					err := op.do(with, store, account)
					for _, secret := range secrets {
						if err != nil && strings.Contains(err.Error(), secret) {
							t.Errorf("%s: the error tells %q: %v", what, secret, err)
						}
					}

					after := look(db)
					if after != before {
						db, store, f = start(t)
					}
					if after != before && after != done {
						t.Fatalf("%s: half written (error %v):\n%s", what, err, after)
					}
					switch {
					case errors.Is(err, passwd.ErrOutcomeUnknown):
						if step < steps || test.name == "busy" || op.readBack && !test.fault.last {
							t.Errorf("%s: %v", what, err)
						}
					case (err == nil) != (after == done):
						t.Errorf("%s: error %v, written: %t", what, err, after == done)
					case test.name == "busy" && err != nil:
						t.Errorf("%s: not tried again: %v", what, err)
					case test.name == "cancelled" && err != nil && !errors.Is(err, context.Canceled):
						t.Errorf("%s: %v", what, err)
					case step == steps && test.name == "cut after" && op.readBack && err != nil:
						t.Errorf("%s: not read back: %v", what, err)
					}
				}
			}
		})
	}
}

// A write by somebody else hides whether one's own commit was before it.
func TestOvertakenReadBack(t *testing.T) {
	name := filepath.Join(t.TempDir(), "host.db")
	db, f := openFaulty(t, name)
	other := newHostOn(t, openFile(t, name), usual)
	a := other.pin("1")
	store := open(t, db, usual)
	if err := store.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.arm(0, fault{})
	if _, err := store.Apply(t.Context(), replacement(a, "$test$second")); err != nil {
		t.Fatal(err)
	}
	commit := f.counted() // of every write that goes on from an epoch

	a = other.get(a.Ref)
	for _, test := range []struct {
		name string
		hash passwd.Hash
		late bool
		want error
	}{
		{"lost, then overtaken", "$test$third", true, passwd.ErrOutcomeUnknown},
		{"never arrived, then overtaken", "$test$fourth", false, passwd.ErrOutcomeUnknown},
	} {
		a = other.get(a.Ref)
		f.arm(commit, fault{err: errCut, cut: true, late: test.late, after: func() {
			if _, err := other.store.Apply(t.Context(), replacement(other.get(a.Ref), test.hash+"*")); err != nil {
				t.Error(err)
			}
		}})
		w := replacement(a, test.hash)
		w.History = 100 // nothing to trim: as many steps
		if _, err := store.Apply(t.Context(), w); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
		if got := other.get(a.Ref).Hash; got != test.hash+"*" {
			t.Errorf("%s: hash is %q", test.name, string(got))
		}
	}
}

// Values that a column should not hold come up in no error (I7).
func TestErrorsTellNoValues(t *testing.T) {
	const canary = "canary@example.com"
	for _, column := range []string{"active", "disabled", "email_confirmed", "id"} {
		h := newHost(t, usual)
		a := h.user("1")
		h.exec("ALTER TABLE users RENAME TO old")
		h.exec("CREATE TABLE users AS SELECT * FROM old")
		h.exec("UPDATE users SET "+column+" = ?", canary)
		_, err := h.store.Find(t.Context(), passwd.Login{Tenant: "north", Kind: passwd.Email, Value: passwd.Fold(a.Email)}, 9)
		if err == nil {
			t.Errorf("%s: no error", column)
		} else if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", column, err)
		}
	}
}
