package explore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session"
)

const (
	right    = "analytical engine 1843" // the password of the account
	previous = "jacquard loom of 1801"
	wrong    = "no engine at all 1900"
	hosts    = "written by the host 7"
)

var (
	ref   = passwd.Ref{ID: "1"}
	heir  = passwd.Account{Ref: ref, Username: "heir", Email: "heir@example.com", Active: true}
	login = passwd.Login{Value: "ada"}
	home  = passwd.Client{Addr: netip.MustParseAddr("192.0.2.10")}

	oldKeys = passwd.Keys{Current: bytes.Repeat([]byte{1}, 32)}
	newKeys = passwd.Keys{Current: bytes.Repeat([]byte{2}, 32), Previous: [][]byte{oldKeys.Current}}
)

// ended is a context that has.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func stranger(n int) passwd.Client {
	return passwd.Client{Addr: netip.AddrFrom4([4]byte{198, 51, 100, byte(n)})}
}

// World is one account, the services that guard it, and what they have done to it.
type World struct {
	*memstore.Store
	Clock *passwdtest.Clock

	state     string
	passwords map[passwd.Hash]string // that were hashed
	limiter   passwd.Limiter
	counted   map[string]bool // keys of the limiter
	mail      passwdtest.Mailbox
	processes *processes
	replicas  []replica
	replica   replica // the first of them, which later probes

	// What a state or flow asked for beforehand.
	link, request, ticket, cancel, invitation passwd.Token
	code                                      passwd.OneTimeCode
	in                                        passwd.SignedIn
	pair                                      session.Pair

	rotating bool // some replica has new keys
	began    time.Time
	before   passwd.Account // as the operations found it
	stopTold bool           // its owner knows already that it is stopped
	callers  []*Caller
	writes   []passwd.Write // of passwords, that have happened
	notices  int            // that they owe
	told     []passwd.Written
	changed  int // events that say so
	tokens   []*token
	sessions []*opened
	used     map[passwd.Token]bool
	forgot   int // how often what was counted for the account has been forgotten, its row being gone
	outrun   bool
	broken   []string
}

// token is a token that was stored.
type token struct {
	passwd.TokenRecord
	spent int
	dead  string // why it must be, from then on; "" if it need not
}

// opened is a session that was stored.
type opened struct {
	session.Record
	dead string
}

// newWorld makes a world in a state, with what the flows ask for beforehand; false
// if that cannot be had in it.
func newWorld(p *processes, s State, needs ...Need) (*World, bool) {
	w := &World{
		Store: memstore.New(), Clock: passwdtest.NewClock(), state: s.Name, processes: p,
		passwords: make(map[passwd.Hash]string), limiter: passwd.NewMemoryLimiter(0), counted: make(map[string]bool),
		used: make(map[passwd.Token]bool),
	}
	w.began = w.Clock.Now()
	w.replica = w.newReplica(false, 0)
	w.Store.Set(passwd.Account{
		Ref: ref, Username: "ada", Email: "ada@example.com", Active: true, Hash: w.hashOf(right),
		Address: []passwd.Address{{Channel: passwd.EmailChannel, Value: "ada@example.com"}},
	})
	for _, early := range []bool{true, false} {
		for _, n := range allNeeds {
			if n.early == early && slices.Contains(needs, n.name) && !n.get(w) {
				return nil, false
			}
		}
		w.Clock.Advance(time.Second) // no two password writes are of one moment
		if early {
			s.Make(w)
			w.deliver()
			w.Clock.Advance(time.Second)
		}
	}
	w.began = w.Clock.Now()
	w.before, _ = w.Store.Get(context.Background(), ref)
	for _, m := range w.mail.All() {
		w.stopTold = w.stopTold || m.Kind == passwd.MessageSignInStopped
	}
	w.mail = passwdtest.Mailbox{}
	w.writes, w.notices, w.told, w.changed = nil, 0, nil, 0
	return w, true
}

func (w *World) hashOf(password string) passwd.Hash {
	h, err := passwdtest.Hasher{}.Hash(context.Background(), password)
	if err != nil {
		panic(err)
	}
	w.passwords[h] = password
	return h
}

// deliver works the queue off and returns what was sent.
func (w *World) deliver() []passwd.Message {
	before := len(w.mail.All())
	r := w.replica
	if w.rotating {
		r = w.newReplica(true, 0) // which can open every job
	}
	r.svc.Work(context.Background())
	return w.mail.All()[before:]
}

func (w *World) breaks(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(w.broken, text) {
		w.broken = append(w.broken, text)
	}
}

