package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

func sessionRaces() []check {
	return []check{{
		name:   "race/rotate",
		guards: "I4, I5, RFC 9700 4.14.2",
		rule:   "Of callers that rotate by one token, one succeeds, one reports the reuse, and nothing of the session is left.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				r := c.created(a)
				nexts := make([]session.Rotation, crowd)
				for i := range nexts {
					nexts[i] = c.rotation(r)
				}
				errs := parallel(crowd, func(i int) error {
					_, err := c.sessionsAt(i).RotateSession(c.ctx, nexts[i])
					return err
				})
				c.oneWinner("RotateSession", errs, session.ErrReused, passwd.ErrNotFound)
				reports := 0
				for _, err := range errs {
					if errors.Is(err, session.ErrReused) {
						reports++
					}
				}
				if reports != 1 {
					c.errorf("the reuse is reported %d times, want once", reports)
				}
				for _, next := range nexts {
					c.wantEnded("after the race", rotated(r, next))
				}
			})
		},
	}, {
		name:   "race/create and replace",
		guards: "I5",
		rule:   "A session created while the password changes is refused or dead: nothing of the earlier epoch is live afterwards.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				records := make([]session.Record, crowd)
				for i := range records {
					records[i] = c.session(a)
				}
				errs := parallel(crowd, func(i int) error {
					if i == crowd/2 {
						_, err := c.handle(i).Apply(c.ctx, replace(a, "new"))
						return err
					}
					return c.sessionsAt(i).CreateSession(c.ctx, records[i], 0)
				})
				c.winners("CreateSession", errs, passwd.ErrConflict)
				c.want("the change", errs[crowd/2], nil)
				c.onceChanged(a, hash("new"))
				c.wantEnded("after the change", records...)
			})
		},
	}, {
		name:   "race/create",
		guards: "I8",
		rule:   "Sessions created at once are no more than the cap, and no more than one for a device.",
		run: func(c *checker) {
			const max = 3
			c.race(func(a passwd.Account) {
				records := make([]session.Record, crowd)
				for i := range records {
					records[i] = c.session(a)
					if i%2 == 0 {
						records[i].Client, records[i].Device = "other app", records[0].Device
					}
				}
				errs := parallel(crowd, func(i int) error { return c.sessionsAt(i).CreateSession(c.ctx, records[i], max) })
				if won := c.winners("CreateSession", errs); len(won) != crowd {
					c.errorf("%d of %d sessions were created", len(won), crowd)
				}
				left := make(map[string]int)
				for _, r := range c.sessionsOf(a.Ref, t0) {
					left[r.Client]++
				}
				if left["app"] != max || left["other app"] != 1 {
					c.errorf("%d sessions of many devices and %d of one are left, want %d and 1", left["app"], left["other app"], max)
				}
			})
		},
	}, {
		name:   "race/keep and rotate",
		guards: "I2, I5",
		rule:   "A session that is refreshed while a change keeps it has the new tokens and the new epoch.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				r := c.created(a)
				next := c.rotation(r)
				w := replace(a, "new")
				w.KeepSession = r.ID
				touched := t0.Add(time.Second)
				errs := parallel(3, func(i int) (err error) {
					switch i {
					case 0:
						_, err = c.handle(i).Apply(c.ctx, w)
					case 1:
						_, err = c.sessionsAt(i).RotateSession(c.ctx, next)
					default:
						err = c.sessionsAt(i).TouchSession(c.ctx, r.ID, touched, touched.Add(aDay))
					}
					return err
				})
				for i, err := range errs {
					c.want(fmt.Sprint("caller ", i), err, nil)
				}
				want := rotated(r, next)
				want.Epoch = c.get(a.Ref).Epoch
				c.wantSessions("after both", want)
			})
		},
	}}
}
