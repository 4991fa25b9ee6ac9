package storetest_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/storetest"
)

// reopen creates sessions anew, with the epoch that their account has now.
func reopen(ctx context.Context, m *memstore.Store, sessions []session.Record) {
	for _, r := range sessions {
		if a, err := m.Get(ctx, r.Account); err == nil {
			r.Epoch = a.Epoch
			m.CreateSession(ctx, r, 0)
		}
	}
}

// brokenSessionStore is one way to get the contract of sessions wrong.
type brokenSessionStore struct {
	name   string
	breaks func(*brokenSessions)
	found  found
	ids    func(int) string
}

// brokenSessionStores get sessions wrong.
var brokenSessionStores = []brokenSessionStore{{
	name: "a spent token is good by a clock before it was spent",
	breaks: func(b *brokenSessions) {
		b.rotate = func(ctx context.Context, m *memstore.Store, r session.Rotation) (session.Record, error) {
			now, _, err := m.FindSession(ctx, session.TokenRef{Kind: session.Refresh, Digest: r.IfRefresh}, r.IssuedAt)
			if err == nil && r.IssuedAt.Before(now.IssuedAt) {
				r.IfRefresh = now.Refresh
			}
			return m.RotateSession(ctx, r)
		}
	},
	found: found{"sessions/clock goes back": "by a clock before it was spent"},
}, {
	name: "a session is created whatever its epoch",
	breaks: func(b *brokenSessions) {
		b.create = func(ctx context.Context, m *memstore.Store, r session.Record, max int) error {
			if a, err := m.Get(ctx, r.Account); err == nil {
				r.Epoch = a.Epoch
			}
			return m.CreateSession(ctx, r, max)
		}
	},
	found: found{"sessions/create epoch": "want passwd: changed", "sessions/forget": "want passwd: changed"},
}, {
	name: "a device has any number of sessions",
	breaks: func(b *brokenSessions) {
		b.create = func(ctx context.Context, m *memstore.Store, r session.Record, max int) error {
			copy(r.Device[:], r.Access[:])
			return m.CreateSession(ctx, r, max)
		}
	},
	found: found{"sessions/one per device": "replaced: session 0", "race/create": "of one are left"},
}, {
	name: "a device has one session, whatever its client",
	breaks: func(b *brokenSessions) {
		b.create = func(ctx context.Context, m *memstore.Store, r session.Record, max int) error {
			err := m.CreateSession(ctx, r, max)
			for _, other := range mustList(ctx, m, r) {
				if err == nil && other.ID != r.ID && other.Device == r.Device {
					m.EndSessions(ctx, r.Account, session.Filter{ID: other.ID})
				}
			}
			return err
		}
	},
	found: found{"sessions/one per device": "of another device, client"},
}, {
	name: "no cap",
	breaks: func(b *brokenSessions) {
		b.create = func(ctx context.Context, m *memstore.Store, r session.Record, _ int) error {
			return m.CreateSession(ctx, r, 0)
		}
	},
	found: found{"sessions/cap": "beyond the cap", "race/create": "want 3 and 1"},
}, {
	name: "a cap that ends what was used first",
	breaks: func(b *brokenSessions) {
		b.create = func(ctx context.Context, m *memstore.Store, r session.Record, max int) error {
			var mine []session.Record
			for _, other := range mustList(ctx, m, r) {
				if other.Client == r.Client && other.Device != r.Device {
					mine = append(mine, other)
				}
			}
			if max > 0 && len(mine) >= max {
				m.EndSessions(ctx, r.Account, session.Filter{ID: mine[len(mine)-1].ID})
			}
			return m.CreateSession(ctx, r, max)
		}
	},
	found: found{"sessions/cap": ""},
}, {
	name: "a session has no end",
	breaks: func(b *brokenSessions) {
		b.lookup = func(ctx context.Context, m *memstore.Store, t session.TokenRef, _ time.Time) (session.Record, passwd.Reason, error) {
			return m.FindSession(ctx, t, time.Time{})
		}
	},
	found: found{"sessions/expiry": "after ExpiresAt, by the"},
}, {
	name: "an expired access token has no session",
	breaks: func(b *brokenSessions) {
		b.lookup = func(ctx context.Context, m *memstore.Store, t session.TokenRef, now time.Time) (session.Record, passwd.Reason, error) {
			r, must, err := m.FindSession(ctx, t, now)
			if err == nil && !now.Before(r.AccessUntil) {
				return session.Record{}, "", passwd.ErrNotFound
			}
			return r, must, err
		}
	},
	found: found{"sessions/expiry": "when the access token has expired"},
}, {
	name: "the kind of a token is not looked at",
	breaks: func(b *brokenSessions) {
		b.lookup = func(ctx context.Context, m *memstore.Store, t session.TokenRef, now time.Time) (session.Record, passwd.Reason, error) {
			if r, must, err := m.FindSession(ctx, session.TokenRef{Kind: session.Access, Digest: t.Digest}, now); err == nil {
				return r, must, nil
			}
			return m.FindSession(ctx, session.TokenRef{Kind: session.Refresh, Digest: t.Digest}, now)
		}
	},
	found: found{"sessions/unknown": "by a token of kind"},
}, {
	name: "nobody is told that the account must change its password",
	breaks: func(b *brokenSessions) {
		b.lookup = func(ctx context.Context, m *memstore.Store, t session.TokenRef, now time.Time) (session.Record, passwd.Reason, error) {
			r, _, err := m.FindSession(ctx, t, now)
			return r, "", err
		}
	},
	found: found{"sessions/account": `want "administrator"`},
}, {
	name: "sessions outlive the password in a cache",
	breaks: func(b *brokenSessions) {
		b.lookup = func(ctx context.Context, m *memstore.Store, t session.TokenRef, now time.Time) (session.Record, passwd.Reason, error) {
			r, must, err := m.FindSession(ctx, t, now)
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, cached := range b.seen {
				if errors.Is(err, passwd.ErrNotFound) && t == (session.TokenRef{Kind: session.Access, Digest: cached.Access}) {
					return cached, "", nil
				}
			}
			return r, must, err
		}
	},
	found: found{"sessions/epoch": "after a new hash", "sessions/end": "all: ", "race/create and replace": "after the change"},
}, {
	name: "a spent token is like an unknown one",
	breaks: func(b *brokenSessions) {
		b.rotate = func(ctx context.Context, m *memstore.Store, r session.Rotation) (session.Record, error) {
			r.KeepSpent = 0
			return m.RotateSession(ctx, r)
		}
	},
	found: found{"sessions/rotate": "by the spent token", "sessions/reuse": "used again", "race/rotate": "reported 0 times"},
}, {
	name: "reuse is reported and ends nothing",
	breaks: func(b *brokenSessions) {
		b.rotate = func(ctx context.Context, m *memstore.Store, r session.Rotation) (session.Record, error) {
			t := session.TokenRef{Kind: session.Refresh, Digest: r.IfRefresh}
			if there, _, err := m.FindSession(ctx, t, r.IssuedAt); err == nil && there.ID == r.ID && there.Refresh != r.IfRefresh {
				return there, session.ErrReused
			}
			return m.RotateSession(ctx, r)
		}
	},
	found: found{"sessions/reuse": "after the reuse", "race/rotate": ""},
}, {
	name: "no compare-and-swap on the refresh token",
	breaks: func(b *brokenSessions) {
		b.rotate = func(ctx context.Context, m *memstore.Store, r session.Rotation) (session.Record, error) {
			for {
				t := session.TokenRef{Kind: session.Refresh, Digest: r.IfRefresh}
				there, _, err := m.FindSession(ctx, t, r.IssuedAt)
				if err != nil || there.ID != r.ID {
					return m.RotateSession(ctx, r)
				}
				swapped := r
				swapped.IfRefresh = there.Refresh
				if got, err := m.RotateSession(ctx, swapped); !errors.Is(err, session.ErrReused) {
					return got, err
				}
			}
		}
	},
	found: found{"sessions/reuse": "used again", "race/rotate": "of 64 callers succeeded"},
}, {
	name: "any token of the account rotates",
	breaks: func(b *brokenSessions) {
		b.rotate = func(ctx context.Context, m *memstore.Store, r session.Rotation) (session.Record, error) {
			t := session.TokenRef{Kind: session.Refresh, Digest: r.IfRefresh}
			if there, _, err := m.FindSession(ctx, t, r.IssuedAt); err == nil {
				r.ID = there.ID
			}
			return m.RotateSession(ctx, r)
		}
	},
	found: found{"sessions/rotate refused": "another session"},
}, {
	name: "a spent token is kept too short a time",
	breaks: func(b *brokenSessions) {
		b.rotate = func(ctx context.Context, m *memstore.Store, r session.Rotation) (session.Record, error) {
			r.KeepSpent--
			return m.RotateSession(ctx, r)
		}
	},
	found: found{"sessions/spent kept": "by spent token 3"},
}, {
	name: "use is not noted",
	breaks: func(b *brokenSessions) {
		b.touch = func(context.Context, *memstore.Store, string, time.Time, time.Time) error { return nil }
	},
	found: found{"sessions/touch": "UsedAt is"},
}, {
	name: "use of an unknown session is an error",
	breaks: func(b *brokenSessions) {
		b.touch = func(ctx context.Context, m *memstore.Store, id string, used, expires time.Time) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			if _, known := b.seen[id]; !known {
				return passwd.ErrNotFound
			}
			return m.TouchSession(ctx, id, used, expires)
		}
	},
	found: found{"sessions/touch": "not found"},
}, {
	name: "the list is that used first",
	breaks: func(b *brokenSessions) {
		b.list = func(ctx context.Context, m *memstore.Store, r passwd.Ref, now time.Time) ([]session.Record, error) {
			list, err := m.ListSessions(ctx, r, now)
			slices.Reverse(list)
			return list, err
		}
	},
	found: found{"sessions/list": "session 0 of the list"},
}, {
	name: "what is dead is listed",
	breaks: func(b *brokenSessions) {
		b.list = func(ctx context.Context, m *memstore.Store, r passwd.Ref, _ time.Time) ([]session.Record, error) {
			return m.ListSessions(ctx, r, time.Time{})
		}
	},
	found: found{"sessions/expiry": "1 sessions are listed"},
}, {
	name: "the session to spare is not spared",
	breaks: func(b *brokenSessions) {
		b.end = func(ctx context.Context, m *memstore.Store, r passwd.Ref, f session.Filter) (int, error) {
			f.Except = ""
			return m.EndSessions(ctx, r, f)
		}
	},
	found: found{"sessions/end": "all but one"},
}, {
	name: "sessions are ended whatever their client",
	breaks: func(b *brokenSessions) {
		b.end = func(ctx context.Context, m *memstore.Store, r passwd.Ref, f session.Filter) (int, error) {
			f.Client = ""
			return m.EndSessions(ctx, r, f)
		}
	},
	found: found{"sessions/end": "of a client"},
}, {
	name: "sessions are ended whatever their account",
	breaks: func(b *brokenSessions) {
		b.end = func(ctx context.Context, m *memstore.Store, r passwd.Ref, f session.Filter) (int, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			if there, ok := b.seen[f.ID]; ok {
				r = there.Account
			}
			return m.EndSessions(ctx, r, f)
		}
	},
	found: found{"sessions/end": "one of another account", "sessions/same id in two tenants": "another tenant's session"},
}, {
	name: "a change ends no session",
	breaks: func(b *brokenSessions) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			open, _ := m.ListSessions(ctx, w.Account, w.Now)
			epoch, err := m.Apply(ctx, w)
			if err == nil {
				reopen(ctx, m, open)
			}
			return epoch, err
		}
	},
	found: found{"sessions/epoch": "after a new hash", "sessions/keep": "after a new hash: session 0"},
}, {
	name: "a change ends all sessions",
	breaks: func(b *brokenSessions) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			w.KeepSession = ""
			return m.Apply(ctx, w)
		}
	},
	found: found{"sessions/keep": "not found", "race/keep and rotate": ""},
}, {
	name: "the session that is kept has lost its spent tokens",
	breaks: func(b *brokenSessions) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			open, _ := m.ListSessions(ctx, w.Account, w.Now)
			keep := w.KeepSession
			w.KeepSession = ""
			epoch, err := m.Apply(ctx, w)
			for _, r := range open {
				if err == nil && r.ID == keep {
					reopen(ctx, m, []session.Record{r})
				}
			}
			return epoch, err
		}
	},
	found: found{"sessions/keep": "a spent token"},
}, {
	name: "what is to be kept is revived",
	breaks: func(b *brokenSessions) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			epoch, err := m.Apply(ctx, w)
			b.mu.Lock()
			defer b.mu.Unlock()
			if r, ok := b.seen[w.KeepSession]; ok && err == nil {
				reopen(ctx, m, []session.Record{r}) // refused if it is still there
			}
			return epoch, err
		}
	},
	found: found{"sessions/keep what is dead": "keeps what is dead"},
}, {
	name: "every write ends sessions",
	breaks: func(b *brokenSessions) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			epoch, err := m.Apply(ctx, w)
			if err == nil && w.NewHash == "" && !w.Raise {
				m.EndSessions(ctx, w.Account, session.Filter{})
			}
			return epoch, err
		}
	},
	found: found{"sessions/other writes": "not found"},
}, {
	name: "a write that fails ends sessions",
	breaks: func(b *brokenSessions) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			epoch, err := m.Apply(ctx, w)
			if errors.Is(err, passwd.ErrTokenInvalid) {
				m.EndSessions(ctx, w.Account, session.Filter{Except: w.KeepSession})
			}
			return epoch, err
		}
	},
	found: found{"sessions/other writes": "session 1"},
}, {
	name: "a forgotten account keeps its sessions",
	breaks: func(b *brokenSessions) {
		b.forget = func(ctx context.Context, m *memstore.Store, r passwd.Ref) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			err := m.Forget(ctx, r)
			if a, e := m.Get(ctx, r); e == nil {
				m.Apply(ctx, passwd.Write{Account: r, IfHash: a.Hash, IfMust: a.Must, Must: a.Must})
			}
			for _, s := range b.seen {
				if s.Account == r {
					reopen(ctx, m, []session.Record{s})
				}
			}
			return err
		}
	},
	found: found{"sessions/forget": "forgotten"},
}, {
	name: "what is live is purged",
	breaks: func(b *brokenSessions) {
		b.purge = func(ctx context.Context, m *memstore.Store, before time.Time, batch int) (int, bool, error) {
			return m.Purge(ctx, before.Add(time.Second), batch)
		}
	},
	found: found{"sessions/purge": "after Purge"},
}, {
	name: "a purge knows no batch",
	breaks: func(b *brokenSessions) {
		b.purge = func(ctx context.Context, m *memstore.Store, before time.Time, _ int) (int, bool, error) {
			return m.Purge(ctx, before, 1000)
		}
	},
	found: found{"sessions/purge": "Purge of 2 of 5"},
}, {
	name: "times are kept to the second",
	breaks: func(b *brokenSessions) {
		b.create = func(ctx context.Context, m *memstore.Store, r session.Record, max int) error {
			r.UsedAt, r.AccessUntil = r.UsedAt.Truncate(time.Second), r.AccessUntil.Truncate(time.Second)
			return m.CreateSession(ctx, r, max)
		}
	},
	found: found{"sessions/round trip": "UsedAt is"},
}}

func mustList(ctx context.Context, m *memstore.Store, like session.Record) []session.Record {
	list, err := m.ListSessions(ctx, like.Account, like.IssuedAt)
	if err != nil {
		panic(err)
	}
	return list
}

// Every method of session.Store has a case.
func TestEverySessionMethod(t *testing.T) {
	iface := reflect.TypeFor[session.Store]()
	for m := range iface.NumMethod() {
		name := iface.Method(m).Name
		t.Run(name, func(t *testing.T) {
			err := storetest.Check(fixture(func(m *memstore.Store) passwd.Store {
				return &brokenSessions{broken: broken{Store: m, fails: name}, seen: make(map[string]session.Record)}
			}))
			if err == nil || !strings.Contains(err.Error(), errFailing.Error()) {
				t.Errorf("a store whose %s fails is not found out: %v", name, err)
			}
		})
	}
}
