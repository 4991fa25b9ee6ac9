package storetest

import (
	"slices"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

func canRemove(f Fixture) bool { return f.Remove != nil }

// remove deletes rows as the host does.
func (c *checker) remove(refs ...passwd.Ref) {
	if err := c.Remove(c.ctx, c.store, refs...); err != nil {
		c.fatalf("Fixture.Remove: %v", err)
	}
}

func (c *checker) forget(r passwd.Ref) {
	if err := c.store.Forget(c.ctx, r); err != nil {
		c.fatalf("Forget: %v", err)
	}
}

// departed is an account of which the library knows all there is to know.
type departed struct {
	passwd.Account
	epochs      []int64 // that it has had
	bound, free passwd.TokenRecord
	sessions    []session.Record
}

// departing makes the nth account one.
func (c *checker) departing(n int) departed {
	d := departed{Account: c.seeded(n)}
	for _, label := range []string{"first", "second", "third"} {
		c.apply(replace(d.Account, label))
		d.Account = c.get(d.Ref)
		d.epochs = append(d.epochs, d.Epoch)
	}
	w := must(d.Account, passwd.Temporary)
	w.MustUntil = t0.Add(time.Hour)
	c.apply(w)
	d.Account = c.get(d.Ref)
	d.bound, d.free = c.issued(d.Ref, passwd.PurposeReset, d.Epoch), c.issued(d.Ref, passwd.PurposeCancel, 0)
	if !c.Lacks.Sessions {
		d.sessions = []session.Record{c.created(d.Account), c.created(d.Account)}
	}
	return d
}

// wantNothingOf checks that whoever has the id now has nothing of d.
func (c *checker) wantNothingOf(d departed, when string) {
	now := c.get(d.Ref)
	if slices.Contains(d.epochs, now.Epoch) {
		c.errorf("%s: the epoch is %d, which it was before", when, now.Epoch)
	}
	if !now.ChangedAt.IsZero() {
		c.errorf("%s: ChangedAt is %v", when, now.ChangedAt)
	}
	if h := c.history(d.Ref, 10); len(h) > 0 {
		c.errorf("%s: history has %d entries", when, len(h))
	}
	c.wantDead(d, when)
}

// wantDead checks that no token and no session of d is good for anything.
func (c *checker) wantDead(d departed, when string) {
	now := c.get(d.Ref)
	for _, t := range []passwd.TokenRecord{d.bound, d.free} {
		c.wantLive(when, t, t0, false)
		w := must(now, passwd.NoReason)
		w.Consume = &t.TokenRef
		_, err := c.store.Apply(c.ctx, w)
		c.want(when+": Apply with a token of before", err, passwd.ErrTokenInvalid)
		_, err = c.store.Attempt(c.ctx, t.TokenRef, 5, t0)
		c.want(when+": Attempt at a token of before", err, passwd.ErrTokenInvalid)
	}
	c.want(when+": Issue at an epoch of before",
		c.store.Issue(c.ctx, c.token(d.Ref, passwd.PurposeReset, d.Epoch), 0, nil), passwd.ErrConflict)
	if len(d.sessions) == 0 {
		return
	}
	c.wantEnded(when, d.sessions...)
	_, err := c.sessions().RotateSession(c.ctx, c.rotation(d.sessions[0]))
	c.want(when+": RotateSession", err, passwd.ErrNotFound)
	c.want(when+": CreateSession at an epoch of before", c.sessions().CreateSession(c.ctx, c.session(d.Account), 0), passwd.ErrConflict)
}

func removeChecks() []check {
	return []check{{
		name:   "remove/nobody",
		guards: "I5, I6, Fixture.Remove",
		rule:   "When the host has removed its row, the account is ErrNotFound to every call, and found by none of its names.",
		needs:  canRemove,
		run: func(c *checker) {
			d := c.departing(1)
			kept := c.departing(2)
			c.remove(d.Ref)
			c.unknown(d.Ref, d.Hash)
			for _, l := range c.logins(d.Account) {
				if found := c.find(l, 10); len(found) > 0 {
					c.errorf("it is found by its %s", l.Kind)
				}
			}
			w := replace(d.Account, "of nobody")
			w.Consume = &d.free.TokenRef
			_, err := c.store.Apply(c.ctx, w)
			c.want("Apply with its token", err, passwd.ErrNotFound)
			c.wantLive("another account's", kept.bound, t0, true)
		},
	}, {
		name:   "remove/then forget",
		guards: "I5, Credentials.Forget",
		rule:   "A row that is removed before it is forgotten leaves nothing to whoever gets its id, before and after their first write.",
		needs:  canRemove,
		run: func(c *checker) {
			c.reused(func(r passwd.Ref) { c.remove(r); c.forget(r) }, true)
		},
	}, {
		name:   "remove/after forget",
		guards: "I5, Credentials.Forget",
		rule:   "A row that is forgotten before it is removed leaves nothing to whoever gets its id, before and after their first write.",
		needs:  canRemove,
		run: func(c *checker) {
			c.reused(func(r passwd.Ref) { c.forget(r); c.remove(r); c.forget(r) }, true)
		},
	}}
}

func reuseChecks() []check {
	return []check{{
		name:   "forget/reused",
		guards: "I5, Credentials.Forget",
		rule:   "However often an id is forgotten and given to somebody else, no epoch that it had comes back: each begins at random, and not at what the id or the time makes of it.",
		run: func(c *checker) {
			c.reused(c.forget, false)
		},
	}}
}

func sessionRemoveChecks() []check {
	return []check{{
		name:   "remove/sessions",
		guards: "I5, session.Store",
		rule:   "When the host has removed its row, no session of the account is live, forgotten or not.",
		needs:  func(f Fixture) bool { return canRemove(f) && hasSessions(f) },
		run: func(c *checker) {
			d, kept := c.departing(1), c.departing(2)
			c.remove(d.Ref)
			c.wantEnded("removed", d.sessions...)
			_, err := c.sessions().RotateSession(c.ctx, c.rotation(d.sessions[0]))
			c.want("removed: RotateSession", err, passwd.ErrNotFound)
			c.want("removed: CreateSession", c.sessions().CreateSession(c.ctx, c.session(d.Account), 0), passwd.ErrNotFound)
			c.forget(d.Ref)
			c.wantEnded("removed, and forgotten", d.sessions...)
			c.wantSessions("of another account", kept.sessions...)
			c.seed(c.account(1))
			c.wantEnded("of whoever has the id now", d.sessions...)
			if n := c.end(d.Ref, session.Filter{}); n != 0 {
				c.errorf("%d sessions of before are still stored", n)
			}
		},
	}}
}

// reused gives an id to somebody else, again and again, each time after leave.
// A need for a change goes with the row, or stays with it.
func (c *checker) reused(leave func(passwd.Ref), removed bool) {
	other := c.departing(2)
	watch := c.watch([]passwd.Ref{other.Ref}, other.bound, other.free)
	var before []departed
	for range 3 {
		before = append(before, c.departing(1))
		d := before[len(before)-1]
		for _, past := range before[:len(before)-1] {
			d.epochs = append(d.epochs, past.epochs...)
		}
		leave(d.Ref)
		c.seed(c.with(c.account(1), hash("of somebody new")))
		now := c.get(d.Ref)
		if removed {
			c.wantMust(now, passwd.NoReason, time.Time{})
		}
		c.wantNothingOf(d, "with the id of another account")
		c.apply(must(now, passwd.NoReason))
		if e := c.get(d.Ref).Epoch; slices.Contains(d.epochs, e) || now.Epoch != 0 && e != now.Epoch {
			c.errorf("after the first write, the epoch is %d, which it was before, or no longer what it was", e)
		}
		c.wantDead(d, "after the first write")
		leave(d.Ref)
	}
	watch.unchanged("after another account was removed")
}
