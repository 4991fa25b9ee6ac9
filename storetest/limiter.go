package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
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
		guards: "I8, StepTake",
		rule:   "A clock that is set back neither shortens a wait nor forgives.",
		run: func(c *limiterChecker) {
			for i := range 2 {
				c.takes("a take", waiting, t0, 0, i+1)
			}
			c.takes("an hour earlier", waiting, t0.Add(-time.Hour), time.Hour+time.Second, 2)
			c.takes("after the wait", waiting, t0.Add(time.Second), 0, 3)

			// Where nobody waits yet, an earlier time is no time that has passed.
			c.steps("Clear", passwd.Step{Key: "key", Do: passwd.StepClear})
			three := passwd.Limit{Free: 3, Wait: time.Second, MaxWait: 10 * time.Second}
			c.takes("a take", three, t0, 0, 1)
			c.takes("an hour earlier", three, t0.Add(-time.Hour), 0, 2)
			c.takes("an hour earlier", three, t0.Add(-time.Hour), 0, 3)
			c.takes("back at the first time", three, t0, time.Second, 3)
		},
	}, {
		name:   "limiter/clear",
		guards: "StepClear, I11",
		rule:   "Clear forgets a key; an unknown one is not an error.",
		run: func(c *limiterChecker) {
			c.steps("Clear of an unknown key", passwd.Step{Key: "key", Do: passwd.StepClear})
			for i := range 2 {
				c.takes("a take", waiting, t0, 0, i+1)
			}
			c.steps("Clear", passwd.Step{Key: "key", Do: passwd.StepClear})
			c.counts(t0, 0)
			c.takes("after Clear", waiting, t0, 0, 1)
		},
	}, {
		name:   "limiter/refund",
		guards: "I8, StepRefund",
		rule:   "Refund takes one take back, with the wait that it began; an unknown key is not an error.",
		run: func(c *limiterChecker) {
			c.steps("Refund of an unknown key", passwd.Step{Key: "key", Do: passwd.StepRefund})
			c.counts(t0, 0)
			for i := range 2 {
				c.takes("a take", waiting, t0, 0, i+1)
			}
			c.steps("Refund", passwd.Step{Key: "key", Do: passwd.StepRefund})
			c.counts(t0, 1)
			c.takes("after Refund", waiting, t0, 0, 2)
			for range 4 {
				c.steps("Refund", passwd.Step{Key: "key", Do: passwd.StepRefund})
			}
			c.counts(t0, 0)
		},
	}, {
		name:   "limiter/keys apart",
		guards: "I8, Limiter",
		rule:   "Keys that differ in a letter's case, by a space at the end or in length are different keys.",
		run: func(c *limiterChecker) {
			keys := []string{"key", "KEY", "key ", "ke", "keys", "key%", strings.Repeat("k", 96), strings.Repeat("k", 95)}
			for _, key := range keys {
				taken := c.steps("Take", passwd.Step{Key: key, Limit: passwd.Limit{Free: 1, Window: time.Minute}})[0]
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
					answers, err := c.limiter.Do(c.ctx, t0, passwd.Step{Key: fmt.Sprint("key", round), Limit: l})
					if err == nil && answers[0].Wait == 0 {
						counts[i] = answers[0].Count
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
			_, err := c.limiter.Do(ended, t0, passwd.Step{Key: "key", Limit: window})
			n := c.steps("Peek", passwd.Step{Key: "key", Do: passwd.StepPeek, Limit: window, Silent: true})[0].Count
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
				now = now.Add(time.Duration(random.IntN(30)-5) * time.Second / 2)
				steps := make([]passwd.Step, 1+random.IntN(4))
				for i := range steps {
					steps[i] = passwd.Step{
						Key: fmt.Sprint("key", random.IntN(4)), Limit: limits[random.IntN(len(limits))],
						Silent: random.IntN(3) == 0,
					}
					switch call := random.IntN(20); {
					case call == 0:
						steps[i].Do = passwd.StepClear
					case call < 4:
						steps[i].Do = passwd.StepRefund
					case call < 8:
						steps[i].Do = passwd.StepPeek
					}
				}
				got, err := c.limiter.Do(c.ctx, now, steps...)
				want, _ := model.Do(c.ctx, now, steps...)
				if err != nil || !sameAnswers(steps, got, want) {
					c.fatalf("step %d, %+v: got %v and error %v, want %v", step, steps, got, err, want)
				}
			}
		},
	}, {
		name:   "limiter/all or none",
		guards: "I8, Limiter.Do",
		rule:   "If a step that is not silent has to wait, no take of the call is counted, and nothing is refunded or cleared.",
		run: func(c *limiterChecker) {
			once := passwd.Limit{Free: 1, Window: time.Minute}
			take := func(key string) passwd.Step { return passwd.Step{Key: key, Limit: once} }
			peek := func(key string) passwd.Step {
				return passwd.Step{Key: key, Do: passwd.StepPeek, Limit: once, Silent: true}
			}
			c.steps("Take", take("full"), take("other"))
			full := take("full")
			for _, order := range [][]passwd.Step{
				{take("new"), {Key: "other", Do: passwd.StepClear}, full},
				{full, take("new"), {Key: "other", Do: passwd.StepRefund}},
				{take("new"), {Key: "full", Do: passwd.StepPeek, Limit: once}},
			} {
				answers := c.steps("a call that has to wait", order...)
				waits := false
				for _, a := range answers {
					waits = waits || a.Wait > 0
				}
				if !waits {
					c.errorf("no answer of %+v has to wait: %+v", order, answers)
				}
				for i, a := range c.steps("Peek", peek("new"), peek("other"), peek("full")) {
					if want := []int{0, 1, 1}[i]; a.Count != want {
						c.errorf("after %+v: count %d of key %d, want %d", order, a.Count, i, want)
					}
				}
			}
			silent := full
			silent.Silent = true
			if answers := c.steps("a silent step that has to wait", take("new"), silent); answers[0].Wait != 0 || answers[1].Wait == 0 {
				c.errorf("a silent step that has to wait: %+v", answers)
			}
			if got := c.steps("Peek", peek("new"))[0].Count; got != 1 {
				c.errorf("beside a silent step that has to wait: count %d, want 1", got)
			}
		},
	}, {
		name:   "limiter/peek",
		guards: "I8, StepPeek",
		rule:   "A peek answers the wait of a take and counts nothing; a key may occur twice in a call, in order.",
		run: func(c *limiterChecker) {
			peek := passwd.Step{Key: "key", Do: passwd.StepPeek, Limit: waiting, Silent: true}
			for i := range 2 {
				if a := c.steps("Peek", peek, peek); a[0] != (passwd.Taken{Count: i}) || a[1] != a[0] {
					c.errorf("peeks before take %d: %+v", i+1, a)
				}
				c.takes("a take", waiting, t0, 0, i+1)
			}
			if a := c.steps("Peek", peek)[0]; a != (passwd.Taken{Wait: time.Second, Count: 2}) {
				c.errorf("peek at a key that waits: %+v", a)
			}
			clear := passwd.Step{Key: "key", Do: passwd.StepClear}
			if a := c.steps("Clear and Take", clear, passwd.Step{Key: "key", Limit: waiting}, peek); a[1] != (passwd.Taken{Count: 1}) || a[2] != a[1] {
				c.errorf("cleared and taken in one call: %+v", a)
			}
		},
	}}
}

