package storetest

import (
	"errors"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

func sessionEndChecks() []check {
	return []check{{
		name:   "sessions/end",
		guards: "I5, S2",
		rule:   "EndSessions ends those of the account that match every field of the filter, and counts them.",
		run: func(c *checker) {
			a, b := c.pinned(1), c.pinned(2)
			open := func() []session.Record {
				mine := []session.Record{c.session(a), c.session(a), c.session(a), c.session(a)}
				mine[2].Client, mine[3].Client = "other app", ""
				c.create(0, mine...)
				return mine
			}
			theirs := c.created(b)
			for _, tt := range []struct {
				what   string
				filter func([]session.Record) session.Filter
				ends   []int
			}{
				{"all", func([]session.Record) session.Filter { return session.Filter{} }, []int{0, 1, 2, 3}},
				{"one", func(r []session.Record) session.Filter { return session.Filter{ID: r[1].ID} }, []int{1}},
				{"all but one", func(r []session.Record) session.Filter { return session.Filter{Except: r[1].ID} }, []int{0, 2, 3}},
				{"of a client", func([]session.Record) session.Filter { return session.Filter{Client: "app"} }, []int{0, 1}},
				{"of a client, but one", func(r []session.Record) session.Filter { return session.Filter{Client: "app", Except: r[0].ID} }, []int{1}},
				{"one of another client", func(r []session.Record) session.Filter { return session.Filter{ID: r[0].ID, Client: "other app"} }, nil},
				{"one, but that", func(r []session.Record) session.Filter { return session.Filter{ID: r[0].ID, Except: r[0].ID} }, nil},
				{"one of another account", func([]session.Record) session.Filter { return session.Filter{ID: theirs.ID} }, nil},
				{"an unknown one", func([]session.Record) session.Filter { return session.Filter{ID: "unknown"} }, nil},
				{"of an unknown client", func([]session.Record) session.Filter { return session.Filter{Client: "APP"} }, nil},
			} {
				mine := open()
				if n := c.end(a.Ref, tt.filter(mine)); n != len(tt.ends) {
					c.errorf("%s: %d were ended, want %d", tt.what, n, len(tt.ends))
				}
				ends := make(map[int]bool)
				for _, i := range tt.ends {
					ends[i] = true
				}
				for i, r := range mine {
					if ends[i] {
						c.wantEnded(tt.what, r)
					} else {
						c.wantSessions(tt.what, r)
					}
				}
				c.end(a.Ref, session.Filter{})
			}
			if n := c.end(c.ref(3), session.Filter{}); n != 0 {
				c.errorf("%d sessions of nobody were ended", n)
			}
			c.wantSessions("of another account", theirs)
		},
	}, {
		name:   "sessions/end of a family",
		guards: "I7",
		rule:   "After its end, none of a session's tokens finds anything, the spent ones included, and its device is free.",
		run: func(c *checker) {
			a := c.pinned(1)
			first := c.created(a)
			second := c.rotate(first, c.rotation(first))
			c.end(a.Ref, session.Filter{ID: first.ID})
			c.wantEnded("ended", first, second)
			_, err := c.sessions().RotateSession(c.ctx, c.rotation(first))
			c.want("RotateSession with a spent token", err, passwd.ErrNotFound)
			if errors.Is(err, session.ErrReused) {
				c.errorf("a token of an ended session is reported as reused")
			}
			c.want("TouchSession", c.sessions().TouchSession(c.ctx, first.ID, t0.Add(anHour), t0.Add(aDay)), nil)
			again := c.session(a)
			again.Device = first.Device
			c.create(0, again)
			c.wantListed("after that", a.Ref, again)
		},
	}, {
		name:   "sessions/forget",
		guards: "I5",
		rule:   "Forget ends the account's sessions and nobody else's; a reused id inherits none.",
		run: func(c *checker) {
			a, b := c.pinned(1), c.pinned(2)
			mine, theirs := c.created(a), c.created(b)
			c.want("Forget", c.store.Forget(c.ctx, a.Ref), nil)
			c.wantEnded("forgotten", mine)
			c.apply(must(c.get(a.Ref), passwd.NoReason))
			c.wantEnded("forgotten, and written to", mine)
			c.want("CreateSession with the epoch of before", c.sessions().CreateSession(c.ctx, c.session(a), 0), passwd.ErrConflict)
			c.wantSessions("of another account", theirs)
			if n := c.end(a.Ref, session.Filter{}); n != 0 {
				c.errorf("%d sessions are still stored", n)
			}
		},
	}, {
		name:   "sessions/purge",
		guards: "Tokens.Purge, I8",
		rule:   "Purge deletes sessions that expired before the given time, counted with the rest towards the batch, and none that is live.",
		run: func(c *checker) {
			a := c.pinned(1)
			live, edge := c.session(a), c.session(a)
			live.ExpiresAt, edge.ExpiresAt = t0.Add(µs), t0
			c.create(0, live, edge)
			const dead = 4
			for range dead {
				r := c.session(a)
				c.create(0, r)
				next := c.rotation(r)
				next.ExpiresAt = t0.Add(-µs)
				next.IssuedAt = t0.Add(-anHour)
				c.rotate(r, next)
			}
			t := c.token(a.Ref, passwd.PurposeReset, 0)
			t.IssuedAt, t.ExpiresAt = t0.Add(-anHour), t0.Add(-µs)
			c.issue(t)
			n, more, err := c.store.Purge(c.ctx, t0, 2)
			if n != 2 || !more || err != nil {
				c.errorf("Purge of 2 of %d: got %d, more %t, error %v", dead+1, n, more, err)
			}
			if n := c.purged(t0, 2); n != dead-1 {
				c.errorf("the rest: %d deleted, want %d", n, dead-1)
			}
			c.wantSessions("after Purge", live)
			if n := c.end(a.Ref, session.Filter{}); n != 2 {
				c.errorf("%d sessions are stored, want the 2 that had not expired before", n)
			}
		},
	}}
}

func sessionEpochChecks() []check {
	return []check{{
		name:   "sessions/epoch",
		guards: "I2, I5",
		rule:   "A raised epoch ends all sessions of the account, and no other's, in the same step.",
		run: func(c *checker) {
			a, b := c.pinned(1), c.pinned(2)
			theirs := c.created(b)
			for what, w := range map[string]func(passwd.Account) passwd.Write{
				"a new hash": func(a passwd.Account) passwd.Write { return replace(a, "new "+string(a.Hash)) },
				"Raise":      raise,
			} {
				a = c.get(a.Ref)
				first, second := c.created(a), c.created(a)
				spent := first
				first = c.rotate(first, c.rotation(first))
				c.apply(w(a))
				c.wantEnded("after "+what, first, second)
				c.wantNoSession("a spent token after "+what, refreshOf(spent), t0)
				_, err := c.sessions().RotateSession(c.ctx, c.rotation(first))
				c.want("RotateSession after "+what, err, passwd.ErrNotFound)
				if n := c.end(a.Ref, session.Filter{}); n != 0 {
					c.errorf("%d sessions are still stored after %s", n, what)
				}
			}
			c.wantSessions("of another account", theirs)
		},
	}, {
		name:   "sessions/keep",
		guards: "I2, I5, S2",
		rule:   "KeepSession gets the new epoch in the same step and stays as it is otherwise; all others end.",
		run: func(c *checker) {
			a := c.pinned(1)
			kept, other := c.created(a), c.created(a)
			spent := kept
			kept = c.rotate(kept, c.rotation(kept))
			for what, w := range map[string]func(passwd.Account) passwd.Write{
				"a new hash": func(a passwd.Account) passwd.Write { return replace(a, "new "+string(a.Hash)) },
				"Raise":      raise,
			} {
				write := w(c.get(a.Ref))
				write.KeepSession = kept.ID
				kept.Epoch = c.apply(write)
				c.wantSessions("after "+what, kept)
				c.wantEnded("after "+what, other)
				c.wantListed("after "+what, a.Ref, kept)
				other = c.created(c.get(a.Ref))
			}
			if _, _, err := c.sessions().FindSession(c.ctx, refreshOf(spent), t0); err != nil {
				c.errorf("a spent token of the session that was kept: error %v", err)
			}
			kept = c.rotate(kept, c.rotation(kept))
			c.wantSessions("rotated after that", kept)
		},
	}, {
		name:   "sessions/keep what is dead",
		guards: "I5",
		rule:   "KeepSession revives no session of an earlier epoch, and keeps none of another account.",
		run: func(c *checker) {
			a, b := c.pinned(1), c.pinned(2)
			mine, theirs := c.created(a), c.created(b)
			w := replace(a, "new")
			w.KeepSession = theirs.ID
			c.apply(w)
			c.wantEnded("after a change that keeps another account's", mine)
			c.wantSessions("after a change that keeps another account's", theirs)

			w = replace(c.get(a.Ref), "newer")
			w.KeepSession = mine.ID
			c.apply(w)
			c.wantEnded("after a change that keeps what is dead", mine)

			w = replace(c.get(a.Ref), "newest")
			w.KeepSession = "unknown"
			there := c.created(c.get(a.Ref))
			c.apply(w)
			c.wantEnded("after a change that keeps an unknown one", there)
		},
	}, {
		name:   "sessions/other writes",
		guards: "I2",
		rule:   "A write that does not raise the epoch, or that fails, ends no session; a rehash neither.",
		run: func(c *checker) {
			a := c.changed(1)
			r, other := c.created(a), c.created(a)
			token := c.token(a.Ref, passwd.PurposeReset, 0)
			c.apply(must(a, passwd.NoReason))
			conflict, invalid := replace(a, "late"), replace(a, "no token")
			conflict.IfHash, conflict.KeepSession = hash("of another"), r.ID
			invalid.Consume, invalid.KeepSession = &token.TokenRef, r.ID
			_, err := c.store.Apply(c.ctx, conflict)
			c.want("Apply that expects another hash", err, passwd.ErrConflict)
			_, err = c.store.Apply(c.ctx, invalid)
			c.want("Apply with an unknown token", err, passwd.ErrTokenInvalid)
			if done, err := c.store.Rehash(c.ctx, a.Ref, a.Hash, hash("better")); !done || err != nil {
				c.errorf("Rehash: got %t, error %v", done, err)
			}
			c.wantSessions("after that", r, other)
			c.wantListed("after that", a.Ref, r, other)
		},
	}}
}
