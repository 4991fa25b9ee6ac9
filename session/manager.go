package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session/internal/derive"
)

// Config is what a [Manager] is made of. Store and Keys are required; the zero
// value of every other field is its default.
type Config struct {
	// Store is where sessions are kept: that of the service, since only then do they end
	// in the same step that changes the password.
	Store Store
	// Keys are the service's. The manager derives its own from them. A key that was
	// rotated out must stay in Previous for MaxAge.
	Keys passwd.Keys

	// AccessTTL is how long an access token is good. If 0, one hour, or MaxAge if
	// that is less.
	AccessTTL time.Duration
	// IdleTTL ends a session that is neither refreshed nor used for this long. If 0, 14
	// days, or MaxAge if that is less. NIST SP 800-63B-4 §2.2.3 wants at most an hour
	// where a second factor is required.
	IdleTTL time.Duration
	// MaxAge ends a session in any case: its owner signs in again. If 0, 30 days,
	// the maximum that NIST SP 800-63B-4 §2.1.3 recommends; 24 hours where a second
	// factor is required (§2.2.3).
	MaxAge time.Duration
	// MaxPerClient is how many sessions an account may have with one client; one more
	// ends the one with the oldest tokens. If 0, 10.
	MaxPerClient int

	// Observe receives events: the service's method of that name. If nil, they are
	// dropped.
	Observe func(ctx context.Context, e passwd.Event)
	// Now is the clock. If nil, time.Now.
	Now func() time.Time
}

const (
	defaultAccessTTL    = time.Hour
	defaultIdleTTL      = 14 * 24 * time.Hour
	defaultMaxAge       = 30 * 24 * time.Hour
	defaultMaxPerClient = 10

	// A session is written to once in this time at most for being used, or in a
	// tenth of its IdleTTL if that is less.
	touchEvery = time.Minute
	// Reuse of a refresh token is recognised for that many refreshes, which are more than
	// two days of hourly ones. Older tokens are dead all the same. Each is a row of about
	// 200 bytes, for all sessions that are refreshed.
	keepSpent = 64
)

func (c Config) withDefaults() Config {
	fill := func(d *time.Duration, preset time.Duration) {
		if *d == 0 {
			*d = preset
		}
	}
	fill(&c.MaxAge, defaultMaxAge)
	fill(&c.IdleTTL, min(defaultIdleTTL, c.MaxAge))
	fill(&c.AccessTTL, min(defaultAccessTTL, c.MaxAge))
	if c.MaxPerClient == 0 {
		c.MaxPerClient = defaultMaxPerClient
	}
	if c.Observe == nil {
		c.Observe = func(context.Context, passwd.Event) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func (c Config) validate() error {
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"AccessTTL", c.AccessTTL}, {"IdleTTL", c.IdleTTL}, {"MaxAge", c.MaxAge}} {
		if d.value < time.Second || d.value > c.MaxAge {
			return fmt.Errorf("session: Config.%s: %v is not within one second and MaxAge, %v", d.name, d.value, c.MaxAge)
		}
	}
	if c.MaxPerClient < 1 {
		return fmt.Errorf("session: Config.MaxPerClient: %d is less than 1", c.MaxPerClient)
	}
	return nil
}

// Manager opens, checks and ends sessions. It is immutable and safe for
// concurrent use; make it once with [New].
type Manager struct {
	cfg   Config
	store Store
	keys  [][]byte // for digests; that of Keys.Current first
}

// New checks the configuration, whose error names the field, and makes a manager.
func New(cfg Config) (*Manager, error) {
	if cfg.Store == nil {
		return nil, errors.New("session: Config.Store is required: the store of the service (memstore.New to start with)")
	}
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	keys, err := derive.Keys(cfg.Keys, "session/digest")
	if err != nil {
		return nil, fmt.Errorf("session: Config.%w", err)
	}
	cfg.Keys = passwd.Keys{} // the derived keys are all that is needed from here on
	return &Manager{cfg: cfg, store: cfg.Store, keys: keys}, nil
}

