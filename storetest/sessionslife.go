package storetest

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

func sessionLifeChecks() []check {
	return []check{{
		name:   "sessions/round trip",
		guards: "I5, session.Store",
		rule:   "A session is found by either token, and listed, with all that it was created with.",
		run: func(c *checker) {
			a := c.pinned(1)
			full := c.session(a)
			full.CreatedAt, full.UsedAt, full.IssuedAt = t0.Add(-3*µs), t0.Add(-2*µs), t0.Add(-µs)
			full.AccessUntil, full.ExpiresAt = t0.Add(time.Second+µs), t0.Add(aDay+µs)
			bare := c.session(a)
			bare.Client, bare.DeviceName, bare.Addr, bare.UserAgent = "", "", netip.Addr{}, ""
			bare.UsedAt = t0.Add(-3 * µs)
			c.create(10, full, bare)
			c.wantSessions("as created", full, bare)
			c.wantListed("as created", a.Ref, full, bare)
			if got, must, err := c.sessions().FindSession(c.ctx, accessOf(full), t0); must != "" || err != nil {
				c.errorf("found %v, must %q, error %v", got.ID, must, err)
			}
		},
	}, {
		name:   "sessions/whole",
		guards: "I5, session.Session",
		rule:   "Texts of the longest lengths that package session lets through come back whole, and an address with its zone and family.",
		run: func(c *checker) {
			a := c.pinned(1)
			full := c.session(a)
			full.Client, full.DeviceName, full.UserAgent = strings.Repeat("c", 255), strings.Repeat("📱", 128), strings.Repeat("Ж", 256)
			c.create(0, full)
			all := []session.Record{full}
			for n, addr := range []string{"fe80::1%eth0", "::ffff:192.0.2.1", "192.0.2.1", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "::"} {
				r := c.session(a)
				r.Addr, r.UsedAt = netip.MustParseAddr(addr), t0.Add(-time.Duration(n+1)*time.Second)
				c.create(0, r)
				all = append(all, r)
			}
			c.wantSessions("as created", all...)
			c.wantListed("as created", a.Ref, all...)
			next := c.rotation(full)
			next.UserAgent, next.Addr = strings.Repeat("Я", 256), netip.MustParseAddr("fe80::2%wlan0")
			c.wantSessions("rotated", c.rotate(full, next))

			// Clients and devices that differ in their last letter, or its case, are two.
			for _, client := range []string{full.Client[:254] + "C", full.Client[:254] + "d", full.Client[:254], full.Client[:254] + " "} {
				r := c.session(a)
				r.Client, r.Device = client, full.Device
				c.create(1000, r)
			}
			if n := len(c.sessionsOf(a.Ref, t0)); n != len(all)+4 {
				c.errorf("%d sessions are left, want %d: a session of another client was replaced", n, len(all)+4)
			}
			if n := c.end(a.Ref, session.Filter{Client: full.Client}); n != 1 {
				c.errorf("%d sessions of a client were ended, want 1", n)
			}
		},
	}, {
		name:   "sessions/unknown",
		guards: "I5, session.Store, T6",
		rule:   "A token is known by its kind and digest together; an unknown one is ErrNotFound with the zero record.",
		run: func(c *checker) {
			r := c.created(c.pinned(1))
			for what, t := range map[string]session.TokenRef{
				"an unknown access token":        {Kind: session.Access, Digest: c.digest()},
				"an unknown refresh token":       {Kind: session.Refresh, Digest: c.digest()},
				"no token":                       {},
				"a zero digest":                  {Kind: session.Access},
				"an access token as refresh one": {Kind: session.Refresh, Digest: r.Access},
				"a refresh token as access one":  {Kind: session.Access, Digest: r.Refresh},
				"a token of no kind":             {Digest: r.Access},
			} {
				c.wantNoSession(what, t, t0)
			}
			c.wantSessions("after that", r)
		},
	}, {
		name:   "sessions/expiry",
		guards: "I5, S6",
		rule:   "A session is live a microsecond before ExpiresAt and dead at it, to every call; AccessUntil is for the caller to compare.",
		run: func(c *checker) {
			a := c.pinned(1)
			r := c.session(a)
			r.AccessUntil, r.ExpiresAt = t0.Add(-anHour), t0.Add(anHour)
			c.create(0, r)
			c.wantSessions("when the access token has expired", r)
			for _, at := range []struct {
				offset time.Duration
				live   bool
			}{{0, false}, {µs, false}, {aDay, false}, {-µs, true}} {
				now := r.ExpiresAt.Add(at.offset)
				for _, t := range []session.TokenRef{accessOf(r), refreshOf(r)} {
					if _, _, err := c.sessions().FindSession(c.ctx, t, now); (err == nil) != at.live {
						c.errorf("%v after ExpiresAt, by the %s token: error %v", at.offset, t.Kind, err)
					}
				}
				if n := len(c.sessionsOf(a.Ref, now)); (n == 1) != at.live {
					c.errorf("%v after ExpiresAt: %d sessions are listed", at.offset, n)
				}
				next := c.rotation(r)
				next.IssuedAt = now
				if _, err := c.sessions().RotateSession(c.ctx, next); (err == nil) != at.live {
					c.errorf("%v after ExpiresAt: RotateSession: error %v", at.offset, err)
				}
			}
		},
	}, {
		name:   "sessions/account",
		guards: "I5, F7",
		rule:   "A session is found with why its account must change its password; one of a closed or inactive account is not live.",
		run: func(c *checker) {
			a := c.pinned(1)
			r := c.created(a)
			for _, reason := range []passwd.Reason{passwd.Administrator, passwd.Compromised, passwd.NoReason} {
				c.apply(must(c.get(a.Ref), reason))
				for _, t := range []session.TokenRef{accessOf(r), refreshOf(r)} {
					if _, got, err := c.sessions().FindSession(c.ctx, t, t0); got != reason || err != nil {
						c.errorf("by the %s token: must %q, error %v, want %q", t.Kind, got, err, reason)
					}
				}
			}
			closed, inactive := c.account(1), c.account(1)
			closed.Disabled, inactive.Active = true, false
			for what, dead := range map[string]struct {
				account passwd.Account
				lacking bool
			}{"closed": {closed, c.Lacks.Disabled}, "not active": {inactive, c.Lacks.Active}} {
				if dead.lacking {
					continue
				}
				c.seed(dead.account)
				c.wantEnded("while the account is "+what, r)
				_, err := c.sessions().RotateSession(c.ctx, c.rotation(r))
				c.want("RotateSession while the account is "+what, err, passwd.ErrNotFound)
				c.seed(c.account(1))
				c.wantSessions("after the account was "+what, r)
			}
		},
	}, {
		name:   "sessions/touch",
		guards: "I5, S6",
		rule:   "TouchSession moves UsedAt and ExpiresAt, never back, and nothing else; an unknown session is not an error.",
		run: func(c *checker) {
			a := c.pinned(1)
			r, other := c.created(a), c.created(a)
			touch := func(id string, used time.Time, lives time.Duration) {
				c.want("TouchSession", c.sessions().TouchSession(c.ctx, id, used, used.Add(lives)), nil)
			}
			touch(r.ID, t0, 2*aDay) // not later: the first one counts
			touch(r.ID, t0.Add(-anHour), 2*aDay)
			c.wantSessions("touched, but not later", r)
			touch(r.ID, t0.Add(anHour+µs), 3*aDay+µs)
			r.UsedAt, r.ExpiresAt = t0.Add(anHour+µs), t0.Add(anHour+3*aDay+2*µs)
			touch(r.ID, t0.Add(anHour), aDay)
			touch(c.session(a).ID, t0.Add(aDay), aDay)
			c.wantSessions("touched", r, other)
			c.wantListed("touched", a.Ref, r, other)
		},
	}, {
		name:   "sessions/list",
		guards: "I9, session.Store",
		rule:   "ListSessions is that of one account, the one used last first, and of nobody's it is empty.",
		run: func(c *checker) {
			a, b := c.pinned(1), c.pinned(2)
			var mine []session.Record
			for _, used := range []time.Duration{-2, 0, -1, 0} {
				r := c.session(a)
				r.UsedAt = t0.Add(used * time.Second)
				c.create(0, r)
				mine = append(mine, r)
			}
			theirs := c.created(b)
			c.wantListed("of the account", a.Ref, mine[1], mine[3], mine[2], mine[0])
			c.wantListed("of another account", b.Ref, theirs)
			for _, r := range []passwd.Ref{c.ref(3), {Tenant: a.Ref.Tenant, ID: "no id\x00"}, {}} {
				c.wantListed("of nobody", r)
			}
		},
	}, {
		name:   "sessions/cancelled",
		guards: "I2",
		rule:   "A call whose context has ended returns its error and changes nothing.",
		run: func(c *checker) {
			a := c.pinned(1)
			r, next := c.created(a), c.session(a)
			next.Device = r.Device
			ended, cancel := context.WithCancel(c.ctx)
			cancel()
			s := c.sessions()
			for what, call := range map[string]func() error{
				"CreateSession": func() error { return s.CreateSession(ended, next, 1) },
				"FindSession":   func() error { _, _, err := s.FindSession(ended, accessOf(r), t0); return err },
				"RotateSession": func() error { _, err := s.RotateSession(ended, c.rotation(r)); return err },
				"TouchSession":  func() error { return s.TouchSession(ended, r.ID, t0.Add(anHour), t0.Add(2*anHour)) },
				"ListSessions":  func() error { _, err := s.ListSessions(ended, a.Ref, t0); return err },
				"EndSessions":   func() error { _, err := s.EndSessions(ended, a.Ref, session.Filter{}); return err },
			} {
				c.want(what+" with a cancelled context", call(), context.Canceled)
			}
			c.wantListed("after that", a.Ref, r)
			c.wantSessions("after that", r)
			c.wantEnded("after that", next)
		},
	}}
}
