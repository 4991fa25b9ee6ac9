package model

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/passwd-go/passwd"
)

// tally is what is counted under one key.
type tally struct {
	count, level int
	windowed     bool
	until, last  time.Time
}

// take counts a try and returns how long to wait instead, if it may not proceed.
func (m *Model) take(key string, l passwd.Limit) time.Duration {
	t := m.tallies[key]
	if t == nil || l.Window > 0 && (!t.windowed || !m.Now.Before(t.until)) || l.Window == 0 && t.windowed {
		t = &tally{windowed: l.Window > 0, until: m.Now.Add(l.Window)}
	}
	if t.windowed && t.count < l.Free {
		t.count, t.last = t.count+1, m.Now
	} else if w := t.until.Sub(m.Now); w > 0 {
		return w
	} else {
		now := m.Now
		if now.Before(t.last) {
			now = t.last
		}
		t.level -= min(int(now.Sub(t.last)/l.MaxWait), t.level)
		t.count, t.level, t.last, t.until = t.count+1, t.level+1, now, time.Time{}
		if beyond := t.level - l.Free; beyond >= 0 {
			t.until = now.Add(min(l.Wait<<min(beyond, 30), l.MaxWait))
		}
	}
	if m.tallies == nil {
		m.tallies = make(map[string]*tally)
	}
	m.tallies[key] = t
	return 0
}

func (m *Model) takeBack(key string) {
	t := m.tallies[key]
	if t == nil {
		return
	}
	if t.count, t.level = t.count-1, max(t.level-1, 0); !t.windowed {
		t.until = time.Time{}
	}
	if t.count <= 0 {
		delete(m.tallies, key)
	}
}

// Purge forgets, for a limiter that does so, what nobody has tried for long, and the
// sessions that expired before a time.
func (m *Model) Purge(before time.Time, limiterForgets bool) {
	m.drop(func(s *Session) bool { return s.Expires.Before(before) })
	for key, t := range m.tallies {
		end := t.last.Add(24 * time.Hour * time.Duration(min(t.count, 30)))
		if t.windowed || t.until.After(end) {
			end = t.until
		}
		if limiterForgets && end.Before(before) {
			delete(m.tallies, key)
		}
	}
}

func (m *Model) key(parts ...any) string { return fmt.Sprintln(append(parts, m.Keys)...) }

// network is what counts as one address.
func network(c netip.Addr) string {
	if c = c.Unmap(); c.Is6() {
		p, _ := c.WithZone("").Prefix(64)
		return p.String()
	}
	return c.String()
}

// guess is one that is counted.
type guess struct {
	m       *Model
	account *Account
	client  netip.Addr
	keys    []string // the last one has the consecutive failures
	seen    string
}

// take counts the guess under one more key, or under none.
func (g *guess) take(key string, l passwd.Limit) time.Duration {
	w := g.m.take(key, l)
	if w > 0 {
		for _, k := range g.keys {
			g.m.takeBack(k)
		}
	}
	g.keys = append(g.keys, key)
	return w
}

func (m *Model) guessAtLogin(l passwd.Login, a *Account, c netip.Addr) (*guess, time.Duration) {
	g := &guess{m: m, account: a, client: c}
	if w := g.take(m.key("address", network(c)), m.Limits.Address); w > 0 {
		return g, w
	}
	key := m.key("login", l.Tenant, fold(l.Value))
	if a != nil {
		key = m.key("account", a.Ref, a.Epoch)
		if c.IsValid() {
			g.seen = m.key("seen", a.Ref, network(c))
			if t := m.tallies[g.seen]; t != nil && m.Now.Before(t.until) {
				key = m.key("known", a.Ref, a.Epoch, network(c))
			}
		}
	}
	return g, g.take(key, m.Limits.SignIn)
}

func (m *Model) guessAtCurrent(a *Account, c netip.Addr) (*guess, time.Duration) {
	g := &guess{m: m, account: a, client: c}
	return g, g.take(m.key("current", a.Ref, a.Epoch), m.Limits.SignIn)
}

func (m *Model) guessAtCode(c netip.Addr) (*guess, time.Duration) {
	g := &guess{m: m}
	return g, g.take(m.key("address", network(c)), m.Limits.Address)
}

// codeCounted counts a guess at a code for its account too; false is that it is too
// many, which nobody is told.
func (m *Model) codeCounted(g *guess, t *token) bool {
	key := m.key("code", t.ref, t.epoch)
	if m.take(key, m.Limits.SignIn) > 0 {
		return false
	}
	g.keys = append(g.keys, key)
	return true
}

func (g *guess) count() int { return g.m.tallies[g.keys[len(g.keys)-1]].count }

// stopped is whether even the right password is refused.
func (g *guess) stopped() bool { return g.count() > g.m.Limits.StopAfter }

// failed tells the owner, once, that it was one guess too many.
func (m *Model) failed(g *guess) {
	if g.account != nil && g.count() == m.Limits.StopAfter {
		m.notify(g.account, passwd.MessageSignInStopped, time.Time{}, g.client, nil, false)
	}
}

// succeeded forgets the failures.
func (m *Model) succeeded(g *guess) {
	for _, key := range g.keys[:len(g.keys)-1] {
		m.takeBack(key)
	}
	delete(m.tallies, g.keys[len(g.keys)-1])
	if g.seen != "" {
		delete(m.tallies, g.seen)
		m.take(g.seen, passwd.Limit{Free: 1, Window: 30 * 24 * time.Hour})
	}
}

func (m *Model) requestLimit(r Request) (w time.Duration, takeBack func()) {
	key := m.key("reset", network(r.Client))
	return m.take(key, m.Limits.ResetRequests), func() { m.takeBack(key) }
}

func (m *Model) revealLimit(c netip.Addr) time.Duration {
	return m.take(m.key("reveal", network(c)), m.Limits.ResetRequests)
}

func (m *Model) checkLimit(a *Account) time.Duration {
	return m.take(m.key("check", a.Ref), m.Limits.Checks)
}

// absorbKey is what requests have in common of which one is enough.
func (m *Model) absorbKey(r Request) string {
	if r.Code {
		return ""
	}
	return m.key(r.Login, r.Channel, r.Form, r.TTL, r.TellShared)
}

// mayIssue is the quota of links and codes.
func (m *Model) mayIssue(a *Account, p passwd.Purpose, _ Request, at time.Time) bool {
	return m.count(a, p, at) < m.Limits.LiveLinks
}

func (m *Model) mayTellShared(r Request) bool {
	return m.take(m.key("shared", r.Login.Tenant, r.Login.Value), passwd.Limit{Free: m.Limits.LiveLinks, Window: time.Hour}) == 0
}
