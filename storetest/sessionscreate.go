package storetest

import (
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

func sessionCreateChecks() []check {
	return []check{{
		name:   "sessions/create epoch",
		guards: "I5",
		rule:   "CreateSession is ErrConflict unless the session has the current epoch, and ErrNotFound for nobody's; nothing changes.",
		run: func(c *checker) {
			a := c.changed(1)
			there := c.created(a)
			for _, epoch := range []int64{0, -1, a.Epoch - 1, a.Epoch + 1} {
				r := c.session(a)
				r.Epoch, r.Device = epoch, there.Device
				c.want("CreateSession of another epoch", c.sessions().CreateSession(c.ctx, r, 1), passwd.ErrConflict)
				c.wantEnded("refused", r)
			}
			c.wantListed("after that", a.Ref, there)

			fresh := c.session(c.seeded(2)) // without an epoch, 0 is not one
			c.want("CreateSession before the first epoch", c.sessions().CreateSession(c.ctx, fresh, 1), passwd.ErrConflict)
			for _, r := range []passwd.Ref{c.ref(3), {Tenant: a.Ref.Tenant, ID: "no id\x00"}, {Tenant: a.Ref.Tenant}} {
				nobodys := c.session(a)
				nobodys.Account = r
				c.want("CreateSession of nobody", c.sessions().CreateSession(c.ctx, nobodys, 1), passwd.ErrNotFound)
				c.wantEnded("refused", nobodys)
			}
		},
	}, {
		name:   "sessions/one per device",
		guards: "I8, session.Store",
		rule:   "A session replaces that of the same account, client and device, and no other.",
		run: func(c *checker) {
			a, b := c.pinned(1), c.pinned(2)
			first := c.created(a)
			device, client, account := c.session(a), c.session(a), c.session(b)
			client.Client, client.Device, account.Device = "other app", first.Device, first.Device
			c.create(1000, device, client, account)
			c.wantSessions("of another device, client, account", first, device, client, account)
			c.rotate(first, c.rotation(first))

			second := c.session(a)
			second.Device = first.Device
			c.create(1000, second)
			c.wantEnded("replaced", first)
			c.wantSessions("after one was replaced", second, device, client, account)
			c.wantNoSession("a spent token of the one replaced", refreshOf(first), t0)

			// A dead one is replaced as well: its device is free.
			expired := c.session(b)
			expired.ExpiresAt = t0.Add(-µs)
			third := c.session(b)
			third.Device = expired.Device
			c.create(1000, expired, third)
			c.wantSessions("after a dead one was replaced", third, account)
			if n := c.end(b.Ref, session.Filter{}); n != 2 {
				c.errorf("%d sessions are stored, want 2", n)
			}
		},
	}, {
		name:   "sessions/same id in two tenants",
		guards: "I9, Ref.Tenant",
		rule:   "Sessions of two tenants are of two accounts, although these have the same id.",
		needs:  func(f Fixture) bool { return !f.Lacks.Tenants && !f.Lacks.SharedIDs },
		run: func(c *checker) {
			north := c.pinned(1)
			southRef := passwd.Ref{Tenant: "south", ID: north.Ref.ID}
			c.seed(c.accountOf(southRef, 2))
			c.apply(must(c.get(southRef), passwd.NoReason))
			south := c.created(c.get(southRef))

			first, second := c.session(north), c.session(north)
			first.Device, second.Device = south.Device, south.Device
			c.create(1, first, second)
			if n := c.end(north.Ref, session.Filter{ID: south.ID}); n != 0 {
				c.errorf("another tenant's session was ended")
			}
			w := replace(north, "new")
			w.KeepSession = south.ID
			c.apply(w)
			c.end(north.Ref, session.Filter{})
			if err := c.store.Forget(c.ctx, north.Ref); err != nil {
				c.errorf("Forget: %v", err)
			}
			c.wantSessions("after writes to the same id in another tenant", south)
			c.wantListed("after writes to the same id in another tenant", southRef, south)
			c.wantEnded("after the change", first, second)
		},
	}, {
		name:   "sessions/cap",
		guards: "I8",
		rule:   "With max live sessions of an account and client, one more ends that whose pair is the oldest; others do not count.",
		run: func(c *checker) {
			a, b := c.pinned(1), c.pinned(2)
			aged := func(a passwd.Account, age time.Duration) session.Record {
				r := c.session(a)
				r.IssuedAt = t0.Add(-age)
				return r
			}
			expired, client, account := aged(a, 9*anHour), aged(a, 9*anHour), aged(b, 9*anHour)
			expired.ExpiresAt, client.Client = t0, "other app"
			// The oldest is the last to have been created, used and to expire, and the
			// second oldest the first: none of this counts.
			oldest, second, third := aged(a, 4*anHour), aged(a, 3*anHour), aged(a, 2*anHour)
			second.CreatedAt, second.UsedAt = t0.Add(-aDay), t0.Add(-aDay)
			oldest.UsedAt, oldest.CreatedAt, oldest.ExpiresAt = t0.Add(µs), t0.Add(µs), t0.Add(2*aDay)
			c.create(0, expired, client, account, second, oldest, third)

			fourth := c.session(a)
			c.create(3, fourth)
			c.wantEnded("beyond the cap", oldest)
			c.wantSessions("within the cap", second, third, fourth, client, account)

			// A refreshed one is young again.
			second = c.rotate(second, c.rotation(second))
			fifth := c.session(a)
			c.create(3, fifth)
			c.wantEnded("beyond the cap", third)
			c.wantSessions("within the cap", second, fourth, fifth, client, account)

			// A replaced one makes room by itself.
			again := c.session(a)
			again.Device = fourth.Device
			c.create(3, again)
			c.wantSessions("after one was replaced", second, fifth, again)

			// Of equals, the smaller id ends.
			sixth := c.session(a)
			c.create(3, sixth)
			c.wantEnded("of two as old", fifth)
			c.wantSessions("of two as old", second, again, sixth)

			// A smaller cap ends more than one.
			last := c.session(a)
			c.create(2, last)
			c.wantEnded("beyond a smaller cap", again, sixth)
			c.wantSessions("within a smaller cap", second, last, client, account)
			c.create(1, c.session(a))
			c.wantEnded("beyond a cap of one", second, last)
		},
	}, {
		name:   "sessions/taken",
		guards: "I4, session.Store",
		rule:   "A session whose ID, or a token of which, is taken is refused, and those there stay as they are.",
		run: func(c *checker) {
			a, b := c.pinned(1), c.pinned(2)
			there := c.created(a)
			for what, take := range map[string]func(*session.Record){
				"ID":      func(r *session.Record) { r.ID = there.ID },
				"Access":  func(r *session.Record) { r.Access = there.Access },
				"Refresh": func(r *session.Record) { r.Refresh = there.Refresh },
			} {
				for _, owner := range []passwd.Account{a, b} {
					r := c.session(owner)
					take(&r)
					if err := c.sessions().CreateSession(c.ctx, r, 0); err == nil {
						c.errorf("a session with a taken %s was created", what)
					}
				}
			}
			c.wantSessions("after that", there)
			c.wantListed("after that", a.Ref, there)
			c.wantListed("after that", b.Ref)
		},
	}}
}
