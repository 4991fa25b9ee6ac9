package storetest

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/passwd-go/passwd"
)

func applyChecks() []check {
	return []check{{
		name:   "apply/new hash",
		guards: "I2, I5",
		rule:   "A new hash is stored with the time of the change, and Apply returns the epoch that Get then shows.",
		run: func(c *checker) {
			w := replace(c.seeded(1), "new")
			w.Now = t0.Add(123 * µs)
			epoch := c.apply(w)
			a := c.get(w.Account)
			if a.Hash != w.NewHash {
				c.errorf("the new hash is not stored")
			}
			if a.Epoch != epoch {
				c.errorf("epoch is %d, and Apply returned %d", a.Epoch, epoch)
			}
			var d diff
			if d.time("ChangedAt", a.ChangedAt, w.Now); len(d) > 0 {
				c.errorf("%s", d)
			}
			if d := c.accountDiff(a, c.with(c.account(1), w.NewHash)); d != "" {
				c.errorf("%s", d)
			}
		},
	}, {
		name:   "apply/first password",
		guards: "I2",
		rule:   `A write that expects the hash "" sets the first password, and leaves no trace of "" in the history.`,
		run: func(c *checker) {
			a := c.account(1)
			a.Hash = ""
			c.seed(a)
			c.apply(replace(c.get(a.Ref), "first"))
			if got := c.get(a.Ref).Hash; got != hash("first") {
				c.errorf("hash is %q", string(got))
			}
			if h := c.history(a.Ref, 10); len(h) != 0 {
				c.errorf("history has %d entries, want none", len(h))
			}
		},
	}, {
		name:   "apply/first epoch",
		guards: "I5",
		rule:   "Any first write creates the epoch: a random number of at most 52 bits, at least 1, another for each account.",
		run: func(c *checker) {
			seen := make(map[int64]bool)
			for n := 1; n <= 8; n++ {
				a := c.seeded(n)
				w := []passwd.Write{must(a, passwd.NoReason), raise(a), replace(a, "new")}[n%3]
				epoch := c.apply(w)
				if epoch < 1 || epoch > 1<<52 {
					c.errorf("epoch %d is not of 1 to 52 bits", epoch)
				}
				if got := c.get(a.Ref).Epoch; got != epoch {
					c.errorf("epoch is %d, and Apply returned %d", got, epoch)
				}
				seen[epoch], seen[epoch-1], seen[epoch+1] = true, true, true
			}
			if len(seen) != 3*8 {
				c.errorf("epochs of 8 accounts are equal or next to each other: they do not start at random")
			}
		},
	}, {
		name:   "apply/epoch raised by one",
		guards: "I5",
		rule:   "A new hash raises the epoch by exactly 1, and so does Raise; the two together do it once.",
		run: func(c *checker) {
			a := c.pinned(1)
			for i, w := range []func(passwd.Account) passwd.Write{
				func(a passwd.Account) passwd.Write { return replace(a, "new") },
				raise,
				func(a passwd.Account) passwd.Write { w := replace(a, "newer"); w.Raise = true; return w },
			} {
				epoch := c.apply(w(a))
				if epoch != a.Epoch+1 {
					c.errorf("write %d: epoch went from %d to %d", i, a.Epoch, epoch)
				}
				if a = c.get(a.Ref); a.Epoch != epoch {
					c.errorf("write %d: epoch is %d, and Apply returned %d", i, a.Epoch, epoch)
				}
			}
		},
	}, {
		name:   "apply/same hash",
		guards: "I5, Write.NewHash",
		rule:   "A new hash that equals the stored one is a write like any other: it raises the epoch, dates the change and enters the history.",
		run: func(c *checker) {
			a := c.pinned(1)
			token := c.issued(a.Ref, passwd.PurposeReset, a.Epoch)
			w := replace(a, "")
			w.NewHash, w.Now = a.Hash, t0.Add(time.Minute)
			if epoch := c.apply(w); epoch != a.Epoch+1 {
				c.errorf("epoch went from %d to %d", a.Epoch, epoch)
			}
			now := c.get(a.Ref)
			if now.Epoch != a.Epoch+1 || now.Hash != a.Hash {
				c.errorf("epoch is %d, was %d, or the hash has changed", now.Epoch, a.Epoch)
			}
			if !now.ChangedAt.Equal(w.Now) {
				c.errorf("ChangedAt is %v, want %v", now.ChangedAt, w.Now)
			}
			c.wantLive("a token of the earlier epoch", token, t0, false)
			if h := c.history(a.Ref, 10); !slices.Equal(h, []passwd.Hash{a.Hash}) {
				c.errorf("history has %d entries, want the hash replaced by itself", len(h))
			}
		},
	}, {
		name:   "apply/raise keeps the password",
		guards: "I5",
		rule:   "Raise without a new hash changes the epoch and nothing of the password, its time or its history.",
		run: func(c *checker) {
			a := c.changed(1)
			w := raise(a)
			w.Now, w.History = t0.Add(time.Hour), 0
			c.apply(w)
			c.keptPassword(a)
		},
	}, {
		name:   "apply/no raise",
		guards: "I5",
		rule:   "A write without NewHash and Raise keeps the epoch, the password, its time and its history.",
		run: func(c *checker) {
			a := c.changed(1)
			w := must(a, passwd.Administrator)
			w.Now, w.History = t0.Add(time.Hour), 0
			epoch := c.apply(w)
			if got := c.get(a.Ref).Epoch; epoch != a.Epoch || got != a.Epoch {
				c.errorf("epoch is %d and Apply returned %d, want %d", got, epoch, a.Epoch)
			}
			c.keptPassword(a)
		},
	}, {
		name:   "apply/must",
		guards: "Write.Must, I1",
		rule:   "Must and MustUntil are written by every write, so that one which does not set them clears them.",
		run: func(c *checker) {
			a := c.seeded(1)
			until := t0.Add(time.Hour + 7*µs)
			for _, reason := range []passwd.Reason{
				passwd.Temporary, passwd.Expired, passwd.Administrator, passwd.Outdated, passwd.Compromised,
			} {
				for kind, clear := range map[string]func(passwd.Account) passwd.Write{
					"a new hash": func(a passwd.Account) passwd.Write { return replace(a, string(reason)+"clear") },
					"Raise": func(a passwd.Account) passwd.Write {
						w := raise(a)
						w.Must, w.MustUntil = "", time.Time{}
						return w
					},
					"nothing": func(a passwd.Account) passwd.Write { return must(a, passwd.NoReason) },
				} {
					set := must(a, reason)
					set.MustUntil = until
					c.apply(set)
					a = c.get(a.Ref)
					c.wantMust(a, reason, until)
					c.apply(clear(a))
					a = c.get(a.Ref)
					c.wantMust(a, passwd.NoReason, time.Time{})
					if len(c.failures) > 0 {
						c.fatalf("so it is after %q is cleared by a write of %s", reason, kind)
					}
				}
			}
			// A temporary password is set and must be changed, in one write.
			w := replace(a, "temporary")
			w.Must, w.MustUntil = passwd.Temporary, until
			c.apply(w)
			c.wantMust(c.get(a.Ref), passwd.Temporary, until)
		},
	}, {
		name:   "apply/one account",
		guards: "I2",
		rule:   "A write to one account touches no other.",
		run: func(c *checker) {
			a, b := c.pinned(1), c.changed(2)
			bound, free := c.issued(b.Ref, passwd.PurposeReset, b.Epoch), c.issued(b.Ref, passwd.PurposeCancel, 0)
			watch := c.watch([]passwd.Ref{b.Ref}, bound, free)
			w := replace(a, "new")
			w.VoidAll, w.History, w.Must = true, 0, passwd.Administrator
			c.apply(w)
			watch.unchanged("after a write to another account")
		},
	}, {
		name:   "rehash/replaces",
		guards: "I3, I5",
		rule:   "Rehash replaces the hash it names and reports true; epoch, time, need, history and tokens stay.",
		run: func(c *checker) {
			a := c.changed(1)
			set := must(a, passwd.Outdated)
			set.MustUntil = t0.Add(time.Hour)
			c.apply(set)
			a = c.get(a.Ref)
			token := c.issued(a.Ref, passwd.PurposeReset, a.Epoch)
			history := c.history(a.Ref, 10)

			done, err := c.store.Rehash(c.ctx, a.Ref, a.Hash, hash("better"))
			if !done || err != nil {
				c.fatalf("Rehash: got %t and error %v, want true", done, err)
			}
			got := c.get(a.Ref)
			if got.Hash != hash("better") {
				c.errorf("the better hash is not stored")
			}
			if d := stateDiff(got, a); d != "" {
				c.errorf("%s", d)
			}
			if h := c.history(a.Ref, 10); len(h) != len(history) {
				c.errorf("history has %d entries, had %d", len(h), len(history))
			}
			c.wantLive("after a rehash", token, t0, true)
		},
	}, {
		name:   "rehash/refused",
		guards: "I3",
		rule:   "Rehash of a hash that the account no longer has reports false and changes nothing.",
		run: func(c *checker) {
			a := c.changed(1)
			watch := c.watch([]passwd.Ref{a.Ref})
			for _, old := range []passwd.Hash{hash("of another"), "", c.account(1).Hash, swapCase(a.Hash), a.Hash + " "} {
				done, err := c.store.Rehash(c.ctx, a.Ref, old, hash("better"))
				if done || err != nil {
					c.errorf("Rehash: got %t and error %v, want false", done, err)
				}
			}
			watch.unchanged("after a refused rehash")
		},
	}}
}

