package passwd

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

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
// Errors: ErrHasPassword if the account has, or has had, a password, also if somebody else
// was faster; ErrNoPassword for [Account.NoPassword]; ErrConflict, which those two are as
// well, if it is suspended, or written to meanwhile; ErrNotFound if there is no such
// account, a PolicyError, ErrBusy, ErrUnavailable.
func (s *Service) SetFirst(ctx context.Context, r Ref, password string, c Client) (SignedIn, error) {
	a, err := s.get(ctx, r)
	if err != nil {
		return SignedIn{}, err
	}
	if err := s.mayHaveFirst(ctx, a); err != nil {
		return SignedIn{}, err
	}
	w, err := s.replace(ctx, change{account: a, next: password, method: MethodFirst, client: c, recheck: s.mayHaveFirst})
	if err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Account: w.Account, Epoch: w.Epoch, Device: s.keys.newDevice(w.Account, w.At)}, nil
}

// mayHaveFirst refuses an account that has, or has had, a password.
func (s *Service) mayHaveFirst(ctx context.Context, a Account) error {
	if a.NoPassword {
		return ErrNoPassword
	}
	if a.Hash != "" || a.Outside || !a.ChangedAt.IsZero() {
		return ErrHasPassword
	}
	if a.Must == Compromised {
		return fmt.Errorf("%w: it is suspended", ErrConflict)
	}
	switch earlier, err := s.store.History(ctx, a.Ref, 1); {
	case errors.Is(err, ErrNotFound): // deleted meanwhile
		return ErrNotFound
	case err != nil:
		return s.fault(ctx, err)
	case len(earlier) > 0:
		return ErrHasPassword
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

const (
	invitationTTL    = 24 * time.Hour // T3
	maxInvitationTTL = 7 * 24 * time.Hour
)

// Invite sends the owner of an account that has no password yet a link to set the first
// one with: an administrator's way to give an account a password without seeing it. The
// channel may be AnyChannel: then it is the first confirmed e-mail address, else the
// first confirmed mobile number. The link is good for 24 hours
// ([Config.InsecureInvitationTTL]), by SMS for 10 minutes, and only while the account
// has no password. Another invitation takes the place of the one before. [Service.Revoke]
// withdraws it, and so does whatever else raises the epoch.
//
// It is for administrators, whom it tells what there is: for whoever asks for a link to
// their own account there is [Service.RequestReset]. In the host's transaction
// ([Service.With]) the invitation goes out once the user is committed. The message says
// nothing about the client that invited; an [EventInvited] does.
//
// Errors: ErrNotFound; ErrHasPassword if the account has a password; ErrNoPassword for
// [Account.NoPassword]; ErrConflict, which those two are as well, if it is not active or
// closed, or somebody else has written to it; ErrUndeliverable if it has no confirmed
// address in that channel: [Account.Address], where a store leaves out unconfirmed ones;
// ErrInvalidRequest for another channel, ErrQueueFull, ErrNotRunning, ErrUnavailable.
func (s *Service) Invite(ctx context.Context, r Ref, ch Channel, c Client) error {
	return s.send(ctx, r, ch, c, &sentTask{taskHead: taskHead{Kind: taskInvitation}})
}

// SendReset sends the owner of an account a link to set a new password with, as
// [Service.RequestReset] does, but at an administrator's wish: it names the account, and
// has no limit. The link is good for 24 hours, for nobody waits for it, by SMS for 10
// minutes. Revoke withdraws it. Errors are those of [Service.Invite], but that an
// account with a password is none.
func (s *Service) SendReset(ctx context.Context, r Ref, ch Channel, c Client) error {
	return s.send(ctx, r, ch, c, &sentTask{taskHead: taskHead{Kind: taskSentReset}})
}

// send puts a message to an account on the queue.
func (s *Service) send(ctx context.Context, r Ref, ch Channel, c Client, t *sentTask) error {
	if ch != AnyChannel && ch != EmailChannel && ch != SMSChannel {
		return ErrInvalidRequest
	}
	if s.noWorker() {
		return ErrNotRunning
	}
	a, err := s.get(ctx, r)
	if err == nil {
		err = t.allowed(a)
	}
	if err == nil {
		_, err = destination(a, Login{Kind: Username}, ch)
	}
	if errors.Is(err, errDrop) {
		err = ErrUndeliverable
	}
	if err == nil {
		a, err = s.pinned(ctx, a)
	}
	if err != nil {
		return err
	}
	ttl := maxResetTTL
	name := EventResetRequested
	if t.Kind == taskInvitation {
		ttl, name = s.cfg.InsecureInvitationTTL, EventInvited
	}
	t.Seed, t.At = newSeed(), s.now()
	t.Account, t.Epoch, t.Channel, t.Until = a.Ref, a.Epoch, ch, t.At.Add(ttl)
	key := s.keys.limiterKey("sent link", string(t.Kind), r.Tenant, r.ID, strconv.FormatInt(a.Epoch, 10), string(ch))
	if err := s.queue.Put(ctx, s.job(t, key, t.At, t.Until)); err != nil {
		return s.fault(ctx, err)
	}
	s.Observe(ctx, Event{Name: name, Account: a.Ref, Outcome: outcomeSuccess, Reason: "administrator", Channel: ch, Client: c})
	s.handOver(ctx)
	return nil
}

// sentTask is a link that an administrator has sent.
type sentTask struct {
	taskHead
	Account Ref
	Epoch   int64 // raised since, it is withdrawn
	Channel Channel
	Until   time.Time
}

// allowed refuses an account that gets no such link.
func (t *sentTask) allowed(a Account) error {
	switch {
	case a.NoPassword:
		return ErrNoPassword
	case t.Kind == taskInvitation && a.Hash != "":
		return ErrHasPassword
	case a.Disabled || !a.Active:
		return fmt.Errorf("%w: it is closed, or not active", ErrConflict)
	}
	return nil
}

func (t *sentTask) describe(e *Event) taskEvents {
	e.Account = t.Account
	return messageEvents
}

func (t *sentTask) do(ctx context.Context, s *Service, j Job, e *Event) error {
	m, err := s.composeSent(ctx, t)
	return s.deliver(ctx, j, m, err, e)
}

// composeSent makes the message, unless the link has been withdrawn meanwhile.
func (s *Service) composeSent(ctx context.Context, t *sentTask) (Message, error) {
	a, err := s.get(ctx, t.Account)
	switch {
	case errors.Is(err, ErrNotFound):
		return Message{}, errors.Join(errDrop, err)
	case err != nil:
		return Message{}, err
	case a.Epoch != t.Epoch || t.allowed(a) != nil:
		return Message{}, errDrop
	}
	to, err := destination(a, Login{Kind: Username}, t.Channel)
	if err != nil {
		return Message{}, err
	}
	m := Message{
		Kind: MessageResetLink, Channel: to.Channel, To: to.Value, Account: a.Ref, Username: a.Username, Locale: a.Locale,
		At: t.At, ExpiresAt: t.Until,
	}
	if to.Channel == SMSChannel {
		m.ExpiresAt = t.At.Add(smsTTL)
	}
	purpose, page, maxLive := PurposeReset, resetPage, s.cfg.Limits.LiveLinks
	if t.Kind == taskInvitation {
		m.Kind, purpose, page, maxLive = MessageInvitation, PurposeInvitation, invitationPage, 1
	}
	m.Token = t.keys.token(t.Seed, purpose)
	if m.Link, err = s.cfg.Links.link(ctx, a, page, url.Values{"token": {string(m.Token)}}); err != nil {
		return m, err
	}
	err = s.issue(ctx, t.keys, TokenRecord{TokenRef: t.keys.ref(purpose, m.Token)}, maxLive, a, to, m)
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) {
		err = errors.Join(errDrop, err) // withdrawn, or deleted, just now
	}
	return m, err
}

// AcceptInvitation sets the first password with the token of an invitation, as
// [Service.Reset] does with that of a reset link: judged, written and the token spent in
// one step, and nobody is signed in. Errors: ErrTokenInvalid, also once the account has a
// password and for the loser of a race, a PolicyError, a RateLimitError, ErrBusy,
// ErrUnavailable.
func (s *Service) AcceptInvitation(ctx context.Context, r Reset) (Written, error) {
	rec, a, err := s.redeemable(ctx, PurposeInvitation, r.Token, r.Client)
	if err == nil {
		err = s.mustHold(ctx, rec, r.For, a, r.Client)
	}
	if err != nil {
		return Written{}, err
	}
	w, err := s.redeem(ctx, rec, r.Token, change{account: a, next: r.New, method: MethodInvitation, client: r.Client})
	if err == nil {
		s.forgive(ctx, a, r.Client)
	}
	return w, err
}
