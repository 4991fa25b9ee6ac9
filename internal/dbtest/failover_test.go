//go:build unix

package dbtest_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/session"
)

// cutOff has the replica catch up, and then takes its connection to the primary away.
// Nobody waits for it: what is committed from then on is acknowledged all the same.
func cutOff(t testing.TB, primary, replica *ownServer) {
	t.Helper()
	one, other := primary.postgres(), replica.postgres()
	defer one.Close()
	defer other.Close()
	at := column(t, one, "SELECT pg_current_wal_lsn()::text")[0]
	testrun.Until(t, func() bool {
		return column(t, other, "SELECT pg_last_wal_replay_lsn() >= '"+at+"'")[0] == "true"
	}, func() string { return "the replica does not catch up" })
	mustExec(t, other, "ALTER SYSTEM SET primary_conninfo = ''")
	mustExec(t, other, "SELECT pg_reload_conf()")
	testrun.Until(t, func() bool {
		return column(t, one, "SELECT count(*) FROM pg_stat_replication")[0] == "0"
	}, func() string { return "the replica still follows" })
}

// openings are what somebody has of an account that opens something.
type openings struct {
	f             *flows
	name          string
	ref           passwd.Ref
	in            passwd.SignedIn
	pair          session.Pair
	link, request passwd.Token
	code          passwd.OneTimeCode
	ticket        passwd.Token
}

// opened signs in, begins a session and asks for a link and a code.
func (f *flows) opened(name string, l passwd.Login, ref passwd.Ref, password string) *openings {
	f.t.Helper()
	ctx, o := f.t.Context(), &openings{f: f, name: name, ref: ref}
	var err error
	o.in, err = f.svc.SignIn(ctx, passwd.SignIn{Login: l, Password: password, Client: f.client})
	f.must(err)
	o.pair, err = f.sessions.Start(ctx, o.in, session.Info{From: f.client})
	f.must(err)
	f.must(f.svc.RequestReset(ctx, passwd.RequestReset{Login: l, Client: f.client}))
	o.link = f.deliver().Token
	o.request, err = f.svc.RequestCode(ctx, passwd.RequestCode{Login: l, Client: f.client})
	f.must(err)
	o.code = f.deliver().Code
	f.must(f.svc.RequireChange(ctx, passwd.RequireChange{Account: ref}))
	o.ticket, err = f.svc.Ticket(ctx, o.in)
	f.must(err)
	f.must(f.svc.LiftChange(ctx, passwd.LiftChange{Account: ref}))
	return o
}

// open reports which of them are good, without using them up.
func (o *openings) open() (good []string) {
	o.f.t.Helper()
	ctx := o.f.t.Context()
	note := func(what string, err, dead error) {
		o.f.t.Helper()
		switch {
		case err == nil:
			good = append(good, what)
		case !errors.Is(err, dead):
			o.f.t.Errorf("%s: %s: %v", o.name, what, err)
		}
	}
	_, err := o.f.sessions.Check(ctx, string(o.pair.Access))
	note("session", err, passwd.ErrEnded)
	_, err = o.f.svc.Live(ctx, o.ref, o.in.Epoch)
	note("JWT", err, passwd.ErrEnded)
	note("link", o.f.svc.CheckReset(ctx, passwd.CheckReset{Token: o.link}), passwd.ErrTokenInvalid)
	return good
}

// wantDead uses everything.
func (o *openings) wantDead() {
	t, ctx := o.f.t, o.f.t.Context()
	t.Helper()
	if good := o.open(); len(good) > 0 {
		t.Errorf("%s: %q are still good", o.name, good)
	}
	_, refreshed := o.f.sessions.Refresh(ctx, string(o.pair.Refresh), o.f.client)
	_, started := o.f.sessions.Start(ctx, o.in, session.Info{From: o.f.client})
	_, ticketed := o.f.svc.Ticket(ctx, o.in)
	_, reset := o.f.svc.Reset(ctx, passwd.Reset{Token: o.link, New: "window cactus thunder", Client: o.f.client})
	_, redeemed := o.f.svc.RedeemCode(ctx, passwd.RedeemCode{Request: o.request, Code: o.code, Client: o.f.client})
	o.f.must(o.f.svc.RequireChange(ctx, passwd.RequireChange{Account: o.ref})) // or no ticket is good
	_, changed := o.f.svc.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: o.ticket, New: "window cactus thunder", Client: o.f.client})
	o.f.must(o.f.svc.LiftChange(ctx, passwd.LiftChange{Account: o.ref}))
	for what, err := range map[string]error{"a refresh": refreshed, "a session of the sign-in": started, "a ticket of the sign-in": ticketed} {
		if !errors.Is(err, passwd.ErrEnded) {
			t.Errorf("%s: %s: %v", o.name, what, err)
		}
	}
	for what, err := range map[string]error{"the link": reset, "the code": redeemed, "the ticket": changed} {
		if !errors.Is(err, passwd.ErrTokenInvalid) {
			t.Errorf("%s: %s: %v", o.name, what, err)
		}
	}
}

