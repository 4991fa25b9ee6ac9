package explore

import (
	"context"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

// State is how the account is when flows meet at it, as real tables have them: an
// account that nothing of ours was written for has the epoch 0.
type State struct {
	Name string
	Make func(w *World)
}

func edited(edit func(*passwd.Account)) func(*World) {
	return func(w *World) { w.Store.Update(ref, edit) }
}

func (w *World) age() {
	w.Store.Update(ref, func(a *passwd.Account) { a.ChangedAt = w.began.Add(-tooOld) })
}

func guessed(n int) func(*World) {
	return func(w *World) {
		for i := range n {
			w.replica.svc.SignIn(context.Background(), passwd.SignIn{Login: login, Password: wrong, Client: stranger(100 + i)})
		}
	}
}

var states = []State{
	{"fresh", func(*World) {}},
	{"settled", func(w *World) { w.signIn() }},
	{"stale", edited(func(a *passwd.Account) { a.Hash = stale + a.Hash })},
	{"aged", func(w *World) { w.age() }},
	{"stale and aged", func(w *World) {
		w.age()
		w.Store.Update(ref, func(a *passwd.Account) { a.Hash = stale + a.Hash })
	}},
	{"required", func(w *World) {
		w.replica.svc.RequireChange(context.Background(), passwd.RequireChange{Account: ref})
	}},
	{"temporary", func(w *World) {
		w.Store.Update(ref, func(a *passwd.Account) { a.Must, a.MustUntil = passwd.Temporary, w.began.Add(time.Hour) })
	}},
	{"suspended", edited(func(a *passwd.Account) { a.Must = passwd.Compromised })},
	{"almost stopped", guessed(stopOthers - 1)},
	{"stopped", guessed(stopOthers)},
	{"stopped and known", func(w *World) { w.signIn(); guessed(stopOthers)(w) }},
	{"disabled", edited(func(a *passwd.Account) { a.Disabled = true })},
	{"no password yet", edited(func(a *passwd.Account) { a.Hash = "" })},
}

// Need is something that a flow needs to have beforehand.
type Need string

// allNeeds are in the order in which they are got; the early ones before the
// account comes into its state.
var allNeeds = []struct {
	name  Need
	early bool
	get   func(w *World) bool
}{
	{"cancel", true, func(w *World) bool {
		h := w.hashOf(previous)
		w.Store.Update(ref, func(a *passwd.Account) { a.Hash = h })
		_, err := w.replica.svc.Change(context.Background(), passwd.Change{Account: ref, Current: previous, New: right})
		for _, m := range w.deliver() {
			w.cancel = tokenOf(m)
		}
		return err == nil && w.cancel != ""
	}},
	{"session", true, func(w *World) (ok bool) {
		if !w.signIn() {
			return false
		}
		pair, err := w.replica.sessions.Start(context.Background(), w.in, session.Info{Device: "first"})
		w.pair = pair
		return err == nil
	}},
	{"ticket", false, func(w *World) (ok bool) {
		if !w.signIn() {
			return false
		}
		t, err := w.replica.svc.Ticket(context.Background(), w.in)
		w.ticket = t
		return err == nil
	}},
	{"link", false, func(w *World) bool {
		w.replica.svc.RequestReset(context.Background(), passwd.RequestReset{Login: login, Client: home})
		for _, m := range w.deliver() {
			w.link = m.Token
		}
		return w.link != ""
	}},
	{"code", false, func(w *World) bool {
		w.request, _ = w.replica.svc.RequestCode(context.Background(), passwd.RequestCode{Login: login, Client: home})
		for _, m := range w.deliver() {
			w.code = m.Code
		}
		return w.code != ""
	}},
	{"invitation", false, func(w *World) bool {
		w.replica.svc.Invite(context.Background(), ref, passwd.AnyChannel, home)
		for _, m := range w.deliver() {
			w.invitation = m.Token
		}
		return w.invitation != ""
	}},
	{"waiting", false, func(w *World) bool {
		return w.replica.svc.RequestReset(context.Background(), passwd.RequestReset{Login: login, Client: home}) == nil
	}},
}

func (w *World) signIn() bool {
	in, err := w.replica.svc.SignIn(context.Background(), passwd.SignIn{Login: login, Password: right, Client: home})
	if err == nil {
		w.in = in
	}
	return err == nil
}

// Flow is what somebody does to the account, in one call or several.
type Flow struct {
	Name  string
	Needs []Need
	Do    func(c *Caller)
}

// signIn signs in and reports whether that went well.
func (c *Caller) signIn(password string, from passwd.Client) (passwd.SignedIn, bool) {
	in, err := c.svc.SignIn(c.ctx, passwd.SignIn{Login: login, Password: password, Client: from})
	return in, c.saidIn("SignIn", in, err)
}

func (c *Caller) changeByLogin(always bool) {
	_, err := c.svc.ChangeByLogin(c.ctx, passwd.ChangeByLogin{Login: login, Current: right, New: c.new, Always: always, Client: home})
	c.said("ChangeByLogin", err)
}

func (c *Caller) reset(t passwd.Token) {
	_, err := c.svc.Reset(c.ctx, passwd.Reset{Token: t, New: c.new, Client: home})
	c.spends("Reset", t, err)
}

func (c *Caller) acceptInvitation() {
	_, err := c.svc.AcceptInvitation(c.ctx, passwd.Reset{Token: c.w.invitation, New: c.new, Client: home})
	c.spends("AcceptInvitation", c.w.invitation, err)
}

func (c *Caller) work() {
	c.next()
	_, err := c.svc.Work(c.ctx)
	c.said("Work", err)
}

func (c *Caller) redeem(request passwd.Token, code passwd.OneTimeCode) {
	t, err := c.svc.RedeemCode(c.ctx, passwd.RedeemCode{Request: request, Code: code, Client: home})
	if c.spends("RedeemCode", request, err) {
		c.next()
		c.reset(t)
	}
}

// rotated goes on at a replica that has got new keys.
func (c *Caller) rotated() {
	c.w.rotating = true
	c.replica = c.w.newReplica(true, 0)
}

var flows = []Flow{
	{"sign in", nil, func(c *Caller) { c.signIn(right, home) }},
	{"sign in elsewhere", nil, func(c *Caller) { c.signIn(right, stranger(c.n)) }},
	{"mistype", nil, func(c *Caller) { c.signIn(wrong, home) }},
	{"guess", nil, func(c *Caller) { c.signIn(wrong, stranger(c.n)) }},
	{"forced change", nil, func(c *Caller) {
		in, ok := c.signIn(right, home)
		if !ok {
			return
		}
		c.next()
		t, err := c.svc.Ticket(c.ctx, in)
		if !c.said("Ticket", err) {
			return
		}
		c.next()
		_, err = c.svc.ChangeWithTicket(c.ctx, passwd.ChangeWithTicket{Ticket: t, New: c.new, Client: home})
		c.spends("ChangeWithTicket", t, err)
	}},
	{"redeem ticket", []Need{"ticket"}, func(c *Caller) {
		_, err := c.svc.ChangeWithTicket(c.ctx, passwd.ChangeWithTicket{Ticket: c.w.ticket, New: c.new, Client: home})
		c.spends("ChangeWithTicket", c.w.ticket, err)
	}},
	{"change", []Need{"session"}, func(c *Caller) {
		_, err := c.svc.Change(c.ctx, passwd.Change{
			Account: ref, Current: right, New: c.new, KeepSession: c.w.pair.Session.ID, Client: home,
		})
		c.said("Change", err)
	}},
	{"change by login", nil, func(c *Caller) { c.changeByLogin(true) }},
	{"change if required", nil, func(c *Caller) { c.changeByLogin(false) }},
	{"ask for link", nil, func(c *Caller) {
		if c.said("RequestReset", c.svc.RequestReset(c.ctx, passwd.RequestReset{Login: login, Client: home})) {
			c.work()
		}
	}},
	{"ask for code", nil, func(c *Caller) {
		_, err := c.svc.RequestCode(c.ctx, passwd.RequestCode{Login: login, Client: home})
		if c.said("RequestCode", err) {
			c.work()
		}
	}},
	{"deliver", []Need{"waiting"}, func(c *Caller) { c.work() }},
	{"reset", []Need{"link"}, func(c *Caller) { c.reset(c.w.link) }},
	{"redeem code", []Need{"code"}, func(c *Caller) { c.redeem(c.w.request, c.w.code) }},
	{"guess code", []Need{"code"}, func(c *Caller) { c.redeem(c.w.request, "1234567") }},
	{"set first", nil, func(c *Caller) {
		in, err := c.svc.SetFirst(c.ctx, ref, c.new, home)
		c.saidIn("SetFirst", in, err)
	}},
	{"invite", nil, func(c *Caller) {
		if c.said("Invite", c.svc.Invite(c.ctx, ref, passwd.AnyChannel, home)) {
			c.work()
		}
	}},
	{"accept invitation", []Need{"invitation"}, func(c *Caller) { c.acceptInvitation() }},
	{"send reset", nil, func(c *Caller) {
		if c.said("SendReset", c.svc.SendReset(c.ctx, ref, passwd.AnyChannel, home)) {
			c.work()
		}
	}},
	{"cancel", []Need{"cancel"}, func(c *Caller) {
		c.spends("CancelReset", c.w.cancel, c.svc.CancelReset(c.ctx, passwd.CancelReset{Token: c.w.cancel, Client: home}))
	}},
	{"require", nil, func(c *Caller) {
		c.said("RequireChange", c.svc.RequireChange(c.ctx, passwd.RequireChange{Account: ref}))
	}},
	{"lift", nil, func(c *Caller) {
		c.said("LiftChange", c.svc.LiftChange(c.ctx, passwd.LiftChange{Account: ref}))
	}},
	{"suspend", nil, func(c *Caller) {
		c.said("MarkCompromised", c.svc.MarkCompromised(c.ctx, passwd.MarkCompromised{Account: ref}))
	}},
	{"issue temporary", nil, func(c *Caller) {
		_, err := c.svc.IssueTemporary(c.ctx, passwd.IssueTemporary{Account: ref})
		c.said("IssueTemporary", err)
	}},
	{"revoke", []Need{"session"}, func(c *Caller) {
		_, err := c.svc.Revoke(c.ctx, passwd.Revoke{Account: ref, KeepSession: c.w.pair.Session.ID})
		c.said("Revoke", err)
	}},
	{"revoke all", nil, func(c *Caller) {
		_, err := c.svc.Revoke(c.ctx, passwd.Revoke{Account: ref})
		c.said("Revoke", err)
	}},
	{"forget", nil, func(c *Caller) { c.said("Forget", c.svc.Forget(c.ctx, ref)) }},
	{"ask whether live", []Need{"session"}, func(c *Caller) {
		why, err := c.svc.Live(c.ctx, ref, c.w.in.Epoch)
		c.said("Live "+string(why), err)
	}},
	{"start session", nil, func(c *Caller) {
		if in, ok := c.signIn(right, home); ok {
			c.next()
			_, err := c.sessions.Start(c.ctx, in, session.Info{Device: "first"})
			c.said("Start", err)
		}
	}},
	{"refresh", []Need{"session"}, func(c *Caller) {
		_, err := c.sessions.Refresh(c.ctx, string(c.w.pair.Refresh), home)
		c.said("Refresh", err)
	}},
	{"use session", []Need{"session"}, func(c *Caller) {
		_, err := c.sessions.Check(c.ctx, string(c.w.pair.Access))
		c.said("Check", err)
	}},
	{"sign out", []Need{"session"}, func(c *Caller) {
		c.said("SignOut", c.sessions.SignOut(c.ctx, string(c.w.pair.Refresh)))
	}},
	{"reset with rotated keys", []Need{"link"}, func(c *Caller) { c.rotated(); c.reset(c.w.link) }},
	{"redeem with rotated keys", []Need{"code"}, func(c *Caller) { c.rotated(); c.redeem(c.w.request, c.w.code) }},
	{"deliver with rotated keys", []Need{"waiting"}, func(c *Caller) { c.rotated(); c.work() }},
	{"host writes the hash", nil, func(c *Caller) {
		h := c.w.hashOf(hosts)
		c.host("hash", func(a *passwd.Account) { a.Hash = h })
	}},
	{"host changes the address", nil, func(c *Caller) {
		c.host("address", func(a *passwd.Account) {
			a.Email = "ada@example.org"
			a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Email}}
		})
	}},
	{"host disables", nil, func(c *Caller) { c.host("disable", func(a *passwd.Account) { a.Disabled = true }) }},
	{"host enables", nil, func(c *Caller) { c.host("enable", func(a *passwd.Account) { a.Disabled = false }) }},
	{"host forbids a password", nil, func(c *Caller) { c.host("forbid", func(a *passwd.Account) { a.NoPassword = true }) }},
	{"host deletes", nil, func(c *Caller) {
		At(c.ctx, writes("host: delete", row), func() error { c.w.Store.Delete(ref); return nil })
		c.next()
		c.rowFirst = true
		c.said("Forget", c.svc.Forget(c.ctx, ref))
	}},
	{"host forgets and deletes", nil, func(c *Caller) {
		if c.said("Forget", c.svc.Forget(c.ctx, ref)) {
			c.next()
			At(c.ctx, writes("host: delete", row), func() error { c.w.Store.Delete(ref); return nil })
		}
	}},
}

