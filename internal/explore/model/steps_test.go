package model_test

import (
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/explore/model"
	"github.com/passwd-go/passwd/pwpolicy"
	"github.com/passwd-go/passwd/session"
)

var (
	tenants  = []string{"", "north", "south"}
	networks = []string{ // ten, some with more than one address
		"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "198.51.100.1", "2001:db8:0:1::1", "2001:db8:0:1::2",
		"2001:db8:0:2::1", "2001:db8:0:3::1", "203.0.113.9", "",
	}
	usernames = []string{"user0", "User1", "user2", "user3", "user4", "user5", "user6", "mail4@x.example", "15552", "Ünal", "Kim", ""}
	emails    = []string{"mail0@x.example", "Mail1@x.example", "mail2@X.example", "mail3@x.example", "mail4@x.example", "user5", ""}
	mobiles   = []string{"+495550", "+495551", "15552", "15553", ""}
	passwords = []string{
		"orange kettle 01", "orange kettle 02", "orange kettle 03", "orange kettle 04", "pässword kettle 5", "pa\u0308ssword kettle 5",
		"fits twelve", "tiny", "", "with a \x00 in the middle", strings.Repeat("x", 5000),
	}
	jumps = []time.Duration{
		0, time.Second, 2 * time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute, 11 * time.Minute, time.Hour,
		3 * time.Hour, 25 * time.Hour, 4 * day, 8 * day, 15 * day, 26 * day, 31 * day, 60 * day,
	}
)

const (
	accounts = 20
	firstID  = 11 // so that all have as many digits, and one order
)

// populate makes the 20 accounts of a host that has just adopted the library.
func (w *world) populate() {
	for i := range accounts {
		k := i / len(tenants)
		a := &model.Account{
			Ref: refOf(i), Row: true,
			Username: usernames[k], Email: emails[k], Mobile: mobiles[k%len(mobiles)],
			EmailConfirmed: k != 2, MobileConfirmed: k%2 == 0, Active: k != 5, Password: passwords[k%4], Stale: k%3 == 0,
		}
		if k == 1 || k == 2 {
			a.Email = emails[k-1] // of two accounts; the second does not hold it
		}
		w.m.Accounts[a.Ref] = a
		w.save(a)
	}
}

// save writes an account as the host does, with a new hash.
func (w *world) save(a *model.Account) {
	form, hash := presentForm, passwd.Hash("")
	if a.Stale {
		form = earlierForm
	}
	switch a.Password {
	case "":
	case model.Unknowable:
		hash = "unknowable"
	default:
		hash = hashOf(form, a.Password)
	}
	w.host.save(a, hash)
}

// draws of what a step is about

// below draws a number from 0 to n-1, all equally often: what rapid has of its own
// prefers the ends of a range.
func (w *world) below(t *rapid.T, n int, what string) int {
	if w.straight {
		return 0
	}
	if below := numbers[n]; below != nil {
		return below.Draw(t, what)
	}
	numbers[n] = rapid.Custom(func(t *rapid.T) (v int) {
		for range bits.Len(uint(n-1)) + 3 {
			if v *= 2; rapid.Bool().Draw(t, "bit") {
				v++
			}
		}
		return v % n
	})
	return numbers[n].Draw(t, what)
}

var numbers = map[int]*rapid.Generator[int]{}

func pick[E any](w *world, t *rapid.T, what string, from []E) E {
	return from[w.below(t, len(from), what)]
}

// oneIn is true once in n times, never where a history is shrunk.
func (w *world) oneIn(t *rapid.T, n int, what string) bool { return w.below(t, n, what) == n-1 }

func (w *world) account(t *rapid.T) *model.Account {
	r := pick(w, t, "account", w.focus)
	if w.oneIn(t, 8, "another") {
		r.Tenant = pick(w, t, "tenant", tenants)
		r.ID = strconv.Itoa(firstID + w.below(t, accounts+1, "id"))
	}
	w.touched = append(w.touched, r)
	if a := w.m.Accounts[r]; a != nil {
		return a
	}
	return &model.Account{Ref: r}
}

func (w *world) login(t *rapid.T, a *model.Account) passwd.Login {
	l := passwd.Login{Tenant: a.Ref.Tenant}
	texts := slices.DeleteFunc([]string{a.Username, a.Email, a.Mobile}, func(s string) bool { return s == "" })
	l.Value = pick(w, t, "login", append(texts, "nobody")[:max(len(texts), 1)])
	switch w.below(t, 20, "kind of login") {
	case 15:
		l.Kind = pick(w, t, "kind", []passwd.LoginKind{passwd.Username, passwd.Email, passwd.Mobile, "none"})
	case 16:
		l.Value = " \u200b" + strings.ToUpper(l.Value) + "\t\u2069"
	case 17:
		l.Tenant = pick(w, t, "tenant", tenants)
	case 18:
		l.Value = pick(w, t, "text", slices.Concat(usernames, emails, mobiles, []string{"U\u0308nal", "\u212aim"}))
	case 19:
		l.Value = pick(w, t, "nobody", []string{"nobody", "nobody@x.example", "999", "", strings.Repeat("n", 600), "a\x00b"})
	}
	return l
}

