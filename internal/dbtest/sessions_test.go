package dbtest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/sqlstore"
)

// opened is the nth session of an account, on a device of its own.
func opened(a passwd.Account, n int) session.Record {
	return session.Record{
		Session: session.Session{
			ID: fmt.Sprintf("0190b5a4-0000-7000-8000-%012x", n), Account: a.Ref, Epoch: a.Epoch,
			Client: "app", DeviceName: "phone", Addr: netip.MustParseAddr("192.0.2.1"), UserAgent: "agent",
			CreatedAt: t0, UsedAt: t0, ExpiresAt: t0.Add(30 * 24 * time.Hour),
		},
		Device: digest(2000 + n), Access: digest(3000 + n), Refresh: digest(4000 + n),
		IssuedAt: t0.Add(time.Duration(n) * time.Second), AccessUntil: t0.Add(time.Hour),
	}
}

// rotation replaces the tokens that the session was opened with.
func rotation(r session.Record, n int) session.Rotation {
	return session.Rotation{
		ID: r.ID, IfRefresh: r.Refresh, Access: digest(5000 + n), Refresh: digest(6000 + n),
		IssuedAt: t0.Add(time.Minute), AccessUntil: t0.Add(2 * time.Hour), ExpiresAt: t0.Add(30 * 24 * time.Hour), KeepSpent: 10,
	}
}

// openSessions opens two sessions; a refresh token of the first one is spent.
func openSessions(ctx context.Context, s session.Store, a passwd.Account) error {
	first := opened(a, 1)
	err := errors.Join(s.CreateSession(ctx, first, 10), s.CreateSession(ctx, opened(a, 2), 10))
	_, rotateErr := s.RotateSession(ctx, rotation(first, 1))
	return errors.Join(err, rotateErr)
}

// sessionOperations go on from openSessions.
func sessionOperations() []operation {
	return []operation{
		{"Apply/keep", true, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			w := replacement(a, "$test$second")
			w.KeepSession = opened(a, 1).ID
			_, err := s.Apply(ctx, w)
			return err
		}},
		{"CreateSession", true, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			return s.CreateSession(ctx, opened(a, 3), 2) // which ends the second
		}},
		{"RotateSession", true, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			next := rotation(opened(a, 2), 2)
			r, err := s.RotateSession(ctx, next)
			if err == nil && r.Refresh != next.Refresh {
				err = errors.New("not rotated")
			}
			return err
		}},
		{"RotateSession/reuse", true, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			_, err := s.RotateSession(ctx, rotation(opened(a, 1), 3))
			if err == session.ErrReused {
				return nil
			}
			return errors.Join(err, errors.New("no reuse"))
		}},
		{"TouchSession", false, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			return s.TouchSession(ctx, opened(a, 1).ID, t0.Add(time.Hour), t0.Add(48*time.Hour))
		}},
		{"EndSessions", false, "", func(ctx context.Context, s *sqlstore.Store, a passwd.Account) error {
			n, err := s.EndSessions(ctx, a.Ref, session.Filter{Except: opened(a, 1).ID})
			if err == nil && n != 1 {
				err = fmt.Errorf("%d ended", n)
			}
			return err
		}},
	}
}

// pin gives the account its first epoch.
func (h *host) pin(id string) passwd.Account {
	h.t.Helper()
	a := h.user(id)
	if _, err := h.store.Apply(h.t.Context(), passwd.Write{Account: a.Ref, IfHash: a.Hash, Now: t0}); err != nil {
		h.t.Fatal(err)
	}
	return h.get(a.Ref)
}

// In a host's transaction every write to sessions is made, or undone, with the rest.
func TestSessionsWithin(t *testing.T) {
	for _, s := range servers {
		for _, level := range []sql.IsolationLevel{sql.LevelReadCommitted, sql.LevelRepeatableRead} {
			if s == onSQLite && level != sql.LevelReadCommitted {
				continue
			}
			for _, commit := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/%v/commit %t", s.name, level, commit), func(t *testing.T) {
					t.Parallel()
					h := s.newHost(t, s.open(t), usual)
					if s == onSQLite {
						level = sql.LevelDefault
					}
					h.sessionsWithin(t, level, commit)
				})
			}
		}
	}
}

