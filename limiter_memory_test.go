package passwd_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
)

var limiterStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func do(t testing.TB, l passwd.Limiter, now time.Time, s passwd.Step) passwd.Taken {
	t.Helper()
	answers, err := l.Do(context.Background(), now, s)
	if err != nil {
		t.Fatalf("Do: %v", err)
	}
	return answers[0]
}

func take(t testing.TB, l passwd.Limiter, key string, limit passwd.Limit, now time.Time) passwd.Taken {
	t.Helper()
	return do(t, l, now, passwd.Step{Key: key, Limit: limit})
}

func count(t testing.TB, l passwd.Limiter, key string, now time.Time) int {
	t.Helper()
	return do(t, l, now, passwd.Step{Key: key, Do: passwd.StepPeek, Silent: true}).Count
}

func refund(t testing.TB, l passwd.Limiter, key string) {
	t.Helper()
	do(t, l, limiterStart, passwd.Step{Key: key, Do: passwd.StepRefund})
}

func forget(t testing.TB, l passwd.Limiter, key string) {
	t.Helper()
	do(t, l, limiterStart, passwd.Step{Key: key, Do: passwd.StepClear})
}

const (
	opTake = iota
	opRefund
	opClear
	opCount
)

// step is one call at a time after limiterStart, and what it must answer.
type step struct {
	op    int
	at    time.Duration
	wait  time.Duration
	count int
}

