package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
)

// InProcess reports that nobody outside this process can work the queue off.
func (s *Store) InProcess() bool { return true }

// Put implements passwd.Queue.
func (s *Store) Put(ctx context.Context, j passwd.Job) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.queue.Max = s.MaxJobs
	return s.queue.Put(ctx, micros(j))
}

// Claim implements passwd.Queue.
func (s *Store) Claim(ctx context.Context, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return s.queue.Claim(ctx, n, lease, micro(now))
}

// ClaimUrgent implements passwd.Queue.
func (s *Store) ClaimUrgent(ctx context.Context, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return s.queue.ClaimUrgent(ctx, n, lease, micro(now))
}

// Done implements passwd.Queue.
func (s *Store) Done(ctx context.Context, id string) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	return s.queue.Done(ctx, id)
}

// Retry implements passwd.Queue. From then on the job absorbs again.
func (s *Store) Retry(ctx context.Context, id string, at time.Time) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	return s.queue.Retry(ctx, id, micro(at))
}

// micros is a job with its times as a store keeps them.
func micros(j passwd.Job) passwd.Job {
	j.Sealed = slices.Clone(j.Sealed)
	j.NotBefore, j.NotAfter = micro(j.NotBefore), micro(j.NotAfter)
	return j
}
