package model

import (
	"cmp"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
)

// The lifetimes and bounds of sessions.
const (
	AccessTTL    = time.Hour
	IdleTTL      = 14 * 24 * time.Hour
	MaxAge       = 30 * 24 * time.Hour
	MaxPerClient = 2
)

// Session is one as it is stored, live or not.
type Session struct {
	ID              string
	Ref             passwd.Ref
	Epoch           int64
	Client, Device  string
	Access, Refresh string
	Used, Expires   time.Time

	spent                  []string // refresh tokens
	created, issued, until time.Time
}

func (m *Model) alive(s *Session) bool {
	a := m.Accounts[s.Ref]
	return a != nil && a.Row && a.open() && s.Epoch == a.Epoch && m.Now.Before(s.Expires)
}

func (m *Model) extend(s *Session) {
	s.Used, s.Expires = m.Now, m.Now.Add(IdleTTL)
	if end := s.created.Add(MaxAge); end.Before(s.Expires) {
		s.Expires = end
	}
}

func (m *Model) renew(s *Session, access, refresh string) {
	m.extend(s)
	s.Access, s.Refresh, s.issued, s.until = access, refresh, m.Now, m.Now.Add(AccessTTL)
	if end := s.created.Add(MaxAge); end.Before(s.until) {
		s.until = end
	}
}

// Start opens a session, of which the caller sets ID and tokens.
func (m *Model) Start(in passwd.SignedIn, client, device string, id, access, refresh string) Answer {
	a := m.Accounts[in.Account]
	switch {
	case in.Must != passwd.NoReason:
		return refuse(passwd.CodePasswordChangeRequired)
	case a == nil || !a.Row || in.Epoch == 0 || in.Epoch != a.Epoch:
		return refuse(passwd.CodeUnauthenticated)
	}
	m.drop(func(s *Session) bool {
		return s.Ref == a.Ref && s.Client == client && device != "" && s.Device == device
	})
	var others []*Session
	for _, s := range m.Sessions {
		if s.Ref == a.Ref && s.Client == client && m.alive(s) {
			others = append(others, s)
		}
	}
	slices.SortFunc(others, func(x, y *Session) int { return cmp.Or(x.issued.Compare(y.issued), cmp.Compare(x.ID, y.ID)) })
	others = others[:max(len(others)-MaxPerClient+1, 0)]
	m.drop(func(s *Session) bool { return slices.Contains(others, s) })
	s := &Session{ID: id, Ref: a.Ref, Epoch: in.Epoch, Client: client, Device: device, created: m.Now}
	m.renew(s, access, refresh)
	m.Sessions = append(m.Sessions, s)
	return Answer{Account: a.Ref, Epoch: a.Epoch, Expires: s.until.Sub(m.Now)}
}

func (m *Model) drop(which func(*Session) bool) (n int) {
	before := len(m.Sessions)
	m.Sessions = slices.DeleteFunc(m.Sessions, which)
	return before - len(m.Sessions)
}

// find returns the live session of a token.
func (m *Model) find(token string, access, refresh bool) *Session {
	for _, s := range m.Sessions {
		if token != "" && (access && s.Access == token || refresh && (s.Refresh == token || slices.Contains(s.spent, token))) &&
			m.alive(s) && m.Accounts[s.Ref].Must != passwd.Compromised && m.Now.Before(s.created.Add(MaxAge)) {
			return s
		}
	}
	return nil
}

func (m *Model) CheckSession(access string) Answer {
	s := m.find(access, true, false)
	switch {
	case s == nil || !m.Now.Before(s.until):
		return refuse(passwd.CodeUnauthenticated)
	case m.Accounts[s.Ref].Must != passwd.NoReason:
		return Answer{Error: string(passwd.CodePasswordChangeRequired), Account: s.Ref, Epoch: s.Epoch}
	case m.Now.Sub(s.Used) >= time.Minute:
		m.extend(s)
	}
	return Answer{Account: s.Ref, Epoch: s.Epoch}
}

func (m *Model) Refresh(refresh, nextAccess, nextRefresh string) Answer {
	s := m.find(refresh, false, true)
	switch {
	case s == nil:
		return refuse(passwd.CodeUnauthenticated)
	case s.Refresh != refresh:
		m.drop(func(other *Session) bool { return other == s })
		return Answer{Error: "reused"}
	case m.Accounts[s.Ref].Must != passwd.NoReason:
		return refuse(passwd.CodePasswordChangeRequired)
	}
	s.spent = append(s.spent, s.Refresh)
	m.renew(s, nextAccess, nextRefresh)
	return Answer{Account: s.Ref, Epoch: s.Epoch, Expires: s.until.Sub(m.Now)}
}

// End ends the sessions of an account: all, the one with the id, or all but that.
func (m *Model) End(r passwd.Ref, id string, others bool) Answer {
	return Answer{N: m.drop(func(s *Session) bool { return s.Ref == r && (id == "" || (s.ID == id) != others) })}
}

func (m *Model) SignOut(token string) Answer {
	if s := m.find(token, true, true); s != nil {
		m.drop(func(other *Session) bool { return other == s })
	}
	return Answer{}
}

// List returns the live sessions of an account, the one used last first.
func (m *Model) List(r passwd.Ref) (live []*Session) {
	for _, s := range m.Sessions {
		if s.Ref == r && m.alive(s) {
			live = append(live, s)
		}
	}
	slices.SortFunc(live, func(x, y *Session) int { return cmp.Or(y.Used.Compare(x.Used), cmp.Compare(x.ID, y.ID)) })
	return live
}
