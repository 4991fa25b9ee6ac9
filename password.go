package passwd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/passwd-go/passwd/internal/gate"
	"github.com/passwd-go/passwd/pwhash"
)

// Service is the whole life of a password. It is immutable and safe for
// concurrent use; make it once with [New].
type Service struct {
	cfg          Config
	store        Store
	queue        Queue
	storeIsQueue bool // Apply takes the jobs of a write in the same step
	limiter      Limiter
	keys         keyring
	gate         *gate.Gate
	perHash      int64  // bytes that a new hash takes
	dummies      []Hash // of passwords nobody knows, at the price of real ones
	base         *url.URL
	worker       *worker
	hands        *hands     // in the copy of a Run; nil elsewhere
	only         *string    // the tenant that it is for; nil is all
	liveCache    *liveCache // nil is none
	within       bool       // made by With: what it reads may never be committed
}

// worker is what the copies of a service share about working off the queue.
type worker struct {
	started atomic.Bool   // Run or Work has been called
	looked  atomic.Int64  // when it was last asked whether somebody does, in seconds since 1970
	overdue atomic.Bool   // the answer: nobody does
	wake    chan struct{} // of a capacity for all hands: something was put
}

// New checks the configuration, whose error names every field that is wrong, and makes
// a service. It computes one hash, and each of Dummies once, starts nothing, and keeps
// its own copy of cfg.
func New(cfg Config) (*Service, error) {
	s := &Service{}
	faults := cfg.required()
	var err error
	if s.base, err = cfg.Links.check(cfg.Links.Base); err != nil && cfg.Links.Base != "" {
		faults = append(faults, fmt.Errorf("passwd: Config.Links.Base: %w", err))
	}
	faults = append(faults, cfg.Links.ownFaults()...)
	s.keys, err = newKeyring(cfg.Keys)
	faults = append(faults, err)
	cfg.Keys = Keys{} // the derived keys are all that is needed from here on
	cfg.Limits = cfg.Limits.withDefaults()
	faults = append(faults, cfg.Limits.validate())
	if cfg.PolicyFor == nil {
		if cfg.Policy, err = cfg.Policy.Over(cfg.PolicyFloor); err != nil {
			faults = append(faults, fmt.Errorf("passwd: Config.PolicyFloor: %w", err))
		}
	}
	cfg.InsecureInvitationTTL = cmp.Or(cfg.InsecureInvitationTTL, invitationTTL)
	cfg.JobLease = cmp.Or(cfg.JobLease, time.Minute)
	cfg.Deliveries = cmp.Or(cfg.Deliveries, defaultDeliveries)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Hasher == nil {
		cfg.Hasher = pwhash.Argon2id{}
	}
	s.cfg = cfg
	faults = append(faults, s.prepareHashing())
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	s.worker = &worker{wake: make(chan struct{}, cfg.Deliveries)}
	if cfg.InsecureLiveCache > 0 {
		s.liveCache = newLiveCache(cfg.InsecureLiveCache, cfg.Now)
	}
	s.limiter = cfg.Limiter
	if s.limiter == nil {
		if l, ok := cfg.Store.(Limiter); ok {
			s.limiter = l
		} else {
			s.limiter = NewMemoryLimiter(0)
		}
	}
	s.use(cfg.Store)
	return s, nil
}

// use makes the store the service's, and its queue as well where it is one and
// no other was configured.
func (s *Service) use(store Store) {
	s.store = store
	if s.liveCache != nil {
		s.store = invalidating{store, s.liveCache}
	}
	queue, isQueue := store.(Queue)
	switch {
	case s.cfg.Queue == nil && isQueue:
		s.queue, s.storeIsQueue = queue, true
	case s.cfg.Queue == nil:
		s.cfg.Queue = new(MemoryQueue)
		s.queue, s.storeIsQueue = s.cfg.Queue, false
	default:
		s.queue = s.cfg.Queue
		s.storeIsQueue = isQueue && sameQueue(queue, s.cfg.Queue)
	}
}