func (w *world) password(t *rapid.T, a *model.Account) string {
	switch n := w.below(t, 10, "password"); {
	case n < 7 && a.Password != "" && a.Password != model.Unknowable:
		return a.Password
	case n < 8 && len(w.issued) > 0:
		return latest(w, t, w.issued)
	}
	return pick(w, t, "other password", passwords)
}

// next picks a new password, mostly one that is long enough.
func (w *world) next(t *rapid.T) string {
	if w.straight {
		w.fresh++
		return passwords[w.fresh%4]
	}
	return pick(w, t, "new password", slices.Concat(passwords[:6], passwords))
}

func (w *world) client(t *rapid.T) passwd.Client {
	addr, _ := netip.ParseAddr(pick(w, t, "client", networks))
	return passwd.Client{Addr: addr}
}

// latest picks one of a list, often one of the last.
func latest[E any](w *world, t *rapid.T, from []E) E {
	if w.straight {
		return from[len(from)-1]
	}
	return from[len(from)-1-rapid.IntRange(0, len(from)-1).Draw(t, "latest")]
}

// token picks one of a purpose, rarely one of another, or none.
func (w *world) token(t *rapid.T, p passwd.Purpose) string {
	if w.oneIn(t, 12, "wrong token") {
		p = pick(w, t, "purpose", []passwd.Purpose{passwd.PurposeReset, passwd.PurposeTicket, passwd.PurposeCancel, passwd.PurposeCode})
	}
	if raw := w.raw[p]; len(raw) > 0 && !w.oneIn(t, 12, "no token") {
		return latest(w, t, raw)
	}
	return pick(w, t, "made up", []string{"", "short", strings.Repeat("A", 43)})
}

func (w *world) holder(t *rapid.T, a *model.Account) (passwd.Holder, model.Holder) {
	var h passwd.Holder
	var same model.Holder
	if w.oneIn(t, 4, "names holder") {
		h.Login = w.login(t, a)
		same.Login = h.Login
	}
	if len(w.known) > 0 && w.oneIn(t, 4, "user key") {
		h.UserKey = latest(w, t, w.known)
		r := w.users[h.UserKey]
		same.Key = &r
	}
	return h, same
}

// service is the one of the current keys, sometimes for one tenant alone.
func (w *world) service(t *rapid.T) *passwd.Service {
	s := w.services[w.keys]
	if w.m.Only = nil; w.oneIn(t, 10, "in tenant") {
		tenant := pick(w, t, "tenant", tenants)
		w.m.Only = &tenant
		s = s.InTenant(tenant)
	}
	return s
}

// compare ends the history unless the service has answered as the model does.
func (w *world) compare(got, want model.Answer) {
	w.t.Logf("  %+v", got)
	answers[w.step+": "+got.Error+" "+got.Rejected]++
	if got != want {
		w.t.Logf("want %+v", want)
		w.fail("another answer than the model's")
	}
}

// answer is an answer with the error of a call.
func answer(a model.Answer, err error) model.Answer {
	if rejected, ok := errors.AsType[*passwd.PolicyError](err); ok {
		a.Rejected = codes(rejected.Violations)
	}
	if limited, ok := errors.AsType[*passwd.RateLimitError](err); ok {
		a.Wait = limited.Wait
	}
	for named, name := range map[error]string{
		passwd.ErrNotActivated: "not_activated", passwd.ErrTemporaryExpired: "temporary_expired", passwd.ErrNotFound: "not_found", session.ErrReused: "reused",
	} {
		if errors.Is(err, named) {
			a.Error = name
			return a
		}
	}
	a.Error = string(passwd.CodeOf(err))
	return a
}

func codes(violations []pwpolicy.Violation) string {
	var all []string
	for _, v := range violations {
		all = append(all, string(v.Code))
	}
	return strings.Join(all, " ")
}

// written also looks at what the host was told.
func (w *world) written(done passwd.Written, err error) model.Answer {
	if told := w.hooked; err == nil && (len(told) != 1 || told[0] != done) || err != nil && told != nil {
		w.fail("the host was not told of a password write as it was answered")
	}
	w.hooked = nil
	return answer(model.Answer{Account: done.Account, Epoch: done.Epoch, Method: done.Method}, err)
}

// The steps. Each asks the service, then the model, and compares.

func (w *world) log(format string, args ...any) { w.t.Logf(w.step+" "+format, args...) }