func conflictChecks() []check {
	return []check{{
		name:   "conflict/hash",
		guards: "I3",
		rule:   "A write that expects another hash is ErrConflict and changes nothing.",
		run: func(c *checker) {
			a := c.changed(1)
			token := c.issued(a.Ref, passwd.PurposeReset, a.Epoch)
			for _, expected := range []passwd.Hash{"", hash("of another"), c.account(1).Hash, swapCase(a.Hash), a.Hash + " ", a.Hash[:40]} {
				stale := a
				stale.Hash = expected
				c.refused("Apply that expects another hash", stale, token, passwd.ErrConflict)
			}
		},
	}, {
		name:   "conflict/no password",
		guards: "I3",
		rule:   "A write that expects a hash is ErrConflict on an account without a password.",
		run: func(c *checker) {
			a := c.account(1)
			a.Hash = ""
			c.seed(a)
			c.apply(must(c.get(a.Ref), passwd.NoReason))
			a = c.get(a.Ref)
			token := c.issued(a.Ref, passwd.PurposeReset, a.Epoch)
			a.Hash = hash("of another")
			c.refused("Apply that expects a hash where none is", a, token, passwd.ErrConflict)
		},
	}, {
		name:   "conflict/epoch",
		guards: "I3, I5",
		rule:   "A write that expects another epoch, 0 included, is ErrConflict and changes nothing.",
		run: func(c *checker) {
			a := c.changed(1)
			token := c.issued(a.Ref, passwd.PurposeReset, a.Epoch)
			for _, expected := range []int64{0, a.Epoch - 1, a.Epoch + 1, -a.Epoch} {
				stale := a
				stale.Epoch = expected
				c.refused("Apply that expects another epoch", stale, token, passwd.ErrConflict)
			}
		},
	}, {
		name:   "conflict/no epoch yet",
		guards: "I3, I5",
		rule:   "A write that expects an epoch is ErrConflict while there is none, and creates none.",
		run: func(c *checker) {
			a := c.seeded(1)
			token := c.issued(a.Ref, passwd.PurposeCancel, 0)
			a.Epoch = 1
			c.refused("Apply that expects an epoch before there is one", a, token, passwd.ErrConflict)
		},
	}, {
		name:   "conflict/need",
		guards: "I3, Write.IfMust",
		rule:   "A write that expects another need for a change, none included, is ErrConflict and changes nothing.",
		run: func(c *checker) {
			a := c.changed(1)
			for _, stored := range []passwd.Reason{passwd.Administrator, passwd.Compromised, passwd.NoReason} {
				set := must(a, stored)
				set.MustUntil = t0.Add(time.Hour)
				c.apply(set)
				a = c.get(a.Ref)
				token := c.issued(a.Ref, passwd.PurposeReset, a.Epoch)
				for _, expected := range []passwd.Reason{passwd.NoReason, passwd.Administrator, passwd.Compromised, passwd.Expired} {
					if expected == stored {
						continue
					}
					stale := a
					stale.Must = expected
					c.refused("Apply that expects another need", stale, token, passwd.ErrConflict)
				}
			}
			a = c.seeded(2)
			a.Must = passwd.Expired
			token := c.issued(a.Ref, passwd.PurposeCancel, 0)
			c.refused("Apply that expects a need before anything was written", a, token, passwd.ErrConflict)
		},
	}, {
		name:   "conflict/host write",
		guards: "I3",
		rule:   "The host's own write of the hash is never overwritten by a write that did not read it.",
		run: func(c *checker) {
			read := c.pinned(1)
			own := c.with(c.account(1), hash("the host's own"))
			c.seed(own)
			token := c.issued(read.Ref, passwd.PurposeReset, c.get(read.Ref).Epoch)
			c.refused("Apply after the host's write", read, token, passwd.ErrConflict)
			if got := c.get(read.Ref).Hash; got != own.Hash {
				c.errorf("the host's hash is gone")
			}
			c.apply(replace(c.get(read.Ref), "read again"))
		},
	}}
}