// sameAnswers compares what matters: in a call that is refused, only what waits.
func sameAnswers(steps []passwd.Step, got, want []passwd.Taken) bool {
	refused := func(answers []passwd.Taken) bool {
		for i, a := range answers {
			if a.Wait > 0 && !steps[i].Silent {
				return true
			}
		}
		return false
	}
	if len(got) != len(want) || refused(got) != refused(want) {
		return false
	}
	return refused(want) || slices.Equal(got, want)
}

// steps makes steps at t0.
func (c *limiterChecker) steps(what string, steps ...passwd.Step) []passwd.Taken {
	answers, err := c.limiter.Do(c.ctx, t0, steps...)
	if err != nil || len(answers) != len(steps) {
		c.fatalf("%s: %d answers to %d steps, error %v", what, len(answers), len(steps), err)
	}
	return answers
}

// takes takes "key" and compares the answer.
func (c *limiterChecker) takes(what string, l passwd.Limit, now time.Time, wait time.Duration, count int) {
	answers, err := c.limiter.Do(c.ctx, now, passwd.Step{Key: "key", Limit: l})
	if err != nil || len(answers) != 1 {
		c.fatalf("%s: %d answers, error %v", what, len(answers), err)
	}
	if taken := answers[0]; taken.Wait != wait || taken.Count != count {
		c.errorf("%s: wait %v and count %d, want %v and %d", what, taken.Wait, taken.Count, wait, count)
	}
}

func (c *limiterChecker) counts(now time.Time, want int) {
	answers, err := c.limiter.Do(c.ctx, now, passwd.Step{Key: "key", Do: passwd.StepPeek, Silent: true})
	if err != nil || len(answers) != 1 || answers[0].Count != want {
		c.errorf("Peek: got %v and error %v, want a count of %d", answers, err, want)
	}
}
