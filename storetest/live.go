package storetest

import (
	"fmt"
	"time"

	"github.com/passwd-go/passwd"
)

func liveChecks() []check {
	return []check{{
		name:   "peek/changes nothing",
		guards: "I4",
		rule:   "Peek neither spends nor counts, however often; a token that is not live comes with its record and ErrTokenInvalid.",
		run: func(c *checker) {
			a := c.pinned(1)
			t := c.issued(a.Ref, passwd.PurposeReset, a.Epoch)
			watch := c.watch([]passwd.Ref{a.Ref}, t)
			for range 10 {
				if _, err := c.store.Peek(c.ctx, t.TokenRef, t0); err != nil {
					c.errorf("Peek: %v", err)
				}
				got, err := c.store.Peek(c.ctx, t.TokenRef, t.ExpiresAt)
				c.want("Peek when it has expired", err, passwd.ErrTokenInvalid)
				if d := tokenDiff(got, t); d != "" {
					c.errorf("the record of an expired token: %s", d)
				}
			}
			watch.unchanged("after Peek")
			w := replace(a, "reset")
			w.Consume = &t.TokenRef
			c.apply(w)
		},
	}, {
		name:   "peek/unknown",
		guards: "I4, Tokens.Peek, T6",
		rule:   "A token is known by its purpose and digest together; an unknown one is ErrTokenInvalid with the zero record.",
		run: func(c *checker) {
			a := c.pinned(1)
			t := c.issued(a.Ref, passwd.PurposeReset, 0)
			c.notStored(c.token(a.Ref, passwd.PurposeReset, 0))
			for _, p := range []passwd.Purpose{passwd.PurposeCode, passwd.PurposeTicket, passwd.PurposeCancel, "", "RESET"} {
				confused := t
				confused.Purpose = p
				c.notStored(confused)
				got, err := c.store.Attempt(c.ctx, confused.TokenRef, 5, t0)
				c.want("Attempt at an unknown token", err, passwd.ErrTokenInvalid)
				if got != (passwd.TokenRecord{}) {
					c.errorf("Attempt at an unknown token returned a record")
				}
			}
			c.wantLive("after that", t, t0, true)
		},
	}, {
		name:   "live/expiry",
		guards: "I4, TokenRecord.ExpiresAt, T3",
		rule:   "A token is live a microsecond before ExpiresAt and expired at it, to every call.",
		run: func(c *checker) {
			n := 0
			for _, at := range []struct {
				offset time.Duration
				live   bool
			}{{-µs, true}, {0, false}, {µs, false}, {time.Hour, false}} {
				for what, call := range map[string]func(passwd.Account, passwd.TokenRecord, time.Time) error{
					"Peek": func(_ passwd.Account, t passwd.TokenRecord, now time.Time) error {
						_, err := c.store.Peek(c.ctx, t.TokenRef, now)
						return err
					},
					"Attempt": func(_ passwd.Account, t passwd.TokenRecord, now time.Time) error {
						_, err := c.store.Attempt(c.ctx, t.TokenRef, 5, now)
						return err
					},
					"Apply": func(a passwd.Account, t passwd.TokenRecord, now time.Time) error {
						w := replace(a, "reset")
						w.Consume, w.Now = &t.TokenRef, now
						_, err := c.store.Apply(c.ctx, w)
						return err
					},
					"Issue": func(a passwd.Account, t passwd.TokenRecord, now time.Time) error {
						next := c.token(a.Ref, passwd.PurposeReset, 0)
						next.IssuedAt, next.ExpiresAt = now, now.Add(time.Hour)
						return c.store.Issue(c.ctx, next, 0, &t.TokenRef)
					},
				} {
					n++
					a := c.pinned(n)
					t := c.issued(a.Ref, passwd.PurposeCode, a.Epoch)
					var want error
					if !at.live {
						want = passwd.ErrTokenInvalid
					}
					c.want(fmt.Sprintf("%s %v after ExpiresAt", what, at.offset), call(a, t, t.ExpiresAt.Add(at.offset)), want)
				}
			}
		},
	}, {
		name:   "live/clock goes back",
		guards: "I4",
		rule:   "A clock that goes back revives no token that is spent.",
		run: func(c *checker) {
			a := c.pinned(1)
			t := c.issued(a.Ref, passwd.PurposeReset, 0)
			w := must(a, passwd.NoReason)
			w.Consume, w.Now = &t.TokenRef, t0.Add(10*time.Minute)
			c.apply(w)
			earlier := t0.Add(5 * time.Minute)
			c.wantLive("five minutes before it was spent", t, earlier, false)
			_, err := c.store.Attempt(c.ctx, t.TokenRef, 5, earlier)
			c.want("Attempt five minutes before it was spent", err, passwd.ErrTokenInvalid)
			w.Now = earlier
			_, err = c.store.Apply(c.ctx, w)
			c.want("Apply five minutes before it was spent", err, passwd.ErrTokenInvalid)
		},
	}}
}

