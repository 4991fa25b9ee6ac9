package passwd

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

const (
	noticeLife     = 72 * time.Hour      // how long a notice is worth sending
	afterWriteLife = 30 * 24 * time.Hour // how long a host's AfterWrite is tried
	pollEvery      = time.Second         // for jobs put by others, and retries
	overdueAfter   = time.Minute         // without a worker, and how often that is looked for
	purgeEvery     = 10 * time.Minute
	purgeBatch     = 1000
	keepSpent      = 24 * time.Hour // how long a dead token can still be told from an unknown one
	firstRetry     = time.Second
	lastRetry      = 10 * time.Minute
	putOff         = 6 // the backoff of a job that finds no room grows as for n attempts
)

// errDrop says that a job has come to nothing, and trying again would not help.
var errDrop = errors.New("passwd: nothing to deliver")

// afterWrite calls the host for the first time, and is done with the promise if
// that went well.
func (s *Service) afterWrite(ctx context.Context, w Written, promised []Job) {
	if s.cfg.AfterWrite == nil {
		return
	}
	ctx = context.WithoutCancel(ctx)
	err := s.cfg.AfterWrite(ctx, w)
	for _, j := range promised {
		if err == nil {
			err = s.queue.Done(ctx, j.ID)
		}
		if err != nil {
			s.Observe(ctx, Event{Name: EventAfterWriteFailed, Account: w.Account, Outcome: outcomeFailure, Method: w.Method, JobID: j.ID, Err: err})
		}
	}
}

// enqueue puts jobs that could not ride in a write, and tells whether all of them are
// in the queue. What does not fit is reported: what it tells of has happened.
func (s *Service) enqueue(ctx context.Context, jobs []Job) (all bool) {
	all = true
	for _, j := range jobs {
		if err := s.queue.Put(ctx, j); err != nil {
			all = false
			s.Observe(ctx, Event{Name: EventNotificationDropped, Outcome: outcomeFailure, Reason: "not_queued", JobID: j.ID, Err: err})
		}
	}
	s.handOver(ctx)
	return all
}

// handOver leaves what was put to a worker.
func (s *Service) handOver(ctx context.Context) {
	s.wakeWorker()
	s.lookForWorker(ctx)
}

// lookForWorker finds out now and then whether what a process puts that does no work
// itself is worked off by another. Only the queue can tell.
func (s *Service) lookForWorker(ctx context.Context) {
	q, ok := s.queue.(interface {
		Overdue(ctx context.Context, since time.Time) (bool, error)
	})
	if !ok || s.within || s.worker.started.Load() {
		return
	}
	now := s.now()
	last := s.worker.looked.Load()
	if now.Unix()-last < int64(overdueAfter/time.Second) || !s.worker.looked.CompareAndSwap(last, now.Unix()) {
		return
	}
	overdue, err := q.Overdue(context.WithoutCancel(ctx), now.Add(-overdueAfter))
	if err != nil {
		s.fault(ctx, err)
		return
	}
	s.worker.overdue.Store(overdue)
	if overdue {
		s.Observe(ctx, Event{Name: EventOverdue, Outcome: outcomeFailure, Err: ErrNotRunning})
	}
}

func (s *Service) wakeWorker() {
	select {
	case s.worker.wake <- struct{}{}:
	default: // all hands are awake already
	}
}

// noWorker reports that the queue lives in this process and that nothing here
// has ever worked it off.
func (s *Service) noWorker() bool {
	q, ok := s.queue.(interface{ InProcess() bool })
	return ok && q.InProcess() && !s.worker.started.Load()
}

// trimmed bounds what a client says of itself.
func (c Client) trimmed() Client {
	c.UserAgent = strings.ToValidUTF8(c.UserAgent[:min(len(c.UserAgent), 256)], "")
	c.RequestID = strings.ToValidUTF8(c.RequestID[:min(len(c.RequestID), 128)], "")
	if !plausibleTag(c.Locale) {
		c.Locale = ""
	}
	c.Device = "" // a secret, which nobody who is told of the client needs
	return c
}

// plausibleTag reports whether a text may be a language tag: a client may say anything.
func plausibleTag(tag string) bool {
	return len(tag) <= 35 && !strings.ContainsFunc(tag, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
	})
}

// Run processes the queue and purges what has expired, until ctx ends; then it
// finishes the jobs that it has begun and returns nil. Any number of Runs, here or on other
// replicas, share the work: each job is delivered by one of them, and by another
// only if that one dies or takes longer than the lease.
//
// A Run has Config.Deliveries workers, each with one job at a time. The first takes what
// has been due the longest, the others prefer links and codes, so that neither a flood
// of requests nor one of notices starves the other kind. What hangs or fails again and
// again never takes all of them. If the process dies, as many messages as there are
// workers may be delivered a second time, with the same Message.ID.
func (s *Service) Run(ctx context.Context) error {
	s.worker.started.Store(true)
	run := *s
	run.hands = newHands(s.cfg.Deliveries)
	poll := time.NewTicker(pollEvery) // each tick is for one hand
	defer poll.Stop()
	var working sync.WaitGroup
	for n := range s.cfg.Deliveries {
		working.Go(func() { run.hand(ctx, n > 0, poll.C) })
	}
	run.keepPurging(ctx)
	working.Wait()
	return nil
}

// hand does jobs until ctx ends.
func (s *Service) hand(ctx context.Context, urgentFirst bool, poll <-chan time.Time) {
	var answered time.Time
	for ctx.Err() == nil {
		s.work(ctx, urgentFirst, answered) // its error has been observed; the next round tries again
		select {
		case <-ctx.Done():
		case <-poll:
			answered = time.Time{}
		case <-s.worker.wake:
			answered = answeredAfterWake()
		}
	}
}

