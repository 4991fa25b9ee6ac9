package model_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/explore/model"
)

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
		w.compare(got, w.m.SignIn(l, p, c))
		if in.Epoch != 0 {
			w.signedIn = append(w.signedIn, in)
			w.m.Devices[in.Device] = model.Device{Account: in.Account, Made: w.m.Now}
			w.devices = append(w.devices, in.Device)
		}
		w.settle()
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
		w.compare(got, w.m.SignIn(l, p, c))
		w.settle()
		if !w.oneIn(t, 4, "at once") {
			w.advance(limits.SignIn.MaxWait)
		}
	}
}

// failures are five at one login, at once.
func (w *world) failures(t *rapid.T) {
	s, l, c := w.service(t), w.login(t, w.account(t)), w.client(t)
	for range 5 {
		w.log("%+v from %v", l, c.Addr)
		_, err := s.SignIn(ctx, passwd.SignIn{Login: l, Password: "wrong", Client: c})
		w.compare(answer(model.Answer{}, err), w.m.SignIn(l, "wrong", c))
		w.settle()
	}
}

// copied is a known device whose copy guesses from one network after the other, until it
// is known no more; then its owner signs in.
func (w *world) copied(t *rapid.T) {
	if len(w.devices) == 0 {
		return
	}
	a := w.account(t)
	s, l, device := w.service(t), w.login(t, a), latest(w, t, w.devices)
	for i := range 12 {
		c, p := passwd.Client{Addr: netip.MustParseAddr(networks[i%11]), Device: device}, "wrong"
		if i == 11 {
			p = a.Password
		}
		w.log("%+v with %.20q from %v", l, p, c.Addr)
		in, err := s.SignIn(ctx, passwd.SignIn{Login: l, Password: p, Client: c})
		got := answer(model.Answer{Account: in.Account, Epoch: in.Epoch, Must: in.Must, ChangeBy: in.ChangeBy}, err)
		w.compare(got, w.m.SignIn(l, p, c))
		w.settle()
	}
}

func (w *world) ticket(t *rapid.T) {
	if len(w.signedIn) == 0 {
		return
	}
	s, in := w.service(t), latest(w, t, w.signedIn)
	w.touched = append(w.touched, in.Account)
	w.tick()
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

func (w *world) change(t *rapid.T) {
	a, c := w.account(t), w.client(t)
	s, current, next, keep := w.service(t), w.password(t, a), w.next(t), w.keep(t)
	for range 1 + w.below(t, 3, "times")/2 {
		w.log("%v %.20q → %.20q", a.Ref, current, next)
		done, err := s.Change(ctx, passwd.Change{Account: a.Ref, Current: current, New: next, KeepSession: keep, Client: c})
		w.compare(w.written(done, err), w.m.Change(a.Ref, current, next, keep, c))
		w.settle()
	}
}

func (w *world) changeByLogin(t *rapid.T) {
	a, c := w.account(t), w.client(t)
	s, l, current, next := w.service(t), w.login(t, a), w.password(t, a), w.next(t)
	always := pick(w, t, "always", []bool{true, false})
	w.log("%+v %.20q → %.20q", l, current, next)
	done, err := s.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: l, Current: current, New: next, Always: always, Client: c})
	w.compare(w.written(done, err), w.m.ChangeByLogin(l, current, next, always, c))
}

func (w *world) changeWithTicket(t *rapid.T) {
	w.changeBy(t, w.token(t, passwd.PurposeTicket))
}

// changeWithEarlierTicket uses the 17th from the end.
func (w *world) changeWithEarlierTicket(t *rapid.T) {
	if all := w.raw[passwd.PurposeTicket]; len(all) > 16 {
		w.changeBy(t, all[len(all)-17])
	}
}

func (w *world) changeBy(t *rapid.T, raw string) {
	s, next, c := w.service(t), w.next(t), w.client(t)
	w.log("→ %.20q", next)
	done, err := s.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: passwd.Token(raw), New: next, Client: c})
	w.compare(w.written(done, err), w.m.ChangeWithTicket(raw, next, c))
}

func (w *world) request(t *rapid.T) {
	w.requestFor(t, pick(w, t, "ttl", []time.Duration{0, 0, 0, 0, time.Hour, 24 * time.Hour, 25 * time.Hour, -1}))
}

func (w *world) requestForDay(t *rapid.T) { w.requestFor(t, day) }

