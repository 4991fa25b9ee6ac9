package passwd

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/passwd-go/passwd/pwpolicy"
)

// Check asks whether a password is acceptable, while it is being typed.
type Check struct {
	Password string
	// The account that the password is for: named, or the one that a live token of a
	// reset link or of an invitation, or a ticket, belongs to, or one that does not exist yet, as far as it has been
	// typed at sign-up. Exactly one is set.
	Account    Ref
	Token      Token
	Ticket     Token
	Invitation Token
	SignUp     *Account
	Client     Client
}

// Report is what a policy check found.
type Report struct {
	Violations []pwpolicy.Violation // empty if the password is acceptable, as far as can be told beforehand
	Score      *int                 // 0, guessed at once, to 4; nil unless a rule of the policy is [pwpolicy.Scoring]
	Notes      []pwpolicy.Note      // what is accepted, but may not be meant: "ends with a space"
	Advice     []pwpolicy.Advice    // what would raise the Score; empty if there is none, and from 3 on
}

// Check runs the local rules and the estimate only: never the current password,
// the history or a breach source, so that it cannot be used to guess. It spends
// nothing. At sign-up it reads no account, so that it does not tell which logins are
// taken, and is counted by the client network. Errors: ErrTokenInvalid, ErrEnded,
// ErrNotFound for sign-up at another tenant ([Service.InTenant]), a RateLimitError,
// ErrUnavailable.
func (s *Service) Check(ctx context.Context, r Check) (Report, error) {
	a, err := s.checked(ctx, r)
	if err != nil {
		return Report{}, err
	}
	checks := Step{Key: s.keys.limiterKey("check", a.Ref.Tenant, a.Ref.ID), Do: StepTake, Limit: s.cfg.Limits.Checks}
	if r.SignUp != nil {
		s.placeless(ctx, r.Client)
		checks.Key = s.keys.limiterKey("check", "sign-up", network(r.Client.Addr), "")
	}
	if _, err := s.limit(ctx, r.Client, checks); err != nil {
		return Report{}, err
	}
	p, err := s.policy(ctx, a)
	if err != nil {
		return Report{}, err
	}
	c := s.candidate(change{account: a, next: r.Password, method: r.method(a)})
	violations, err := p.Check(ctx, c, pwpolicy.PhaseEstimate)
	if err != nil {
		return Report{}, s.fault(ctx, err)
	}
	violations = append(violations, s.unhashable(c)...)
	report := Report{Violations: violations, Notes: pwpolicy.Notes(r.Password)}
	if score, ok := p.Score(c); ok {
		report.Score = &score
		if c.Password() != "" { // else there is nothing to estimate
			report.Advice = c.Estimate().Feedback
		}
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
	case r.Invitation != "":
		return MethodInvitation
	case r.SignUp != nil:
		return MethodFirst
	}
	return methodFor(a)
}

func (s *Service) checked(ctx context.Context, r Check) (a Account, err error) {
	switch {
	case r.Token != "":
		_, a, err = s.redeemable(ctx, PurposeReset, r.Token, r.Client)
	case r.Ticket != "":
		_, a, err = s.redeemable(ctx, PurposeTicket, r.Ticket, r.Client)
	case r.Invitation != "":
		_, a, err = s.redeemable(ctx, PurposeInvitation, r.Invitation, r.Client)
	case r.SignUp != nil:
		if a = r.SignUp.asTyped(); s.foreign(a.Ref) {
			err = ErrNotFound
		}
	default:
		if a, err = s.get(ctx, r.Account); errors.Is(err, ErrNotFound) {
			err = ErrEnded
		}
	}
	return a, err
}

// Requirements describes the policy of an account. An account that does not exist,
// as at registration or where only the tenant is known, is taken as given. What asks
// about earlier passwords is left out for one that has none. Errors: ErrNoPassword for
// [Account.NoPassword], ErrUnavailable.
func (s *Service) Requirements(ctx context.Context, a Account) ([]pwpolicy.Requirement, error) {
	first := false
	if a.Ref.ID != "" {
		switch stored, err := s.get(ctx, a.Ref); {
		case err == nil && stored.NoPassword:
			return nil, ErrNoPassword
		case err == nil:
			a = stored
			first = a.Hash == "" && a.ChangedAt.IsZero()
		case !errors.Is(err, ErrNotFound):
			return nil, err
		}
	}
	p, err := s.policy(ctx, a)
	if err != nil {
		return nil, err
	}
	if first {
		return ofFirst(p.Requirements()), nil
	}
	return p.Requirements(), nil
}

