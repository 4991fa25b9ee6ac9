package passwd

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// Check asks what the policy holds against a password, while it is being typed.
type Check struct {
	Password string
	// Whose it would be: an account, or the one that a live reset token or ticket
	// belongs to. Exactly one is set.
	Account Ref
	Token   Token
	Ticket  Token
	Client  Client
}

// Report is what a policy check found.
type Report struct {
	Violations []Violation // empty if the password would do, as far as can be told beforehand
	Score      *int        // 0, guessed at once, to 4; nil unless a rule of the policy is [Scoring]
}

// Check runs the local rules and the estimate only: never the current password,
// the history or a breach source, so that it cannot be used to guess. It spends
// nothing. Errors: ErrTokenInvalid, ErrEnded, a RateLimitError, ErrUnavailable.
func (s *Service) Check(ctx context.Context, r Check) (Report, error) {
	a, err := s.checked(ctx, r)
	if err != nil {
		return Report{}, err
	}
	ask := s.newTry(ctx, r.Client)
	if err := ask.take(s.keys.limiterKey("check", a.Ref.Tenant, a.Ref.ID), s.cfg.Limits.Checks); err != nil {
		return Report{}, err
	}
	p, err := s.policy(ctx, a)
	if err != nil {
		return Report{}, err
	}
	c := s.candidate(change{account: a, next: r.Password, method: r.method(a)})
	c.matches, c.history = nil, nil
	violations, err := p.Check(ctx, c, PhaseEstimate)
	if err != nil {
		return Report{}, s.fault(ctx, err)
	}
	report := Report{Violations: violations}
	if score, ok := p.Score(c); ok {
		report.Score = &score
	}
	return report, nil
}

// method is how the password would come to be written.
func (r Check) method(a Account) Method {
	switch {
	case r.Token != "":
		return MethodReset
	case r.Ticket != "":
		return MethodForced
	}
	return methodFor(a)
}

func (s *Service) checked(ctx context.Context, r Check) (a Account, err error) {
	switch {
	case r.Token != "":
		_, a, err = s.redeemable(ctx, PurposeReset, r.Token, r.Client)
	case r.Ticket != "":
		_, a, err = s.redeemable(ctx, PurposeTicket, r.Ticket, r.Client)
	default:
		if a, err = s.get(ctx, r.Account); errors.Is(err, ErrNotFound) {
			err = ErrEnded
		}
	}
	return a, err
}

// Requirements describes the policy of an account. One that does not exist, as at
// registration or where only the tenant is known, is taken as it is given. Error:
// ErrUnavailable.
func (s *Service) Requirements(ctx context.Context, a Account) ([]Requirement, error) {
	if a.Ref.ID != "" {
		switch stored, err := s.get(ctx, a.Ref); {
		case err == nil:
			a = stored
		case !errors.Is(err, ErrNotFound):
			return nil, err
		}
	}
	p, err := s.policy(ctx, a)
	if err != nil {
		return nil, err
	}
	return p.Requirements(), nil
}

// policy returns the policy of an account, over the floor.
func (s *Service) policy(ctx context.Context, a Account) (Policy, error) {
	if s.cfg.PolicyFor == nil {
		return s.cfg.Policy, nil
	}
	p, err := s.cfg.PolicyFor(ctx, a)
	if err == nil {
		p, err = p.Over(s.cfg.PolicyFloor)
	}
	return p, s.fault(ctx, err)
}

func (s *Service) candidate(c change) *Candidate {
	candidate := NewCandidate(c.next, c.account)
	candidate.method = c.method
	candidate.current = c.current
	candidate.words = s.words(c.account.Ref)
	candidate.now = s.now()
	candidate.matches = func(ctx context.Context, h Hash, password string) (bool, error) {
		v, err := s.compare(ctx, h, password)
		if unjudgeable(err) {
			s.Observe(ctx, Event{Name: EventHashNotJudged, Account: c.account.Ref, Outcome: outcomeFailure, Method: c.method, Client: c.client, Err: err})
			err = nil
		}
		return v.Match, err
	}
	candidate.history = func(ctx context.Context, n int) ([]Hash, error) {
		hashes, err := s.store.History(ctx, c.account.Ref, n)
		if errors.Is(err, ErrNotFound) { // at registration
			err = nil
		}
		return hashes, err
	}
	return candidate
}

// words are what the passwords of all accounts of a tenant must not be made of.
func (s *Service) words(r Ref) []string {
	var words []string
	for _, w := range []string{s.base.Hostname(), r.Tenant} {
		if _, notName := netip.ParseAddr(w); w != "" && notName != nil {
			words = append(words, w)
		}
	}
	return words
}

// sameAgain refuses the current password where the account must change it: an
// issued or leaked password must not become permanent (T9), under any policy.
func (s *Service) sameAgain(ctx context.Context, c *Candidate) ([]Violation, error) {
	if c.account.Must == NoReason || c.account.Hash == "" {
		return nil, nil
	}
	same, err := c.IsCurrent(ctx)
	if err != nil || !same {
		return nil, err
	}
	return []Violation{{Reused, map[string]any{"depth": 1}}}, nil
}

// due marks an account, as it was read, whose password has grown too old, and
// returns by when it must be changed if that is to be told. It writes nothing.
func (s *Service) due(ctx context.Context, a Account) (Account, time.Time, error) {
	if a.Must != NoReason || a.ChangedAt.IsZero() {
		return a, time.Time{}, nil
	}
	p, err := s.policy(ctx, a)
	if err != nil {
		return a, time.Time{}, err
	}
	switch warn, must := p.deadline(a.ChangedAt); {
	case must.IsZero() || s.now().Before(warn):
		return a, time.Time{}, nil
	case s.now().Before(must):
		return a, must, nil
	}
	a.Must = Expired
	return a, time.Time{}, nil
}

// expire is due, and writes the mark down, so that tickets and sessions know it.
// It happens once: a marked account is not asked again, and a password write
// takes the mark off.
func (s *Service) expire(ctx context.Context, a Account, c Client) (Account, time.Time, error) {
	for conflicts := 0; ; conflicts++ {
		marked, changeBy, err := s.due(ctx, a)
		if err != nil || marked.Must == a.Must {
			return a, changeBy, err
		}
		marked.Epoch, err = s.store.Apply(ctx, Write{
			Account: a.Ref, IfHash: a.Hash, IfEpoch: a.Epoch, Must: marked.Must, Now: s.now(),
		})
		if err == nil {
			s.Observe(ctx, Event{Name: EventChangeRequired, Account: a.Ref, Outcome: outcomeSuccess, Reason: string(marked.Must), Client: c})
			return marked, changeBy, nil
		}
		if !errors.Is(err, ErrConflict) || conflicts == maxConflicts {
			return a, changeBy, s.fault(ctx, err)
		}
		// Somebody else may have given the account its first epoch, no more.
		fresh, err := s.get(ctx, a.Ref)
		if err == nil && (fresh.Hash != a.Hash || a.Epoch != 0) {
			err = ErrConflict
		}
		if err != nil {
			return a, changeBy, err
		}
		a = fresh
	}
}