func (w *world) signIn(t *rapid.T) {
	a, c := w.account(t), w.client(t)
	s, l, p := w.service(t), w.login(t, a), w.password(t, a)
	times := 1
	if w.oneIn(t, 4, "burst") {
		times = rapid.IntRange(2, 11).Draw(t, "times")
	}
	for range times {
		w.log("%+v with %.20q from %v", l, p, c.Addr)
		in, err := s.SignIn(ctx, passwd.SignIn{Login: l, Password: p, Client: c})
		got := answer(model.Answer{Account: in.Account, Epoch: in.Epoch, Must: in.Must, ChangeBy: in.ChangeBy}, err)
		w.compare(got, w.m.SignIn(l, p, c.Addr))
		if in.Epoch != 0 {
			w.signedIn = append(w.signedIn, in)
		}
		w.nameJobs()
		if times > 1 && w.oneIn(t, 3, "pause") {
			w.advance(pick(w, t, "pause", jumps[:5]))
		}
	}
}

// guess goes on at one login until its owner is told, and beyond.
func (w *world) guess(t *rapid.T) {
	a, c := w.account(t), w.client(t)
	s, l := w.service(t), w.login(t, a)
	for range 1 + w.below(t, 12, "times") {
		p := "wrong"
		if w.oneIn(t, 12, "right") {
			p = a.Password
		}
		w.log("%+v with %.20q from %v at %v", l, p, c.Addr, w.m.Now)
		in, err := s.SignIn(ctx, passwd.SignIn{Login: l, Password: p, Client: c})
		got := answer(model.Answer{Account: in.Account, Epoch: in.Epoch, Must: in.Must, ChangeBy: in.ChangeBy}, err)
		w.compare(got, w.m.SignIn(l, p, c.Addr))
		w.nameJobs()
		if !w.oneIn(t, 4, "at once") {
			w.advance(limits.SignIn.MaxWait)
		}
	}
}

func (w *world) ticket(t *rapid.T) {
	if len(w.signedIn) == 0 {
		return
	}
	s, in := w.service(t), latest(w, t, w.signedIn)
	w.touched = append(w.touched, in.Account)
	w.log("%v", in.Account)
	made, err := s.Ticket(ctx, in)
	w.compare(answer(model.Answer{}, err), w.m.Ticket(in, string(made)))
	w.made(passwd.PurposeTicket, string(made))
}

func (w *world) made(p passwd.Purpose, raw string) {
	if raw != "" && !slices.Contains(w.raw[p], raw) {
		w.raw[p] = append(w.raw[p], raw)
	}
}

// keep picks a session to keep, or none.
func (w *world) keep(t *rapid.T) string {
	if len(w.ids) > 0 && w.oneIn(t, 2, "keep") {
		return latest(w, t, w.ids)
	}
	return ""
}

func (w *world) change(t *rapid.T) {
	a, c := w.account(t), w.client(t)
	s, current, next, keep := w.service(t), w.password(t, a), w.next(t), w.keep(t)
	for range 1 + w.below(t, 3, "times")/2 {
		w.log("%v %.20q → %.20q", a.Ref, current, next)
		done, err := s.Change(ctx, passwd.Change{Account: a.Ref, Current: current, New: next, KeepSession: keep, Client: c})
		w.compare(w.written(done, err), w.m.Change(a.Ref, current, next, keep, c.Addr))
		w.nameJobs()
	}
}

func (w *world) changeByLogin(t *rapid.T) {
	a, c := w.account(t), w.client(t)
	s, l, current, next := w.service(t), w.login(t, a), w.password(t, a), w.next(t)
	when := pick(w, t, "when", []passwd.When{passwd.Always, passwd.IfRequired})
	w.log("%+v %.20q → %.20q", l, current, next)
	done, err := s.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: l, Current: current, New: next, When: when, Client: c})
	w.compare(w.written(done, err), w.m.ChangeByLogin(l, current, next, when, c.Addr))
}

func (w *world) changeWithTicket(t *rapid.T) {
	s, raw, next, c := w.service(t), w.token(t, passwd.PurposeTicket), w.next(t), w.client(t)
	w.log("→ %.20q", next)
	done, err := s.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: passwd.Token(raw), New: next, Client: c})
	w.compare(w.written(done, err), w.m.ChangeWithTicket(raw, next, c.Addr))
}

func (w *world) request(t *rapid.T) {
	a, c := w.account(t), w.client(t)
	s, l := w.service(t), w.login(t, a)
	r := model.Request{Login: l, Client: c.Addr, Channel: pick(w, t, "channel", []passwd.Channel{"", "", passwd.EmailChannel, passwd.SMSChannel})}
	r.TTL = pick(w, t, "ttl", []time.Duration{0, 0, 0, 0, time.Hour, 24 * time.Hour, 25 * time.Hour, -1})
	r.TellShared, r.Form = w.oneIn(t, 4, "tell shared"), pick(w, t, "form", []passwd.Form{passwd.TokenLink, passwd.UserKeyLink})
	w.log("%+v", r)
	err := s.RequestReset(ctx, passwd.RequestReset{Login: l, Channel: r.Channel, TTL: r.TTL, Form: r.Form, TellShared: r.TellShared, Client: c})
	w.compare(answer(model.Answer{}, err), w.m.Request(r, ""))
	w.absorbed()
}

