package model_test

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/explore/model"
	"github.com/passwd-go/passwd/session"
)

var (
	tenants  = []string{"", "north", "south"}
	networks = []string{ // ten, some with more than one address
		"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "198.51.100.1", "2001:db8:0:1::1", "2001:db8:0:1::2",
		"2001:db8:0:2::1", "2001:db8:0:3::1", "203.0.113.9", "",
	}
	usernames = []string{"user0", "User1", "user2", "user3", "user4", "user5", "user6", "mail4@x.example", "15552", "Ünal", "U\u0308nal", ""}
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

// populate makes the 20 accounts of a host that has just adopted the library.
func (w *world) populate() {
	for i := range 20 {
		k := i / len(tenants)
		a := &model.Account{
			Ref: passwd.Ref{Tenant: tenants[i%len(tenants)], ID: strconv.Itoa(11 + i)}, Row: true,
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

func pick[E any](t *rapid.T, what string, from []E) E { return rapid.SampledFrom(from).Draw(t, what) }

// oneIn is true once in so many times, never where a history is shrunk.
func oneIn(t *rapid.T, n int, what string) bool { return rapid.IntRange(0, n-1).Draw(t, what) == n-1 }

func (w *world) account(t *rapid.T) *model.Account {
	r := pick(t, "account", w.focus)
	if oneIn(t, 8, "another") {
		r.Tenant = pick(t, "tenant", tenants)
		r.ID = strconv.Itoa(rapid.IntRange(11, 31).Draw(t, "id"))
	}
	w.touched = append(w.touched, r)
	if a := w.m.Accounts[r]; a != nil {
		return a
	}
	return &model.Account{Ref: r}
}

func (w *world) login(t *rapid.T, a *model.Account) passwd.Login {
	l := passwd.Login{Tenant: a.Ref.Tenant}
	texts := []string{a.Username, a.Email, a.Mobile}
	l.Value = pick(t, "login", texts)
	switch rapid.IntRange(0, 11).Draw(t, "kind of login") {
	case 6:
		l.Kind = pick(t, "kind", []passwd.LoginKind{passwd.Username, passwd.Email, passwd.Mobile, "none"})
	case 7:
		l.Value = " " + strings.ToUpper(l.Value) + "\t"
	case 8:
		l.Tenant = pick(t, "tenant", tenants)
	case 9:
		l.Value = pick(t, "text", slices.Concat(usernames, emails, mobiles))
	case 10:
		l.Value = pick(t, "nobody", []string{"nobody", "nobody@x.example", "999", "", strings.Repeat("n", 600), "a\x00b"})
	}
	return l
}

func (w *world) password(t *rapid.T, a *model.Account) string {
	switch n := rapid.IntRange(0, 9).Draw(t, "password"); {
	case n < 5 && a.Password != model.Unknowable:
		return a.Password
	case n < 7 && len(w.issued) > 0:
		return latest(t, w.issued)
	}
	return pick(t, "other password", passwords)
}

func (w *world) client(t *rapid.T) passwd.Client {
	addr, _ := netip.ParseAddr(pick(t, "client", networks))
	return passwd.Client{Addr: addr}
}

// latest picks one of a list, often one of the last.
func latest[E any](t *rapid.T, from []E) E {
	return from[len(from)-1-rapid.IntRange(0, len(from)-1).Draw(t, "latest")]
}

// token picks one of a purpose, rarely one of another, or none.
func (w *world) token(t *rapid.T, p passwd.Purpose) string {
	if oneIn(t, 12, "wrong token") {
		p = pick(t, "purpose", []passwd.Purpose{passwd.PurposeReset, passwd.PurposeTicket, passwd.PurposeCancel, passwd.PurposeCode})
	}
	if raw := w.raw[p]; len(raw) > 0 && !oneIn(t, 12, "no token") {
		return latest(t, raw)
	}
	return pick(t, "made up", []string{"", "short", strings.Repeat("A", 43)})
}

func (w *world) holder(t *rapid.T, a *model.Account) (passwd.Holder, model.Holder) {
	var h passwd.Holder
	var same model.Holder
	if oneIn(t, 4, "names holder") {
		h.Login = w.login(t, a)
		same.Login = h.Login
	}
	if len(w.known) > 0 && oneIn(t, 4, "user key") {
		h.UserKey = latest(t, w.known)
		r := w.users[h.UserKey]
		same.Key = &r
	}
	return h, same
}

// service is the one of the current keys, sometimes for one tenant alone.
func (w *world) service(t *rapid.T) *passwd.Service {
	s := w.services[w.keys]
	if w.m.Only = nil; oneIn(t, 10, "in tenant") {
		tenant := pick(t, "tenant", tenants)
		w.m.Only = &tenant
		s = s.InTenant(tenant)
	}
	return s
}

// compare ends the history unless the service has answered as the model does.
func (w *world) compare(got, want model.Answer) {
	w.t.Logf("  %+v", got)
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

func codes(violations []passwd.Violation) string {
	var all []string
	for _, v := range violations {
		all = append(all, string(v.Code))
	}
	return strings.Join(all, " ")
}

func written(w passwd.Written, err error) model.Answer {
	return answer(model.Answer{Account: w.Account, Epoch: w.Epoch, Method: w.Method}, err)
}

// The steps. Each asks the service, then the model, and compares.

func (w *world) log(format string, args ...any) { w.t.Logf(w.step+" "+format, args...) }

func (w *world) signIn(t *rapid.T) {
	a, c := w.account(t), w.client(t)
	s, l, p := w.service(t), w.login(t, a), w.password(t, a)
	times := 1
	if oneIn(t, 4, "burst") {
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
		if times > 1 && oneIn(t, 3, "pause") {
			w.advance(pick(t, "pause", jumps[:5]))
		}
	}
}

func (w *world) ticket(t *rapid.T) {
	if len(w.signedIn) == 0 {
		return
	}
	s, in := w.service(t), latest(t, w.signedIn)
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
	if len(w.ids) > 0 && oneIn(t, 2, "keep") {
		return latest(t, w.ids)
	}
	return ""
}

func (w *world) change(t *rapid.T) {
	a, c := w.account(t), w.client(t)
	s, current, next, keep := w.service(t), w.password(t, a), w.password(t, &model.Account{}), w.keep(t)
	for range rapid.IntRange(1, 3).Draw(t, "times") {
		w.log("%v %.20q → %.20q", a.Ref, current, next)
		done, err := s.Change(ctx, passwd.Change{Account: a.Ref, Current: current, New: next, KeepSession: keep, Client: c})
		w.compare(written(done, err), w.m.Change(a.Ref, current, next, keep, c.Addr))
		w.nameJobs()
	}
}

func (w *world) changeByLogin(t *rapid.T) {
	a, c := w.account(t), w.client(t)
	s, l, current, next := w.service(t), w.login(t, a), w.password(t, a), w.password(t, &model.Account{})
	when := pick(t, "when", []passwd.When{passwd.Always, passwd.IfRequired})
	w.log("%+v %.20q → %.20q", l, current, next)
	done, err := s.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: l, Current: current, New: next, When: when, Client: c})
	w.compare(written(done, err), w.m.ChangeByLogin(l, current, next, when, c.Addr))
}

func (w *world) changeWithTicket(t *rapid.T) {
	s, raw, next, c := w.service(t), w.token(t, passwd.PurposeTicket), w.password(t, &model.Account{}), w.client(t)
	w.log("→ %.20q", next)
	done, err := s.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: passwd.Token(raw), New: next, Client: c})
	w.compare(written(done, err), w.m.ChangeWithTicket(raw, next, c.Addr))
}

func (w *world) request(t *rapid.T) {
	a, c := w.account(t), w.client(t)
	s, l := w.service(t), w.login(t, a)
	r := model.Request{Login: l, Client: c.Addr, Channel: pick(t, "channel", []passwd.Channel{"", "", passwd.EmailChannel, passwd.SMSChannel})}
	if r.Code = oneIn(t, 3, "code"); r.Code {
		w.log("a code %+v %s", l, r.Channel)
		made, err := s.RequestCode(ctx, passwd.RequestCode{Login: l, Channel: r.Channel, Client: c})
		w.compare(answer(model.Answer{}, err), w.m.Request(r, string(made)))
		w.made(passwd.PurposeCode, string(made))
		return
	}
	r.TTL = pick(t, "ttl", []time.Duration{0, 0, time.Hour, 24 * time.Hour, 25 * time.Hour, -1})
	r.TellShared, r.Form = oneIn(t, 4, "tell shared"), pick(t, "form", []passwd.Form{passwd.TokenLink, passwd.UserKeyLink})
	w.log("a link %+v", r)
	err := s.RequestReset(ctx, passwd.RequestReset{Login: l, Channel: r.Channel, TTL: r.TTL, Form: r.Form, TellShared: r.TellShared, Client: c})
	w.compare(answer(model.Answer{}, err), w.m.Request(r, ""))
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
	s, raw, next, c := w.service(t), w.token(t, passwd.PurposeReset), w.password(t, &model.Account{}), w.client(t)
	h, same := w.holder(t, w.account(t))
	w.log("→ %.20q for %+v", next, h.Login)
	done, err := s.Reset(ctx, passwd.Reset{Token: passwd.Token(raw), New: next, For: h, Client: c})
	w.compare(written(done, err), w.m.Reset(raw, next, c.Addr, same))
}

func (w *world) redeemCode(t *rapid.T) {
	s, request, c := w.service(t), w.token(t, passwd.PurposeCode), w.client(t)
	code := w.codes[request]
	switch rapid.IntRange(0, 5).Draw(t, "code") {
	case 3:
		code = "00000000"
	case 4:
		code = ""
	case 5:
		code = fmt.Sprintf(" %.4s-%s", code, strings.TrimPrefix(code, code[:min(len(code), 4)]))
	}
	for range rapid.IntRange(1, 6).Draw(t, "times") {
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
	reason := pick(t, "reason", []passwd.Reason{"", passwd.Administrator, passwd.Expired, passwd.Outdated, passwd.Temporary, passwd.Compromised})
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
	ttl := pick(t, "ttl", []time.Duration{0, time.Minute, 30 * day, 31 * day, -1})
	w.log("%v for %v", a.Ref, ttl)
	made, err := s.IssueTemporary(ctx, passwd.IssueTemporary{Account: a.Ref, TTL: ttl, Client: c})
	w.compare(written(made.Written, err), w.m.IssueTemporary(a.Ref, ttl, c.Addr, made.Password))
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
	if len(w.signedIn) > 0 && oneIn(t, 2, "earlier") {
		in := latest(t, w.signedIn)
		a, epoch = &model.Account{Ref: in.Account}, in.Epoch
	}
	w.log("%v", a.Ref)
	must, err := s.Live(ctx, a.Ref, epoch)
	w.compare(answer(model.Answer{Must: must}, err), w.m.Live(a.Ref, epoch))
}

func (w *world) check(t *rapid.T) {
	a, s, p := w.account(t), w.service(t), w.password(t, &model.Account{})
	r := passwd.Check{Account: a.Ref, Password: p}
	purpose, raw := passwd.Purpose(""), ""
	switch rapid.IntRange(0, 2).Draw(t, "whose") {
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

// work delivers what is due, by whichever keys.
func (w *world) work(t *rapid.T) {
	w.down = pick(t, "mail", []error{nil, nil, nil, errors.New("mail is down"), passwd.ErrUndeliverable})
	s := w.service(t)
	w.log("%v", w.down)
	w.store.worked, w.sent = nil, map[string]passwd.Message{}
	if _, err := s.Work(ctx); err != nil {
		w.t.Logf("%v", err)
		w.fail("an error")
	}
	for _, c := range w.store.worked {
		i := slices.IndexFunc(w.m.Jobs, func(j *model.Job) bool { return j.ID == c.id })
		if i < 0 || w.m.Jobs[i].Due.After(w.m.Now) {
			w.fail("a message is taken in hand that is not due")
		}
		w.deliver(w.m.Jobs[i], c)
	}
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
		w.touched = append(w.touched, sent.Account)
		got := model.Message{Kind: sent.Kind, To: passwd.Address{Channel: sent.Channel, Value: sent.To}, Account: sent.Account, Username: sent.Username,
			At: sent.At, Expires: sent.ExpiresAt, Page: strings.TrimPrefix(link.Path, "/account/password"), Client: sent.Client.Addr}
		if got != *want {
			w.t.Logf("got  %+v\nwant %+v", got, *want)
			w.fail("another message than the model's")
		}
		if sent.Token != passwd.Token(inLink) && sent.Kind == passwd.MessageResetLink || first.Link != sent.Link || first.Code != sent.Code {
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

func (w *world) start(t *rapid.T) {
	if len(w.signedIn) == 0 {
		return
	}
	in := latest(t, w.signedIn)
	info := session.Info{Client: pick(t, "app", []string{"web", "app"}), Device: pick(t, "device", []string{"", "phone", "laptop"}), From: w.client(t)}
	w.touched = append(w.touched, in.Account)
	w.log("%v %s %q", in.Account, info.Client, info.Device)
	pair, err := w.managers[w.keys].Start(ctx, in, info)
	got := answer(model.Answer{Account: pair.Session.Account, Epoch: pair.Session.Epoch}, err)
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
	if len(from) == 0 || oneIn(t, 12, "no token") {
		return pick(t, "made up", []string{"", "short", strings.Repeat("a", 64)})
	}
	return latest(t, from)
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
	got := answer(model.Answer{Account: pair.Session.Account, Epoch: pair.Session.Epoch}, err)
	w.compare(got, w.m.Refresh(refresh, string(pair.Access), string(pair.Refresh)))
	w.paired(pair)
}

func (w *world) endSessions(t *rapid.T) {
	a, m := w.account(t), w.managers[w.keys]
	id := w.keep(t)
	how := rapid.IntRange(0, 3).Draw(t, "how")
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
	switch rapid.IntRange(0, 7).Draw(t, "what") {
	case 0:
		a.Password, a.Stale = pick(t, "hash of", append(passwords[:6:6], "", model.Unknowable)), rapid.Bool().Draw(t, "stale")
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
		a.Email, a.EmailConfirmed = pick(t, "email", emails), rapid.Bool().Draw(t, "confirmed")
	case 4:
		a.Mobile, a.MobileConfirmed = pick(t, "mobile", mobiles), rapid.Bool().Draw(t, "confirmed")
	case 5:
		a.Username = pick(t, "username", usernames)
	case 6:
		a.EmailConfirmed, a.MobileConfirmed = rapid.Bool().Draw(t, "email confirmed"), rapid.Bool().Draw(t, "mobile confirmed")
	case 7:
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
	a.Username, a.Email, a.Mobile = pick(t, "username", usernames), pick(t, "email", emails), pick(t, "mobile", mobiles)
	a.EmailConfirmed, a.MobileConfirmed = true, false
	a.Password, a.Stale = pick(t, "hash of", passwords[:4]), false
	w.log("%+v: created", *a)
	w.save(a)
}

func (w *world) deleteWhole(t *rapid.T) {
	a, s := w.account(t), w.services[w.keys]
	w.m.Only = nil
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
	d := pick(t, "jump", jumps)
	// What was purged cannot come back, so the clock never goes back by more than 20 hours.
	if oneIn(t, 6, "back") && w.latest.Sub(w.m.Now) < 19*time.Hour {
		d = -time.Hour
	}
	w.advance(d)
	w.log("%v: %v", d, w.m.Now)
}

func (w *world) rotate(*rapid.T) {
	w.keys = 1 - w.keys
	w.m.Keys = strconv.Itoa(w.keys)
	w.log("")
}

type step struct {
	weight int
	name   string
	run    func(*world, *rapid.T)
}

var steps = []step{
	{10, "sign-in", (*world).signIn},
	{4, "ticket", (*world).ticket},
	{5, "change", (*world).change},
	{4, "change by login", (*world).changeByLogin},
	{3, "change with ticket", (*world).changeWithTicket},
	{8, "request", (*world).request},
	{1, "reveal", (*world).reveal},
	{2, "check reset", (*world).checkReset},
	{6, "reset", (*world).reset},
	{4, "redeem code", (*world).redeemCode},
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
	{8, "host", (*world).hostWrites},
	{1, "delete", (*world).deleteWhole},
	{1, "purge", (*world).purge},
	{7, "clock", (*world).clock},
	{1, "rotate", (*world).rotate},
}
