package model_test

import (
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/passwd-go/passwd"
)

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
	"request code, rotate, work, rotate, redeem code, reset",
	"change, request, rotate, work, cancel, reset",
	"require, sign-in, ticket, change with ticket, work, cancel",
	"require, sign-in, ticket, lift, change with ticket",
	"require, sign-in" + strings.Repeat(", ticket", 17) + ", change with an earlier ticket, change with ticket",
	"issue temporary, sign-in, ticket, change with ticket, sign-in",
	"sign-in, start session, ten days, refresh session, ten days, refresh session, ten days, refresh session, check session",
	"change, ten days, sign-in, ten days, sign-in, ten days, sign-in, ticket, change with ticket",
	"sign-in, start session, ten days, start session, refresh other, start session, check session",
	"hook, change, hook, clock, work",
	"sign-in, start session, check session, refresh session, change, check session",
	"sign-in, start session, refresh session, refresh session, sign-in",
	"change, work, cancel, request, work, reset, sign-in",
	"change by login, change by login, change by login",
	"request, work, failures, reset, failures",
	"sign-in, copied device",
	"sign-up, start session, check session, change, work, cancel, sign-up",
	"request for a day, work, present a tiny one, reset",
	"request for a day, work, present the current one, reset",
	"fill the queue, request, request, request, request, request, request, work, request",
	"sign-in" + strings.Repeat(", request, work without mail, five minutes, work", 3),
	"sign-in" + strings.Repeat(", request code, work, try out a code", 4) + ", request code, work, redeem code",
}

// take takes one step.
func (w *world) take(s step, t *rapid.T) {
	w.step = s.name
	s.run(w, t)
	w.settle()
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
		{1, "change with an earlier ticket", (*world).changeWithEarlierTicket},
		{7, "request", (*world).request},
		{3, "request code", (*world).requestCode},
		{1, "reveal", (*world).reveal},
		{2, "check reset", (*world).checkReset},
		{8, "reset", (*world).reset},
		{6, "redeem code", (*world).redeemCode},
		{3, "cancel", (*world).cancel},
		{4, "require", (*world).require},
		{1, "lift", (*world).lift},
		{1, "mark compromised", (*world).markCompromised},
		{3, "sign-up", (*world).signUp},
		{3, "issue temporary", (*world).issueTemporary},
		{2, "revoke", (*world).revoke},
		{1, "revoke all", (*world).revokeAll},
		{1, "forget", (*world).forget},
		{2, "live", (*world).live},
		{3, "check", (*world).check},
		{8, "work", (*world).work},
		{5, "start session", (*world).start},
		{4, "check session", (*world).checkSession},
		{4, "refresh session", (*world).refreshSession},
		{1, "refresh other", (*world).refreshOther},
		{2, "end sessions", (*world).endSessions},
		{6, "host", (*world).hostWrites},
		{1, "delete", (*world).deleteWhole},
		{1, "purge", (*world).purge},
		{7, "clock", (*world).clock},
		{1, "ten days", (*world).tenDays},
		{1, "five minutes", (*world).fiveMinutes},
		{1, "failures", (*world).failures},
		{1, "request for a day", (*world).requestForDay},
		{1, "copied device", (*world).copied},
		{1, "fill the queue", (*world).fillQueue},
		{1, "bomb", (*world).bomb},
		{1, "present a tiny one", (*world).presentTiny},
		{1, "present the current one", (*world).presentCurrent},
		{1, "try out a code", (*world).tryOut},
		{1, "work without mail", (*world).workWithoutMail},
		{2, "in a transaction", (*world).inTransaction},
		{1, "new hash", (*world).newHash},
		{1, "hook", (*world).hook},
		{1, "rotate", (*world).rotate},
	}
	for _, s := range steps {
		weighted = append(weighted, slices.Repeat([]step{s}, s.weight)...)
	}
}
