package dbtest_test

import (
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
)

// TestLimiterShared has two processes count the same keys: what one last saw of them is
// not what they are (I8).
func TestLimiterShared(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), usual)
			stores := []passwd.Limiter{h.store, s.store(t, h.db, usual)}
			limit := passwd.Limit{Free: 1000, Wait: time.Second, MaxWait: time.Minute}
			take := func(key string) passwd.Step { return passwd.Step{Key: key, Limit: limit} }
			do := func(n int, steps ...passwd.Step) []passwd.Taken {
				t.Helper()
				answers, err := stores[n].Do(t.Context(), t0, steps...)
				if err != nil {
					t.Fatal(err)
				}
				return answers
			}
			wants := func(n, count int, step passwd.Step) {
				t.Helper()
				if got := do(n, step)[0].Count; got != count {
					t.Errorf("count %d, want %d", got, count)
				}
			}
			wants(0, 1, take("a"))
			wants(1, 2, take("a"))
			wants(0, 3, take("a"))
			do(1, passwd.Step{Key: "a", Do: passwd.StepClear})
			wants(0, 1, take("a")) // which it has last seen at 3
			wants(1, 2, take("a"))
			do(0, passwd.Step{Key: "a", Do: passwd.StepRefund})
			do(0, passwd.Step{Key: "a", Do: passwd.StepRefund})
			wants(1, 1, take("a"))
			wants(0, 1, passwd.Step{Key: "a", Do: passwd.StepPeek, Limit: limit})

			// A step that refuses keeps all others from being counted, whatever was seen of it.
			once := passwd.Step{Key: "once", Limit: passwd.Limit{Free: 1, Window: time.Hour}}
			do(0, once)
			if answers := do(1, take("beside"), once); answers[1].Wait == 0 {
				t.Error("a key of another process refuses nothing")
			}
			wants(0, 1, take("beside"))

			const callers, calls = 8, 6
			var all sync.WaitGroup
			var mu sync.Mutex
			seen := map[[2]int]int{}
			for i := range callers {
				all.Go(func() {
					for range calls {
						answers, err := stores[i%2].Do(t.Context(), t0, take("b"), take("c"))
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						seen[[2]int{answers[0].Count, answers[1].Count}]++
						mu.Unlock()
					}
				})
			}
			all.Wait()
			for n := range callers * calls {
				if seen[[2]int{n + 1, n + 1}] != 1 {
					t.Errorf("take %d was answered %d times: %v", n+1, seen[[2]int{n + 1, n + 1}], seen)
					break
				}
			}
		})
	}
}
