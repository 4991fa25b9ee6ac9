package passwd

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"strconv"
	"strings"
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

// RequestReset asks for a link by which to set a new password.
type RequestReset struct {
	Login   Login
	Channel Channel       // AnyChannel: as the login suggests
	TTL     time.Duration // 0: 1 hour; at most 24 hours, by SMS never more than 10 minutes
	Form    Form
	// TellShared has an address that several accounts share be told just that: no
	// token, and no account named. Otherwise nothing is sent there.
	TellShared bool
	Client     Client
}

// RequestReset puts a request for a link on the queue. It reads no account, so
// for every login it does the same and answers the same: nil. A worker finds the
// account and sends the link, or finds none and sends nothing.
//
// Errors: ErrInvalidRequest, a RateLimitError (by client address), ErrQueueFull,
// ErrNotRunning, ErrUnavailable; none depends on whether the account exists.
func (s *Service) RequestReset(ctx context.Context, r RequestReset) error {
	if r.TTL == 0 {
		r.TTL = resetTTL
	}
	if r.TTL < 0 || r.TTL > maxResetTTL || r.Form != TokenLink && r.Form != UserKeyLink {
		return ErrInvalidRequest
	}
	return s.request(ctx, r.Login, r.Channel, r.Client, task{
		Kind: taskLink, TTL: r.TTL, Form: r.Form, TellShared: r.TellShared, Seed: newSeed(),
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
	ask := s.newTry(ctx, c)
	if err := ask.take(s.keys.limiterKey("reveal", network(c.Addr)), s.cfg.Limits.ResetRequests); err != nil {
		return 0, err
	}
	matches, err := s.matching(ctx, l)
	if err != nil {
		return 0, ask.abandon(err)
	}
	return len(matches), nil
}

// RequestCode asks for a one-time code, to be typed.
type RequestCode struct {
	Login   Login
	Channel Channel
	Client  Client
}

// RequestCode is [Service.RequestReset] for a code of 8 digits, good for 10
// minutes, 5 attempts, and together with the returned request only: a fresh
// random token for every login, known or not.
func (s *Service) RequestCode(ctx context.Context, r RequestCode) (request Token, err error) {
	sd := newSeed()
	if err := s.request(ctx, r.Login, r.Channel, r.Client, task{Kind: taskCode, TTL: codeTTL, Seed: sd}); err != nil {
		return "", err
	}
	return s.keys.token(sd, PurposeCode), nil
}

// request is the one path of both: validate, limiter, put, answer.
func (s *Service) request(ctx context.Context, l Login, ch Channel, c Client, t task) error {
	l, err := checkLogin(l)
	if err != nil {
		return err
	}
	if ch != AnyChannel && ch != EmailChannel && ch != SMSChannel {
		return ErrInvalidRequest
	}
	if s.unattended() {
		return ErrNotRunning
	}
	ask := s.newTry(ctx, c)
	if err := ask.take(s.keys.limiterKey("reset", network(c.Addr)), s.cfg.Limits.ResetRequests); err != nil {
		return err
	}
	t.Login, t.Channel, t.Client, t.At = l, ch, c.trimmed(), s.now()
	key := ""
	if t.Kind == taskLink { // a code belongs to its request: another cannot stand in for it
		key = s.keys.limiterKey("link", l.Tenant, string(l.Kind), l.Value, string(ch), string(t.Form), t.TTL.String(), strconv.FormatBool(t.TellShared))
	}
	if err := s.queue.Put(ctx, s.job(t, key, t.At, t.At.Add(t.TTL))); err != nil {
		return ask.abandon(s.fault(ctx, err))
	}
	s.Observe(ctx, Event{Name: EventResetRequested, Outcome: outcomeSuccess, Channel: ch, Client: c})
	s.wakeWorker()
	return nil
}

// Holder narrows down whose token is accepted, for formats that name the account
// beside the token. The zero Holder is anybody; all that is set must fit.
type Holder struct {
	UserKey string // as it stood in the link
	Login   Login  // the account must be the one, or one of those, that it names
}

// RedeemCode exchanges a code for a reset token.
type RedeemCode struct {
	Request Token
	Code    OneTimeCode // spaces and hyphens are passed over
	Client  Client
}

// RedeemCode counts an attempt, and for the right code spends it and issues a
// reset token, good for 10 minutes, in one step. Unknown, expired, exhausted,
// wrong: all are ErrTokenInvalid. Failures also count for the account, whichever
// code they were at (T5), and for the client address.
func (s *Service) RedeemCode(ctx context.Context, r RedeemCode) (Token, error) {
	guess := s.newTry(ctx, r.Client)
	if err := guess.take(s.addressKey(r.Client), s.cfg.Limits.Address); err != nil {
		return "", err
	}
	rec, key, err := s.attempt(ctx, r.Request)
	if err != nil {
		if errors.Is(err, ErrTokenInvalid) {
			return "", s.rejectToken(ctx, rec, "", r.Client)
		}
		return "", guess.abandon(err)
	}
	if err := s.countCode(ctx, guess, rec); err != nil {
		return "", err
	}
	typed := OneTimeCode(strings.NewReplacer(" ", "", "-", "").Replace(string(r.Code)))
	want := key.verifier(r.Request, typed)
	if len(typed) != codeDigits || !hmac.Equal(want[:], rec.Verifier[:]) {
		if rec.Attempts >= codeTries {
			s.Observe(ctx, Event{Name: EventCodeExhausted, Account: rec.Account, Outcome: outcomeFailure, Client: r.Client})
		}
		return "", s.rejectToken(ctx, rec, "wrong_code", r.Client)
	}
	if _, err := s.holderOf(ctx, rec, key); err != nil {
		if errors.Is(err, ErrTokenInvalid) {
			return "", s.rejectToken(ctx, rec, "account", r.Client)
		}
		return "", guess.abandon(err)
	}
	// First the counts, then the code: a limiter that fails must not cost the code.
	if err := guess.succeeded(""); err != nil {
		return "", err
	}
	t, err := s.exchange(ctx, rec)
	if errors.Is(err, ErrTokenInvalid) {
		err = s.rejectToken(ctx, rec, "spent", r.Client)
	}
	return t, err
}

// attempt counts one attempt at the code of a request.
func (s *Service) attempt(ctx context.Context, request Token) (TokenRecord, purposeKeys, error) {
	if !request.plausible() {
		return TokenRecord{}, purposeKeys{}, ErrTokenInvalid
	}
	var dead TokenRecord
	for i, ref := range s.keys.refs(PurposeCode, request) {
		rec, err := s.store.Attempt(ctx, ref, codeTries, s.now())
		if err == nil {
			return rec, s.keys[i], nil
		}
		if !errors.Is(err, ErrTokenInvalid) {
			return rec, purposeKeys{}, s.fault(ctx, err)
		}
		if !rec.IssuedAt.IsZero() {
			dead = rec
		}
	}
	return dead, purposeKeys{}, ErrTokenInvalid
}

// countCode counts the attempt for the account. Over the limit the answer is
// ErrTokenInvalid, not a RateLimitError: that would tell that the request is
// somebody's.
func (s *Service) countCode(ctx context.Context, guess *try, rec TokenRecord) error {
	key := s.keys.limiterKey("code", rec.Account.Tenant, rec.Account.ID, strconv.FormatInt(rec.Epoch, 10))
	taken, err := s.limiter.Take(ctx, key, s.cfg.Limits.SignIn, s.now())
	if err != nil {
		return guess.abandon(s.fault(ctx, err))
	}
	if taken.Wait > 0 {
		return s.rejectToken(ctx, rec, "throttled", guess.client)
	}
	guess.taken = append(guess.taken, key)
	return nil
}

// exchange spends a code and issues the reset token it stood for.
func (s *Service) exchange(ctx context.Context, code TokenRecord) (Token, error) {
	t := s.keys.token(newSeed(), PurposeReset)
	now := s.now()
	err := s.store.Issue(ctx, TokenRecord{
		TokenRef: s.keys.ref(PurposeReset, t),
		Account:  code.Account, Epoch: code.Epoch, Address: code.Address,
		IssuedAt: now, ExpiresAt: now.Add(codeTTL),
	}, 0, &code.TokenRef)
	if errors.Is(err, ErrConflict) {
		err = ErrTokenInvalid // the epoch has moved: the code is dead too
	}
	if err != nil {
		return "", s.fault(ctx, err)
	}
	return t, nil
}

// CheckReset asks whether a token would be accepted.
type CheckReset struct {
	Token  Token
	For    Holder
	Client Client
}

// CheckReset tells whether a reset token is live, and changes nothing.
// ErrTokenInvalid if it is not.
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
// a rejected password burns nothing. It ends every session, lifts a lockout and
// a suspension, signs nobody in, and touches no second factor. Errors:
// ErrTokenInvalid, also for the loser of a race, a PolicyError, ErrBusy,
// ErrUnavailable.
func (s *Service) Reset(ctx context.Context, r Reset) (Written, error) {
	rec, a, err := s.resettable(ctx, r.Token, r.For, r.Client)
	if err != nil {
		return Written{}, err
	}
	return s.redeem(ctx, rec, r.Token, change{account: a, next: r.New, method: MethodReset, client: r.Client})
}

// redeem makes a change that spends a token. Whoever loses a race for it, or to
// another write, finds that the token is no longer good.
func (s *Service) redeem(ctx context.Context, rec TokenRecord, t Token, c change) (Written, error) {
	c.consume = &rec.TokenRef
	c.recheck = func(ctx context.Context, fresh Account) error {
		_, key, err := s.peek(ctx, rec.Purpose, t)
		if err == nil {
			err = s.usableBy(fresh, rec, key)
		}
		return err
	}
	w, err := s.replace(ctx, c)
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrTokenInvalid) {
		return Written{}, s.rejectToken(ctx, rec, "lost_race", c.client)
	}
	return w, err
}

func (s *Service) resettable(ctx context.Context, t Token, h Holder, c Client) (TokenRecord, Account, error) {
	rec, a, err := s.redeemable(ctx, PurposeReset, t, c)
	if err != nil {
		return rec, a, err
	}
	ok, err := s.holds(ctx, h, a)
	if err == nil && !ok {
		err = s.rejectToken(ctx, rec, "holder", c)
	}
	return rec, a, err
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
	matches, err := s.matching(ctx, login)
	for _, m := range matches {
		if m.Ref == a.Ref {
			return true, err
		}
	}
	return false, err
}

// redeemable returns the live token and its account.
func (s *Service) redeemable(ctx context.Context, p Purpose, t Token, c Client) (TokenRecord, Account, error) {
	rec, key, err := s.peek(ctx, p, t)
	if err != nil {
		if errors.Is(err, ErrTokenInvalid) {
			return rec, Account{}, s.rejectToken(ctx, rec, "", c)
		}
		return rec, Account{}, err
	}
	a, err := s.holderOf(ctx, rec, key)
	if errors.Is(err, ErrTokenInvalid) {
		err = s.rejectToken(ctx, rec, "account", c)
	}
	return rec, a, err
}

func (s *Service) peek(ctx context.Context, p Purpose, t Token) (TokenRecord, purposeKeys, error) {
	if !t.plausible() {
		return TokenRecord{}, purposeKeys{}, ErrTokenInvalid
	}
	var dead TokenRecord
	for i, ref := range s.keys.refs(p, t) {
		rec, err := s.store.Peek(ctx, ref, s.now())
		if err == nil {
			return rec, s.keys[i], nil
		}
		if !errors.Is(err, ErrTokenInvalid) {
			return rec, purposeKeys{}, s.fault(ctx, err)
		}
		if !rec.IssuedAt.IsZero() {
			dead = rec
		}
	}
	return dead, purposeKeys{}, ErrTokenInvalid
}

// holderOf returns the account of a token, unless it may not use it (any more).
func (s *Service) holderOf(ctx context.Context, rec TokenRecord, key purposeKeys) (Account, error) {
	a, err := s.get(ctx, rec.Account)
	if errors.Is(err, ErrNotFound) {
		return a, ErrTokenInvalid
	}
	if err == nil {
		err = s.usableBy(a, rec, key)
	}
	return a, err
}

// usableBy is ErrTokenInvalid for an account that is closed, or that has given
// up the address which the token was sent to.
func (s *Service) usableBy(a Account, rec TokenRecord, key purposeKeys) error {
	if rec.Purpose == PurposeCancel {
		return nil // whoever was told may always say "not me"
	}
	if a.Disabled || !a.Active {
		return ErrTokenInvalid
	}
	if rec.Address == (Digest{}) {
		return nil
	}
	for _, own := range a.Address {
		if key.address(own) == rec.Address {
			return nil
		}
	}
	return ErrTokenInvalid
}

// rejectToken reports a token that was not accepted and returns ErrTokenInvalid.
// The reason, where the caller has none, is read off the record.
func (s *Service) rejectToken(ctx context.Context, rec TokenRecord, reason string, c Client) error {
	if reason == "" {
		switch {
		case rec.IssuedAt.IsZero():
			reason = "unknown"
		case !rec.SpentAt.IsZero():
			reason = "spent"
		case !s.now().Before(rec.ExpiresAt):
			reason = "expired"
		default:
			reason = "superseded"
		}
	}
	s.Observe(ctx, Event{Name: EventTokenRejected, Account: rec.Account, Outcome: outcomeFailure, Reason: reason, Client: c})
	return ErrTokenInvalid
}

// CancelReset says "this was not me" with the token of a notice.
type CancelReset struct {
	Token  Token
	Client Client
}

// CancelReset suspends the password, ends every session and voids every token of
// the account, in one step. The account comes back by a reset to a confirmed
// address: nothing is recovered here. ErrTokenInvalid, ErrUnavailable.
func (s *Service) CancelReset(ctx context.Context, r CancelReset) error {
	for conflicts := 0; ; conflicts++ {
		rec, a, err := s.redeemable(ctx, PurposeCancel, r.Token, r.Client)
		if err != nil {
			return err
		}
		err = s.suspend(ctx, a, &rec.TokenRef, r.Client)
		if errors.Is(err, ErrTokenInvalid) {
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
	_, err := s.apply(ctx, Write{
		Account: a.Ref, IfHash: a.Hash, IfEpoch: a.Epoch,
		Must: Compromised, Raise: true, VoidAll: true, Consume: consume, Now: now,
	}, s.notices(a, MessageSuspended, noticeDetail{at: now, client: c}))
	if err != nil {
		return err
	}
	s.Observe(ctx, Event{Name: EventSuspended, Account: a.Ref, Outcome: outcomeSuccess, Client: c})
	return nil
}

// destination picks the address that a link or code goes to: one of the
// account's own, whatever was typed.
func destination(a Account, l Login, ch Channel) (Address, error) {
	if l.Kind != Username { // the address that the login names
		for _, own := range a.Address {
			if Fold(own.Value) == l.Value && (ch == AnyChannel || ch == own.Channel) {
				return own, nil
			}
		}
	}
	for _, wanted := range []Channel{EmailChannel, SMSChannel} {
		for _, own := range a.Address {
			if own.Channel == wanted && (ch == AnyChannel || ch == wanted) {
				return own, nil
			}
		}
	}
	return Address{}, fmt.Errorf("%w: no confirmed address", errDrop)
}

// shared returns the confirmed address which a login names, as one of the
// accounts that may be reset has it, and that account's locale.
func shared(matches []Account, l Login, ch Channel) (to Address, locale string, found bool) {
	for _, a := range matches {
		if a.Disabled || !a.Active {
			continue
		}
		for _, own := range a.Address {
			if Fold(own.Value) == l.Value && (ch == AnyChannel || ch == own.Channel) {
				return own, a.Locale, true
			}
		}
	}
	return Address{}, "", false
}
