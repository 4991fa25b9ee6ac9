package passwd

import (
	"context"
	"crypto/hmac"
	"errors"
	"strconv"
	"time"
)

// Lifetimes of what is sent. T3: at most 24 hours by mail, 10 minutes by SMS.
const (
	resetTTL    = time.Hour
	maxResetTTL = 24 * time.Hour
	codeTTL     = 10 * time.Minute
	smsTTL      = 10 * time.Minute
	codeTries   = 5
)

// RequestReset asks for a link to set a new password with.
type RequestReset struct {
	Login   Login
	Channel Channel       // AnyChannel: as the login suggests
	TTL     time.Duration // 0: 1 hour; at most 24 hours (T3), by SMS never more than 10 minutes
	UserKey bool          // the link carries a user key as well, for formats that want both
	// TellShared has an address that several accounts share be told just that: no
	// token, and no account named. Otherwise nothing is sent there.
	TellShared bool
	// SharedText is what such an address is told, word for word, in place of the
	// notifier's own words: for formats that document it.
	SharedText string
	Client     Client
}

// RequestReset puts a request for a link on the queue. It reads no account, so
// for every login it does the same and answers the same: nil. A worker finds the
// account and sends the link, or finds none and sends nothing. A request that is the
// same as one of the same client still waiting for the worker adds nothing to it.
//
// Errors: ErrInvalidRequest, a RateLimitError (by client address), ErrQueueFull,
// ErrNotRunning, ErrUnavailable; none depends on whether the account exists.
func (s *Service) RequestReset(ctx context.Context, r RequestReset) error {
	if r.TTL == 0 {
		r.TTL = resetTTL
	}
	if r.TTL < 0 || r.TTL > maxResetTTL {
		return ErrInvalidRequest
	}
	shape := tokenLink
	if r.UserKey {
		shape = userKeyLink
	}
	return s.request(ctx, r.Login, r.Channel, r.Client, &requestTask{
		taskHead: taskHead{Kind: taskLink, Seed: newSeed()}, TTL: r.TTL, Form: shape, TellShared: r.TellShared, SharedText: r.SharedText,
	})
}

// RevealMatches tells how many accounts a login names: 0, 1 or, for more, any
// greater number. That is what everything else here keeps to itself (I6); it is
// for faces whose published format tells it, and whose host asked for that by
// name. A client address may ask as often as for links (Limits.ResetRequests),
// and whether it may does not depend on the answer. Errors: ErrInvalidRequest, a
// RateLimitError, ErrUnavailable.
func (s *Service) RevealMatches(ctx context.Context, l Login, c Client) (int, error) {
	l, err := checkLogin(l)
	if err != nil {
		return 0, err
	}
	asks := Step{Key: s.keys.limiterKey("reveal", network(c.Addr)), Do: StepTake, Limit: s.cfg.Limits.ResetRequests}
	if _, err := s.limit(ctx, c, asks); err != nil {
		return 0, err
	}
	matches, err := s.matching(ctx, l, false)
	if err != nil {
		return 0, err
	}
	return len(matches), nil
}

// request is the one path of both: validate, limiter, put, answer.
func (s *Service) request(ctx context.Context, l Login, ch Channel, c Client, t *requestTask) error {
	l, err := checkLogin(l)
	if err != nil {
		return err
	}
	if ch != AnyChannel && ch != EmailChannel && ch != SMSChannel {
		return ErrInvalidRequest
	}
	if s.foreign(Ref{Tenant: l.Tenant}) { // the worker would not know: it serves all tenants
		return ErrInvalidRequest
	}
	if s.noWorker() {
		return ErrNotRunning
	}
	s.placeless(ctx, c)
	from := network(c.Addr)
	takes := []Step{
		{Key: s.keys.limiterKey("reset", from), Do: StepTake, Limit: s.cfg.Limits.ResetRequests},
		{Key: s.keys.limiterKey("messages", l.Tenant, l.Value, from), Do: StepTake, Limit: s.cfg.Limits.Messages},
	}
	if _, err := s.limit(ctx, c, takes...); err != nil {
		return err
	}
	t.Login, t.Channel, t.Client, t.Device, t.At = l, ch, c.trimmed(), string(c.Device), s.now()
	key := ""
	if t.Kind == taskLink { // a code belongs to its request: another cannot stand in for it
		key = s.keys.limiterKey("link", l.Tenant, string(l.Kind), l.Value, string(ch), string(t.Form), t.TTL.String(), strconv.FormatBool(t.TellShared), from, t.Device)
	}
	if err := s.queue.Put(ctx, s.job(t, key, t.At, t.At.Add(t.TTL))); err != nil {
		// Whoever is told to come back later is not to find their quota gone then.
		s.limit(context.WithoutCancel(ctx), c, Step{Key: takes[0].Key, Do: StepRefund}, Step{Key: takes[1].Key, Do: StepRefund})
		return s.fault(ctx, err)
	}
	s.Observe(ctx, Event{Name: EventResetRequested, Outcome: outcomeSuccess, Channel: ch, Client: c})
	s.handOver(ctx)
	return nil
}

// Holder narrows down whose token is accepted, for formats that name the account
// beside the token. The zero Holder accepts any account; every field that is set must match.
type Holder struct {
	UserKey string // as it stood in the link: 22 characters of base64url
	Login   Login  // the account must be the one, or one of those, that it names
}

