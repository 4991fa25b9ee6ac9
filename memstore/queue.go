package memstore

import (
	"cmp"
	"container/list"
	"context"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
)

const defaultMaxJobs = 10_000

// InProcess reports that nobody outside this process can work the queue off.
func (s *Store) InProcess() bool { return true }

// Put implements passwd.Queue.
func (s *Store) Put(ctx context.Context, j passwd.Job) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if s.queue.absorbs(j) {
		return nil
	}
	if len(s.queue.byID) >= cmp.Or(s.MaxJobs, defaultMaxJobs) {
		return passwd.ErrQueueFull
	}
	s.queue.add(j)
	return nil
}

// Claim implements passwd.Queue. The order is that in which jobs were put.
func (s *Store) Claim(ctx context.Context, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	now = micro(now)
	var claimed []passwd.Job
	for e := s.queue.order.Front(); e != nil && len(claimed) < n; e = e.Next() {
		j := e.Value.(*job)
		if j.NotBefore.After(now) || j.claimed && j.leasedUntil.After(now) {
			continue
		}
		s.queue.claim(j, true)
		j.leasedUntil = now.Add(lease)
		j.Attempts++
		claimed = append(claimed, copied(j.Job))
	}
	return claimed, nil
}

// Done implements passwd.Queue.
func (s *Store) Done(ctx context.Context, id string) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if e := s.queue.byID[id]; e != nil {
		s.queue.claim(e.Value.(*job), true) // it absorbs no more
		s.queue.order.Remove(e)
		delete(s.queue.byID, id)
	}
	return nil
}

// Retry implements passwd.Queue. From then on the job absorbs again.
func (s *Store) Retry(ctx context.Context, id string, at time.Time) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if e := s.queue.byID[id]; e != nil {
		j := e.Value.(*job)
		s.queue.claim(j, false)
		j.NotBefore = micro(at)
	}
	return nil
}

// queue holds the jobs in the order in which they were put.
type queue struct {
	order   list.List // of *job
	byID    map[string]*list.Element
	waiting map[string]int // how many unclaimed jobs have a key
}

type job struct {
	passwd.Job
	claimed     bool // and neither done nor to be retried
	leasedUntil time.Time
}

// absorbs reports whether a job stands for j: a waiting one with its key, or j
// itself, put before.
func (q *queue) absorbs(j passwd.Job) bool {
	return q.byID[j.ID] != nil || j.Key != "" && q.waiting[j.Key] > 0
}

// add puts a job, unless it is absorbed.
func (q *queue) add(j passwd.Job) {
	if q.absorbs(j) {
		return
	}
	if q.byID == nil {
		q.byID = make(map[string]*list.Element)
		q.waiting = make(map[string]int)
	}
	q.byID[j.ID] = q.order.PushBack(&job{Job: copied(j)})
	q.waiting[j.Key]++
}

// claim notes whether a job is claimed.
func (q *queue) claim(j *job, claimed bool) {
	switch {
	case j.claimed == claimed:
		return
	case !claimed:
		q.waiting[j.Key]++
	case q.waiting[j.Key] > 1:
		q.waiting[j.Key]--
	default:
		delete(q.waiting, j.Key)
	}
	j.claimed = claimed
}

func copied(j passwd.Job) passwd.Job {
	j.Sealed = slices.Clone(j.Sealed)
	j.NotBefore, j.NotAfter = micro(j.NotBefore), micro(j.NotAfter)
	return j
}
