package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
)

func historyChecks() []check {
	return []check{{
		name:   "history/order",
		guards: "I2",
		rule:   "Each replaced hash enters the history in its write; History returns up to n of them, newest first, without the current one.",
		run: func(c *checker) {
			a, all := c.withHistory(1, 5, 10)
			for _, n := range []int{1, 2, 5, 100} {
				want := all[:min(n, len(all))]
				if got := c.history(a.Ref, n); !slices.Equal(got, want) {
					c.errorf("with n %d: got %s, want %s", n, labels(got, all), labels(want, all))
				}
			}
			if h := c.history(a.Ref, 0); len(h) != 0 {
				c.errorf("with n 0: got %d entries", len(h))
			}
		},
	}, {
		name:   "history/trim",
		guards: "I1, Write.History",
		rule:   "A new hash keeps as many replaced ones as the write says, the one replaced now included.",
		run: func(c *checker) {
			a, all := c.withHistory(1, 5, 3)
			if got, want := c.history(a.Ref, 100), all[:3]; !slices.Equal(got, want) {
				c.errorf("after 5 changes that keep 3: got %s, want %s", labels(got, all), labels(want, all))
			}
			w := replace(a, "keeps one")
			w.History = 1
			c.apply(w)
			if got := c.history(a.Ref, 100); !slices.Equal(got, []passwd.Hash{a.Hash}) {
				c.errorf("after a change that keeps 1: %d entries, or another one", len(got))
			}
			w = replace(c.get(a.Ref), "keeps none")
			w.History = 0
			c.apply(w)
			if got := c.history(a.Ref, 100); len(got) != 0 {
				c.errorf("after a change that keeps none: %d entries", len(got))
			}
		},
	}, {
		name:   "history/long",
		guards: "I1, Write.History",
		rule:   "A store keeps as many replaced hashes as a write asks for, and returns as many as it is asked for: it has no bound of its own.",
		run: func(c *checker) {
			a, all := c.withHistory(1, 30, 28)
			if got, want := c.history(a.Ref, 100), all[:28]; !slices.Equal(got, want) {
				c.errorf("after 30 changes that keep 28: got %s, want %s", labels(got, all), labels(want, all))
			}
			if got, want := c.history(a.Ref, 25), all[:25]; !slices.Equal(got, want) {
				c.errorf("with n 25: got %s, want %s", labels(got, all), labels(want, all))
			}
		},
	}, {
		name:   "history/other writes",
		guards: "I1, Write.History",
		rule:   "Only a new hash touches the history: a write without one does not trim it, whatever its History says.",
		run: func(c *checker) {
			a, _ := c.withHistory(1, 3, 10)
			before := c.history(a.Ref, 100)
			for i, w := range []func(passwd.Account) passwd.Write{
				func(a passwd.Account) passwd.Write { return must(a, passwd.Expired) },
				raise,
				func(a passwd.Account) passwd.Write { w := raise(a); w.History = 1; return w },
			} {
				c.apply(w(c.get(a.Ref)))
				if after := c.history(a.Ref, 100); !slices.Equal(after, before) {
					c.errorf("write %d without a new hash: the history has %d entries, had %d", i, len(after), len(before))
				}
			}
			if done, err := c.store.Rehash(c.ctx, a.Ref, a.Hash, hash("better")); !done || err != nil {
				c.fatalf("Rehash: got %t and error %v", done, err)
			}
			if after := c.history(a.Ref, 100); !slices.Equal(after, before) {
				c.errorf("a rehash changed the history")
			}
		},
	}, {
		name:   "history/same hash again",
		guards: "I1, Write.History",
		rule:   "A hash that was in use twice is kept twice: the history is a list, not a set.",
		run: func(c *checker) {
			a := c.seeded(1)
			first := a.Hash
			for _, label := range []string{"second", "third"} {
				c.apply(replace(c.get(a.Ref), label))
				w := replace(c.get(a.Ref), "")
				w.NewHash = first
				c.apply(w)
			}
			want := []passwd.Hash{hash("third"), first, hash("second"), first}
			if got := c.history(a.Ref, 100); !slices.Equal(got, want) {
				c.errorf("got %s, want %s", labels(got, want), labels(want, want))
			}
		},
	}}
}

