// Package model says in plain code what the service has to answer: the design over
// again, for one call at a time, without stores, hashes, keys or transactions. Its
// tests run it beside the service on long random histories and compare every answer.
//
// The service goes first. What it makes at random (tokens, first epochs, the moment
// of another try) the model takes from it; everything else the model must know.
package model

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/passwd-go/passwd"
)

// Model is all that there is to know.
type Model struct {
	Now      time.Time
	Policies map[string]Policy     // by tenant
	Limits   passwd.Limits         // every field set
	MaxJobs  int                   // the queue's bound
	Apart    bool                  // the queue is not the store: notices need room there
	Only     *string               // the tenant that the service is for; nil is all
	Keys     string                // the set of keys that is current
	Admit    func(*Account) string // the error of Config.Admit, "" for none

	Present Present

	// FirstEpoch tells what the service has drawn.
	FirstEpoch func(passwd.Ref) int64

	Accounts map[passwd.Ref]*Account
	Jobs     []*Job
	Sessions []*Session
	tokens   map[string]*token // by purpose and raw token
	cancels  []*token          // with those whose raw token nobody has seen yet
	tallies  map[string]*tally
}

// Present says where the service is not yet as designed. Each goes with its fault.
type Present struct {
	ForgetDropsMust bool // Forget takes the suspension with it
}

// Answer is what a call tells its caller. Fields that the call does not have are
// zero.
type Answer struct {
	Error    string // a code, or the name of an error where several have one code
	Wait     time.Duration
	Rejected string // codes of violations
	Account  passwd.Ref
	Epoch    int64
	Must     passwd.Reason
	ChangeBy time.Time
	Method   passwd.Method
	N        int
	Expires  time.Duration // of an access token
}

func refuse(code passwd.Code) Answer { return Answer{Error: string(code)} }

func wait(d time.Duration) Answer { return Answer{Error: string(passwd.CodeRateLimited), Wait: d} }

type token struct {
	purpose         passwd.Purpose
	ref             passwd.Ref
	epoch           int64 // 0 outlives password writes
	address, code   string
	attempts        int
	issued, expires time.Time
	spent           bool
}

func (m *Model) live(t *token, now time.Time) bool {
	a := m.Accounts[t.ref]
	return a != nil && !t.spent && now.Before(t.expires) && (t.epoch == 0 || t.epoch == a.Epoch)
}

func (m *Model) add(raw string, t *token) {
	if m.tokens == nil {
		m.tokens = make(map[string]*token)
	}
	m.tokens[string(t.purpose)+raw] = t
}

// get returns the account of a row that the service is for.
func (m *Model) get(r passwd.Ref) *Account {
	if a := m.Accounts[r]; a != nil && a.Row && (m.Only == nil || *m.Only == r.Tenant) {
		return a
	}
	return nil
}

func (m *Model) sorted() []*Account {
	return slices.SortedFunc(maps.Values(m.Accounts), func(a, b *Account) int { return strings.Compare(a.Ref.ID, b.Ref.ID) })
}

// pin gives an account the epoch that it needs from now on.
func (m *Model) pin(a *Account) {
	if a.Epoch == 0 {
		a.Epoch = m.FirstEpoch(a.Ref)
	}
}

// raise ends what was opened before, but for the session to keep.
func (m *Model) raise(a *Account, keep string) {
	before := a.Epoch
	if m.pin(a); before == 0 {
		return
	}
	a.Epoch++
	m.Sessions = slices.DeleteFunc(m.Sessions, func(s *Session) bool {
		if s.Ref == a.Ref && s.ID == keep && s.Epoch == before {
			s.Epoch = a.Epoch
		}
		return s.Ref == a.Ref && s.Epoch != a.Epoch
	})
}

