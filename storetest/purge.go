package storetest

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/passwd-go/passwd"
)

func purgeChecks() []check {
	return []check{{
		name:   "purge/keeps",
		guards: "I8, Tokens.Purge",
		rule:   "Purge deletes what expired before the given time, and nothing that is live at it, nor accounts or history.",
		run: func(c *checker) {
			a, _ := c.withHistory(1, 3, 10)
			var dead, kept []passwd.TokenRecord
			for i := range 4 {
				t := c.token(a.Ref, passwd.PurposeReset, a.Epoch*int64(i%2))
				t.IssuedAt, t.ExpiresAt = t0.Add(-2*time.Hour), t0.Add(-time.Duration(i+1)*µs)
				c.issue(t)
				dead = append(dead, t)
			}
			for i := range 4 {
				t := c.token(a.Ref, passwd.PurposeCancel, a.Epoch*int64(i%2))
				t.ExpiresAt = t0.Add(time.Duration(i*i*i)*time.Hour + µs)
				c.issue(t)
				kept = append(kept, t)
			}
			watch := c.watch([]passwd.Ref{a.Ref}, kept...)
			if n := c.purged(t0, 100); n != len(dead) {
				c.errorf("Purge reports %d deleted, want %d", n, len(dead))
			}
			for _, t := range dead {
				c.notStored(t)
			}
			watch.unchanged("after Purge")
			if n := c.purged(t0, 100); n != 0 {
				c.errorf("a second Purge reports %d deleted", n)
			}
		},
	}, {
		name:   "purge/keeps the dead",
		guards: "I4, I10, Tokens.Purge",
		rule:   "A token that is spent or of an earlier epoch is kept, with its record, until it expires: it is what tells a replay from a token that never was. One that expires at the given time is kept too.",
		run: func(c *checker) {
			a := c.pinned(1)
			spent, earlier := c.issued(a.Ref, passwd.PurposeReset, 0), c.issued(a.Ref, passwd.PurposeReset, a.Epoch)
			w := raise(a)
			w.Consume = &spent.TokenRef
			c.apply(w)
			edge := c.token(a.Ref, passwd.PurposeReset, 0)
			edge.IssuedAt, edge.ExpiresAt = t0.Add(-time.Hour), t0
			c.issue(edge)
			watch := c.watch([]passwd.Ref{a.Ref}, spent, earlier, edge)
			if n := c.purged(t0, 100); n != 0 {
				c.errorf("Purge reports %d deleted, want none", n)
			}
			watch.unchanged("after Purge")
			c.want("Issue of a spent record", c.store.Issue(c.ctx, spent, 0, nil), passwd.ErrTokenInvalid)
			if n := c.purged(t0.Add(µs), 100); n != 1 {
				c.errorf("a microsecond later: %d deleted, want 1", n)
			}
			if n := c.purged(t0.Add(time.Hour+µs), 100); n != 2 {
				c.errorf("when the dead have expired: %d deleted, want 2", n)
			}
		},
	}, {
		name:   "purge/batch",
		guards: "Tokens.Purge, I8",
		rule:   "Purge deletes no more than a batch, and says whether there may be more.",
		run: func(c *checker) {
			a := c.pinned(1)
			for range 5 {
				t := c.token(a.Ref, passwd.PurposeReset, 0)
				t.IssuedAt, t.ExpiresAt = t0.Add(-2*time.Hour), t0.Add(-time.Hour)
				c.issue(t)
			}
			n, more, err := c.store.Purge(c.ctx, t0, 2)
			if n != 2 || !more || err != nil {
				c.errorf("Purge of 2 of 5: got %d, more %t, error %v", n, more, err)
			}
			if n := c.purged(t0, 2); n != 3 {
				c.errorf("the rest: %d deleted, want 3", n)
			}
		},
	}, {
		name:   "purge/at once",
		guards: "I8, Tokens.Purge",
		rule:   "Purgers that run at once delete each token once and do not fail for each other.",
		run: func(c *checker) {
			a := c.pinned(1)
			const count = 40
			for range count {
				t := c.token(a.Ref, passwd.PurposeReset, 0)
				t.IssuedAt, t.ExpiresAt = t0.Add(-2*time.Hour), t0.Add(-time.Hour)
				c.issue(t)
			}
			live := c.issued(a.Ref, passwd.PurposeReset, 0)
			deleted := make([]int, 4)
			errs := parallel(len(deleted), func(i int) error {
				for {
					n, more, err := c.handle(i).Purge(c.ctx, t0, 3)
					deleted[i] += n
					if err != nil || !more {
						return err
					}
				}
			})
			c.winners("Purge", errs)
			sum := c.purged(t0, 100) // one purger may stop while another one's batch is under way
			for _, n := range deleted {
				sum += n
			}
			if sum != count {
				c.errorf("%d deletions of %d tokens", sum, count)
			}
			c.wantLive("after that", live, t0, true)
		},
	}, {
		name:   "purge/others go on",
		guards: "I8, Tokens.Purge",
		rule:   "While somebody purges, others issue and redeem, none fails, and no token of theirs goes.",
		run: func(c *checker) {
			var all []passwd.Account
			for n := range 4 {
				all = append(all, c.pinned(n+1))
			}
			for range 60 {
				t := c.token(all[0].Ref, passwd.PurposeReset, 0)
				t.IssuedAt, t.ExpiresAt = t0.Add(-2*time.Hour), t0.Add(-time.Hour)
				c.issue(t)
			}
			tokens := make([][]passwd.TokenRecord, len(all))
			for i, a := range all {
				for range 8 {
					tokens[i] = append(tokens[i], c.token(a.Ref, passwd.PurposeReset, 0))
				}
			}
			var busy atomic.Int64
			busy.Store(int64(len(all)))
			errs := parallel(len(all)+1, func(i int) error {
				if i == len(all) {
					for more := true; more || busy.Load() > 0; {
						var err error
						if _, more, err = c.handle(i).Purge(c.ctx, t0, 2); err != nil {
							return err
						}
					}
					return nil
				}
				defer busy.Add(-1)
				for n, t := range tokens[i] {
					if err := c.handle(i).Issue(c.ctx, t, 0, nil); err != nil {
						return err
					}
					err := c.persist(i, all[i].Ref, func(a passwd.Account) passwd.Write {
						w := replace(a, fmt.Sprint("writer ", i, n))
						w.Consume = &t.TokenRef
						return w
					})
					if err != nil {
						return err
					}
				}
				return nil
			})
			if won := c.winners("purge and resets", errs); len(won) != len(errs) {
				c.errorf("%d of %d callers succeeded", len(won), len(errs))
			}
			c.purged(t0, 100) // of what came after the last one
			for i, of := range tokens {
				for _, t := range of {
					c.spent(t, t0)
				}
				if got := c.get(all[i].Ref); got.Epoch != all[i].Epoch+int64(len(of)) {
					c.errorf("epoch went from %d to %d, want %d more", all[i].Epoch, got.Epoch, len(of))
				}
			}
		},
	}}
}

// purged calls Purge until nothing is left and returns how many it deleted.
func (c *checker) purged(before time.Time, batch int) int {
	sum := 0
	for range 100 {
		n, more, err := c.store.Purge(c.ctx, before, batch)
		if err != nil {
			c.fatalf("Purge: %v", err)
		}
		if n > batch {
			c.errorf("Purge deleted %d, and the batch is %d", n, batch)
		}
		sum += n
		if !more {
			return sum
		}
	}
	c.fatalf("Purge says that there is more, 100 times")
	return sum
}