func forgetChecks() []check {
	return []check{{
		name:   "forget/everything",
		guards: "Credentials.Forget, I5",
		rule:   "Forget removes tokens, history and ChangedAt, leaves the host's row, and no stamp of the old epoch fits again.",
		run: func(c *checker) {
			a, _ := c.withHistory(1, 3, 10)
			b := c.changed(2)
			bound, free := c.issued(a.Ref, passwd.PurposeReset, a.Epoch), c.issued(a.Ref, passwd.PurposeCancel, 0)
			others := c.issued(b.Ref, passwd.PurposeReset, 0)
			watch := c.watch([]passwd.Ref{b.Ref}, others)

			c.want("Forget", c.store.Forget(c.ctx, a.Ref), nil)
			if d := c.accountDiff(c.get(a.Ref), a); d != "" {
				c.errorf("the host's row has changed: %s", d)
			}
			if at := c.get(a.Ref).ChangedAt; !at.IsZero() {
				c.errorf("ChangedAt is still %v", at)
			}
			c.inheritsNothing(a, bound, free)
			watch.unchanged("after another account was forgotten")
		},
	}, {
		name:   "forget/need",
		guards: "I5, Credentials.Forget",
		rule:   "While the host's row exists, the need for a change outlives Forget, a suspension above all; the next write goes on from it.",
		run: func(c *checker) {
			for n, reason := range []passwd.Reason{passwd.Compromised, passwd.Temporary} {
				set := must(c.changed(n+1), reason)
				set.MustUntil = t0.Add(time.Hour)
				c.apply(set)
				for range 2 {
					c.want("Forget", c.store.Forget(c.ctx, set.Account), nil)
					c.wantMust(c.get(set.Account), reason, set.MustUntil)
				}
				a := c.get(set.Account)
				if done, err := c.store.Rehash(c.ctx, a.Ref, a.Hash, hash("better")); !done || err != nil {
					c.fatalf("Rehash: got %t and error %v, want true", done, err)
				}
				a = c.get(a.Ref)
				c.wantMust(a, reason, set.MustUntil)
				c.apply(raise(a))
				c.wantMust(c.get(a.Ref), reason, set.MustUntil)
			}
		},
	}, {
		name:   "forget/reused id",
		guards: "Credentials.Forget, I5",
		rule:   "Whoever gets the id of a forgotten account inherits nothing: no token, no history, no epoch.",
		run: func(c *checker) {
			a, _ := c.withHistory(1, 3, 10)
			bound, free := c.issued(a.Ref, passwd.PurposeReset, a.Epoch), c.issued(a.Ref, passwd.PurposeCancel, 0)
			c.want("Forget", c.store.Forget(c.ctx, a.Ref), nil)
			c.seed(c.with(c.account(1), hash("of somebody new")))
			c.inheritsNothing(a, bound, free)
		},
	}, {
		name:   "forget/unknown",
		guards: "I5, Credentials.Forget",
		rule:   "Forgetting an account that is unknown, or of which nothing is known, is not an error; nor is doing it twice.",
		run: func(c *checker) {
			c.want("Forget of an unknown account", c.store.Forget(c.ctx, c.ref(9)), nil)
			a := c.seeded(1)
			for range 2 {
				c.want("Forget", c.store.Forget(c.ctx, a.Ref), nil)
			}
			c.apply(replace(c.get(a.Ref), "new"))
		},
	}, {
		name:   "forget/stale write",
		guards: "I3",
		rule:   "Who read an account before it was forgotten can no longer write to it.",
		run: func(c *checker) {
			a := c.changed(1)
			c.want("Forget", c.store.Forget(c.ctx, a.Ref), nil)
			_, err := c.store.Apply(c.ctx, replace(a, "stale"))
			c.want("Apply of what was read before Forget", err, passwd.ErrConflict)
			if got := c.get(a.Ref).Hash; got != a.Hash {
				c.errorf("the hash has changed")
			}
		},
	}}
}

// inheritsNothing checks that the account has nothing of what a had, now and
// after its next writes.
func (c *checker) inheritsNothing(a passwd.Account, tokens ...passwd.TokenRecord) {
	gone := func(when string) {
		now := c.get(a.Ref)
		if now.Epoch >= a.Epoch-2 && now.Epoch <= a.Epoch+2 {
			c.errorf("%s: epoch is %d, was %d: it does not start anew at random", when, now.Epoch, a.Epoch)
		}
		for _, t := range tokens {
			c.wantLive(when, t, t0, false)
			w := must(now, passwd.NoReason)
			w.Consume = &t.TokenRef
			_, err := c.store.Apply(c.ctx, w)
			c.want(when+": Apply with a forgotten token", err, passwd.ErrTokenInvalid)
		}
	}
	gone("after Forget")
	if h := c.history(a.Ref, 100); len(h) > 0 {
		c.errorf("after Forget: history has %d entries", len(h))
	}
	c.apply(must(c.get(a.Ref), passwd.NoReason))
	gone("after the next write")
	now := c.get(a.Ref)
	c.apply(replace(now, "next"))
	gone("after the next password")
	if h := c.history(a.Ref, 100); !slices.Equal(h, []passwd.Hash{now.Hash}) {
		c.errorf("after the next password: history has %d entries, want the one replaced", len(h))
	}
}

// withHistory returns the nth account after a number of changes, each of which keeps
// a number of hashes, and all replaced ones, newest first.
func (c *checker) withHistory(n, changes, keep int) (passwd.Account, []passwd.Hash) {
	a := c.seeded(n)
	var replaced []passwd.Hash
	for i := range changes {
		replaced = append([]passwd.Hash{a.Hash}, replaced...)
		w := replace(a, fmt.Sprintf("change %d", i))
		w.History = keep
		c.apply(w)
		a = c.get(a.Ref)
	}
	return a, replaced
}

// labels describes hashes by their positions among all.
func labels(hashes, all []passwd.Hash) string {
	var positions []int
	for _, h := range hashes {
		positions = append(positions, slices.Index(all, h))
	}
	return fmt.Sprintf("%d of the replaced, newest 0", positions)
}