func TestMemoryLimiter(t *testing.T) {
	const s, m = time.Second, time.Minute
	window := passwd.Limit{Free: 3, Window: m}
	backoff := passwd.Limit{Free: 3, Wait: s, MaxWait: 4 * s}
	tests := []struct {
		name  string
		limit passwd.Limit
		steps []step
	}{
		{"window begins at the first take", window, []step{
			{opCount, 0, 0, 0},
			{opTake, 10 * s, 0, 1}, {opTake, 30 * s, 0, 2}, {opTake, 69 * s, 0, 3},
			{opTake, 69 * s, s, 3}, {opCount, 69 * s, 0, 3},
			{opCount, 70 * s, 0, 0},
			{opTake, 70 * s, 0, 1}, {opTake, 129 * s, 0, 2}, {opTake, 130 * s, 0, 1},
		}},
		{"refused takes are not counted", window, []step{
			{opTake, 0, 0, 1}, {opTake, 0, 0, 2}, {opTake, 0, 0, 3},
			{opTake, s, 59 * s, 3}, {opTake, 2 * s, 58 * s, 3}, {opTake, 59 * s, s, 3},
			{opTake, m, 0, 1},
		}},
		{"refund in a window", window, []step{
			{opTake, 0, 0, 1}, {opTake, s, 0, 2}, {opTake, s, 0, 3}, {opTake, s, 59 * s, 3},
			{opRefund, s, 0, 0}, {opCount, s, 0, 2}, {opTake, s, 0, 3}, {opTake, s, 59 * s, 3},
		}},
		{"refund of the only take forgets the window", window, []step{
			{opTake, 0, 0, 1}, {opRefund, 0, 0, 0}, {opCount, 0, 0, 0},
			{opTake, 30 * s, 0, 1}, {opTake, 80 * s, 0, 2},
		}},
		{"refund of an unknown key", window, []step{{opRefund, 0, 0, 0}, {opCount, 0, 0, 0}, {opTake, 0, 0, 1}}},
		{"clear", window, []step{
			{opTake, 0, 0, 1}, {opTake, 0, 0, 2}, {opTake, 0, 0, 3}, {opClear, 0, 0, 0}, {opClear, 0, 0, 0},
			{opCount, 0, 0, 0}, {opTake, s, 0, 1},
		}},
		{"window with nothing free", passwd.Limit{Window: m}, []step{{opTake, 0, m, 0}, {opTake, 2 * m, m, 0}, {opCount, 0, 0, 0}}},
		{"window, clock set back", window, []step{
			{opTake, m, 0, 1}, {opTake, 0, 0, 2}, {opTake, 0, 0, 3},
			{opTake, 0, 2 * m, 3}, {opCount, 0, 0, 3}, {opTake, 119 * s, s, 3}, {opTake, 2 * m, 0, 1},
		}},

		{"waits double up to the longest", backoff, []step{
			{opTake, 0, 0, 1}, {opTake, 0, 0, 2},
			{opTake, 0, 0, 3}, {opTake, 0, s, 3}, {opTake, s - 1, 1, 3},
			{opTake, s, 0, 4}, {opTake, s, 2 * s, 4},
			{opTake, 3 * s, 0, 5}, {opTake, 3 * s, 4 * s, 5}, {opTake, 6 * s, s, 5},
			{opTake, 7 * s, 0, 6}, {opTake, 7 * s, 4 * s, 6},
			{opTake, 11 * s, 0, 7}, {opTake, 11 * s, 4 * s, 7},
		}},
		// The level after the k-th take is k less what was forgiven; Count never is.
		{"one take is forgiven for each longest wait", backoff, []step{
			{opTake, 0, 0, 1}, {opTake, 0, 0, 2}, {opTake, 0, 0, 3}, {opTake, s, 0, 4}, // level 4
			{opTake, 9 * s, 0, 5}, // 8 s later: 2 forgiven, level 3
			{opTake, 9 * s, s, 5},
			{opTake, 12 * s, 0, 6}, // 3 s later: none, level 4
			{opTake, 12 * s, 2 * s, 6},
			{opTake, time.Hour, 0, 7}, {opTake, time.Hour, 0, 8}, // all forgiven, level 2
			{opTake, time.Hour, 0, 9}, {opTake, time.Hour, s, 9},
			{opCount, 1000 * time.Hour, 0, 9},
		}},
		{"refused takes do not put forgiveness off", backoff, []step{
			{opTake, 0, 0, 1}, {opTake, 0, 0, 2}, {opTake, 0, 0, 3}, {opTake, s, 0, 4}, // level 4
			{opTake, 2 * s, s, 4}, {opTake, 2 * s, s, 4},
			{opTake, 5 * s, 0, 5}, {opTake, 5 * s, 2 * s, 5}, // 1 forgiven, level 4
		}},
		{"refund ends the wait and the doubling", backoff, []step{
			{opTake, 0, 0, 1}, {opTake, 0, 0, 2}, {opTake, 0, 0, 3}, {opTake, 0, s, 3},
			{opRefund, 0, 0, 0}, {opCount, 0, 0, 2},
			{opTake, 0, 0, 3}, {opTake, 0, s, 3},
			{opTake, s, 0, 4}, {opRefund, s, 0, 0}, {opTake, s, 0, 4}, {opTake, s, 2 * s, 4},
		}},
		{"clear ends the wait", backoff, []step{
			{opTake, 0, 0, 1}, {opTake, 0, 0, 2}, {opTake, 0, 0, 3}, {opTake, 0, s, 3},
			{opClear, 0, 0, 0}, {opTake, 0, 0, 1}, {opTake, 0, 0, 2}, {opTake, 0, 0, 3}, {opTake, 0, s, 3},
		}},
		{"backoff, clock set back", backoff, []step{
			{opTake, m, 0, 1}, {opTake, 0, 0, 2}, {opTake, 0, 0, 3},
			{opTake, 0, m + s, 3}, {opTake, m, s, 3}, {opTake, m + s, 0, 4},
			{opTake, -m, 2*m + 3*s, 4}, {opTake, m + 3*s, 0, 5},
		}},
		{"a wait that was sat out does not come back with the clock", backoff, []step{
			{opTake, 0, 0, 1}, {opTake, 0, 0, 2}, {opTake, 0, 0, 3}, {opTake, 0, s, 3},
			{opTake, m, 0, 4}, {opTake, 0, 0, 5},
		}},
		{"a longest wait alone never makes one", passwd.Limit{MaxWait: s}, freeRun(80)},
		{"a wait alone does not double", passwd.Limit{Wait: s}, []step{
			{opTake, 0, 0, 1}, {opTake, 0, s, 1}, {opTake, s, 0, 2}, {opTake, s, s, 2},
		}},
		{"doubling does not overflow", passwd.Limit{Free: 1, Wait: 1, MaxWait: time.Hour}, longRun(200)},
		{"a limit of nothing only counts", passwd.Limit{}, []step{{opTake, 0, 0, 1}, {opTake, 0, 0, 2}, {opCount, time.Hour, 0, 2}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := passwd.NewMemoryLimiter(0)
			for i, s := range tt.steps {
				now := limiterStart.Add(s.at)
				switch s.op {
				case opTake:
					if got := take(t, l, "k", tt.limit, now); got != (passwd.Taken{Wait: s.wait, Count: s.count}) {
						t.Fatalf("step %d at %v: %+v, want wait %v and count %d", i, s.at, got, s.wait, s.count)
					}
				case opCount:
					if got := count(t, l, "k", now); got != s.count {
						t.Fatalf("step %d at %v: count %d, want %d", i, s.at, got, s.count)
					}
				case opRefund:
					refund(t, l, "k")
				case opClear:
					forget(t, l, "k")
				}
			}
			if n := count(t, l, "another", limiterStart); n != 0 {
				t.Errorf("another key has count %d", n)
			}
		})
	}
}

