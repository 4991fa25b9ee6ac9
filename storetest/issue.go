package storetest

import (
	"time"

	"github.com/passwd-go/passwd"
)

func issueChecks() []check {
	return []check{{
		name:   "issue/round trip",
		guards: "I4, Tokens.Issue",
		rule:   "A token is stored as given, its times in UTC and to the microsecond.",
		run: func(c *checker) {
			a := c.pinned(1)
			for _, p := range []passwd.Purpose{passwd.PurposeReset, passwd.PurposeCode, passwd.PurposeTicket, passwd.PurposeCancel} {
				for _, epoch := range []int64{0, a.Epoch} {
					t := c.token(a.Ref, p, epoch)
					t.IssuedAt, t.ExpiresAt = t0.Add(time.Duration(c.serial)*µs), t0.Add(72*time.Hour+999_999*µs)
					t.Verifier = c.digest()
					c.issue(t)
					got, err := c.store.Peek(c.ctx, t.TokenRef, t0)
					c.want("Peek", err, nil)
					if d := tokenDiff(got, t); d != "" {
						c.errorf("%s: %s", p, d)
					}
				}
			}
			bare := c.token(a.Ref, passwd.PurposeReset, 0)
			bare.Address = passwd.Digest{}
			c.issue(bare)
			got, err := c.store.Peek(c.ctx, bare.TokenRef, t0)
			c.want("Peek", err, nil)
			if d := tokenDiff(got, bare); d != "" {
				c.errorf("without digests of address and code: %s", d)
			}
		},
	}, {
		name:   "issue/epoch",
		guards: "I5",
		rule:   "A token bound to an epoch that is not the account's is ErrConflict and is not stored.",
		run: func(c *checker) {
			pinned, fresh := c.pinned(1), c.seeded(2)
			for _, bad := range []passwd.TokenRecord{
				c.token(pinned.Ref, passwd.PurposeReset, pinned.Epoch-1),
				c.token(pinned.Ref, passwd.PurposeReset, pinned.Epoch+1),
				c.token(fresh.Ref, passwd.PurposeReset, 1),
			} {
				other := c.issued(bad.Account, passwd.PurposeCode, 0)
				err := c.store.Issue(c.ctx, bad, 3, &other.TokenRef)
				c.want("Issue at another epoch", err, passwd.ErrConflict)
				c.notStored(bad)
				c.wantLive("what it would have consumed", other, t0, true)
			}
			if got := c.get(fresh.Ref).Epoch; got != 0 {
				c.errorf("an issue that was refused has created an epoch")
			}
		},
	}, {
		name:   "issue/again",
		guards: "I4, Tokens.Issue",
		rule:   "Issuing a record again changes nothing and succeeds while the first is live, whatever the quota.",
		run: func(c *checker) {
			a := c.pinned(1)
			t := c.issued(a.Ref, passwd.PurposeCode, a.Epoch)
			if _, err := c.store.Attempt(c.ctx, t.TokenRef, 5, t0); err != nil {
				c.fatalf("Attempt: %v", err)
			}
			watch := c.watch([]passwd.Ref{a.Ref}, t)
			later := t
			later.IssuedAt, later.ExpiresAt = t0.Add(time.Minute), t0.Add(2*time.Hour)
			for _, again := range []passwd.TokenRecord{t, later} {
				c.want("Issue again", c.store.Issue(c.ctx, again, 0, nil), nil)
				c.want("Issue again, with the quota reached", c.store.Issue(c.ctx, again, 1, nil), nil)
			}
			watch.unchanged("after a token was issued again")
		},
	}, {
		name:   "issue/again elsewhere",
		guards: "I4, Tokens.Issue",
		rule:   "Issuing a record again for another address fails, and the first stays bound to the address that it was sent to.",
		run: func(c *checker) {
			a := c.pinned(1)
			t := c.issued(a.Ref, passwd.PurposeReset, a.Epoch)
			watch := c.watch([]passwd.Ref{a.Ref}, t)
			moved := t
			for _, moved.Address = range []passwd.Digest{c.digest(), {}} {
				c.want("Issue again, for another address", c.store.Issue(c.ctx, moved, 3, nil), passwd.ErrTokenInvalid)
			}
			watch.unchanged("after a token was issued again for another address")
		},
	}, {
		name:   "issue/again too late",
		guards: "I4, I5",
		rule:   "Issuing a record again once it is spent, expired or of an earlier epoch fails, and does not revive it.",
		run: func(c *checker) {
			a := c.pinned(1)
			spent := c.issued(a.Ref, passwd.PurposeReset, 0)
			w := must(a, passwd.NoReason)
			w.Consume = &spent.TokenRef
			c.apply(w)
			c.want("Issue of a spent record", c.store.Issue(c.ctx, spent, 0, nil), passwd.ErrTokenInvalid)
			c.wantLive("a spent token issued again", spent, t0, false)

			expired := c.issued(a.Ref, passwd.PurposeReset, 0)
			again := expired
			again.IssuedAt, again.ExpiresAt = expired.ExpiresAt, expired.ExpiresAt.Add(time.Hour)
			c.want("Issue of an expired record", c.store.Issue(c.ctx, again, 0, nil), passwd.ErrTokenInvalid)
			c.wantLive("an expired token issued again", expired, again.IssuedAt, false)

			bound := c.issued(a.Ref, passwd.PurposeReset, a.Epoch)
			c.apply(raise(a))
			if err := c.store.Issue(c.ctx, bound, 0, nil); err == nil {
				c.errorf("Issue of a record of an earlier epoch succeeded")
			}
			c.wantLive("a token of an earlier epoch issued again", bound, t0, false)
			bound.Epoch = c.get(a.Ref).Epoch
			c.want("Issue of such a record, bound anew", c.store.Issue(c.ctx, bound, 0, nil), passwd.ErrTokenInvalid)
			c.wantLive("a token of an earlier epoch bound anew", bound, t0, false)
		},
	}, {
		name:   "issue/taken",
		guards: "I4, I11, Tokens.Issue",
		rule:   "A token whose purpose and digest another account's has is ErrTokenInvalid, in an issue and in a write, and nothing changes.",
		run: func(c *checker) {
			a, b := c.pinned(1), c.pinned(2)
			there := c.issued(b.Ref, passwd.PurposeReset, b.Epoch)
			code, own := c.issued(a.Ref, passwd.PurposeCode, 0), c.issued(a.Ref, passwd.PurposeReset, 0)
			watch := c.watch([]passwd.Ref{a.Ref, b.Ref}, there, code, own)
			taken := c.token(a.Ref, passwd.PurposeReset, a.Epoch)
			taken.TokenRef = there.TokenRef
			c.want("Issue of a taken token", c.store.Issue(c.ctx, taken, 1, &code.TokenRef), passwd.ErrTokenInvalid)
			for _, issue := range []passwd.TokenRecord{taken, own} { // in a write, not even the account's own
				w := replace(a, "refused")
				w.Consume, w.Issue = &code.TokenRef, &issue
				_, err := c.store.Apply(c.ctx, w)
				c.want("Apply that issues a taken token", err, passwd.ErrTokenInvalid)
			}
			strange := replace(a, "refused")
			others := c.token(b.Ref, passwd.PurposeCancel, 0)
			strange.Issue = &others
			if _, err := c.store.Apply(c.ctx, strange); err == nil {
				c.errorf("a write to one account issues another one's token")
			}
			c.notStored(others)
			watch.unchanged("after issues of taken tokens")
		},
	}, {
		name:   "issue/consume",
		guards: "I4",
		rule:   "Issue spends the token it consumes in the same step, and a retry of the same call succeeds.",
		run: func(c *checker) {
			a := c.pinned(1)
			code := c.issued(a.Ref, passwd.PurposeCode, a.Epoch)
			reset := c.token(a.Ref, passwd.PurposeReset, a.Epoch)
			reset.IssuedAt = t0.Add(time.Minute)
			for _, what := range []string{"Issue that consumes", "the same Issue again"} {
				c.want(what, c.store.Issue(c.ctx, reset, 3, &code.TokenRef), nil)
				c.spent(code, reset.IssuedAt)
				c.wantLive(what, reset, t0, true)
			}
			second := c.token(a.Ref, passwd.PurposeReset, a.Epoch)
			c.want("Issue that consumes a spent token", c.store.Issue(c.ctx, second, 3, &code.TokenRef), passwd.ErrTokenInvalid)
			c.notStored(second)
		},
	}, {
		name:   "issue/consume refused",
		guards: "I2, I4, T6",
		rule:   "Issue is ErrTokenInvalid and stores nothing unless the token to consume is live and the same account's.",
		run: func(c *checker) {
			a, b := c.pinned(1), c.pinned(2)
			expired := c.token(a.Ref, passwd.PurposeCode, 0)
			expired.IssuedAt, expired.ExpiresAt = t0.Add(-time.Hour), t0
			earlier := c.issued(b.Ref, passwd.PurposeCode, b.Epoch)
			c.apply(raise(b))
			b = c.get(b.Ref)
			c.issue(expired)
			others := c.issued(a.Ref, passwd.PurposeCode, 0)
			ticket := c.issued(a.Ref, passwd.PurposeTicket, 0)
			confused := ticket.TokenRef
			confused.Purpose = passwd.PurposeCode
			watch := c.watch([]passwd.Ref{a.Ref, b.Ref}, expired, earlier, others, ticket)
			for what, bad := range map[string]struct {
				account passwd.Account
				consume passwd.TokenRef
			}{
				"unknown":             {a, c.token(a.Ref, passwd.PurposeCode, 0).TokenRef},
				"expired":             {a, expired.TokenRef},
				"another account's":   {b, others.TokenRef},
				"of another purpose":  {a, confused},
				"of an earlier epoch": {b, earlier.TokenRef},
			} {
				t := c.token(bad.account.Ref, passwd.PurposeReset, bad.account.Epoch)
				err := c.store.Issue(c.ctx, t, 3, &bad.consume)
				c.want("Issue that consumes a token which is "+what, err, passwd.ErrTokenInvalid)
				c.notStored(t)
			}
			watch.unchanged("after refused issues")
		},
	}}
}

