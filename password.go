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
	"github.com/passwd-go/passwd/pwpolicy"
)

// Config is what a [Service] is made of. Store, Keys, Notify and Links are
// required; the zero value of every other field is the safe default. Its functions
// and interfaces are called concurrently.
type Config struct {
	Store  Store    // accounts, hashes and digests of tokens
	Keys   Keys     // what all secrets are derived from
	Notify Notifier // delivers messages
	Links  Links    // where the links in them lead

	// Policy judges new passwords, on every path. The zero Policy is NIST().
	Policy pwpolicy.Policy
	// PolicyFor picks another policy for an account, as tenants with rules of their
	// own need. If nil, every account has Policy. It is asked for every new password
	// and check of one, and at every sign-in by an account whose password has a known
	// age (see [pwpolicy.MaxAge]). If it fails, so does the request, with ErrUnavailable.
	PolicyFor func(ctx context.Context, a Account) (pwpolicy.Policy, error)
	// PolicyFloor holds for every account, whatever Policy and PolicyFor say: its rules are
	// enforced in addition to theirs, and of two rules with the same name both are, so that
	// a tenant can tighten it but not loosen it. A policy that contradicts it, so that no
	// password is acceptable, rejects the request. The zero Policy is no floor.
	PolicyFloor pwpolicy.Policy

	// Hasher makes and verifies hashes. If nil, the zero pwhash.Argon2id.
	Hasher pwhash.Hasher
	// HashWorkers is how many hashes may be computed at once. Each holds the memory
	// of its parameters, 19 MiB by default. If 0, GOMAXPROCS.
	HashWorkers int
	// HashMemory is how many bytes they may hold together, for tables in which some
	// hashes need far more than others. One that needs more is computed alone. If 0,
	// for each worker what a new hash needs and at least 32 MiB; below 0, no bound. It
	// has no effect unless Hasher is a [pwhash.Inspector].
	HashMemory int64
	// HashWaiting is how many calls may wait for a turn before others get ErrBusy,
	// as a [*BusyError]. If 0, 64 for each worker; below 0, nobody waits.
	HashWaiting int
	// Dummies are what the password of an unknown login is compared with, so that
	// time does not tell that it is unknown (I6): hashes of passwords that nobody
	// knows, or "" for one that Hasher makes. If there are none, it is that one.
	//
	// They are for tables with hashes of another stack that take a different time. Give
	// them in the proportions of the table: for one half of bcrypt with cost 10, a bcrypt
	// hash of cost 10 and "". A login is always compared with the same one. What this does
	// not close: the proportion changes with every sign-in that replaces such a hash, so
	// adjust it now and then; and anyone who watches one login for a long time sees it
	// change from slow to fast, which only an account does.
	Dummies []Hash

	// Queue keeps messages until they are delivered. If nil, the Store where it is
	// a Queue, else a bounded one in memory, which a restart empties.
	Queue Queue
	// Limiter counts tries. If nil, the Store where it is a Limiter, else a bounded
	// one in memory, which a restart empties.
	Limiter Limiter
	// Limits are the bounds on trying. The zero value of each is its default.
	Limits Limits

	// Admit has the last word on a sign-in, or a change by login, with the right
	// password. Its error is returned unchanged: ErrSecondFactor says that more is needed
	// before a session, token or ticket may be issued. If nil, the right password is
	// enough.
	Admit func(ctx context.Context, a Account, c Client) error
	// AfterWrite is told of every password write after its commit, and again by
	// the worker until it returns nil, for 30 days at most: it must be idempotent. If
	// nil, nobody is.
	AfterWrite func(ctx context.Context, w Written) error
	// Observer receives events. If nil, they are dropped.
	Observer Observer

	// Deliveries is how many messages one [Service.Run] delivers at once, and how many
	// at most are delivered a second time if the process dies. If 0, 4, of which 3 at
	// most are in one channel and 2 of these at messages that failed before, so that a
	// gateway that hangs delays the other channel by a second at most. With 1, a
	// delivery that hangs delays all others.
	Deliveries int
	// InsecureLiveCache lets [Service.Live], and with it the JWTs of session/jwt,
	// answer from memory for so long, at most a minute, that an account is still good
	// at an epoch: in a microsecond and without the store. It costs that a session or
	// JWT that another process has ended, by a password write or by Revoke, goes on
	// being accepted here for so long at most. So does one of an account that the host
	// closes itself, or that this process writes through [Service.With], until so long
	// after the commit. What this process writes otherwise is known here at once, and
	// refusals are never remembered. The sessions of package session are compared in
	// the lookup that finds them and do not use it. If 0, every call asks the store.
	InsecureLiveCache time.Duration

	// InsecureInvitationTTL is for how long the link of an [Service.Invite] is good, more
	// than 24 hours and at most 7 days: people who are invited on a Friday. It costs that
	// much longer, whoever reads the mailbox can give the account its first password
	// (ASVS 6.4.1 has initial secrets expire after a short period of time, SP 800-63B-4
	// those sent by mail after 24 hours). If 0, 24 hours.
	InsecureInvitationTTL time.Duration

	// JobLease is how long a job that is being processed is kept from other workers; a delivery
	// gets three quarters of it. If 0, one minute.
	JobLease time.Duration
	// Now is the clock. If nil, time.Now. Times are kept in UTC, to the microsecond.
	Now func() time.Time
}

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

// required lists the faults of fields that are looked at by themselves.
func (c Config) required() (faults []error) {
	for _, f := range []struct {
		wrong bool
		text  string
	}{
		{c.Store == nil, "Store is required (memstore.New to start with)"},
		{c.Notify == nil, "Notify is required: it delivers the messages"},
		{c.Links.Base == "", "Links.Base is required: the absolute URL of the mounted pages"},
		{c.JobLease < 0, "JobLease is negative"},
		{c.Deliveries < 0, "Deliveries is negative"},
		{
			c.InsecureInvitationTTL != 0 && (c.InsecureInvitationTTL <= invitationTTL || c.InsecureInvitationTTL > maxInvitationTTL),
			fmt.Sprintf("InsecureInvitationTTL: %v is not more than %v and at most %v", c.InsecureInvitationTTL, invitationTTL, maxInvitationTTL),
		},
		{
			c.InsecureLiveCache < 0 || c.InsecureLiveCache > maxLiveCache,
			fmt.Sprintf("InsecureLiveCache: %v is not within 0 and %v", c.InsecureLiveCache, maxLiveCache),
		},
	} {
		if f.wrong {
			faults = append(faults, errors.New("passwd: Config."+f.text))
		}
	}
	return faults
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
// that whatever is stamped from now on cannot fit a later account of the same id.
// After ErrConflict the account has to be read again, and judged again.
func (s *Service) pinned(ctx context.Context, a Account) (Account, error) {
	if a.Epoch != 0 {
		return a, nil
	}
	epoch, err := s.store.Apply(ctx, Write{
		Account: a.Ref, IfHash: a.Hash, IfMust: a.Must, Must: a.Must, MustUntil: a.MustUntil, Now: s.now(),
	})
	if err != nil {
		return a, s.fault(ctx, err)
	}
	a.Epoch = epoch
	return a, nil
}
