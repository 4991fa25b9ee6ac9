package storetest

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

// sessionChecks are about a store that is a session.Store as well.
func sessionChecks() []check {
	return append(serialSessionChecks(), needingSessions(sessionRaces())...)
}

// serialSessionChecks are those that need one goroutine.
func serialSessionChecks() []check {
	return needingSessions(slices.Concat(
		sessionLifeChecks(),
		sessionCreateChecks(),
		sessionRotateChecks(),
		sessionEndChecks(),
		sessionEpochChecks(),
	))
}

func hasSessions(f Fixture) bool { return !f.Lacks.Sessions }

func needingSessions(checks []check) []check {
	for i := range checks {
		also := checks[i].needs
		checks[i].needs = func(f Fixture) bool { return hasSessions(f) && (also == nil || also(f)) }
	}
	return checks
}

// sessions returns the store as one of sessions.
func (c *checker) sessions() session.Store {
	s, ok := c.store.(session.Store)
	if !ok {
		c.fatalf("the store is no session.Store: say so in Fixture.Lacks")
	}
	return s
}

const (
	anHour = time.Hour
	aDay   = 24 * time.Hour
)

// session returns a record, not created yet, of a device of its own: it lives for
// a day from t0, and its access token for an hour.
func (c *checker) session(a passwd.Account) session.Record {
	c.sessions() // ends the case here, and not in its goroutines
	r := session.Record{
		Session: session.Session{
			ID: c.job("", t0).ID, Account: a.Ref, Epoch: a.Epoch,
			Client: "app", DeviceName: "Ada's \"phone\" ✆", Addr: netip.MustParseAddr("2001:db8::1"), UserAgent: "agent/1.0",
			CreatedAt: t0, UsedAt: t0, ExpiresAt: t0.Add(aDay),
		},
		Access: c.digest(), Refresh: c.digest(), IssuedAt: t0, AccessUntil: t0.Add(anHour),
	}
	r.Device = c.digest()
	return r
}

// created is session, created.
func (c *checker) created(a passwd.Account) session.Record {
	r := c.session(a)
	c.create(0, r)
	return r
}

func (c *checker) create(max int, records ...session.Record) {
	for _, r := range records {
		if err := c.sessions().CreateSession(c.ctx, r, max); err != nil {
			c.fatalf("CreateSession: %v", err)
		}
	}
}

// rotation returns the next pair of tokens, a minute after t0.
func (c *checker) rotation(r session.Record) session.Rotation {
	at := t0.Add(time.Minute)
	return session.Rotation{
		ID: r.ID, IfRefresh: r.Refresh, Access: c.digest(), Refresh: c.digest(),
		IssuedAt: at, AccessUntil: at.Add(anHour), ExpiresAt: at.Add(aDay),
		Addr: netip.MustParseAddr("192.0.2.7"), UserAgent: "agent/2.0", KeepSpent: 10,
	}
}

// rotate makes a rotation and returns what the session should be after it.
func (c *checker) rotate(r session.Record, next session.Rotation) session.Record {
	if _, err := c.sessions().RotateSession(c.ctx, next); err != nil {
		c.fatalf("RotateSession: %v", err)
	}
	return rotated(r, next)
}

func rotated(r session.Record, next session.Rotation) session.Record {
	r.Access, r.Refresh, r.IssuedAt, r.AccessUntil = next.Access, next.Refresh, next.IssuedAt, next.AccessUntil
	r.UsedAt, r.ExpiresAt, r.Addr, r.UserAgent = next.IssuedAt, next.ExpiresAt, next.Addr, next.UserAgent
	return r
}

func accessOf(r session.Record) session.TokenRef {
	return session.TokenRef{Kind: session.Access, Digest: r.Access}
}

func refreshOf(r session.Record) session.TokenRef {
	return session.TokenRef{Kind: session.Refresh, Digest: r.Refresh}
}

// wantSessions notes a failure unless each session is found by both its tokens,
// with all that it has.
func (c *checker) wantSessions(when string, records ...session.Record) {
	for i, want := range records {
		for _, t := range []session.TokenRef{accessOf(want), refreshOf(want)} {
			got, _, err := c.sessions().FindSession(c.ctx, t, t0)
			if err != nil {
				c.errorf("%s: session %d, by its %s token: error %v", when, i, t.Kind, err)
			} else if d := sessionDiff(got, want); d != "" {
				c.errorf("%s: session %d, by its %s token: %s", when, i, t.Kind, d)
			}
		}
	}
}

// wantEnded notes a failure unless none of the sessions is found or listed.
func (c *checker) wantEnded(when string, records ...session.Record) {
	for i, r := range records {
		for _, t := range []session.TokenRef{accessOf(r), refreshOf(r)} {
			c.wantNoSession(fmt.Sprintf("%s: session %d", when, i), t, t0)
		}
		for _, listed := range c.sessionsOf(r.Account, t0) {
			if listed.ID == r.ID {
				c.errorf("%s: session %d is listed", when, i)
			}
		}
	}
}

func (c *checker) wantNoSession(what string, t session.TokenRef, now time.Time) {
	got, must, err := c.sessions().FindSession(c.ctx, t, now)
	c.want(what+", by a token of kind "+string(t.Kind), err, passwd.ErrNotFound)
	if got != (session.Record{}) || must != "" {
		c.errorf("%s: not found, and yet returned", what)
	}
}

func (c *checker) sessionsOf(r passwd.Ref, now time.Time) []session.Record {
	list, err := c.sessions().ListSessions(c.ctx, r, now)
	if err != nil {
		c.fatalf("ListSessions: %v", err)
	}
	return list
}

// wantListed notes a failure unless the account has these live sessions at t0, in
// this order.
func (c *checker) wantListed(when string, r passwd.Ref, want ...session.Record) {
	got := c.sessionsOf(r, t0)
	if len(got) != len(want) {
		c.errorf("%s: %d sessions are listed, want %d", when, len(got), len(want))
		return
	}
	for i := range want {
		if d := sessionDiff(got[i], want[i]); d != "" {
			c.errorf("%s: session %d of the list: %s", when, i, d)
		}
	}
}

func (c *checker) end(r passwd.Ref, f session.Filter) int {
	n, err := c.sessions().EndSessions(c.ctx, r, f)
	if err != nil {
		c.fatalf("EndSessions: %v", err)
	}
	return n
}

func sessionDiff(got, want session.Record) string {
	var d diff
	d.field("ID", got.ID, want.ID)
	d.field("Account", got.Account, want.Account)
	d.field("Epoch", got.Epoch, want.Epoch)
	d.field("Client", got.Client, want.Client)
	d.field("Device", got.Device, want.Device)
	d.field("DeviceName", got.DeviceName, want.DeviceName)
	d.field("Addr", got.Addr, want.Addr)
	d.field("UserAgent", got.UserAgent, want.UserAgent)
	d.field("Access", got.Access, want.Access)
	d.field("Refresh", got.Refresh, want.Refresh)
	d.time("CreatedAt", got.CreatedAt, want.CreatedAt)
	d.time("IssuedAt", got.IssuedAt, want.IssuedAt)
	d.time("AccessUntil", got.AccessUntil, want.AccessUntil)
	d.time("UsedAt", got.UsedAt, want.UsedAt)
	d.time("ExpiresAt", got.ExpiresAt, want.ExpiresAt)
	return d.String()
}