func quotaChecks() []check {
	return []check{{
		name:   "quota/exact",
		guards: "I8, R3",
		rule:   "With maxLive live tokens of the account, purpose and requester another one ends the oldest of these in the same step.",
		run: func(c *checker) {
			a := c.pinned(1)
			var all []passwd.TokenRecord
			for i := range 3 {
				t := c.token(a.Ref, passwd.PurposeReset, a.Epoch*int64(i%2))
				t.IssuedAt = t0.Add(time.Duration(i) * time.Second)
				c.want("Issue below the quota", c.store.Issue(c.ctx, t, 3, nil), nil)
				all = append(all, t)
			}
			next := c.token(a.Ref, passwd.PurposeReset, 0)
			next.IssuedAt = t0.Add(time.Minute)
			c.want("Issue over the quota", c.store.Issue(c.ctx, next, 3, nil), nil)
			c.spent(all[0], next.IssuedAt)
			for _, t := range append(all[1:], next) {
				c.wantLive("what is within the quota", t, next.IssuedAt, true)
			}
			code := c.issued(a.Ref, passwd.PurposeCode, 0)
			late := c.token(a.Ref, passwd.PurposeReset, 0) // asked for first, delivered last
			late.IssuedAt = t0.Add(time.Millisecond)
			c.want("Issue of what would be the oldest", c.store.Issue(c.ctx, late, 3, &code.TokenRef), passwd.ErrTooManyTokens)
			c.notStored(late)
			c.wantLive("what it would have consumed", code, t0, true)
			c.want("Issue below a larger quota", c.store.Issue(c.ctx, late, 4, nil), nil)
			c.want("Issue without a quota", c.store.Issue(c.ctx, c.token(a.Ref, passwd.PurposeReset, 0), 0, nil), nil)
			c.want("Issue to one", c.store.Issue(c.ctx, func() passwd.TokenRecord {
				t := c.token(a.Ref, passwd.PurposeReset, 0)
				t.IssuedAt = t0.Add(2 * time.Minute)
				next = t
				return t
			}(), 1, nil), nil)
			for _, t := range append(all, late) {
				c.wantLive("what came before the only one", t, next.IssuedAt, false)
			}
		},
	}, {
		name:   "quota/requesters",
		guards: "R3, I11",
		rule:   "Nobody's quota ends a token that another requester has asked for.",
		run: func(c *checker) {
			a := c.pinned(1)
			owners := c.token(a.Ref, passwd.PurposeReset, 0)
			owners.Requester = c.digest()
			c.want("Issue", c.store.Issue(c.ctx, owners, 3, nil), nil)
			flood := c.digest()
			for i := range 10 {
				t := c.token(a.Ref, passwd.PurposeReset, 0)
				t.Requester, t.IssuedAt = flood, t0.Add(time.Duration(i+1)*time.Second)
				c.want("Issue to another requester", c.store.Issue(c.ctx, t, 1, nil), nil)
			}
			c.wantLive("the owner's", owners, t0.Add(time.Minute), true)
			got, err := c.store.Peek(c.ctx, owners.TokenRef, t0)
			c.want("Peek", err, nil)
			if got.Requester != owners.Requester {
				c.errorf("the requester was not kept")
			}
		},
	}, {
		name:   "quota/again",
		guards: "I8, R3, Tokens.Issue",
		rule:   "Neither a token that is issued again nor the one that is consumed takes room in the quota: nobody else's place is given up for them.",
		run: func(c *checker) {
			a := c.pinned(1)
			issue := func(after time.Duration) passwd.TokenRecord {
				t := c.token(a.Ref, passwd.PurposeReset, a.Epoch)
				t.IssuedAt = t0.Add(after)
				c.issue(t)
				return t
			}
			first, second := issue(time.Second), issue(2*time.Second)
			for range 2 {
				c.want("Issue again", c.store.Issue(c.ctx, second, 2, nil), nil)
				c.want("Issue again", c.store.Issue(c.ctx, first, 2, nil), nil)
			}
			c.wantLive("issued again", first, second.IssuedAt, true)
			c.wantLive("issued again", second, second.IssuedAt, true)
			third := c.token(a.Ref, passwd.PurposeReset, a.Epoch)
			third.IssuedAt = t0.Add(3 * time.Second)
			c.want("Issue in the place of what it consumes", c.store.Issue(c.ctx, third, 2, &second.TokenRef), nil)
			c.wantLive("beside what was replaced", first, third.IssuedAt, true)
			c.wantLive("in the place of what it consumed", third, third.IssuedAt, true)
			c.spent(second, third.IssuedAt)
		},
	}, {
		name:   "quota/what counts",
		guards: "I8, R3",
		rule:   "Only live tokens count, each against its own account and purpose.",
		run: func(c *checker) {
			a, b := c.pinned(1), c.pinned(2)
			expired := c.token(a.Ref, passwd.PurposeReset, 0)
			expired.IssuedAt, expired.ExpiresAt = t0.Add(-time.Hour), t0
			c.issue(expired)
			spent := c.issued(a.Ref, passwd.PurposeReset, 0)
			w := must(a, passwd.NoReason)
			w.Consume = &spent.TokenRef
			c.apply(w)
			c.issued(a.Ref, passwd.PurposeReset, a.Epoch)
			c.apply(raise(c.get(a.Ref)))
			c.issued(a.Ref, passwd.PurposeCode, 0)
			c.issued(b.Ref, passwd.PurposeReset, 0)

			first, second := c.token(a.Ref, passwd.PurposeReset, 0), c.token(a.Ref, passwd.PurposeReset, 0)
			c.want("the only live token of its account and purpose", c.store.Issue(c.ctx, first, 1, nil), nil)
			second.IssuedAt = first.IssuedAt.Add(-µs)
			c.want("an older one", c.store.Issue(c.ctx, second, 1, nil), passwd.ErrTooManyTokens)
			code, others := c.token(a.Ref, passwd.PurposeCode, 0), c.token(b.Ref, passwd.PurposeReset, 0)
			code.IssuedAt, others.IssuedAt = first.IssuedAt.Add(-µs), first.IssuedAt.Add(-µs)
			c.want("an older one of another purpose", c.store.Issue(c.ctx, code, 2, nil), nil)
			c.want("an older one of another account", c.store.Issue(c.ctx, others, 2, nil), nil)
		},
	}}
}

// notStored checks that there is no record of a token.
func (c *checker) notStored(t passwd.TokenRecord) {
	got, err := c.store.Peek(c.ctx, t.TokenRef, t0)
	c.want("Peek at a token that was refused", err, passwd.ErrTokenInvalid)
	if got != (passwd.TokenRecord{}) {
		c.errorf("a token that was refused has a record")
	}
}
