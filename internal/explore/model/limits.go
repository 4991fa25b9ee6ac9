package model

import (
	"fmt"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
)

// count is something that is counted, and how often it may be.
type count struct {
	key string
	passwd.Limit
}

func (m *Model) count(l passwd.Limit, what ...any) count { return count{m.key(what...), l} }

func (m *Model) key(parts ...any) string { return fmt.Sprintln(append(parts, m.Keys)...) }

// tally is what has been counted under a key.
type tally struct {
	count, level int
	windowed     bool
	until, last  time.Time
}

// next is the tally after one more, or how long that has to wait.
func (m *Model) next(c count) (t tally, wait time.Duration) {
	t = m.tallies[c.key]
	if c.Window > 0 {
		if !t.windowed || !m.Now.Before(t.until) {
			t = tally{windowed: true, until: m.Now.Add(c.Window)}
		}
		if t.count >= c.Free {
			return t, t.until.Sub(m.Now)
		}
		t.count, t.last = t.count+1, m.Now
		return t, 0
	}
	if w := t.until.Sub(m.Now); w > 0 {
		return t, w
	}
	now := m.Now
	if now.Before(t.last) {
		now = t.last
	}
	t.level -= min(int(now.Sub(t.last)/c.MaxWait), t.level)
	t.count, t.level, t.last, t.until = t.count+1, t.level+1, now, time.Time{}
	if beyond := t.level - c.Free; beyond >= 0 {
		t.until = now.Add(min(c.Wait<<min(beyond, 30), c.MaxWait))
	}
	return t, 0
}

// waits is how long the first one has to wait that has to.
func (m *Model) waits(all ...count) time.Duration {
	for _, c := range all {
		if _, w := m.next(c); w > 0 {
			return w
		}
	}
	return 0
}

// take counts one of each, or none if one has to wait.
func (m *Model) take(all ...count) time.Duration {
	if w := m.waits(all...); w > 0 {
		return w
	}
	if m.tallies == nil {
		m.tallies = make(map[string]tally)
	}
	for _, c := range all {
		m.tallies[c.key], _ = m.next(c)
	}
	return 0
}

func (m *Model) takeBack(all ...count) {
	for _, c := range all {
		t := m.tallies[c.key]
		if t.count, t.level = t.count-1, max(t.level-1, 0); !t.windowed {
			t.until = time.Time{}
		}
		if m.tallies[c.key] = t; t.count <= 0 {
			delete(m.tallies, c.key)
		}
	}
}

func (m *Model) clear(all ...count) {
	for _, c := range all {
		delete(m.tallies, c.key)
	}
}

