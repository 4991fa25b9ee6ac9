package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
)

// brokenQueues get jobs wrong.
var brokenQueues = []brokenStore{{
	name: "jobs survive a write that fails",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			epoch, err := m.Apply(ctx, w)
			if err != nil {
				for _, j := range w.Jobs {
					m.Put(ctx, j)
				}
			}
			return epoch, err
		}
	},
	found: found{"conflict/hash": "in the queue", "consume/refused": "in the queue", "queue/jobs of a race": "after the race"},
}, {
	name: "the bytes of a job are shared",
	breaks: func(b *broken) {
		var mu sync.Mutex
		sealed := make(map[string][]byte)
		b.claim = func(ctx context.Context, m *memstore.Store, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
			jobs, err := m.Claim(ctx, n, lease, now)
			mu.Lock()
			defer mu.Unlock()
			for i, j := range jobs {
				if first, ok := sealed[j.ID]; ok {
					jobs[i].Sealed = first
				}
				sealed[j.ID] = jobs[i].Sealed
			}
			return jobs, err
		}
	},
	found: found{"sharing/jobs": "after what was claimed was changed"},
}, {
	name: "a job is handed to two",
	breaks: func(b *broken) {
		b.claim = func(ctx context.Context, m *memstore.Store, n int, _ time.Duration, now time.Time) ([]passwd.Job, error) {
			jobs, err := m.Claim(ctx, n, 0, now)
			if len(jobs) > 0 && jobs[0].Attempts > 3 {
				return nil, err // so that whoever loops comes to an end
			}
			return jobs, err
		}
	},
	found: found{"queue/lease": "at the same time", "queue/claimers at once": "all claimers"},
}, {
	name: "a lease never ends",
	breaks: func(b *broken) {
		b.claim = func(ctx context.Context, m *memstore.Store, n int, _ time.Duration, now time.Time) ([]passwd.Job, error) {
			return m.Claim(ctx, n, 1000*time.Hour, now)
		}
	},
	found: found{"queue/lease": "when the lease has ended", "queue/round trip": ""},
}, {
	name: "nothing is absorbed",
	breaks: func(b *broken) {
		b.put = func(ctx context.Context, m *memstore.Store, j passwd.Job) error {
			j.Key = ""
			return m.Put(ctx, j)
		}
	},
	found: found{"queue/absorb": "", "queue/absorb at once": "64 jobs"},
}, {
	name: "jobs of a write are put after it",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			jobs := w.Jobs
			w.Jobs = nil
			epoch, err := m.Apply(ctx, w)
			for _, j := range jobs {
				if err == nil {
					err = m.Put(ctx, j)
				}
			}
			return epoch, err
		}
	},
	found: found{"queue/full": "queue is full"},
}, {
	name: "a full queue absorbs, and so tells who has a job in it",
	breaks: func(b *broken) {
		waiting := map[string]bool{}
		b.put = func(ctx context.Context, m *memstore.Store, j passwd.Job) error {
			err := m.Put(ctx, j)
			if errors.Is(err, passwd.ErrQueueFull) && waiting[j.Key] {
				return nil
			}
			waiting[j.Key] = j.Key != ""
			return err
		}
	},
	found: found{"queue/full": "Put of what would be absorbed"},
}, {
	name: "jobs of a write are lost",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			w.Jobs = nil
			return m.Apply(ctx, w)
		}
	},
	found: found{"queue/jobs of a write": "", "queue/jobs of a race": ""},
}, {
	name: "what is done comes back",
	breaks: func(b *broken) {
		b.done = func(ctx context.Context, m *memstore.Store, id string) error { return ctx.Err() }
	},
	found: found{"queue/done": "the rest"},
}, {
	name: "a retry is immediate",
	breaks: func(b *broken) {
		b.retry = func(ctx context.Context, m *memstore.Store, id string, at time.Time) error {
			return m.Retry(ctx, id, at.Add(-2*time.Hour))
		}
	},
	found: found{"queue/retry": "a microsecond before the first"},
}, {
	name: "jobs are claimed as they were put",
	breaks: func(b *broken) {
		b.claim = inOrder(func(a, b passwd.Job) int { return strings.Compare(a.ID, b.ID) })
	},
	found: found{"queue/due first": "all of them", "queue/retries behind": "at the time of the retry", "queue/ended leases behind": ""},
}, {
	name: "an ended lease keeps its place",
	breaks: func(b *broken) {
		var mu sync.Mutex
		place := make(map[string]time.Time)
		b.put = func(ctx context.Context, m *memstore.Store, j passwd.Job) error {
			mu.Lock()
			defer mu.Unlock()
			place[j.ID] = j.NotBefore
			return m.Put(ctx, j)
		}
		b.retry = func(ctx context.Context, m *memstore.Store, id string, at time.Time) error {
			mu.Lock()
			defer mu.Unlock()
			place[id] = at
			return m.Retry(ctx, id, at)
		}
		b.claim = inOrder(func(a, b passwd.Job) int {
			mu.Lock()
			defer mu.Unlock()
			return place[a.ID].Compare(place[b.ID])
		})
	},
	found: found{"queue/ended leases behind": "when the lease has ended"},
}, {
	name: "every job is urgent",
	breaks: func(b *broken) {
		b.claimUrgent = func(ctx context.Context, m *memstore.Store, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
			return m.Claim(ctx, n, lease, now)
		}
	},
	found: found{"queue/urgent": "one"},
}, {
	name: "no job is urgent",
	breaks: func(b *broken) {
		b.put = func(ctx context.Context, m *memstore.Store, j passwd.Job) error {
			j.Urgent = false
			return m.Put(ctx, j)
		}
	},
	found: found{"queue/urgent": "the first", "queue/round trip": "Urgent"},
}, {
	name: "urgent jobs that failed come before new ones",
	breaks: func(b *broken) {
		b.claimUrgent = func(ctx context.Context, m *memstore.Store, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
			return reordered(ctx, m, m.ClaimUrgent, n, lease, now, func(a, b passwd.Job) int { return a.NotBefore.Compare(b.NotBefore) })
		}
	},
	found: found{"queue/urgent": "one"},
}}

type claimFunc func(ctx context.Context, n int, lease time.Duration, now time.Time) ([]passwd.Job, error)

// inOrder claims in another order.
func inOrder(order func(a, b passwd.Job) int) func(context.Context, *memstore.Store, int, time.Duration, time.Time) ([]passwd.Job, error) {
	return func(ctx context.Context, m *memstore.Store, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
		return reordered(ctx, m, m.Claim, n, lease, now, order)
	}
}

// reordered claims all there is and puts back what comes last in another order.
func reordered(ctx context.Context, m *memstore.Store, claim claimFunc, n int, lease time.Duration, now time.Time, order func(a, b passwd.Job) int) ([]passwd.Job, error) {
	jobs, err := claim(ctx, 1000, lease, now)
	slices.SortStableFunc(jobs, order)
	n = min(n, len(jobs))
	for _, j := range jobs[n:] {
		j.Attempts--
		if err := errors.Join(m.Done(ctx, j.ID), m.Put(ctx, j)); err != nil {
			return nil, err
		}
	}
	return jobs[:n], err
}
