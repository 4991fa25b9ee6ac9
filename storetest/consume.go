package storetest

import (
	"time"

	"github.com/passwd-go/passwd"
)

func consumeChecks() []check {
	return []check{{
		name:   "consume/spends",
		guards: "I4, I2, T4",
		rule:   "A write spends the token it consumes, in the same step; nobody spends it again.",
		run: func(c *checker) {
			for n, epoch := range []func(passwd.Account) int64{
				func(passwd.Account) int64 { return 0 },
				func(a passwd.Account) int64 { return a.Epoch },
			} {
				a := c.pinned(n + 1)
				token := c.issued(a.Ref, passwd.PurposeReset, epoch(a))
				w := replace(a, "reset")
				w.Consume, w.Now = &token.TokenRef, t0.Add(time.Minute)
				c.apply(w)
				if got := c.get(a.Ref).Hash; got != w.NewHash {
					c.errorf("the new hash is not stored")
				}
				c.spent(token, w.Now)
				again := replace(c.get(a.Ref), "again")
				again.Consume = &token.TokenRef
				_, err := c.store.Apply(c.ctx, again)
				c.want("Apply with a spent token", err, passwd.ErrTokenInvalid)
			}
		},
	}, {
		name:   "consume/without a new hash",
		guards: "I4",
		rule:   "A write that only raises, or only sets the need for a change, spends its token all the same.",
		run: func(c *checker) {
			a := c.pinned(1)
			first, second := c.issued(a.Ref, passwd.PurposeCancel, 0), c.issued(a.Ref, passwd.PurposeCancel, 0)
			w := must(a, passwd.Compromised)
			w.Consume = &first.TokenRef
			c.apply(w)
			c.spent(first, t0)
			w = raise(c.get(a.Ref))
			w.Consume = &second.TokenRef
			c.apply(w)
			c.spent(second, t0)
		},
	}, {
		name:   "consume/refused",
		guards: "I2, I4, T4, T6",
		rule:   "A write whose token is unknown, expired, spent, of another purpose, account or epoch is ErrTokenInvalid and changes nothing.",
		run: func(c *checker) {
			stranger := c.pinned(2)
			for n, bad := range []struct {
				name  string
				token func(a passwd.Account) passwd.TokenRecord
			}{
				{"unknown", func(a passwd.Account) passwd.TokenRecord { return c.token(a.Ref, passwd.PurposeReset, 0) }},
				{"expired", func(a passwd.Account) passwd.TokenRecord {
					t := c.token(a.Ref, passwd.PurposeReset, 0)
					t.IssuedAt, t.ExpiresAt = t0.Add(-time.Hour), t0
					c.issue(t)
					return t
				}},
				{"spent", func(a passwd.Account) passwd.TokenRecord {
					t := c.issued(a.Ref, passwd.PurposeReset, 0)
					w := must(c.get(a.Ref), passwd.NoReason)
					w.Consume = &t.TokenRef
					c.apply(w)
					return t
				}},
				{"voided", func(a passwd.Account) passwd.TokenRecord {
					t := c.issued(a.Ref, passwd.PurposeCancel, 0)
					w := must(c.get(a.Ref), passwd.NoReason)
					w.VoidAll = true
					c.apply(w)
					return t
				}},
				{"of another purpose", func(a passwd.Account) passwd.TokenRecord {
					t := c.issued(a.Ref, passwd.PurposeTicket, 0)
					t.Purpose = passwd.PurposeReset
					return t
				}},
				{"of another account", func(a passwd.Account) passwd.TokenRecord { return c.issued(stranger.Ref, passwd.PurposeReset, 0) }},
				{"of an earlier epoch", func(a passwd.Account) passwd.TokenRecord {
					t := c.issued(a.Ref, passwd.PurposeReset, a.Epoch)
					c.apply(raise(a))
					return t
				}},
			} {
				a := c.changed(n + 3)
				token := bad.token(a)
				c.refused("Apply with a token that is "+bad.name, c.get(a.Ref), token, passwd.ErrTokenInvalid)
			}
		},
	}, {
		name:   "consume/conflict",
		guards: "I2, I4",
		rule:   "A write that fails by conflict leaves its token live, and whoever reads again redeems it.",
		run: func(c *checker) {
			read := c.pinned(1)
			token := c.issued(read.Ref, passwd.PurposeReset, 0)
			c.apply(raise(read))
			w := replace(read, "reset")
			w.Consume = &token.TokenRef
			_, err := c.store.Apply(c.ctx, w)
			c.want("Apply of what was read before", err, passwd.ErrConflict)
			c.wantLive("after a conflict", token, t0, true)
			w = replace(c.get(read.Ref), "reset")
			w.Consume = &token.TokenRef
			c.apply(w)
		},
	}}
}

