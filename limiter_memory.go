package passwd

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	defaultLimiterKeys = 65_536
	evictionSample     = 32
)

// NewMemoryLimiter returns a Limiter that keeps its counts in memory, for at most
// that many keys; 0 or less is 65,536, about 10 MB beside the keys. It counts for one
// process only, and a restart forgets everything: with several replicas, use one
// that they share.
//
// When it is full, a new key takes the place of another: of 32 picked at random,
// one whose window has passed or, if there is none, the one with the lowest count,
// and of several such the oldest. So a flood of new keys washes out other new
// keys, not those that have been tried many times.
//
// A Refund also ends the wait that the refunded take began. A clock that is set
// back neither shortens a wait nor forgives.
func NewMemoryLimiter(keys int) Limiter {
	if keys <= 0 {
		keys = defaultLimiterKeys
	}
	return &memoryLimiter{bound: keys, index: make(map[string]int)}
}

// memoryLimiter keeps its entries in a slice, where any can be picked at random.
type memoryLimiter struct {
	mu      sync.Mutex
	bound   int
	index   map[string]int // from a key to its place in entries
	entries []entry
}

// entry is what is known of a key.
type entry struct {
	key string
	Tally
}

func (e entry) lessThan(other entry) bool {
	if e.Count != other.Count {
		return e.Count < other.Count
	}
	return e.Last.Before(other.Last)
}

// Take counts a try.
func (m *memoryLimiter) Take(_ context.Context, key string, l Limit, now time.Time) (Taken, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, known := m.index[key]
	t := entry{key: key}
	if known {
		t = m.entries[i]
	}
	taken := t.Take(l, now)
	switch {
	case taken.Wait > 0: // refused: nothing is counted
	case known:
		m.entries[i] = t
	default:
		m.add(t, now)
	}
	return taken, nil
}

// Refund takes one try back.
func (m *memoryLimiter) Refund(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, known := m.index[key]
	if !known {
		return nil
	}
	if m.entries[i].Refund(); m.entries[i].Count <= 0 {
		m.remove(i)
	}
	return nil
}

// Clear forgets a key.
func (m *memoryLimiter) Clear(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i, known := m.index[key]; known {
		m.remove(i)
	}
	return nil
}

// Count tells how many takes are counted.
func (m *memoryLimiter) Count(_ context.Context, key string, now time.Time) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, known := m.index[key]
	if !known || m.entries[i].Passed(now) {
		return 0, nil
	}
	return m.entries[i].Count, nil
}

func (m *memoryLimiter) add(t entry, now time.Time) {
	if len(m.entries) >= m.bound {
		m.evict(now)
	}
	m.index[t.key] = len(m.entries)
	m.entries = append(m.entries, t)
}

// remove fills the gap with the last entry.
func (m *memoryLimiter) remove(i int) {
	last := len(m.entries) - 1
	delete(m.index, m.entries[i].key)
	if i != last {
		m.entries[i] = m.entries[last]
		m.index[m.entries[i].key] = i
	}
	m.entries[last] = entry{}
	m.entries = m.entries[:last]
}

// evict drops what matters least of a random sample; of all, if they are few.
func (m *memoryLimiter) evict(now time.Time) {
	few := len(m.entries) <= evictionSample
	least := 0
	for n := range min(len(m.entries), evictionSample) {
		i := n
		if !few {
			i = rand.IntN(len(m.entries))
		}
		if m.entries[i].Passed(now) {
			least = i
			break
		}
		if n == 0 || m.entries[i].lessThan(m.entries[least]) {
			least = i
		}
	}
	m.remove(least)
}
