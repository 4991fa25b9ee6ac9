package passwd

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/passwd-go/passwd/pwpolicy"
)

// What a live token may be used for besides its purpose: to learn whether a guess is
// the current password, by being told that it must not be used again. That many
// refusals an account gives in an hour, over all its tokens; then it is slow, and a
// token that goes on dies.
var reusedAnHour = Limit{Free: 5, Window: time.Hour}

const maxReused = 20 // of one token

// redeem makes a change that spends a token. Whoever loses a race for it, or to
// another write, finds that the token is no longer good. Only presenting a live token
// is counted, apart from everything that strangers can count up (I11).
func (s *Service) redeem(ctx context.Context, rec TokenRecord, t Token, c change) (Written, error) {
	s.placeless(ctx, c.client)
	a := c.account.Ref
	reused := s.keys.limiterKey("reused", a.Tenant, a.ID)
	_, err := s.limit(ctx, c.client,
		Step{Key: s.keys.limiterKey("redeem", "from", network(c.client.Addr)), Do: StepTake, Limit: s.cfg.Limits.Redeem},
		Step{Key: s.keys.limiterKey("redeem", string(rec.Purpose), a.Tenant, a.ID), Do: StepTake, Limit: s.cfg.Limits.Redeem},
		Step{Key: reused, Do: StepPeek, Limit: reusedAnHour})
	if err != nil {
		return Written{}, err
	}
	c.consume = &rec.TokenRef
	more := c.recheck
	c.recheck = func(ctx context.Context, fresh Account) error {
		_, err := s.peek(ctx, rec.Purpose, t)
		if err == nil {
			err = s.usableBy(fresh, rec)
		}
		if err == nil && more != nil {
			err = more(ctx, fresh)
		}
		return err
	}
	w, err := s.replace(ctx, c)
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrTokenInvalid) || errors.Is(err, ErrNotFound) {
		return Written{}, s.rejectToken(ctx, rec, "lost_race", c.client)
	}
	if rejected, ok := errors.AsType[*PolicyError](err); ok && rejected.tellsThePast() {
		if failed := s.countReused(context.WithoutCancel(ctx), rec, reused, c); failed != nil {
			return Written{}, failed
		}
	}
	return w, err
}

// tellsThePast reports that a password was rejected for being one that the account has
// or had.
func (e *PolicyError) tellsThePast() bool {
	return slices.ContainsFunc(e.Violations, func(v pwpolicy.Violation) bool { return v.Code == pwpolicy.Reused })
}

// countReused counts a refusal that tells of the past. The last one that a token
// stands spends it: the one exception to a rejected password burning nothing (I4).
func (s *Service) countReused(ctx context.Context, rec TokenRecord, reused string, c change) error {
	answers, err := s.limit(ctx, c.client,
		Step{Key: reused, Do: StepTake, Limit: reusedAnHour, Silent: true},
		Step{Key: s.keys.limiterKey("oracle", string(rec.Digest[:])), Do: StepTake, Limit: Limit{Free: maxReused, Window: maxResetTTL}, Silent: true})
	if err != nil || answers[1].Count < maxReused {
		return err
	}
	err = s.update(ctx, rec.Account, func(a Account) error {
		_, err := s.store.Apply(ctx, Write{
			Account: a.Ref, IfHash: a.Hash, IfEpoch: a.Epoch, IfMust: a.Must, Must: a.Must, MustUntil: a.MustUntil, Consume: &rec.TokenRef, Now: s.now(),
		})
		return err
	})
	if errors.Is(err, ErrTokenInvalid) || errors.Is(err, ErrNotFound) {
		return nil // it is dead already
	}
	return err
}

// redeemable returns the live token and its account.
func (s *Service) redeemable(ctx context.Context, p Purpose, t Token, c Client) (TokenRecord, Account, error) {
	rec, err := s.peek(ctx, p, t)
	if err != nil {
		return rec, Account{}, s.rejected(ctx, rec, "", c, err)
	}
	a, err := s.holderOf(ctx, rec)
	return rec, a, s.rejected(ctx, rec, unusable(a, rec), c, err)
}

// unusable is the reason why an account may not use a token that the store took for live.
func unusable(a Account, rec TokenRecord) string {
	if a.Epoch != 0 && a.Epoch != rec.Epoch {
		return "" // superseded, which the store may not have seen
	}
	return "account"
}

func (s *Service) peek(ctx context.Context, p Purpose, t Token) (TokenRecord, error) {
	rec, _, err := s.lookUp(ctx, p, t, func(ref TokenRef) (TokenRecord, error) {
		return s.store.Peek(ctx, ref, s.now())
	})
	return rec, err
}

// lookUp asks the store for a live token under each of the keys, and returns the
// one that it was stored under. With ErrTokenInvalid the record, if there is one,
// is for the audit.
func (s *Service) lookUp(ctx context.Context, p Purpose, t Token, ask func(TokenRef) (TokenRecord, error)) (TokenRecord, purposeKeys, error) {
	if !t.plausible() {
		return TokenRecord{}, purposeKeys{}, ErrTokenInvalid
	}
	var dead TokenRecord
	for i, ref := range s.keys.refs(p, t) {
		rec, err := ask(ref)
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
func (s *Service) holderOf(ctx context.Context, rec TokenRecord) (Account, error) {
	a, err := s.get(ctx, rec.Account)
	if errors.Is(err, ErrNotFound) {
		return a, ErrTokenInvalid
	}
	if err == nil {
		err = s.usableBy(a, rec)
	}
	return a, err
}

// usableBy is ErrTokenInvalid for an account that is closed, that must not have a
// password, or has one that it was invited to set, or that has given up the address which
// the token was sent to. That may be noted under another key than the token: one that a
// code was exchanged for keeps what the code had.
func (s *Service) usableBy(a Account, rec TokenRecord) error {
	if rec.Purpose == PurposeCancel {
		return nil // whoever was told may always say "not me"
	}
	if rec.Epoch != a.Epoch { // it has moved since the token was looked up
		return ErrTokenInvalid
	}
	if a.Disabled || !a.Active || a.NoPassword || rec.Purpose == PurposeInvitation && a.Hash != "" {
		return ErrTokenInvalid
	}
	if rec.Address == (Digest{}) {
		return nil
	}
	for _, own := range a.Address {
		for _, key := range s.keys {
			if key.address(own) == rec.Address {
				return nil
			}
		}
	}
	return ErrTokenInvalid
}

// rejected is rejectToken where err says that the token is not acceptable, else err.
func (s *Service) rejected(ctx context.Context, rec TokenRecord, reason string, c Client, err error) error {
	if errors.Is(err, ErrTokenInvalid) {
		return s.rejectToken(ctx, rec, reason, c)
	}
	return err
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
