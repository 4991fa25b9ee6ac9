package passwd

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/passwd-go/passwd/internal/normal"
	"github.com/passwd-go/passwd/pwhash"
)

// SignIn asks whether a password is right. One of more than 4,096 bytes, or that is
// not UTF-8, is wrong.
type SignIn struct {
	Login    Login
	Password string
	Client   Client
}

// SignedIn is the answer to the right password. The host stamps the session it
// creates with Epoch and asks [Service.Live] whether that still holds.
type SignedIn struct {
	Account Ref
	Epoch   int64 // never 0
	// Must, unless "", says that the account may do nothing but change its
	// password: no session, but a ticket from [Service.Ticket].
	Must Reason
	// ChangeBy, unless zero, is when the password will have grown too old, and its
	// owner is to be told so; see [MaxAge].
	ChangeBy time.Time
}

// SignIn compares a password with that of the one account that the login names.
// It creates no session. An account whose password has grown too old by its policy
// is marked Expired here; see [MaxAge].
//
// Whatever was wrong, the answer is ErrWrongCredentials, after the same work:
// unknown login, several accounts of one login, no password yet, wrong password,
// a disabled account, a suspended password. Only after the right password,
// ErrNotActivated and ErrTemporaryExpired, which are ErrWrongCredentials too,
// tell a host more. With ErrSecondFactor, or another error of Config.Admit, the
// result is filled in nevertheless, for the host to go on with. Other errors: a
// RateLimitError, ErrBusy, ErrInvalidRequest, ErrConflict, ErrUnavailable.
func (s *Service) SignIn(ctx context.Context, r SignIn) (SignedIn, error) {
	a, changeBy, err := s.open(ctx, r.Login, r.Password, r.Client)
	if err != nil {
		return SignedIn{}, err
	}
	if a, err = s.pinned(ctx, a); err != nil {
		return SignedIn{}, err
	}
	in := SignedIn{Account: a.Ref, Epoch: a.Epoch, Must: a.Must, ChangeBy: changeBy}
	if s.cfg.Admit != nil {
		if err := s.cfg.Admit(ctx, a, r.Client); err != nil {
			return in, err
		}
	}
	s.Admitted(ctx, in, r.Client)
	return in, nil
}

// Admitted reports a sign-in that is complete. SignIn does so itself; a host that has
// got an error of Config.Admit calls it once it has checked what was asked for, so
// that the audit knows of the sign-in. It does nothing but observe an [EventSignedIn].
func (s *Service) Admitted(ctx context.Context, in SignedIn, c Client) {
	s.Observe(ctx, Event{Name: EventSignedIn, Account: in.Account, Outcome: outcomeSuccess, Reason: string(in.Must), Client: c})
}

const (
	outcomeSuccess = "success"
	outcomeFailure = "failure"
)

// open takes a login and a password to the account they open, and marks an
// account whose password has grown too old. It also returns by when the password
// must be changed, if that is to be told.
func (s *Service) open(ctx context.Context, login Login, password string, c Client) (Account, time.Time, error) {
	a, err := s.verified(ctx, login, password, c)
	if err != nil {
		return Account{}, time.Time{}, err
	}
	return s.expire(ctx, a, c)
}

// authenticate is open for callers that have nobody to warn.
func (s *Service) authenticate(ctx context.Context, login Login, password string, c Client) (Account, error) {
	a, _, err := s.open(ctx, login, password, c)
	return a, err
}

