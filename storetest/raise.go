package storetest

import (
	"context"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

// epochRaiser is what passwd.Service.RevokeAll asks of a store that has it.
type epochRaiser interface {
	RaiseEpochs(ctx context.Context, by int64) (accounts int, err error)
}

func raiseChecks() []check {
	return []check{{
		name:   "epoch/all raised",
		guards: "I5, Service.RevokeAll",
		rule:   "RaiseEpochs, of a store that has it, adds to every epoch that there is, ends what was opened at one, and changes nothing else.",
		run: func(c *checker) {
			store, ok := c.store.(epochRaiser)
			if !ok {
				return
			}
			first, second, none := c.changed(1), c.changed(2), c.seeded(3)
			forgotten := c.changed(4)
			c.apply(must(forgotten, passwd.Administrator))
			forgotten = c.get(forgotten.Ref)
			c.forget(forgotten.Ref)
			bound, free := c.issued(first.Ref, passwd.PurposeReset, first.Epoch), c.issued(first.Ref, passwd.PurposeCancel, 0)
			var open []session.Record
			if !c.Lacks.Sessions {
				open = []session.Record{c.created(first), c.created(second)}
			}
			if n, err := store.RaiseEpochs(c.ctx, 0); err == nil || n != 0 {
				c.errorf("RaiseEpochs by 0: %d accounts, error %v", n, err)
			}
			const by = 1_000_000
			n, err := store.RaiseEpochs(c.ctx, by)
			c.want("RaiseEpochs", err, nil)
			if n != 2 {
				c.errorf("RaiseEpochs reports %d accounts, want 2", n)
			}
			for _, before := range []passwd.Account{first, second} {
				want := before
				want.Epoch += by
				c.wantSame("after RaiseEpochs", c.get(before.Ref), want)
			}
			c.wantSame("without an epoch, after RaiseEpochs", c.get(none.Ref), none)
			if now := c.get(forgotten.Ref); now.Epoch != 0 || now.Must != forgotten.Must {
				c.errorf("a forgotten account has epoch %d and must %q after RaiseEpochs", now.Epoch, now.Must)
			}
			_, err = c.store.Peek(c.ctx, bound.TokenRef, t0)
			c.want("Peek of a token of an earlier epoch", err, passwd.ErrTokenInvalid)
			_, err = c.store.Peek(c.ctx, free.TokenRef, t0)
			c.want("Peek of a token of no epoch", err, nil)
			if len(open) > 0 {
				c.wantEnded("after RaiseEpochs", open...)
			}
			c.apply(replace(c.get(first.Ref), "raised"))
		},
	}}
}
