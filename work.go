package passwd

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"
)

// task is what a job's seal covers. It holds no token and no code, only the seed
// that they grow from under the service's keys.
type task struct {
	Kind   taskKind
	At     time.Time
	Seed   seed
	Client Client

	// Of a request for a link or code.
	Login   Login         `json:",omitzero"`
	Channel Channel       `json:",omitempty"`
	Form    Form          `json:",omitempty"`
	TTL     time.Duration `json:",omitempty"`

	TellShared bool `json:",omitempty"`
	attempts   int  // claims of the job so far, this one included

	// Of a notice.
	Message  MessageKind `json:",omitempty"`
	Account  Ref         `json:",omitzero"`
	To       Address     `json:",omitzero"`
	Username string      `json:",omitempty"`
	Locale   string      `json:",omitempty"`
	Until    time.Time   `json:",omitzero"`
	Cancel   bool        `json:",omitempty"` // the seed is that of a "this was not me" token

	// Of a host's AfterWrite.
	Written Written `json:",omitzero"`
}

type taskKind string

const (
	taskLink       taskKind = "link"
	taskCode       taskKind = "code"
	taskNotice     taskKind = "notice"
	taskAfterWrite taskKind = "after_write"
)

const (
	noticeLife     = 72 * time.Hour      // how long a notice is worth sending
	afterWriteLife = 30 * 24 * time.Hour // how long a host's AfterWrite is tried
	pollEvery      = time.Second         // for jobs put by others, and retries
	purgeEvery     = 10 * time.Minute
	purgeBatch     = 1000
	keepSpent      = 24 * time.Hour // how long a dead token can still be told from an unknown one
	firstRetry     = time.Second
	lastRetry      = 10 * time.Minute
)

// errDrop says that a job has come to nothing, and trying again would not help.
var errDrop = errors.New("passwd: nothing to deliver")

// undeliverable is the reason of a message that is dropped by an ErrUndeliverable.
const undeliverable = "undeliverable"

// job seals a task.
func (s *Service) job(t task, key string, due, until time.Time) Job {
	id := uuid.Must(uuid.NewV7()).String()
	plain, err := json.Marshal(t)
	if err != nil {
		panic(err) // unreachable: every field has a JSON form
	}
	return Job{ID: id, Key: key, Sealed: s.keys.seal(id, plain), NotBefore: due, NotAfter: until}
}

type noticeDetail struct {
	at     time.Time
	until  time.Time // of a temporary password
	client Client
	cancel *seed
}

// notices are the jobs that tell an account's owner what happened, one for each
// confirmed address, so that one that cannot be reached delays no other (M1).
func (s *Service) notices(a Account, kind MessageKind, d noticeDetail) []Job {
	jobs := make([]Job, len(a.Address))
	for i, to := range a.Address {
		t := task{
			Kind: taskNotice, At: d.at, Client: d.client.trimmed(),
			Message: kind, Account: a.Ref, To: to, Username: a.Username, Locale: a.Locale, Until: d.until,
		}
		if d.cancel != nil {
			t.Seed, t.Cancel = *d.cancel, true
		}
		jobs[i] = s.job(t, "", d.at, d.at.Add(noticeLife))
	}
	return jobs
}

// afterWriteJob is the promise that AfterWrite is called. It is due a lease
// later: until then the request that made the write is at it.
func (s *Service) afterWriteJob(w Written) []Job {
	if s.cfg.AfterWrite == nil {
		return nil
	}
	t := task{Kind: taskAfterWrite, At: w.At, Written: w}
	return []Job{s.job(t, "", w.At.Add(s.cfg.JobLease), w.At.Add(afterWriteLife))}
}

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

// enqueue puts jobs that could not ride in a write. What does not fit is
// reported: the write it tells of has happened.
func (s *Service) enqueue(ctx context.Context, jobs []Job) {
	for _, j := range jobs {
		if err := s.queue.Put(ctx, j); err != nil {
			s.Observe(ctx, Event{Name: EventNotificationDropped, Outcome: outcomeFailure, Reason: "not_queued", JobID: j.ID, Err: err})
		}
	}
	s.wakeWorker()
}

func (s *Service) wakeWorker() {
	select {
	case s.worker.wake <- struct{}{}:
	default: // it is awake already
	}
}

// unattended reports that the queue lives in this process and that nothing here
// has ever worked it off.
func (s *Service) unattended() bool {
	q, ok := s.queue.(interface{ InProcess() bool })
	return ok && q.InProcess() && !s.worker.started.Load()
}

// trimmed bounds what a client says of itself.
func (c Client) trimmed() Client {
	c.UserAgent = strings.ToValidUTF8(c.UserAgent[:min(len(c.UserAgent), 256)], "")
	c.RequestID = strings.ToValidUTF8(c.RequestID[:min(len(c.RequestID), 128)], "")
	return c
}

