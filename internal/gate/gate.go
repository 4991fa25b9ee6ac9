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
//
// One party, such as a client network, has at most half of the workers and of the
// line while others wait: its calls are passed over in favour of others', and the
// last of them gives up its place in a full line to a party that has less.
type Gate struct {
	mu      sync.Mutex
	workers int
	memory  int64     // bytes for all at once; 0 is no bound
	room    int       // the longest that the line may be
	line    list.List // of *place
	running int
	used    int64          // bytes of those that run
	turns   map[string]int // of each party that runs
	places  map[string]int // of each party that waits
	hashed  uint64         // turns that have ended
	refused uint64         // calls that found the line full
	took    time.Duration  // a turn, smoothed
}

// place is where a call stands in the line.
type place struct {
	bytes int64
	party string
	turn  chan struct{} // closed when it has its turn
	out   chan struct{} // closed when it has lost its place
}

// Turn is what a call that runs must give back.
type Turn struct {
	bytes int64
	party string
	began time.Time
}

// New returns a gate of one worker or more, who share a number of bytes (0: no
// bound), and at which a number of calls may wait.
func New(workers int, memory int64, waiting int) *Gate {
	return &Gate{workers: workers, memory: memory, room: waiting, turns: map[string]int{}, places: map[string]int{}}
}

// Enter waits for a turn with n bytes for a party ("" is a party of its own for each
// call), which the caller must give to Leave, or returns a BusyError when the line is
// full, or the context's error when it ends first. What needs more than all the
// memory runs alone.
func (g *Gate) Enter(ctx context.Context, bytes int64, party string) (Turn, error) {
	if err := ctx.Err(); err != nil {
		return Turn{}, err
	}
	g.mu.Lock()
	if g.memory > 0 {
		bytes = min(bytes, g.memory)
	} else {
		bytes = 0
	}
	p := &place{bytes: bytes, party: party, turn: make(chan struct{}), out: make(chan struct{})}
	if g.line.Len() == 0 && g.fits(bytes) {
		g.start(p)
		g.mu.Unlock()
		return Turn{bytes, party, time.Now()}, nil
	}
	if g.line.Len() >= g.room && !g.makeRoom(party) {
		err := g.busy()
		g.mu.Unlock()
		return Turn{}, err
	}
	at := g.line.PushBack(p)
	g.places[party]++
	g.admit() // what is before it may be another's that has its half
	g.mu.Unlock()

	select {
	case <-p.turn:
		return Turn{bytes, party, time.Now()}, nil
	case <-p.out:
		g.mu.Lock()
		defer g.mu.Unlock()
		return Turn{}, g.busy()
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-p.turn: // it came as the context ended: it goes to the next
		g.stop(bytes, party)
	case <-p.out:
	default:
		g.leaveLine(at)
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
	g.stop(t.bytes, t.party)
	g.admit()
}

// admit gives turns to the next in the line, as long as they fit. The caller of this
// and the following holds the mutex.
func (g *Gate) admit() {
	for next := g.next(); next != nil; next = g.next() {
		p := next.Value.(*place)
		if !g.fits(p.bytes) {
			return
		}
		g.start(p)
		g.leaveLine(next)
		close(p.turn)
	}
}

// next is the first in the line whose party has less than half of the workers; if
// there is none, the first.
func (g *Gate) next() *list.Element {
	half := (g.workers + 1) / 2
	for e := g.line.Front(); e != nil; e = e.Next() {
		if p := e.Value.(*place); p.party == "" || g.turns[p.party] < half {
			return e
		}
	}
	return g.line.Front()
}

// makeRoom takes the last place in a full line from a party that has more than half
// of it, for one that has less.
func (g *Gate) makeRoom(party string) bool {
	half := (g.room + 1) / 2
	if party != "" && g.places[party] >= half {
		return false
	}
	for e := g.line.Back(); e != nil; e = e.Prev() {
		if p := e.Value.(*place); p.party != "" && p.party != party && g.places[p.party] > half {
			g.leaveLine(e)
			close(p.out)
			return true
		}
	}
	return false
}

func (g *Gate) leaveLine(e *list.Element) {
	p := g.line.Remove(e).(*place)
	decrease(g.places, p.party)
}

func (g *Gate) fits(bytes int64) bool {
	return g.running < g.workers && (g.memory <= 0 || g.used+bytes <= g.memory)
}

func (g *Gate) start(p *place) {
	g.running++
	g.used += p.bytes
	g.turns[p.party]++
}

func (g *Gate) stop(bytes int64, party string) {
	g.running--
	g.used -= bytes
	decrease(g.turns, party)
}

func decrease(counts map[string]int, key string) {
	if counts[key]--; counts[key] <= 0 {
		delete(counts, key)
	}
}

func (g *Gate) busy() error {
	g.refused++
	return &BusyError{RetryAfter: g.patience()}
}

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
