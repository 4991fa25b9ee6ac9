package passwd

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/passwd-go/passwd/internal/gate"
	"github.com/passwd-go/passwd/internal/normal"
	"github.com/passwd-go/passwd/pwhash"
)

const (
	waitingPerWorker = 64
	memoryPerWorker  = 32 << 20 // at least
)

// prepareHashing makes the dummies and the gate.
func (s *Service) prepareHashing() error {
	ctx, cfg := context.Background(), &s.cfg
	if v, ok := cfg.Hasher.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return fmt.Errorf("passwd: Config.Hasher: %w", err)
		}
	}
	nobodys := rand.Text()
	own, err := cfg.Hasher.Hash(ctx, nobodys)
	if err != nil {
		return fmt.Errorf("passwd: Config.Hasher: %w", err)
	}
	cfg.Dummies = slices.Clone(cfg.Dummies)
	s.dummies = []Hash{own}
	if len(cfg.Dummies) > 0 {
		s.dummies = slices.Clone(cfg.Dummies)
	}
	for i, d := range s.dummies {
		if d == "" {
			s.dummies[i] = own
		}
		if d == "" || slices.Index(s.dummies, d) < i || d == own {
			continue
		}
		if _, err := cfg.Hasher.Verify(ctx, d, nobodys); err != nil {
			return fmt.Errorf("passwd: Config.Dummies[%d]: %w", i, err)
		}
	}

	workers := cfg.HashWorkers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	waiting := cfg.HashWaiting
	if waiting == 0 {
		waiting = waitingPerWorker * workers
	}
	s.perHash = s.memory(own)
	memory := cfg.HashMemory
	if memory == 0 {
		memory = int64(workers) * max(s.perHash, memoryPerWorker)
	}
	s.gate = gate.New(workers, max(memory, 0), max(waiting, 0))
	return nil
}

// memory is how many bytes it takes to verify a hash, or to make one like it.
func (s *Service) memory(h Hash) int64 {
	inspector, ok := s.cfg.Hasher.(pwhash.Inspector)
	if !ok {
		return 0
	}
	info, err := inspector.Inspect(h)
	if err != nil {
		return 0 // no work is done for it
	}
	return info.Memory
}

// enter waits for a turn to hash. A client network shares the gate with others;
// where no address is known, nobody can tell clients apart.
func (s *Service) enter(ctx context.Context, bytes int64, c Client) (gate.Turn, error) {
	party := ""
	if c.Addr.IsValid() {
		party = network(c.Addr)
	}
	t, err := s.gate.Enter(ctx, bytes, party)
	if busy, ok := errors.AsType[*gate.BusyError](err); ok {
		err = &BusyError{RetryAfter: busy.RetryAfter}
	}
	return t, err
}

// hash makes a hash when it is its turn.
func (s *Service) hash(ctx context.Context, prepared string, c Client) (Hash, error) {
	t, err := s.enter(ctx, s.perHash, c)
	if err != nil {
		return "", err
	}
	defer s.gate.Leave(t)
	h, err := s.cfg.Hasher.Hash(ctx, prepared)
	if err != nil {
		return "", fmt.Errorf("passwd: hashing: %w", err)
	}
	return h, nil
}

// typed is a password as somebody has typed it, and in the form that is hashed: it is
// brought into that once, where it enters.
type typed struct {
	raw, nfc string
	ok       bool // it can be a password
}

func newTyped(raw string) typed {
	nfc, ok := normal.Password(raw)
	return typed{raw, nfc, ok}
}

// verify compares a typed password with an account's.
func (s *Service) verify(ctx context.Context, a Account, p typed, c Client) (pwhash.Verdict, error) {
	return s.verifyLogin(ctx, Login{Tenant: a.Ref.Tenant, Value: a.Ref.ID}, a, p, c)
}