func (w *world) requestCode(t *rapid.T) {
	a, c := w.account(t), w.client(t)
	s, l := w.service(t), w.login(t, a)
	r := model.Request{Login: l, Client: c.Addr, Channel: pick(w, t, "channel", []passwd.Channel{"", "", passwd.EmailChannel, passwd.SMSChannel}), Code: true}
	w.log("%+v", r)
	made, err := s.RequestCode(ctx, passwd.RequestCode{Login: l, Channel: r.Channel, Client: c})
	w.compare(answer(model.Answer{}, err), w.m.Request(r, string(made)))
	w.made(passwd.PurposeCode, string(made))
}

func (w *world) reveal(t *rapid.T) {
	a, c := w.account(t), w.client(t)
	s, l := w.service(t), w.login(t, a)
	w.log("%+v", l)
	n, err := s.RevealMatches(ctx, l, c)
	w.compare(answer(model.Answer{N: n}, err), w.m.RevealMatches(l, c.Addr))
}

func (w *world) checkReset(t *rapid.T) {
	s, raw := w.service(t), w.token(t, passwd.PurposeReset)
	h, same := w.holder(t, w.account(t))
	w.log("for %+v", h.Login)
	err := s.CheckReset(ctx, passwd.CheckReset{Token: passwd.Token(raw), For: h, Client: w.client(t)})
	w.compare(answer(model.Answer{}, err), w.m.CheckReset(raw, same))
}

func (w *world) reset(t *rapid.T) {
	s, raw, next, c := w.service(t), w.token(t, passwd.PurposeReset), w.next(t), w.client(t)
	h, same := w.holder(t, w.account(t))
	w.log("→ %.20q for %+v", next, h.Login)
	done, err := s.Reset(ctx, passwd.Reset{Token: passwd.Token(raw), New: next, For: h, Client: c})
	w.compare(w.written(done, err), w.m.Reset(raw, next, c.Addr, same))
}

func (w *world) redeemCode(t *rapid.T) {
	s, request, c := w.service(t), w.token(t, passwd.PurposeCode), w.client(t)
	code := w.codes[request]
	switch w.below(t, 6, "code") {
	case 3:
		code = "00000000"
	case 4:
		code = ""
	case 5:
		code = fmt.Sprintf(" %.4s-%s", code, strings.TrimPrefix(code, code[:min(len(code), 4)]))
	}
	for range 1 + max(w.below(t, 9, "times")-3, 0) {
		w.log("%t from %v", code == w.codes[request], c.Addr)
		made, err := s.RedeemCode(ctx, passwd.RedeemCode{Request: passwd.Token(request), Code: passwd.OneTimeCode(code), Client: c})
		w.compare(answer(model.Answer{}, err), w.m.RedeemCode(request, code, c.Addr, string(made)))
		w.made(passwd.PurposeReset, string(made))
	}
}

func (w *world) cancel(t *rapid.T) {
	s, raw, c := w.service(t), w.token(t, passwd.PurposeCancel), w.client(t)
	w.log("")
	err := s.CancelReset(ctx, passwd.CancelReset{Token: passwd.Token(raw), Client: c})
	w.compare(answer(model.Answer{}, err), w.m.CancelReset(raw, c.Addr))
}

func (w *world) require(t *rapid.T) {
	a, s := w.account(t), w.service(t)
	reason := pick(w, t, "reason", []passwd.Reason{passwd.Administrator, "", passwd.Administrator, passwd.Expired, passwd.Outdated, passwd.Temporary, passwd.Compromised})
	w.log("%v %q", a.Ref, reason)
	if reason == "" {
		w.compare(answer(model.Answer{}, s.LiftChange(ctx, passwd.LiftChange{Account: a.Ref})), w.m.Require(a.Ref, ""))
		return
	}
	w.compare(answer(model.Answer{}, s.RequireChange(ctx, passwd.RequireChange{Account: a.Ref, Reason: reason})), w.m.Require(a.Ref, reason))
}

func (w *world) markCompromised(t *rapid.T) {
	a, s, c := w.account(t), w.service(t), w.client(t)
	w.log("%v", a.Ref)
	err := s.MarkCompromised(ctx, passwd.MarkCompromised{Account: a.Ref, Client: c})
	w.compare(answer(model.Answer{}, err), w.m.MarkCompromised(a.Ref, c.Addr))
}

func (w *world) issueTemporary(t *rapid.T) {
	a, s, c := w.account(t), w.service(t), w.client(t)
	ttl := pick(w, t, "ttl", []time.Duration{0, 0, 0, time.Minute, time.Minute, 30 * day, 31 * day, -1})
	w.log("%v for %v", a.Ref, ttl)
	made, err := s.IssueTemporary(ctx, passwd.IssueTemporary{Account: a.Ref, TTL: ttl, Client: c})
	w.compare(w.written(made.Written, err), w.m.IssueTemporary(a.Ref, ttl, c.Addr, made.Password))
	if err == nil {
		w.issued = append(w.issued, made.Password)
	}
}