// With returns the same service over another store, typically the one inside
// the host's transaction: hasher, limiter, keys and policies are shared. Where the
// store is the queue, what is queued through it is committed or rolled back with that
// transaction; another queue knows nothing of the transaction. Config.AfterWrite is
// told before the host commits.
//
// Config.Limiter stays outside of the transaction, for a count must outlive a rollback:
// if it is a store on the same pool, what counts takes a second connection while the host
// holds the first, and as many transactions at once as the pool has connections wait for
// each other until their contexts end. Give the limiter a pool of its own then, or memory. On
// SQLite, which has one writer, the count even waits for the host's own transaction, and the
// call fails: give the limiter memory or another file, or make the call after the commit.
// These call it: SignIn, Change, ChangeByLogin, ChangeWithTicket, what asks for or takes a
// link or code, Check, RevealMatches and Forget. These do not: SetFirst, Invite, SendReset,
// IssueTemporary, RequireChange, LiftChange, MarkCompromised, Revoke, NewHash, Ticket, Live, Requirements.
func (s *Service) With(store Store) *Service {
	other := *s
	other.within = true
	other.use(store)
	return &other
}

// InTenant returns the same service for one tenant: accounts of others do not exist
// for it, so that a token, ticket, code or session of one tenant opens nothing at
// another's, and a sign-in with another's login is one for an unknown account. The faces
// use it where they know the tenant of a request. What it queues is processed by any Run.
//
// Asked for a link or code for another tenant's login, it answers ErrInvalidRequest, and
// ErrNotFound where the host names the account, as in [Service.Forget] and
// [Service.NewHash]. Only [Service.Requirements] goes by what it is given.
func (s *Service) InTenant(tenant string) *Service {
	other := *s
	other.only = &tenant
	return &other
}

// foreign reports whether an account is of a tenant that this service is not for.
func (s *Service) foreign(r Ref) bool { return s.only != nil && r.Tenant != *s.only }

// Observe passes an event to the configured observer, if there is one, stamped with
// the time. The faces of the service use it to report what they refuse.
func (s *Service) Observe(ctx context.Context, e Event) {
	if s.cfg.Observer == nil {
		return
	}
	e.Time = s.now()
	s.cfg.Observer.Observe(ctx, e)
}

// BasePath returns the path of Links.Base, without a slash at its end: where the
// faces are mounted.
func (s *Service) BasePath() string { return s.base.Path }

// Links returns Config.Links: faces rely on it where a request could lie.
func (s *Service) Links() Links { return s.cfg.Links }

func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

// known are the errors that mean something to a caller; any other is a failure
// of what the service depends on.
var known = []error{
	ErrNotFound, ErrConflict, ErrTokenInvalid, ErrTooManyTokens, ErrOutcomeUnknown, ErrQueueFull, ErrBusy,
	ErrUnavailable, context.Canceled, context.DeadlineExceeded,
}

// fault marks the failure of a dependency as such, and tells the observer.
func (s *Service) fault(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	for _, k := range known {
		if errors.Is(err, k) {
			return err
		}
	}
	e := Event{Name: EventUnavailable, Outcome: outcomeFailure, Err: err}
	if errors.Is(err, pwhash.ErrPepperKey) {
		e.Reason = "pepper_key"
	}
	s.Observe(ctx, e)
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// get reads an account. A failure other than ErrNotFound is a fault.
func (s *Service) get(ctx context.Context, r Ref) (Account, error) {
	if s.foreign(r) {
		return Account{}, ErrNotFound
	}
	a, err := s.store.Get(ctx, r)
	return a, s.fault(ctx, err)
}

// pinned returns the account with an epoch: one that has none yet gets it, so
// that whatever is stamped from now on cannot fit a later account of the same id. One
// whose hash somebody else has written keeps the epoch that it is read with since.
// After ErrConflict the account has to be read again, and judged again.
func (s *Service) pinned(ctx context.Context, a Account) (Account, error) {
	if a.Epoch != 0 && !a.Outside {
		return a, nil
	}
	if a.Outside {
		if back, err := s.writtenBack(ctx, a); err != nil {
			return a, err
		} else if back {
			return s.get(ctx, a.Ref)
		}
	}
	epoch, err := s.store.Apply(ctx, Write{
		Account: a.Ref, IfHash: a.Hash, IfEpoch: a.Epoch, IfMust: a.Must, Must: a.Must, MustUntil: a.MustUntil, Now: s.now(),
	})
	if err != nil {
		return a, s.fault(ctx, err)
	}
	if a.Epoch = epoch; a.Outside {
		a.Outside, a.ChangedAt = false, s.now()
		s.Observe(ctx, Event{Name: EventChangedOutside, Account: a.Ref, Outcome: outcomeSuccess})
	}
	return a, nil
}
