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

// Parsed parses a PHC string and writes it again; work is its memory in KiB times
// passes, or the rounds of what takes no memory.
func Parsed(s string) (again string, work uint64, err error) {
	h, err := Argon2id{}.builtin().parse(Hash(s))
	if err != nil || h.scheme == nil {
		return s, 0, err
	}
	switch c := h.costs; h.scheme {
	case &argon2Scheme:
		work = c[0] * c[1]
	case &scryptScheme:
		work = c[1] << c[0] * c[2] / 8
	case &pbkdf2Scheme:
		work = c[0] / 10
	}
	return h.String(), work, nil
}

// CalibrateWith is Calibrate with another clock.
func CalibrateWith(target time.Duration, maxKiB uint32, measure func(Argon2id) (time.Duration, error)) (Argon2id, time.Duration, error) {
	return calibrate(target, maxKiB, measure)
}

// Digits returns what a code is taken for.
func Digits(typed string) string { return string(OneTimeCode(typed).digits()) }
