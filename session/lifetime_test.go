package session_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

func TestAccessExpires(t *testing.T) {
	k := newKit(t, session.Config{AccessTTL: 10 * time.Minute})
	p := k.start(phone)
	if p.ExpiresIn != 10*time.Minute {
		t.Errorf("ExpiresIn is %v", p.ExpiresIn)
	}
	k.Clock.Advance(10*time.Minute - time.Microsecond)
	k.wantCheck("a microsecond before its time", p, nil)
	k.Clock.Advance(time.Microsecond)
	k.wantCheck("at its time", p, passwd.ErrEnded)
	k.wantCheck("refreshed", k.refresh(p), nil)
}

func TestIdle(t *testing.T) { // S6
	const idle = 30 * time.Minute
	k := newKit(t, session.Config{IdleTTL: idle, MaxAge: 12 * time.Hour})
	used, unused := k.start(phone), k.start(tablet())
	for range 3 {
		k.Clock.Advance(idle - time.Second)
		k.wantCheck("used", used, nil)
		used = k.refresh(used)
	}
	k.wantDead("not used for long", unused)

	// Use alone keeps a session, without a refresh.
	unused = k.start(tablet())
	k.Clock.Advance(idle - time.Second)
	k.wantCheck("used", unused, nil)
	k.Clock.Advance(idle - time.Second)
	k.refresh(unused)

	p := k.start(phone)
	k.Clock.Advance(idle - time.Microsecond)
	k.wantCheck("right before it is idle", p, nil)
	p = k.start(phone)
	k.Clock.Advance(idle)
	k.wantDead("idle", p)
}

// However short IdleTTL is, use within it is noted in time.
func TestShortIdle(t *testing.T) {
	k := newKit(t, session.Config{IdleTTL: 30 * time.Second})
	p := k.start(phone)
	for range 10 {
		k.Clock.Advance(20 * time.Second)
		k.wantCheck("used", p, nil)
	}
}

func TestUseIsNotedSparingly(t *testing.T) {
	k := newKit(t, session.Config{})
	p := k.start(phone)
	for range 100 {
		k.Clock.Advance(2 * time.Second)
		k.wantCheck("used", p, nil)
	}
	touched := 0
	for _, call := range k.store.calls {
		if call == "TouchSession" {
			touched++
		}
	}
	if touched != 3 {
		t.Errorf("200 seconds of use were noted %d times, want 3", touched)
	}
	s, err := k.manager.Check(t.Context(), string(p.Access))
	if ago := k.Clock.Now().Sub(s.UsedAt); err != nil || ago >= time.Minute || s.ExpiresAt != s.UsedAt.Add(14*day) {
		t.Errorf("UsedAt is %v ago, ExpiresAt %v, error %v", ago, s.ExpiresAt, err)
	}
}

func TestMaxAge(t *testing.T) { // S6
	k := newKit(t, session.Config{})
	p := k.start(phone)
	for range 29 {
		k.Clock.Advance(day)
		p = k.refresh(p)
	}
	k.Clock.Advance(day - 10*time.Minute)
	p = k.refresh(p)
	if p.ExpiresIn != 10*time.Minute || p.Session.ExpiresAt != p.Session.CreatedAt.Add(30*day) {
		t.Errorf("ExpiresIn %v, ExpiresAt %v: beyond 30 days", p.ExpiresIn, p.Session.ExpiresAt)
	}
	k.Clock.Advance(10*time.Minute - time.Microsecond)
	k.wantCheck("right before 30 days", p, nil)
	k.Clock.Advance(time.Microsecond)
	k.wantDead("after 30 days", p)
	if list, err := k.manager.List(t.Context(), k.ada); len(list) != 0 || err != nil {
		t.Errorf("%d sessions are listed, error %v", len(list), err)
	}
}

// A MaxAge that was made shorter holds for the sessions there are.
func TestShorterMaxAge(t *testing.T) {
	k := newKit(t, session.Config{})
	p := k.start(phone)
	k.Clock.Advance(30 * time.Minute)
	k.manager = k.newManager(session.Config{Keys: k.keys, MaxAge: 20 * time.Minute})
	k.wantDead("older than the new MaxAge", p)
}

