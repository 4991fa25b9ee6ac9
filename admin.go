package passwd

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"strings"
	"time"

	"github.com/passwd-go/passwd/pwpolicy"
)

// RequireChange asks that an account change its password.
type RequireChange struct {
	Account Ref
	// Reason is Expired, Administrator or Outdated. If "", Administrator.
	Reason Reason
	Client Client
}

// RequireChange makes the account change its password at its next sign-in, and
// reports it to callers of [Service.Live]; it ends no session. An account that
// has a temporary password, or a suspended one, stays as it is: that is stricter
// already. Errors: ErrNotFound, ErrInvalidRequest, ErrConflict, ErrUnavailable.
func (s *Service) RequireChange(ctx context.Context, r RequireChange) error {
	r.Reason = cmp.Or(r.Reason, Administrator)
	switch r.Reason {
	case Expired, Administrator, Outdated:
		return s.setMust(ctx, r.Account, Event{Name: EventChangeRequired, Reason: string(r.Reason), Client: r.Client})
	}
	return ErrInvalidRequest
}

// LiftChange withdraws a required change of password.
type LiftChange struct {
	Account Ref
	Client  Client
}

// LiftChange takes back what RequireChange asked for. An account that has a
// temporary password, or a suspended one, stays as it is. One that is Expired by a
// policy with a [pwpolicy.MaxAge] is marked again at its next sign-in. Errors: ErrNotFound,
// ErrConflict, ErrUnavailable.
func (s *Service) LiftChange(ctx context.Context, r LiftChange) error {
	return s.setMust(ctx, r.Account, Event{Name: EventChangeLifted, Client: r.Client})
}

// setMust writes the reason of an event, or that there is none any more.
func (s *Service) setMust(ctx context.Context, r Ref, e Event) error {
	must := Reason(e.Reason)
	return s.update(ctx, r, func(a Account) error {
		if a.Must == Temporary || a.Must == Compromised || a.Must == must {
			return nil
		}
		_, err := s.store.Apply(ctx, Write{
			Account: a.Ref, IfHash: a.Hash, IfEpoch: a.Epoch, IfMust: a.Must, Must: must, Now: s.now(),
		})
		if err == nil {
			e.Account, e.Outcome = a.Ref, outcomeSuccess
			s.Observe(ctx, e)
		}
		return err
	})
}

// update reads an account and writes it, again after a conflict.
func (s *Service) update(ctx context.Context, r Ref, write func(Account) error) error {
	for conflicts := 0; ; conflicts++ {
		a, err := s.get(ctx, r)
		if err != nil {
			return err
		}
		err = s.fault(ctx, write(a))
		if !errors.Is(err, ErrConflict) || conflicts == maxConflicts {
			return err
		}
	}
}

// MarkCompromised reports that somebody else knows the password of an account.
type MarkCompromised struct {
	Account Ref
	Client  Client
}

// MarkCompromised suspends the password (see [Compromised]), ends every session
// and voids every token. The owner is told at every confirmed address, and comes
// back by a reset. Errors: ErrNotFound, ErrConflict, ErrUnavailable.
func (s *Service) MarkCompromised(ctx context.Context, r MarkCompromised) error {
	return s.update(ctx, r.Account, func(a Account) error { return s.suspend(ctx, a, nil, r.Client) })
}

// IssueTemporary asks for a random password to hand over to an account's owner.
type IssueTemporary struct {
	Account Ref
	TTL     time.Duration // 0: 24 hours; at most 30 days
	Client  Client
}

// Issued is a temporary password, which cannot be read again.
type Issued struct {
	Password string    // groups of five characters, "Wk7mT-…": four or more, 85 random bits or more
	Until    time.Time // it is dead from then on
	Written
}

const (
	temporaryTTL    = 24 * time.Hour
	maxTemporaryTTL = 30 * 24 * time.Hour
)

// IssueTemporary sets a random password that conforms to the account's policy,
// opens the account for nothing but a change, cannot be the password that it is
// changed to, and is dead after the TTL (T9). The caller never chooses it (F6).
// It ends every session, and the owner is told that it happened. Errors:
// ErrNotFound, ErrInvalidRequest, ErrConflict, ErrBusy, ErrUnavailable, and a
// PolicyError if no random password conforms.
func (s *Service) IssueTemporary(ctx context.Context, r IssueTemporary) (Issued, error) {
	if r.TTL == 0 {
		r.TTL = temporaryTTL
	}
	if r.TTL < 0 || r.TTL > maxTemporaryTTL {
		return Issued{}, ErrInvalidRequest
	}
	a, err := s.get(ctx, r.Account)
	if err != nil {
		return Issued{}, err
	}
	password, err := s.randomPassword(ctx, a)
	if err != nil {
		return Issued{}, err
	}
	until := s.now().Add(r.TTL)
	w, err := s.replace(ctx, change{
		account: a, next: password, method: MethodTemporary, must: Temporary, until: until, client: r.Client,
	})
	if err != nil {
		return Issued{}, err
	}
	return Issued{Password: password, Until: until, Written: w}, nil
}

// randomPassword tries longer and longer ones until the local rules of the
// account's policy accept one.
func (s *Service) randomPassword(ctx context.Context, a Account) (string, error) {
	p, err := s.policy(ctx, a)
	if err != nil {
		return "", err
	}
	var violations []pwpolicy.Violation
	for groups := 4; groups <= 64; groups++ {
		password := randomGroups(groups)
		c := s.candidate(change{account: a, next: password, method: MethodTemporary})
		if violations, err = p.Check(ctx, c, pwpolicy.PhaseEstimate); err != nil {
			return "", s.fault(ctx, err)
		}
		if len(violations) == 0 {
			return password, nil
		}
	}
	return "", &PolicyError{Violations: violations}
}

