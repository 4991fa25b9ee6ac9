package passwd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// composeRequested makes the message that a request asks for, at the n-th attempt to
// deliver it. If somebody else writes to the account meanwhile, it begins anew.
func (s *Service) composeRequested(ctx context.Context, t *requestTask, n int) (Message, error) {
	for conflicts := 0; ; conflicts++ {
		m, err := s.composeOnce(ctx, t, n+conflicts)
		if errors.Is(err, ErrNotFound) {
			return m, errors.Join(errDrop, err) // deleted meanwhile
		}
		if !errors.Is(err, ErrConflict) || conflicts == maxConflicts {
			return m, err
		}
	}
}

func (s *Service) composeOnce(ctx context.Context, t *requestTask, n int) (Message, error) {
	matches, err := s.matching(ctx, t.Login, true)
	switch {
	case err != nil:
		return Message{}, err
	case len(matches) > 1 && t.TellShared:
		return s.composeShared(ctx, t, matches, n)
	case len(matches) != 1, matches[0].Disabled, !matches[0].Active, matches[0].NoPassword:
		return Message{}, errDrop
	}
	a := matches[0]
	to, err := destination(a, t.Login, t.Channel)
	if err != nil {
		return Message{}, err
	}
	q, mayType, err := s.quota(ctx, t, a, n)
	if err != nil {
		return Message{}, err
	}
	if a, err = s.pinned(ctx, a); err != nil {
		return Message{}, err
	}
	m := Message{
		Channel: to.Channel, To: to.Value, Account: a.Ref, Username: a.Username, Locale: cmp.Or(a.Locale, t.Client.Locale),
		At: t.At, Client: t.Client,
	}
	from := t.keys[0].requester(q)
	if t.Kind == taskCode && mayType {
		return s.composeCode(ctx, t, a, to, from, m)
	}
	return s.composeLink(ctx, t, a, to, from, m)
}

// What one account is sent, so that bombing it comes to an end: requesters that are
// not known to it share the first two, the others have the last.
var (
	messagesAnHour = Limit{Free: 20, Window: time.Hour}
	messagesADay   = Limit{Free: 60, Window: day}
	messagesKnown  = Limit{Free: 5, Window: time.Hour}
)

// errQuota says that an account is sent no more for now.
var errQuota = fmt.Errorf("%w: the account has its quota of messages", errDrop)

// quota counts a message for its account, at the first attempt to deliver it, and
// tells who asked for it and whether they may still have codes.
func (s *Service) quota(ctx context.Context, t *requestTask, a Account, n int) (q requester, mayType bool, err error) {
	c := t.Client
	c.Device = Token(t.Device)
	who := codeSubject(a.Ref, a.Epoch)
	others, limitOthers := s.codeKey(who, false)
	known, limitKnown := s.codeKey(who, true)
	q, answers, err := s.recognise(ctx, who, a.Ref, c,
		Step{Key: others, Do: StepPeek, Limit: limitOthers, Silent: true}, Step{Key: known, Do: StepPeek, Limit: limitKnown, Silent: true})
	if err != nil {
		return q, false, err
	}
	mayType = answers[0].Wait == 0
	takes := []Step{
		{Key: s.keys.limiterKey("sent", a.Ref.Tenant, a.Ref.ID, "hour"), Do: StepTake, Limit: messagesAnHour},
		{Key: s.keys.limiterKey("sent", a.Ref.Tenant, a.Ref.ID, "day"), Do: StepTake, Limit: messagesADay},
	}
	if q.known {
		mayType = answers[1].Wait == 0
		takes = []Step{{Key: s.keys.limiterKey("sent", a.Ref.Tenant, a.Ref.ID, "known"), Do: StepTake, Limit: messagesKnown}}
	}
	if n > 1 {
		return q, mayType, nil
	}
	answers, err = s.limiter.Do(ctx, s.now(), takes...)
	if err != nil {
		return q, false, s.fault(ctx, err)
	}
	for _, taken := range answers {
		if taken.Wait > 0 {
			return q, false, errQuota
		}
	}
	return q, mayType, nil
}

func (s *Service) composeLink(ctx context.Context, t *requestTask, a Account, to Address, from Digest, m Message) (Message, error) {
	ttl := t.TTL
	if to.Channel == SMSChannel {
		ttl = min(ttl, smsTTL)
	}
	m.Kind, m.ExpiresAt = MessageResetLink, t.At.Add(ttl)
	m.Token = t.keys.token(t.Seed, PurposeReset)
	m.User = t.keys[0].userKey(a.Ref)
	query := url.Values{"token": {string(m.Token)}}
	if t.Form == userKeyLink {
		query.Set("user", m.User)
	}
	var err error
	if m.Link, err = s.cfg.Links.link(ctx, a, resetPage, query); err != nil {
		return m, err
	}
	return m, s.issue(ctx, t.keys, TokenRecord{TokenRef: t.keys.ref(PurposeReset, m.Token), Requester: from}, s.cfg.Limits.LiveLinks, a, to, m)
}