// refusal is an answer that a call may give although no serial order would.
type refusal struct {
	code passwd.Code
	in   []string // in these states; nil is in all
	why  string
}

// refusals are those of calls that have done nothing, and say so.
var refusals = map[string]refusal{
	"Change":         {passwd.CodeConflict, nil, "documented: another write came first; its caller looks at what happened and tries again"},
	"ChangeByLogin":  {passwd.CodeConflict, nil, "as Change"},
	"IssueTemporary": {passwd.CodeConflict, nil, "documented: the administrator sees what happened before issuing another"},
	"SetFirst":       {passwd.CodeConflict, nil, "as Change"},
	"Invite":         {passwd.CodeConflict, nil, "as IssueTemporary"},
	"SendReset":      {passwd.CodeConflict, nil, "as IssueTemporary"},
}

// lateRefusals are those of the right password.
var (
	lateRefusals = map[string]refusal{"SignIn": late, "ChangeByLogin": late}
	late         = refusal{passwd.CodeWrongCredentials, []string{"almost stopped", "stopped and known"},
		"a guess that is under way counts until it is answered, and one that is refused after another write does not count"}
)

var forgetting = map[string]bool{"forget": true, "host deletes": true, "host forgets and deletes": true}

// skipped are the states in which a flow is not run, and why.
var skipped = map[string]map[string]string{
	"forget":                   {"aged": noTrace, "stale and aged": noTrace},
	"host forgets and deletes": {"aged": noTrace, "stale and aged": noTrace},
}

const noTrace = "to forget an account that has no epoch leaves no trace: a sign-in under way marks it expired by the age that was forgotten"

// flowOf and stateOf find by name.
func flowOf(name string) (Flow, bool) {
	i := slices.IndexFunc(flows, func(f Flow) bool { return f.Name == name })
	if i < 0 {
		return Flow{}, false
	}
	return flows[i], true
}

func stateOf(name string) (State, bool) {
	i := slices.IndexFunc(states, func(s State) bool { return s.Name == name })
	if i < 0 {
		return State{}, false
	}
	return states[i], true
}

// writers are the flows that meet in threes. One of them works the queue off: of two
// that do, either may have a job in hand when a third comes.
var writers = []string{
	"sign in", "forced change", "change", "change by login", "deliver", "reset", "redeem code", "cancel",
	"require", "lift", "suspend", "issue temporary", "revoke", "forget", "start session", "host writes the hash",
	"set first", "accept invitation",
}
