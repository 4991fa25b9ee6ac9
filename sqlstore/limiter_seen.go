package sqlstore

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/passwd-go/passwd"
)

// seen remembers what a process last saw of the limiter's keys. It decides nothing: the
// statement that is made of it does nothing unless the database has the same.
type seen struct {
	mu    sync.Mutex
	clock int64 // grows with each write
	// Entries are written to young, and found in both. When young is full it becomes old.
	young, old map[string]seenTally
}

// seenHalf is how many keys each of the two maps holds.
const seenHalf = 2048

type seenTally struct {
	passwd.Tally
	at int64 // when it was written, or read
}

// now is for read.
func (s *seen) now() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock
}

// read notes what was read of keys, since a time; what has been written since is newer.
func (s *seen) read(at int64, keys []string, tallies passwd.Tallies) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		if t, known := s.find(key); !known || t.at <= at {
			s.put(key, seenTally{tallies[key], at})
		}
	}
}

// wrote notes what was written to keys.
func (s *seen) wrote(keys []string, tallies passwd.Tallies) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock++
	for _, key := range keys {
		s.put(key, seenTally{tallies[key], s.clock})
	}
}

// lose forgets keys that are about to be written.
func (s *seen) lose(keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock++
	for _, key := range keys {
		delete(s.young, key)
		delete(s.old, key)
	}
}

// last puts what was last seen of keys into tallies. A key that was never seen is taken
// to be new, unless the tallies have it.
func (s *seen) last(keys []string, tallies passwd.Tallies) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		t, known := s.find(key)
		if !known {
			continue
		}
		if tallies[key] = t.Tally; t.Count <= 0 {
			delete(tallies, key)
		}
	}
}

func (s *seen) find(key string) (seenTally, bool) {
	if t, ok := s.young[key]; ok {
		return t, true
	}
	t, ok := s.old[key]
	return t, ok
}

func (s *seen) put(key string, t seenTally) {
	if len(s.young) >= seenHalf || s.young == nil {
		s.young, s.old = make(map[string]seenTally), s.young
	}
	s.young[key] = t
}

// turns lets the calls of one process that are about the same keys come one after the
// other: each then knows what the one before has written.
type turns struct {
	seed    maphash.Seed
	stripes [64]chan struct{}
}

func newTurns() *turns {
	t := &turns{seed: maphash.MakeSeed()}
	for i := range t.stripes {
		t.stripes[i] = make(chan struct{}, 1)
	}
	return t
}

// enter waits until no other call is at any of the keys, or until ctx ends.
func (t *turns) enter(ctx context.Context, keys []string) (leave func(), err error) {
	var mine []int
	for _, key := range keys {
		mine = append(mine, int(maphash.String(t.seed, key)%uint64(len(t.stripes))))
	}
	slices.Sort(mine) // so that two calls never wait for each other
	mine = slices.Compact(mine)
	for n, i := range mine {
		select {
		case t.stripes[i] <- struct{}{}:
		case <-ctx.Done():
			t.leave(mine[:n])
			return nil, ctx.Err()
		}
	}
	return func() { t.leave(mine) }, nil
}

func (t *turns) leave(mine []int) {
	for _, i := range mine {
		<-t.stripes[i]
	}
}
