package passwd

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

const (
	defaultDeliveries = 4
	// answerTime is how long a request has to be answered before the work begins that
	// only a known account causes, which could be seen in the time of the answer (I6).
	answerTime = 5 * time.Millisecond
	// hangsAfter is when a delivery that others wait for is taken to hang.
	hangsAfter = 800 * time.Millisecond
	// putOffPause keeps a hand from going through a long queue at full speed only to put
	// everything off.
	putOffPause = 10 * time.Millisecond
)

// errNoRoom says that a job was put off in favor of others: what hangs has all the hands
// that it may have.
var errNoRoom = errors.New("passwd: too many deliveries of its kind hang")

// hands are the goroutines of one Run. What hangs cannot take all of them: of n, n-1
// at most are in one channel, since a channel hangs as a whole, and n-2 at most are in
// one channel at jobs that were claimed before, most of which failed. A nil *hands is a
// worker of its own that need not care.
type hands struct {
	n int

	mu      sync.Mutex
	busy    []*delivery   // begun
	waiting []*delivery   // for room, in the order of their coming
	changed chan struct{} // closed, and made anew, when one of them goes
}

// delivery is a call of the Notifier, or, with the channel "", of AfterWrite.
type delivery struct {
	channel Channel
	again   bool // it was claimed before
	began   time.Time
}

func newHands(n int) *hands {
	return &hands{n: n, changed: make(chan struct{})}
}

// begin waits for room for a delivery. The error is errNoRoom if what takes the room
// hangs, or that of ctx; without one, end is to be called.
func (h *hands) begin(ctx context.Context, channel Channel, again bool) (end func(), err error) {
	if h == nil {
		return func() {}, nil
	}
	d := &delivery{channel: channel, again: again}
	h.mu.Lock()
	h.waiting = append(h.waiting, d)
	h.mu.Unlock()
	for {
		begun, wait, changed := h.enter(d)
		switch {
		case begun:
			return func() { h.leave(d) }, nil
		case wait <= 0:
			err = errNoRoom
			pause(ctx, putOffPause)
		default:
			timer := time.NewTimer(wait)
			select {
			case <-changed:
			case <-timer.C:
			case <-ctx.Done():
				err = ctx.Err()
			}
			timer.Stop()
		}
		if err != nil {
			h.leave(d)
			return nil, err
		}
	}
}

// enter begins a delivery if there is room beside those that are at work, and those
// that have waited for longer and have room. Otherwise it tells when, if nothing has
// changed until then, all that takes the room hangs.
func (h *hands) enter(d *delivery) (begun bool, wait time.Duration, changed <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	ahead := slices.Clone(h.busy)
	for _, w := range h.waiting {
		if w == d {
			break
		}
		if full, _ := h.full(ahead, w); !full {
			w.began = now
			ahead = append(ahead, w)
		}
	}
	full, newest := h.full(ahead, d)
	if full {
		return false, newest.Add(hangsAfter).Sub(now), h.changed
	}
	d.began = now
	h.busy, h.waiting = append(h.busy, d), slices.DeleteFunc(h.waiting, func(w *delivery) bool { return w == d })
	return true, 0, nil
}

// full reports that d has no room beside others, and when the newest began of those
// that take it.
func (h *hands) full(others []*delivery, d *delivery) (full bool, newest time.Time) {
	channel, again := 0, 0
	for _, other := range others {
		if other.channel != d.channel {
			continue
		}
		channel++
		if other.again {
			again++
		}
	}
	full = channel >= max(h.n-1, 1)
	tooOften := d.again && again >= max(h.n-2, 1)
	for _, other := range others {
		if other.channel == d.channel && (full || other.again) && other.began.After(newest) {
			newest = other.began
		}
	}
	return full || tooOften, newest
}

// leave ends a delivery, or the wait for one.
func (h *hands) leave(d *delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	it := func(other *delivery) bool { return other == d }
	h.busy, h.waiting = slices.DeleteFunc(h.busy, it), slices.DeleteFunc(h.waiting, it)
	close(h.changed)
	h.changed = make(chan struct{})
}

// letAnswer lets the request that put a job at a time be answered first, where the
// hand came by the job sooner than a wake would have brought it.
func (h *hands) letAnswer(ctx context.Context, age time.Duration) {
	if h != nil && age < answerTime {
		pause(ctx, min(answerTime-age, answerTime))
	}
}

// answeredAfterWake is when the request that put a job has been answered, after a moment
// that is not the same every time.
func answeredAfterWake() time.Time { return time.Now().Add(answerTime + rand.N(answerTime)) }

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// next takes one job, or none, once the queue knows of the one that is done, if there is
// one. A worker that is told to stop takes no more.
func (s *Service) next(ctx context.Context, done string, urgentFirst bool) ([]Job, error) {
	if done == "" {
		return s.claim(ctx, urgentFirst)
	}
	told := context.WithoutCancel(ctx)
	q, ok := s.queue.(doneClaimer)
	if !ok || ctx.Err() != nil {
		if err := s.queue.Done(told, done); err != nil || ctx.Err() != nil {
			return nil, err
		}
		return s.claim(ctx, urgentFirst)
	}
	jobs, err := q.DoneClaim(told, done, urgentFirst, 1, s.cfg.JobLease, s.now())
	if err != nil || len(jobs) > 0 || !urgentFirst {
		return jobs, err
	}
	return s.queue.Claim(ctx, 1, s.cfg.JobLease, s.now())
}

// doneClaimer is what Queue says of DoneClaim.
type doneClaimer interface {
	DoneClaim(ctx context.Context, id string, urgent bool, n int, lease time.Duration, now time.Time) ([]Job, error)
}

// claim takes one job, or none.
func (s *Service) claim(ctx context.Context, urgentFirst bool) ([]Job, error) {
	if urgentFirst {
		if jobs, err := s.queue.ClaimUrgent(ctx, 1, s.cfg.JobLease, s.now()); err != nil || len(jobs) > 0 {
			return jobs, err
		}
	}
	return s.queue.Claim(ctx, 1, s.cfg.JobLease, s.now())
}
