package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

// Transaction is a transaction of the host's, and the store inside it.
type Transaction struct {
	// Store is good until End. It is a session.Store as well if the store outside is.
	// A rollback brings back the sessions that were ended inside, also that which a
	// rotation has ended with session.ErrReused: a host that rolls back at every error
	// would let the thief go on. And it takes back the tokens of a session that was
	// created or rotated inside: they are given out after the commit.
	Store passwd.Store
	// Seed is Fixture.Seed inside the transaction.
	Seed func(ctx context.Context, accounts ...passwd.Account) error
	// End commits the transaction, or rolls it back.
	End func(commit bool) error
}

// Begin begins a transaction of the host's on the database of a store that
// Fixture.Open returned.
type Begin func(ctx context.Context, s passwd.Store) (Transaction, error)

// RunWithin runs the cases that need no other goroutine inside a transaction of
// the host's, and those about the transaction itself.
func RunWithin(t *testing.T, f Fixture, begin Begin) {
	f.eachWithin(begin, func(c check, f Fixture) {
		t.Run(c.name, func(t *testing.T) {
			if !c.applies(f) {
				t.Skip("the fixture lacks what this case is about")
			}
			if err := c.against(t.Context(), f); err != nil {
				t.Error(err)
			}
		})
	})
}

// CheckWithin is RunWithin outside go test; it joins what it found.
func CheckWithin(f Fixture, begin Begin) error {
	var found []error
	f.eachWithin(begin, func(c check, f Fixture) {
		if c.applies(f) {
			found = append(found, c.against(context.Background(), f))
		}
	})
	return errors.Join(found...)
}

// eachWithin calls do with each case and the fixture that it is for.
func (f Fixture) eachWithin(begin Begin, do func(check, Fixture)) {
	for _, c := range withinChecks(begin) {
		do(c, f)
	}
	inside := f.within(begin)
	for _, c := range serialChecks() {
		c.name = "inside/" + c.name
		do(c, inside)
	}
}

// begun begins a transaction.
func (c *checker) begun(begin Begin) Transaction {
	t, err := begin(c.ctx, c.store)
	if err != nil {
		c.fatalf("Begin: %v", err)
	}
	return t
}

