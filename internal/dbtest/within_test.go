package dbtest_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/sqlstore"
	"github.com/passwd-go/passwd/storetest"
)

func TestLimiter(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), usual)
			storetest.RunLimiter(t, func() (passwd.Limiter, error) {
				h.empty()
				return h.store, nil
			})
		})
	}
}

// Counts that have outlived their use go, and no others.
func TestLimiterPurge(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), usual)
			backoff := passwd.Limit{Free: 100, Wait: time.Second, MaxWait: time.Minute}
			take := func(key string, l passwd.Limit, times int) {
				for range times {
					if _, err := h.store.Do(t.Context(), t0, passwd.Step{Key: key, Limit: l}); err != nil {
						t.Fatal(err)
					}
				}
			}
			take("window", passwd.Limit{Free: 9, Window: time.Hour}, 2)
			take("once", backoff, 1)
			take("often", backoff, 40)
			for _, test := range []struct {
				before time.Time
				left   string
			}{
				{t0.Add(time.Hour), "often once window"},
				{t0.Add(time.Hour + time.Microsecond), "often once"},
				{t0.Add(24*time.Hour + time.Microsecond), "often"},
				{t0.Add(30 * 24 * time.Hour), "often"},
				{t0.Add(30*24*time.Hour + time.Microsecond), ""},
			} {
				if _, _, err := h.store.Purge(t.Context(), test.before, 100); err != nil {
					t.Fatal(err)
				}
				left := strings.Join(column(t, h.db, "SELECT limit_key FROM passwd_limit ORDER BY limit_key"), " ")
				if left != test.left {
					t.Errorf("purged before %v: %q is left, want %q", test.before, left, test.left)
				}
			}
		})
	}
}

// TestWithin runs the store inside transactions that hosts begin.
func TestWithin(t *testing.T) {
	for _, s := range servers {
		for _, level := range []sql.IsolationLevel{sql.LevelDefault, sql.LevelRepeatableRead, sql.LevelSerializable} {
			name := level.String()
			if s == onSQLite && level != sql.LevelDefault {
				continue
			}
			t.Run(s.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				if testrun.Race && level != sql.LevelDefault {
					t.Skip("nothing runs at once here")
				}
				if s == onPQ || level != sql.LevelDefault {
					testrun.NeedCI(t)
				}
				m := mappings()[0]
				h := s.newHost(t, s.open(t), m.users)
				storetest.RunWithin(t, h.fixture(m), func(ctx context.Context, _ passwd.Store) (storetest.Transaction, error) {
					return h.begin(ctx, level)
				})
			})
		}
	}
}

// begin begins a transaction as a host does. On SQLite its first statement writes.
func (h *host) begin(ctx context.Context, level sql.IsolationLevel) (storetest.Transaction, error) {
	tx, err := h.db.BeginTx(context.WithoutCancel(ctx), &sql.TxOptions{Isolation: level})
	if err != nil {
		return storetest.Transaction{}, err
	}
	if h.on == onSQLite {
		if _, err := tx.ExecContext(ctx, "UPDATE users SET id = id WHERE 0"); err != nil {
			return storetest.Transaction{}, err
		}
	}
	return storetest.Transaction{
		Store: h.store.Within(tx),
		Seed:  func(ctx context.Context, accounts ...passwd.Account) error { return h.seed(ctx, tx, accounts...) },
		End: func(commit bool) error {
			if commit {
				return tx.Commit()
			}
			return tx.Rollback()
		},
	}, nil
}

// A transaction that the server has ended is reported as dead: what is done in it
// afterwards would be committed at once on MySQL, or lost.
func TestTxDead(t *testing.T) {
	for _, s := range remoteServers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), usual)
			a, b := h.user("1"), h.user("2")
			// REPEATABLE READ would lock the gaps between accounts on MariaDB.
			level := &sql.TxOptions{Isolation: sql.LevelReadCommitted}
			first, err := h.db.BeginTx(t.Context(), level)
			if err != nil {
				t.Fatal(err)
			}
			defer first.Rollback()
			second, err := h.db.BeginTx(t.Context(), level)
			if err != nil {
				t.Fatal(err)
			}
			defer second.Rollback()

			// Each holds one account and wants the other's.
			write := func(tx *sql.Tx, a passwd.Account) error {
				_, err := h.store.Within(tx).Apply(t.Context(), replacement(a, "$test$new"))
				return err
			}
			if err := errors.Join(write(first, a), write(second, b)); err != nil {
				t.Fatal(err)
			}
			crossed := make(chan error, 1)
			go func() {
				err := write(first, b)
				if err != nil {
					first.Rollback()
				}
				crossed <- err
			}()
			err = write(second, a)
			if err != nil {
				second.Rollback()
			}
			other := <-crossed
			if (err == nil) == (other == nil) {
				t.Fatalf("errors are %v and %v, want a deadlock in one", err, other)
			}
			for _, err := range []error{err, other} {
				if err != nil && !errors.Is(err, sqlstore.ErrTxDead) {
					t.Errorf("it is not ErrTxDead: %v", err)
				}
			}
		})
	}
}

// Nothing in a host's transaction waits for a second connection.
func TestWithinPoolOfOne(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			h := s.newHost(t, s.open(t), usual)
			h.db.SetMaxOpenConns(1)
			a := h.user("1")
			tx, err := h.db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback()
			inside := h.store.Within(tx)
			epoch, err := inside.Apply(t.Context(), replacement(a, "$test$new"))
			if err != nil {
				t.Fatal(err)
			}
			a.Epoch = epoch
			if err := inside.Issue(t.Context(), resetToken(a, 1), 3, nil); err != nil {
				t.Fatal(err)
			}
			if _, err := inside.Get(t.Context(), a.Ref); err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			if got := h.get(a.Ref); got.Epoch != epoch {
				t.Errorf("epoch is %d, want %d", got.Epoch, epoch)
			}
		})
	}
}