// With returns the same manager over another store, typically the one inside the
// host's transaction: tokens that it makes must be given out only after the commit.
func (m *Manager) With(store Store) *Manager {
	other := *m
	other.store = store
	return &other
}

// Start opens a session for a user who has just signed in, and returns its first pair of
// tokens. It replaces the session of the same account, client and device. The host calls
// it only if SignIn returned no error, or once the second factor that it asked for has
// been checked.
//
// Errors: passwd.ErrChangeRequired if the account must change its password first,
// passwd.ErrEnded if the password was changed or the account removed since the
// sign-in, passwd.ErrInvalidRequest for an Info that breaks its bounds,
// passwd.ErrUnavailable.
func (m *Manager) Start(ctx context.Context, in passwd.SignedIn, info Info) (Pair, error) {
	if in.Must != passwd.NoReason {
		return Pair{}, passwd.ErrChangeRequired
	}
	if err := info.check(); err != nil {
		return Pair{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Pair{}, m.fault(ctx, err)
	}
	now := m.now()
	pair := newPair()
	r := Record{
		Session: Session{
			ID: id.String(), Account: in.Account, Epoch: in.Epoch,
			Client: info.Client, DeviceName: display(info.DeviceName, maxDeviceName),
			Addr: info.From.Addr, UserAgent: display(info.From.UserAgent, maxUserAgent),
			CreatedAt: now, UsedAt: now,
		},
		Device:   info.device(id.String()),
		Access:   m.digest(0, Access, pair.Access),
		Refresh:  m.digest(0, Refresh, pair.Refresh),
		IssuedAt: now,
	}
	r.ExpiresAt = m.expiry(r.Session, now)
	r.AccessUntil = m.accessUntil(r.Session, now)
	err = m.store.CreateSession(ctx, r, m.cfg.MaxPerClient)
	if errors.Is(err, passwd.ErrConflict) {
		err = passwd.ErrEnded // the epoch has moved: the password just proved is no longer the account's
	}
	if err != nil {
		return Pair{}, m.fault(ctx, err)
	}
	m.observe(ctx, EventStarted, outcomeSuccess, in.Account, "", info.From)
	return pair.of(r), nil
}

// Check returns the session of an access token, and notes that it is in use.
//
// Errors: passwd.ErrEnded if the token is unknown, replaced or expired, or its
// session has ended, whichever it is; passwd.ErrChangeRequired, with the session
// filled in nevertheless, if the account may do nothing but change its password;
// passwd.ErrUnavailable. The epochs have then been compared: passwd.Service.Live need
// not be asked as well (see passwdhttp.Checked).
func (m *Manager) Check(ctx context.Context, access string) (Session, error) {
	r, must, _, err := m.find(ctx, Access, access)
	if err != nil {
		return Session{}, err
	}
	now := m.now()
	if !now.Before(r.AccessUntil) {
		return Session{}, passwd.ErrEnded
	}
	if r.Must = must; must != passwd.NoReason {
		return r.Session, passwd.ErrChangeRequired
	}
	return m.touch(ctx, r.Session, now), nil
}

// touch notes that a session is in use, unless that was noted just before. The
// session does not depend on it: that it could not be noted is an event.
func (m *Manager) touch(ctx context.Context, s Session, now time.Time) Session {
	if now.Sub(s.UsedAt) < min(touchEvery, m.cfg.IdleTTL/10) {
		return s
	}
	expires := m.expiry(s, now)
	if err := m.store.TouchSession(ctx, s.ID, now, expires); err != nil {
		m.fault(ctx, err)
		return s
	}
	s.UsedAt, s.ExpiresAt = now, expires
	return s
}

// Refresh replaces the pair of tokens of a session by a new one. The old access
// token is dead from then on, and the old refresh token is spent: used once more,
// by a thief or by its owner after a thief, it ends the session, whose newest
// tokens are then dead as well (RFC 9700 §4.14.2). A client must therefore not
// send one refresh token twice; of 64 that it sends at once, one succeeds and
// the next one ends the session.
//
// Errors: passwd.ErrEnded if the token is unknown or its session has ended, and
// ErrReused, which is the same to clients, if this use has ended it;
// passwd.ErrChangeRequired if the account must change its password first, with
// nothing spent; passwd.ErrUnavailable.
func (m *Manager) Refresh(ctx context.Context, refresh string, from passwd.Client) (Pair, error) {
	r, must, presented, err := m.find(ctx, Refresh, refresh)
	if err != nil {
		return Pair{}, err
	}
	if must != passwd.NoReason && presented == r.Refresh {
		return Pair{}, passwd.ErrChangeRequired
	}
	now := m.now()
	pair := newPair()
	next := Rotation{
		ID: r.ID, IfRefresh: presented,
		Access: m.digest(0, Access, pair.Access), Refresh: m.digest(0, Refresh, pair.Refresh),
		IssuedAt: now, AccessUntil: m.accessUntil(r.Session, now), ExpiresAt: m.expiry(r.Session, now),
		Addr: from.Addr, UserAgent: display(from.UserAgent, maxUserAgent),
		KeepSpent: keepSpent,
	}
	if !next.Addr.IsValid() {
		next.Addr = r.Addr
	}
	if next.UserAgent == "" {
		next.UserAgent = r.UserAgent
	}
	rotated, err := m.store.RotateSession(ctx, next)
	if errors.Is(err, ErrReused) {
		m.observe(ctx, EventReused, outcomeFailure, r.Account, "token_reused", from)
		return Pair{}, ErrReused
	}
	if err != nil {
		return Pair{}, m.fault(ctx, err)
	}
	return pair.of(rotated), nil
}

// expiry returns when a session dies that is used now for the last time.
func (m *Manager) expiry(s Session, now time.Time) time.Time {
	return earlier(now.Add(m.cfg.IdleTTL), s.CreatedAt.Add(m.cfg.MaxAge))
}

// accessUntil returns when an access token dies that is issued now.
func (m *Manager) accessUntil(s Session, now time.Time) time.Time {
	return earlier(now.Add(m.cfg.AccessTTL), s.CreatedAt.Add(m.cfg.MaxAge))
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// find returns the live session of a token and the digest that found it,
// whichever key that was made with. What cannot be a token costs no look at the
// store.
func (m *Manager) find(ctx context.Context, k Kind, text string) (Record, passwd.Reason, passwd.Digest, error) {
	var none passwd.Digest
	if !plausible(text) {
		return Record{}, "", none, passwd.ErrEnded
	}
	now := m.now()
	for i := range m.keys {
		d := m.digest(i, k, Token(text))
		r, must, err := m.store.FindSession(ctx, TokenRef{Kind: k, Digest: d}, now)
		if errors.Is(err, passwd.ErrNotFound) {
			continue
		}
		if err != nil {
			return Record{}, "", none, m.fault(ctx, err)
		}
		// MaxAge holds for sessions as well that were opened under a longer one; a
		// suspended password keeps nothing open.
		if must == passwd.Compromised || !now.Before(r.CreatedAt.Add(m.cfg.MaxAge)) {
			return Record{}, "", none, passwd.ErrEnded
		}
		return r, must, d, nil
	}
	return Record{}, "", none, passwd.ErrEnded
}

func (m *Manager) now() time.Time { return m.cfg.Now().UTC().Truncate(time.Microsecond) }

const (
	outcomeSuccess = "success"
	outcomeFailure = "failure"
)

func (m *Manager) observe(ctx context.Context, name passwd.EventName, outcome string, account passwd.Ref, reason string, from passwd.Client) {
	m.cfg.Observe(ctx, passwd.Event{Time: m.now(), Name: name, Account: account, Outcome: outcome, Reason: reason, Client: from})
}

// fault turns what a store answers into what callers see, and reports the
// failure of a dependency.
func (m *Manager) fault(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, passwd.ErrNotFound):
		return passwd.ErrEnded
	case passwd.CodeOf(err) != passwd.CodeInternal:
		return err
	}
	m.cfg.Observe(ctx, passwd.Event{Time: m.now(), Name: passwd.EventUnavailable, Outcome: outcomeFailure, Err: err})
	return fmt.Errorf("%w: %w", passwd.ErrUnavailable, err)
}