// refused applies writes of every sort, as made by one who read a, and checks
// that they fail with the error and leave nothing: not in the account, not in its
// history, its tokens or the queue.
func (c *checker) refused(what string, read passwd.Account, token passwd.TokenRecord, target error) {
	other := c.token(read.Ref, passwd.PurposeReset, 1)
	free := c.token(read.Ref, passwd.PurposeCancel, 0)
	watch := c.watch([]passwd.Ref{read.Ref}, token, other, free)
	var jobs []passwd.Job
	if !c.Lacks.Queue {
		jobs = []passwd.Job{c.job("", t0), c.job("key", t0)}
	}
	for _, w := range []passwd.Write{
		{NewHash: hash("refused"), History: 10, Must: passwd.Temporary, MustUntil: t0.Add(time.Hour), VoidAll: true, Consume: &token.TokenRef, Issue: &free, Jobs: jobs},
		{NewHash: hash("refused"), History: 0, Issue: &other, Jobs: jobs, Consume: &token.TokenRef},
		{Must: passwd.Compromised, Raise: true, VoidAll: true, Consume: &token.TokenRef},
		{Must: passwd.Administrator, Jobs: jobs, Consume: &token.TokenRef},
	} {
		w.Account, w.IfHash, w.IfEpoch, w.IfMust, w.Now = read.Ref, read.Hash, read.Epoch, read.Must, t0
		_, err := c.store.Apply(c.ctx, w)
		c.want(what, err, target)
		if err == nil {
			panic(aborted{}) // the rest would only repeat it
		}
	}
	watch.unchanged(what)
	if !c.Lacks.Queue {
		if waiting := c.drain(t0); len(waiting) > 0 {
			c.errorf("%s: %d of its jobs are in the queue", what, len(waiting))
		}
	}
}

