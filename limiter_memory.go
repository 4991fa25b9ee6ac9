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
// so many keys; 0 or less is 65,536, about 10 MB beside the keys. It counts for one
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
	entries []tries
}

// Take counts a try.
func (m *memoryLimiter) Take(_ context.Context, key string, l Limit, now time.Time) (Taken, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, known := m.index[key]
	t := tries{key: key}
	if known {
		t = m.entries[i]
	}
	taken := t.take(l, now)
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
	if m.entries[i].refund(); m.entries[i].count == 0 {
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
	if !known || m.entries[i].passed(now) {
		return 0, nil
	}
	return m.entries[i].count, nil
}

func (m *memoryLimiter) add(t tries, now time.Time) {
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
	m.entries[last] = tries{}
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
		if m.entries[i].passed(now) {
			least = i
			break
		}
		if n == 0 || m.entries[i].lessThan(m.entries[least]) {
			least = i
		}
	}
	m.remove(least)
}

// tries is what a limiter knows of a key.
type tries struct {
	key      string
	count    int       // Taken.Count
	level    int       // without a window: takes counted and not forgiven
	windowed bool      // the last take was under a Limit with a window
	until    time.Time // the end of the window; without one, of the wait
	last     time.Time // the latest take counted
}

// passed reports whether there is nothing more to know of the key.
func (t *tries) passed(now time.Time) bool { return t.windowed && !now.Before(t.until) }

func (t *tries) lessThan(other tries) bool {
	if t.count != other.count {
		return t.count < other.count
	}
	return t.last.Before(other.last)
}

func (t *tries) take(l Limit, now time.Time) Taken {
	if l.Window > 0 {
		return t.takeInWindow(l, now)
	}
	return t.takeWithBackoff(l, now)
}

func (t *tries) takeInWindow(l Limit, now time.Time) Taken {
	if !t.windowed || t.passed(now) {
		*t = tries{key: t.key, windowed: true, until: now.Add(l.Window)}
	}
	if t.count >= l.Free {
		return Taken{Wait: t.until.Sub(now), Count: t.count}
	}
	t.count++
	t.last = now
	return Taken{Count: t.count}
}

func (t *tries) takeWithBackoff(l Limit, now time.Time) Taken {
	if t.windowed {
		*t = tries{key: t.key}
	}
	if wait := t.until.Sub(now); wait > 0 {
		return Taken{Wait: wait, Count: t.count}
	}
	if now.Before(t.last) {
		now = t.last // the clock was set back: no time has passed
	}
	if longest := l.longest(); longest > 0 {
		forgiven := min(now.Sub(t.last)/longest, time.Duration(t.level))
		t.level -= int(forgiven)
	}
	t.count++
	t.level++
	t.last = now
	t.until = time.Time{}
	if wait := l.wait(t.level); wait > 0 {
		t.until = now.Add(wait)
	}
	return Taken{Count: t.count}
}

func (t *tries) refund() {
	t.count--
	t.level = max(t.level-1, 0)
	if !t.windowed {
		t.until = time.Time{}
	}
}

// longest is MaxWait; a Limit without one has the same wait over and over.
func (l Limit) longest() time.Duration { return max(l.Wait, l.MaxWait) }

// wait returns the wait that the n-th take in a row begins.
func (l Limit) wait(n int) time.Duration {
	doublings := n - l.Free
	switch {
	case doublings < 0:
		return 0
	case l.Wait > l.longest()>>doublings: // so it would be longer, or overflow
		return l.longest()
	}
	return l.Wait << doublings
}
