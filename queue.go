package passwd

import (
	"bytes"
	"cmp"
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// Job is a piece of work that outlives the request it came from: a message to
// send, or a host's AfterWrite. Its content is sealed; a store keeps bytes.
type Job struct {
	ID        string    // UUID version 7; the same over retries, and the message's id
	Key       string    // at most 128 bytes; a waiting job with the same key absorbs this one; "" is never absorbed
	Sealed    []byte    // AES-GCM under the service's keys; a queue takes 60,000 bytes
	Urgent    bool      // somebody waits for it: a link or code that was asked for
	NotBefore time.Time // due from then on
	NotAfter  time.Time // dropped from then on, with an event
	Attempts  int       // claims so far, the present one included
}

// Queue keeps jobs until they are done. Every method is one atomic step, safe
// for concurrent use by goroutines and, on a shared database, processes.
//
// A Store that is also a Queue takes the jobs of a [Write] in the same step, so
// no notice of a committed write is ever lost. With a queue apart from the
// store, jobs are put after the commit, and a crash between the two loses them.
//
// A queue over a host's own job system, which hands each job to [Service.Deliver], claims
// none: Claim and ClaimUrgent return nothing, and Retry is never called.
//
// A queue that lives in one process reports so by a method InProcess() bool:
// the service then knows that nobody else can work it off. Any other may have a method
//
//	Overdue(ctx context.Context, since time.Time) (bool, error)
//
// which reports whether a job has been due, and not been claimed, since a time or longer:
// a service whose process does no work asks it once a minute at most, see EventOverdue; and
//
//	DoneClaim(ctx context.Context, id string, urgent bool, n int, lease time.Duration, now time.Time) ([]Job, error)
//
// which is Done of a job and then Claim, or ClaimUrgent, of the next ones: a worker calls it
// between two jobs, where both together cost less than one after the other.
type Queue interface {
	// Put adds a job. If an unclaimed job with the same non-empty key waits, the
	// new one is absorbed: nil, and nothing is added, but it costs as much, and a
	// job with the same ID, waiting or claimed, is there already: the call is a retry.
	// Keys are compared byte by byte. ErrQueueFull, also for what would be
	// absorbed, when the bound of the queue is reached.
	Put(ctx context.Context, j Job) error

	// Claim takes up to n jobs that are due (NotBefore at or before now) for the length
	// of the lease, and counts an attempt at each: first those that have been due the
	// longest, of two that became due together the one that was put first. Claimed jobs
	// absorb nothing. The end of the lease becomes their NotBefore: a job that is not
	// Done or Retry'd in that time is due again then, behind what was due by then.
	Claim(ctx context.Context, n int, lease time.Duration, now time.Time) ([]Job, error)

	// ClaimUrgent is Claim of jobs that are Urgent, and of no others: first those that
	// have never been claimed, then the rest, both in the order of Claim.
	ClaimUrgent(ctx context.Context, n int, lease time.Duration, now time.Time) ([]Job, error)

	// Done deletes a job. An unknown id is not an error.
	Done(ctx context.Context, id string) error

	// Retry ends the lease and makes the job due again at the given time, which becomes
	// its NotBefore: it has lost its place, and goes behind what was due by then. It
	// waits, and absorbs as before its claim. An unknown id is not an error.
	Retry(ctx context.Context, id string, at time.Time) error
}

// ErrQueueFull says that the queue has reached its bound.
var ErrQueueFull = errors.New("passwd: queue is full")

// sameQueue reports whether both are one queue; values that cannot be compared
// are not.
func sameQueue(a, b Queue) (same bool) {
	defer func() {
		if recover() != nil {
			same = false
		}
	}()
	return a == b
}

const defaultQueueJobs = 10_000

// MemoryQueue is a [Queue] in memory. It serves one process, and a restart loses
// what waits: a [Store] that is a Queue as well loses nothing. The zero MemoryQueue
// is ready to use.
//
// A job whose id is in the queue already is not put again.
type MemoryQueue struct {
	// Max bounds how many jobs Put lets in. If 0, 10,000. It must not be changed while
	// the queue is in use.
	Max int

	mu      sync.Mutex
	jobs    [jobRanks]list.List // of *queued, each in the order of Claim
	byID    map[string]*list.Element
	waiting map[string]int // how many unclaimed jobs have a key
	puts    uint64         // so far
}

// The ranks of jobs.
const (
	ordinary = iota
	urgent
	urgentNew // never claimed
	jobRanks
)

type queued struct {
	Job
	rank    int
	n       uint64 // in the order of being put
	claimed bool   // and neither done nor to be retried: it absorbs nothing
}

// before tells whether q has been due for longer than other.
func (q *queued) before(other *queued) bool {
	order := q.NotBefore.Compare(other.NotBefore)
	return order < 0 || order == 0 && q.n < other.n
}

// InProcess says that no other process can process the queue.
func (*MemoryQueue) InProcess() bool { return true }

// Put adds a job.
func (m *MemoryQueue) Put(ctx context.Context, j Job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return m.add(j, cmp.Or(m.Max, defaultQueueJobs))
}

// PutAll adds jobs whatever the bound: those of a [Write], for a store that has
// just made it.
func (m *MemoryQueue) PutAll(jobs ...Job) {
	for _, j := range jobs {
		m.add(j, 0)
	}
}

func (m *MemoryQueue) add(j Job, bound int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byID[j.ID] != nil {
		return nil
	}
	if bound > 0 && len(m.byID) >= bound {
		return ErrQueueFull
	}
	if m.waiting[j.Key] > 0 {
		return nil
	}
	if m.byID == nil {
		m.byID, m.waiting = make(map[string]*list.Element), make(map[string]int)
	}
	j.Sealed = bytes.Clone(j.Sealed)
	m.puts++
	q := &queued{Job: j, n: m.puts}
	if j.Urgent {
		q.rank = urgentNew
	}
	m.insert(q)
	m.await(j.Key)
	return nil
}

// insert puts a job in its place, which is mostly near the end.
func (m *MemoryQueue) insert(q *queued) {
	jobs := &m.jobs[q.rank]
	after := jobs.Back()
	for after != nil && q.before(after.Value.(*queued)) {
		after = after.Prev()
	}
	if after == nil {
		m.byID[q.ID] = jobs.PushFront(q)
	} else {
		m.byID[q.ID] = jobs.InsertAfter(q, after)
	}
}

// remove takes a job out of its place.
func (m *MemoryQueue) remove(q *queued) { m.jobs[q.rank].Remove(m.byID[q.ID]) }

// Claim leases jobs that are due.
func (m *MemoryQueue) Claim(ctx context.Context, n int, lease time.Duration, now time.Time) ([]Job, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return m.claim(n, lease, now, func() *queued {
		var first *queued
		for rank := range m.jobs {
			if q := m.first(rank, now); q != nil && (first == nil || q.before(first)) {
				first = q
			}
		}
		return first
	})
}

// ClaimUrgent leases urgent jobs that are due.
func (m *MemoryQueue) ClaimUrgent(ctx context.Context, n int, lease time.Duration, now time.Time) ([]Job, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return m.claim(n, lease, now, func() *queued {
		if q := m.first(urgentNew, now); q != nil {
			return q
		}
		return m.first(urgent, now)
	})
}

// claim leases up to n jobs, one after the other, as next names them.
func (m *MemoryQueue) claim(n int, lease time.Duration, now time.Time, next func() *queued) ([]Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var claimed []Job
	var taken []*queued
	for len(taken) < n {
		q := next()
		if q == nil {
			break
		}
		m.unawait(q)
		m.remove(q)
		taken = append(taken, q)
		q.Attempts++
		job := q.Job
		job.Sealed = bytes.Clone(job.Sealed)
		claimed = append(claimed, job)
	}
	for _, q := range taken {
		q.claimed, q.rank, q.NotBefore = true, min(q.rank, urgent), now.Add(lease)
		m.insert(q)
	}
	return claimed, nil
}

// first is the first job of a rank, if it is due.
func (m *MemoryQueue) first(rank int, now time.Time) *queued {
	if e := m.jobs[rank].Front(); e != nil && !e.Value.(*queued).NotBefore.After(now) {
		return e.Value.(*queued)
	}
	return nil
}

// Done deletes a job.
func (m *MemoryQueue) Done(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.byID[id]; e != nil {
		q := e.Value.(*queued)
		m.unawait(q)
		m.remove(q)
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
		m.remove(q)
		q.claimed, q.NotBefore = false, at
		m.insert(q)
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
