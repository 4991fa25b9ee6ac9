package session_test

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

// S1, S5: a sign-in, the first or one more on the same device, is a session of its
// own with tokens of 256 random bits; those of the session that it replaces are
// dead. So are they after a refresh.
func TestSignInAgainIsAnotherSession(t *testing.T) {
	k := newKit(t, session.Config{})
	seen := map[string]bool{}
	note := func(p session.Pair) {
		t.Helper()
		for _, token := range []session.Token{p.Access, p.Refresh} {
			raw, err := hex.DecodeString(string(token))
			if err != nil || len(raw) != 32 || seen[string(token)] {
				t.Errorf("a token of %d bytes, given out before: %t, %v", len(raw), seen[string(token)], err)
			}
			seen[string(token)] = true
		}
	}
	first := k.start(phone)
	note(first)
	second := k.start(phone)
	note(second)
	if first.Session.ID == second.Session.ID {
		t.Error("the session has the id of the one before")
	}
	k.wantDead("the session before", first)
	k.wantCheck("the new one", second, nil)
	third := k.refresh(second)
	note(third)
	k.wantCheck("the token before the refresh", second, passwd.ErrEnded)
	k.wantCheck("the token after it", third, nil)
}

// S1, S2: after a change that names no session, as by a host that opens another
// one, no token from before it is good, that of who asked included.
func TestChangeEndsWhatItIsNotToldToKeep(t *testing.T) {
	k := newKit(t, session.Config{})
	asking, other := k.start(phone), k.start(tablet())
	w := k.change("")
	k.wantDead("of who asked", asking)
	k.wantDead("of the other device", other)
	p, err := k.manager.Start(t.Context(), passwd.SignedIn{Account: w.Account, Epoch: w.Epoch}, phone)
	if err != nil {
		t.Fatal(err)
	}
	k.wantCheck("the session after it", p, nil)
	if p.Session.ID == asking.Session.ID {
		t.Error("it has the id of the one before")
	}
}

// S6: the times that SP 800-63B-4 has for a second factor can be had, to the
// second, and a new sign-in begins both anew.
func TestTimesOfHigherLevels(t *testing.T) {
	for name, c := range map[string]struct{ idle, whole time.Duration }{
		"second factor":   {time.Hour, day},
		"hardware factor": {15 * time.Minute, 12 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, session.Config{IdleTTL: c.idle, MaxAge: c.whole})
			p := k.start(phone)
			k.Clock.Advance(c.idle - time.Second)
			p = k.refresh(p)
			k.Clock.Advance(c.idle)
			k.wantDead("idle", p)

			p = k.start(phone)
			began := k.Clock.Now()
			for k.Clock.Now().Sub(began) < c.whole-c.idle {
				k.Clock.Advance(c.idle - time.Second)
				p = k.refresh(p)
			}
			k.Clock.Advance(began.Add(c.whole).Sub(k.Clock.Now()))
			k.wantDead("at its end, though in use", p)
			k.wantCheck("after one more sign-in", k.start(phone), nil)
		})
	}
}
