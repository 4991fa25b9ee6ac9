package passwd

import (
	"context"
	"errors"
	"slices"

	"github.com/passwd-go/passwd/pwpolicy"
)

// SetFirst sets the first password of an account that the host has just made, as at
// sign-up: policy → hash → one atomic write. From then on the account has an epoch, its
// password an age, and a history grows. The result is that of a sign-in, without a
// second hash: the host stamps the session that it begins with it, and calls
// [Service.Admitted] for the audit. [Config.Admit] is not asked, for the host has just
// made the account and knows what else it wants of it. An account that is not active
// yet, or closed, gets its password as well; nothing stamped with the result is live
// before it is active.
//
// To insert the user and set the password together, call it in the host's transaction
// ([Service.With]), after the insert: then there is both, or neither. Nobody is sent a
// notice. It has no limit on tries of its own: whoever may call it may make accounts.
//
// Errors: ErrConflict if the account has, or has had, a password, also if somebody else
// was faster, or if it is suspended; ErrNoPassword, which is ErrConflict, for
// [Account.NoPassword]; ErrNotFound if there is no such account, a PolicyError, ErrBusy, ErrUnavailable.
func (s *Service) SetFirst(ctx context.Context, r Ref, password string, c Client) (SignedIn, error) {
	a, err := s.get(ctx, r)
	if err != nil {
		return SignedIn{}, err
	}
	mayHave := func(ctx context.Context, a Account) error { return s.mayHaveFirst(ctx, a) }
	if err := mayHave(ctx, a); err != nil {
		return SignedIn{}, err
	}
	w, err := s.replace(ctx, change{account: a, next: password, method: MethodFirst, client: c, recheck: mayHave})
	if err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Account: w.Account, Epoch: w.Epoch, Device: s.keys.newDevice(w.Account, w.At)}, nil
}

// mayHaveFirst is ErrConflict for an account that has, or has had, a password.
func (s *Service) mayHaveFirst(ctx context.Context, a Account) error {
	if a.NoPassword {
		return ErrNoPassword
	}
	if a.Hash != "" || !a.ChangedAt.IsZero() || a.Must == Compromised {
		return ErrConflict
	}
	switch earlier, err := s.store.History(ctx, a.Ref, 1); {
	case errors.Is(err, ErrNotFound): // deleted meanwhile
		return ErrNotFound
	case err != nil:
		return s.fault(ctx, err)
	case len(earlier) > 0:
		return ErrConflict
	}
	return nil
}

// first reports whether a password of a method is the first of its account: there is
// none before it that rules could ask about.
func (m Method) first() bool { return m == MethodFirst || m == MethodInvitation }

// FirstRequirements describes the policy for the first password of an account that does
// not exist yet, as at sign-up: it is [Service.Requirements] of the account as given,
// without what asks about earlier passwords. Error: ErrUnavailable.
func (s *Service) FirstRequirements(ctx context.Context, a Account) ([]pwpolicy.Requirement, error) {
	p, err := s.policy(ctx, a)
	if err != nil {
		return nil, err
	}
	return ofFirst(p.Requirements()), nil
}

// ofFirst leaves out what asks about earlier passwords.
func ofFirst(all []pwpolicy.Requirement) []pwpolicy.Requirement {
	return slices.DeleteFunc(all, func(q pwpolicy.Requirement) bool {
		return q.Code == pwpolicy.SimilarCurrent || q.Code == pwpolicy.Reused || q.Code == pwpolicy.TooYoung
	})
}

// asTyped is what a form for a new account knows of it.
func (a Account) asTyped() Account {
	return Account{
		Ref: Ref{Tenant: a.Ref.Tenant}, Username: a.Username, Email: a.Email, Mobile: a.Mobile,
		Personal: slices.Clone(a.Personal), Locale: a.Locale,
	}
}