// longRun takes as soon as it may, n times, under waits of 1 ns doubling up to
// an hour.
func longRun(n int) (steps []step) {
	at, wait := time.Duration(0), time.Duration(1)
	for i := range n {
		steps = append(steps, step{opTake, at, 0, i + 1}, step{opTake, at, wait, i + 1})
		forgiven := at > 0 && wait == time.Hour // waiting an hour earns one take
		at += wait
		if !forgiven {
			wait = min(2*wait, time.Hour)
		}
	}
	return steps
}

// freeRun takes n times at once.
func freeRun(n int) (steps []step) {
	for i := range n {
		steps = append(steps, step{opTake, 0, 0, i + 1})
	}
	return steps
}

// A limiter counts before the work, so parallel tries cannot slip through.
func TestMemoryLimiterParallelTakes(t *testing.T) {
	for _, limit := range []passwd.Limit{{Free: 10, Window: time.Hour}, {Free: 10, Wait: time.Hour, MaxWait: time.Hour}} {
		l := passwd.NewMemoryLimiter(0)
		var passed atomic.Int64
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				if take(t, l, "k", limit, limiterStart).Wait == 0 {
					passed.Add(1)
				}
			})
		}
		wg.Wait()
		if passed.Load() != 10 || count(t, l, "k", limiterStart) != 10 {
			t.Errorf("%+v: %d of 64 passed, want 10", limit, passed.Load())
		}
	}
}

func TestMemoryLimiterParallelMix(t *testing.T) {
	l := passwd.NewMemoryLimiter(16)
	limit := passwd.Limit{Free: 5, Window: time.Hour}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 500 {
				key := fmt.Sprint((g + i) % 40)
				take(t, l, key, limit, limiterStart)
				switch i % 3 {
				case 0:
					refund(t, l, key)
				case 1:
					if n := count(t, l, key, limiterStart); n < 0 || n > limit.Free {
						t.Errorf("count is %d", n)
					}
				case 2:
					forget(t, l, key)
				}
			}
		})
	}
	wg.Wait()
}

func known(t *testing.T, l passwd.Limiter, prefix string, n int, now time.Time) (keys int) {
	for i := range n {
		if count(t, l, fmt.Sprint(prefix, i), now) > 0 {
			keys++
		}
	}
	return keys
}

func TestMemoryLimiterIsBounded(t *testing.T) {
	limit := passwd.Limit{Free: 5, Window: time.Hour}
	for _, bound := range []int{1, 2, 100} {
		l := passwd.NewMemoryLimiter(bound)
		for i := range 10 * bound {
			take(t, l, fmt.Sprint("k", i), limit, limiterStart)
		}
		if got := known(t, l, "k", 10*bound, limiterStart); got != bound {
			t.Errorf("%d keys are known, want %d", got, bound)
		}
		if n := count(t, l, fmt.Sprint("k", 10*bound-1), limiterStart); n != 1 {
			t.Errorf("the newest key has count %d", n)
		}
	}
}