// TestPostgresFailoverBehind promotes a replica that nobody waits for, and that is behind:
// a password change, a revocation and a suspension that were acknowledged are undone, and
// JWTs of then fit epochs that are given out again. After RevokeAll nothing of before
// opens anything, whether it was made before the replica fell behind, on the old primary
// since, or on the new one.
func TestPostgresFailoverBehind(t *testing.T) {
	testrun.NeedCI(t)
	primary, replica, address := startPostgresPair(t)
	s := *onPostgres
	f := newFlows(t, &s, openPGX(t, address), usual)
	ctx := t.Context()
	signIn := func(l passwd.Login, password string) error {
		_, err := f.svc.SignIn(ctx, passwd.SignIn{Login: l, Password: password, Client: f.client})
		return err
	}
	change := func(ref passwd.Ref) {
		t.Helper()
		_, err := f.svc.Change(ctx, passwd.Change{Account: ref, Current: firstPassword, New: secondPassword, Client: f.client})
		f.must(err)
	}
	who := []string{"changed", "revoked", "suspended", "left alone"}
	logins, refs := make([]passwd.Login, len(who)), make([]passwd.Ref, len(who))
	var all []*openings
	for i, name := range who {
		logins[i], refs[i] = f.login()
		all = append(all, f.opened(name+", before", logins[i], refs[i], firstPassword))
	}
	before := all
	late, _ := f.login() // whose request is answered, and the link used, on the old primary alone
	f.must(signIn(late, firstPassword))
	f.must(f.svc.RequestReset(ctx, passwd.RequestReset{Login: late, Client: f.client}))
	cutOff(t, primary, replica)

	link := f.deliver().Token
	_, err := f.svc.Reset(ctx, passwd.Reset{Token: link, New: secondPassword, Client: f.client})
	f.must(err)
	change(refs[0])
	_, err = f.svc.Revoke(ctx, passwd.Revoke{Account: refs[1], Client: f.client})
	f.must(err)
	f.must(f.svc.MarkCompromised(ctx, passwd.MarkCompromised{Account: refs[2], Client: f.client}))
	for _, o := range before[:3] {
		if good := o.open(); len(good) > 0 {
			t.Fatalf("%s: %q are good before the failover", o.name, good)
		}
	}
	lost := []*openings{
		f.opened("changed, lost", logins[0], refs[0], secondPassword),
		f.opened("revoked, lost", logins[1], refs[1], firstPassword),
	}
	all = append(all, lost...)

	primary.stop(syscall.SIGQUIT)
	replica.run(postgresProgram(t, "pg_ctl"), "promote", "-w", "-D", replica.file("data"))
	testrun.Until(t, func() bool { _, err = f.h.store.Get(context.Background(), refs[0]); return err == nil }, func() string { return err.Error() })

	for _, o := range before {
		if good := o.open(); len(good) != 3 {
			t.Errorf("%s: only %q are good again: the replica was not behind", o.name, good)
		}
	}
	if err := signIn(logins[0], secondPassword); !errors.Is(err, passwd.ErrWrongCredentials) {
		t.Errorf("the new password of before: %v", err)
	}
	change(refs[0]) // to the epoch that the lost change had
	if good := lost[0].open(); fmt.Sprint(good) != "[JWT]" {
		t.Errorf("of what was made on the old primary %q are good on the new one, want the JWT", good)
	}
	// A request that the replica takes for not yet answered would be answered again, by the
	// same link.
	mustExec(t, f.h.db, "DELETE FROM passwd_job WHERE urgent > 0")
	revokeAll := func() {
		t.Helper()
		if n, err := f.svc.RevokeAll(ctx); n != len(who)+1 || err != nil {
			t.Errorf("RevokeAll: %d accounts, %v", n, err)
		}
	}
	revokeAll()
	f.deliver()
	if err := f.svc.CheckReset(ctx, passwd.CheckReset{Token: link}); !errors.Is(err, passwd.ErrTokenInvalid) {
		t.Errorf("a link that was used on the old primary: %v", err)
	}
	all = append(all, f.opened("changed, after", logins[0], refs[0], secondPassword), f.opened("suspended, after", logins[2], refs[2], firstPassword))
	revokeAll()
	for _, o := range all {
		o.wantDead()
	}
	for i, password := range []string{secondPassword, firstPassword, firstPassword, firstPassword} {
		if good := f.opened(who[i]+", again", logins[i], refs[i], password).open(); len(good) != 3 {
			t.Errorf("%s: of what is opened now, only %q are good", who[i], good)
		}
	}
}
