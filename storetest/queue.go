package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
)

const lease = time.Minute

func hasQueue(f Fixture) bool { return !f.Lacks.Queue }

func queueChecks() []check {
	return []check{{
		name:   "queue/round trip",
		guards: "I2, Queue.Claim",
		rule:   "A claimed job is what was put, and counts its claims.",
		needs:  hasQueue,
		run: func(c *checker) {
			ordinary, urgent := c.job("key", t0.Add(3*µs)), c.job("another key", t0.Add(4*µs))
			urgent.Urgent = true
			want := []passwd.Job{ordinary, urgent}
			c.put(want...)
			for i := 1; i <= 3; i++ {
				now := t0.Add(time.Duration(i) * time.Hour)
				claimed := c.claim(10, now)
				if len(claimed) != len(want) {
					c.fatalf("claim %d: got %d jobs, want %d", i, len(claimed), len(want))
				}
				for n := range want {
					want[n].Attempts = i
					if d := jobDiff(claimed[n], want[n]); d != "" {
						c.errorf("claim %d: %s", i, d)
					}
					want[n].NotBefore = now.Add(lease)
				}
			}
		},
	}, {
		name:   "queue/due",
		guards: "I8, Job.NotBefore",
		rule:   "A job is due from NotBefore on, and not a microsecond earlier.",
		needs:  hasQueue,
		run: func(c *checker) {
			j := c.job("", t0)
			c.put(j)
			c.wantClaimed("a microsecond before NotBefore", t0.Add(-µs))
			c.wantClaimed("at NotBefore", t0, j)
		},
	}, {
		name:   "queue/lease",
		guards: "I2, Queue.Claim",
		rule:   "A claimed job is nobody else's until its lease has ended; then it is due again.",
		needs:  hasQueue,
		run: func(c *checker) {
			j := c.job("", t0)
			c.put(j)
			c.wantClaimed("at first", t0, j)
			c.wantClaimed("at the same time", t0)
			c.wantClaimed("a microsecond before the lease ends", t0.Add(lease-µs))
			c.wantClaimed("when the lease has ended", t0.Add(lease+µs), j)
			c.wantClaimed("during the second lease", t0.Add(2*lease))
		},
	}, {
		name:   "queue/oldest first",
		guards: "I8, Queue.Claim",
		rule:   "Claim takes the oldest jobs, and no more than it is asked for.",
		needs:  hasQueue,
		run: func(c *checker) {
			var jobs []passwd.Job
			for i := range 7 {
				j := c.job("", t0.Add(time.Duration(i)*time.Millisecond))
				c.put(j)
				jobs = append(jobs, j)
			}
			var order []string
			for _, n := range []int{3, 1, 10} {
				claimed := ids(c.claim(n, t0.Add(time.Second)))
				if len(claimed) != min(n, len(jobs)-len(order)) {
					c.errorf("Claim of %d: got %d jobs", n, len(claimed))
				}
				order = append(order, claimed...)
			}
			if !slices.Equal(order, ids(jobs)) {
				c.errorf("claimed %v, want them as they were put: %v", order, ids(jobs))
			}
		},
	}, {
		name:   "queue/due first",
		guards: "I8, Queue.Claim",
		rule:   "The job that has been due the longest comes first, whenever it was put.",
		needs:  hasQueue,
		run: func(c *checker) {
			later, sooner, too := c.job("", t0.Add(time.Minute)), c.job("", t0), c.job("", t0)
			c.put(later, sooner, too)
			c.wantOrder("all of them", c.claim(10, t0.Add(time.Minute)), sooner, too, later)
		},
	}, {
		name:   "queue/retries behind",
		guards: "I8, Queue.Retry",
		rule:   "A job that is tried again goes behind what was due by then, so that what cannot be delivered delays no other.",
		needs:  hasQueue,
		run: func(c *checker) {
			failing, waiting, fresh, next := c.job("", t0), c.job("", t0), c.job("", t0.Add(time.Second)), c.job("", t0.Add(time.Minute))
			c.put(failing)
			c.wantClaimed("the first", t0, failing)
			c.put(waiting, fresh, next)
			c.want("Retry", c.queue().Retry(c.ctx, failing.ID, t0.Add(10*time.Second)), nil)
			c.wantOrder("at the time of the retry", c.claim(2, t0.Add(10*time.Second)), waiting, fresh)
			c.wantOrder("later", c.claim(10, t0.Add(time.Minute)), failing, next)
		},
	}, {
		name:   "queue/ended leases behind",
		guards: "I8, Queue.Claim",
		rule:   "A job whose lease has ended goes behind what was due by then: the one that ends its worker is not the first again.",
		needs:  hasQueue,
		run: func(c *checker) {
			deadly, waiting, next := c.job("", t0), c.job("", t0.Add(lease-µs)), c.job("", t0.Add(lease+µs))
			c.put(deadly)
			c.wantClaimed("the first", t0, deadly)
			c.put(waiting, next)
			c.wantOrder("when the lease has ended", c.claim(10, t0.Add(2*lease)), waiting, deadly, next)
		},
	}, {
		name:   "queue/urgent",
		guards: "I8, Queue.ClaimUrgent",
		rule:   "ClaimUrgent takes urgent jobs that are due, those first that were never claimed; Claim takes them in the order of all.",
		needs:  hasQueue,
		run: func(c *checker) {
			urgent := func(at time.Time) passwd.Job {
				j := c.job("", at)
				j.Urgent = true
				return j
			}
			failing, notice := urgent(t0), c.job("", t0)
			c.put(failing)
			c.wantOrder("the first", c.claimUrgent(10, t0), failing)
			first, second, later := urgent(t0.Add(time.Second)), urgent(t0.Add(2*time.Second)), urgent(t0.Add(time.Hour))
			c.put(notice, second, first, later)
			c.want("Retry", c.queue().Retry(c.ctx, failing.ID, t0.Add(µs)), nil)
			now := t0.Add(time.Minute)
			c.wantOrder("none", c.claimUrgent(0, now))
			c.wantOrder("one", c.claimUrgent(1, now), first)
			c.wantOrder("the others", c.claimUrgent(10, now), second, failing)
			c.wantOrder("again", c.claimUrgent(10, now))
			c.wantOrder("what is not urgent", c.claim(10, now), notice)
			c.wantOrder("a microsecond before the end of the leases", c.claimUrgent(10, now.Add(lease-µs)))
			c.wantClaimed("all, in the end", t0.Add(2*time.Hour), first, second, failing, notice, later)

			also, old := urgent(t0.Add(3*time.Hour)), c.job("", t0.Add(2*time.Hour))
			c.put(also, old)
			c.wantOrder("Claim of both kinds", c.claim(1, t0.Add(3*time.Hour)), old)
		},
	}, {
		name:   "queue/absorb",
		guards: "Job.Key, I8",
		rule:   `A waiting job absorbs a new one with its key; the key "" is never absorbed.`,
		needs:  hasQueue,
		run: func(c *checker) {
			first, again, other := c.job("a key", t0), c.job("a key", t0), c.job("another key", t0)
			bare, bareToo := c.job("", t0), c.job("", t0)
			later := c.job("later", t0.Add(time.Hour))
			c.put(first, again, other, bare, bareToo, later, c.job("later", t0), c.job("a key", t0))
			c.wantClaimed("of them all", t0, first, other, bare, bareToo)
			c.wantClaimed("an hour later", t0.Add(time.Hour).Add(-µs), first, other, bare, bareToo)
		},
	}, {
		name:   "queue/whole",
		guards: "I2, Job",
		rule:   "A job comes back whole: its sealed bytes, whatever they are, its key and its times, to the microsecond and in UTC.",
		needs:  hasQueue,
		run: func(c *checker) {
			j, empty := c.job(strings.Repeat("k", longKey), t0.Add(7*µs)), c.job("", t0)
			j.Sealed = make([]byte, longSealed)
			for i := range j.Sealed {
				j.Sealed[i] = byte(i * 7)
			}
			j.NotAfter, empty.Sealed = t0.Add(90*24*time.Hour+999_999*µs), nil
			c.put(j, empty)
			for _, got := range c.claim(10, t0.Add(time.Hour)) {
				want := j
				if got.ID == empty.ID {
					want = empty
				}
				want.Attempts = 1
				if d := jobDiff(got, want); d != "" {
					c.errorf("a job of %d sealed bytes: %d came back, or: %.200s", len(want.Sealed), len(got.Sealed), d)
				}
			}
		},
	}, {
		name:   "queue/same job twice",
		guards: "I2, Queue.Put",
		rule:   "A job whose ID is in the queue is not added again, waiting or claimed, and the call succeeds: it is a retry.",
		needs:  hasQueue,
		run: func(c *checker) {
			j := c.job("", t0)
			c.put(j, j)
			c.wantClaimed("put twice", t0, j)
			c.put(j)
			c.wantClaimed("put again while it is claimed", t0)
			c.want("Done", c.queue().Done(c.ctx, j.ID), nil)
			c.wantClaimed("when it is done", t0.Add(lease))
		},
	}, {
		name:   "queue/keys apart",
		guards: "I9, Job.Key",
		rule:   "Keys are compared byte by byte: those that differ in case, by a space or in their last letter absorb nothing of each other.",
		needs:  hasQueue,
		run: func(c *checker) {
			long := strings.Repeat("k", longKey)
			var jobs []passwd.Job
			for _, key := range []string{"key", "KEY", "Key", "key ", " key", "kéy", "ke", long, long[:longKey-1], long[:longKey-1] + "K", long[:longKey-1] + "l"} {
				jobs = append(jobs, c.job(key, t0))
			}
			c.put(jobs...)
			c.put(c.job("KEY", t0), c.job(long, t0))
			c.wantClaimed("of all keys", t0, jobs...)
		},
	}, {
		name:   "queue/retry absorbs",
		guards: "I8, Job.Key, Queue.Retry",
		rule:   "A job that is to be retried waits again, and absorbs as it did before it was claimed.",
		needs:  hasQueue,
		run: func(c *checker) {
			first := c.job("key", t0)
			c.put(first)
			c.wantClaimed("the first", t0, first)
			c.want("Retry", c.queue().Retry(c.ctx, first.ID, t0.Add(time.Second)), nil)
			c.put(c.job("key", t0), c.job("key", t0.Add(time.Minute)))
			c.wantClaimed("when the first is due again", t0.Add(time.Hour), first)
			second := c.job("key", t0)
			c.put(second)
			c.wantClaimed("when the first is claimed", t0.Add(time.Hour), second)
		},
	}, {
		name:   "queue/nothing asked for",
		guards: "I8, Queue.Claim",
		rule:   "A claim of no jobs, or while none is due, is empty and no error, and counts no attempt.",
		needs:  hasQueue,
		run: func(c *checker) {
			if got := c.claim(10, t0); len(got) != 0 {
				c.errorf("%d jobs of an empty queue", len(got))
			}
			j := c.job("", t0)
			c.put(j)
			if got := c.claim(0, t0); len(got) != 0 {
				c.errorf("a claim of no jobs: got %d", len(got))
			}
			if got := c.claim(1, t0); len(got) != 1 || got[0].Attempts != 1 {
				c.errorf("a claim of one after that: got %d, or more than one attempt", len(got))
			}
		},
	}, {
		name:   "queue/claimed absorbs nothing",
		guards: "I2, Job.Key",
		rule:   "A claimed job absorbs nothing: the new one may say more than what is being worked on.",
		needs:  hasQueue,
		run: func(c *checker) {
			first, second := c.job("key", t0), c.job("key", t0)
			c.put(first)
			c.wantClaimed("the first", t0, first)
			c.put(second)
			c.want("Retry", c.queue().Retry(c.ctx, first.ID, t0), nil)
			c.wantClaimed("both, after the first is to be retried", t0, first, second)
		},
	}, {
		name:   "queue/done",
		guards: "Queue.Done, I7",
		rule:   "A job that is done is gone, claimed or not; an unknown id is not an error.",
		needs:  hasQueue,
		run: func(c *checker) {
			claimed, waiting, kept := c.job("a", t0), c.job("b", t0.Add(time.Hour)), c.job("c", t0.Add(time.Hour))
			c.put(claimed, waiting, kept)
			c.wantClaimed("the one due", t0, claimed)
			for _, id := range []string{claimed.ID, waiting.ID, claimed.ID, c.job("", t0).ID} {
				c.want("Done", c.queue().Done(c.ctx, id), nil)
			}
			c.wantClaimed("the rest", t0.Add(2*time.Hour), kept)
			again, too := c.job("a", t0), c.job("b", t0)
			c.put(again, too)
			c.wantClaimed("new jobs with the keys of those that are done", t0.Add(2*time.Hour), again, too)
		},
	}, {
		name:   "queue/retry",
		guards: "I2, Queue.Retry",
		rule:   "Retry ends the lease and makes the job due at the time given; its claims go on counting; an unknown id is not an error.",
		needs:  hasQueue,
		run: func(c *checker) {
			sooner, later := c.job("", t0), c.job("", t0)
			c.put(sooner, later)
			c.wantClaimed("both", t0, sooner, later)
			c.want("Retry", c.queue().Retry(c.ctx, sooner.ID, t0.Add(time.Second)), nil)
			c.want("Retry", c.queue().Retry(c.ctx, later.ID, t0.Add(time.Hour)), nil)
			c.want("Retry of an unknown id", c.queue().Retry(c.ctx, c.job("", t0).ID, t0), nil)
			c.wantClaimed("a microsecond before the first", t0.Add(time.Second-µs))
			again := c.claim(10, t0.Add(time.Second))
			if !slices.Equal(ids(again), ids([]passwd.Job{sooner})) {
				c.fatalf("at the time of the first: got %v, want it alone", ids(again))
			}
			if again[0].Attempts != 2 {
				c.errorf("attempts: got %d, want 2", again[0].Attempts)
			}
			c.want("Done", c.queue().Done(c.ctx, sooner.ID), nil)
			c.wantClaimed("a microsecond before the second", t0.Add(time.Hour-µs))
			c.wantClaimed("at the time of the second", t0.Add(time.Hour), later)
		},
	}, {
		name:   "queue/claimers at once",
		guards: "I4, Queue.Claim",
		rule:   "Claimers that run at once never get the same job, and together get all.",
		needs:  hasQueue,
		run: func(c *checker) {
			for range c.rounds() {
				var jobs []passwd.Job
				for range 60 {
					jobs = append(jobs, c.job("", t0))
				}
				c.put(jobs...)
				claimed := make([][]passwd.Job, crowd/4)
				errs := parallel(len(claimed), func(i int) error {
					for {
						some, err := c.queueAt(i).Claim(c.ctx, 3, lease, t0)
						if err != nil || len(some) == 0 {
							return err
						}
						claimed[i] = append(claimed[i], some...)
					}
				})
				c.winners("Claim", errs)
				got := slices.Concat(claimed...)
				got = append(got, c.claim(100, t0)...) // a claimer may see nothing while the last jobs are being claimed
				c.wantJobs("all claimers", got, jobs)
				for _, j := range got {
					if j.Attempts != 1 {
						c.errorf("a job claimed once has %d attempts", j.Attempts)
						break
					}
				}
				for _, j := range jobs {
					c.want("Done", c.queue().Done(c.ctx, j.ID), nil)
				}
			}
		},
	}, {
		name:   "queue/absorb at once",
		guards: "Job.Key, I8",
		rule:   "Of jobs with one key that are put at once, one is kept and none is an error.",
		needs:  hasQueue,
		run: func(c *checker) {
			for n := range c.rounds() {
				jobs := make([]passwd.Job, crowd)
				for i := range jobs {
					jobs[i] = c.job(fmt.Sprint("key ", n), t0)
				}
				errs := parallel(crowd, func(i int) error { return c.queueAt(i).Put(c.ctx, jobs[i]) })
				c.winners("Put", errs)
				if got := c.drain(t0); len(got) != 1 {
					c.errorf("%d jobs are in the queue, want 1", len(got))
				}
			}
		},
	}, {
		name:   "queue/full",
		guards: "ErrQueueFull, I6, I8",
		rule:   "A full queue refuses what is put, also what it would have absorbed, or the refusal would tell who has a job in it; it takes the jobs of a write all the same.",
		needs:  func(f Fixture) bool { return hasQueue(f) && f.MaxJobs > 0 },
		run: func(c *checker) {
			jobs := []passwd.Job{c.job("key", t0)}
			for range c.MaxJobs - 1 {
				jobs = append(jobs, c.job("", t0))
			}
			c.put(jobs...)
			refused := c.job("", t0)
			c.want("Put to a full queue", c.queue().Put(c.ctx, refused), passwd.ErrQueueFull)
			c.want("Put of what would be absorbed", c.queue().Put(c.ctx, c.job("key", t0)), passwd.ErrQueueFull)

			if hasStore(c.Fixture) {
				w := replace(c.seeded(1), "new")
				w.Jobs = []passwd.Job{c.job("", t0), c.job("notice", t0)}
				c.apply(w)
				jobs = append(jobs, w.Jobs...)
			}
			c.want("Put to a queue more than full", c.queue().Put(c.ctx, refused), passwd.ErrQueueFull)
			c.wantJobs("in the queue", c.drain(t0), jobs)
			c.want("Put when there is room again", c.queue().Put(c.ctx, refused), nil)
		},
	}}
}

