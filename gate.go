package passwd

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"
)

// BusyError says that too many passwords wait to be hashed, and when it is worth
// trying again. It is ErrBusy.
type BusyError struct {
	RetryAfter time.Duration // 1 s to 1 min, in whole seconds: about what the line would take
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("passwd: busy, try again in %v", e.RetryAfter)
}

// Is makes a BusyError match ErrBusy.
func (e *BusyError) Is(target error) bool { return target == ErrBusy }

// gate bounds how much hashing goes on at once: each hash holds its memory while
// it is computed, so without a bound a burst of sign-ins takes gigabytes. Whoever
// finds no worker free, or too little memory, stands in a line of bounded length,
// first come first served, and leaves it when its context ends. Nobody is let past
// the first of the line, so that a hash which needs much memory gets its turn.
type gate struct {
	mu      sync.Mutex
	workers int
	memory  int64     // bytes for all at once; 0 is no bound
	room    int       // the longest that the line may be
	line    list.List // of *place
	running int
	used    int64         // bytes of those that run
	hashed  uint64        // turns that have ended
	refused uint64        // calls that found the line full
	took    time.Duration // a turn, smoothed
}

// place is where a call stands in the line.
type place struct {
	bytes int64
	turn  chan struct{} // closed when it has its turn
}

// turn is what a call that runs must give back.
type turn struct {
	bytes int64
	began time.Time
}

// newGate returns a gate of so many workers, 1 or more, who share so many bytes,
// and at which so many may wait, 0 or more.
func newGate(workers int, memory int64, waiting int) *gate {
	return &gate{workers: workers, memory: memory, room: waiting}
}

// enter waits for a turn with so many bytes, which the caller must give to leave,
// or returns a BusyError at once when the line is full, or the context's error when
// it ends first. What needs more than all the memory runs alone.
func (g *gate) enter(ctx context.Context, bytes int64) (turn, error) {
	if err := ctx.Err(); err != nil {
		return turn{}, err
	}
	g.mu.Lock()
	if g.memory > 0 {
		bytes = min(bytes, g.memory)
	} else {
		bytes = 0
	}
	if g.line.Len() == 0 && g.fits(bytes) {
		g.start(bytes)
		g.mu.Unlock()
		return turn{bytes, time.Now()}, nil
	}
	if g.line.Len() >= g.room {
		g.refused++
		err := &BusyError{RetryAfter: g.patience()}
		g.mu.Unlock()
		return turn{}, err
	}
	p := &place{bytes: bytes, turn: make(chan struct{})}
	at := g.line.PushBack(p)
	g.mu.Unlock()

	select {
	case <-p.turn:
		return turn{bytes, time.Now()}, nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-p.turn: // it came as the context ended: it goes to the next
		g.stop(bytes)
	default:
		g.line.Remove(at)
	}
	g.admit() // the first may have been the one that did not fit
	return turn{}, ctx.Err()
}

// leave ends a turn.
func (g *gate) leave(t turn) {
	took := time.Since(t.began)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hashed++
	if g.took == 0 {
		g.took = took
	}
	g.took += (took - g.took) / 8
	g.stop(t.bytes)
	g.admit()
}

// admit gives turns to the first in the line, as long as they fit. The caller of
// this and the following holds the mutex.
func (g *gate) admit() {
	for first := g.line.Front(); first != nil; first = g.line.Front() {
		p := first.Value.(*place)
		if !g.fits(p.bytes) {
			return
		}
		g.start(p.bytes)
		g.line.Remove(first)
		close(p.turn)
	}
}

func (g *gate) fits(bytes int64) bool {
	return g.running < g.workers && (g.memory <= 0 || g.used+bytes <= g.memory)
}

func (g *gate) start(bytes int64) { g.running++; g.used += bytes }
func (g *gate) stop(bytes int64)  { g.running--; g.used -= bytes }

// patience is about how long the line takes.
func (g *gate) patience() time.Duration {
	wait := g.took * time.Duration(g.line.Len()+1) / time.Duration(g.workers)
	return min(max(wait.Round(time.Second), time.Second), time.Minute)
}