// verified takes a login and a password to the account they open: limiter →
// find → verify → may it be used at all. It is the only way to an account by
// login, so that every such path is bounded by the same count.
func (s *Service) verified(ctx context.Context, login Login, password string, c Client) (Account, error) {
	login, err := checkLogin(login)
	if err != nil {
		return Account{}, err
	}
	try := s.newTry(ctx, c)
	if err := try.take(s.addressKey(c), s.cfg.Limits.Address); err != nil {
		return Account{}, err
	}
	a, found, err := s.find(ctx, login)
	if err != nil {
		return Account{}, try.abandon(err)
	}
	key, err := s.guessKey(ctx, login, a, found, c)
	if err != nil {
		return Account{}, try.abandon(err)
	}
	if err := try.take(key, s.cfg.Limits.SignIn); err != nil {
		return Account{}, err
	}
	v, err := s.verifyLogin(ctx, login, a, password)
	if err != nil {
		return Account{}, try.abandon(s.fault(ctx, err))
	}
	if refused := s.refusal(a, found, v, try.count); refused != nil {
		s.Observe(ctx, Event{Name: EventSignInFailed, Account: a.Ref, Outcome: outcomeFailure, Reason: refused.reason, Client: c})
		s.stopNotice(ctx, a, found, try.count, c)
		return Account{}, refused.err
	}
	if err := try.succeeded(s.seenKey(a.Ref, c.Addr)); err != nil {
		return Account{}, err
	}
	if why := s.unusable(a); why != nil {
		s.Observe(ctx, Event{Name: EventSignInFailed, Account: a.Ref, Outcome: outcomeFailure, Reason: why.reason, Client: c})
		return Account{}, why.err
	}
	if v.Stale {
		a = s.upgrade(ctx, a, password)
	}
	return a, nil
}

// refusal is an error for the caller, and the reason for the audit.
type refusal struct {
	err    error
	reason string
}

// refusal decides what a sign-in may not even be told about.
func (s *Service) refusal(a Account, found bool, v pwhash.Verdict, count int) *refusal {
	switch {
	case !found:
		return &refusal{ErrWrongCredentials, "unknown"}
	case !v.Match:
		return &refusal{ErrWrongCredentials, "wrong_password"}
	case count > s.cfg.Limits.StopAfter:
		return &refusal{ErrWrongCredentials, "stopped"}
	case a.Disabled:
		return &refusal{ErrWrongCredentials, "disabled"}
	case a.Must == Compromised:
		return &refusal{ErrWrongCredentials, "suspended"}
	}
	return nil
}

// unusable decides what only the holder of the right password learns (F7).
func (s *Service) unusable(a Account) *refusal {
	switch {
	case !a.Active:
		return &refusal{ErrNotActivated, "not_activated"}
	case a.Must == Temporary && !a.MustUntil.IsZero() && !s.now().Before(a.MustUntil):
		return &refusal{ErrTemporaryExpired, "temporary_expired"}
	}
	return nil
}

// stopNotice tells the owner of an account, once, that it has had the last
// failure it stands.
func (s *Service) stopNotice(ctx context.Context, a Account, found bool, count int, c Client) {
	if !found || count != s.cfg.Limits.StopAfter {
		return
	}
	s.Observe(ctx, Event{Name: EventSignInStopped, Account: a.Ref, Outcome: outcomeFailure, Client: c})
	s.enqueue(ctx, s.notices(a, MessageSignInStopped, noticeDetail{at: s.now(), client: c}))
}

// upgrade replaces a stale hash by a better one of the same password, as well
// as it can: the sign-in does not depend on it.
func (s *Service) upgrade(ctx context.Context, a Account, password string) Account {
	prepared, ok := normal.Password(password)
	if !ok {
		return a
	}
	better, err := s.hash(ctx, prepared)
	if err == nil {
		var done bool
		if done, err = s.store.Rehash(ctx, a.Ref, a.Hash, better); done {
			a.Hash = better
		}
	}
	e := Event{Name: EventRehashed, Account: a.Ref, Outcome: outcomeSuccess, Err: err}
	if a.Hash != better || err != nil {
		e.Outcome = outcomeFailure
	}
	s.Observe(ctx, e)
	return a
}

const maxLogin = 512 // bytes; no e-mail address is longer than 320

// checkLogin refuses what cannot be a login, and folds it. The answer depends on
// the text alone.
func checkLogin(l Login) (Login, error) {
	switch l.Kind {
	case AnyKind, Username, Email, Mobile:
	default:
		return l, ErrInvalidRequest
	}
	if len(l.Value) > maxLogin || len(l.Tenant) > maxLogin || !utf8.ValidString(l.Value) || strings.ContainsRune(l.Value, 0) {
		return l, ErrInvalidRequest
	}
	if l.Value = Fold(l.Value); l.Value == "" {
		return l, ErrInvalidRequest
	}
	return l, nil
}

