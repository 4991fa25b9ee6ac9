package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/passwd-go/passwd"
)

func contextChecks() []check {
	return append(serialContextChecks(), otherContextChecks()...)
}

func serialContextChecks() []check {
	return []check{{
		name:   "context/cancelled",
		guards: "I2",
		rule:   "A call whose context has ended returns its error and changes nothing, neither then nor later.",
		run: func(c *checker) {
			a := c.changed(1)
			bound, free := c.issued(a.Ref, passwd.PurposeReset, a.Epoch), c.issued(a.Ref, passwd.PurposeCancel, 0)
			other, next := c.token(a.Ref, passwd.PurposeReset, a.Epoch), c.token(a.Ref, passwd.PurposeReset, a.Epoch)
			watch := c.watch([]passwd.Ref{a.Ref}, bound, free, other, next)

			ended, cancel := context.WithCancel(c.ctx)
			cancel()
			w := replace(a, "cancelled")
			w.Consume, w.Issue, w.VoidAll, w.Must = &bound.TokenRef, &other, true, passwd.Temporary
			for what, call := range map[string]func() error{
				"Get":     func() error { _, err := c.store.Get(ended, a.Ref); return err },
				"Apply":   func() error { _, err := c.store.Apply(ended, w); return err },
				"Rehash":  func() error { _, err := c.store.Rehash(ended, a.Ref, a.Hash, hash("better")); return err },
				"History": func() error { _, err := c.store.History(ended, a.Ref, 10); return err },
				"Forget":  func() error { return c.store.Forget(ended, a.Ref) },
				"Issue":   func() error { return c.store.Issue(ended, next, 3, &free.TokenRef) },
				"Peek":    func() error { _, err := c.store.Peek(ended, bound.TokenRef, t0); return err },
			} {
				c.want(what+" with a cancelled context", call(), context.Canceled)
			}
			for _, l := range c.logins(a) {
				_, err := c.store.Find(ended, l, 1)
				c.want("Find with a cancelled context", err, context.Canceled)
			}
			watch.unchanged("after calls with a cancelled context")
			c.apply(replace(a, "not cancelled"))
		},
	}}
}

func otherContextChecks() []check {
	return []check{{
		name:   "context/cancelled attempt",
		guards: "I2, T5",
		rule:   "An attempt or a purge whose context has ended returns its error and changes nothing.",
		run: func(c *checker) {
			a := c.changed(1)
			code, old := c.issued(a.Ref, passwd.PurposeCode, a.Epoch), c.token(a.Ref, passwd.PurposeReset, 0)
			old.IssuedAt, old.ExpiresAt = t0.Add(-2*time.Hour), t0.Add(-time.Hour)
			c.issue(old)
			watch := c.watch([]passwd.Ref{a.Ref}, code, old)
			ended, cancel := context.WithCancel(c.ctx)
			cancel()
			_, err := c.store.Attempt(ended, code.TokenRef, 5, t0)
			c.want("Attempt with a cancelled context", err, context.Canceled)
			_, _, err = c.store.Purge(ended, t0, 100)
			c.want("Purge with a cancelled context", err, context.Canceled)
			watch.unchanged("after calls with a cancelled context")
		},
	}, {
		name:   "context/cancelled midway",
		guards: "I2",
		rule:   "A write whose context ends midway happens wholly or not at all, and what it says is what happened.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				token := c.issued(a.Ref, passwd.PurposeReset, 0)
				ctx, cancel := context.WithCancel(c.ctx)
				defer cancel()
				errs := parallel(2, func(i int) error {
					if i == 0 {
						cancel()
						return nil
					}
					w := replace(a, "midway")
					w.Consume = &token.TokenRef
					_, err := c.store.Apply(ctx, w)
					return err
				})
				now := c.get(a.Ref)
				_, dead := c.store.Peek(c.ctx, token.TokenRef, t0)
				happened := now.Hash == hash("midway")
				if happened != (now.Epoch == a.Epoch+1) || happened != (dead != nil) || happened != (len(c.history(a.Ref, 10)) == 1) {
					c.errorf("the write happened in part: new hash %t, new epoch %t, token spent %t", happened, now.Epoch != a.Epoch, dead != nil)
				}
				if err := errs[1]; (err == nil) != happened && !errors.Is(err, passwd.ErrOutcomeUnknown) {
					c.errorf("the write returned error %v, and happened: %t", err, happened)
				}
			})
		},
	}}
}

func contextQueueChecks() []check {
	return []check{{
		name:   "context/cancelled queue",
		guards: "I2",
		rule:   "A call to the queue whose context has ended returns its error and changes nothing.",
		needs:  hasQueue,
		run: func(c *checker) {
			j := c.job("", t0)
			c.put(j)
			ended, cancel := context.WithCancel(c.ctx)
			cancel()
			c.want("Put", c.queue().Put(ended, c.job("", t0)), context.Canceled)
			_, err := c.queue().Claim(ended, 10, lease, t0)
			c.want("Claim", err, context.Canceled)
			_, err = c.queue().ClaimUrgent(ended, 10, lease, t0)
			c.want("ClaimUrgent", err, context.Canceled)
			c.want("Done", c.queue().Done(ended, j.ID), context.Canceled)
			c.want("Retry", c.queue().Retry(ended, j.ID, t0.Add(time.Hour)), context.Canceled)
			claimed := c.claim(10, t0)
			c.wantJobs("after calls with a cancelled context", claimed, []passwd.Job{j})
			if len(claimed) == 1 && claimed[0].Attempts != 1 {
				c.errorf("attempts: got %d, want 1", claimed[0].Attempts)
			}
		},
	}}
}