// applied is told of each write that a store has made, and how the account was.
func (w *World) applied(write passwd.Write, before passwd.Account, epoch int64) {
	raises := write.NewHash != "" || write.Raise
	switch {
	case before.Hash != write.IfHash || before.Epoch != write.IfEpoch:
		w.breaks("I3: a write that expected another hash or epoch has happened")
	case before.Epoch != 0 && epoch-before.Epoch != map[bool]int64{true: 1}[raises]:
		w.breaks("I5: epoch raised by %d", epoch-before.Epoch)
	}
	w.consumed(write.Consume)
	if raises {
		for _, s := range w.sessions {
			if s.ID != write.KeepSession {
				s.dead = "I5: ended by a write"
			}
		}
		for _, c := range w.callers {
			c.raised()
		}
	}
	for _, t := range w.tokens {
		if raises && t.Epoch != 0 || write.VoidAll && t.Epoch == 0 {
			t.dead = "I5: voided by a write"
		}
	}
	if write.Issue != nil {
		w.issued(*write.Issue, nil)
	}
	if write.NewHash != "" {
		w.writes = append(w.writes, write)
		w.replaced(write, before)
	}
}

// replaced is told of each password that was written. A first one comes without a
// notice, and so without the link of one.
func (w *World) replaced(write passwd.Write, before passwd.Account) {
	invited := slices.ContainsFunc(w.tokens, func(t *token) bool {
		return write.Consume != nil && t.TokenRef == *write.Consume && t.Purpose == passwd.PurposeInvitation
	})
	if write.Issue != nil {
		w.notices += len(before.Address)
	}
	if (write.Issue == nil || invited) && before.Hash != "" {
		w.breaks("a first password has taken the place of another")
	}
}

func (w *World) issued(t passwd.TokenRecord, consume *passwd.TokenRef) {
	w.consumed(consume)
	if !slices.ContainsFunc(w.tokens, func(o *token) bool { return o.TokenRef == t.TokenRef }) {
		w.tokens = append(w.tokens, &token{TokenRecord: t})
	}
}

func (w *World) consumed(spent *passwd.TokenRef) {
	for _, t := range w.tokens {
		if spent != nil && t.TokenRef == *spent {
			if t.spent++; t.spent > 1 {
				w.breaks("I4: %s token spent twice", t.Purpose)
			}
			t.dead = "I4: spent"
		}
	}
}

func (w *World) opened(r session.Record) { w.sessions = append(w.sessions, &opened{Record: r}) }

func (w *World) refreshed(r session.Rotation) {
	for _, s := range w.sessions {
		if s.ID != r.ID {
			continue
		}
		if s.Refresh != r.IfRefresh {
			w.breaks("I4: a refresh token is used twice")
		}
		s.Access, s.Refresh = r.Access, r.Refresh
	}
}

// Caller is somebody who carries out a flow.
type Caller struct {
	replica
	w        *World
	ctx      context.Context
	n        int    // the first is 1
	new      string // the password that it wants
	cancel   context.CancelFunc
	rowFirst bool               // it has deleted the row before it asked to forget
	refused  map[string]refusal // by a serial order, and how
	answers  []answer
}

// answer is what a call has said.
type answer struct {
	call string
	code string // "ok", or that of the error
	in   passwd.SignedIn
	dead bool // a write has ended what was opened with it
}

// said notes an answer, and reports whether the flow can go on.
func (c *Caller) said(call string, err error) bool {
	a := answer{call: call, code: cmp.Or(string(passwd.CodeOf(err)), "ok")}
	if c.refused != nil {
		a.code = brokenOff
		if r, ok := c.refused[call]; ok && (r.in == nil || slices.Contains(r.in, c.w.state)) {
			a.code = string(r.code)
		}
	}
	c.answers = append(c.answers, a)
	return err == nil && c.refused == nil
}

// saidIn is said of a sign-in, and of what results in one.
func (c *Caller) saidIn(call string, in passwd.SignedIn, err error) bool {
	ok := c.said(call, err)
	if ok {
		c.answers[len(c.answers)-1].in = in
	}
	return ok
}

// spends is said of a call that uses up a token; no token is used up twice.
func (c *Caller) spends(call string, t passwd.Token, err error) bool {
	ok := c.said(call, err)
	if ok {
		if c.w.used[t] {
			c.w.breaks("I4: %s: a token is used twice", call)
		}
		c.w.used[t] = true
	}
	return ok
}

func (c *Caller) raised() {
	for i := range c.answers {
		c.answers[i].dead = true
	}
}

// next begins another call: a serial order may let others go first.
func (c *Caller) next() { Mark(c.ctx) }

// host does something to the account's row as the host does.
func (c *Caller) host(call string, edit func(*passwd.Account)) {
	c.said(call, At(c.ctx, writes("host: "+call, row), func() error { return c.w.Store.Update(ref, edit) }))
}

func kindOf(key string) string {
	kind, _, _ := strings.Cut(key, ":")
	return kind
}

// tokenOf reads the token out of the link of a message.
func tokenOf(m passwd.Message) passwd.Token {
	u, err := url.Parse(m.Link)
	if err != nil {
		return ""
	}
	return passwd.Token(u.Query().Get("token"))
}

// brokenOff is the answer of a call that a serial order has broken off although it may
// not be refused.
const brokenOff = "broken off"

// brokenOff reports whether some call has that answer.
func (w *World) brokenOff() bool {
	return slices.ContainsFunc(w.callers, func(c *Caller) bool {
		return slices.ContainsFunc(c.answers, func(a answer) bool { return a.code == brokenOff })
	})
}
