package model

import (
	"time"

	"github.com/passwd-go/passwd"
)

// opened takes a login and a password to the account that they open: of a refusal the
// answer tells.
func (m *Model) opened(l passwd.Login, password string, c passwd.Client) (a *Account, changeBy time.Time, refused Answer) {
	if !validLogin(l) {
		return nil, changeBy, refuse(passwd.CodeInvalidRequest)
	}
	a = m.one(l)
	g, w := m.guessAtLogin(l, a, c)
	switch {
	case w > 0:
		return nil, changeBy, wait(w)
	case a == nil || !a.is(password) || g.closed() || a.Disabled || a.Must == passwd.Compromised:
		m.failed(g)
		return nil, changeBy, refuse(passwd.CodeWrongCredentials)
	}
	m.succeeded(g)
	switch {
	case !a.Active:
		return nil, changeBy, Answer{Error: "not_activated"}
	case a.expiredTemporary(m.Now):
		return nil, changeBy, Answer{Error: "temporary_expired"}
	}
	if !a.Outside {
		m.upgrade(a, password)
	}
	return a, m.age(a), Answer{}
}

func (m *Model) SignIn(l passwd.Login, password string, c passwd.Client) Answer {
	a, changeBy, refused := m.opened(l, password, c)
	if a == nil {
		return refused
	}
	m.Pin(a)
	m.upgrade(a, password)
	return Answer{Error: m.Admit(a), Account: a.Ref, Epoch: a.Epoch, Must: a.Must, ChangeBy: changeBy}
}

// Live is also what a ticket needs, and more.
func (m *Model) Live(r passwd.Ref, epoch int64) Answer {
	a := m.get(r)
	if a == nil || epoch == 0 || a.Epoch != epoch || !a.open() || a.Must == passwd.Compromised {
		return refuse(passwd.CodeUnauthenticated)
	}
	return Answer{Must: a.Must}
}

func (m *Model) Ticket(in passwd.SignedIn, made string) Answer {
	if ended := m.Live(in.Account, in.Epoch); ended.Error != "" {
		return ended
	}
	a := m.get(in.Account)
	if a.Must == passwd.NoReason {
		return refuse(passwd.CodeNoChangeNeeded)
	}
	t := &token{purpose: passwd.PurposeTicket, ref: a.Ref, epoch: a.Epoch, issued: m.Now, expires: m.Now.Add(10 * time.Minute)}
	if !m.makeRoom(t, 16) {
		return refuse(passwd.CodeRateLimited)
	}
	m.add(made, t)
	return Answer{}
}