func (h *host) sessionsWithin(t *testing.T, level sql.IsolationLevel, commit bool) {
	ctx, a := t.Context(), h.pin("1")
	if err := openSessions(ctx, h.store, a); err != nil {
		t.Fatal(err)
	}
	list := func(s session.Store) string {
		all, err := s.ListSessions(ctx, a.Ref, t0)
		if err != nil {
			t.Fatal(err)
		}
		var ids strings.Builder
		for _, r := range all {
			fmt.Fprintf(&ids, "%s %x %d\n", r.ID, r.Refresh, r.Epoch)
		}
		return ids.String()
	}
	before := list(h.store)
	tx, err := h.begin(ctx, level)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.End(false) // after an end, this does nothing
	inside := tx.Store.(*sqlstore.Store)
	third := opened(a, 3)
	next := rotation(third, 3)
	if err := inside.CreateSession(ctx, third, 2); err != nil { // ends the second
		t.Fatal(err)
	}
	taken := opened(a, 4)
	taken.ID = third.ID
	if err := inside.CreateSession(ctx, taken, 0); err == nil { // leaves the transaction usable
		t.Error("CreateSession with an ID that is taken succeeded")
	}
	if _, err := inside.RotateSession(ctx, next); err != nil {
		t.Fatal(err)
	}
	if _, err := inside.RotateSession(ctx, rotation(opened(a, 1), 4)); err != session.ErrReused { // ends the first
		t.Fatal(err)
	}
	if err := inside.TouchSession(ctx, third.ID, t0.Add(time.Hour), t0.Add(48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	w := replacement(a, "$test$new")
	w.KeepSession = third.ID
	epoch, err := inside.Apply(ctx, w)
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := inside.FindSession(ctx, session.TokenRef{Kind: session.Refresh, Digest: third.Refresh}, t0) // spent
	if err != nil || r.ID != third.ID || r.Refresh != next.Refresh || r.Epoch != epoch || !r.UsedAt.Equal(t0.Add(time.Hour)) {
		t.Fatalf("found %+v, %v", r, err)
	}
	if err := tx.End(commit); err != nil {
		t.Fatal(err)
	}
	want := before
	if commit {
		want = fmt.Sprintf("%s %x %d\n", third.ID, next.Refresh, epoch)
	}
	if got := list(h.store); got != want {
		t.Errorf("sessions are\n%swant\n%s", got, want)
	}
	if n := column(t, h.db, "SELECT count(*) FROM passwd_session_spent"); n[0] != "1" {
		t.Errorf("%s spent tokens are left, want that of the one session refreshed", n[0])
	}
}

// A session that has ended leaves no row behind, however it ended (I7).
func TestSessionsLeaveNothing(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), usual)
			a, b := h.pin("1"), h.pin("2")
			for name, end := range map[string]func() error{
				"Apply": func() error { _, err := h.store.Apply(t.Context(), replacement(a, a.Hash+"*")); return err },
				"EndSessions": func() error {
					_, err := h.store.EndSessions(t.Context(), a.Ref, session.Filter{})
					return err
				},
				"Purge":  func() error { _, _, err := h.store.Purge(t.Context(), t0.Add(999*24*time.Hour), 100); return err },
				"Forget": func() error { return h.store.Forget(t.Context(), a.Ref) },
				"the host's removal, then EndSessions": func() error {
					h.exec("DELETE FROM users WHERE id = 1")
					_, err := h.store.EndSessions(t.Context(), a.Ref, session.Filter{})
					a = h.user("1")
					return err
				},
			} {
				if a = h.get(a.Ref); a.Epoch == 0 { // Forget leaves none
					a = h.pin("1")
				}
				if err := openSessions(t.Context(), h.store, a); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if err := end(); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				n := column(t, h.db, "SELECT count(*) FROM passwd_session UNION ALL SELECT count(*) FROM passwd_session_spent")
				if n[0] != "0" || n[1] != "0" {
					t.Errorf("%s: %v rows are left", name, n)
				}
			}
			if got := h.get(b.Ref); got.Epoch != b.Epoch {
				t.Errorf("another account has epoch %d, had %d", got.Epoch, b.Epoch)
			}
		})
	}
}

