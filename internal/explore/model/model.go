// Package model says in plain code what the service has to answer: the design over
// again, for one call at a time, without stores, hashes, keys or transactions. Its
// tests run it beside the service on long random histories and compare every answer. A
// method answers as the one of the same name of passwd.Service or session.Manager.
//
// The service goes first. What it makes at random (tokens, first epochs, the moment
// of another try) the model takes from it; everything else the model must know.
package model

import (
	"maps"
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

	// FirstEpoch tells what the service has drawn.
	FirstEpoch func(passwd.Ref) int64
	// ReadEpoch tells which epoch a hash of the host's has.
	ReadEpoch func(passwd.Ref) int64
	hashes    int // how many there have been

	Accounts map[passwd.Ref]*Account
	Devices  map[passwd.Token]Device
	Jobs     []*Job
	Sessions []*Session
	tokens   map[string]*token // by purpose and raw token
	cancels  []*token          // with those whose raw token nobody has seen yet
	tallies  map[string]tally
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
	from            string // who asked for it
	reused          int    // refusals that told of an earlier password
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
	maps.DeleteFunc(m.tokens, func(_ string, other *token) bool { return other == t }) // by another name
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

// Pin gives an account the epoch that it needs from now on.
func (m *Model) Pin(a *Account) {
	switch {
	case a.Epoch == 0:
		a.Epoch, a.ours = m.FirstEpoch(a.Ref), a.hash
	case a.Outside:
		a.Outside, a.Changed, a.ours = false, m.Now, a.hash
	}
}

// Saved is the host's write of a hash.
func (m *Model) Saved(a *Account) {
	switch a.Password {
	case "":
		a.hash = 0
	case Unknowable:
		a.hash = -1
	default:
		m.hashes++
		a.hash = m.hashes
	}
	switch {
	case a.Epoch == 0:
	case a.hash == a.ours && a.Outside:
		a.Outside, a.Epoch, a.Changed, a.Until = false, a.kept.epoch, a.kept.changed, a.kept.until
	case a.hash != a.ours:
		if !a.Outside {
			a.kept.epoch, a.kept.changed, a.kept.until = a.Epoch, a.Changed, a.Until
		}
		a.Outside, a.Epoch, a.Changed, a.Until = true, m.ReadEpoch(a.Ref), time.Time{}, time.Time{}
	}
}

// upgrade replaces a stale hash by a better one of the same password.
func (m *Model) upgrade(a *Account, password string) {
	composed := norm.NFC.String(password)
	if !a.Stale && composed == a.Password {
		return
	}
	m.hashes++
	if a.hash == a.ours {
		a.ours = m.hashes
	}
	a.hash, a.Password, a.Stale = m.hashes, composed, false
}

// raise ends what was opened before, but for the session to keep.
func (m *Model) raise(a *Account, keep string) {
	before := a.Epoch
	if m.Pin(a); before == 0 {
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
