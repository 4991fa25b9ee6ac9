package storetest

import (
	"time"

	"github.com/passwd-go/passwd"
)

// fromOutside has the host write a hash, past the store, to an account that the library
// has written to, and returns the account as it was before and as it is after.
func (c *checker) fromOutside(n int, label string) (before, after passwd.Account) {
	before = c.changed(n)
	w := must(before, passwd.Temporary)
	w.MustUntil = t0.Add(time.Hour)
	c.apply(w)
	before = c.get(before.Ref)
	c.seed(c.with(c.account(n), hash(label)))
	return before, c.get(before.Ref)
}

// outsideChecks are about hashes that somebody else than the library has written.
func outsideChecks() []check {
	return []check{{
		name:   "outside/read",
		guards: "I5, Account.Outside",
		rule:   "A hash that the host has written since gives the account an epoch of its own, another for each hash, and no known age; the history stays.",
		run: func(c *checker) {
			before, after := c.fromOutside(1, "the host's own")
			c.seed(c.with(c.account(1), hash("the host's next")))
			next := c.get(before.Ref)
			for _, a := range []passwd.Account{after, next} {
				if !a.Outside || !a.Raised || a.Epoch <= before.Epoch {
					c.errorf("outside %t, raised %t, epoch %d, which was %d", a.Outside, a.Raised, a.Epoch, before.Epoch)
				}
				if !a.ChangedAt.IsZero() || !a.MustUntil.IsZero() {
					c.errorf("changed at %v, must change until %v", a.ChangedAt, a.MustUntil)
				}
			}
			if after.Epoch == next.Epoch {
				c.errorf("two hashes of the host's have one epoch")
			}
			if n := len(c.history(before.Ref, 10)); n != 1 {
				c.errorf("history has %d entries, had 1", n)
			}
		},
	}, {
		name:   "outside/settled",
		guards: "I5, Write",
		rule:   "The next write goes on from the epoch that was read, and says from when the hash is at the latest; it is no longer from outside.",
		run: func(c *checker) {
			_, a := c.fromOutside(1, "the host's own")
			w := must(a, passwd.NoReason)
			w.Now = t0.Add(time.Hour)
			if epoch := c.apply(w); epoch != a.Epoch {
				c.errorf("Apply returned the epoch %d, want the one that was read, %d", epoch, a.Epoch)
			}
			settled := c.get(a.Ref)
			if settled.Outside || !settled.Raised || settled.Epoch != a.Epoch || !settled.ChangedAt.Equal(w.Now) {
				c.errorf("outside %t, raised %t, epoch %d, changed at %v", settled.Outside, settled.Raised, settled.Epoch, settled.ChangedAt)
			}
			if epoch := c.apply(replace(settled, "ours")); epoch != a.Epoch+1 {
				c.errorf("a new hash raises the epoch from %d to %d", a.Epoch, epoch)
			}
		},
	}, {
		name:   "outside/stamped before",
		guards: "I3, I4, I5",
		rule:   "What was stamped before is of no use to a write: neither the epoch nor a token.",
		run: func(c *checker) {
			read := c.changed(1)
			token := c.issued(read.Ref, passwd.PurposeReset, read.Epoch)
			c.seed(c.with(c.account(1), hash("the host's own")))
			a := c.get(read.Ref)
			late := replace(a, "late")
			late.IfEpoch = read.Epoch
			_, err := c.store.Apply(c.ctx, late)
			c.want("Apply with the epoch of before", err, passwd.ErrConflict)
			spend := replace(a, "by an old link")
			spend.Consume = &token.TokenRef
			_, err = c.store.Apply(c.ctx, spend)
			c.want("Apply with a token of before", err, passwd.ErrTokenInvalid)
			c.want("Issue at the epoch of before", c.store.Issue(c.ctx, c.token(a.Ref, passwd.PurposeReset, read.Epoch), 0, nil), passwd.ErrConflict)
			c.want("Issue at the epoch of now", c.store.Issue(c.ctx, c.token(a.Ref, passwd.PurposeReset, a.Epoch), 0, nil), nil)
			if got := c.get(a.Ref); got.Hash != a.Hash || got.Epoch != a.Epoch || !got.Outside {
				c.errorf("refused writes have left something: epoch %d, was %d", got.Epoch, a.Epoch)
			}
		},
	}, {
		name:   "outside/tokens",
		guards: "I3, I5",
		rule:   "A token of before has no attempts left, and is dead to Peek too, or is told by its Epoch, which is not the account's; one of now is live, and what is of no epoch stays so.",
		run: func(c *checker) {
			read := c.changed(1)
			old := c.issued(read.Ref, passwd.PurposeCode, read.Epoch)
			free := c.issued(read.Ref, passwd.PurposeCancel, 0)
			c.seed(c.with(c.account(1), hash("the host's own")))
			a := c.get(read.Ref)
			for range 2 {
				got, err := c.store.Peek(c.ctx, old.TokenRef, t0)
				if err != nil {
					c.want("Peek at a token of before", err, passwd.ErrTokenInvalid)
				} else if got.Epoch != read.Epoch || got.Epoch == a.Epoch {
					c.errorf("Peek: a token of the epoch %d has %d, the account %d", read.Epoch, got.Epoch, a.Epoch)
				}
				got, err = c.store.Attempt(c.ctx, old.TokenRef, 5, t0)
				c.want("Attempt at a token of before", err, passwd.ErrTokenInvalid)
				if got.Attempts != 0 {
					c.errorf("Attempt at a token of before: %d are counted", got.Attempts)
				}
			}
			c.wantLive("of no epoch", free, t0, true)
			now := c.issued(a.Ref, passwd.PurposeCode, a.Epoch)
			c.wantLive("of the epoch of now", now, t0, true)
			got, err := c.store.Attempt(c.ctx, now.TokenRef, 5, t0)
			if c.want("Attempt at a token of now", err, nil); got.Attempts != 1 {
				c.errorf("Attempt at a token of now: %d are counted", got.Attempts)
			}
		},
	}, {
		name:   "outside/rehash",
		guards: "I5, Credentials.Rehash",
		rule:   "A better hash of the same password is not from outside; one of a hash from outside leaves that so.",
		run: func(c *checker) {
			a := c.changed(1)
			if done, err := c.store.Rehash(c.ctx, a.Ref, a.Hash, hash("better")); !done || err != nil {
				c.fatalf("Rehash: %t, %v", done, err)
			}
			if got := c.get(a.Ref); got.Outside || got.Epoch != a.Epoch || !got.ChangedAt.Equal(a.ChangedAt) {
				c.errorf("outside %t, epoch %d, was %d, changed at %v", got.Outside, got.Epoch, a.Epoch, got.ChangedAt)
			}
			before, after := c.fromOutside(2, "the host's own")
			if done, err := c.store.Rehash(c.ctx, after.Ref, after.Hash, hash("better too")); !done || err != nil {
				c.fatalf("Rehash: %t, %v", done, err)
			}
			if got := c.get(after.Ref); !got.Outside || got.Epoch == before.Epoch {
				c.errorf("a better hash makes a hash of the host's ours: epoch %d, was %d", got.Epoch, before.Epoch)
			}
		},
	}, {
		name:   "outside/raised",
		guards: "Account.Raised, I5",
		rule:   "An epoch that an account was only given is not raised; a new hash, or a raise, makes it so.",
		run: func(c *checker) {
			a := c.seeded(1)
			c.apply(must(a, passwd.Administrator))
			if a = c.get(a.Ref); a.Raised {
				c.errorf("raised by a write that raises nothing")
			}
			c.apply(raise(a))
			c.apply(must(c.get(a.Ref), passwd.NoReason))
			if a = c.get(a.Ref); !a.Raised {
				c.errorf("not raised by a raise")
			}
			b := c.changed(2)
			c.apply(must(b, passwd.Expired))
			if b = c.get(b.Ref); !b.Raised {
				c.errorf("not raised by a new hash")
			}
		},
	}, {
		name:   "outside/forgotten",
		guards: "I5, Credentials.Forget",
		rule:   "What was not known of a hash from outside is not known either once the account is forgotten; why it has to be changed stays.",
		run: func(c *checker) {
			_, a := c.fromOutside(1, "the host's own")
			c.want("Forget", c.store.Forget(c.ctx, a.Ref), nil)
			if got := c.get(a.Ref); got.Outside || got.Epoch != 0 || got.Must != a.Must || !got.MustUntil.IsZero() {
				c.errorf("outside %t, epoch %d, must %q, was %q, until %v", got.Outside, got.Epoch, got.Must, a.Must, got.MustUntil)
			}
		},
	}, {
		name:   "outside/sessions",
		guards: "I5",
		rule:   "A hash that the host has written ends the sessions that were opened before.",
		needs:  hasSessions,
		run: func(c *checker) {
			a := c.changed(1)
			old := c.created(a)
			c.wantSessions("before", old)
			c.seed(c.with(c.account(1), hash("the host's own")))
			c.wantEnded("after the host's write", old)
			c.wantListed("after the host's write", a.Ref)
			_, err := c.sessions().RotateSession(c.ctx, c.rotation(old))
			c.want("RotateSession", err, passwd.ErrNotFound)
			c.want("CreateSession at the epoch of before", c.sessions().CreateSession(c.ctx, c.session(a), 0), passwd.ErrConflict)
			now := c.get(a.Ref)
			c.apply(must(now, passwd.NoReason))
			c.wantEnded("once it is settled", old)
			c.created(now)
		},
	}}
}
