package model

import (
	"net/netip"
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

func (m *Model) Reset(raw, next string, c netip.Addr, h Holder) Answer {
	t, a := m.resettable(raw, h)
	if t == nil {
		return refuse(passwd.CodeInvalidToken)
	}
	return m.replace(a, change{next: next, method: passwd.MethodReset, client: c, spend: t})
}

func (m *Model) CancelReset(raw string, c netip.Addr) Answer {
	t, a := m.redeemable(passwd.PurposeCancel, raw)
	if t == nil {
		return refuse(passwd.CodeInvalidToken)
	}
	t.spent = true
	return m.suspend(a, c)
}

func (m *Model) RedeemCode(request, code string, c netip.Addr, made string) Answer {
	g, w := m.guessAtCode(c)
	if w > 0 {
		return wait(w)
	}
	t := m.tokens[string(passwd.PurposeCode)+request]
	if t == nil || !m.live(t, m.Now) || t.attempts >= 5 {
		return refuse(passwd.CodeInvalidToken)
	}
	t.attempts++
	if a := m.get(t.ref); !m.codeCounted(g, t) || strings.NewReplacer(" ", "", "-", "").Replace(code) != t.code || a == nil || !m.usable(t, a) {
		return refuse(passwd.CodeInvalidToken)
	}
	m.succeeded(g)
	t.spent = true
	m.add(made, &token{purpose: passwd.PurposeReset, ref: t.ref, epoch: t.epoch, address: t.address, issued: m.Now, expires: m.Now.Add(10 * time.Minute)})
	return Answer{}
}
