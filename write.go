package passwd

import (
	"context"
	"errors"
	"time"

	"github.com/passwd-go/passwd/pwpolicy"
)

// Written tells of a password write that has happened.
type Written struct {
	Account Ref
	// Epoch is the account's new one. Whatever was stamped with an earlier one is
	// dead; a host that keeps the session which made the change stamps it anew.
	Epoch  int64
	Method Method
	At     time.Time
}

// change is a password write on its way: all paths make one, and all go through
// replace, so that none can skip a rule (I1).
type change struct {
	account Account
	next    string
	current string // in clear, where the path has just verified it; else ""
	method  Method
	keep    string    // session that survives
	consume *TokenRef // token that is spent in the same step
	must    Reason    // "" but for an issued password
	until   time.Time
	client  Client
	// recheck decides whether to go on after somebody else wrote to the account,
	// which is now fresh: it asks again what was asked of it before. The epoch is still
	// the same, or new where there was none. nil goes on.
	recheck func(ctx context.Context, fresh Account) error
}

// byOwner reports whether it was the current password that allowed the change: then
// it is forced or not by what the account must do.
func (c change) byOwner() bool { return c.current != "" }

// maxConflicts is how often a write is tried again after a conflict that turned
// out harmless: a rehash, or a must-change flag.
const maxConflicts = 3

// replace judges the new password, hashes it and writes it, with everything
// that belongs to it, in one step.
func (s *Service) replace(ctx context.Context, c change) (Written, error) {
	for conflicts := 0; ; conflicts++ {
		h, p, err := s.accept(ctx, c)
		if err == nil {
			c.account, err = s.pinned(ctx, c.account)
		}
		var w Written
		if err == nil {
			w, err = s.write(ctx, c, h, p.Depth())
		}
		if !errors.Is(err, ErrConflict) || conflicts == maxConflicts {
			return w, err
		}
		if c, err = s.afterConflict(ctx, c); err != nil {
			return Written{}, err
		}
	}
}

// accept asks the policy and makes the hash: the one engine (I1).
func (s *Service) accept(ctx context.Context, c change) (Hash, pwpolicy.Policy, error) {
	if c.account.NoPassword {
		return "", pwpolicy.Policy{}, ErrNoPassword
	}
	p, err := s.policy(ctx, c.account)
	if err != nil {
		return "", p, err
	}
	if c.account.Must != NoReason && c.account.Hash != "" {
		if p, err = p.Over(notTheSame); err != nil {
			return "", p, s.fault(ctx, err)
		}
	}
	subject := s.subject(c)
	subject.Past = past{s, c}
	candidate := pwpolicy.NewCandidate(c.next, subject)
	violations, err := p.Check(ctx, candidate, pwpolicy.PhaseHistory)
	if err != nil {
		return "", p, s.fault(ctx, err)
	}
	if violations = append(violations, s.unhashable(candidate)...); len(violations) > 0 {
		s.Observe(ctx, Event{Name: EventChangeFailed, Account: c.account.Ref, Outcome: outcomeFailure, Reason: string(CodePasswordRejected), Method: c.method, Client: c.client})
		return "", p, &PolicyError{Violations: violations}
	}
	h, err := s.hash(ctx, candidate.Password(), c.client)
	return h, p, s.fault(ctx, err)
}

// unhashable is what keeps the hasher from reading all of a password.
func (s *Service) unhashable(c *pwpolicy.Candidate) []pwpolicy.Violation {
	limited, ok := s.cfg.Hasher.(interface{ MaxPassword() int })
	if !ok || len(c.Password()) <= limited.MaxPassword() {
		return nil
	}
	return []pwpolicy.Violation{{Code: pwpolicy.TooLong, Params: map[string]any{"max": limited.MaxPassword(), "unit": "bytes"}}}
}

// write is the one place where a hash reaches the store.
func (s *Service) write(ctx context.Context, c change, h Hash, history int) (Written, error) {
	now := s.now()
	cancel := newSeed()
	w := Write{
		Account: c.account.Ref, IfHash: c.account.Hash, IfEpoch: c.account.Epoch, IfMust: c.account.Must,
		NewHash: h, Must: c.must, MustUntil: c.until,
		KeepSession: c.keep, Consume: c.consume,
		// A completed reset voids the "this was not me" links sent before it.
		VoidAll: c.method == MethodReset,
		History: history,
		Now:     now,
	}
	var jobs []Job
	if c.method != MethodFirst { // of which its owner knows
		w.Issue = &TokenRecord{
			TokenRef: s.keys.ref(PurposeCancel, s.keys.token(cancel, PurposeCancel)),
			Account:  c.account.Ref,
			IssuedAt: now, ExpiresAt: now.Add(cancelTTL),
		}
		notice := noticeDetail{at: now, until: c.until, client: c.client, cancel: &cancel}
		if c.method != MethodTemporary { // that is an administrator's, whose language is another's
			notice.locale = c.client.trimmed().Locale
		}
		jobs = s.notices(c.account, noticeOf(c.method), notice)
	}
	done := Written{Account: c.account.Ref, Epoch: c.account.Epoch + 1, Method: c.method, At: now}
	after := s.afterWriteJob(done)
	if _, err := s.apply(ctx, w, append(jobs, after...)); err != nil {
		return Written{}, err
	}
	s.Observe(ctx, Event{Name: EventChanged, Account: done.Account, Outcome: outcomeSuccess, Method: c.method, Client: c.client})
	s.afterWrite(ctx, done, after)
	return done, nil
}

const cancelTTL = 72 * time.Hour

func noticeOf(m Method) MessageKind {
	switch m {
	case MethodReset, MethodInvitation: // both by a link from a message
		return MessagePasswordReset
	case MethodTemporary:
		return MessageTemporaryPassword
	}
	return MessagePasswordChanged
}

// apply makes a write and queues its jobs: in the same step where the store is
// the queue, else after the commit.
func (s *Service) apply(ctx context.Context, w Write, jobs []Job) (int64, error) {
	if s.storeIsQueue {
		w.Jobs = jobs
	}
	epoch, err := s.store.Apply(ctx, w)
	if err != nil {
		return 0, s.fault(ctx, err)
	}
	if s.storeIsQueue {
		s.handOver(ctx)
	} else {
		s.enqueue(context.WithoutCancel(ctx), jobs)
	}
	return epoch, nil
}

// afterConflict decides whether a write may be tried again: not if another
// password write or a revocation came first.
func (s *Service) afterConflict(ctx context.Context, c change) (change, error) {
	fresh, err := s.get(ctx, c.account.Ref)
	if err != nil {
		return c, err
	}
	if c.account.Epoch != 0 && fresh.Epoch != c.account.Epoch {
		return c, ErrConflict
	}
	if c.recheck != nil {
		if err := c.recheck(ctx, fresh); err != nil {
			return c, err
		}
	}
	c.account = fresh
	if c.byOwner() {
		c.method = methodFor(fresh)
	}
	return c, nil
}