// verifyLogin compares a password, typed for a login, with that of the account it
// names. Where there is nothing to compare it with, or only a hash that the hasher
// cannot judge, it does the same work on a dummy, so that time tells nothing (I6).
//
// A password that is not in NFC and does not match in NFC is compared once more as
// it was typed, for hashes that another stack made of it. None of the library's own
// hashes matches then, but the work depends only on what was typed, and all of it is
// one turn, as it is one guess.
func (s *Service) verifyLogin(ctx context.Context, l Login, a Account, p typed, c Client) (pwhash.Verdict, error) {
	h, dummy := a.Hash, s.dummyFor(l)
	real := p.ok && h != "" && !a.NoPassword
	if !real {
		h = dummy
	}
	t, err := s.enter(ctx, max(s.memory(h), s.memory(dummy)), c)
	if err != nil {
		return pwhash.Verdict{}, err
	}
	defer s.gate.Leave(t)

	v, err := s.judge(ctx, h, p.nfc)
	if real && cannotVerify(err) {
		s.Observe(ctx, Event{Name: EventHashNotJudged, Account: a.Ref, Outcome: outcomeFailure, Err: err})
		h, real = dummy, false
		v, err = s.judge(ctx, h, p.nfc)
	}
	if err == nil && !v.Match && p.ok && p.raw != p.nfc {
		v, err = s.judge(ctx, h, p.raw)
		v.Stale = v.Match
	}
	if err != nil || !real {
		return pwhash.Verdict{}, err
	}
	return v, nil
}

// dummyFor picks the dummy for a login: always the same one.
func (s *Service) dummyFor(l Login) Hash {
	if len(s.dummies) == 1 {
		return s.dummies[0]
	}
	sum := mac(s.keys[0].limiter, "dummy", l.Tenant, l.Value)
	return s.dummies[binary.BigEndian.Uint64(sum[:8])%uint64(len(s.dummies))]
}

// compare verifies a password when it is its turn.
func (s *Service) compare(ctx context.Context, h Hash, prepared string, c Client) (pwhash.Verdict, error) {
	t, err := s.enter(ctx, s.memory(h), c)
	if err != nil {
		return pwhash.Verdict{}, err
	}
	defer s.gate.Leave(t)
	return s.judge(ctx, h, prepared)
}

func (s *Service) judge(ctx context.Context, h Hash, password string) (pwhash.Verdict, error) {
	v, err := s.cfg.Hasher.Verify(ctx, h, password)
	if err != nil {
		return pwhash.Verdict{}, fmt.Errorf("passwd: verifying: %w", err)
	}
	return v, nil
}

// Inspect tells what a stored hash is, without computing it: for counting what a
// migration still has to do. Its errors are ErrFormat and a [*BoundsError] for a hash
// that nobody can sign in with, ErrPepperKey, with the rest filled in nevertheless, and
// errors.ErrUnsupported unless Config.Hasher is a [pwhash.Inspector].
func (s *Service) Inspect(h Hash) (pwhash.Info, error) {
	inspector, ok := s.cfg.Hasher.(pwhash.Inspector)
	if !ok {
		return pwhash.Info{}, errors.ErrUnsupported
	}
	return inspector.Inspect(h)
}

// cannotVerify reports whether an error of a hasher says that it will never be
// able to verify a hash.
func cannotVerify(err error) bool {
	_, beyond := errors.AsType[*pwhash.BoundsError](err)
	return beyond || errors.Is(err, pwhash.ErrFormat)
}

// Stats are figures of a service. If Waiting stays above 0, add workers or reduce
// requests; if Refused grows, do so urgently.
type Stats struct {
	Running int    // hashes that are being computed
	Waiting int    // calls that wait for a turn
	Memory  int64  // bytes held by the running hashes; 0 if Config.Hasher is no Inspector
	Hashed  uint64 // turns that have ended, since New
	Refused uint64 // calls that found the line full and got ErrBusy, since New

	// Overdue says that messages were waiting for longer than a minute when this process,
	// which has not called Run or Work, last put one and asked the queue: EventOverdue.
	Overdue bool
}

// Stats returns the figures of the moment. It is cheap, and the same for all
// services that [Service.With] and [Service.InTenant] have made of one.
func (s *Service) Stats() Stats {
	g := s.gate.Stats()
	return Stats{
		Running: g.Running, Waiting: g.Waiting, Memory: g.Memory, Hashed: g.Hashed, Refused: g.Refused,
		Overdue: s.worker.overdue.Load() && !s.worker.started.Load(),
	}
}
