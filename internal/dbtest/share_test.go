package dbtest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/sqlstore"
)

// replicas opens the file of a host twice more, as two processes do, which share
// neither a pool nor a gate.
func replicas(t *testing.T, file, settings string, u sqlstore.Users) [2]*sqlstore.Store {
	t.Helper()
	var stores [2]*sqlstore.Store
	for i := range stores {
		db, err := sql.Open("sqlite", "file:"+file+settings)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		stores[i] = open(t, db, u)
	}
	return stores
}

// outcomes runs n calls at once and counts their errors.
func outcomes(n int, call func(i int) error) map[error]int {
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		count = map[error]int{}
		start = make(chan struct{})
	)
	for i := range n {
		all.Go(func() {
			<-start
			err := call(i)
			mu.Lock()
			defer mu.Unlock()
			count[err]++
		})
	}
	close(start)
	all.Wait()
	return count
}

// TestProcesses lets two processes race for one token on one file, with the
// recommended settings and with none at all (I3, I4).
func TestProcesses(t *testing.T) {
	for name, settings := range map[string]string{
		"recommended": pragmas,
		"no settings": "?_pragma=synchronous(OFF)", // a rollback journal, and no wait for locks
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "host.db")
			db, err := sql.Open("sqlite", "file:"+file+settings)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			h := newHostOn(t, db, usual)
			stores := replicas(t, file, settings, usual)
			for round := range 4 {
				a := h.user(strconv.Itoa(round + 1))
				if _, err := h.store.Apply(t.Context(), passwd.Write{Account: a.Ref, IfHash: a.Hash, Now: t0}); err != nil {
					t.Fatal(err)
				}
				a = h.get(a.Ref)
				token := resetToken(a, 100+round)
				if err := h.store.Issue(t.Context(), token, 3, nil); err != nil {
					t.Fatal(err)
				}

				count := outcomes(8, func(i int) error {
					w := replacement(a, passwd.Hash(fmt.Sprintf("$test$%d.%d", round, i)))
					w.Consume = &token.TokenRef
					_, err := stores[i%2].Apply(t.Context(), w)
					return err
				})
				if count[nil] != 1 || count[passwd.ErrConflict] != 7 {
					t.Errorf("outcomes are %v, want one success and 7 conflicts", count)
				}
				got := h.get(a.Ref)
				history, err := h.store.History(t.Context(), a.Ref, 9)
				if got.Epoch != a.Epoch+1 || err != nil || len(history) != 1 {
					t.Errorf("epoch went from %d to %d, history has %d entries (%v)", a.Epoch, got.Epoch, len(history), err)
				}
			}
			if n := column(t, h.db, "SELECT count(*) FROM passwd_job"); n[0] != "4" {
				t.Errorf("%s jobs, want one for each success", n[0])
			}

			// The 4 jobs go to one process each, and a quota holds for both together.
			var mu sync.Mutex
			claimed := map[string]int{}
			count := outcomes(8, func(i int) error {
				jobs, err := stores[i%2].Claim(t.Context(), 1, time.Minute, t0)
				mu.Lock()
				defer mu.Unlock()
				for _, j := range jobs {
					claimed[j.ID]++
				}
				return err
			})
			if count[nil] != 8 || len(claimed) != 4 {
				t.Errorf("claims: %v, of %v", count, claimed)
			}
			for id, n := range claimed {
				if n != 1 {
					t.Errorf("job %s was claimed %d times", id, n)
				}
			}
			a := h.get(passwd.Ref{Tenant: "north", ID: "1"})
			count = outcomes(8, func(i int) error {
				return stores[i%2].Issue(t.Context(), resetToken(a, 200+i), 3, nil)
			})
			live := 0
			for i := range 8 {
				if _, err := h.store.Peek(t.Context(), resetToken(a, 200+i).TokenRef, t0); err == nil {
					live++
				}
			}
			if count[nil] != 8 || live != 3 {
				t.Errorf("tokens: %v, of which %d are live, want 3", count, live)
			}
		})
	}
}

// What is committed is there after a restart, spent tokens included.
func TestRestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "host.db")
	h := newHostOn(t, openFile(t, file), usual)
	a := h.user("1")
	if _, err := h.store.Apply(t.Context(), replacement(a, "$test$second")); err != nil {
		t.Fatal(err)
	}
	a = h.get(a.Ref)
	spent, live := resetToken(a, 1), resetToken(a, 2)
	live.Purpose = passwd.PurposeTicket
	for _, token := range []passwd.TokenRecord{spent, live} {
		if err := h.store.Issue(t.Context(), token, 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	w := passwd.Write{Account: a.Ref, IfHash: a.Hash, IfEpoch: a.Epoch, Consume: &spent.TokenRef, Now: t0}
	if _, err := h.store.Apply(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}

	store := open(t, openFile(t, file), usual)
	if err := errors.Join(store.Migrate(t.Context()), store.Verify(t.Context())); err != nil {
		t.Fatal(err)
	}
	after, err := store.Get(t.Context(), a.Ref)
	if err != nil || after.Hash != "$test$second" || after.Epoch != a.Epoch || !after.ChangedAt.Equal(t0) {
		t.Errorf("account is %+v (%v)", after, err)
	}
	if _, err := store.Peek(t.Context(), live.TokenRef, t0); err != nil {
		t.Errorf("live token: %v", err)
	}
	if record, err := store.Peek(t.Context(), spent.TokenRef, t0); err != passwd.ErrTokenInvalid || !record.SpentAt.Equal(t0) {
		t.Errorf("spent token: %v, %v", record.SpentAt, err)
	}
	if jobs, err := store.Claim(t.Context(), 9, time.Minute, t0); err != nil || len(jobs) != 1 {
		t.Errorf("%d jobs (%v), want the notice", len(jobs), err)
	}
}

// No operation needs a second connection while it holds one.
func TestPoolOfOne(t *testing.T) {
	file, account := template(t)
	for _, op := range operations() {
		db := openFile(t, restore(t, file))
		db.SetMaxOpenConns(1)
		if err := op.do(t.Context(), open(t, db, usual), account); err != nil {
			t.Errorf("%s: %v", op.name, err)
		}
	}
}

// Waiting behind another writer of this process, or behind another process, ends
// with the context, and nothing is written.
func TestWaitEndsWithContext(t *testing.T) {
	file := filepath.Join(t.TempDir(), "host.db")
	h := newHostOn(t, openFile(t, file), usual)
	a := h.user("1")
	other, err := openFile(t, file).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	for i := range 4 { // one behind the other process, the others behind the one
		waiting.Go(func() {
			_, err := h.store.Apply(ctx, replacement(a, passwd.Hash("$test$"+strconv.Itoa(i))))
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Apply: %v", err)
			}
		})
	}
	cancel()
	waiting.Wait()
	if _, err := other.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if got := h.get(a.Ref); got.Hash != a.Hash || got.Epoch != 0 {
		t.Errorf("account is %+v", got)
	}
}