// A key that was tried often outlives a flood of new ones.
func TestMemoryLimiterFloodKeepsBlockedKeys(t *testing.T) {
	const bound, blocked = 1000, 100
	l := passwd.NewMemoryLimiter(bound)
	limit := passwd.Limit{Free: 11, Wait: time.Hour, MaxWait: time.Hour}
	for i := range blocked {
		for range 11 {
			take(t, l, fmt.Sprint("blocked", i), limit, limiterStart)
		}
	}
	for i := range 20 * bound {
		take(t, l, fmt.Sprint("flood", i), limit, limiterStart)
	}
	for i := range blocked {
		if take(t, l, fmt.Sprint("blocked", i), limit, limiterStart).Wait != time.Hour {
			t.Errorf("blocked%d was washed out", i)
		}
	}
	if got := known(t, l, "flood", 20*bound, limiterStart); got != bound-blocked {
		t.Errorf("%d keys of the flood are known, want %d", got, bound-blocked)
	}
}

func TestMemoryLimiterEvictsPassedWindowsFirst(t *testing.T) {
	l := passwd.NewMemoryLimiter(20) // fewer than it looks at: the choice is exact
	short, long := passwd.Limit{Free: 5, Window: time.Minute}, passwd.Limit{Free: 5, Window: time.Hour}
	for i := range 10 {
		take(t, l, fmt.Sprint("live", i), long, limiterStart)
		for range 5 {
			take(t, l, fmt.Sprint("passed", i), short, limiterStart)
		}
	}
	later := limiterStart.Add(time.Minute)
	for i := range 10 {
		take(t, l, fmt.Sprint("new", i), long, later)
	}
	if n := known(t, l, "live", 10, later); n != 10 {
		t.Errorf("%d of 10 live keys are left", n)
	}
	if n := known(t, l, "passed", 10, limiterStart); n != 0 {
		t.Errorf("%d keys are left whose window has passed", n)
	}
	// Now all are live with one take: the oldest go first.
	take(t, l, "new10", long, later)
	if live, added := known(t, l, "live", 10, later), known(t, l, "new", 11, later); live != 9 || added != 11 {
		t.Errorf("%d older and %d newer keys are left, want 9 and 11", live, added)
	}
}

// Of few keys the choice is exact: the lowest count, then the oldest take.
func TestMemoryLimiterEvictsLowestCount(t *testing.T) {
	type tried struct {
		key   string
		takes int
		at    time.Duration // of the last take
	}
	tests := []struct {
		keys []tried
		gone string
	}{
		{[]tried{{"a", 3, 0}, {"b", 1, 0}, {"c", 2, 0}}, "b"},
		{[]tried{{"a", 1, 2}, {"b", 2, 0}, {"c", 3, 0}}, "a"},
		{[]tried{{"a", 3, 0}, {"b", 2, 1}, {"c", 2, 0}, {"d", 3, 0}}, "c"},
		{[]tried{{"a", 2, 2}, {"b", 2, 1}, {"c", 2, 3}}, "b"},
	}
	limit := passwd.Limit{Free: 5, Window: time.Hour}
	for _, tt := range tests {
		l := passwd.NewMemoryLimiter(len(tt.keys))
		for _, k := range tt.keys {
			for range k.takes {
				take(t, l, k.key, limit, limiterStart.Add(k.at))
			}
		}
		take(t, l, "new", limit, limiterStart.Add(time.Minute))
		for _, k := range tt.keys {
			want := k.takes
			if k.key == tt.gone {
				want = 0
			}
			if got := count(t, l, k.key, limiterStart.Add(time.Minute)); got != want {
				t.Errorf("%v: count of %s is %d, want %d", tt.keys, k.key, got, want)
			}
		}
	}
}

