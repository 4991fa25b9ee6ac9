package dbtest_test

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
)

// TestServerSize measures how the time of a call depends on the size of the tables,
// and how a purge of all tokens disturbs the others. It fails only if either is far off.
func TestServerSize(t *testing.T) {
	if !long() || raceDetector {
		t.Skip("measures a million rows; set PASSWD_TEST_LONG, without the race detector")
	}
	for _, s := range remoteServers {
		t.Run(s.name, func(t *testing.T) {
			medians := map[string][2]time.Duration{}
			for i, n := range []int{1000, 1_000_000} {
				h := s.newHost(t, s.open(t), usual)
				s.fillUsers(h, n)
				for name, median := range h.medians(n) {
					m := medians[name]
					m[i] = median
					medians[name] = m
				}
				if n > 1000 {
					h.purgeEverything(n)
				}
			}
			for name, m := range medians {
				t.Logf("%-10s %v of 1,000 rows, %v of 1,000,000: %.2f", name, m[0], m[1], float64(m[1])/float64(m[0]))
				if m[1] > 3*m[0] {
					t.Errorf("%s: %v of 1,000 rows, %v of 1,000,000", name, m[0], m[1])
				}
			}
		})
	}
}

// medians calls what matters for accounts all over the table.
func (h *host) medians(n int) map[string]time.Duration {
	h.t.Helper()
	ctx := h.t.Context()
	const runs = 1000
	taken := map[string][]time.Duration{}
	timed := func(name string, call func() error) {
		begin := time.Now()
		if err := call(); err != nil {
			h.t.Fatalf("%s: %v", name, err)
		}
		taken[name] = append(taken[name], time.Since(begin))
	}
	for i := range runs { // so that the pages are in memory, whichever the size
		l := passwd.Login{Tenant: "north", Kind: passwd.Email, Value: fmt.Sprintf("user%d@example.com", i*(n/runs)+1)}
		if _, err := h.store.Find(ctx, l, 8); err != nil {
			h.t.Fatal(err)
		}
	}
	for i := range runs {
		id := strconv.Itoa(i*(n/runs) + 1)
		var a passwd.Account
		timed("lookup", func() error {
			found, err := h.store.Find(ctx, passwd.Login{Tenant: "north", Kind: passwd.Email, Value: "user" + id + "@example.com"}, 8)
			if err == nil && len(found) != 1 {
				err = fmt.Errorf("found %d", len(found))
			}
			if err == nil {
				a = found[0]
			}
			return err
		})
		token := resetToken(a, i)
		token.Digest[9] = 1
		timed("issue", func() error { return h.store.Issue(ctx, token, 3, nil) })
		timed("check", func() error { _, err := h.store.Peek(ctx, token.TokenRef, t0); return err })
		w := replacement(a, "$test$new")
		w.Consume, w.Jobs = &token.TokenRef, nil
		timed("redemption", func() error { _, err := h.store.Apply(ctx, w); return err })
		timed("take", func() error {
			_, err := h.store.Take(ctx, "key"+id, passwd.Limit{Free: 5, Window: time.Minute}, t0)
			return err
		})
	}
	medians := map[string]time.Duration{}
	for name, all := range taken {
		slices.Sort(all)
		medians[name] = all[len(all)/2]
	}
	return medians
}

// purgeEverything purges n tokens, without a pause, while four callers go on.
func (h *host) purgeEverything(n int) {
	h.t.Helper()
	ctx := h.t.Context()
	var serial atomic.Int64
	foreground := func(until func() bool) []time.Duration {
		var mu sync.Mutex
		var all []time.Duration
		var callers sync.WaitGroup
		for g := range 4 {
			callers.Go(func() {
				for !until() {
					id := strconv.Itoa(g*1000 + 7)
					begin := time.Now()
					token := resetToken(h.get(passwd.Ref{Tenant: "north", ID: id}), int(serial.Add(1)))
					token.Digest[9], token.Digest[8] = 2, byte(serial.Load()>>16)
					w := replacement(h.get(passwd.Ref{Tenant: "north", ID: id}), passwd.Hash(fmt.Sprint("$test$", serial.Load())))
					w.Consume, w.Jobs = &token.TokenRef, nil
					err := h.store.Issue(ctx, token, 0, nil)
					if err == nil {
						_, err = h.store.Apply(ctx, w)
					}
					if err != nil {
						h.t.Error(err)
						return
					}
					mu.Lock()
					all = append(all, time.Since(begin))
					mu.Unlock()
				}
			})
		}
		callers.Wait()
		slices.Sort(all)
		return all
	}
	var idle []time.Duration
	enough := serial.Load() + 2000
	idle = foreground(func() bool { return serial.Load() >= enough })

	var done atomic.Bool
	begin, purged := time.Now(), 0
	go func() {
		defer done.Store(true)
		for more := true; more; {
			var deleted int
			var err error
			deleted, more, err = h.store.Purge(ctx, t0, 1000)
			if err != nil {
				h.t.Error(err)
				return
			}
			purged += deleted
		}
	}()
	busy := foreground(done.Load)
	of := func(all []time.Duration, per int) time.Duration { return all[len(all)*per/100] }
	h.t.Logf("%d rows purged in %v; a reset takes %v (median), %v (99%%) without, and %v, %v meanwhile: %.1f times",
		purged, time.Since(begin).Round(time.Millisecond), of(idle, 50), of(idle, 99), of(busy, 50), of(busy, 99),
		float64(of(busy, 50))/float64(of(idle, 50)))
	if purged < n {
		h.t.Errorf("%d rows were purged, want %d", purged, n)
	}
	if of(busy, 50) > 5*of(idle, 50) {
		h.t.Errorf("a reset takes %v during the purge, and %v without", of(busy, 50), of(idle, 50))
	}
}
