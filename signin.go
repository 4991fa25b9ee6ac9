package passwd

import (
	"context"
	"errors"
	"slices"
	"time"

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
	// owner should be told so; see [pwpolicy.MaxAge].
	ChangeBy time.Time
	// Device, for a browser to keep as a cookie, makes the device known to the account
	// for 30 days: its owner signs in from it although strangers guess at the account.
	// A face puts it into Client.Device. It opens nothing.
	Device Token
}

// SignIn compares a password with that of the one account that the login names.
// It creates no session. An account whose password has grown too old by its policy
// is marked Expired here; see [pwpolicy.MaxAge].
//
// Whatever was wrong, the answer is ErrWrongCredentials, after the same work:
// unknown login, several accounts of one login, no password yet or none to have, wrong
// password, a disabled account, a suspended password. Only after the right password,
// ErrNotActivated and ErrTemporaryExpired, which are ErrWrongCredentials too,
// tell a host more. With ErrSecondFactor, or another error of Config.Admit, the
// result is filled in nevertheless, for the host to go on with. Other errors: a
// RateLimitError, ErrBusy, ErrInvalidRequest, ErrConflict, ErrUnavailable.
func (s *Service) SignIn(ctx context.Context, r SignIn) (SignedIn, error) {
	a, changeBy, err := s.open(ctx, r.Login, newTyped(r.Password), r.Client, s.settle)
	if err != nil {
		return SignedIn{}, err
	}
	in := SignedIn{Account: a.Ref, Epoch: a.Epoch, Must: a.Must, ChangeBy: changeBy, Device: s.keys.newDevice(a.Ref, s.now())}
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

// open takes a login and a password to the account they open, and writes down what
// its caller needs: settle, or expire. It also returns by when the password
// must be changed, if its owner should be told.
func (s *Service) open(ctx context.Context, login Login, password typed, c Client, settle func(context.Context, Account, Client) (Account, time.Time, error)) (Account, time.Time, error) {
	a, stale, err := s.verified(ctx, login, password, c)
	for conflicts := 0; err == nil; conflicts++ {
		var changeBy time.Time
		var settled Account
		settled, changeBy, err = settle(ctx, a, c)
		if err == nil {
			if stale != "" && settled.Hash == stale && !settled.Outside { // until it is settled, its epoch goes by its hash
				settled = s.upgrade(ctx, settled, password, c)
			}
			return settled, changeBy, nil
		}
		if errors.Is(err, ErrConflict) && conflicts < maxConflicts {
			a, err = s.openAgain(ctx, a, password, c)
		}
	}
	if errors.Is(err, ErrNotFound) { // it was deleted while it was looked at
		err = s.signInFailed(ctx, a, &refusal{ErrWrongCredentials, "unknown"}, c)
	}
	return Account{}, time.Time{}, err
}

// settle marks an account whose password has grown too old, and gives it its first
// epoch, so that tickets and sessions can go by what is stored.
func (s *Service) settle(ctx context.Context, a Account, c Client) (Account, time.Time, error) {
	a, changeBy, err := s.expire(ctx, a, c)
	if err == nil {
		a, err = s.pinned(ctx, a)
	}
	return a, changeBy, err
}

// openAgain reads an account to which somebody else has written since its password
// was verified, and asks once more what was asked of it then.
func (s *Service) openAgain(ctx context.Context, a Account, password typed, c Client) (Account, error) {
	fresh, err := s.get(ctx, a.Ref)
	if err != nil {
		return a, err
	}
	refused, err := s.stillOpens(ctx, a.Hash, fresh, password, c)
	if err == nil && refused != nil {
		err = s.signInFailed(ctx, fresh, refused, c)
	}
	return fresh, err
}

// stillOpens decides about an account, read anew, whether the password that was
// verified against an earlier hash opens it.
func (s *Service) stillOpens(ctx context.Context, verified Hash, fresh Account, password typed, c Client) (*refusal, error) {
	v := pwhash.Verdict{Match: true}
	if fresh.Hash != verified {
		var err error
		if v, err = s.verify(ctx, fresh, password, c); err != nil {
			return nil, s.fault(ctx, err)
		}
	}
	refused, err := s.refusalAt(ctx, fresh, true, v, nil)
	if refused == nil && err == nil {
		refused = s.unusable(fresh)
	}
	return refused, err
}

// signInFailed reports a sign-in that came to nothing, and returns its error.
func (s *Service) signInFailed(ctx context.Context, a Account, r *refusal, c Client) error {
	s.Observe(ctx, Event{Name: EventSignInFailed, Account: a.Ref, Outcome: outcomeFailure, Reason: r.reason, Client: c})
	return r.err
}

// verified takes a login and a password to the account they open: find → limiter →
// verify → may it be used at all. It is the only way to an account by login, so that
// every such path is bounded by the same counts. It also returns a hash that should be
// replaced by a better one.
func (s *Service) verified(ctx context.Context, login Login, password typed, c Client) (_ Account, stale Hash, _ error) {
	login, err := checkLogin(login)
	if err != nil {
		return Account{}, "", err
	}
	a, found, err := s.find(ctx, login)
	if err != nil {
		return Account{}, "", err
	}
	guess, err := s.newGuess(ctx, login, a, found, c)
	if err != nil {
		return Account{}, "", err
	}
	v, err := s.verifyLogin(ctx, login, a, password, c)
	if err != nil {
		return Account{}, "", guess.abandon(s.fault(ctx, err))
	}
	refused, err := s.refusalAt(ctx, a, found, v, guess)
	if err != nil {
		return Account{}, "", guess.abandon(err)
	}
	if refused != nil {
		s.Observe(ctx, Event{Name: EventSignInFailed, Account: a.Ref, Outcome: outcomeFailure, Reason: refused.reason, Client: c})
		return Account{}, "", s.refuse(ctx, a, found, guess, refused.err)
	}
	if err := guess.succeeded(); err != nil {
		return Account{}, "", err
	}
	if why := s.unusable(a); why != nil {
		s.Observe(ctx, Event{Name: EventSignInFailed, Account: a.Ref, Outcome: outcomeFailure, Reason: why.reason, Client: c})
		return Account{}, "", why.err
	}
	if v.Stale {
		stale = a.Hash
	}
	return a, stale, nil
}

// refusal is an error for the caller, and the reason for the audit.
type refusal struct {
	err    error
	reason string
}

const wrongPassword = "wrong_password"

// refusal decides what a sign-in may not even be told about. Without a guess it is one
// that has been counted and let through.
func (s *Service) refusal(a Account, found bool, v pwhash.Verdict, g *guess) *refusal {
	switch {
	case !found:
		return &refusal{ErrWrongCredentials, "unknown"}
	case a.NoPassword:
		return &refusal{ErrWrongCredentials, "no_password"}
	case !v.Match:
		return &refusal{ErrWrongCredentials, wrongPassword}
	case g != nil && g.closed:
		return &refusal{ErrWrongCredentials, "stopped"}
	case a.Disabled:
		return &refusal{ErrWrongCredentials, "disabled"}
	case a.Must == Compromised:
		return &refusal{ErrWrongCredentials, "suspended"}
	}
	return nil
}

// refusalAt is refusal, and refuses the right password of a hash that was written back.
func (s *Service) refusalAt(ctx context.Context, a Account, found bool, v pwhash.Verdict, g *guess) (*refusal, error) {
	refused := s.refusal(a, found, v, g)
	if refused != nil || !a.Outside {
		return refused, nil
	}
	back, err := s.writtenBack(ctx, a)
	if back && err == nil {
		refused = &refusal{ErrWrongCredentials, "written_back"}
	}
	return refused, err
}

// maxKeptHashes is how far back rules may look, and so how many hashes a store keeps.
const maxKeptHashes = 24

// writtenBack reports whether a hash that somebody else has written is one that the
// library has replaced: a program read the row before that, and has saved all of it since.
// The account is suspended then, and its owner told.
func (s *Service) writtenBack(ctx context.Context, a Account) (bool, error) {
	earlier, err := s.store.History(ctx, a.Ref, maxKeptHashes)
	if errors.Is(err, ErrNotFound) { // deleted meanwhile: what follows finds out
		return false, nil
	}
	if err != nil || !slices.Contains(earlier, a.Hash) {
		return false, s.fault(ctx, err)
	}
	// The later password is lost, and the earlier one must not come back: whatever is
	// written next would make it the account's.
	switch err := s.suspend(ctx, a, nil, Client{}); {
	case errors.Is(err, ErrConflict), errors.Is(err, ErrNotFound): // it is kept because it was replaced just now
		return false, nil
	case err != nil:
		return false, err
	}
	s.Observe(ctx, Event{Name: EventWrittenBack, Account: a.Ref, Outcome: outcomeFailure})
	return true, nil
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

// refuse counts a failed guess, and tells the owner of an account, once, that it takes
// no more. It returns err, or that of the limiter.
func (s *Service) refuse(ctx context.Context, a Account, found bool, g *guess, err error) error {
	tell, failed := g.failed()
	if failed != nil {
		return failed
	}
	if !tell {
		return err
	}
	if found {
		ctx = context.WithoutCancel(ctx) // a guesser who hangs up keeps no notice back
		s.Observe(ctx, Event{Name: EventSignInStopped, Account: a.Ref, Outcome: outcomeFailure, Client: g.client})
		if !s.enqueue(ctx, s.notices(a, MessageSignInStopped, noticeDetail{at: s.now(), client: g.client, once: g.told})) {
			return err // the next failure tells
		}
	}
	// Remembered last: whoever fails after a crash in between tells again.
	if failed := g.hasTold(); failed != nil {
		return failed
	}
	return err
}

// upgrade replaces a stale hash by a better one of the same password, as well
// as it can: the sign-in does not depend on it.
func (s *Service) upgrade(ctx context.Context, a Account, password typed, c Client) Account {
	better, err := s.hash(ctx, password.nfc, c)
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

// Ticket issues proof that a must-change sign-in succeeded: good for one
// [Service.ChangeWithTicket] within 10 minutes, and for nothing else. The host
// calls it once it has checked whatever second factor the account has.
// Errors: ErrNoChangeNeeded if the account need not change its password (any more),
// ErrEnded if its epoch has moved since the sign-in, ErrUnavailable. An account
// has at most 16 live tickets: another ends the oldest. ErrTooManyTokens if the new one
// is the oldest itself, by a clock that is behind that of another replica.
func (s *Service) Ticket(ctx context.Context, in SignedIn) (Token, error) {
	a, err := s.get(ctx, in.Account)
	switch {
	case errors.Is(err, ErrNotFound):
		return "", ErrEnded
	case err != nil:
		return "", err
	case in.Epoch == 0 || a.Epoch != in.Epoch || !a.Active || a.Disabled || a.NoPassword || a.Must == Compromised:
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
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) {
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