// CheckReset asks whether a token would be accepted.
type CheckReset struct {
	Token  Token
	For    Holder
	Client Client
}

// CheckReset tells whether a reset token is live, and changes nothing. Errors:
// ErrTokenInvalid if it is not, ErrUnavailable.
func (s *Service) CheckReset(ctx context.Context, r CheckReset) error {
	_, _, err := s.resettable(ctx, r.Token, r.For, r.Client)
	return err
}

// Reset sets a new password with a reset token.
type Reset struct {
	Token  Token
	New    string
	For    Holder
	Client Client
}

// Reset judges the new password, and writes it and spends the token in one step:
// a rejected password spends nothing. It ends every session, lifts a lockout and
// a suspension, signs nobody in, and touches no second factor. Errors:
// ErrTokenInvalid, also for the loser of a race, a PolicyError, ErrBusy,
// ErrUnavailable.
func (s *Service) Reset(ctx context.Context, r Reset) (Written, error) {
	rec, a, err := s.resettable(ctx, r.Token, r.For, r.Client)
	if err != nil {
		return Written{}, err
	}
	w, err := s.redeem(ctx, rec, r.Token, change{account: a, next: r.New, method: MethodReset, client: r.Client})
	if err == nil {
		s.forgive(ctx, a, r.Client)
	}
	return w, err
}

// forgive forgets the failures at the logins of an account from the network that has
// reset it; those of the account itself went with the write (I11). The password is
// written whether that works or not.
func (s *Service) forgive(ctx context.Context, a Account, c Client) {
	var steps []Step
	for _, kind := range []LoginKind{Username, Email, Mobile} {
		if own := Fold(a.identifier(kind)); own != "" {
			steps = append(steps, Step{Key: s.loginKey(Login{Tenant: a.Ref.Tenant, Value: own}, c), Do: StepClear})
		}
	}
	s.limit(context.WithoutCancel(ctx), c, steps...) // its error has been observed
}

func (s *Service) resettable(ctx context.Context, t Token, h Holder, c Client) (TokenRecord, Account, error) {
	rec, a, err := s.redeemable(ctx, PurposeReset, t, c)
	if err == nil {
		err = s.mustHold(ctx, rec, h, a, c)
	}
	return rec, a, err
}

// mustHold is ErrTokenInvalid if an account is not the one that a format names.
func (s *Service) mustHold(ctx context.Context, rec TokenRecord, h Holder, a Account, c Client) error {
	ok, err := s.holds(ctx, h, a)
	if err == nil && !ok {
		err = s.rejectToken(ctx, rec, "holder", c)
	}
	return err
}

// holds reports whether an account is the one that a format names.
func (s *Service) holds(ctx context.Context, h Holder, a Account) (bool, error) {
	if h.UserKey != "" {
		fits := false
		for _, key := range s.keys {
			fits = hmac.Equal([]byte(key.userKey(a.Ref)), []byte(h.UserKey)) || fits
		}
		if !fits {
			return false, nil
		}
	}
	if h.Login == (Login{}) {
		return true, nil
	}
	login, err := checkLogin(h.Login)
	if err != nil {
		return false, nil
	}
	matches, err := s.matching(ctx, login, false)
	for _, m := range matches {
		if m.Ref == a.Ref {
			return true, err
		}
	}
	return false, err
}

// CancelReset says "this was not me" with the token of a notice.
type CancelReset struct {
	Token  Token
	Client Client
}

// CancelReset suspends the password, ends every session and voids every token of
// the account, in one step. The account comes back by a reset to a confirmed
// address: nothing is recovered here. Errors: ErrTokenInvalid, ErrConflict,
// ErrUnavailable.
func (s *Service) CancelReset(ctx context.Context, r CancelReset) error {
	for conflicts := 0; ; conflicts++ {
		rec, a, err := s.redeemable(ctx, PurposeCancel, r.Token, r.Client)
		if err != nil {
			return err
		}
		err = s.suspend(ctx, a, &rec.TokenRef, r.Client)
		if errors.Is(err, ErrTokenInvalid) || errors.Is(err, ErrNotFound) {
			return s.rejectToken(ctx, rec, "lost_race", r.Client)
		}
		// A thief who keeps changing the password must not win by it.
		if !errors.Is(err, ErrConflict) || conflicts == 10*maxConflicts {
			return err
		}
	}
}

// suspend makes the password useless until a reset.
func (s *Service) suspend(ctx context.Context, a Account, consume *TokenRef, c Client) error {
	now := s.now()
	notice := noticeDetail{at: now, client: c}
	if consume != nil { // by the owner, not by an administrator
		notice.locale = c.trimmed().Locale
	}
	_, err := s.apply(ctx, Write{
		Account: a.Ref, IfHash: a.Hash, IfEpoch: a.Epoch, IfMust: a.Must,
		Must: Compromised, Raise: true, VoidAll: true, Consume: consume, Now: now,
	}, s.notices(a, MessageSuspended, notice))
	if err != nil {
		return err
	}
	s.Observe(ctx, Event{Name: EventSuspended, Account: a.Ref, Outcome: outcomeSuccess, Client: c})
	return nil
}