func queueWriteChecks() []check {
	return []check{{
		name:   "queue/jobs of a write",
		guards: "Write.Jobs, I2",
		rule:   "The jobs of a write are in the queue when it returns, whatever it writes.",
		needs:  hasQueue,
		run: func(c *checker) {
			for n, write := range []func(passwd.Account) passwd.Write{
				func(a passwd.Account) passwd.Write { return replace(a, "new") },
				raise,
				func(a passwd.Account) passwd.Write { return must(a, passwd.Administrator) },
			} {
				w := write(c.seeded(n + 1))
				w.Jobs = []passwd.Job{c.job("", t0), c.job("", t0.Add(µs)), c.job("key", t0.Add(2*µs))}
				c.apply(w)
				claimed := c.claim(10, t0.Add(3*µs))
				c.wantJobs("after the write", claimed, w.Jobs)
				for i := range min(len(claimed), len(w.Jobs)) {
					want := w.Jobs[i]
					want.Attempts = 1
					if d := jobDiff(claimed[i], want); d != "" {
						c.errorf("job %d: %s", i, d)
					}
				}
				for _, j := range w.Jobs {
					c.want("Done", c.queue().Done(c.ctx, j.ID), nil)
				}
			}
		},
	}, {
		name:   "queue/jobs of a write absorbed",
		guards: "I8, Write.Jobs, Job.Key",
		rule:   "A waiting job absorbs one of a write by its key as it does one that is put; the write goes on.",
		needs:  hasQueue,
		run: func(c *checker) {
			a := c.seeded(1)
			waiting, other := c.job("key", t0), c.job("other", t0)
			c.put(waiting)
			w := replace(a, "new")
			w.Jobs = []passwd.Job{c.job("key", t0), other, c.job("other", t0)}
			c.apply(w)
			if got := c.get(a.Ref).Hash; got != w.NewHash {
				c.errorf("the new hash is not stored")
			}
			c.wantClaimed("after the write", t0, waiting, other)
			second := c.job("key", t0)
			w = replace(c.get(a.Ref), "newer")
			w.Jobs = []passwd.Job{second}
			c.apply(w)
			c.wantClaimed("after a write, when the first is claimed", t0, second)
		},
	}, {
		name:   "queue/jobs of a race",
		guards: "I2, I3",
		rule:   "Of writers that all read the same, the jobs of the one that succeeds are in the queue, and no others.",
		needs:  hasQueue,
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				jobs := make([]passwd.Job, crowd)
				for i := range jobs {
					jobs[i] = c.job("", t0)
				}
				errs := parallel(crowd, func(i int) error {
					w := replace(a, fmt.Sprint("writer ", i))
					w.Jobs = jobs[i : i+1]
					_, err := c.handle(i).Apply(c.ctx, w)
					return err
				})
				if won := c.oneWinner("Apply", errs, passwd.ErrConflict); won >= 0 {
					c.wantJobs("after the race", c.drain(t0), jobs[won:won+1])
				}
			})
		},
	}}
}

