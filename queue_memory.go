package passwd

import (
	"bytes"
	"container/list"
	"context"
	"sync"
	"time"
)

const defaultQueueJobs = 10_000

// NewMemoryQueue returns a Queue that keeps at most so many jobs in memory; 0 or
// less is 10,000. It serves one process, and a restart loses what waits: a Store
// that is a Queue as well loses nothing.
//
// The oldest job is the one that was put first. A job whose id is in the queue
// already is not put again.
func NewMemoryQueue(jobs int) Queue {
	if jobs <= 0 {
		jobs = defaultQueueJobs
	}
	return &memoryQueue{bound: jobs, byID: make(map[string]*list.Element), waiting: make(map[string]int)}
}

type memoryQueue struct {
	mu      sync.Mutex
	bound   int
	jobs    list.List // of *queued, oldest first
	byID    map[string]*list.Element
	waiting map[string]int // how many unclaimed jobs have a key
}

type queued struct {
	Job
	claimed bool
	until   time.Time // end of the lease of a claimed job
}

func (q *queued) due(now time.Time) bool {
	return !q.NotBefore.After(now) && (!q.claimed || !q.until.After(now))
}

// InProcess says that no other process can work off the queue.
func (*memoryQueue) InProcess() bool { return true }

// Put adds a job.
func (m *memoryQueue) Put(_ context.Context, j Job) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byID[j.ID] != nil || m.waiting[j.Key] > 0 {
		return nil
	}
	if m.jobs.Len() >= m.bound {
		return ErrQueueFull
	}
	j.Sealed = bytes.Clone(j.Sealed)
	m.byID[j.ID] = m.jobs.PushBack(&queued{Job: j})
	m.await(j.Key)
	return nil
}

// Claim leases jobs that are due.
func (m *memoryQueue) Claim(_ context.Context, n int, lease time.Duration, now time.Time) ([]Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var claimed []Job
	for e := m.jobs.Front(); e != nil && len(claimed) < n; e = e.Next() {
		q := e.Value.(*queued)
		if !q.due(now) {
			continue
		}
		m.unawait(q)
		q.claimed, q.until = true, now.Add(lease)
		q.Attempts++
		job := q.Job
		job.Sealed = bytes.Clone(job.Sealed)
		claimed = append(claimed, job)
	}
	return claimed, nil
}

// Done deletes a job.
func (m *memoryQueue) Done(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.byID[id]; e != nil {
		m.unawait(e.Value.(*queued))
		m.jobs.Remove(e)
		delete(m.byID, id)
	}
	return nil
}

// Retry makes a job due again.
func (m *memoryQueue) Retry(_ context.Context, id string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.byID[id]; e != nil {
		q := e.Value.(*queued)
		m.unawait(q)
		q.claimed, q.NotBefore = false, at
		m.await(q.Key)
	}
	return nil
}

// await notes that an unclaimed job with the key waits. The empty key is never
// noted: it absorbs nothing.
func (m *memoryQueue) await(key string) {
	if key != "" {
		m.waiting[key]++
	}
}

// unawait takes back what await noted of a job, if it is unclaimed.
func (m *memoryQueue) unawait(q *queued) {
	if q.claimed || q.Key == "" {
		return
	}
	if m.waiting[q.Key]--; m.waiting[q.Key] == 0 {
		delete(m.waiting, q.Key)
	}
}
