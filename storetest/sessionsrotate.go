package storetest

import (
	"errors"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

func sessionRotateChecks() []check {
	return []check{{
		name:   "sessions/rotate",
		guards: "I4, session.Store",
		rule:   "RotateSession replaces both tokens and returns the session; the old access token finds nothing, the spent refresh token still does.",
		run: func(c *checker) {
			a := c.pinned(1)
			first, other := c.created(a), c.created(a)
			next := c.rotation(first)
			want := rotated(first, next)
			got, err := c.sessions().RotateSession(c.ctx, next)
			c.want("RotateSession", err, nil)
			if d := sessionDiff(got, want); d != "" {
				c.errorf("what RotateSession returned: %s", d)
			}
			c.wantSessions("after the rotation", want, other)
			c.wantListed("after the rotation", a.Ref, want, other)
			c.wantNoSession("by the replaced access token", accessOf(first), t0)
			spent, _, err := c.sessions().FindSession(c.ctx, refreshOf(first), t0)
			c.want("FindSession by the spent token", err, nil)
			if d := sessionDiff(spent, want); d != "" {
				c.errorf("by the spent token: %s", d)
			}
			third := c.rotation(want)
			third.IssuedAt = next.IssuedAt.Add(time.Minute)
			c.wantSessions("after another rotation", c.rotate(want, third), other)
		},
	}, {
		name:   "sessions/clock goes back",
		guards: "I4, I5",
		rule:   "A clock that goes back revives no token that was replaced, and no session that has ended.",
		run: func(c *checker) {
			a := c.pinned(1)
			ended, first := c.created(a), c.created(a)
			next := c.rotation(first)
			next.IssuedAt = t0.Add(10 * time.Minute)
			newest := c.rotate(first, next)
			c.end(a.Ref, session.Filter{ID: ended.ID})
			for _, earlier := range []time.Time{t0.Add(5 * time.Minute), t0, t0.Add(-5 * time.Minute)} {
				c.wantNoSession("by a replaced access token", accessOf(first), earlier)
				c.wantNoSession("one that has ended", accessOf(ended), earlier)
				c.wantNoSession("one that has ended", refreshOf(ended), earlier)
			}
			again := c.rotation(first)
			again.IssuedAt = t0.Add(-5 * time.Minute)
			_, err := c.sessions().RotateSession(c.ctx, again)
			c.want("RotateSession with a spent token, by a clock before it was spent", err, session.ErrReused)
			c.wantEnded("after the reuse", newest, rotated(newest, again))
		},
	}, {
		name:   "sessions/reuse",
		guards: "I4, I5, RFC 9700 4.14.2",
		rule:   "A spent refresh token ends its session in the same step, however long ago it was spent, and no other session.",
		run: func(c *checker) {
			a := c.pinned(1)
			other := c.created(a)
			for uses := 1; uses <= 3; uses++ {
				family := []session.Record{c.created(a)}
				for i := range uses {
					family = append(family, c.rotate(family[i], c.rotation(family[i])))
				}
				newest := family[uses]
				stolen := c.rotation(family[0])
				got, err := c.sessions().RotateSession(c.ctx, stolen)
				c.want("RotateSession with a spent token", err, session.ErrReused)
				if d := sessionDiff(got, newest); d != "" {
					c.errorf("the session that ended: %s", d)
				}
				c.wantEnded("after the reuse", append(family, rotated(newest, stolen))...)
				for _, r := range family {
					_, err := c.sessions().RotateSession(c.ctx, c.rotation(r))
					c.want("RotateSession after the end", err, passwd.ErrNotFound)
					if errors.Is(err, session.ErrReused) {
						c.errorf("the end is reported twice")
					}
				}
			}
			c.wantListed("after that", a.Ref, other)
			c.wantSessions("after that", other)
		},
	}, {
		name:   "sessions/rotate refused",
		guards: "I2, I4, session.Store",
		rule:   "RotateSession with a token that never was the session's is ErrNotFound with the zero record, and changes nothing.",
		run: func(c *checker) {
			a := c.pinned(1)
			r, other := c.created(a), c.created(a)
			spent := other
			other = c.rotate(other, c.rotation(other))
			for what, spoil := range map[string]func(*session.Rotation){
				"an unknown token":                 func(n *session.Rotation) { n.IfRefresh = c.digest() },
				"no token":                         func(n *session.Rotation) { n.IfRefresh = passwd.Digest{} },
				"the access token":                 func(n *session.Rotation) { n.IfRefresh = r.Access },
				"another session's token":          func(n *session.Rotation) { n.IfRefresh = other.Refresh },
				"another session's spent token":    func(n *session.Rotation) { n.IfRefresh = spent.Refresh },
				"an unknown session":               func(n *session.Rotation) { n.ID = c.session(a).ID },
				"no session":                       func(n *session.Rotation) { n.ID = "" },
				"another session, with this token": func(n *session.Rotation) { n.ID = other.ID },
			} {
				next := c.rotation(r)
				spoil(&next)
				got, err := c.sessions().RotateSession(c.ctx, next)
				c.want("RotateSession with "+what, err, passwd.ErrNotFound)
				if got != (session.Record{}) {
					c.errorf("RotateSession with %s returned a session", what)
				}
				c.wantSessions("after "+what, r, other)
				c.wantNoSession("the tokens of "+what, session.TokenRef{Kind: session.Access, Digest: next.Access}, t0)
			}
		},
	}, {
		name:   "sessions/spent kept",
		guards: "I8",
		rule:   "The KeepSpent newest spent tokens of a session are recognised; older ones may be forgotten.",
		run: func(c *checker) {
			a := c.pinned(1)
			const keep = 3
			family := []session.Record{c.created(a)}
			for i := range 2 * keep {
				next := c.rotation(family[i])
				next.KeepSpent = keep
				family = append(family, c.rotate(family[i], next))
			}
			newest := family[2*keep]
			for i, r := range family[keep : 2*keep] {
				got, _, err := c.sessions().FindSession(c.ctx, refreshOf(r), t0)
				if d := sessionDiff(got, newest); d != "" || err != nil {
					c.errorf("by spent token %d: error %v, %s", keep+i, err, d)
				}
			}
			_, err := c.sessions().RotateSession(c.ctx, c.rotation(family[0]))
			if !errors.Is(err, passwd.ErrNotFound) && !errors.Is(err, session.ErrReused) {
				c.errorf("RotateSession with the oldest spent token: error %v", err)
			}
			if err != nil && errors.Is(err, passwd.ErrNotFound) {
				c.wantSessions("after a forgotten token", newest)
				_, err = c.sessions().RotateSession(c.ctx, c.rotation(family[keep]))
				c.want("RotateSession with the oldest token that is kept", err, session.ErrReused)
			}
			c.wantEnded("after the reuse", newest)
		},
	}}
}