// Work processes the jobs that are due now, one after the other, and returns how many.
// A failed delivery is no error: it is observed and tried again later. The error is
// that of a queue or store which cannot be reached.
func (s *Service) Work(ctx context.Context) (n int, err error) {
	s.worker.started.Store(true)
	return s.work(ctx, false, time.Time{})
}

// work begins with no job before answered. It claims one sooner: that is the same
// whomever the job is for.
func (s *Service) work(ctx context.Context, urgentFirst bool, answered time.Time) (n int, err error) {
	done := "" // a job, that the queue has not been told of
	for ctx.Err() == nil || done != "" {
		// One at a time: if the process dies, one message at most is sent twice.
		jobs, err := s.next(ctx, done, urgentFirst)
		if err != nil {
			return n, s.fault(ctx, err)
		}
		if done = ""; len(jobs) == 0 {
			break
		}
		if n++; n > 1 && s.hands != nil {
			s.wakeWorker() // one poll or put has found several: there may be more
		}
		if n == 1 {
			pause(ctx, time.Until(answered))
		}
		// A job in hand is finished although the worker is told to stop.
		if done, err = s.handle(context.WithoutCancel(ctx), jobs[0]); err != nil {
			return n, s.fault(ctx, err)
		}
	}
	return n, ctx.Err()
}

// handle does one job. Of one that is done with, it leaves it to next to say so to the
// queue.
func (s *Service) handle(ctx context.Context, j Job) (done string, err error) {
	e, again := s.try(ctx, j)
	if done = j.ID; again > 0 {
		done, err = "", s.queue.Retry(ctx, j.ID, s.now().Add(again))
	}
	s.report(ctx, e)
	return done, err
}

// Deliver does one job for a host whose own job system keeps them: its [Queue] puts jobs
// there, and claims none, so that [Service.Run] only purges. A worker of that system calls
// Deliver with the job as it was put, and with its Attempts, the present one included.
//
// With nil the job is done with: delivered, or dropped with an event, as it is once it is
// past its NotAfter. Otherwise it has failed, and is delivered again, later each time, until
// it is done with; the error says why, as the event does. A call takes up to three quarters
// of Config.JobLease. The host sees to it that no job is in two calls at once, and bounds how
// many calls there are, best for urgent jobs apart from others.
func (s *Service) Deliver(ctx context.Context, j Job) error {
	s.worker.started.Store(true)
	pause(ctx, time.Until(answeredAfterWake())) // the request that put it is answered first (I6)
	e, again := s.try(ctx, j)
	s.report(ctx, e)
	if again > 0 {
		return e.Err
	}
	return nil
}

func (s *Service) report(ctx context.Context, e Event) {
	if e.Name != "" {
		s.Observe(ctx, e)
	}
}

// try does one job once. It returns what to report, and after how long the job is to be
// tried again; 0 is never.
func (s *Service) try(ctx context.Context, j Job) (e Event, again time.Duration) {
	if s.only != nil { // a job may be of any tenant
		everybody := *s
		everybody.only = nil
		s = &everybody
	}
	e = Event{Outcome: outcomeSuccess, JobID: j.ID}
	names, err := s.attend(ctx, j, &e)
	if e.Err = err; err != nil {
		e.Outcome = outcomeFailure
	}
	noRoom := errors.Is(err, errNoRoom)
	attempts := j.Attempts
	if noRoom {
		attempts = min(attempts, putOff)
	}
	again = backoff(attempts)
	switch {
	case err == nil:
		e.Name, again = names.done, 0
	case errors.Is(err, errDrop), !s.now().Add(again).Before(j.NotAfter):
		e.Name, again = names.dropped, 0
		e.Reason = cmp.Or(e.Reason, names.dropReason)
	case !noRoom: // else nothing was tried
		e.Name = names.failed
	}
	return e, again
}

// attend opens a job and does what it says, as long as it is worth doing.
func (s *Service) attend(ctx context.Context, j Job, e *Event) (taskEvents, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.JobLease*3/4)
	defer cancel()
	t, err := s.openTask(j)
	if err != nil {
		e.Reason = "unreadable"
		if errors.Is(err, errUnsealable) { // perhaps by a replica that has newer keys already
			e.Reason = "unsealable"
		}
		return messageEvents, err
	}
	names := t.describe(e)
	if !s.now().Before(j.NotAfter) {
		e.Reason = "expired"
		return names, errDrop
	}
	return names, t.do(ctx, s, j, e)
}

// backoff is how long to wait after n attempts, with a jitter, so that
// what failed together is not tried again together.
func backoff(attempts int) time.Duration {
	wait := lastRetry
	if attempts < 10 {
		wait = min(firstRetry<<max(attempts-1, 0), lastRetry)
	}
	return wait/2 + rand.N(wait/2) + time.Millisecond
}

// keepPurging purges at once and now and then, until ctx ends.
func (s *Service) keepPurging(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var purged time.Time
	for ctx.Err() == nil {
		if now := s.now(); now.Sub(purged) >= purgeEvery || now.Before(purged) {
			purged = now
			s.purge(ctx)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// purge deletes what has expired, in batches, so that nobody has to wait long.
func (s *Service) purge(ctx context.Context) {
	for ctx.Err() == nil {
		_, more, err := s.store.Purge(ctx, s.now().Add(-keepSpent), purgeBatch)
		if err != nil {
			s.fault(ctx, err)
			return
		}
		if !more {
			return
		}
	}
}