func (w *world) revoke(t *rapid.T) {
	a, s, keep := w.account(t), w.service(t), w.keep(t)
	w.log("%v", a.Ref)
	epoch, err := s.Revoke(ctx, passwd.Revoke{Account: a.Ref, KeepSession: keep})
	w.compare(answer(model.Answer{Epoch: epoch}, err), w.m.Revoke(a.Ref, keep))
}

func (w *world) forget(t *rapid.T) {
	a, s := w.account(t), w.service(t)
	w.log("%v", a.Ref)
	w.compare(answer(model.Answer{}, s.Forget(ctx, a.Ref)), w.m.Forget(a.Ref))
}

func (w *world) live(t *rapid.T) {
	a, s := w.account(t), w.service(t)
	epoch := a.Epoch
	if len(w.signedIn) > 0 && w.oneIn(t, 2, "earlier") {
		in := latest(w, t, w.signedIn)
		a, epoch = &model.Account{Ref: in.Account}, in.Epoch
	}
	w.log("%v", a.Ref)
	must, err := s.Live(ctx, a.Ref, epoch)
	w.compare(answer(model.Answer{Must: must}, err), w.m.Live(a.Ref, epoch))
}

func (w *world) check(t *rapid.T) {
	a, s, p := w.account(t), w.service(t), w.next(t)
	r := passwd.Check{Account: a.Ref, Password: p}
	purpose, raw := passwd.Purpose(""), ""
	switch w.below(t, 3, "whose") {
	case 1:
		purpose, raw = passwd.PurposeReset, w.token(t, passwd.PurposeReset)
		r.Token = passwd.Token(raw)
	case 2:
		purpose, raw = passwd.PurposeTicket, w.token(t, passwd.PurposeTicket)
		r.Ticket = passwd.Token(raw)
	}
	if purpose != "" && raw == "" {
		purpose = "" // nobody has asked by a token
	}
	w.log("%v %.20q", a.Ref, p)
	report, err := s.Check(ctx, r)
	w.compare(answer(model.Answer{Rejected: codes(report.Violations)}, err), w.m.Check(p, a.Ref, purpose, raw))
}

func (w *world) newHash(t *rapid.T) {
	a, s, p := w.account(t), w.service(t), w.next(t)
	w.log("%v %.20q", a.Ref, p)
	_, err := s.NewHash(ctx, passwd.Account{Ref: a.Ref, Username: "new"}, p)
	w.compare(answer(model.Answer{}, err), w.m.NewHash(a.Ref, p))
}

// hook has Config.AfterWrite fail from now on, or work again.
func (w *world) hook(*rapid.T) {
	if w.hookDown == nil {
		w.hookDown = errors.New("the hook is down")
	} else {
		w.hookDown = nil
	}
	w.log("%v", w.hookDown)
}

// inTransaction is a flow in a transaction of the host's, which may roll it back.
func (w *world) inTransaction(t *rapid.T) {
	sqlite, ok := w.host.(*inSQLite)
	if !ok {
		return
	}
	w.m.Only = nil
	a := w.account(t)
	how, commit := w.below(t, 5, "flow"), w.oneIn(t, 2, "commit")
	w.log("%v: %d, committed: %t", a.Ref, how, commit)
	tx, err := sqlite.db.Begin()
	if err != nil {
		w.fail("no transaction")
	}
	within := sqlite.store.Within(tx)
	inside := &watched{backend: within, queue: within, now: w.store.now}
	s := w.services[w.keys].With(inside)
	var got model.Answer
	var want func() model.Answer
	switch how {
	case 0:
		epoch, err := s.Revoke(ctx, passwd.Revoke{Account: a.Ref})
		got, want = answer(model.Answer{Epoch: epoch}, err), func() model.Answer { return w.m.Revoke(a.Ref, "") }
	case 1:
		got = answer(model.Answer{}, s.RequireChange(ctx, passwd.RequireChange{Account: a.Ref}))
		want = func() model.Answer { return w.m.Require(a.Ref, passwd.Administrator) }
	case 2:
		got = answer(model.Answer{}, s.MarkCompromised(ctx, passwd.MarkCompromised{Account: a.Ref}))
		want = func() model.Answer { return w.m.MarkCompromised(a.Ref, netip.Addr{}) }
	case 3:
		made, err := s.IssueTemporary(ctx, passwd.IssueTemporary{Account: a.Ref})
		got = w.written(made.Written, err)
		want = func() model.Answer { return w.m.IssueTemporary(a.Ref, 0, netip.Addr{}, made.Password) }
	default:
		got, want = answer(model.Answer{}, s.Forget(ctx, a.Ref)), func() model.Answer { return w.m.Forget(a.Ref) }
	}
	if !commit {
		if tx.Rollback() != nil {
			w.fail("no rollback")
		}
		return // and nothing has happened
	}
	if tx.Commit() != nil {
		w.fail("no commit")
	}
	w.store.put = append(w.store.put, inside.put...)
	w.compare(got, want())
}

