package passwd

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/passwd-go/passwd/internal/limitkey"
)

const (
	defaultLimiterKeys = 65_536
	evictionSample     = 32
)

// NewMemoryLimiter returns a Limiter that keeps its counts in memory, for at most n
// keys of each kind; 0 or less is 65,536, about 10 MB beside the keys. It counts for
// one process only, and a restart forgets everything: with several replicas, use one
// that they share.
//
// When a kind is full, a new key takes the place of another of its kind: of 32 picked
// at random, one whose window has passed or, if there is none, the one with the lowest
// count, and of several such the oldest. So a flood of new keys washes out other new
// keys of the same kind, not those that have been tried many times.
func NewMemoryLimiter(n int) Limiter {
	if n <= 0 {
		n = defaultLimiterKeys
	}
	return &memoryLimiter{bound: n, kinds: map[string]*entries{}, groups: map[string][]string{}}
}

type memoryLimiter struct {
	mu     sync.Mutex
	bound  int // of each kind
	kinds  map[string]*entries
	groups map[string][]string // keys of each group, the oldest first
}

// Do makes the steps.
func (m *memoryLimiter) Do(_ context.Context, now time.Time, steps ...Step) ([]Taken, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tallies := make(Tallies, len(steps))
	for _, s := range steps {
		if e, i := m.find(s.Key); i >= 0 {
			tallies[s.Key] = e.list[i].Tally
		}
	}
	answers, changed := tallies.Do(now, steps...)
	for key := range changed {
		if t, remains := tallies[key]; remains {
			m.set(key, t, now)
		} else {
			m.remove(key)
		}
	}
	return answers, nil
}

func (m *memoryLimiter) find(key string) (*entries, int) {
	e := m.kinds[limitkey.Kind(key)]
	if e == nil {
		return nil, -1
	}
	i, known := e.index[key]
	if !known {
		return e, -1
	}
	return e, i
}

func (m *memoryLimiter) set(key string, t Tally, now time.Time) {
	e, i := m.find(key)
	if i >= 0 {
		e.list[i].Tally = t
		if group := limitkey.Group(key); group != "" { // it is the newest again
			m.leaveGroup(group, key)
			m.groups[group] = append(m.groups[group], key)
		}
		return
	}
	if e == nil {
		e = &entries{index: make(map[string]int)}
		m.kinds[limitkey.Kind(key)] = e
	}
	if group := limitkey.Group(key); group != "" {
		if members := m.groups[group]; len(members) >= limitkey.MaxGroup {
			m.remove(members[0])
		}
		m.groups[group] = append(m.groups[group], key)
	}
	if len(e.list) >= m.bound {
		m.remove(e.list[e.least(now)].key)
	}
	e.index[key] = len(e.list)
	e.list = append(e.list, entry{key, t})
}

// remove forgets a key, and fills the gap with the last of its kind.
func (m *memoryLimiter) remove(key string) {
	e, i := m.find(key)
	if i < 0 {
		return
	}
	if group := limitkey.Group(key); group != "" {
		m.leaveGroup(group, key)
	}
	last := len(e.list) - 1
	delete(e.index, key)
	if i != last {
		e.list[i] = e.list[last]
		e.index[e.list[i].key] = i
	}
	e.list[last] = entry{}
	e.list = e.list[:last]
}

func (m *memoryLimiter) leaveGroup(group, key string) {
	members := m.groups[group]
	for i, member := range members {
		if member == key {
			members = append(members[:i:i], members[i+1:]...)
			break
		}
	}
	if m.groups[group] = members; len(members) == 0 {
		delete(m.groups, group)
	}
}

// entries are the keys of one kind, in a slice, where any can be picked at random.
type entries struct {
	index map[string]int // from a key to its place in list
	list  []entry
}

type entry struct {
	key string
	Tally
}

// least returns what matters least of a random sample; of all, if they are few.
func (e *entries) least(now time.Time) int {
	few := len(e.list) <= evictionSample
	least := 0
	for n := range min(len(e.list), evictionSample) {
		i := n
		if !few {
			i = rand.IntN(len(e.list))
		}
		if e.list[i].Passed(now) {
			return i
		}
		if n == 0 || e.list[i].lessThan(e.list[least]) {
			least = i
		}
	}
	return least
}

func (e entry) lessThan(other entry) bool {
	if e.Count != other.Count {
		return e.Count < other.Count
	}
	return e.Last.Before(other.Last)
}