// queue returns the store as the queue that it has to be.
func (c *checker) queue() passwd.Queue {
	q, ok := c.store.(passwd.Queue)
	if !ok {
		return noQueue{}
	}
	return q
}

// noQueue stands for the queue of a store that has none, and has not said so.
type noQueue struct{}

var errNoQueue = errors.New("the store is no passwd.Queue: say so in Fixture.Lacks")

func (noQueue) Put(context.Context, passwd.Job) error { return errNoQueue }
func (noQueue) Claim(context.Context, int, time.Duration, time.Time) ([]passwd.Job, error) {
	return nil, errNoQueue
}
func (noQueue) ClaimUrgent(context.Context, int, time.Duration, time.Time) ([]passwd.Job, error) {
	return nil, errNoQueue
}
func (noQueue) Done(context.Context, string) error             { return errNoQueue }
func (noQueue) Retry(context.Context, string, time.Time) error { return errNoQueue }

func (c *checker) put(jobs ...passwd.Job) {
	for _, j := range jobs {
		if err := c.queue().Put(c.ctx, j); err != nil {
			c.fatalf("Put: %v", err)
		}
	}
}

func (c *checker) claim(n int, now time.Time) []passwd.Job {
	jobs, err := c.queue().Claim(c.ctx, n, lease, now)
	if err != nil {
		c.fatalf("Claim: %v", err)
	}
	return jobs
}

