package passwd

import (
	"context"
	"errors"
)

// Change is a signed-in user's request to change their password.
type Change struct {
	Account     Ref
	Current     string // as typed; one that cannot be a password is simply wrong
	New         string // as typed; one that cannot be a password is a PolicyError
	KeepSession string // the session that asks, where the store keeps sessions; "" ends it too
	Client      Client
}

// Change replaces the password of a signed-in account: limiter on the guess →
// current password → policy → hash → one atomic write. It ends all the
// account's sessions but KeepSession, and every link and code sent.
//
// Errors: ErrWrongPassword (also for an account that is disabled, suspended or
// not active), a PolicyError, ErrConflict if another write came first, ErrEnded
// if there is no such account, a RateLimitError, ErrBusy, ErrUnavailable.
func (s *Service) Change(ctx context.Context, r Change) (Written, error) {
	a, err := s.get(ctx, r.Account)
	if errors.Is(err, ErrNotFound) {
		return Written{}, ErrEnded
	}
	if err != nil {
		return Written{}, err
	}
	guess, err := s.newCurrentGuess(ctx, a, r.Client)
	if err != nil {
		return Written{}, err
	}
	current := newTyped(r.Current)
	v, err := s.verify(ctx, a, current, r.Client)
	if err != nil {
		return Written{}, guess.abandon(s.fault(ctx, err))
	}
	refused, err := s.refusalAt(ctx, a, true, v, guess)
	if err != nil {
		return Written{}, guess.abandon(err)
	}
	if refused == nil {
		refused = s.unusable(a)
	}
	if refused != nil {
		s.Observe(ctx, Event{Name: EventChangeFailed, Account: a.Ref, Outcome: outcomeFailure, Reason: refused.reason, Method: MethodChange, Client: r.Client})
		return Written{}, s.refuse(ctx, a, true, guess, ErrWrongPassword)
	}
	if err := guess.succeeded(); err != nil {
		return Written{}, err
	}
	w, err := s.replace(ctx, change{
		account: a, next: r.New, current: current.nfc, method: methodFor(a),
		keep: r.KeepSession, client: r.Client,
		recheck: func(ctx context.Context, fresh Account) error {
			return s.stillCurrent(ctx, a.Hash, fresh, current, r.Client, ErrWrongPassword)
		},
	})
	if errors.Is(err, ErrNotFound) {
		err = ErrEnded
	}
	return w, err
}

func methodFor(a Account) Method {
	if a.Must != NoReason {
		return MethodForced
	}
	return MethodChange
}

// stillCurrent lets a write go on after a conflict if the password that was
// verified is still the account's: it was rehashed, or only a flag has changed.
func (s *Service) stillCurrent(ctx context.Context, verified Hash, fresh Account, current typed, c Client, wrong error) error {
	refused, err := s.stillOpens(ctx, verified, fresh, current, c)
	switch {
	case err != nil || refused == nil:
		return err
	case refused.reason == wrongPassword:
		return ErrConflict
	}
	return wrong
}

// ChangeByLogin is a request to change a password by login and current password
// instead of a session.
type ChangeByLogin struct {
	Login   Login
	Current string
	New     string
	// Always changes it although nothing requires that. If false, an account that need
	// not change its password is ErrNoChangeNeeded.
	Always bool
	Client Client
}

// ChangeByLogin replaces the password of the one account that the login names.
// The order is credentials → activation → need → Config.Admit → policy, and the
// failures of the first two are those of [Service.SignIn], counted together with
// them. Its other errors: ErrNoChangeNeeded, that of Config.Admit, and those of
// [Service.Change], with ErrWrongCredentials in place of ErrWrongPassword.
func (s *Service) ChangeByLogin(ctx context.Context, r ChangeByLogin) (Written, error) {
	current := newTyped(r.Current)
	a, _, err := s.open(ctx, r.Login, current, r.Client, s.expire)
	if err == nil {
		err = s.admits(ctx, r, a)
	}
	if err != nil {
		return Written{}, err
	}
	w, err := s.replace(ctx, change{
		account: a, next: r.New, current: current.nfc, method: methodFor(a), client: r.Client,
		recheck: func(ctx context.Context, fresh Account) error {
			err := s.stillCurrent(ctx, a.Hash, fresh, current, r.Client, ErrWrongCredentials)
			if err == nil {
				err = s.admits(ctx, r, fresh)
			}
			return err
		},
	})
	if errors.Is(err, ErrNotFound) {
		err = ErrWrongCredentials
	}
	return w, err
}

// admits decides, after the right password, whether it may be changed.
func (s *Service) admits(ctx context.Context, r ChangeByLogin, a Account) error {
	if !r.Always && a.Must == NoReason {
		return ErrNoChangeNeeded
	}
	if s.cfg.Admit == nil {
		return nil
	}
	return s.cfg.Admit(ctx, a, r.Client)
}

// ChangeWithTicket is a request to change a password with the ticket of a sign-in
// after which it must be changed.
type ChangeWithTicket struct {
	Ticket Token
	New    string
	Client Client
}

// ChangeWithTicket replaces the password and spends the ticket in one step; a
// rejected password spends nothing. Errors: ErrTokenInvalid, also for the loser
// of a race, a PolicyError, ErrBusy, ErrUnavailable.
func (s *Service) ChangeWithTicket(ctx context.Context, r ChangeWithTicket) (Written, error) {
	rec, a, err := s.redeemable(ctx, PurposeTicket, r.Ticket, r.Client)
	if err != nil {
		return Written{}, err
	}
	if !s.mayUseTicket(a) {
		return Written{}, s.rejectToken(ctx, rec, "account", r.Client)
	}
	return s.redeem(ctx, rec, r.Ticket, change{
		account: a, next: r.New, method: MethodForced, client: r.Client,
		recheck: func(_ context.Context, fresh Account) error {
			if !s.mayUseTicket(fresh) {
				return ErrTokenInvalid
			}
			return nil
		},
	})
}

// mayUseTicket reports whether an account has to change its password, and may.
func (s *Service) mayUseTicket(a Account) bool {
	return a.Must != NoReason && a.Must != Compromised && s.unusable(a) == nil
}