// kinds returns the kinds that a login may be of, in the order they count.
func (l Login) kinds() []LoginKind {
	if l.Kind != AnyKind {
		return []LoginKind{l.Kind}
	}
	switch digits := strings.TrimPrefix(l.Value, "+"); {
	case strings.Contains(l.Value, "@"):
		return []LoginKind{Email}
	case digits != l.Value, strings.Trim(digits, "0123456789") == "":
		return []LoginKind{Mobile, Username}
	}
	return []LoginKind{Username}
}

// enoughMatches is how many accounts are fetched to learn that a login names
// more than one; some for stores whose comparison is looser than ours.
const enoughMatches = 8

// matching returns the accounts that a checked login names: those of the first
// kind that matches, never a union. It asks for every kind in any case, so that
// the work does not tell which one matched.
func (s *Service) matching(ctx context.Context, l Login) ([]Account, error) {
	var first []Account
	for _, kind := range l.kinds() {
		candidates, err := s.store.Find(ctx, Login{Tenant: l.Tenant, Kind: kind, Value: l.Value}, enoughMatches)
		if err != nil {
			return nil, s.fault(ctx, err)
		}
		if first != nil {
			continue
		}
		for _, a := range candidates {
			if a.Ref.Tenant == l.Tenant && !s.foreign(a.Ref) && Fold(a.identifier(kind)) == l.Value {
				first = append(first, a)
			}
		}
	}
	return first, nil
}

// find returns the one account that a checked login names; false if there is
// none, or more than one.
func (s *Service) find(ctx context.Context, l Login) (Account, bool, error) {
	matches, err := s.matching(ctx, l)
	if err != nil || len(matches) != 1 {
		return Account{}, false, err
	}
	return matches[0], true, nil
}

// try is a guess under way, and what was counted for it.
type try struct {
	s      *Service
	ctx    context.Context
	client Client
	taken  []string
	count  int // failures in a row with this one, if it is one, by the last key taken
}

func (s *Service) newTry(ctx context.Context, c Client) *try {
	return &try{s: s, ctx: ctx, client: c}
}

// take counts the try under a key, before the work (§9). When the key must
// wait, what was counted before is taken back: a throttled try is no failure.
func (t *try) take(key string, l Limit) error {
	taken, err := t.s.limiter.Take(t.ctx, key, l, t.s.now())
	if err != nil {
		return t.abandon(t.s.fault(t.ctx, err))
	}
	if taken.Wait > 0 {
		t.s.Observe(t.ctx, Event{Name: EventRateLimited, Outcome: outcomeFailure, Client: t.client})
		return t.abandon(&RateLimitError{Wait: taken.Wait})
	}
	t.taken = append(t.taken, key)
	t.count = taken.Count
	return nil
}

// abandon takes back what was counted, for a try that came to no answer, and
// returns err. A caller that went away gets nothing back: to hang up must not
// be a way to guess for free.
func (t *try) abandon(err error) error {
	if t.ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return err
	}
	for _, key := range t.taken {
		if refundErr := t.s.limiter.Refund(t.ctx, key); refundErr != nil {
			return t.s.fault(t.ctx, refundErr)
		}
	}
	t.taken = nil
	return err
}

// succeeded forgets the failures of the account, takes back what was counted for
// the address, and remembers the address under seen, unless that is "".
func (t *try) succeeded(seen string) error {
	last := len(t.taken) - 1
	for i, key := range t.taken {
		var err error
		if i == last {
			err = t.s.limiter.Clear(t.ctx, key)
		} else {
			err = t.s.limiter.Refund(t.ctx, key)
		}
		if err != nil {
			return t.s.fault(t.ctx, err)
		}
	}
	t.taken = nil
	if seen == "" {
		return nil
	}
	// Cleared first, so that the month is counted from the latest sign-in.
	if err := t.s.limiter.Clear(t.ctx, seen); err != nil {
		return t.s.fault(t.ctx, err)
	}
	_, err := t.s.limiter.Take(t.ctx, seen, Limit{Free: 1, Window: rememberAddress}, t.s.now())
	return t.s.fault(t.ctx, err)
}