// policy returns the policy of an account, over the floor.
func (s *Service) policy(ctx context.Context, a Account) (pwpolicy.Policy, error) {
	if s.cfg.PolicyFor == nil {
		return s.cfg.Policy, nil
	}
	p, err := s.cfg.PolicyFor(ctx, a)
	if err == nil {
		p, err = p.Over(s.cfg.PolicyFloor)
	}
	return p, s.fault(ctx, err)
}

// candidate is a password on its way, for the rules.
func (s *Service) candidate(c change) *pwpolicy.Candidate {
	return pwpolicy.NewCandidate(c.next, s.subject(c))
}

// subject is the account that a password is for, without what it had before.
func (s *Service) subject(c change) pwpolicy.Subject {
	a := c.account
	subject := pwpolicy.Subject{
		Personal: a.Personal, Context: s.words(a.Ref),
		Occasion: c.method.occasion(), Current: c.current, ChangedAt: a.ChangedAt, Now: s.now(),
	}
	for _, kind := range []LoginKind{Username, Email, Mobile} {
		if value := a.identifier(kind); value != "" {
			subject.Logins = append(subject.Logins, pwpolicy.Attribute{Name: string(kind), Value: value})
		}
	}
	return subject
}

// occasion is the method as rules know it.
func (m Method) occasion() pwpolicy.Occasion {
	if m.first() {
		return pwpolicy.OccasionRegistration
	}
	return pwpolicy.Occasion(m)
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

// past is what the rules may ask about an account's passwords.
type past struct {
	service *Service
	change  change
}

func (p past) IsCurrent(ctx context.Context, password string) (bool, error) {
	return p.matches(ctx, p.change.account.Hash, password)
}

func (p past) IsEarlier(ctx context.Context, password string, n int) (bool, error) {
	hashes, err := p.service.store.History(ctx, p.change.account.Ref, n)
	if errors.Is(err, ErrNotFound) { // at registration
		err = nil
	}
	if err != nil {
		return false, err
	}
	for _, h := range hashes {
		if same, err := p.matches(ctx, h, password); same || err != nil {
			return same, err
		}
	}
	return false, nil
}

// matches costs a hash. One that the hasher cannot judge, as its format was given up
// or its parameters are beyond bounds, is passed over, with an event: it must not
// keep the account from a better password for as long as it stays in the history.
func (p past) matches(ctx context.Context, h Hash, password string) (bool, error) {
	if h == "" {
		return false, nil
	}
	v, err := p.service.compare(ctx, h, password, p.change.client)
	if cannotVerify(err) {
		c := p.change
		p.service.Observe(ctx, Event{Name: EventHashNotJudged, Account: c.account.Ref, Outcome: outcomeFailure, Method: c.method, Client: c.client, Err: err})
		err = nil
	}
	return v.Match, err
}

// notTheSame is under every policy where an account must change its password: an
// issued or leaked one must not become permanent (T9).
var notTheSame = func() pwpolicy.Policy {
	p, err := pwpolicy.New(pwpolicy.NotReused{Last: 1})
	if err != nil {
		panic(err) // unreachable
	}
	return p
}()

// due marks an account, as it was read, whose password has grown too old, and
// returns when it must be changed, if its owner should be warned. It writes nothing.
func (s *Service) due(ctx context.Context, a Account) (Account, time.Time, error) {
	if a.Must != NoReason || a.ChangedAt.IsZero() {
		return a, time.Time{}, nil
	}
	p, err := s.policy(ctx, a)
	if err != nil {
		return a, time.Time{}, err
	}
	switch warn, must := p.Deadline(a.ChangedAt); {
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
// takes the mark off. After ErrConflict the account has to be read again, and judged
// again.
func (s *Service) expire(ctx context.Context, a Account, c Client) (Account, time.Time, error) {
	marked, changeBy, err := s.due(ctx, a)
	if err != nil || marked.Must == a.Must {
		return a, changeBy, err
	}
	marked.Epoch, err = s.store.Apply(ctx, Write{
		Account: a.Ref, IfHash: a.Hash, IfEpoch: a.Epoch, IfMust: a.Must, Must: marked.Must, Now: s.now(),
	})
	if err != nil {
		return a, changeBy, s.fault(ctx, err)
	}
	s.Observe(ctx, Event{Name: EventChangeRequired, Account: a.Ref, Outcome: outcomeSuccess, Reason: string(marked.Must), Client: c})
	return marked, changeBy, nil
}
