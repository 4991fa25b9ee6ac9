package passwd

import (
	"context"
	"crypto/hmac"
	"errors"
	"strconv"
)

// RequestCode asks for a one-time code, to be typed.
type RequestCode struct {
	Login   Login
	Channel Channel
	Client  Client
}

// RequestCode is [Service.RequestReset] for a code of 8 digits, good for 10
// minutes, 5 attempts, and together with the returned request only: a fresh
// random token for every login, known or not. Its errors are those of RequestReset.
func (s *Service) RequestCode(ctx context.Context, r RequestCode) (request Token, err error) {
	sd := newSeed()
	if err := s.request(ctx, r.Login, r.Channel, r.Client, &requestTask{taskHead: taskHead{Kind: taskCode, Seed: sd}, TTL: codeTTL}); err != nil {
		return "", err
	}
	return s.keys.token(sd, PurposeCode), nil
}

// RedeemCode exchanges a code for a reset token.
type RedeemCode struct {
	Request Token // what RequestCode returned
	// Code is as typed or copied: decimal digits of any script count, and spaces,
	// dashes and invisible characters around and between them do not.
	Code   OneTimeCode
	Client Client
}

// RedeemCode counts an attempt, and for the right code spends it and issues a
// reset token, good for 10 minutes, in one step. Unknown, expired, exhausted,
// wrong: all are ErrTokenInvalid. Failures also count for the account, whichever
// code they were at (T5), and for the client address. Other errors: a RateLimitError,
// of the address alone, and ErrUnavailable.
func (s *Service) RedeemCode(ctx context.Context, r RedeemCode) (Token, error) {
	guess := s.newTry(ctx, r.Client)
	if err := guess.take(s.addressKey(r.Client), s.cfg.Limits.Address); err != nil {
		return "", err
	}
	rec, key, err := s.attempt(ctx, r.Request)
	if err != nil {
		return "", s.rejectedCode(ctx, rec, "", guess, err)
	}
	if err := s.countCode(ctx, guess, rec); err != nil {
		return "", err
	}
	typed := r.Code.digits()
	want := key.verifier(r.Request, typed)
	if typed == "" || !hmac.Equal(want[:], rec.Verifier[:]) {
		if rec.Attempts >= codeTries {
			s.Observe(ctx, Event{Name: EventCodeExhausted, Account: rec.Account, Outcome: outcomeFailure, Client: r.Client})
		}
		return "", s.rejectToken(ctx, rec, "wrong_code", r.Client)
	}
	if _, err := s.holderOf(ctx, rec); err != nil {
		return "", s.rejectedCode(ctx, rec, "account", guess, err)
	}
	// First the counts, then the code: a limiter that fails must not cost the code.
	if err := guess.succeeded(""); err != nil {
		return "", err
	}
	t, err := s.exchange(ctx, rec)
	return t, s.rejected(ctx, rec, "spent", r.Client, err)
}

// rejectedCode is rejected for a guess, which any other error takes back.
func (s *Service) rejectedCode(ctx context.Context, rec TokenRecord, reason string, guess *try, err error) error {
	if errors.Is(err, ErrTokenInvalid) {
		return s.rejectToken(ctx, rec, reason, guess.client)
	}
	return guess.abandon(err)
}

// attempt counts one attempt at the code of a request.
func (s *Service) attempt(ctx context.Context, request Token) (TokenRecord, purposeKeys, error) {
	return s.lookUp(ctx, PurposeCode, request, func(ref TokenRef) (TokenRecord, error) {
		return s.store.Attempt(ctx, ref, codeTries, s.now())
	})
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
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) {
		err = ErrTokenInvalid // the epoch has moved, or the account is gone: the code is dead too
	}
	if err != nil {
		return "", s.fault(ctx, err)
	}
	return t, nil
}
