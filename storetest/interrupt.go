package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/passwd-go/passwd"
)

// failing is a context that ends when it is looked at for the nth time, by Err or Done:
// wherever a store looks, it can be made to find the end there.
type failing struct {
	context.Context
	mu    sync.Mutex
	looks int
	end   context.CancelFunc
}

func endingAt(ctx context.Context, look int) *failing {
	ctx, cancel := context.WithCancel(ctx)
	return &failing{Context: ctx, looks: look, end: cancel}
}

func (f *failing) look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.looks--; f.looks == 0 {
		f.end()
	}
}

func (f *failing) Err() error {
	f.look()
	return f.Context.Err()
}

func (f *failing) Done() <-chan struct{} {
	f.look()
	return f.Context.Done()
}

// looks is how many looks at a context are made to be its last.
const looks = 12

func interruptChecks() []check {
	return []check{{
		name:   "context/ends at a look",
		guards: "I2",
		rule:   "Wherever a store finds that the context has ended, the write has happened wholly or not at all, and what it says is what happened.",
		needs:  hasStore,
		run: func(c *checker) {
			for look := 1; look <= looks; look++ {
				a := c.pinned(look)
				token, free := c.issued(a.Ref, passwd.PurposeReset, 0), c.issued(a.Ref, passwd.PurposeCancel, 0)
				next := c.token(a.Ref, passwd.PurposeCancel, 0)
				w := replace(a, "interrupted")
				w.Consume, w.VoidAll, w.Issue, w.Must = &token.TokenRef, true, &next, passwd.Administrator
				if !c.Lacks.Queue {
					w.Jobs = []passwd.Job{c.job("", t0)}
				}
				ctx := endingAt(c.ctx, look)
				_, err := c.store.Apply(ctx, w)
				ctx.end()

				now := c.get(a.Ref)
				_, spent := c.store.Peek(c.ctx, token.TokenRef, t0)
				_, voided := c.store.Peek(c.ctx, free.TokenRef, t0)
				_, absent := c.store.Peek(c.ctx, next.TokenRef, t0)
				parts := map[string]bool{
					"the hash": now.Hash == w.NewHash, "the epoch": now.Epoch == a.Epoch+1, "the need": now.Must == w.Must,
					"the time": now.ChangedAt.Equal(w.Now), "the token consumed": spent != nil, "the token voided": voided != nil,
					"the token issued": absent == nil, "the history": len(c.history(a.Ref, 10)) == 1,
				}
				if !c.Lacks.Queue {
					parts["the job"] = len(c.drain(t0)) == 1
				}
				for what, there := range parts {
					if there != parts["the hash"] {
						c.errorf("look %d: %s is written: %t, and the hash: %t", look, what, there, parts["the hash"])
					}
				}
				c.wantTold(fmt.Sprintf("look %d: Apply", look), err, parts["the hash"])
			}
		},
	}, {
		name:   "context/ends at a look of others",
		guards: "I2, T5",
		rule:   "Wherever a store finds that the context has ended, an issue, an attempt, a rehash or a Forget has happened wholly or not at all, as it says.",
		needs:  hasStore,
		run: func(c *checker) {
			for look := 1; look <= looks; look++ {
				a := c.changed(look)
				code, reset := c.issued(a.Ref, passwd.PurposeCode, 0), c.token(a.Ref, passwd.PurposeReset, 0)
				ctx := endingAt(c.ctx, look)
				err := c.store.Issue(ctx, reset, 3, &code.TokenRef)
				ctx.end()
				_, absent := c.store.Peek(c.ctx, reset.TokenRef, t0)
				_, spent := c.store.Peek(c.ctx, code.TokenRef, t0)
				if (absent == nil) != (spent != nil) {
					c.errorf("look %d: Issue stored its token: %t, and spent the other: %t", look, absent == nil, spent != nil)
				}
				c.wantTold(fmt.Sprintf("look %d: Issue", look), err, absent == nil)

				again := c.issued(a.Ref, passwd.PurposeCode, 0)
				ctx = endingAt(c.ctx, look)
				_, err = c.store.Attempt(ctx, again.TokenRef, 5, t0)
				ctx.end()
				got, peek := c.store.Peek(c.ctx, again.TokenRef, t0)
				c.want("Peek", peek, nil)
				if err == nil && got.Attempts != 1 || got.Attempts > 1 {
					c.errorf("look %d: Attempt returned error %v, and %d are counted", look, err, got.Attempts)
				}

				ctx = endingAt(c.ctx, look)
				done, err := c.store.Rehash(ctx, a.Ref, a.Hash, hash("better"))
				ctx.end()
				now := c.get(a.Ref)
				c.wantTold(fmt.Sprintf("look %d: Rehash", look), err, now.Hash == hash("better"))
				if err == nil && !done {
					c.errorf("look %d: Rehash of the hash that was there reports false", look)
				}

				ctx = endingAt(c.ctx, look)
				err = c.store.Forget(ctx, a.Ref)
				ctx.end()
				got, _ = c.store.Peek(c.ctx, again.TokenRef, t0)
				forgotten := c.get(a.Ref).Epoch != a.Epoch
				if gone := got == (passwd.TokenRecord{}); gone != forgotten || gone != (len(c.history(a.Ref, 10)) == 0) {
					c.errorf("look %d: Forget happened in part: tokens %t, epoch %t", look, gone, forgotten)
				}
				c.wantTold(fmt.Sprintf("look %d: Forget", look), err, forgotten)
			}
		},
	}, {
		name:   "context/deadline",
		guards: "I2, I10",
		rule:   "A call whose deadline has passed returns context.DeadlineExceeded, and so tells a slow store from an answer.",
		needs:  hasStore,
		run: func(c *checker) {
			a := c.pinned(1)
			t := c.issued(a.Ref, passwd.PurposeReset, 0)
			late, cancel := context.WithDeadline(c.ctx, time.Unix(0, 0))
			defer cancel()
			_, err := c.store.Get(late, a.Ref)
			c.want("Get", err, context.DeadlineExceeded)
			_, err = c.store.Apply(late, replace(a, "late"))
			c.want("Apply", err, context.DeadlineExceeded)
			_, err = c.store.Peek(late, t.TokenRef, t0)
			c.want("Peek", err, context.DeadlineExceeded)
			_, err = c.store.Get(late, c.ref(2))
			c.want("Get of nobody", err, context.DeadlineExceeded)
			if got := c.get(a.Ref).Hash; got != a.Hash {
				c.errorf("the hash has changed")
			}
		},
	}}
}

// wantTold notes a failure unless a call says what happened, or that it is unknown.
func (c *checker) wantTold(what string, err error, happened bool) {
	if (err == nil) != happened && !errors.Is(err, passwd.ErrOutcomeUnknown) {
		c.errorf("%s returned error %v, and happened: %t", what, err, happened)
	}
}
