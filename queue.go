package passwd

import (
	"context"
	"errors"
	"time"
)

// Job is a piece of work that outlives the request it came from: a message to
// send, or a host's AfterWrite. Its content is sealed; a store keeps bytes.
type Job struct {
	ID        string    // UUID version 7; the same over retries, and the message's id
	Key       string    // at most 128 bytes; a waiting job with the same key absorbs this one; "" is never absorbed
	Sealed    []byte    // AES-GCM under the service's keys; a queue takes 60,000 bytes
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
// A queue that lives in one process reports so by a method InProcess() bool:
// the service then knows that nobody else can work it off.
type Queue interface {
	// Put adds a job. If an unclaimed job with the same non-empty key waits, the
	// new one is absorbed: nil, and nothing is added, but it costs as much, and a
	// job with the same ID, waiting or claimed, is there already: the call is a retry.
	// Keys are compared byte by byte. ErrQueueFull, also for what would be
	// absorbed, when the bound of the queue is reached.
	Put(ctx context.Context, j Job) error

	// Claim takes up to n jobs that are due (NotBefore at or before now, and not
	// leased to anybody) for the length of the lease, oldest first, and counts an
	// attempt at each. Of two jobs that nobody has claimed yet, the older one has the
	// earlier NotBefore and was put first; where these do not agree, and for jobs that are
	// claimed again, the order is the queue's own, but none that is due waits forever. A job that is not Done or Retry'd in that time is due again.
	// Claimed jobs absorb nothing.
	Claim(ctx context.Context, n int, lease time.Duration, now time.Time) ([]Job, error)

	// Done deletes a job. An unknown id is not an error.
	Done(ctx context.Context, id string) error

	// Retry ends the lease and makes the job due again at the given time: it waits, and
	// absorbs as before its claim. An unknown id is not an error.
	Retry(ctx context.Context, id string, at time.Time) error
}

// ErrQueueFull says that the queue has reached its bound.
var ErrQueueFull = errors.New("passwd: queue is full")
