package model_test

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/passwd-go/passwd/internal/explore/model"
	"github.com/passwd-go/passwd/session"
)

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

func (w *world) checkSession(t *rapid.T) {
	access := w.presented(t, w.access)
	w.log("")
	s, err := w.managers[w.keys].Check(ctx, access)
	w.compare(answer(model.Answer{Account: s.Account, Epoch: s.Epoch}, err), w.m.CheckSession(access))
	w.touched = append(w.touched, s.Account)
}

func (w *world) refreshSession(t *rapid.T) { w.refreshBy(t, w.presented(t, w.refresh)) }

// refreshOther uses the token before the last, on another device as a rule.
func (w *world) refreshOther(t *rapid.T) {
	if n := len(w.refresh); n > 1 {
		w.refreshBy(t, w.refresh[n-2])
	}
}

func (w *world) refreshBy(t *rapid.T, refresh string) {
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
