package dbtest_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/session"
)

const (
	few  = 1000
	many = 1_000_000
)

// TestServerSize measures how the time of a call depends on the size of the tables,
// and how a purge of all tokens disturbs the others. The calls on the small and on the
// large database take turns. It fails only if either is far off.
func TestServerSize(t *testing.T) {
	if !testrun.Long() || testrun.Race {
		t.Skip("measures a million rows; set PASSWD_TEST_LONG, without the race detector")
	}
	for _, s := range []*server{onSQLite, onPostgres, onMariaDB} {
		t.Run(s.name, func(t *testing.T) {
			hosts := [2]*host{s.newHost(t, s.open(t), usual), s.newHost(t, s.open(t), usual)}
			for i, n := range []int{few, many} {
				s.fillUsers(hosts[i], n)
				s.settle(hosts[i])
			}
			_, before := s.read(hosts[1])
			names, medians := compare(hosts)
			pool, fromDisk := s.read(hosts[1])
			if fromDisk -= before; pool > 0 {
				t.Logf("%-8s has %d MiB in memory; %d pages came from the disk", s.name, pool>>20, fromDisk)
			}
			for _, name := range names {
				m := medians[name]
				t.Logf("%-8s %-10s %9v of %d rows, %9v of %d: %.2f", s.name, name, m[0], few, m[1], many, float64(m[1])/float64(m[0]))
				if m[1] > 2*m[0] && fromDisk < few {
					t.Errorf("%s: %v of %d rows, %v of %d", name, m[0], few, m[1], many)
				}
			}
			hosts[1].purgeEverything(many)
		})
	}
}

// read tells what MariaDB has in memory, and how often it had to go to the disk. Its
// preset of 128 MiB is a tenth of a million users, tokens and sessions: then it is the
// disk that is measured, and not the statements.
func (s *server) read(h *host) (pool, fromDisk int) {
	if s != onMariaDB {
		return 0, 0
	}
	values := column(h.t, h.db, "SELECT @@innodb_buffer_pool_size UNION ALL "+
		"SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'Innodb_buffer_pool_reads'")
	pool, _ = strconv.Atoi(values[0])
	fromDisk, _ = strconv.Atoi(values[1])
	return pool, fromDisk
}

// settle waits until the database has written what it still has to of so many rows.
func (s *server) settle(h *host) {
	switch s {
	case onSQLite:
		h.exec("PRAGMA wal_checkpoint(TRUNCATE)")
	case onPostgres:
		h.exec("VACUUM ANALYZE")
		h.exec("CHECKPOINT")
	case onMariaDB:
		dirty := column(h.t, h.db, "SELECT @@innodb_max_dirty_pages_pct")[0]
		h.exec("SET GLOBAL innodb_max_dirty_pages_pct = 0")
		defer h.exec("SET GLOBAL innodb_max_dirty_pages_pct = " + dirty)
		for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			left := column(h.t, h.db, "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'Innodb_buffer_pool_pages_dirty'")
			if n, err := strconv.Atoi(left[0]); err != nil || n < 100 {
				return
			}
		}
	}
}

// timedCall is one that is measured, for an account of either database.
type timedCall struct {
	name string
	do   func(h *host, id string, i int) error
}

// compare times the calls for accounts all over the tables of the two hosts, and
// returns the medians of both by name.
func compare(hosts [2]*host) (names []string, medians map[string][2]time.Duration) {
	const runs = few
	taken := map[string]*[2][]time.Duration{}
	for _, measured := range []bool{false, true} { // at first, so that what they read is in memory
		for i := range runs {
			for which, h := range hosts {
				id := strconv.Itoa(i*([2]int{few, many}[which]/runs) + 1)
				for _, call := range timedCalls() {
					n := i
					if measured {
						n += runs
					}
					begin := time.Now()
					err := call.do(h, id, n)
					took := time.Since(begin)
					if err != nil {
						h.t.Fatalf("%s of %s: %v", call.name, id, err)
					}
					if taken[call.name] == nil {
						taken[call.name] = new([2][]time.Duration)
						names = append(names, call.name)
					}
					if measured {
						taken[call.name][which] = append(taken[call.name][which], took)
					}
				}
			}
		}
	}
	medians = map[string][2]time.Duration{}
	for name, both := range taken {
		var m [2]time.Duration
		for which, all := range both {
			slices.Sort(all)
			m[which] = all[len(all)/2]
		}
		medians[name] = m
	}
	return names, medians
}