// opened takes a login and a password to the account that they open: of a refusal the
// answer tells.
func (m *Model) opened(l passwd.Login, password string, c netip.Addr) (a *Account, changeBy time.Time, refused Answer) {
	if !validLogin(l) {
		return nil, changeBy, refuse(passwd.CodeInvalidRequest)
	}
	a = m.one(l)
	g, w := m.guessAtLogin(l, a, c)
	switch {
	case w > 0:
		return nil, changeBy, wait(w)
	case a == nil || !a.is(password) || g.stopped() || a.Disabled || a.Must == passwd.Compromised:
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
	a.Password, a.Stale = norm.NFC.String(password), false
	return a, m.age(a), Answer{}
}

func (m *Model) SignIn(l passwd.Login, password string, c netip.Addr) Answer {
	a, changeBy, refused := m.opened(l, password, c)
	if a == nil {
		return refused
	}
	m.pin(a)
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
	if m.count(a, passwd.PurposeTicket, m.Now) >= 16 {
		return refuse(passwd.CodeRateLimited)
	}
	m.add(made, &token{purpose: passwd.PurposeTicket, ref: a.Ref, epoch: a.Epoch, issued: m.Now, expires: m.Now.Add(10 * time.Minute)})
	return Answer{}
}

// count is how many live tokens of a purpose an account has.
func (m *Model) count(a *Account, p passwd.Purpose, now time.Time) (n int) {
	for _, t := range m.tokens {
		if t.ref == a.Ref && t.purpose == p && m.live(t, now) {
			n++
		}
	}
	return n
}

// change is a new password on its way.
type change struct {
	current, next string
	method        passwd.Method
	keep          string
	client        netip.Addr
	spend         *token
	until         time.Time
}

func methodOf(a *Account) passwd.Method {
	if a.Must != passwd.NoReason {
		return passwd.MethodForced
	}
	return passwd.MethodChange
}

func (m *Model) Change(r passwd.Ref, current, next, keep string, c netip.Addr) Answer {
	a := m.get(r)
	if a == nil {
		return refuse(passwd.CodeUnauthenticated)
	}
	g, w := m.guessAtCurrent(a, c)
	switch {
	case w > 0:
		return wait(w)
	case !a.is(current) || g.stopped() || !a.open() || a.Must == passwd.Compromised || a.expiredTemporary(m.Now):
		m.failed(g)
		return refuse(passwd.CodeWrongPassword)
	}
	m.succeeded(g)
	return m.replace(a, change{current: current, next: next, method: methodOf(a), keep: keep, client: c})
}

func (m *Model) ChangeByLogin(l passwd.Login, current, next string, when passwd.When, c netip.Addr) Answer {
	a, _, refused := m.opened(l, current, c)
	switch {
	case a == nil:
		return refused
	case when == passwd.IfRequired && a.Must == passwd.NoReason:
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
	cancel := &token{purpose: passwd.PurposeCancel, ref: a.Ref, issued: m.Now, expires: m.Now.Add(72 * time.Hour)}
	m.cancels = append(m.cancels, cancel)
	m.notify(a, kind, c.until, c.client, cancel, !m.Apart)
	m.put(&Job{Hook: true, Account: a.Ref, At: m.Now, Due: m.Now.Add(time.Minute), NotAfter: m.Now.Add(30 * 24 * time.Hour)}, !m.Apart)
	return Answer{Account: a.Ref, Epoch: a.Epoch, Method: c.method}
}

// void spends the "this was not me" tokens of an account.
func (m *Model) void(a *Account) {
	for _, t := range m.cancels {
		t.spent = t.spent || t.ref == a.Ref
	}
}

// redeemable returns the live token of a purpose and the account that may use it.
func (m *Model) redeemable(p passwd.Purpose, raw string) (*token, *Account) {
	t := m.tokens[string(p)+raw]
	if t == nil || !m.live(t, m.Now) {
		return nil, nil
	}
	if a := m.get(t.ref); a != nil && (p == passwd.PurposeCancel || m.usable(t, a)) {
		return t, a
	}
	return nil, nil
}

// usable is whether an account is open and still has the address that a token went to.
func (m *Model) usable(t *token, a *Account) bool {
	has := func(own passwd.Address) bool { return addressKey(own) == t.address }
	return a.open() && (t.address == "" || slices.ContainsFunc(a.addresses(), has))
}

func addressKey(a passwd.Address) string { return string(a.Channel) + ":" + fold(a.Value) }

func (m *Model) ChangeWithTicket(raw, next string, c netip.Addr) Answer {
	t, a := m.redeemable(passwd.PurposeTicket, raw)
	if t == nil || a.Must == passwd.NoReason || a.Must == passwd.Compromised || a.expiredTemporary(m.Now) {
		return refuse(passwd.CodeInvalidToken)
	}
	return m.replace(a, change{next: next, method: passwd.MethodForced, client: c, spend: t})
}

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

func (m *Model) suspend(a *Account, c netip.Addr) Answer {
	m.raise(a, "")
	m.void(a)
	a.Must, a.Until = passwd.Compromised, time.Time{}
	m.notify(a, passwd.MessageSuspended, time.Time{}, c, nil, !m.Apart)
	return Answer{}
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

// Require is RequireChange, and LiftChange with no reason.
func (m *Model) Require(r passwd.Ref, reason passwd.Reason) Answer {
	a := m.get(r)
	switch {
	case reason == passwd.Temporary || reason == passwd.Compromised:
		return refuse(passwd.CodeInvalidRequest)
	case a == nil:
		return Answer{Error: "not_found"}
	case a.Must != passwd.Temporary && a.Must != passwd.Compromised && a.Must != reason:
		m.pin(a)
		a.Must, a.Until = reason, time.Time{}
	}
	return Answer{}
}

func (m *Model) MarkCompromised(r passwd.Ref, c netip.Addr) Answer {
	if a := m.get(r); a != nil {
		return m.suspend(a, c)
	}
	return Answer{Error: "not_found"}
}

func (m *Model) IssueTemporary(r passwd.Ref, ttl time.Duration, c netip.Addr, made string) Answer {
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
	}
	m.Sessions = slices.DeleteFunc(m.Sessions, func(s *Session) bool { return s.Ref == r })
	switch a := m.Accounts[r]; {
	case a != nil && a.Row:
		a.Epoch, a.Changed, a.History = 0, time.Time{}, nil
		if m.Present.ForgetDropsMust {
			a.Must, a.Until = passwd.NoReason, time.Time{}
		}
		m.pin(a)
	case a != nil:
		delete(m.Accounts, r)
	}
	return Answer{}
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

// Delete is the host's deletion of a row, without Forget.
func (m *Model) Delete(r passwd.Ref) {
	if a := m.Accounts[r]; a != nil {
		a.Row = false
	}
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
	if w := m.checkLimit(a); w > 0 {
		return wait(w)
	}
	return Answer{Rejected: m.violations(a, "", password, method, false)}
}
