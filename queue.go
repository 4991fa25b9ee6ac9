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
// A queue that lives in one process reports so by a method InProcess() bool:
// the service then knows that nobody else can work it off. Any other may have a method
//
//	Overdue(ctx context.Context, since time.Time) (bool, error)
//
// which reports whether a job has been due, and not been claimed, since a time or longer:
// a service whose process does no work asks it once a minute at most, see EventOverdue.
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
