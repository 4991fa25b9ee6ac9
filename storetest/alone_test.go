package storetest_test

import (
	"context"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/storetest"
)

// A queue that knows no store keeps the contract of queues, and what breaks it is found.
func TestRunQueue(t *testing.T) {
	storetest.RunQueue(t, memoryQueue(nil))
	wantCase(t, storetest.CheckQueue(memoryQueue(func(q passwd.Queue) passwd.Queue { return sleepy{q} })), "queue/due", "at NotBefore")
	f := memoryQueue(nil)
	f.Reopen = func(passwd.Queue) (passwd.Queue, error) { return &passwd.MemoryQueue{Max: maxJobs}, nil }
	wantCase(t, storetest.CheckQueue(f), "handles/queue", "at another handle")
}

func memoryQueue(wrap func(passwd.Queue) passwd.Queue) storetest.QueueFixture {
	return storetest.QueueFixture{
		Open: func() (passwd.Queue, error) {
			var q passwd.Queue = &passwd.MemoryQueue{Max: maxJobs}
			if wrap != nil {
				q = wrap(q)
			}
			return q, nil
		},
		Close:   func(passwd.Queue) error { return nil },
		Reopen:  func(q passwd.Queue) (passwd.Queue, error) { return q, nil },
		MaxJobs: maxJobs,
		Rounds:  1,
	}
}

// sleepy finds out a second late what is due.
type sleepy struct{ passwd.Queue }

func (s sleepy) Claim(ctx context.Context, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
	return s.Queue.Claim(ctx, n, lease, now.Add(-time.Second))
}

// Sessions are tested without the rest of their store.
func TestRunSessions(t *testing.T) {
	f := fixture(nil)
	storetest.RunSessions(t, f)
	f = fixture(func(m *memstore.Store) passwd.Store { return &broken{Store: m, fails: "Find"} })
	if err := storetest.CheckSessions(f); err != nil {
		t.Errorf("of a store whose Find fails: %v", err)
	}
}
