package passwd

import (
	"container/list"
	"context"
	"sync"
)

// gate bounds how much hashing goes on at once: each hash holds its memory while
// it is computed, so without a bound a burst of sign-ins takes gigabytes. Whoever
// finds every slot taken stands in a line of bounded length, first come first
// served, and leaves it when its context ends.
type gate struct {
	mu   sync.Mutex
	size int
	free int       // slots that nobody holds; above 0 only while nobody waits
	line list.List // of chan struct{}, closed when a slot is handed over
	room int       // the longest that the line may be
}

// newGate returns a gate of so many slots, 1 or more, at which so many may wait,
// 0 or more.
func newGate(workers, waiting int) *gate {
	return &gate{size: workers, free: workers, room: waiting}
}

// acquire takes a slot, which the caller must release, or returns ErrBusy at once
// when the line is full, or the context's error when it ends first.
func (g *gate) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return nil
	}
	if g.line.Len() >= g.room {
		g.mu.Unlock()
		return ErrBusy
	}
	turn := make(chan struct{})
	place := g.line.PushBack(turn)
	g.mu.Unlock()

	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-turn: // a slot came as the context ended: it goes to the next
		g.handOver()
	default:
		g.line.Remove(place)
	}
	return ctx.Err()
}

// release gives a slot back.
func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.handOver()
}

// handOver gives a held slot to the first in the line, if there is one. The
// caller holds the mutex.
func (g *gate) handOver() {
	first := g.line.Front()
	if first == nil {
		g.free++
		return
	}
	close(g.line.Remove(first).(chan struct{}))
}

// counts returns how many hold a slot, and how many wait for one.
func (g *gate) counts() (running, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.size - g.free, g.line.Len()
}