func (w *world) requestFor(t *rapid.T, ttl time.Duration) {
	a, c := w.account(t), w.client(t)
	s, l := w.service(t), w.login(t, a)
	r := model.Request{Login: l, Client: c, Channel: pick(w, t, "channel", []passwd.Channel{"", "", passwd.EmailChannel, passwd.SMSChannel})}
	r.TTL = ttl
	r.TellShared, r.UserKey = w.oneIn(t, 4, "tell shared"), pick(w, t, "user key", []bool{false, true})
	w.tick()
	w.log("%+v", r)
	err := s.RequestReset(ctx, passwd.RequestReset{Login: l, Channel: r.Channel, TTL: r.TTL, UserKey: r.UserKey, TellShared: r.TellShared, Client: c})
	w.compare(answer(model.Answer{}, err), w.m.Request(r, ""))
	w.absorbed()
}

func (w *world) requestCode(t *rapid.T) {
	a, c := w.account(t), w.client(t)
	s, l := w.service(t), w.login(t, a)
	w.askForCode(s, l, c, pick(w, t, "channel", []passwd.Channel{"", "", passwd.EmailChannel, passwd.SMSChannel}))
}

func (w *world) askForCode(s *passwd.Service, l passwd.Login, c passwd.Client, ch passwd.Channel) {
	r := model.Request{Login: l, Client: c, Channel: ch, Code: true}
	w.tick()
	w.log("%+v", r)
	made, err := s.RequestCode(ctx, passwd.RequestCode{Login: l, Channel: r.Channel, Client: c})
	w.compare(answer(model.Answer{}, err), w.m.Request(r, string(made)))
	w.made(passwd.PurposeCode, string(made))
}

// bomb asks for codes of one account from many networks, for some hours.
func (w *world) bomb(t *rapid.T) {
	l := w.login(t, w.account(t))
	for range 4 {
		for i := range 24 {
			w.m.Only = nil
			addr := netip.MustParseAddr(networks[2+i%9])
			w.askForCode(w.services[w.keys], l, passwd.Client{Addr: addr}, "")
			w.settle()
			if i%12 == 11 {
				w.workWith(t, nil)
				w.settle()
			}
		}
		w.advance(time.Hour + time.Minute)
	}
}

// fillQueue asks for more codes than there is room for, of all accounts and from many
// networks.
func (w *world) fillQueue(*rapid.T) {
	w.m.Only = nil
	for i := range maxJobs + 5 {
		addr := netip.MustParseAddr(networks[2+i%9])
		w.askForCode(w.services[w.keys], passwd.Login{Tenant: tenants[i%3], Value: usernames[i%7]}, passwd.Client{Addr: addr}, "")
		w.settle()
	}
}

func (w *world) reveal(t *rapid.T) {
	a, c := w.account(t), w.client(t)
	s, l := w.service(t), w.login(t, a)
	w.log("%+v", l)
	n, err := s.RevealMatches(ctx, l, c)
	w.compare(answer(model.Answer{N: n}, err), w.m.RevealMatches(l, c))
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
	w.setBy(s, raw, next, c, h, same)
}

func (w *world) setBy(s *passwd.Service, raw, next string, c passwd.Client, h passwd.Holder, same model.Holder) {
	w.log("→ %.20q for %+v", next, h.Login)
	done, err := s.Reset(ctx, passwd.Reset{Token: passwd.Token(raw), New: next, For: h, Client: c})
	w.compare(w.written(done, err), w.m.Reset(raw, next, c, same))
}

// present presents one link again and again, from one network after the other.
func (w *world) present(t *rapid.T, next string, times int, pause time.Duration) {
	s, raw := w.service(t), w.token(t, passwd.PurposeReset)
	for i := range times {
		addr := netip.MustParseAddr(networks[i%11])
		w.setBy(s, raw, next, passwd.Client{Addr: addr}, passwd.Holder{}, model.Holder{})
		w.settle()
		w.advance(pause)
	}
}

// presentTiny does so at once, with a password that is refused.
func (w *world) presentTiny(t *rapid.T) { w.present(t, "tiny", 8, 0) }

// presentCurrent does so for hours, with a password that the account has.
func (w *world) presentCurrent(t *rapid.T) {
	next := w.password(t, w.account(t))
	w.present(t, next, 22, pick(w, t, "pause", []time.Duration{13 * time.Minute, 11 * time.Minute, time.Minute}))
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
	w.tick()
	for range 1 + max(w.below(t, 9, "times")-3, 0) {
		w.log("%t from %v", code == w.codes[request], c.Addr)
		made, err := s.RedeemCode(ctx, passwd.RedeemCode{Request: passwd.Token(request), Code: passwd.OneTimeCode(code), Client: c})
		w.compare(answer(model.Answer{}, err), w.m.RedeemCode(request, code, c, string(made)))
		w.made(passwd.PurposeReset, string(made))
	}
}

