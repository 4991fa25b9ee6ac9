package passwd

import "context"

// Gate lets external tests use a gate.
type Gate struct{ *gate }

func NewGate(workers, waiting int) Gate { return Gate{newGate(workers, waiting)} }

func (g Gate) Acquire(ctx context.Context) error { return g.acquire(ctx) }
func (g Gate) Release()                          { g.release() }
func (g Gate) Counts() (running, waiting int)    { return g.counts() }

// ParsedArgon2 parses a PHC string and writes it again; work is its memory in
// KiB times its passes.
func ParsedArgon2(s string) (again string, work uint64, err error) {
	h, err := parseArgon2(s)
	if err != nil {
		return "", 0, err
	}
	return h.String(), uint64(h.kib) * uint64(h.passes), nil
}

// StaleArgon2 tells whether a PHC string would be stale, without a password.
func StaleArgon2(a Argon2id, s string) (bool, error) {
	h, err := parseArgon2(s)
	return err == nil && h.weakerThan(a.withDefaults()), err
}