func (c *checker) claimUrgent(n int, now time.Time) []passwd.Job {
	jobs, err := c.queue().ClaimUrgent(c.ctx, n, lease, now)
	if err != nil {
		c.fatalf("ClaimUrgent: %v", err)
	}
	return jobs
}

// wantOrder compares claimed jobs with their order.
func (c *checker) wantOrder(what string, got []passwd.Job, want ...passwd.Job) {
	if !slices.Equal(ids(got), ids(want)) {
		c.errorf("%s: got the jobs %v, want %v in this order", what, ids(got), ids(want))
	}
}

// drain takes everything out of the queue that is due.
func (c *checker) drain(now time.Time) []passwd.Job {
	jobs := c.claim(1000, now)
	for _, j := range jobs {
		if err := c.queue().Done(c.ctx, j.ID); err != nil {
			c.fatalf("Done: %v", err)
		}
	}
	return jobs
}

// wantClaimed claims all there is at a time and compares it, its order apart.
func (c *checker) wantClaimed(what string, now time.Time, want ...passwd.Job) {
	c.wantJobs(what, c.claim(100, now), want)
}

func (c *checker) wantJobs(what string, got, want []passwd.Job) {
	g, w := ids(got), ids(want)
	slices.Sort(g)
	slices.Sort(w)
	if !slices.Equal(g, w) {
		c.errorf("%s: got the jobs %v, want %v", what, g, w)
	}
}

func ids(jobs []passwd.Job) []string {
	var ids []string
	for _, j := range jobs {
		ids = append(ids, j.ID)
	}
	return ids
}
