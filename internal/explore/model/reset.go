package model

import (
	"slices"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
)

// Holder is the account that a format names beside the token: of a user key, whose it
// is; nil is anybody's.
type Holder struct {
	Key   *passwd.Ref
	Login passwd.Login
}

func (m *Model) resettable(raw string, h Holder) (*token, *Account) {
	t, a := m.redeemable(passwd.PurposeReset, raw)
	switch {
	case t == nil || h.Key != nil && *h.Key != a.Ref:
		return nil, nil
	case h.Login != passwd.Login{} && (!validLogin(h.Login) || !slices.Contains(m.matches(h.Login), a)):
		return nil, nil
	}
	return t, a
}

func (m *Model) CheckReset(raw string, h Holder) Answer {
	if t, _ := m.resettable(raw, h); t == nil {
		return refuse(passwd.CodeInvalidToken)
	}
	return Answer{}
}

func (m *Model) Reset(raw, next string, c passwd.Client, h Holder) Answer {
	t, a := m.resettable(raw, h)
	if t == nil {
		return refuse(passwd.CodeInvalidToken)
	}
	done := m.redeem(t, a, change{next: next, method: passwd.MethodReset, client: c})
	if done.Error == "" {
		m.clear(m.login(a.Ref.Tenant, a.Username, c), m.login(a.Ref.Tenant, a.Email, c), m.login(a.Ref.Tenant, a.Mobile, c))
	}
	return done
}

// redeem makes a change that spends a token.
func (m *Model) redeem(t *token, a *Account, c change) Answer {
	from, of := m.count(m.Limits.Redeem, "redeem from", network(c.client)), m.count(m.Limits.Redeem, "redeem", t.purpose, t.ref)
	reused := m.count(passwd.Limit{Free: 5, Window: time.Hour}, "reused", t.ref)
	if w := m.waits(from, of, reused); w > 0 {
		return wait(w)
	}
	m.take(from, of)
	c.spend = t
	done := m.replace(a, c)
	if slices.Contains(strings.Fields(done.Rejected), "reused") { // which tells of the past
		m.take(reused)
		t.reused++
		t.spent = t.reused >= 20
	}
	return done
}

func (m *Model) CancelReset(raw string, c passwd.Client) Answer {
	t, a := m.redeemable(passwd.PurposeCancel, raw)
	if t == nil {
		return refuse(passwd.CodeInvalidToken)
	}
	t.spent = true
	return m.suspend(a, c)
}

func (m *Model) RedeemCode(request, code string, c passwd.Client, made string) Answer {
	address := m.address(c)
	if w := m.waits(address); w > 0 {
		return wait(w)
	}
	exhausted := m.take(m.count(passwd.Limit{Free: 5, Window: 10 * time.Minute}, "request", request)) > 0
	t := m.tokens[string(passwd.PurposeCode)+request]
	if t == nil || !m.live(t, m.Now) {
		m.take(address)
		return refuse(passwd.CodeInvalidToken)
	}
	a := m.Accounts[t.ref]
	codes := m.codes(a, t.epoch, c)
	if exhausted || m.waits(codes) > 0 || strings.NewReplacer(" ", "", "-", "").Replace(code) != t.code {
		m.take(address)
		if !exhausted {
			m.take(codes)
		}
		return refuse(passwd.CodeInvalidToken)
	}
	if a = m.get(t.ref); a == nil || !m.usable(t, a) {
		return refuse(passwd.CodeInvalidToken)
	}
	m.clear(codes)
	t.spent = true
	m.add(made, &token{purpose: passwd.PurposeReset, ref: t.ref, epoch: t.epoch, address: t.address, from: t.from, issued: m.Now, expires: m.Now.Add(10 * time.Minute)})
	return Answer{}
}