// useSessions calls every method about sessions once, in each of its ways.
func (h *host) useSessions(a passwd.Account) error {
	ctx, s := h.t.Context(), h.store
	if err := openSessions(ctx, s, a); err != nil {
		return err
	}
	first, second := opened(a, 1), opened(a, 2)
	for _, t := range []session.TokenRef{{Kind: session.Access, Digest: second.Access}, {Kind: session.Refresh, Digest: first.Refresh}} {
		if _, _, err := s.FindSession(ctx, t, t0); err != nil {
			return err
		}
	}
	next := rotation(second, 2)
	next.KeepSpent = 0
	if _, err := s.RotateSession(ctx, next); err != nil {
		return err
	}
	if err := s.TouchSession(ctx, first.ID, t0.Add(time.Hour), t0.Add(2*time.Hour)); err != nil {
		return err
	}
	if list, err := s.ListSessions(ctx, a.Ref, t0); err != nil || len(list) == 0 {
		return fmt.Errorf("%d listed: %w", len(list), err)
	}
	if _, err := s.RotateSession(ctx, rotation(first, 3)); err != session.ErrReused {
		return fmt.Errorf("reuse: %w", err)
	}
	_, err := s.EndSessions(ctx, a.Ref, session.Filter{ID: second.ID})
	return errors.Join(err, s.CreateSession(ctx, opened(a, 4), 1))
}

// A write in a host's transaction that has read before knows of sessions that were
// opened since, or another's sign-in would outlive the change.
func TestSessionsWithinAreCurrent(t *testing.T) {
	for _, test := range []struct {
		on    *server
		level sql.IsolationLevel
	}{{onPostgres, sql.LevelReadCommitted}, {onMariaDB, sql.LevelReadCommitted}, {onMariaDB, sql.LevelRepeatableRead}} {
		t.Run(test.on.name+"/"+test.level.String(), func(t *testing.T) {
			t.Parallel()
			h := test.on.newHost(t, test.on.open(t), usual)
			a := h.pin("1")
			for name, end := range map[string]func(*sqlstore.Store) error{
				"EndSessions": func(s *sqlstore.Store) error {
					_, err := s.EndSessions(t.Context(), a.Ref, session.Filter{})
					return err
				},
				"Apply": func(s *sqlstore.Store) error {
					_, err := s.Apply(t.Context(), replacement(a, a.Hash+"*"))
					return err
				},
			} {
				a = h.get(a.Ref)
				tx, err := h.begin(t.Context(), test.level)
				if err != nil {
					t.Fatal(err)
				}
				defer tx.End(false) // after a commit, this does nothing
				inside := tx.Store.(*sqlstore.Store)
				if list, err := inside.ListSessions(t.Context(), a.Ref, t0); err != nil || len(list) > 0 {
					t.Fatalf("%s: %d sessions before, %v", name, len(list), err)
				}
				if err := openSessions(t.Context(), h.store, a); err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(end(inside), tx.End(true)); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if n := column(t, h.db, "SELECT count(*) FROM passwd_session"); n[0] != "0" {
					t.Errorf("%s: %s sessions are left", name, n[0])
				}
			}
		})
	}
}

// The check of an access token is one statement where the types of ids allow it, and
// that uses the index of the host's table.
func TestSessionCheckIsOneStatement(t *testing.T) {
	for _, test := range []struct {
		on  *server
		ids sqlstore.IDType
	}{
		{onPostgres, sqlstore.BigInt}, {onPostgres, sqlstore.UUID}, {onPostgres, sqlstore.BinaryUUID},
		{onMariaDB, sqlstore.BigInt}, {onMariaDB, sqlstore.BinaryUUID},
	} {
		t.Run(fmt.Sprint(test.on.name, "/", test.ids), func(t *testing.T) {
			t.Parallel()
			u := usual
			u.IDType = test.ids
			db, r := test.on.recorded(t)
			h := test.on.newHost(t, db, u)
			test.on.fillUsers(h, 5000)
			u.Tenant = ""
			store := test.on.store(t, db, u)
			if err := store.Verify(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.steps = nil
			access := session.TokenRef{Kind: session.Access, Digest: passwd.Digest{31: 7}}
			found, _, err := store.FindSession(t.Context(), access, time.UnixMicro(0))
			if err != nil || found.ID != "session7" || found.Access != access.Digest {
				t.Fatalf("found %q, %v", found.ID, err)
			}
			if len(r.steps) != 1 {
				t.Fatalf("it took %d statements", len(r.steps))
			}
			of := r.steps[0]
			args := make([]any, len(of.args))
			for i, a := range of.args {
				args[i] = a.Value
			}
			if plan := test.on.explain(t, db, of.text, args); plan != "" {
				t.Errorf("%s\n%s", of.text, plan)
			}
		})
	}
}
