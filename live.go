package passwd

import (
	"context"
	"errors"
	"sync"
	"time"
)

// maxLiveCache is the longest Config.InsecureLiveCache.
const maxLiveCache = time.Minute

// liveCache remembers for a short time that an account was good at an epoch. It
// only ever says yes: whatever it does not know, or knows otherwise, is asked of the
// store, so that nobody is turned away by what was true before.
//
// An entry's age is counted from before the read that it comes from. A read that an
// invalidation overtakes is answered and not kept. The copies of a service share one.
type liveCache struct {
	bound time.Duration
	now   func() time.Time

	mu sync.Mutex
	// Entries are written to young, and found in both. When young is full it becomes
	// old, which is how entries that nobody asks for leave.
	young, old map[Ref]liveEntry
	reads      map[Ref]*liveRead
}

// liveCacheHalf is how many entries each of the two maps holds.
const liveCacheHalf = 8192

type liveEntry struct {
	epoch int64
	since time.Time
}

// liveRead is a look at the store under way. Others that ask for the same wait for it.
type liveRead struct {
	liveEntry
	done chan struct{} // closed once good is set
	good bool
}

func newLiveCache(bound time.Duration, now func() time.Time) *liveCache {
	return &liveCache{
		bound: bound, now: now,
		young: map[Ref]liveEntry{}, old: map[Ref]liveEntry{}, reads: map[Ref]*liveRead{},
	}
}

// ask answers from memory or from a read that is under way, else by ask, whose
// answer it keeps if that is yes without a reason.
func (c *liveCache) ask(ctx context.Context, r Ref, epoch int64, ask func() (Reason, error)) (Reason, error) {
	known, join, own := c.begin(r, epoch)
	switch {
	case known:
		return NoReason, nil
	case join != nil:
		select {
		case <-join.done:
		case <-ctx.Done(): // ask says so in its own words
		}
		if c.joined(join) {
			return NoReason, nil
		}
		return ask()
	case own == nil:
		return ask()
	}
	defer c.end(r, own) // also if ask panics
	must, err := ask()
	own.good = must == NoReason && err == nil
	return must, err
}

// begin tells that the answer is known, or which read to wait for, or which has been
// begun for the caller; nothing if there is one under way for another epoch.
func (c *liveCache) begin(r Ref, epoch int64) (known bool, join, own *liveRead) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.young[r]
	if !ok {
		e, ok = c.old[r]
	}
	if ok && e.epoch == epoch && c.fresh(e, now) {
		return true, nil, nil
	}
	if read := c.reads[r]; read != nil {
		if read.epoch == epoch && c.fresh(read.liveEntry, now) {
			return false, read, nil
		}
		return false, nil, nil
	}
	own = &liveRead{liveEntry: liveEntry{epoch, now}, done: make(chan struct{})}
	c.reads[r] = own
	return false, nil, own
}

// fresh reports whether an entry may be used. A clock that was put back ends it.
func (c *liveCache) fresh(e liveEntry, now time.Time) bool {
	age := now.Sub(e.since)
	return age >= 0 && age < c.bound
}

// joined reports whether a read that others began has ended with yes.
func (c *liveCache) joined(read *liveRead) bool {
	select {
	case <-read.done:
		return read.good
	default:
		return false
	}
}

// end gives the answer of a read to those who wait, and keeps it unless an
// invalidation came in between.
func (c *liveCache) end(r Ref, read *liveRead) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(read.done)
	if c.reads[r] != read {
		return
	}
	delete(c.reads, r)
	if read.good {
		c.keep(r, read.liveEntry)
	}
}

func (c *liveCache) keep(r Ref, e liveEntry) {
	if len(c.young) >= liveCacheHalf {
		c.young, c.old = map[Ref]liveEntry{}, c.young
	}
	c.young[r] = e
}

// invalidate forgets an account, and has nobody keep or join a read of it that has
// begun before.
func (c *liveCache) invalidate(r Ref) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.young, r)
	delete(c.old, r)
	delete(c.reads, r)
}

func (c *liveCache) invalidateAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.young)
	clear(c.old)
	clear(c.reads)
}

// invalidating is a store whose writes invalidate the cache, whatever came of them:
// after a conflict somebody else has written, and a write whose outcome is unknown
// may have happened.
type invalidating struct {
	Store
	cache *liveCache
}

func (s invalidating) Apply(ctx context.Context, w Write) (int64, error) {
	defer s.cache.invalidate(w.Account)
	return s.Store.Apply(ctx, w)
}

func (s invalidating) Forget(ctx context.Context, r Ref) error {
	defer s.cache.invalidate(r)
	return s.Store.Forget(ctx, r)
}

func (s invalidating) RaiseEpochs(ctx context.Context, by int64) (int, error) {
	store, ok := s.Store.(epochRaiser)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	defer s.cache.invalidateAll()
	return store.RaiseEpochs(ctx, by)
}

// Live tells whether what was opened at an epoch is still good: a host with
// sessions or JWTs of its own asks it on each request. ErrEnded if a password
// write or [Service.Revoke] has raised the epoch since, or the account is gone,
// closed, suspended or not active; ErrUnavailable if the store cannot tell. The
// reason, unless "", says that the account may do nothing but change its password.
// Config.InsecureLiveCache has it remember for a while that all was well. The epoch 0, of
// a session from before the host adopted the library, is ErrEnded, but for
// Config.InsecureAcceptUnstamped.
func (s *Service) Live(ctx context.Context, r Ref, epoch int64) (Reason, error) {
	ask := func() (Reason, error) { return s.live(ctx, r, epoch) }
	if s.liveCache == nil || s.within || s.foreign(r) {
		return ask()
	}
	return s.liveCache.ask(ctx, r, epoch, ask)
}

// live is Live by the store.
func (s *Service) live(ctx context.Context, r Ref, epoch int64) (Reason, error) {
	a, err := s.get(ctx, r)
	switch {
	case errors.Is(err, ErrNotFound):
		return "", ErrEnded
	case err != nil:
		return "", err
	case !a.Active || a.Disabled || a.Must == Compromised:
		return "", ErrEnded
	case epoch == 0 && s.acceptsUnstamped(a), epoch != 0 && a.Epoch == epoch:
		return a.Must, nil
	}
	return "", ErrEnded
}

// acceptsUnstamped reports whether a session from before the host adopted the library is
// good still: nothing of the library's has ended it.
func (s *Service) acceptsUnstamped(a Account) bool {
	return s.now().Before(s.cfg.InsecureAcceptUnstamped) && !a.Raised && !a.Outside
}