// work delivers what is due, by whichever keys.
func (w *world) work(t *rapid.T) {
	w.down = pick(w, t, "mail", []error{nil, nil, nil, errors.New("mail is down"), passwd.ErrUndeliverable})
	s := w.service(t)
	w.log("%v", w.down)
	w.store.worked, w.sent, w.hooked = nil, map[string]passwd.Message{}, nil
	if _, err := s.Work(ctx); err != nil {
		w.t.Logf("%v", err)
		w.fail("an error")
	}
	for _, c := range w.store.worked {
		i := slices.IndexFunc(w.m.Jobs, func(j *model.Job) bool { return j.ID == c.id })
		if i < 0 || w.m.Jobs[i].Due.After(w.m.Now) {
			w.fail("a message is taken in hand that is not due")
		}
		if j := w.m.Jobs[i]; j.Hook {
			w.callHook(j, c)
		} else {
			w.deliver(j, c)
		}
	}
	w.hooked = nil
	if slices.ContainsFunc(w.m.Jobs, func(j *model.Job) bool { return !j.Due.After(w.m.Now) }) {
		w.fail("a message that is due is not taken in hand")
	}
}

func (w *world) deliver(j *model.Job, c claim) {
	sent, was := w.sent[j.ID]
	first := w.tried[j.ID]
	link, _ := url.Parse(sent.Link)
	inLink := link.Query().Get("token")
	want := w.m.Deliver(j, func() (string, string) { return inLink, string(sent.Code) })
	w.t.Logf("  %s to %s for %v", sent.Kind, sent.To, sent.Account)
	if was != (want != nil) {
		w.t.Logf("want %+v", want)
		w.fail("a message was sent that should not be, or the other way round")
	}
	if was {
		answers[w.step+": sent "+string(sent.Kind)]++
		w.touched = append(w.touched, sent.Account)
		got := model.Message{Kind: sent.Kind, To: passwd.Address{Channel: sent.Channel, Value: sent.To}, Account: sent.Account, Username: sent.Username,
			At: sent.At, Expires: sent.ExpiresAt, Page: strings.TrimPrefix(link.Path, "/account/password"), Client: sent.Client.Addr}
		if got != *want {
			w.t.Logf("got  %+v\nwant %+v", got, *want)
			w.fail("another message than the model's")
		}
		again := first.Kind == sent.Kind && first.Account == sent.Account
		if sent.Token != passwd.Token(inLink) && sent.Kind == passwd.MessageResetLink || again && (first.Link != sent.Link || first.Code != sent.Code) {
			w.fail("a message tried again has another token, or a link another than its message")
		}
		switch sent.Kind {
		case passwd.MessageResetLink:
			w.made(passwd.PurposeReset, inLink)
			w.users[sent.User], w.known = sent.Account, append(w.known, sent.User)
		case passwd.MessageResetCode:
			w.codes[w.m.CodeRequest(j)] = string(sent.Code)
		default:
			w.made(passwd.PurposeCancel, inLink)
		}
	}
	switch again := !c.retry.IsZero(); {
	case again && (want == nil || w.down == nil || errors.Is(w.down, passwd.ErrUndeliverable) || !c.retry.Before(j.NotAfter)):
		w.fail("a message is tried again that is done with")
	case again:
		j.Due = c.retry
	case want != nil && w.down != nil && !errors.Is(w.down, passwd.ErrUndeliverable) && w.m.Now.Add(10*time.Minute+time.Second).Before(j.NotAfter):
		w.fail("a message is lost")
	default:
		w.m.Done(j)
	}
}

// callHook takes in hand that the host is to be told of a password write.
func (w *world) callHook(j *model.Job, c claim) {
	told := func(x passwd.Written) bool { return x.At.Equal(j.At) && x.Account == j.Account }
	switch {
	case w.m.Now.Before(j.NotAfter) != slices.ContainsFunc(w.hooked, told):
		w.fail("the host was told or not, other than it should be")
	case w.m.Now.Before(j.NotAfter) && w.hookDown != nil && !c.retry.IsZero():
		j.Due = c.retry
	case !c.retry.IsZero() || w.m.Now.Before(j.NotAfter.Add(-10*time.Minute)) && w.hookDown != nil:
		w.fail("the host is told again, or not again, other than it should be")
	default:
		w.m.Done(j)
	}
}

func (w *world) start(t *rapid.T) {
	if len(w.signedIn) == 0 {
		return
	}
	in := latest(w, t, w.signedIn)
	info := session.Info{Client: pick(w, t, "app", []string{"web", "app"}), Device: pick(w, t, "device", []string{"", "phone", "laptop"}), From: w.client(t)}
	w.touched = append(w.touched, in.Account)
	w.log("%v %s %q", in.Account, info.Client, info.Device)
	pair, err := w.managers[w.keys].Start(ctx, in, info)
	got := answer(model.Answer{Account: pair.Session.Account, Epoch: pair.Session.Epoch, Expires: pair.ExpiresIn}, err)
	w.compare(got, w.m.Start(in, info.Client, info.Device, pair.Session.ID, string(pair.Access), string(pair.Refresh)))
	w.paired(pair)
}

