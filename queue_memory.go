package passwd

import (
	"bytes"
	"cmp"
	"container/list"
	"context"
	"sync"
	"time"
)

const defaultQueueJobs = 10_000

// MemoryQueue is a [Queue] in memory. It serves one process, and a restart loses
// what waits: a [Store] that is a Queue as well loses nothing. The zero MemoryQueue
// is ready to use.
//
// The oldest job is the one that was put first. A job whose id is in the queue
// already is not put again.
type MemoryQueue struct {
	// Max bounds how many jobs Put lets in. If 0, 10,000. It must not be changed while
	// the queue is in use.
	Max int

	mu      sync.Mutex
	jobs    list.List // of *queued, oldest first
	byID    map[string]*list.Element
	waiting map[string]int // how many unclaimed jobs have a key
}

type queued struct {
	Job
	claimed bool      // and neither done nor to be retried: it absorbs nothing
	until   time.Time // end of the lease of a claimed job
}

// InProcess says that no other process can process the queue.
func (*MemoryQueue) InProcess() bool { return true }

// Put adds a job.
func (m *MemoryQueue) Put(ctx context.Context, j Job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return m.put(j, cmp.Or(m.Max, defaultQueueJobs))
}

// PutAll adds jobs whatever the bound: those of a [Write], for a store that has
// just made it.
func (m *MemoryQueue) PutAll(jobs ...Job) {
	for _, j := range jobs {
		m.put(j, 0)
	}
}

func (m *MemoryQueue) put(j Job, bound int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byID[j.ID] != nil {
		return nil
	}
	if bound > 0 && m.jobs.Len() >= bound {
		return ErrQueueFull
	}
	if m.waiting[j.Key] > 0 {
		return nil
	}
	if m.byID == nil {
		m.byID, m.waiting = make(map[string]*list.Element), make(map[string]int)
	}
	j.Sealed = bytes.Clone(j.Sealed)
	m.byID[j.ID] = m.jobs.PushBack(&queued{Job: j})
	m.await(j.Key)
	return nil
}

// Claim leases jobs that are due.
func (m *MemoryQueue) Claim(ctx context.Context, n int, lease time.Duration, now time.Time) ([]Job, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var claimed []Job
	for e := m.jobs.Front(); e != nil && len(claimed) < n; e = e.Next() {
		q := e.Value.(*queued)
		if q.NotBefore.After(now) || q.claimed && q.until.After(now) {
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
func (m *MemoryQueue) Done(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.byID[id]; e != nil {
		m.unawait(e.Value.(*queued))
		m.jobs.Remove(e)
		delete(m.byID, id)
	}
	return nil
}

// Retry makes a job due again. From then on it absorbs again.
func (m *MemoryQueue) Retry(ctx context.Context, id string, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
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
func (m *MemoryQueue) await(key string) {
	if key != "" {
		m.waiting[key]++
	}
}

// unawait takes back what await noted of a job, if it is unclaimed.
func (m *MemoryQueue) unawait(q *queued) {
	if q.claimed || q.Key == "" {
		return
	}
	if m.waiting[q.Key]--; m.waiting[q.Key] == 0 {
		delete(m.waiting, q.Key)
	}
}
