package model

import (
	"maps"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
)

func (m *Model) suspend(a *Account, c passwd.Client) Answer {
	m.raise(a, "")
	m.void(a)
	a.Must, a.Until = passwd.Compromised, time.Time{}
	m.notify(a, passwd.MessageSuspended, time.Time{}, c, nil, !m.Apart)
	return Answer{}
}

// Require is RequireChange, and LiftChange with no reason.
func (m *Model) Require(r passwd.Ref, reason passwd.Reason) Answer {
	a := m.get(r)
	switch {
	case reason == passwd.Temporary || reason == passwd.Compromised:
		return refuse(passwd.CodeInvalidRequest)
	case a == nil:
		return Answer{Error: "not_found"}
	case a.Must != passwd.Temporary && a.Must != passwd.Compromised && a.Must != reason:
		m.Pin(a)
		a.Must, a.Until = reason, time.Time{}
	}
	return Answer{}
}

func (m *Model) MarkCompromised(r passwd.Ref, c passwd.Client) Answer {
	if a := m.get(r); a != nil {
		return m.suspend(a, c)
	}
	return Answer{Error: "not_found"}
}

func (m *Model) IssueTemporary(r passwd.Ref, ttl time.Duration, c passwd.Client, made string) Answer {
	if ttl == 0 {
		ttl = 24 * time.Hour
	}
	a := m.get(r)
	switch {
	case ttl < 0 || ttl > 30*24*time.Hour:
		return refuse(passwd.CodeInvalidRequest)
	case a == nil:
		return Answer{Error: "not_found"}
	}
	return m.replace(a, change{next: made, method: passwd.MethodTemporary, client: c, until: m.Now.Add(ttl)})
}

func (m *Model) Revoke(r passwd.Ref, keep string) Answer {
	a := m.get(r)
	if a == nil {
		return Answer{Error: "not_found"}
	}
	m.raise(a, keep)
	return Answer{Epoch: a.Epoch}
}

// far is how far RevokeAll moves an epoch.
const far = 1_000_000

// RevokeAll moves every epoch that there is, also of rows that are gone and behind
// hashes of the host's; nothing that was opened comes back.
func (m *Model) RevokeAll() Answer {
	if m.Only != nil || m.Apart { // where the store shows no more than it has to
		return Answer{Error: "unsupported"}
	}
	done := Answer{}
	for _, a := range m.Accounts {
		if a.Epoch == 0 {
			continue
		}
		done.N++
		a.kept.epoch += far
		if a.Outside && a.Row {
			a.Epoch = m.ReadEpoch(a.Ref)
		} else {
			a.Epoch += far
		}
	}
	return done
}

// Forget leaves what makes the account change its password while the host has its row,
// and nothing without.
func (m *Model) Forget(r passwd.Ref) Answer {
	if m.Only != nil && *m.Only != r.Tenant {
		return Answer{Error: "not_found"}
	}
	m.void(&Account{Ref: r})
	maps.DeleteFunc(m.tokens, func(_ string, t *token) bool { return t.ref == r })
	for _, j := range m.Jobs {
		if j.token != nil && j.token.ref == r && j.notice.Kind == "" {
			j.token = nil // a link that was to be sent again is a new one
		}
		if j.typed != nil && j.typed.ref == r {
			j.typed = nil
		}
	}
	m.Sessions = slices.DeleteFunc(m.Sessions, func(s *Session) bool { return s.Ref == r })
	m.ForgetCounts(r)
	switch a := m.Accounts[r]; {
	case a != nil && a.Row:
		a.Epoch, a.Changed, a.History, a.Outside = 0, time.Time{}, nil, false
	case a != nil:
		delete(m.Accounts, r)
	}
	return Answer{}
}

// ForgetCounts is what Forget does at once, whatever becomes of its transaction.
func (m *Model) ForgetCounts(r passwd.Ref) {
	who := m.subject(&Account{Ref: r}) // as it was counted before the first password write
	for _, known := range []bool{false, true} {
		m.clear(m.side(who, known))
	}
}

// Delete is the host's deletion of a row, without Forget.
func (m *Model) Delete(r passwd.Ref) {
	if a := m.Accounts[r]; a != nil {
		a.Row = false
		a.Rebind()
	}
}

// Rebind takes from a row with another hash, or without a row, what Forget has left:
// the need for a change, until the next write.
func (a *Account) Rebind() {
	if a.Epoch == 0 {
		a.Must, a.Until = passwd.NoReason, time.Time{}
	}
}