func (w *world) paired(p session.Pair) {
	if p.Access != "" {
		w.access, w.refresh = append(w.access, string(p.Access)), append(w.refresh, string(p.Refresh))
		w.ids = append(w.ids, p.Session.ID)
	}
}

// presented picks an access or refresh token.
func (w *world) presented(t *rapid.T, from []string) string {
	if len(from) == 0 || w.oneIn(t, 12, "no token") {
		return pick(w, t, "made up", []string{"", "short", strings.Repeat("a", 64)})
	}
	return latest(w, t, from)
}

func (w *world) checkSession(t *rapid.T) {
	access := w.presented(t, w.access)
	w.log("")
	s, err := w.managers[w.keys].Check(ctx, access)
	w.compare(answer(model.Answer{Account: s.Account, Epoch: s.Epoch}, err), w.m.CheckSession(access))
	w.touched = append(w.touched, s.Account)
}

func (w *world) refreshSession(t *rapid.T) {
	refresh := w.presented(t, w.refresh)
	w.log("")
	pair, err := w.managers[w.keys].Refresh(ctx, refresh, w.client(t))
	got := answer(model.Answer{Account: pair.Session.Account, Epoch: pair.Session.Epoch, Expires: pair.ExpiresIn}, err)
	w.compare(got, w.m.Refresh(refresh, string(pair.Access), string(pair.Refresh)))
	w.paired(pair)
}

func (w *world) endSessions(t *rapid.T) {
	a, m := w.account(t), w.managers[w.keys]
	id := w.keep(t)
	how := w.below(t, 4, "how")
	w.log("%v %d", a.Ref, how)
	switch {
	case how == 0:
		token := w.presented(t, slices.Concat(w.access, w.refresh))
		w.compare(answer(model.Answer{}, m.SignOut(ctx, token)), w.m.SignOut(token))
	case how == 1:
		n, err := m.EndAll(ctx, a.Ref)
		w.compare(answer(model.Answer{N: n}, err), w.m.End(a.Ref, "", false))
	case id == "":
	case how == 2:
		n, err := m.EndOthers(ctx, a.Ref, id)
		w.compare(answer(model.Answer{N: n}, err), w.m.End(a.Ref, id, true))
	default:
		want := w.m.End(a.Ref, id, false)
		want.N = 0
		w.compare(answer(model.Answer{}, m.End(ctx, a.Ref, id)), want)
	}
}

// hostWrites changes a row behind the library's back.
func (w *world) hostWrites(t *rapid.T) {
	a := w.account(t)
	if !a.Row {
		w.create(t, a.Ref)
		return
	}
	switch w.below(t, 18, "what") / 2 {
	case 0:
		a.Password, a.Stale = pick(w, t, "hash of", append(passwords[:6:6], "", model.Unknowable)), rapid.Bool().Draw(t, "stale")
		if a.Password == "" || a.Password == model.Unknowable {
			a.Stale = false
		}
		w.log("%v: hash of %.20q", a.Ref, a.Password)
		w.save(a)
		return
	case 1:
		a.Disabled = !a.Disabled
	case 2:
		a.Active = !a.Active
	case 3:
		a.Email, a.EmailConfirmed = pick(w, t, "email", emails), rapid.Bool().Draw(t, "confirmed")
	case 4:
		a.Mobile, a.MobileConfirmed = pick(w, t, "mobile", mobiles), rapid.Bool().Draw(t, "confirmed")
	case 5:
		a.Username = pick(w, t, "username", usernames)
	case 6, 7:
		a.EmailConfirmed, a.MobileConfirmed = rapid.Bool().Draw(t, "email confirmed"), rapid.Bool().Draw(t, "mobile confirmed")
	case 8:
		if w.below(t, 2, "whether") == 0 {
			return
		}
		w.log("%v: deleted", a.Ref)
		w.host.remove(a.Ref)
		w.m.Delete(a.Ref)
		return
	}
	w.log("%+v", *a)
	stored, err := w.store.Get(ctx, a.Ref)
	if err != nil {
		w.fail("an error")
	}
	w.host.save(a, stored.Hash)
}

// create inserts a row, whose id may have been another's.
func (w *world) create(t *rapid.T, r passwd.Ref) {
	a := w.m.Accounts[r]
	if a == nil {
		a = &model.Account{Ref: r}
		w.m.Accounts[r] = a
	}
	a.Row, a.Active, a.Disabled = true, true, false
	a.Username, a.Email, a.Mobile = pick(w, t, "username", usernames), pick(w, t, "email", emails), pick(w, t, "mobile", mobiles)
	a.EmailConfirmed, a.MobileConfirmed = true, false
	a.Password, a.Stale = pick(w, t, "hash of", passwords[:4]), false
	w.log("%+v: created", *a)
	w.save(a)
}

