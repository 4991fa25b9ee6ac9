package fastargon2

import (
	"slices"
	"sync"
	"time"
)

// idle is how long a worker is kept after its last use.
const idle = time.Minute

// pool keeps the workers of hashes to come. The garbage collector would empty a
// sync.Pool just when it is needed most.
type pool struct {
	mu     sync.Mutex
	bound  int
	free   []kept // in the order of their last use
	timing bool   // trim will be called
}

type kept struct {
	*worker
	since time.Time
}

// take returns a worker with room for the blocks, but for no more than twice as
// many: the memory of one large hash is not kept by the small ones that follow.
func (p *pool) take(blocks uint32) *worker {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, k := range slices.Backward(p.free) {
		if has := uint32(len(k.room)); has >= blocks && has/2 <= blocks {
			p.free = slices.Delete(p.free, i, i+1)
			return k.worker
		}
	}
	return newWorker(blocks)
}

// put keeps a worker, which has been wiped. At the bound, it replaces the one that
// has been idle for longest.
func (p *pool) put(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, kept{w, time.Now()})
	if len(p.free) > p.bound {
		p.drop(1)
	}
	p.trimLater()
}

// trimLater sets a timer for the one that has been idle for longest. When none is
// kept, no timer is left.
func (p *pool) trimLater() {
	if len(p.free) == 0 || p.timing {
		return
	}
	p.timing = true
	time.AfterFunc(time.Until(p.free[0].since.Add(idle)), p.trim)
}

func (p *pool) trim() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timing = false
	n := 0
	for n < len(p.free) && time.Since(p.free[n].since) >= idle {
		n++
	}
	p.drop(n)
	p.trimLater()
}

// drop gives back the n that have been idle for longest.
func (p *pool) drop(n int) {
	for _, k := range p.free[:n] {
		k.free()
	}
	p.free = slices.Delete(p.free, 0, n)
}
