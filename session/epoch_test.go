package session_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

// A change on one device ends the other's tokens; that which asked stays valid,
// with both its tokens (I5, S2).
func TestChangeKeepsOne(t *testing.T) {
	k := newKit(t, session.Config{})
	asking, other := k.start(phone), k.start(tablet())
	w := k.change(asking.Session.ID)
	k.wantDead("of the other device", other)
	s, err := k.manager.Check(t.Context(), string(asking.Access))
	if err != nil || s.Epoch != w.Epoch {
		t.Errorf("the one that asked: epoch %d, error %v, want epoch %d", s.Epoch, err, w.Epoch)
	}
	k.wantCheck("refreshed after the change", k.refresh(asking), nil)
}

func TestEnds(t *testing.T) { // I5, S2
	ctx := t.Context()
	for name, end := range map[string]func(*kit) error{
		"a change that keeps none": func(k *kit) error { k.change(""); return nil },
		"a change that keeps an unknown session": func(k *kit) error {
			k.change("0198c0de-0000-7000-8000-000000000000")
			return nil
		},
		"a reset": func(k *kit) error {
			err := k.Service.RequestReset(ctx, passwd.RequestReset{Login: passwd.Login{Value: "ada"}})
			if err != nil {
				return err
			}
			_, err = k.Service.Reset(ctx, passwd.Reset{Token: k.Deliver(k.t)[0].Token, New: next})
			return err
		},
		"a revocation": func(k *kit) error { _, err := k.Service.Revoke(ctx, passwd.Revoke{Account: k.ada}); return err },
		"a suspension": func(k *kit) error {
			return k.Service.MarkCompromised(ctx, passwd.MarkCompromised{Account: k.ada})
		},
		"the account forgotten": func(k *kit) error { return k.Service.Forget(ctx, k.ada) },
		"the account deleted":   func(k *kit) error { k.Kit.Store.Delete(k.ada); return nil },
		"the account closed": func(k *kit) error {
			return k.Kit.Store.Update(k.ada, func(a *passwd.Account) { a.Disabled = true })
		},
		"the account inactive": func(k *kit) error {
			return k.Kit.Store.Update(k.ada, func(a *passwd.Account) { a.Active = false })
		},
		"the password suspended by the host": func(k *kit) error {
			return k.Kit.Store.Update(k.ada, func(a *passwd.Account) { a.Must = passwd.Compromised })
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, session.Config{})
			p := k.start(phone)
			k.wantCheck("before", p, nil)
			if err := end(k); err != nil {
				t.Fatal(err)
			}
			k.wantDead("after", p)
		})
	}
}

// A must-change account is told so, may make the change with its session, and
// loses no token to an attempt before it (F7).
func TestMustChange(t *testing.T) {
	k := newKit(t, session.Config{})
	p := k.start(phone)
	err := k.Service.RequireChange(t.Context(), passwd.RequireChange{Account: k.ada, Reason: passwd.Administrator})
	if err != nil {
		t.Fatal(err)
	}
	s, err := k.manager.Check(t.Context(), string(p.Access))
	if !errors.Is(err, passwd.ErrChangeRequired) || s.ID != p.Session.ID || s.Account != k.ada {
		t.Errorf("Check: error %v, session %+v; want ErrChangeRequired and the session", err, s)
	}
	if _, err := k.manager.Refresh(t.Context(), string(p.Refresh), passwd.Client{}); !errors.Is(err, passwd.ErrChangeRequired) {
		t.Errorf("Refresh: error %v, want ErrChangeRequired", err)
	}
	k.change(s.ID)
	k.wantCheck("after the change", p, nil)
	spent := p
	p = k.refresh(p)
	k.wantCheck("refreshed after the change", p, nil)

	// That it must change protects no thief.
	err = k.Service.RequireChange(t.Context(), passwd.RequireChange{Account: k.ada, Reason: passwd.Administrator})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.manager.Refresh(t.Context(), string(spent.Refresh), passwd.Client{}); !errors.Is(err, session.ErrReused) {
		t.Errorf("a spent token: error %v, want ErrReused", err)
	}
	k.wantDead("after the reuse", p)
}

// Sign-ins that race a change leave no session of the earlier epoch (I5).
func TestRaceStartAndChange(t *testing.T) {
	for range 5 {
		k := newKit(t, session.Config{MaxPerClient: 100})
		in := k.signIn(password)
		info := phone
		info.Device = ""
		pairs := make([]session.Pair, 64)
		var done sync.WaitGroup
		start := make(chan struct{})
		for i := range pairs {
			done.Go(func() {
				<-start
				var err error
				if pairs[i], err = k.manager.Start(t.Context(), in, info); err != nil && !errors.Is(err, passwd.ErrEnded) {
					t.Error(err)
				}
			})
		}
		done.Go(func() { <-start; k.change("") })
		close(start)
		done.Wait()
		for _, p := range pairs {
			if p.Access != "" {
				k.wantDead("of before the change", p)
			}
		}
		if list, err := k.manager.List(t.Context(), k.ada); len(list) != 0 || err != nil {
			t.Errorf("%d sessions are left, error %v", len(list), err)
		}
	}
}

func TestPurge(t *testing.T) {
	k := newKit(t, session.Config{})
	p := k.start(phone)
	k.Clock.Advance(14*day - time.Second)
	live := k.start(tablet())
	k.Clock.Advance(2 * time.Second)
	n, more, err := k.Kit.Store.Purge(t.Context(), k.Clock.Now(), 100)
	if n != 1 || more || err != nil {
		t.Errorf("Purge: %d, more %t, error %v", n, more, err)
	}
	k.wantDead("purged", p)
	k.wantCheck("not purged", live, nil)
}