// changed is an account whose password has been changed once, so that it has an
// epoch, a history and a time of change.
func (c *checker) changed(n int) passwd.Account {
	a := c.seeded(n)
	c.apply(replace(a, "changed"))
	return c.get(a.Ref)
}

func (c *checker) with(a passwd.Account, h passwd.Hash) passwd.Account {
	a.Hash = h
	return a
}

// keptPassword compares what is about the password with an earlier reading.
func (c *checker) keptPassword(a passwd.Account) {
	got := c.get(a.Ref)
	if got.Hash != a.Hash {
		c.errorf("the hash has changed")
	}
	if !got.ChangedAt.Equal(a.ChangedAt) {
		c.errorf("ChangedAt is %v, was %v", got.ChangedAt, a.ChangedAt)
	}
	if h := c.history(a.Ref, 10); len(h) != 1 {
		c.errorf("history has %d entries, had 1", len(h))
	}
}

func (c *checker) wantMust(a passwd.Account, reason passwd.Reason, until time.Time) {
	var d diff
	d.field("Must", a.Must, reason)
	d.time("MustUntil", a.MustUntil, until)
	if len(d) > 0 {
		c.errorf("%s", d)
	}
}

// swapCase returns what a collation that ignores case takes for the same.
func swapCase(h passwd.Hash) passwd.Hash {
	return passwd.Hash(strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, string(h)))
}
