package model

import (
	"fmt"
	"slices"
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
func network(c passwd.Client) string {
	addr := c.Addr.Unmap()
	if addr.Is6() {
		p, _ := addr.WithZone("").Prefix(64)
		return p.String()
	}
	return addr.String()
}

// peek returns how long a take would have to wait, and the count.
func (m *Model) peek(key string, l passwd.Limit) (w time.Duration, count int) {
	t := m.tallies[key]
	if t == nil {
		return 0, 0
	}
	before := *t
	w = m.take(key, l)
	m.tallies[key] = &before
	if !before.windowed || m.Now.Before(before.until) {
		count = before.count
	}
	return w, count
}

// takeAll counts a try under several keys, or under none if one has to wait.
func (m *Model) takeAll(keys []string, limits ...passwd.Limit) time.Duration {
	for i, key := range keys {
		if w, _ := m.peek(key, limits[i]); w > 0 {
			return w
		}
	}
	for i, key := range keys {
		m.take(key, limits[i])
	}
	return 0
}

var onceAMonth = passwd.Limit{Free: 1, Window: 30 * 24 * time.Hour}

func (m *Model) seenKey(a *Account, c passwd.Client) string { return m.key("seen", a.Ref, network(c)) }

// Device is what a right sign-in leaves on a device.
type Device struct {
	Account passwd.Ref
	Made    time.Time
}

// device is the key of the failures of a device that has signed in to an account within
// a month of days, "" for none.
func (m *Model) device(a *Account, c passwd.Client) string {
	d := m.Devices[c.Device]
	age := m.Now.Sub(d.Made.Truncate(24 * time.Hour))
	if a == nil || d.Account != a.Ref || d.Made.IsZero() || age < -24*time.Hour || age > 31*24*time.Hour {
		return ""
	}
	return m.key("device", c.Device)
}

var deviceTries = passwd.Limit{Free: 10, Window: 30 * 24 * time.Hour}

func (m *Model) knownDevice(a *Account, c passwd.Client) bool {
	key := m.device(a, c)
	_, failed := m.peek(key, deviceTries)
	return key != "" && failed < deviceTries.Free
}

// known is whether a right sign-in to an account came from a network or device within a
// month.
func (m *Model) known(a *Account, c passwd.Client) bool {
	_, count := m.peek(m.seenKey(a, c), onceAMonth)
	return c.Addr.IsValid() && count > 0 || m.knownDevice(a, c)
}

// requester is who asks, for a quota.
func (m *Model) requester(a *Account, c passwd.Client) string {
	if m.knownDevice(a, c) {
		return fmt.Sprint("device ", c.Device)
	}
	return network(c)
}

// guess is one that is counted.
type guess struct {
	m       *Model
	account *Account
	client  passwd.Client
	login   string // key that refuses
	address string // key of the network, "" for none
	count   string // key of the account's silent count
	told    string
	stop    int
	n       int    // consecutive failures, this one included if it is counted
	waits   bool   // it is not
	signsIn bool   // a right one makes the network known
	device  string // key of a known device's failures, "" for none
}

func (m *Model) loginKey(tenant, value string, c passwd.Client) string {
	return m.key("login", tenant, fold(value), network(c))
}

func (m *Model) guessAtLogin(l passwd.Login, a *Account, c passwd.Client) (*guess, time.Duration) {
	g := &guess{m: m, account: a, client: c, signsIn: true}
	g.address, g.login = m.key("address", network(c)), m.loginKey(l.Tenant, l.Value, c)
	if w, _ := m.peek(g.address, m.Limits.Address); w > 0 {
		return g, w
	}
	who, known := m.key("nobody", l.Tenant, fold(l.Value)), false
	if a != nil {
		who, known, g.device = m.subject(a), m.known(a, c), m.device(a, c)
	}
	return g, g.take(who, known)
}

// subject is what an account is counted by: anew after each password write.
func (m *Model) subject(a *Account) string { return m.key("account", a.Ref, a.Changed) }

func (m *Model) guessAtCurrent(a *Account, c passwd.Client) (*guess, time.Duration) {
	g := &guess{m: m, account: a, client: c, login: m.key("current", a.Ref, a.Changed)}
	return g, g.take(m.subject(a), true)
}

// take counts the guess: aloud by login and network, silently by account.
func (g *guess) take(who string, known bool) time.Duration {
	if w := g.m.take(g.login, g.m.Limits.SignIn); w > 0 {
		return w
	}
	knownStop := g.m.Limits.StopAfter / 5
	g.stop = g.m.Limits.StopAfter - knownStop
	limit := g.m.Limits.Account
	if known {
		g.stop = knownStop
		limit = passwd.Limit{Free: g.stop, Wait: time.Second, MaxWait: 15 * time.Minute}
	}
	g.count, g.told = fmt.Sprint(who, known), fmt.Sprint("told", who, known)
	g.waits = g.m.take(g.count, limit) > 0
	_, g.n = g.m.peek(g.count, limit)
	return 0
}

// closed is whether even the right password is refused.
func (g *guess) closed() bool { return g.waits || g.n > g.stop }

// failed counts a failure, and tells the owner, once, that there were too many.
func (m *Model) failed(g *guess) {
	if g.address != "" {
		m.take(g.address, m.Limits.Address)
	}
	if g.device != "" {
		m.take(g.device, deviceTries)
	}
	if g.n > g.stop && !g.waits {
		m.takeBack(g.count)
	}
	if w, _ := m.peek(g.told, onceAMonth); g.n < g.stop || w > 0 {
		return
	}
	if g.account == nil || m.notifyOnce(g.account, passwd.MessageSignInStopped, g.client, g.told) {
		m.take(g.told, onceAMonth)
	}
}

// succeeded forgets the failures.
func (m *Model) succeeded(g *guess) {
	delete(m.tallies, g.login)
	delete(m.tallies, g.count)
	delete(m.tallies, g.device)
	if !g.signsIn || !g.client.Addr.IsValid() {
		return
	}
	seen := m.seenKey(g.account, g.client)
	if w, _ := m.peek(seen, onceAMonth); w <= 29*24*time.Hour {
		delete(m.tallies, seen)
		m.take(seen, onceAMonth)
	}
}

// forgive forgets the failures at the logins of an account from a network.
func (m *Model) forgive(a *Account, c passwd.Client) {
	for _, own := range []string{a.Username, a.Email, a.Mobile} {
		delete(m.tallies, m.loginKey(a.Ref.Tenant, own, c))
	}
}

var (
	triesAtCode   = passwd.Limit{Free: 5, Window: 10 * time.Minute}
	codesOfOthers = passwd.Limit{Free: 100, Window: 24 * time.Hour}
	codesOfKnown  = passwd.Limit{Free: 20, Window: 24 * time.Hour}
)

// codeCount is the silent count of failures at codes that a client's come under.
func (m *Model) codeCount(a *Account, epoch int64, c passwd.Client) (string, passwd.Limit) {
	if m.known(a, c) {
		return m.key("code", a.Ref, epoch, "known"), codesOfKnown
	}
	return m.key("code", a.Ref, epoch, "others"), codesOfOthers
}

// mayRedeem counts that a live token was presented.
func (m *Model) mayRedeem(t *token, c passwd.Client) time.Duration {
	if w, _ := m.peek(m.key("reused", t.ref), reusedAnHour); w > 0 {
		keys := []string{m.key("redeem from", network(c)), m.key("redeem", t.purpose, t.ref)}
		for _, key := range keys { // which are asked first
			if w, _ := m.peek(key, m.Limits.Redeem); w > 0 {
				return w
			}
		}
		return w
	}
	return m.takeAll([]string{m.key("redeem from", network(c)), m.key("redeem", t.purpose, t.ref)}, m.Limits.Redeem, m.Limits.Redeem)
}

var reusedAnHour = passwd.Limit{Free: 5, Window: time.Hour}

// toldThePast counts a refusal that tells of an earlier password; the twentieth spends
// the token.
func (m *Model) toldThePast(t *token) {
	m.take(m.key("reused", t.ref), reusedAnHour)
	if t.reused++; t.reused >= 20 {
		t.spent = true
	}
}

func (m *Model) requestLimit(r Request) (w time.Duration, takeBack func()) {
	keys := []string{m.key("reset", network(r.Client)), m.key("messages", r.Login.Tenant, fold(r.Login.Value), network(r.Client))}
	return m.takeAll(keys, m.Limits.ResetRequests, m.Limits.Messages), func() {
		for _, key := range keys {
			m.takeBack(key)
		}
	}
}

func (m *Model) revealLimit(c passwd.Client) time.Duration {
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
	return m.key(r.Login, r.Channel, r.UserKey, r.TTL, r.TellShared, network(r.Client), r.Client.Device)
}

// mayMail counts a message for its account.
func (m *Model) mayMail(a *Account, c passwd.Client) bool {
	sent := func(span string) string { return m.key("sent", a.Ref, span) }
	if m.known(a, c) {
		return m.take(sent("known"), passwd.Limit{Free: 5, Window: time.Hour}) == 0
	}
	return m.takeAll([]string{sent("hour"), sent("day")},
		passwd.Limit{Free: 20, Window: time.Hour}, passwd.Limit{Free: 60, Window: 24 * time.Hour}) == 0
}

// makeRoom ends the oldest tokens of a requester for one more; false is that this one
// is the oldest.
func (m *Model) makeRoom(t *token, max int) bool {
	var own []*token
	for _, other := range m.tokens {
		if other.ref == t.ref && other.purpose == t.purpose && other.from == t.from && m.live(other, t.issued) {
			own = append(own, other)
		}
	}
	slices.SortFunc(own, func(a, b *token) int { return a.issued.Compare(b.issued) })
	excess := len(own) + 1 - max
	if excess <= 0 {
		return true
	}
	if t.issued.Before(own[excess-1].issued) {
		return false
	}
	for _, old := range own[:excess] {
		old.spent = true
	}
	return true
}

func (m *Model) mayTellShared(r Request) bool {
	return m.take(m.key("shared", r.Login.Tenant, r.Login.Value), passwd.Limit{Free: m.Limits.LiveLinks, Window: time.Hour}) == 0
}