// composeCode makes a message with a code and, by mail, a link as well: who cannot
// type the code where it was asked for goes on by the link.
func (s *Service) composeCode(ctx context.Context, t *requestTask, a Account, to Address, from Digest, m Message) (Message, error) {
	var err error
	if to.Channel == EmailChannel {
		if m, err = s.composeLink(ctx, t, a, to, from, m); err != nil {
			return m, err
		}
	} else if m.Link, err = s.cfg.Links.link(ctx, a, forgotPage, nil); err != nil {
		return m, err
	}
	request := t.keys.token(t.Seed, PurposeCode)
	m.Kind, m.ExpiresAt = MessageResetCode, t.At.Add(t.TTL)
	m.Code = t.keys.code(t.Seed)
	return m, s.issue(ctx, t.keys, TokenRecord{
		TokenRef:  t.keys.ref(PurposeCode, request),
		Verifier:  t.keys[0].verifier(request, m.Code),
		Requester: from,
	}, 1, a, to, m)
}

// composeShared tells an address that it belongs to several accounts, as often
// as any of them would get a link. It names none of them, and carries no token.
func (s *Service) composeShared(ctx context.Context, t *requestTask, matches []Account, n int) (Message, error) {
	to, locale, found := shared(matches, t.Login, t.Channel)
	if !found {
		return Message{}, errDrop
	}
	if n <= 1 { // a delivery that is tried again is counted already
		key := s.keys.limiterKey("shared", t.Login.Tenant, t.Login.Value)
		taken, err := s.limiter.Do(ctx, s.now(), Step{Key: key, Do: StepTake, Limit: Limit{Free: s.cfg.Limits.LiveLinks, Window: resetTTL}})
		if err != nil {
			return Message{}, s.fault(ctx, err)
		}
		if taken[0].Wait > 0 {
			return Message{}, errQuota
		}
	}
	locale = cmp.Or(locale, t.Client.Locale)
	m := Message{
		Kind: MessageSharedAddress, Channel: to.Channel, To: to.Value, Text: t.SharedText,
		Account: Ref{Tenant: t.Login.Tenant}, Locale: locale, At: t.At, Client: t.Client,
	}
	var err error
	m.Link, err = s.cfg.Links.link(ctx, Account{Ref: m.Account, Locale: locale}, forgotPage, nil)
	return m, err
}

// issue stores the digest of what a message carries. A retried job issues the same
// once more, which changes nothing; if the account has another address by then, it is
// dropped: what it carries is bound to the one that may have had it already.
func (s *Service) issue(ctx context.Context, keys keyring, rec TokenRecord, maxLive int, a Account, to Address, m Message) error {
	rec.Account, rec.Epoch, rec.Address = a.Ref, a.Epoch, keys[0].address(to)
	rec.IssuedAt, rec.ExpiresAt = m.At, m.ExpiresAt
	if !s.now().Before(rec.ExpiresAt) {
		return errDrop
	}
	err := s.store.Issue(ctx, rec, maxLive, nil)
	if errors.Is(err, ErrTooManyTokens) || errors.Is(err, ErrTokenInvalid) {
		return errors.Join(errDrop, err) // over the quota, spent already, or sent elsewhere
	}
	return err
}

// composeNotice tells what happened to an address that the account had then; it
// reads nothing, so that nobody can take the news back.
func (s *Service) composeNotice(ctx context.Context, t *noticeTask) (Message, error) {
	m := Message{
		Kind: t.Message, Channel: t.To.Channel, To: t.To.Value, Account: t.Account, Username: t.Username,
		Locale: t.Locale, At: t.At, ExpiresAt: t.Until, Client: t.Client,
	}
	page, query := forgotPage, url.Values(nil)
	if t.Cancel {
		page = cancelPage
		query = url.Values{"token": {string(t.keys.token(t.Seed, PurposeCancel))}}
	}
	var err error
	m.Link, err = s.cfg.Links.link(ctx, Account{Ref: t.Account, Username: t.Username, Locale: t.Locale}, page, query)
	return m, err
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
		if a.Disabled || !a.Active || a.NoPassword {
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