func writeTokenChecks() []check {
	return []check{{
		name:   "epoch/tokens die with it",
		guards: "I5, T7",
		rule:   "A new hash or Raise ends every token of an earlier epoch; those of epoch 0 and other accounts' live on.",
		run: func(c *checker) {
			for n, write := range []func(passwd.Account) passwd.Write{
				raise,
				func(a passwd.Account) passwd.Write { return replace(a, "new") },
			} {
				a, b := c.pinned(2*n+1), c.pinned(2*n+2)
				var bound []passwd.TokenRecord
				for _, p := range []passwd.Purpose{passwd.PurposeReset, passwd.PurposeReset, passwd.PurposeCode, passwd.PurposeTicket} {
					bound = append(bound, c.issued(a.Ref, p, a.Epoch))
				}
				free, others := c.issued(a.Ref, passwd.PurposeCancel, 0), c.issued(b.Ref, passwd.PurposeReset, b.Epoch)
				c.apply(write(a))
				for _, t := range bound {
					c.wantLive("a token of the earlier epoch", t, t0, false)
					_, err := c.store.Attempt(c.ctx, t.TokenRef, 5, t0)
					c.want("Attempt at a token of the earlier epoch", err, passwd.ErrTokenInvalid)
				}
				c.wantLive("a token of epoch 0", free, t0, true)
				c.wantLive("another account's token", others, t0, true)
			}
		},
	}, {
		name:   "epoch/tokens outlive other writes",
		guards: "I5",
		rule:   "A write that does not raise the epoch, and a rehash, end no token.",
		run: func(c *checker) {
			a := c.pinned(1)
			bound, free := c.issued(a.Ref, passwd.PurposeReset, a.Epoch), c.issued(a.Ref, passwd.PurposeCancel, 0)
			watch := c.watch(nil, bound, free)
			c.apply(must(a, passwd.Expired))
			if done, err := c.store.Rehash(c.ctx, a.Ref, a.Hash, hash("better")); !done || err != nil {
				c.errorf("Rehash: got %t and error %v", done, err)
			}
			watch.unchanged("after writes that do not raise the epoch")
		},
	}, {
		name:   "epoch/tokens before it",
		guards: "I5",
		rule:   "The first epoch of an account ends no token of epoch 0.",
		run: func(c *checker) {
			a := c.seeded(1)
			free := c.issued(a.Ref, passwd.PurposeCancel, 0)
			c.apply(replace(a, "new"))
			c.wantLive("after the first write", free, t0, true)
		},
	}, {
		name:   "write/issue",
		guards: "Write.Issue, I2",
		rule:   "A token issued in a write is stored as given; its epoch stays 0, or becomes that of the account after the write.",
		run: func(c *checker) {
			for n, write := range []func(passwd.Account) passwd.Write{
				func(a passwd.Account) passwd.Write { return replace(a, "new") },
				raise,
				func(a passwd.Account) passwd.Write { return must(a, passwd.Temporary) },
			} {
				a := c.seeded(n + 1) // the first of these writes creates the epoch
				for range 2 {
					for _, epoch := range []int64{0, 1} {
						t := c.token(a.Ref, passwd.PurposeCancel, epoch)
						t.Verifier = c.digest()
						w := write(c.get(a.Ref))
						w.Issue = &t
						after := c.apply(w)
						if t.Epoch != 0 {
							t.Epoch = after
						}
						got, err := c.store.Peek(c.ctx, t.TokenRef, t0)
						c.want("Peek at the token issued", err, nil)
						if d := tokenDiff(got, t); d != "" {
							c.errorf("write %d: %s", n, d)
						}
					}
				}
			}
		},
	}, {
		name:   "write/void all",
		guards: "Write.VoidAll, I5",
		rule:   "VoidAll spends the account's tokens of epoch 0 and no others, before it stores the one that it issues.",
		run: func(c *checker) {
			a, b := c.pinned(1), c.pinned(2)
			old, older := c.issued(a.Ref, passwd.PurposeCancel, 0), c.issued(a.Ref, passwd.PurposeReset, 0)
			others := c.issued(b.Ref, passwd.PurposeCancel, 0)
			next := c.token(a.Ref, passwd.PurposeCancel, 0)
			w := replace(a, "reset")
			w.VoidAll, w.Issue, w.Now = true, &next, t0.Add(time.Second)
			c.apply(w)
			c.spent(old, w.Now)
			c.spent(older, w.Now)
			c.wantLive("the token issued in the same write", next, t0, true)
			c.wantLive("another account's token", others, t0, true)

			a = c.get(a.Ref)
			bound := c.issued(a.Ref, passwd.PurposeReset, a.Epoch)
			w = must(a, passwd.NoReason)
			w.VoidAll = true
			c.apply(w)
			c.wantLive("a token of the current epoch", bound, t0, true)
			c.spent(next, t0)
		},
	}, {
		name:   "write/void all keeps time",
		guards: "I4, Write.VoidAll",
		rule:   "VoidAll leaves a token that was spent before as it was.",
		run: func(c *checker) {
			a := c.pinned(1)
			token := c.issued(a.Ref, passwd.PurposeCancel, 0)
			w := must(a, passwd.NoReason)
			w.Consume = &token.TokenRef
			c.apply(w)
			w = must(a, passwd.NoReason)
			w.VoidAll, w.Now = true, t0.Add(time.Minute)
			c.apply(w)
			c.spent(token, t0)
		},
	}}
}

// spent checks that a token is no longer live and says since when.
func (c *checker) spent(t passwd.TokenRecord, at time.Time) {
	got, err := c.store.Peek(c.ctx, t.TokenRef, at)
	c.want("Peek at a spent token", err, passwd.ErrTokenInvalid)
	t.SpentAt = at
	if d := tokenDiff(got, t); d != "" {
		c.errorf("the record of a spent token: %s", d)
	}
}
