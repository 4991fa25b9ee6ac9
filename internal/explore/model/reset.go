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
		m.forgive(a, c)
	}
	return done
}

// redeem makes a change that spends a token.
func (m *Model) redeem(t *token, a *Account, c change) Answer {
	if w := m.mayRedeem(t, c.client); w > 0 {
		return wait(w)
	}
	c.spend = t
	done := m.replace(a, c)
	if slices.Contains(strings.Fields(done.Rejected), "reused") {
		m.toldThePast(t)
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
	address := m.key("address", network(c))
	if w, _ := m.peek(address, m.Limits.Address); w > 0 {
		return wait(w)
	}
	exhausted := m.take(m.key("request", request), triesAtCode) > 0
	t := m.tokens[string(passwd.PurposeCode)+request]
	if t == nil || !m.live(t, m.Now) {
		m.take(address, m.Limits.Address)
		return refuse(passwd.CodeInvalidToken)
	}
	a := m.Accounts[t.ref]
	count, limit := m.codeCount(a, t.epoch, c)
	throttled, _ := m.peek(count, limit)
	if exhausted || throttled > 0 || strings.NewReplacer(" ", "", "-", "").Replace(code) != t.code {
		m.take(address, m.Limits.Address)
		if !exhausted {
			m.take(count, limit)
		}
		return refuse(passwd.CodeInvalidToken)
	}
	if a = m.get(t.ref); a == nil || !m.usable(t, a) {
		return refuse(passwd.CodeInvalidToken)
	}
	delete(m.tallies, count)
	t.spent = true
	m.add(made, &token{purpose: passwd.PurposeReset, ref: t.ref, epoch: t.epoch, address: t.address, from: t.from, issued: m.Now, expires: m.Now.Add(10 * time.Minute)})
	return Answer{}
}