// Run works off the queue and purges what has expired, until ctx ends; then it
// finishes the job in hand and returns nil. Any number of Runs, here or on other
// replicas, share the work: each job is delivered by one of them, and by another
// only if that one dies or takes longer than the lease.
func (s *Service) Run(ctx context.Context) error {
	s.worker.started.Store(true)
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	var purged time.Time
	for ctx.Err() == nil {
		s.Work(ctx) // its error has been observed; the next round tries again
		if now := s.now(); now.Sub(purged) >= purgeEvery || now.Before(purged) {
			purged = now
			s.purge(ctx)
		}
		select {
		case <-ctx.Done():
		case <-poll.C:
		case <-s.worker.wake:
			pauseAfterWake(ctx)
		}
	}
	return nil
}

// pauseAfterWake lets the request that put a job be answered first, for a random
// moment: otherwise the work that only a known account causes could be seen in
// the time of the answer (I6).
func pauseAfterWake(ctx context.Context) {
	pause := time.NewTimer(20*time.Millisecond + rand.N(80*time.Millisecond))
	defer pause.Stop()
	select {
	case <-ctx.Done():
	case <-pause.C:
	}
}

// Work does the jobs that are due now and returns how many it took in hand. A
// failed delivery is no error: it is observed and tried again later. The error is
// that of a queue or store which cannot be reached.
func (s *Service) Work(ctx context.Context) (n int, err error) {
	s.worker.started.Store(true)
	for ctx.Err() == nil {
		// One at a time: if the process dies, one message at most is sent twice.
		jobs, err := s.queue.Claim(ctx, 1, s.cfg.JobLease, s.now())
		if err != nil {
			return n, s.fault(ctx, err)
		}
		if len(jobs) == 0 {
			return n, nil
		}
		n++
		// A job in hand is finished although the worker is told to stop.
		if err := s.handle(context.WithoutCancel(ctx), jobs[0]); err != nil {
			return n, s.fault(ctx, err)
		}
	}
	return n, ctx.Err()
}

// handle does one job, and says so to the queue.
func (s *Service) handle(ctx context.Context, j Job) error {
	if s.only != nil { // a job may be of any tenant
		everybody := *s
		everybody.only = nil
		s = &everybody
	}
	e := Event{Outcome: outcomeSuccess, JobID: j.ID}
	err := s.attend(ctx, j, &e)
	if e.Err = err; err != nil {
		e.Outcome = outcomeFailure
	}
	retry := s.now().Add(backoff(j.Attempts))
	hook := e.Name == EventAfterWriteFailed // which is its name, however it fails
	switch {
	case err == nil && hook: // nothing was sent, and nothing failed
		return s.queue.Done(ctx, j.ID)
	case err == nil:
		e.Name = EventNotificationSent
		err = s.queue.Done(ctx, j.ID)
	case errors.Is(err, errDrop), e.Reason == undeliverable, !retry.Before(j.NotAfter):
		if hook {
			e.Reason = "expired"
		} else {
			e.Name = EventNotificationDropped
		}
		err = s.queue.Done(ctx, j.ID)
	default:
		if !hook {
			e.Name = EventNotificationFailed
		}
		err = s.queue.Retry(ctx, j.ID, retry)
	}
	s.Observe(ctx, e)
	return err
}

// attend opens a job and does what it says, as long as it is worth doing.
func (s *Service) attend(ctx context.Context, j Job, e *Event) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.JobLease*3/4)
	defer cancel()
	plain, err := s.keys.open(j.ID, j.Sealed)
	if err != nil {
		e.Reason = "unsealable" // perhaps by a replica that has newer keys already
		return err
	}
	var t task
	if err := json.Unmarshal(plain, &t); err != nil {
		e.Reason = "unreadable"
		return err
	}
	t.attempts = j.Attempts
	e.Account, e.Kind, e.Client = t.Account, t.Message, t.Client
	if t.Kind == taskAfterWrite {
		e.Name, e.Account, e.Method = EventAfterWriteFailed, t.Written.Account, t.Written.Method
	}
	if !s.now().Before(j.NotAfter) {
		e.Reason = "expired"
		return errDrop
	}
	if t.Kind == taskAfterWrite {
		if s.cfg.AfterWrite == nil {
			return errDrop
		}
		return s.cfg.AfterWrite(ctx, t.Written)
	}
	m, err := s.compose(ctx, t)
	if err != nil {
		if errors.Is(err, errDrop) {
			e.Reason = "no_recipient"
		}
		return err
	}
	m.ID = j.ID
	e.Account, e.Kind, e.Channel = m.Account, m.Kind, m.Channel
	err = s.cfg.Notify.Notify(ctx, m)
	if errors.Is(err, ErrUndeliverable) { // the notifier's word, not that of a hook
		e.Reason = undeliverable
	}
	return err
}

// backoff is how long to wait after so many attempts, with a jitter, so that
// what failed together is not tried again together.
func backoff(attempts int) time.Duration {
	wait := lastRetry
	if attempts < 10 {
		wait = min(firstRetry<<max(attempts-1, 0), lastRetry)
	}
	return wait/2 + rand.N(wait/2) + time.Millisecond
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