func timedCalls() []timedCall {
	var a passwd.Account // as the look-up found it
	token := func(i int) passwd.TokenRecord {
		t := resetToken(a, i)
		t.Digest[9] = 1
		return t
	}
	return []timedCall{
		{"lookup", func(h *host, id string, _ int) error {
			found, err := h.store.Find(h.t.Context(), passwd.Login{Tenant: "north", Kind: passwd.Email, Value: "user" + id + "@example.com"}, 8)
			if err == nil && len(found) != 1 {
				err = fmt.Errorf("found %d", len(found))
			}
			if err == nil {
				a = found[0]
			}
			return err
		}},
		{"issue", func(h *host, _ string, i int) error { return h.store.Issue(h.t.Context(), token(i), 3, nil) }},
		{"check", func(h *host, _ string, i int) error {
			_, err := h.store.Peek(h.t.Context(), token(i).TokenRef, t0)
			return err
		}},
		{"redemption", func(h *host, _ string, i int) (err error) {
			w, consumed := replacement(a, "$test$reset"), token(i)
			w.Consume, w.Jobs = &consumed.TokenRef, nil
			a.Hash = w.NewHash
			a.Epoch, err = h.store.Apply(h.t.Context(), w)
			return err
		}},
		{"change", func(h *host, _ string, i int) error {
			w := replacement(a, passwd.Hash("$test$changed"+strconv.Itoa(i)))
			w.Jobs = nil
			_, err := h.store.Apply(h.t.Context(), w)
			return err
		}},
		{"take", func(h *host, id string, i int) error {
			_, err := h.store.Do(h.t.Context(), t0, passwd.Step{Key: "key" + id, Limit: passwd.Limit{Free: 5, Window: time.Minute}})
			return err
		}},
		{"claim", func(h *host, id string, i int) error { // put, claim, done
			job := passwd.Job{ID: "job" + id, Key: "job" + id, Sealed: []byte("sealed"), NotBefore: t0, NotAfter: t0}
			err := h.store.Put(h.t.Context(), job)
			jobs, claimErr := h.store.Claim(h.t.Context(), 1, time.Minute, t0)
			if len(jobs) != 1 {
				err = errors.Join(err, fmt.Errorf("%d jobs", len(jobs)))
			}
			return errors.Join(err, claimErr, h.store.Done(h.t.Context(), job.ID))
		}},
		{"session", func(h *host, id string, _ int) error { // the check of one that has ended with the change
			_, _, err := h.store.FindSession(h.t.Context(), session.TokenRef{Kind: session.Access, Digest: generated(id)}, time.UnixMicro(0))
			if err == passwd.ErrNotFound {
				err = nil
			}
			return err
		}},
	}
}

// generated is the digest of an account's row that fillUsers made.
func generated(id string) (d passwd.Digest) {
	n, _ := strconv.Atoi(id)
	d[29], d[30], d[31] = byte(n>>16), byte(n>>8), byte(n)
	return d
}

// purgeEverything purges all that has expired, of which there are n tokens, n sessions
// and n counts, without a pause, while four callers go on.
func (h *host) purgeEverything(n int) {
	h.t.Helper()
	idle := h.foreground(func(calls int64) bool { return calls >= 2000 })

	var done atomic.Bool
	begin, purged := time.Now(), 0
	var purging sync.WaitGroup
	purging.Go(func() {
		defer done.Store(true)
		for more := true; more; {
			var deleted int
			var err error
			deleted, more, err = h.store.Purge(h.t.Context(), t0, 1000)
			if err != nil {
				h.t.Error(err)
				return
			}
			purged += deleted
		}
	})
	busy := h.foreground(func(int64) bool { return done.Load() })
	purging.Wait()
	h.t.Logf("%-8s %d rows purged in %v", h.on.name, purged, time.Since(begin).Round(time.Millisecond))
	if purged < n {
		h.t.Errorf("%d rows were purged, want %d", purged, n)
	}
	of := func(all []time.Duration, per int) time.Duration { return all[len(all)*per/100] }
	for _, name := range []string{"lookup", "reset"} {
		quiet, meanwhile := idle[name], busy[name]
		ratio := float64(of(meanwhile, 50)) / float64(of(quiet, 50))
		h.t.Logf("%-8s %-6s %9v (median), %9v (99%%) without a purge; %9v, %9v during it: %.1f times",
			h.on.name, name, of(quiet, 50), of(quiet, 99), of(meanwhile, 50), of(meanwhile, 99), ratio)
		if ratio > 5 {
			h.t.Errorf("a %s takes %v during the purge, and %v without", name, of(meanwhile, 50), of(quiet, 50))
		}
	}
}

// foreground looks up, resets and looks up again with four callers until it is enough,
// and returns how long the calls took, sorted.
func (h *host) foreground(enough func(resets int64) bool) map[string][]time.Duration {
	ctx := h.t.Context()
	var mu sync.Mutex
	all := map[string][]time.Duration{}
	var resets atomic.Int64
	var callers sync.WaitGroup
	for g := range 4 {
		callers.Go(func() {
			id := strconv.Itoa(g*1000 + 7)
			for !enough(resets.Load()) {
				n := serial.Add(1)
				begin := time.Now()
				a, err := h.store.Get(ctx, passwd.Ref{Tenant: "north", ID: id})
				looked := time.Now()
				token := resetToken(a, int(n))
				token.Digest[9], token.Digest[8] = 2, byte(n>>16)
				w := replacement(a, passwd.Hash(fmt.Sprint("$test$", n)))
				w.Consume, w.Jobs = &token.TokenRef, nil
				if err == nil {
					err = h.store.Issue(ctx, token, 0, nil)
				}
				if err == nil {
					_, err = h.store.Apply(ctx, w)
				}
				if err != nil {
					h.t.Error(err)
					return
				}
				mu.Lock()
				all["lookup"] = append(all["lookup"], looked.Sub(begin))
				all["reset"] = append(all["reset"], time.Since(looked))
				mu.Unlock()
				resets.Add(1)
			}
		})
	}
	callers.Wait()
	for _, durations := range all {
		slices.Sort(durations)
	}
	return all
}

// serial numbers the resets of the foreground, all of which need a token of their own.
var serial atomic.Int64
