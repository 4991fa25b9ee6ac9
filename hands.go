package passwd

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	defaultDeliveries = 4
	// answerTime is how long a request has to be answered before the work begins that
	// only a known account causes, which could be seen in the time of the answer (I6).
	answerTime = 8 * time.Millisecond
	// hangsAfter is when a delivery that others wait for is taken to hang.
	hangsAfter = 500 * time.Millisecond
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
	busy    map[*delivery]struct{}
	changed chan struct{} // closed, and made anew, when a delivery ends
}

// delivery is a call of the Notifier, or, with the channel "", of AfterWrite.
type delivery struct {
	channel Channel
	again   bool // it was claimed before
	began   time.Time
}

func newHands(n int) *hands {
	return &hands{n: n, busy: make(map[*delivery]struct{}), changed: make(chan struct{})}
}

// begin waits for room for a delivery. The error is errNoRoom if what takes the room
// hangs, or that of ctx; without one, end is to be called.
func (h *hands) begin(ctx context.Context, channel Channel, again bool) (end func(), err error) {
	if h == nil {
		return func() {}, nil
	}
	d := &delivery{channel: channel, again: again}
	for {
		wait, changed, err := h.enter(d)
		switch {
		case err != nil:
			return nil, err
		case wait == 0:
			return func() { h.leave(d) }, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			err = ctx.Err()
		}
		if timer.Stop(); err != nil {
			return nil, err
		}
	}
}

// enter notes a delivery as begun, or tells how long to wait for room: at most until
// changed is closed.
func (h *hands) enter(d *delivery) (wait time.Duration, changed <-chan struct{}, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d.began = time.Now()
	wait, err = h.wait(d, h.n-1, func(other *delivery) bool { return other.channel == d.channel })
	if err == nil && d.again {
		var more time.Duration
		more, err = h.wait(d, h.n-2, func(other *delivery) bool { return other.again && other.channel == d.channel })
		wait = max(wait, more)
	}
	if err == nil && wait == 0 {
		h.busy[d] = struct{}{}
	}
	return wait, h.changed, err
}

// wait tells how long d may have to wait until fewer than bound others of its kind are
// at work, and is errNoRoom if all of these hang.
func (h *hands) wait(d *delivery, bound int, same func(*delivery) bool) (time.Duration, error) {
	n, longest := 0, time.Duration(0)
	for other := range h.busy {
		if same(other) {
			n++
			longest = max(longest, hangsAfter-d.began.Sub(other.began))
		}
	}
	switch {
	case n < max(bound, 1):
		return 0, nil
	case longest <= 0:
		return 0, errNoRoom
	}
	return longest, nil
}

func (h *hands) leave(d *delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.busy, d)
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

// pauseAfterWake lets the request that put a job be answered first, for a moment that
// is not the same every time.
func pauseAfterWake(ctx context.Context) { pause(ctx, answerTime+rand.N(answerTime)) }

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