func (w *world) deleteWhole(t *rapid.T) {
	a, s := w.account(t), w.services[w.keys]
	if w.m.Only = nil; a.Row && w.oneIn(t, 2, "back again") {
		defer w.create(t, a.Ref)
	}
	w.log("%v", a.Ref)
	w.host.remove(a.Ref)
	w.m.Delete(a.Ref)
	w.compare(answer(model.Answer{}, s.Forget(ctx, a.Ref)), w.m.Forget(a.Ref))
}

// purge is what Run does now and then.
func (w *world) purge(t *rapid.T) {
	before := w.m.Now.Add(-day)
	w.log("")
	for more := true; more; {
		var err error
		if _, more, err = w.store.Purge(ctx, before, 1000); err != nil {
			w.fail("an error")
		}
	}
	w.m.Purge(before, w.forgets)
}

func (w *world) advance(d time.Duration) {
	w.m.Now = w.m.Now.Add(d)
	if w.m.Now.After(w.latest) {
		w.latest = w.m.Now
	}
}

func (w *world) clock(t *rapid.T) {
	d := pick(w, t, "jump", jumps)
	// What was purged cannot come back, so the clock never goes back by more than 20 hours.
	if w.oneIn(t, 6, "back") && w.latest.Sub(w.m.Now) < 19*time.Hour {
		d = -time.Hour
	}
	w.advance(d)
	w.log("%v: %v", d, w.m.Now)
}

// tenDays are a little less, so that three of them end shortly before a month does.
func (w *world) tenDays(*rapid.T) {
	w.advance(10*day - 10*time.Minute)
	w.log("")
}

func (w *world) rotate(*rapid.T) {
	w.keys = 1 - w.keys
	w.m.Keys = strconv.Itoa(w.keys)
	w.log("")
}

// tour goes somewhere that steps at random would seldom reach: one flow after the
// other at one account, as its owner would, with now and then something in between.
func (w *world) tour(t *rapid.T) {
	chosen, before := pick(w, t, "tour", tours), w.focus
	defer func() { w.focus = before }()
	w.focus = []passwd.Ref{pick(w, t, "account", before)}
	for _, name := range strings.Split(chosen, ", ") {
		if w.oneIn(t, 5, "something else") {
			w.take(pick(w, t, "step", steps[1:]), t)
		}
		i := slices.IndexFunc(steps, func(s step) bool { return s.name == name })
		w.straight = !w.oneIn(t, 6, "as it comes")
		w.take(steps[i], t)
		w.straight = false
	}
}

// tours are names of steps.
var tours = []string{
	"request, work, reset, sign-in",
	"request code, work, redeem code, reset",
	"require, sign-in, ticket, change with ticket, work, cancel",
	"issue temporary, sign-in, ticket, change with ticket, sign-in",
	"sign-in, start session, ten days, refresh session, ten days, check session, ten days, refresh session, check session",
	"change, ten days, sign-in, ten days, sign-in, ten days, sign-in, ticket, change with ticket",
	"hook, change, hook, clock, work",
	"sign-in, start session, check session, refresh session, change, check session",
	"sign-in, start session, refresh session, refresh session, sign-in",
	"change, work, cancel, request, work, reset, sign-in",
	"change by login, change by login, change by login",
}

// take takes one step.
func (w *world) take(s step, t *rapid.T) {
	w.step = s.name
	s.run(w, t)
	w.nameJobs()
}

type step struct {
	weight int
	name   string
	run    func(*world, *rapid.T)
}

var steps, weighted []step

func init() {
	steps = []step{
		{12, "tour", (*world).tour},
		{10, "sign-in", (*world).signIn},
		{3, "guess", (*world).guess},
		{3, "ticket", (*world).ticket},
		{5, "change", (*world).change},
		{4, "change by login", (*world).changeByLogin},
		{3, "change with ticket", (*world).changeWithTicket},
		{7, "request", (*world).request},
		{3, "request code", (*world).requestCode},
		{1, "reveal", (*world).reveal},
		{2, "check reset", (*world).checkReset},
		{8, "reset", (*world).reset},
		{6, "redeem code", (*world).redeemCode},
		{3, "cancel", (*world).cancel},
		{4, "require", (*world).require},
		{1, "mark compromised", (*world).markCompromised},
		{3, "issue temporary", (*world).issueTemporary},
		{2, "revoke", (*world).revoke},
		{1, "forget", (*world).forget},
		{2, "live", (*world).live},
		{3, "check", (*world).check},
		{8, "work", (*world).work},
		{5, "start session", (*world).start},
		{4, "check session", (*world).checkSession},
		{4, "refresh session", (*world).refreshSession},
		{2, "end sessions", (*world).endSessions},
		{6, "host", (*world).hostWrites},
		{1, "delete", (*world).deleteWhole},
		{1, "purge", (*world).purge},
		{7, "clock", (*world).clock},
		{1, "ten days", (*world).tenDays},
		{2, "in a transaction", (*world).inTransaction},
		{1, "new hash", (*world).newHash},
		{1, "hook", (*world).hook},
		{1, "rotate", (*world).rotate},
	}
	for _, s := range steps {
		weighted = append(weighted, slices.Repeat([]step{s}, s.weight)...)
	}
}
