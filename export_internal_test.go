package passwd

import (
	"context"
	"time"
)

// Gate lets external tests use a gate.
type Gate struct{ *gate }

func NewGate(workers, waiting int) Gate { return Gate{newGate(workers, 0, waiting)} }

func NewWeightedGate(workers int, memory int64, waiting int) Gate {
	return Gate{newGate(workers, memory, waiting)}
}

func (g Gate) Acquire(ctx context.Context) error {
	_, err := g.enter(ctx, 0)
	return err
}

func (g Gate) Release() { g.leave(turn{began: time.Now()}) }

// Enter is Acquire with a weight; leave gives it back.
func (g Gate) Enter(ctx context.Context, bytes int64) (leave func(), err error) {
	t, err := g.enter(ctx, bytes)
	return func() { g.leave(t) }, err
}

func (g Gate) Stats() Stats { return g.stats() }

func (g Gate) Counts() (running, waiting int) {
	s := g.stats()
	return s.Running, s.Waiting
}