// The default bound, filled, stays within the memory that its doc comment names.
func TestMemoryLimiterMemory(t *testing.T) {
	var before, after runtime.MemStats
	l := passwd.NewMemoryLimiter(0)
	keys := make([]string, 70_000)
	for i := range keys {
		keys[i] = fmt.Sprintf("account:%032d", i)
	}
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, key := range keys {
		take(t, l, key, passwd.Limit{Free: 5, Window: time.Hour}, limiterStart)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := int64(after.HeapAlloc) - int64(before.HeapAlloc); got > 12<<20 {
		t.Errorf("a full limiter takes %d KiB beside its keys", got>>10)
	}
	runtime.KeepAlive(keys)
	runtime.KeepAlive(l)
}

// FuzzMemoryLimiter holds what is true under any sequence of calls and any clock:
// a refused key stays refused until a take at the time it was told or later, unless
// a take is taken back; a window never lets more than Free through; refusing changes nothing.
func FuzzMemoryLimiter(f *testing.F) {
	f.Add(uint8(3), uint16(60), uint16(0), uint16(0), []byte{0, 0, 0, 0, 0, 0, 4, 60, 0, 0})
	f.Add(uint8(2), uint16(0), uint16(1), uint16(4), []byte{0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 4, 0, 200, 1, 0, 0, 0})
	f.Add(uint8(0), uint16(0), uint16(7), uint16(3), []byte{0, 0, 3, 200, 0, 0, 2, 0, 0, 0})
	f.Fuzz(func(t *testing.T, free uint8, window, wait, maxWait uint16, ops []byte) {
		limit := passwd.Limit{
			Free:    int(free % 16),
			Window:  time.Duration(window) * time.Second,
			Wait:    time.Duration(wait) * time.Second,
			MaxWait: time.Duration(maxWait) * time.Second,
		}
		l := passwd.NewMemoryLimiter(0)
		now, passed := limiterStart, 0
		var refusedUntil time.Time
		for ; len(ops) >= 2; ops = ops[2:] {
			now = now.Add(time.Duration(int8(ops[1])) * time.Second) // back as well as on
			switch ops[0] % 5 {
			case 0, 1, 2:
				taken := take(t, l, "k", limit, now)
				if again := take(t, l, "k", limit, now); taken.Wait > 0 && again != taken {
					t.Fatalf("refused with %+v, then with %+v", taken, again)
				} else if again.Wait == 0 {
					refund(t, l, "k")
				}
				if taken.Wait > 0 {
					refusedUntil = now.Add(taken.Wait)
					break
				}
				if now.Before(refusedUntil) {
					t.Fatalf("passed at %v, though refused until %v", now, refusedUntil)
				}
				refusedUntil = time.Time{} // sat out, even if the clock goes back again
				if passed++; taken.Count < 1 || taken.Count > passed {
					t.Fatalf("count is %d after %d takes", taken.Count, passed)
				}
				if limit.Window > 0 && taken.Count > limit.Free {
					t.Fatalf("take %d passed of %d", taken.Count, limit.Free)
				}
				if limit.Window == 0 && taken.Count != passed {
					t.Fatalf("count is %d, want %d", taken.Count, passed)
				}
			case 3:
				refund(t, l, "k")
				refusedUntil, passed = time.Time{}, max(passed-1, 0)
			case 4:
				forget(t, l, "k")
				refusedUntil, passed = time.Time{}, 0
			}
			if n := count(t, l, "k", now); n < 0 || n > passed {
				t.Fatalf("Count is %d after %d takes", n, passed)
			}
		}
	})
}

func BenchmarkMemoryLimiter(b *testing.B) {
	limit := passwd.Limit{Free: 1 << 30, Window: time.Hour}
	keys := make([]string, 1<<18)
	for i := range keys {
		keys[i] = fmt.Sprintf("account:%022d", i)
	}
	for _, bm := range []struct {
		name string
		keys int
	}{{"known", 1 << 10}, {"flood", len(keys)}} {
		b.Run(bm.name, func(b *testing.B) {
			l := passwd.NewMemoryLimiter(0)
			for _, key := range keys[:bm.keys] {
				take(b, l, key, limit, limiterStart)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				take(b, l, keys[i%bm.keys], limit, limiterStart)
				i++
			}
		})
	}
}
