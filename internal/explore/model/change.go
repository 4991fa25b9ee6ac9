package model

import (
	"slices"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/passwd-go/passwd"
)

// change is a new password on its way.
type change struct {
	current, next string
	method        passwd.Method
	keep          string
	client        passwd.Client
	spend         *token
	until         time.Time
}

func methodOf(a *Account) passwd.Method {
	if a.Must != passwd.NoReason {
		return passwd.MethodForced
	}
	return passwd.MethodChange
}

func (m *Model) Change(r passwd.Ref, current, next, keep string, c passwd.Client) Answer {
	a := m.get(r)
	if a == nil {
		return refuse(passwd.CodeUnauthenticated)
	}
	g, w := m.guessAtCurrent(a, c)
	switch {
	case w > 0:
		return wait(w)
	case !a.is(current) || g.closed() || !a.open() || a.Must == passwd.Compromised || a.expiredTemporary(m.Now):
		m.failed(g)
		return refuse(passwd.CodeWrongPassword)
	}
	m.succeeded(g)
	return m.replace(a, change{current: current, next: next, method: methodOf(a), keep: keep, client: c})
}

func (m *Model) ChangeByLogin(l passwd.Login, current, next string, always bool, c passwd.Client) Answer {
	a, _, refused := m.opened(l, current, c)
	switch {
	case a == nil:
		return refused
	case !always && a.Must == passwd.NoReason:
		return refuse(passwd.CodeNoChangeNeeded)
	case m.Admit(a) != "":
		return Answer{Error: m.Admit(a)}
	}
	return m.replace(a, change{current: current, next: next, method: methodOf(a), client: c})
}

// replace judges a new password and writes it (I1, I2, I5).
func (m *Model) replace(a *Account, c change) Answer {
	if codes := m.violations(a, c.current, c.next, c.method, true); codes != "" {
		return Answer{Error: string(passwd.CodePasswordRejected), Rejected: codes}
	}
	m.raise(a, c.keep)
	m.hashes++
	a.hash, a.ours = m.hashes, m.hashes
	if a.Password != "" {
		a.History = slices.Insert(a.History, 0, a.Password)
	}
	a.History = a.History[:min(len(a.History), max(m.Policies[a.Ref.Tenant].Last-1, 0))]
	a.Password, a.Stale, a.Changed = norm.NFC.String(c.next), false, m.Now
	a.Must, a.Until = passwd.NoReason, c.until
	kind := passwd.MessagePasswordChanged
	switch c.method {
	case passwd.MethodTemporary:
		kind, a.Must = passwd.MessageTemporaryPassword, passwd.Temporary
	case passwd.MethodReset:
		kind = passwd.MessagePasswordReset
		m.void(a)
	}
	if c.spend != nil {
		c.spend.spent = true
	}
	if c.method != passwd.MethodFirst { // of which nobody has to be told
		cancel := &token{purpose: passwd.PurposeCancel, ref: a.Ref, issued: m.Now, expires: m.Now.Add(72 * time.Hour)}
		m.cancels = append(m.cancels, cancel)
		m.notify(a, kind, c.until, c.client, cancel, !m.Apart)
	}
	m.put(&Job{Hook: true, Account: a.Ref, At: m.Now, Due: m.Now.Add(time.Minute), NotAfter: m.Now.Add(30 * 24 * time.Hour)}, !m.Apart)
	return Answer{Account: a.Ref, Epoch: a.Epoch, Method: c.method}
}

func (m *Model) ChangeWithTicket(raw, next string, c passwd.Client) Answer {
	t, a := m.redeemable(passwd.PurposeTicket, raw)
	if t == nil || a.Must == passwd.NoReason || a.Must == passwd.Compromised || a.expiredTemporary(m.Now) {
		return refuse(passwd.CodeInvalidToken)
	}
	return m.redeem(t, a, change{next: next, method: passwd.MethodForced, client: c})
}

// SetFirst is for accounts that never had a password.
func (m *Model) SetFirst(r passwd.Ref, password string, c passwd.Client) Answer {
	a := m.get(r)
	switch {
	case a == nil:
		return Answer{Error: "not_found"}
	case a.Password != "" || a.Outside || !a.Changed.IsZero() || len(a.History) > 0:
		return refuse(passwd.CodeHasPassword)
	case a.Must == passwd.Compromised:
		return refuse(passwd.CodeConflict)
	}
	done := m.replace(a, change{next: password, method: passwd.MethodFirst, client: c})
	done.Method = "" // a sign-in has none
	return done
}

// NewHash judges a first password, which an account may have had before.
func (m *Model) NewHash(r passwd.Ref, password string) Answer {
	nobody := Account{Ref: r}
	switch a := m.Accounts[r]; {
	case m.Only != nil && *m.Only != r.Tenant:
		return Answer{Error: "not_found"}
	case a != nil && a.Row:
		nobody.History = a.History
	}
	if codes := m.violations(&nobody, "", password, "", true); codes != "" {
		return Answer{Error: string(passwd.CodePasswordRejected), Rejected: codes}
	}
	return Answer{}
}

// Check is a check of a password while it is typed, for an account, or for whoever has
// a token.
func (m *Model) Check(password string, r passwd.Ref, p passwd.Purpose, raw string) Answer {
	a, method, refused := m.get(r), passwd.Method(""), passwd.CodeUnauthenticated
	switch p {
	case passwd.PurposeReset, passwd.PurposeTicket:
		_, a = m.redeemable(p, raw)
		method, refused = passwd.MethodForced, passwd.CodeInvalidToken
		if p == passwd.PurposeReset {
			method = passwd.MethodReset
		}
	}
	if a == nil {
		return refuse(refused)
	}
	if method == "" {
		method = methodOf(a)
	}
	if w := m.take(m.count(m.Limits.Checks, "check", a.Ref)); w > 0 {
		return wait(w)
	}
	return Answer{Rejected: m.violations(a, "", password, method, false)}
}
