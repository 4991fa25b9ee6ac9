package storetest

import (
	"fmt"
	"sync"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

// second is another handle on the data of the case's store, opened when a case first
// asks for it.
type second struct {
	once  sync.Once
	store passwd.Store
	err   error
}

// handle returns the store for caller i of a race: half of the callers get a second
// handle, if the fixture has any, in such a way that both have callers of every sort.
// It panics if there is none to be had, which is a failure of the case.
func (c *checker) handle(i int) passwd.Store {
	if c.Reopen == nil || (i^i>>1)&1 == 0 {
		return c.store
	}
	c.second.once.Do(func() { c.second.store, c.second.err = c.Reopen(c.store) })
	if c.second.err != nil {
		panic(fmt.Sprintf("Fixture.Reopen: %v", c.second.err))
	}
	return c.second.store
}

func (c *checker) queueAt(i int) passwd.Queue {
	if q, ok := c.handle(i).(passwd.Queue); ok {
		return q
	}
	return noQueue{}
}

// sessionsAt is for cases that have called sessions before: both handles have them.
func (c *checker) sessionsAt(i int) session.Store { return c.handle(i).(session.Store) }

func canReopen(f Fixture) bool { return f.Reopen != nil }

// handleChecks are about two handles on the same data, one call after another.
func handleChecks() []check {
	return []check{{
		name:   "handles/accounts",
		guards: "I3, I5, Fixture.Reopen",
		rule:   "What one handle has written, another one sees at once, although it has looked before.",
		needs:  canReopen,
		run: func(c *checker) {
			a, other := c.pinned(1), c.handle(1)
			look := func(when string, want passwd.Account, history int) {
				got, err := other.Get(c.ctx, a.Ref)
				c.want(when+": Get", err, nil)
				c.wantSame(when+": Get", got, want)
				for _, l := range c.logins(want) {
					found, err := other.Find(c.ctx, l, 10)
					c.want(when+": Find", err, nil)
					if len(found) != 1 {
						c.fatalf("%s: Find by %s: %d accounts, want 1", when, l.Kind, len(found))
					}
					c.wantSame(when+": Find", found[0], want)
				}
				hashes, err := other.History(c.ctx, a.Ref, 10)
				if len(hashes) != history || err != nil {
					c.errorf("%s: History: %d hashes and error %v, want %d", when, len(hashes), err, history)
				}
			}
			look("before", a, 0)
			c.apply(replace(a, "new"))
			look("after a new hash", c.get(a.Ref), 1)
			c.apply(must(c.get(a.Ref), passwd.Administrator))
			look("after a need for a change", c.get(a.Ref), 1)
			_, err := other.Apply(c.ctx, replace(a, "stale"))
			c.want("Apply of what was read before that", err, passwd.ErrConflict)
			c.want("Forget", c.store.Forget(c.ctx, a.Ref), nil)
			look("after Forget", c.get(a.Ref), 0)
		},
	}, {
		name:   "handles/tokens",
		guards: "I4, I5, Fixture.Reopen",
		rule:   "A token that one handle has issued is known to another one, and what ends it there ends it here.",
		needs:  canReopen,
		run: func(c *checker) {
			a, other := c.pinned(1), c.handle(1)
			look := func(when string, t passwd.TokenRecord, live bool) {
				_, err := other.Peek(c.ctx, t.TokenRef, t0)
				if (err == nil) != live {
					c.errorf("%s: Peek by another handle: error %v, want it live: %t", when, err, live)
				}
			}
			spent, voided := c.issued(a.Ref, passwd.PurposeCancel, 0), c.issued(a.Ref, passwd.PurposeReset, 0)
			bound := c.issued(a.Ref, passwd.PurposeReset, a.Epoch)
			for _, t := range []passwd.TokenRecord{spent, voided, bound} {
				look("issued", t, true)
			}
			w := must(a, passwd.NoReason)
			w.Consume = &spent.TokenRef
			c.apply(w)
			look("consumed", spent, false)
			c.apply(raise(c.get(a.Ref)))
			look("of an earlier epoch", bound, false)
			w = must(c.get(a.Ref), passwd.NoReason)
			w.VoidAll = true
			c.apply(w)
			look("voided", voided, false)

			code := c.issued(a.Ref, passwd.PurposeCode, 0)
			for i := range 4 {
				got, err := c.handle(i).Attempt(c.ctx, code.TokenRef, 3, t0)
				if i < 3 && (err != nil || got.Attempts != i+1) {
					c.errorf("attempt %d: counted as %d, error %v", i+1, got.Attempts, err)
				} else if i == 3 {
					c.want("an attempt too many", err, passwd.ErrTokenInvalid)
				}
			}
		},
	}}
}

func sessionHandleChecks() []check {
	return []check{{
		name:   "handles/sessions",
		guards: "I5, Fixture.Reopen",
		rule:   "A session that one handle has created is known to another one, and what ends or changes it there does so here.",
		needs:  func(f Fixture) bool { return canReopen(f) && hasSessions(f) },
		run: func(c *checker) {
			a := c.pinned(1)
			first, second, third := c.created(a), c.created(a), c.created(a)
			other := c.sessionsAt(1)
			look := func(when string, r session.Record, live bool) {
				for _, t := range []session.TokenRef{accessOf(r), refreshOf(r)} {
					got, _, err := other.FindSession(c.ctx, t, t0)
					if (err == nil) != live {
						c.errorf("%s: by its %s token, at another handle: error %v, want it live: %t", when, t.Kind, err, live)
					} else if d := sessionDiff(got, r); live && d != "" {
						c.errorf("%s: by its %s token, at another handle: %s", when, t.Kind, d)
					}
				}
			}
			for _, r := range []session.Record{first, second, third} {
				look("created", r, true)
			}
			c.end(a.Ref, session.Filter{ID: second.ID})
			look("ended", second, false)
			next := c.rotate(first, c.rotation(first))
			look("rotated", next, true)
			if _, _, err := other.FindSession(c.ctx, accessOf(first), t0); err == nil {
				c.errorf("rotated: the replaced access token is good at another handle")
			}
			c.apply(must(c.get(a.Ref), passwd.Expired))
			if _, reason, err := other.FindSession(c.ctx, accessOf(third), t0); reason != passwd.Expired || err != nil {
				c.errorf("the need for a change, at another handle: %q, error %v", reason, err)
			}
			w := replace(c.get(a.Ref), "new")
			w.KeepSession = third.ID
			third.Epoch = c.apply(w)
			look("of an earlier epoch", next, false)
			look("kept", third, true)
			c.apply(raise(c.get(a.Ref)))
			look("kept, and ended after that", third, false)
		},
	}}
}

func queueHandleChecks() []check {
	return []check{{
		name:   "handles/queue",
		guards: "I2, I4, Fixture.Reopen",
		rule:   "A job that one handle has put, or a write has, is claimed by another one, and leased to it alone.",
		needs:  func(f Fixture) bool { return canReopen(f) && hasQueue(f) },
		run: func(c *checker) {
			other := c.queueAt(1)
			put, absorbed, retried := c.job("key", t0), c.job("key", t0), c.job("", t0)
			c.put(put, retried)
			c.want("Put of what is absorbed", other.Put(c.ctx, absorbed), nil)
			jobs, err := other.Claim(c.ctx, 10, lease, t0)
			c.want("Claim", err, nil)
			c.wantJobs("at another handle", jobs, []passwd.Job{put, retried})
			c.wantClaimed("leased to another handle", t0)
			c.want("Done", c.queue().Done(c.ctx, put.ID), nil)
			c.want("Retry", other.Retry(c.ctx, retried.ID, t0), nil)
			c.wantClaimed("when another handle has given one back", t0, retried)
		},
	}, {
		name:   "handles/jobs of a write",
		guards: "I2, Write.Jobs, Fixture.Reopen",
		rule:   "The jobs of a write are there for every handle when it returns.",
		needs:  func(f Fixture) bool { return canReopen(f) && hasQueue(f) && hasStore(f) },
		run: func(c *checker) {
			w := replace(c.seeded(1), "new")
			w.Jobs = []passwd.Job{c.job("", t0)}
			c.apply(w)
			jobs, err := c.queueAt(1).Claim(c.ctx, 10, lease, t0)
			c.want("Claim", err, nil)
			c.wantJobs("at another handle", jobs, w.Jobs)
		},
	}}
}

// wantSame notes a failure unless two readings of an account are the same.
func (c *checker) wantSame(what string, got, want passwd.Account) {
	if d := c.accountDiff(got, want); d != "" {
		c.errorf("%s: %s", what, d)
	}
	if d := stateDiff(got, want); d != "" {
		c.errorf("%s: %s", what, d)
	}
}