// tryOut tries a code once more than it stands.
func (w *world) tryOut(t *rapid.T) {
	s, request, c := w.service(t), w.token(t, passwd.PurposeCode), w.client(t)
	for range 6 {
		w.log("from %v", c.Addr)
		_, err := s.RedeemCode(ctx, passwd.RedeemCode{Request: passwd.Token(request), Code: "00000000", Client: c})
		w.compare(answer(model.Answer{}, err), w.m.RedeemCode(request, "00000000", c, ""))
	}
}

func (w *world) cancel(t *rapid.T) {
	s, raw, c := w.service(t), w.token(t, passwd.PurposeCancel), w.client(t)
	w.log("")
	err := s.CancelReset(ctx, passwd.CancelReset{Token: passwd.Token(raw), Client: c})
	w.compare(answer(model.Answer{}, err), w.m.CancelReset(raw, c))
}

func (w *world) require(t *rapid.T) {
	w.requireFor(t, pick(w, t, "reason", []passwd.Reason{passwd.Administrator, "", passwd.Administrator, passwd.Expired, passwd.Outdated, passwd.Temporary, passwd.Compromised}))
}

func (w *world) lift(t *rapid.T) { w.requireFor(t, "") }

func (w *world) requireFor(t *rapid.T, reason passwd.Reason) {
	a, s := w.account(t), w.service(t)
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
	w.compare(answer(model.Answer{}, err), w.m.MarkCompromised(a.Ref, c))
}

func (w *world) issueTemporary(t *rapid.T) {
	a, s, c := w.account(t), w.service(t), w.client(t)
	ttl := pick(w, t, "ttl", []time.Duration{0, 0, 0, time.Minute, time.Minute, 30 * day, 31 * day, -1})
	w.log("%v for %v", a.Ref, ttl)
	made, err := s.IssueTemporary(ctx, passwd.IssueTemporary{Account: a.Ref, TTL: ttl, Client: c})
	w.compare(w.written(made.Written, err), w.m.IssueTemporary(a.Ref, ttl, c, made.Password))
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

func (w *world) revokeAll(t *rapid.T) {
	s := w.service(t)
	for i := range accounts {
		w.touched = append(w.touched, refOf(i))
	}
	w.log("")
	n, err := s.RevokeAll(ctx)
	w.compare(answer(model.Answer{N: n}, err), w.m.RevokeAll())
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

// signUp sets a first password, as often as not of an account that has just been made, in
// the place of another.
func (w *world) signUp(t *rapid.T) {
	a := w.account(t)
	if w.oneIn(t, 2, "anew") || !a.Row {
		w.m.Only = nil
		w.host.remove(a.Ref)
		w.m.Delete(a.Ref)
		w.compare(answer(model.Answer{}, w.services[w.keys].Forget(ctx, a.Ref)), w.m.Forget(a.Ref))
		w.createWith(t, a.Ref, "")
	}
	s, next, c := w.service(t), w.next(t), w.client(t)
	w.log("%v %.20q", a.Ref, next)
	in, err := s.SetFirst(ctx, a.Ref, next, c)
	if told := w.hooked; (err == nil) != (len(told) == 1) || err == nil && (told[0].Account != in.Account || told[0].Epoch != in.Epoch || told[0].Method != passwd.MethodFirst) {
		w.fail("the host was not told of a password write as it was answered")
	}
	w.hooked = nil
	w.compare(answer(model.Answer{Account: in.Account, Epoch: in.Epoch, Must: in.Must}, err), w.m.SetFirst(a.Ref, next, c))
	if err == nil {
		w.signedIn = append(w.signedIn, in)
		w.m.Devices[in.Device] = model.Device{Account: in.Account, Made: w.m.Now}
		w.devices = append(w.devices, in.Device)
	}
}

func (w *world) newHash(t *rapid.T) {
	a, s, p := w.account(t), w.service(t), w.next(t)
	w.log("%v %.20q", a.Ref, p)
	_, err := s.NewHash(ctx, passwd.Account{Ref: a.Ref, Username: "new"}, p)
	w.compare(answer(model.Answer{}, err), w.m.NewHash(a.Ref, p))
}
