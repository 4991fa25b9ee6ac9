package dbtest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
)

// TestServerCuts ends all connections on the server's side again and again in the
// middle of a load, as a restart of it does. What an answer says is what happened, an
// error included, and the store goes on by itself (I2).
func TestServerCuts(t *testing.T) {
	for _, s := range []*server{onPostgres, onPQ, onMariaDB} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), usual)
			const accounts = 8
			var all []passwd.Account
			for n := range accounts {
				all = append(all, h.user(strconv.Itoa(n+1)))
			}
			var writes atomic.Int64
			var stop atomic.Bool
			var succeeded, failed, unknown atomic.Int64
			each := make([]*atomic.Int64, accounts) // of those that succeeded
			for i := range each {
				each[i] = new(atomic.Int64)
			}
			var writers sync.WaitGroup
			for i, a := range all {
				writers.Go(func() {
					for n := 0; !stop.Load(); n++ {
						w := replacement(a, passwd.Hash("$test$"+strconv.Itoa(n)))
						w.History = 1_000_000
						_, err := h.store.Apply(t.Context(), w)
						writes.Add(1)
						now, readErr := h.readAgain(a.Ref)
						if readErr != nil {
							t.Error(readErr)
							return
						}
						happened := now.Hash == w.NewHash && now.Epoch != a.Epoch
						switch {
						case err == nil:
							succeeded.Add(1)
							each[i].Add(1)
						case errors.Is(err, passwd.ErrOutcomeUnknown):
							unknown.Add(1)
						default:
							failed.Add(1)
						}
						if !errors.Is(err, passwd.ErrOutcomeUnknown) && happened != (err == nil) {
							t.Errorf("Apply returned error %v, and happened: %t", err, happened)
						}
						if !happened && (now.Hash != a.Hash || now.Epoch != a.Epoch) {
							t.Errorf("half written: epoch %d, was %d", now.Epoch, a.Epoch)
						}
						a = now
					}
				})
			}
			for cut := int64(1); cut <= int64(testrun.Size(4, 20, 100)); cut++ {
				for writes.Load() < cut*20 && !t.Failed() {
					if err := h.db.PingContext(t.Context()); err != nil { // yields
						continue
					}
				}
				s.cut(t, h.db)
			}
			testrun.Until(t, func() bool {
				return t.Failed() || !slices.ContainsFunc(each, func(n *atomic.Int64) bool { return n.Load() == 0 })
			}, func() string { return "there are accounts that no write succeeds on" })
			stop.Store(true)
			writers.Wait()
			for _, a := range all {
				now, err := h.readAgain(a.Ref)
				if err != nil {
					t.Fatal(err)
				}
				history, err := h.store.History(t.Context(), a.Ref, 1_000_000)
				if err != nil {
					t.Fatal(err)
				}
				jobs := column(t, h.db, "SELECT count(*) FROM passwd_job WHERE id LIKE 'notice-"+a.Ref.ID+"$%'")
				if len(history) == 0 || jobs[0] != fmt.Sprint(len(history)) {
					t.Errorf("account %s: %d replaced hashes, %s notices", a.Ref.ID, len(history), jobs[0])
				}
				if _, err := h.store.Apply(t.Context(), replacement(now, "$test$after all")); err != nil {
					t.Errorf("after all cuts: %v", err)
				}
			}
			t.Logf("%d writes succeeded, %d failed, %d are unknown", succeeded.Load(), failed.Load(), unknown.Load())
		})
	}
}

// readAgain reads an account, again if the connection is cut.
func (h *host) readAgain(r passwd.Ref) (a passwd.Account, err error) {
	for range 100 {
		if a, err = h.store.Get(h.t.Context(), r); err == nil {
			break
		}
	}
	return a, err
}

// cut ends all connections to the database but one.
func (s *server) cut(t *testing.T, db *sql.DB) {
	t.Helper()
	if s.dialect != onMariaDB.dialect {
		db.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		return
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		return
	}
	defer conn.Close()
	rows, err := conn.QueryContext(t.Context(), "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()")
	if err != nil {
		return
	}
	var ids []int64
	for rows.Next() {
		var id int64
		if rows.Scan(&id) == nil {
			ids = append(ids, id)
		}
	}
	rows.Close()
	for _, id := range ids {
		conn.ExecContext(context.WithoutCancel(t.Context()), "KILL "+strconv.FormatInt(id, 10))
	}
}
