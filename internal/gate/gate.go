// Package gate bounds how much hashing goes on at once.
package gate

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"
)

// BusyError says that the line is full, and about how long it takes.
type BusyError struct {
	RetryAfter time.Duration // 1 s to 1 min, in whole seconds
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("busy, try again in %v", e.RetryAfter)
}

// Gate bounds how much hashing goes on at once: each hash holds its memory while
// it is computed, so without a bound a burst of sign-ins takes gigabytes. Whoever
// finds no worker free, or too little memory, stands in a line of bounded length,
// first come first served, and leaves it when its context ends. Nobody is let past
// the first of the line, so that a hash which needs much memory gets its turn.
type Gate struct {
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

// Turn is what a call that runs must give back.
type Turn struct {
	bytes int64
	began time.Time
}

// New returns a gate of one worker or more, who share a number of bytes (0: no
// bound), and at which waiting calls may wait, 0 or more.
func New(workers int, memory int64, waiting int) *Gate {
	return &Gate{workers: workers, memory: memory, room: waiting}
}

// Enter waits for a turn with n bytes, which the caller must give to Leave,
// or returns a BusyError at once when the line is full, or the context's error when
// it ends first. What needs more than all the memory runs alone.
func (g *Gate) Enter(ctx context.Context, bytes int64) (Turn, error) {
	if err := ctx.Err(); err != nil {
		return Turn{}, err
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
		return Turn{bytes, time.Now()}, nil
	}
	if g.line.Len() >= g.room {
		g.refused++
		err := &BusyError{RetryAfter: g.patience()}
		g.mu.Unlock()
		return Turn{}, err
	}
	p := &place{bytes: bytes, turn: make(chan struct{})}
	at := g.line.PushBack(p)
	g.mu.Unlock()

	select {
	case <-p.turn:
		return Turn{bytes, time.Now()}, nil
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
	return Turn{}, ctx.Err()
}

// Leave ends a turn.
func (g *Gate) Leave(t Turn) {
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
func (g *Gate) admit() {
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

func (g *Gate) fits(bytes int64) bool {
	return g.running < g.workers && (g.memory <= 0 || g.used+bytes <= g.memory)
}

func (g *Gate) start(bytes int64) { g.running++; g.used += bytes }
func (g *Gate) stop(bytes int64)  { g.running--; g.used -= bytes }

// patience is about how long the line takes.
func (g *Gate) patience() time.Duration {
	wait := g.took * time.Duration(g.line.Len()+1) / time.Duration(g.workers)
	return min(max(wait.Round(time.Second), time.Second), time.Minute)
}

// Stats are figures of the moment.
type Stats struct {
	Running, Waiting int
	Memory           int64  // bytes of what runs
	Hashed, Refused  uint64 // turns that have ended, calls that found the line full
}

// Stats returns the figures.
func (g *Gate) Stats() Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	return Stats{Running: g.running, Waiting: g.line.Len(), Memory: g.used, Hashed: g.hashed, Refused: g.refused}
}
