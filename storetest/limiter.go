package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
)

// RunLimiter runs the contract of passwd.Limiter as subtests. open returns a limiter
// that knows no key yet, once for every case.
func RunLimiter(t *testing.T, open func() (passwd.Limiter, error)) {
	for _, c := range limiterChecks() {
		t.Run(c.name, func(t *testing.T) {
			if err := c.against(t.Context(), open); err != nil {
				t.Error(err)
			}
		})
	}
}

// CheckLimiter is RunLimiter outside go test; it joins what it found.
func CheckLimiter(open func() (passwd.Limiter, error)) error {
	var found []error
	for _, c := range limiterChecks() {
		found = append(found, c.against(context.Background(), open))
	}
	return errors.Join(found...)
}

// limiterCheck is one case of the contract of limiters.
type limiterCheck struct {
	name, guards, rule string
	run                func(*limiterChecker)
}

// limiterChecker is what a case runs on: a checker with a fresh limiter.
type limiterChecker struct {
	checker
	limiter passwd.Limiter
}

func (l limiterCheck) against(ctx context.Context, open func() (passwd.Limiter, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	limiter, err := open()
	if err != nil {
		return fmt.Errorf("%s (%s): %s\n\topen: %w", l.name, l.guards, l.rule, err)
	}
	c := &limiterChecker{checker{ctx: ctx}, limiter}
	c.execute(func(*checker) { l.run(c) })
	if len(c.failures) == 0 {
		return nil
	}
	return fmt.Errorf("%s (%s): %s\n\t%s", l.name, l.guards, l.rule, strings.Join(c.failures, "\n\t"))
}

var (
	window  = passwd.Limit{Free: 3, Window: time.Minute}
	waiting = passwd.Limit{Free: 2, Wait: time.Second, MaxWait: 10 * time.Second}
)

func limiterChecks() []limiterCheck {
	return []limiterCheck{{
		name:   "limiter/window",
		guards: "I8, Limit.Window",
		rule:   "Free takes pass in a window, which begins at the first; the others wait for its end, and are not counted.",
		run: func(c *limiterChecker) {
			for i := range 3 {
				c.takes("in the window", window, t0.Add(time.Duration(i)*time.Second), 0, i+1)
			}
			c.takes("too many", window, t0.Add(10*time.Second), 50*time.Second, 3)
			c.takes("a microsecond before the end", window, t0.Add(time.Minute-µs), µs, 3)
			c.counts(t0.Add(time.Minute-µs), 3)
			c.counts(t0.Add(time.Minute), 0)
			c.takes("in the next window", window, t0.Add(time.Minute), 0, 1)
		},
	}, {
		name:   "limiter/waits",
		guards: "I8, Limit.Wait",
		rule:   "Without a window the last free take and each one after it begin a wait, which doubles up to MaxWait.",
		run: func(c *limiterChecker) {
			now := t0
			for i, wait := range []time.Duration{0, 1, 2, 4, 8, 10, 10, 10} {
				c.takes("a take", waiting, now, 0, i+1)
				if wait *= time.Second; wait > 0 {
					c.takes("at once", waiting, now, wait, i+1)
					c.takes("a microsecond too early", waiting, now.Add(wait-µs), µs, i+1)
					now = now.Add(wait)
				}
			}
			c.counts(now, 8)
		},
	}, {
		name:   "limiter/forgiven",
		guards: "I8, Limit.MaxWait",
		rule:   "One take is forgiven for each MaxWait without any: the next wait is shorter. The count stays.",
		run: func(c *limiterChecker) {
			now := t0
			for i, wait := range []time.Duration{0, 1, 2, 4, 8} {
				c.takes("a take", waiting, now, 0, i+1)
				now = now.Add(wait * time.Second)
			}
			now = now.Add(-8 * time.Second).Add(30 * time.Second) // since the last take
			c.takes("after three are forgiven", waiting, now, 0, 6)
			c.takes("at once", waiting, now, 2*time.Second, 6)
			now = now.Add(24 * time.Hour)
			c.takes("after all are", waiting, now, 0, 7)
			c.takes("which were free", waiting, now, 0, 8)
			c.counts(now, 8)
		},
	}, {
		name:   "limiter/clock back",
		guards: "I8, Limiter.Take",
		rule:   "A clock that is set back neither shortens a wait nor forgives.",
		run: func(c *limiterChecker) {
			for i := range 2 {
				c.takes("a take", waiting, t0, 0, i+1)
			}
			c.takes("an hour earlier", waiting, t0.Add(-time.Hour), time.Hour+time.Second, 2)
			c.takes("after the wait", waiting, t0.Add(time.Second), 0, 3)

			// Where nobody waits yet, an earlier time is no time that has passed.
			c.want("Clear", c.limiter.Clear(c.ctx, "key"), nil)
			three := passwd.Limit{Free: 3, Wait: time.Second, MaxWait: 10 * time.Second}
			c.takes("a take", three, t0, 0, 1)
			c.takes("an hour earlier", three, t0.Add(-time.Hour), 0, 2)
			c.takes("an hour earlier", three, t0.Add(-time.Hour), 0, 3)
			c.takes("back at the first time", three, t0, time.Second, 3)
		},
	}, {
		name:   "limiter/clear",
		guards: "Limiter.Clear, I11",
		rule:   "Clear forgets a key; an unknown one is not an error.",
		run: func(c *limiterChecker) {
			c.want("Clear of an unknown key", c.limiter.Clear(c.ctx, "key"), nil)
			for i := range 2 {
				c.takes("a take", waiting, t0, 0, i+1)
			}
			c.want("Clear", c.limiter.Clear(c.ctx, "key"), nil)
			c.counts(t0, 0)
			c.takes("after Clear", waiting, t0, 0, 1)
		},
	}, {
		name:   "limiter/refund",
		guards: "I8, Limiter.Refund",
		rule:   "Refund takes one take back, with the wait that it began; an unknown key is not an error.",
		run: func(c *limiterChecker) {
			c.want("Refund of an unknown key", c.limiter.Refund(c.ctx, "key"), nil)
			c.counts(t0, 0)
			for i := range 2 {
				c.takes("a take", waiting, t0, 0, i+1)
			}
			c.want("Refund", c.limiter.Refund(c.ctx, "key"), nil)
			c.counts(t0, 1)
			c.takes("after Refund", waiting, t0, 0, 2)
			for range 4 {
				c.want("Refund", c.limiter.Refund(c.ctx, "key"), nil)
			}
			c.counts(t0, 0)
		},
	}, {
		name:   "limiter/keys apart",
		guards: "I8, Limiter",
		rule:   "Keys that differ in a letter's case, by a space at the end or in length are different keys.",
		run: func(c *limiterChecker) {
			keys := []string{"key", "KEY", "key ", "ke", "keys", "key%", strings.Repeat("k", 64), strings.Repeat("k", 63)}
			for _, key := range keys {
				taken, err := c.limiter.Take(c.ctx, key, passwd.Limit{Free: 1, Window: time.Minute}, t0)
				c.want("Take", err, nil)
				if taken.Wait != 0 || taken.Count != 1 {
					c.errorf("key %q: waits %v, count %d: it is another key's", key, taken.Wait, taken.Count)
				}
			}
		},
	}, {
		name:   "limiter/at once",
		guards: "I4, T5",
		rule:   "Of takes made at once exactly as many pass as are free, each with a count of its own.",
		run: func(c *limiterChecker) {
			for round, l := range []passwd.Limit{{Free: 10, Window: time.Minute}, {Free: 10, Wait: time.Minute, MaxWait: time.Hour}} {
				counts := make([]int, crowd)
				errs := parallel(crowd, func(i int) error {
					taken, err := c.limiter.Take(c.ctx, fmt.Sprint("key", round), l, t0)
					if taken.Wait == 0 {
						counts[i] = taken.Count
					}
					return err
				})
				c.winners("Take", errs)
				seen := map[int]bool{}
				for _, n := range counts {
					if n > 0 && seen[n] {
						c.errorf("two takes were counted as number %d", n)
					}
					seen[n] = seen[n] || n > 0
				}
				delete(seen, 0)
				if len(seen) != 10 {
					c.errorf("%d of %d takes passed, want 10", len(seen), crowd)
				}
			}
		},
	}, {
		name:   "limiter/cancelled",
		guards: "I10",
		rule:   "A take that passes is counted, also when its context ends: it is counted, or an error.",
		run: func(c *limiterChecker) {
			ended, cancel := context.WithCancel(c.ctx)
			cancel()
			_, err := c.limiter.Take(ended, "key", window, t0)
			n, countErr := c.limiter.Count(c.ctx, "key", t0)
			c.want("Count", countErr, nil)
			if (err == nil) != (n == 1) {
				c.errorf("Take returned error %v, and the count is %d", err, n)
			}
		},
	}, {
		name:   "limiter/like the one in memory",
		guards: "I8, Limiter",
		rule:   "Over a long mixture of calls, limits and clocks the answers are those of passwd.NewMemoryLimiter.",
		run: func(c *limiterChecker) {
			random := rand.New(rand.NewPCG(5, 11))
			limits := []passwd.Limit{window, waiting, {Free: 1, Wait: time.Second}, {Free: 0, Window: time.Second}, {}}
			model, now := passwd.NewMemoryLimiter(0), t0
			for step := range 400 {
				key := fmt.Sprint("key", random.IntN(3))
				now = now.Add(time.Duration(random.IntN(30)-5) * time.Second / 2)
				var got, want any
				var err error
				call := random.IntN(20)
				switch {
				case call == 0:
					err = errors.Join(c.limiter.Clear(c.ctx, key), model.Clear(c.ctx, key))
				case call < 4:
					err = errors.Join(c.limiter.Refund(c.ctx, key), model.Refund(c.ctx, key))
				case call < 6:
					got, err = c.limiter.Count(c.ctx, key, now)
					want, _ = model.Count(c.ctx, key, now)
				default:
					l := limits[random.IntN(len(limits))]
					got, err = c.limiter.Take(c.ctx, key, l, now)
					want, _ = model.Take(c.ctx, key, l, now)
				}
				if err != nil || got != want {
					c.fatalf("step %d: got %v and error %v, want %v", step, got, err, want)
				}
			}
		},
	}}
}

// takes takes "key" and compares the answer.
func (c *limiterChecker) takes(what string, l passwd.Limit, now time.Time, wait time.Duration, count int) {
	taken, err := c.limiter.Take(c.ctx, "key", l, now)
	if err != nil {
		c.fatalf("%s: Take: %v", what, err)
	}
	if taken.Wait != wait || taken.Count != count {
		c.errorf("%s: wait %v and count %d, want %v and %d", what, taken.Wait, taken.Count, wait, count)
	}
}

func (c *limiterChecker) counts(now time.Time, want int) {
	n, err := c.limiter.Count(c.ctx, "key", now)
	if err != nil || n != want {
		c.errorf("Count: got %d and error %v, want %d", n, err, want)
	}
}