func attemptChecks() []check {
	const max = 5
	return []check{{
		name:   "attempt/counts",
		guards: "I4, T5",
		rule:   "Attempt counts and returns the record with that attempt counted; after max of them it is ErrTokenInvalid with the record.",
		run: func(c *checker) {
			a := c.pinned(1)
			t := c.issued(a.Ref, passwd.PurposeCode, a.Epoch)
			other := c.issued(a.Ref, passwd.PurposeCode, a.Epoch)
			for i := 1; i <= max; i++ {
				got, err := c.store.Attempt(c.ctx, t.TokenRef, max, t0)
				c.want("Attempt", err, nil)
				t.Attempts = i
				if d := tokenDiff(got, t); d != "" {
					c.errorf("attempt %d: %s", i, d)
				}
			}
			for range 2 {
				got, err := c.store.Attempt(c.ctx, t.TokenRef, max, t0)
				c.want("Attempt when there are none left", err, passwd.ErrTokenInvalid)
				if got.TokenRef != t.TokenRef || got.Attempts < max {
					c.errorf("Attempt when there are none left returned %d attempts, or no record", got.Attempts)
				}
			}
			got, err := c.store.Peek(c.ctx, other.TokenRef, t0)
			c.want("Peek at another token", err, nil)
			if got.Attempts != 0 {
				c.errorf("another token has %d attempts, want none", got.Attempts)
			}
		},
	}, {
		name:   "attempt/last one redeems",
		guards: "I4, T5",
		rule:   "The last attempt is as good as the others: who made it can still consume the token.",
		run: func(c *checker) {
			a := c.pinned(1)
			code := c.issued(a.Ref, passwd.PurposeCode, a.Epoch)
			for range max {
				_, err := c.store.Attempt(c.ctx, code.TokenRef, max, t0)
				c.want("Attempt", err, nil)
			}
			reset := c.token(a.Ref, passwd.PurposeReset, a.Epoch)
			c.want("Issue that consumes it", c.store.Issue(c.ctx, reset, 3, &code.TokenRef), nil)
			_, err := c.store.Attempt(c.ctx, code.TokenRef, max, t0)
			c.want("Attempt after that", err, passwd.ErrTokenInvalid)
		},
	}, {
		name:   "attempt/not live",
		guards: "I4, T5",
		rule:   "An attempt at a token that is not live is ErrTokenInvalid with the record, and is not counted.",
		run: func(c *checker) {
			a := c.pinned(1)
			spent := c.issued(a.Ref, passwd.PurposeCode, 0)
			w := must(a, passwd.NoReason)
			w.Consume = &spent.TokenRef
			c.apply(w)
			earlier := c.issued(a.Ref, passwd.PurposeCode, a.Epoch)
			c.apply(raise(c.get(a.Ref)))
			expired := c.token(a.Ref, passwd.PurposeCode, 0)
			expired.IssuedAt, expired.ExpiresAt = t0.Add(-time.Hour), t0
			c.issue(expired)
			watch := c.watch([]passwd.Ref{a.Ref}, spent, earlier, expired)
			for i, t := range []passwd.TokenRecord{spent, earlier, expired} {
				got, err := c.store.Attempt(c.ctx, t.TokenRef, max, t0)
				c.want("Attempt", err, passwd.ErrTokenInvalid)
				if got.TokenRef != t.TokenRef || got.Account != t.Account || got.Attempts != 0 {
					c.errorf("token %d: the record is missing, or has %d attempts", i, got.Attempts)
				}
			}
			watch.unchanged("after attempts at dead tokens")
		},
	}}
}