// rememberAddress is how long an address that signed in to an account has a
// count of its own there, so that strangers cannot keep the owner out.
const rememberAddress = 30 * 24 * time.Hour

// guessKey names the count of failures that a try at a login belongs to. The
// epoch is part of an account's key, so that a reset lifts a lockout in the very
// write that sets the password (I11).
func (s *Service) guessKey(ctx context.Context, l Login, a Account, found bool, c Client) (string, error) {
	if !found {
		return s.keys.limiterKey("login", l.Tenant, l.Value), nil
	}
	epoch := strconv.FormatInt(a.Epoch, 10)
	if seen := s.seenKey(a.Ref, c.Addr); seen != "" {
		n, err := s.limiter.Count(ctx, seen, s.now())
		if err != nil {
			return "", s.fault(ctx, err)
		}
		if n > 0 {
			return s.keys.limiterKey("known", a.Ref.Tenant, a.Ref.ID, epoch, network(c.Addr)), nil
		}
	}
	return s.keys.limiterKey("account", a.Ref.Tenant, a.Ref.ID, epoch), nil
}

func (s *Service) seenKey(r Ref, addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return s.keys.limiterKey("seen", r.Tenant, r.ID, network(addr))
}

func (s *Service) addressKey(c Client) string { return s.keys.limiterKey("address", network(c.Addr)) }

// network is what counts as one address: IPv4 whole, of IPv6 the /64 that a
// single customer has.
func network(addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

// Ticket issues proof that a must-change sign-in succeeded: good for one
// [Service.ChangeWithTicket] within 10 minutes, and for nothing else. The host
// calls it once it has checked whatever second factor the account has.
// Errors: ErrNoChangeNeeded if the account need not change its password (any more),
// ErrEnded if its epoch has moved since the sign-in, ErrTooManyTokens if it has 16
// live tickets, ErrUnavailable.
func (s *Service) Ticket(ctx context.Context, in SignedIn) (Token, error) {
	a, err := s.get(ctx, in.Account)
	switch {
	case errors.Is(err, ErrNotFound):
		return "", ErrEnded
	case err != nil:
		return "", err
	case in.Epoch == 0 || a.Epoch != in.Epoch || !a.Active || a.Disabled || a.Must == Compromised:
		return "", ErrEnded
	case a.Must == NoReason:
		return "", ErrNoChangeNeeded
	}
	t := s.keys.token(newSeed(), PurposeTicket)
	now := s.now()
	err = s.store.Issue(ctx, TokenRecord{
		TokenRef: s.keys.ref(PurposeTicket, t),
		Account:  a.Ref, Epoch: a.Epoch,
		IssuedAt: now, ExpiresAt: now.Add(ticketTTL),
	}, maxTickets, nil)
	if errors.Is(err, ErrConflict) {
		return "", ErrEnded
	}
	if err != nil {
		return "", s.fault(ctx, err)
	}
	return t, nil
}

const (
	ticketTTL  = 10 * time.Minute
	maxTickets = 16
)

// Live tells whether what was opened at an epoch is still good: a host with
// sessions or JWTs of its own asks it on each request. ErrEnded if a password
// write or [Service.Revoke] has raised the epoch since, or the account is gone,
// closed, suspended or not active; ErrUnavailable if the store cannot tell. The
// reason, unless "", says that the account may do nothing but change its password.
func (s *Service) Live(ctx context.Context, r Ref, epoch int64) (Reason, error) {
	a, err := s.get(ctx, r)
	switch {
	case errors.Is(err, ErrNotFound):
		return "", ErrEnded
	case err != nil:
		return "", err
	case epoch == 0 || a.Epoch != epoch || !a.Active || a.Disabled || a.Must == Compromised:
		return "", ErrEnded
	}
	return a.Must, nil
}