// counted is how many there are.
func (m *Model) counted(c count) int {
	if t := m.tallies[c.key]; !t.windowed || m.Now.Before(t.until) {
		return t.count
	}
	return 0
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

// network is what counts as one address.
func network(c passwd.Client) string {
	addr := c.Addr.Unmap()
	if addr.Is6() {
		p, _ := addr.WithZone("").Prefix(64)
		return p.String()
	}
	return addr.String()
}

const month = 30 * 24 * time.Hour

var onceAMonth = passwd.Limit{Free: 1, Window: month}

// Device is what a right sign-in leaves on a device.
type Device struct {
	Account passwd.Ref
	Made    time.Time
}

// device counts the failures of a device that has signed in to an account within a
// month of days; without a key, there is none.
func (m *Model) device(a *Account, c passwd.Client) count {
	d := m.Devices[c.Device]
	age := m.Now.Sub(d.Made.Truncate(24 * time.Hour))
	if a == nil || d.Account != a.Ref || d.Made.IsZero() || age < -24*time.Hour || age > month+24*time.Hour {
		return count{}
	}
	return m.count(passwd.Limit{Free: 10, Window: month}, "device", string(c.Device))
}

func (m *Model) knownDevice(a *Account, c passwd.Client) bool {
	d := m.device(a, c)
	return d.key != "" && m.counted(d) < d.Free
}

func (m *Model) seen(a *Account, c passwd.Client) count {
	return m.count(onceAMonth, "seen", a.Ref, network(c))
}

// known is whether a right sign-in to an account came from a network or device within a
// month.
func (m *Model) known(a *Account, c passwd.Client) bool {
	return c.Addr.IsValid() && m.counted(m.seen(a, c)) > 0 || m.knownDevice(a, c)
}

// requester is who asks, for a quota.
func (m *Model) requester(a *Account, c passwd.Client) string {
	if m.knownDevice(a, c) {
		return "device " + string(c.Device)
	}
	return network(c)
}

// guess is one that is counted: aloud by login and network, silently by account.
type guess struct {
	account              *Account
	client               passwd.Client
	login, network       count // which refuse
	silent, told, device count
	stop                 int
	n                    int  // consecutive failures, this one included if it is counted
	waits                bool // it is not
	signsIn              bool // a right one makes the network known
}

func (m *Model) address(c passwd.Client) count {
	return m.count(m.Limits.Address, "address", network(c))
}

func (m *Model) login(tenant, value string, c passwd.Client) count {
	return m.count(m.Limits.SignIn, "login", tenant, fold(value), network(c))
}

func (m *Model) guessAtLogin(l passwd.Login, a *Account, c passwd.Client) (*guess, time.Duration) {
	g := &guess{account: a, client: c, signsIn: true, login: m.login(l.Tenant, l.Value, c), network: m.address(c), device: m.device(a, c)}
	if w := m.waits(g.network); w > 0 {
		return g, w
	}
	if a == nil {
		return g, m.guess(g, m.key("nobody", l.Tenant, fold(l.Value)), false)
	}
	return g, m.guess(g, m.subject(a), m.known(a, c))
}

// subject is what an account is counted by: anew after each password write.
func (m *Model) subject(a *Account) string { return m.key("account", a.Ref, a.Changed) }

func (m *Model) guessAtCurrent(a *Account, c passwd.Client) (*guess, time.Duration) {
	g := &guess{account: a, client: c, login: m.count(m.Limits.SignIn, "current", a.Ref, a.Changed)}
	return g, m.guess(g, m.subject(a), true)
}

func (m *Model) guess(g *guess, who string, known bool) time.Duration {
	if w := m.take(g.login); w > 0 {
		return w
	}
	g.silent, g.told = m.side(who, known)
	g.stop = m.Limits.StopAfter - m.Limits.StopAfter/5
	if known {
		g.stop = m.Limits.StopAfter / 5
	}
	g.waits = m.take(g.silent) > 0
	g.n = m.counted(g.silent)
	return 0
}

// side is where the known, or the others, are counted, and whether the owner was told.
func (m *Model) side(who string, known bool) (silent, told count) {
	limit := m.Limits.Account
	if known {
		limit = passwd.Limit{Free: m.Limits.StopAfter / 5, Wait: time.Second, MaxWait: 15 * time.Minute}
	}
	return count{fmt.Sprint(who, known), limit}, count{fmt.Sprint("told", who, known), onceAMonth}
}

// closed is whether even the right password is refused.
func (g *guess) closed() bool { return g.waits || g.n > g.stop }

// failed counts a failure, and tells the owner, once, that there were too many.
func (m *Model) failed(g *guess) {
	for _, c := range []count{g.network, g.device} {
		if c.key != "" {
			m.take(c)
		}
	}
	if g.n > g.stop && !g.waits {
		m.takeBack(g.silent)
	}
	if g.n < g.stop || m.waits(g.told) > 0 {
		return
	}
	if g.account == nil || m.notifyOnce(g.account, passwd.MessageSignInStopped, g.client, g.told.key) {
		m.take(g.told)
	}
}

// succeeded forgets the failures, and remembers the network.
func (m *Model) succeeded(g *guess) {
	m.clear(g.login, g.silent, g.device)
	if !g.signsIn || !g.client.Addr.IsValid() {
		return
	}
	if seen := m.seen(g.account, g.client); m.waits(seen) <= 29*24*time.Hour {
		m.clear(seen)
		m.take(seen)
	}
}

// codes counts, silently, the failures at the codes of an account.
func (m *Model) codes(a *Account, epoch int64, c passwd.Client) count {
	if m.known(a, c) {
		return m.count(passwd.Limit{Free: 20, Window: 24 * time.Hour}, "code", a.Ref, epoch, "known")
	}
	return m.count(passwd.Limit{Free: 100, Window: 24 * time.Hour}, "code", a.Ref, epoch, "others")
}

// mayMail counts a message for its account.
func (m *Model) mayMail(a *Account, c passwd.Client) bool {
	sent := func(free int, window time.Duration, whose string) count {
		return m.count(passwd.Limit{Free: free, Window: window}, "sent", a.Ref, whose)
	}
	if m.known(a, c) {
		return m.take(sent(5, time.Hour, "known")) == 0
	}
	return m.take(sent(20, time.Hour, "hour"), sent(60, 24*time.Hour, "day")) == 0
}

// makeRoom ends the oldest tokens of a requester for one more; false is that this one
// is the oldest.
func (m *Model) makeRoom(t *token, most int) bool {
	var own []*token
	for _, other := range m.tokens {
		if other.ref == t.ref && other.purpose == t.purpose && other.from == t.from && m.live(other, t.issued) {
			own = append(own, other)
		}
	}
	slices.SortFunc(own, func(a, b *token) int { return a.issued.Compare(b.issued) })
	excess := len(own) + 1 - most
	if excess > 0 && t.issued.Before(own[excess-1].issued) {
		return false
	}
	for _, old := range own[:max(excess, 0)] {
		old.spent = true
	}
	return true
}