func TestClockGoesBack(t *testing.T) {
	k := newKit(t, session.Config{})
	p := k.start(phone)
	old := p
	k.Clock.Advance(time.Hour)
	p = k.refresh(p)
	k.Clock.Advance(-2 * time.Hour)
	k.wantCheck("before it began", p, nil)
	k.wantCheck("a replaced one", old, passwd.ErrEnded)
	k.Clock.Advance(2 * time.Hour)
	if s, err := k.manager.Check(t.Context(), string(p.Access)); err != nil || s.UsedAt != k.Clock.Now() {
		t.Errorf("UsedAt is %v, error %v", s.UsedAt, err)
	}
}

func TestListAndEnd(t *testing.T) {
	k := newKit(t, session.Config{})
	mallory := k.Add(t, passwd.Account{Username: "mallory"}, password)
	a := k.start(phone)
	k.Clock.Advance(time.Minute)
	b := k.start(tablet())
	laptop := phone
	laptop.Device, laptop.DeviceName = "laptop", "Ada's laptop"
	k.Clock.Advance(time.Minute)
	c := k.start(laptop)
	k.Clock.Advance(time.Minute)
	k.wantCheck("used last", a, nil)

	names := func() (names []string) {
		list, err := k.manager.List(t.Context(), k.ada)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			names = append(names, s.DeviceName)
		}
		return names
	}
	if got := names(); !slices.Equal(got, []string{"Ada's phone", "Ada's laptop", "Ada's tablet"}) {
		t.Errorf("listed are %q", got)
	}
	for what, err := range map[string]error{
		"of another account": k.manager.End(t.Context(), mallory, b.Session.ID),
		"unknown":            k.manager.End(t.Context(), k.ada, "unknown"),
	} {
		if err != nil || len(names()) != 3 {
			t.Errorf("ending a session %s: error %v, %d left", what, err, len(names()))
		}
	}
	if err := k.manager.End(t.Context(), k.ada, b.Session.ID); err != nil {
		t.Error(err)
	}
	k.wantDead("ended", b)
	if n, err := k.manager.EndOthers(t.Context(), k.ada, c.Session.ID); n != 1 || err != nil {
		t.Errorf("EndOthers: %d, error %v", n, err)
	}
	k.wantDead("one of the others", a)
	k.wantCheck("spared", c, nil)
	if n, err := k.manager.EndAll(t.Context(), k.ada); n != 1 || err != nil {
		t.Errorf("EndAll: %d, error %v", n, err)
	}
	k.wantDead("ended with all", c)
	if n := len(k.Events.Named(session.EventEnded)); n != 3 {
		t.Errorf("%d events, want 3: one for each call that ended something", n)
	}

	// A name left out must not end everything.
	d := k.start(phone)
	if err := k.manager.End(t.Context(), k.ada, ""); !errors.Is(err, passwd.ErrInvalidRequest) {
		t.Errorf("End without an id: error %v", err)
	}
	if _, err := k.manager.EndOthers(t.Context(), k.ada, ""); !errors.Is(err, passwd.ErrInvalidRequest) {
		t.Errorf("EndOthers without an id: error %v", err)
	}
	k.wantCheck("after that", d, nil)
}

func TestSignOut(t *testing.T) {
	k := newKit(t, session.Config{})
	for name, token := range map[string]func(session.Pair) session.Token{
		"access":  func(p session.Pair) session.Token { return p.Access },
		"refresh": func(p session.Pair) session.Token { return p.Refresh },
	} {
		p, other := k.start(phone), k.start(tablet())
		for range 2 { // the second time it is nobody's
			if err := k.manager.SignOut(t.Context(), string(token(p))); err != nil {
				t.Errorf("by the %s token: %v", name, err)
			}
		}
		k.wantDead("signed out by the "+name+" token", p)
		k.wantCheck("of another device", other, nil)
	}
	for _, nobodys := range []string{"", "unknown", string(k.start(phone).Access)[1:] + "0"} {
		if err := k.manager.SignOut(t.Context(), nobodys); err != nil {
			t.Errorf("by nobody's token: %v", err)
		}
	}
	p := k.start(phone)
	k.Clock.Advance(2 * time.Hour)
	if err := k.manager.SignOut(t.Context(), string(p.Access)); err != nil {
		t.Error(err)
	}
	k.wantDead("signed out by an expired access token", p)
}