func withinChecks(begin Begin) []check {
	return []check{{
		name:   "within/rollback",
		guards: "I2",
		rule:   "What was written inside is gone when the host rolls back, and with it what the host wrote.",
		run: func(c *checker) {
			a := c.changed(1)
			spent, kept := c.issued(a.Ref, passwd.PurposeReset, a.Epoch), c.issued(a.Ref, passwd.PurposeCancel, 0)
			issued := c.token(a.Ref, passwd.PurposeReset, 0)
			watch := c.watch([]passwd.Ref{a.Ref}, spent, kept, issued)
			t := c.begun(begin)
			c.everything(t.Store, a, spent, issued)
			c.want("End", t.End(false), nil)
			watch.unchanged("after the host has rolled back")
			if q, ok := c.store.(passwd.Queue); ok && !c.Lacks.Queue {
				jobs, err := q.Claim(c.ctx, 10, lease, t0)
				if err != nil || len(jobs) > 0 {
					c.errorf("%d jobs are in the queue (%v)", len(jobs), err)
				}
			}
		},
	}, {
		name:   "within/commit",
		guards: "I2",
		rule:   "What was written inside is there when the host has committed, with what the host wrote.",
		run: func(c *checker) {
			a := c.changed(1)
			spent, issued := c.issued(a.Ref, passwd.PurposeReset, a.Epoch), c.token(a.Ref, passwd.PurposeReset, 0)
			t := c.begun(begin)
			c.want("Seed", t.Seed(c.ctx, c.account(2)), nil)
			epoch := c.everything(t.Store, a, spent, issued)
			c.want("End", t.End(true), nil)
			if got := c.get(a.Ref); got.Epoch != epoch || got.Hash != hash("inside") {
				c.errorf("epoch is %d, want %d, or the hash is another", got.Epoch, epoch)
			}
			c.get(c.ref(2))
			c.wantLive("the token consumed", spent, t0, false)
			c.wantLive("the token issued", issued, t0, true)
			if q, ok := c.store.(passwd.Queue); ok && !c.Lacks.Queue {
				jobs, err := q.Claim(c.ctx, 10, lease, t0)
				if err != nil || len(jobs) != 1 {
					c.errorf("%d jobs are in the queue (%v), want 1", len(jobs), err)
				}
			}
		},
	}, {
		name:   "within/refused",
		guards: "I2, I4",
		rule:   "A write that is refused leaves nothing of itself, and what the host has done before and does after it.",
		run: func(c *checker) {
			a := c.changed(1)
			spent := c.issued(a.Ref, passwd.PurposeReset, a.Epoch)
			unknown := c.token(a.Ref, passwd.PurposeReset, a.Epoch)
			watch := c.watch([]passwd.Ref{a.Ref}, spent, unknown)
			t := c.begun(begin)
			c.want("Seed", t.Seed(c.ctx, c.account(2)), nil)
			w := replace(a, "refused")
			w.Consume = &unknown.TokenRef // after the hash and the epoch are written
			_, err := t.Store.Apply(c.ctx, w)
			c.want("Apply with an unknown token", err, passwd.ErrTokenInvalid)
			older := unknown
			older.IssuedAt = spent.IssuedAt.Add(-µs)
			c.want("Issue of too many", t.Store.Issue(c.ctx, older, 1, nil), passwd.ErrTooManyTokens)
			c.want("Seed", t.Seed(c.ctx, c.account(3)), nil)
			c.want("End", t.End(true), nil)
			watch.unchanged("after a refused write in a committed transaction")
			c.get(c.ref(2))
			c.get(c.ref(3))
		},
	}, {
		name:   "within/sessions",
		guards: "I2, I5",
		rule:   "Sessions that are created, rotated or ended inside are so if the host commits, and as they were if it rolls back.",
		needs:  hasSessions,
		run: func(c *checker) {
			for n, commit := range []bool{false, true} {
				a := c.pinned(n + 1)
				ended, reused := c.created(a), c.created(a)
				kept := c.created(a)
				newest := c.rotate(reused, c.rotation(reused))
				t := c.begun(begin)
				inside, ok := t.Store.(session.Store)
				if !ok {
					c.fatalf("the store is a session.Store outside, and not inside")
				}
				created := c.session(a)
				c.want("CreateSession", inside.CreateSession(c.ctx, created, 0), nil)
				_, err := inside.EndSessions(c.ctx, a.Ref, session.Filter{ID: ended.ID})
				c.want("EndSessions", err, nil)
				_, err = inside.RotateSession(c.ctx, c.rotation(reused)) // by a spent token, which ends it
				c.want("RotateSession by a spent token", err, session.ErrReused)
				next := c.rotation(kept)
				_, err = inside.RotateSession(c.ctx, next)
				c.want("RotateSession", err, nil)
				w := replace(a, "inside")
				w.KeepSession = kept.ID
				epoch, err := t.Store.Apply(c.ctx, w)
				c.want("Apply", err, nil)
				c.want("End", t.End(commit), nil)
				if commit {
					now := rotated(kept, next)
					now.Epoch = epoch
					c.wantSessions("committed", now)
					c.wantEnded("committed", created, ended, newest)
				} else {
					c.wantSessions("rolled back", ended, newest, kept)
					c.wantEnded("rolled back", created)
				}
			}
		},
	}, {
		name:   "within/unsupported",
		guards: "I4, T5",
		rule:   "What a rollback must not undo is errors.ErrUnsupported inside.",
		run: func(c *checker) {
			a := c.pinned(1)
			code := c.issued(a.Ref, passwd.PurposeCode, a.Epoch)
			t := c.begun(begin)
			_, err := t.Store.Attempt(c.ctx, code.TokenRef, 5, t0)
			c.want("Attempt", err, errors.ErrUnsupported)
			if q, ok := t.Store.(passwd.Queue); ok && !c.Lacks.Queue {
				_, err := q.Claim(c.ctx, 1, lease, t0)
				c.want("Claim", err, errors.ErrUnsupported)
			}
			if l, ok := t.Store.(passwd.Limiter); ok {
				_, err := l.Do(c.ctx, t0, passwd.Step{Key: "key", Limit: window})
				c.want("Do", err, errors.ErrUnsupported)
			}
			c.want("End", t.End(true), nil)
		},
	}}
}

// everything makes every kind of write inside and returns the epoch.
func (c *checker) everything(s passwd.Store, a passwd.Account, spent, issued passwd.TokenRecord) int64 {
	w := replace(a, "inside")
	w.Consume, w.Must = &spent.TokenRef, passwd.Administrator
	if !c.Lacks.Queue {
		w.Jobs = []passwd.Job{c.job("", t0)}
	}
	epoch, err := s.Apply(c.ctx, w)
	c.want("Apply", err, nil)
	c.want("Issue", s.Issue(c.ctx, issued, 3, nil), nil)
	got, err := s.Get(c.ctx, a.Ref)
	if err != nil || got.Hash != w.NewHash || got.Epoch != epoch {
		c.errorf("inside, epoch is %d (%v), want %d, or the hash is another", got.Epoch, err, epoch)
	}
	if _, err := s.Peek(c.ctx, spent.TokenRef, t0); !errors.Is(err, passwd.ErrTokenInvalid) {
		c.errorf("inside, the token consumed: %v", err)
	}
	if other, err := c.store.Get(c.ctx, c.ref(9)); !errors.Is(err, passwd.ErrNotFound) {
		c.errorf("a read outside: %v", fmt.Sprint(other.Ref, err))
	}
	return epoch
}