// randomGroups returns groups of five characters, "Wk7mT-…": each has a capital,
// a small letter and a digit, no two of which look alike, and about 21 bits.
func randomGroups(n int) string {
	const (
		upper = "ABCDEFGHJKLMNPQRSTUVWXYZ"
		lower = "abcdefghijkmnpqrstuvwxyz"
		digit = "23456789"
	)
	groups := make([]string, n)
	for i := range groups {
		var g strings.Builder
		for _, class := range []string{upper, lower, digit, lower, upper} {
			g.WriteByte(class[randomInt(len(class))])
		}
		groups[i] = g.String()
	}
	return strings.Join(groups, "-")
}

func randomInt(n int) int {
	v, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // unreachable: crypto/rand does not fail
	}
	return int(v.Int64())
}

// NewHash judges a password and hashes it, for a host that writes the hash itself, as
// in an import. The account need not exist; what it has of logins and personal data is
// what the password is compared with. An account whose hash was written so has no epoch
// before its first sign-in, and its password no age: a sign-up uses [Service.SetFirst].
// Errors: a PolicyError, ErrNotFound for an account of another tenant
// ([Service.InTenant]), ErrBusy, ErrUnavailable.
func (s *Service) NewHash(ctx context.Context, a Account, password string) (Hash, error) {
	if s.foreign(a.Ref) { // whether their last passwords have this one is not for this tenant
		return "", ErrNotFound
	}
	h, _, err := s.accept(ctx, change{account: a, next: password})
	return h, err
}

// Revoke asks that what an account has open be ended.
type Revoke struct {
	Account     Ref
	KeepSession string // as in Change: "" ends them all
	Client      Client
}

// Revoke ends every session, token and JWT of the account and keeps its
// password, as after a change of e-mail address or second factor (S4). It
// returns the new epoch. Errors: ErrNotFound, ErrConflict, ErrUnavailable.
func (s *Service) Revoke(ctx context.Context, r Revoke) (epoch int64, err error) {
	err = s.update(ctx, r.Account, func(a Account) (err error) {
		epoch, err = s.store.Apply(ctx, Write{
			Account: a.Ref, IfHash: a.Hash, IfEpoch: a.Epoch, IfMust: a.Must,
			Must: a.Must, MustUntil: a.MustUntil, Raise: true, KeepSession: r.KeepSession, Now: s.now(),
		})
		return err
	})
	if err == nil {
		s.Observe(ctx, Event{Name: EventRevoked, Account: r.Account, Outcome: outcomeSuccess, Client: r.Client})
	}
	return epoch, err
}

// epochsBefore is how far RevokeAll moves epochs: past all that were given out between a
// backup and its restoration, or that a failover undid.
const epochsBefore = 1_000_000

// RevokeAll ends every session, link and JWT of every account that has an epoch, and keeps
// the passwords. It is for a database that has gone back in time, by a backup that was
// restored or by a failover to a replica that was behind: what was ended since may be good
// again there, and the next epoch of an account may be one that a JWT of then has. It
// returns the number of accounts. What "this was not me" opens stays good.
//
// The store has to have a method for it, RaiseEpochs(ctx, by int64) (accounts int, err
// error), which adds to every epoch that is not 0, in one atomic step; those of memstore
// and sqlstore have. Without it, and of a service that [Service.InTenant] has bound to one
// tenant, it is errors.ErrUnsupported. Error besides: ErrUnavailable.
func (s *Service) RevokeAll(ctx context.Context) (accounts int, err error) {
	store, ok := s.store.(epochRaiser)
	if !ok || s.only != nil {
		return 0, errors.ErrUnsupported
	}
	accounts, err = store.RaiseEpochs(ctx, epochsBefore)
	if errors.Is(err, errors.ErrUnsupported) {
		return 0, errors.ErrUnsupported
	}
	if err != nil {
		return 0, s.fault(ctx, err)
	}
	s.Observe(ctx, Event{Name: EventRevoked, Reason: "all", Outcome: outcomeSuccess})
	return accounts, nil
}

// epochRaiser is a store for RevokeAll.
type epochRaiser interface {
	RaiseEpochs(ctx context.Context, by int64) (accounts int, err error)
}

// Forget removes everything that the library keeps about an account. A host that
// deletes a user calls it in the same transaction ([Service.With], which says what that
// takes on SQLite), or afterwards, so that whoever gets the id later inherits nothing: what is begun between a Forget and
// the end of the row, a sign-in for example, would be left. While the row exists, the
// reason why the account must change its password stays, a suspension above all.
// Counts of failures are gone even if the transaction is rolled back.
// An unknown account is no error. Errors: ErrNotFound for an account of another tenant
// ([Service.InTenant]), ErrUnavailable.
func (s *Service) Forget(ctx context.Context, r Ref) error {
	if s.foreign(r) {
		return ErrNotFound
	}
	err := s.forgetCounts(ctx, r)
	if err == nil {
		err = s.fault(ctx, s.store.Forget(ctx, r))
	}
	if err == nil {
		s.Observe(ctx, Event{Name: EventForgotten, Account: r, Outcome: outcomeSuccess})
	}
	return err
}

// forgetCounts clears what was counted before the first password write: the account has
// none behind it again, as its next owner has. What was counted since does not fit it.
func (s *Service) forgetCounts(ctx context.Context, r Ref) error {
	who := subject(Login{}, Account{Ref: r}, true)
	var steps []Step
	for _, kind := range []string{"account", "told"} {
		for _, side := range []string{"others", "known"} {
			steps = append(steps, Step{Key: s.keys.limiterKey(kind, append(who, side)...), Do: StepClear})
		}
	}
	_, err := s.limit(ctx, Client{}, steps...)
	return err
}
