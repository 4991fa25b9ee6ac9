package storetest_test

import (
	"context"
	"errors"
	"hash/fnv"
	"net/netip"
	"sync"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/storetest"
)

// revived runs f while an account that the host has removed is there, as it was when it
// was last seen.
func revived(m *memstore.Store, a passwd.Account, f func()) {
	m.Set(a)
	f()
	m.Delete(a.Ref)
}

// seenAccounts remembers accounts: what a row that outlives the host's would hold.
type seenAccounts struct {
	mu sync.Mutex
	of map[passwd.Ref]passwd.Account
}

func remembering(b *broken) *seenAccounts {
	s := &seenAccounts{of: map[passwd.Ref]passwd.Account{}}
	b.get = func(ctx context.Context, m *memstore.Store, r passwd.Ref) (passwd.Account, error) {
		a, err := m.Get(ctx, r)
		if err == nil {
			s.mu.Lock()
			s.of[r] = a
			s.mu.Unlock()
		}
		return a, err
	}
	return s
}

func (s *seenAccounts) get(r passwd.Ref) (passwd.Account, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.of[r]
	return a, ok
}

// brokenRemovals get wrong what becomes of an account whose row the host removes.
var brokenRemovals = []brokenStore{{
	name: "nothing is forgotten of whom the host has removed",
	breaks: func(b *broken) {
		b.forget = func(ctx context.Context, m *memstore.Store, r passwd.Ref) error {
			if _, err := m.Get(ctx, r); errors.Is(err, passwd.ErrNotFound) {
				return nil
			}
			return m.Forget(ctx, r)
		}
	},
	found: found{"remove/then forget": "with the id of another account", "remove/sessions": "of before are still stored"},
}, {
	name: "forgetting whom the host has removed is an error",
	breaks: func(b *broken) {
		b.forget = func(ctx context.Context, m *memstore.Store, r passwd.Ref) error {
			if _, err := m.Get(ctx, r); err != nil {
				return err
			}
			return m.Forget(ctx, r)
		}
	},
	found: found{"remove/then forget": "Forget: passwd: not found"},
}, {
	name: "whom the host has removed is still written to",
	breaks: func(b *broken) {
		seen := remembering(b)
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (epoch int64, err error) {
			epoch, err = m.Apply(ctx, w)
			if a, ok := seen.get(w.Account); ok && errors.Is(err, passwd.ErrNotFound) {
				revived(m, a, func() { epoch, err = m.Apply(ctx, w) })
			}
			return epoch, err
		}
	},
	found: found{"remove/nobody": "want passwd: not found"},
}, {
	name: "whom the host has removed gets a token",
	breaks: func(b *broken) {
		seen := remembering(b)
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			err := m.Issue(ctx, t, maxLive, consume)
			if a, ok := seen.get(t.Account); ok && errors.Is(err, passwd.ErrNotFound) {
				revived(m, a, func() { err = m.Issue(ctx, t, maxLive, consume) })
			}
			return err
		}
	},
	found: found{"remove/nobody": "at epoch 0: got error <nil>"},
}, {
	name: "whom the host has removed has a history",
	breaks: func(b *broken) {
		seen := remembering(b)
		b.history = func(ctx context.Context, m *memstore.Store, r passwd.Ref, n int) (hashes []passwd.Hash, err error) {
			hashes, err = m.History(ctx, r, n)
			if a, ok := seen.get(r); ok && errors.Is(err, passwd.ErrNotFound) {
				revived(m, a, func() { hashes, err = m.History(ctx, r, n) })
			}
			return hashes, err
		}
	},
	found: found{"remove/nobody": "History of"},
}, {
	name: "the first epoch is made of the id",
	breaks: func(b *broken) {
		shift := func(r passwd.Ref, random int64) int64 {
			sum := fnv.New64a()
			sum.Write([]byte(r.Tenant + "\x00" + r.ID))
			return int64(sum.Sum64()>>12) - random
		}
		var mu sync.Mutex
		offset := map[passwd.Ref]int64{}
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			mu.Lock()
			defer mu.Unlock()
			off := offset[w.Account]
			if w.IfEpoch != 0 {
				w.IfEpoch -= off
			}
			epoch, err := m.Apply(ctx, w)
			if err == nil && w.IfEpoch == 0 {
				offset[w.Account] = shift(w.Account, epoch)
			}
			return epoch + offset[w.Account], err
		}
		b.get = func(ctx context.Context, m *memstore.Store, r passwd.Ref) (passwd.Account, error) {
			a, err := m.Get(ctx, r)
			mu.Lock()
			defer mu.Unlock()
			if a.Epoch != 0 {
				a.Epoch += offset[r]
			}
			return a, err
		}
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			mu.Lock()
			defer mu.Unlock()
			if t.Epoch != 0 {
				t.Epoch -= offset[t.Account]
			}
			return m.Issue(ctx, t, maxLive, consume)
		}
		b.forget = func(ctx context.Context, m *memstore.Store, r passwd.Ref) error {
			mu.Lock()
			defer mu.Unlock()
			err := m.Forget(ctx, r)
			if a, e := m.Get(ctx, r); e == nil {
				offset[r] = shift(r, a.Epoch)
			} else {
				delete(offset, r)
			}
			return err
		}
	},
	lacks: storetest.Lacks{Sessions: true},
	found: found{"forget/reused": "the epoch is"},
}}

// brokenSessionRemovals are brokenRemovals in what is about sessions, and what a column
// does to one.
var brokenSessionRemovals = []brokenSessionStore{{
	name: "a session outlives the row of its account",
	breaks: func(b *brokenSessions) {
		seen := remembering(&b.broken)
		b.lookup = func(ctx context.Context, m *memstore.Store, t session.TokenRef, now time.Time) (r session.Record, must passwd.Reason, err error) {
			r, must, err = m.FindSession(ctx, t, now)
			if !errors.Is(err, passwd.ErrNotFound) {
				return r, must, err
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, s := range b.seen {
				if a, ok := seen.get(s.Account); ok && (s.Access == t.Digest || s.Refresh == t.Digest) {
					if _, e := m.Get(ctx, s.Account); e != nil {
						revived(m, a, func() { r, must, err = m.FindSession(ctx, t, now) })
					}
				}
			}
			return r, must, err
		}
	},
	found: found{"remove/sessions": "removed: session 0"},
}, {
	name: "sessions of a removed account are not forgotten",
	breaks: func(b *brokenSessions) {
		b.forget = func(ctx context.Context, m *memstore.Store, r passwd.Ref) error {
			_, gone := m.Get(ctx, r)
			err := m.Forget(ctx, r)
			if gone == nil || err != nil {
				return err
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, s := range b.seen {
				if s.Account == r {
					b.left = append(b.left, s)
				}
			}
			return nil
		}
		b.end = func(ctx context.Context, m *memstore.Store, r passwd.Ref, f session.Filter) (int, error) {
			n, err := m.EndSessions(ctx, r, f)
			for _, s := range b.left {
				if s.Account == r && f.Selects(s.Session) {
					n++
				}
			}
			return n, err
		}
	},
	found: found{"remove/sessions": "of before are still stored"},
}, {
	name: "a cap ends what was used first, by UsedAt",
	breaks: func(b *brokenSessions) {
		b.create = capped(func(a, b session.Record) bool { return a.UsedAt.Before(b.UsedAt) })
	},
	found: found{"sessions/cap": "beyond the cap"},
}, {
	name: "a cap ends what was created first, by CreatedAt",
	breaks: func(b *brokenSessions) {
		b.create = capped(func(a, b session.Record) bool { return a.CreatedAt.Before(b.CreatedAt) })
	},
	found: found{"sessions/cap": "beyond the cap"},
}, {
	name: "a cap ends what expires first",
	breaks: func(b *brokenSessions) {
		b.create = capped(func(a, b session.Record) bool { return a.ExpiresAt.Before(b.ExpiresAt) })
	},
	found: found{"sessions/cap": "beyond the cap"},
}, {
	name:   "zones of addresses are lost",
	breaks: creating(func(r *session.Record) { r.Addr = r.Addr.WithZone("") }),
	found:  found{"sessions/whole": "Addr is"},
}, {
	name:   "IPv4 in IPv6 is unmapped",
	breaks: creating(func(r *session.Record) { r.Addr = r.Addr.Unmap() }),
	found:  found{"sessions/whole": "Addr is"},
}, {
	name: "addresses are cut at 15 bytes",
	breaks: creating(func(r *session.Record) {
		if r.Addr.IsValid() {
			r.Addr, _ = netip.ParseAddr(cut(r.Addr.String(), 15))
		}
	}),
	found: found{"sessions/whole": "Addr is"},
}, {
	name:   "user agents are cut at 255 bytes",
	breaks: creating(func(r *session.Record) { r.UserAgent = cut(r.UserAgent, 255) }),
	found:  found{"sessions/whole": "UserAgent is"},
}, {
	name:   "names of devices are cut at 128 bytes",
	breaks: creating(func(r *session.Record) { r.DeviceName = cut(r.DeviceName, 128) }),
	found:  found{"sessions/whole": "DeviceName is"},
}, {
	name:   "clients are cut at 64 bytes",
	breaks: creating(func(r *session.Record) { r.Client = cut(r.Client, 64) }),
	found:  found{"sessions/whole": "Client is"},
}, {
	name: "a rotation cuts the user agent",
	breaks: func(b *brokenSessions) {
		b.rotate = func(ctx context.Context, m *memstore.Store, r session.Rotation) (session.Record, error) {
			r.UserAgent = cut(r.UserAgent, 255)
			return m.RotateSession(ctx, r)
		}
	},
	found: found{"sessions/whole": "UserAgent is"},
}, {
	name: "clients are compared without case",
	breaks: func(b *brokenSessions) {
		b.create = func(ctx context.Context, m *memstore.Store, r session.Record, max int) error {
			for _, other := range mustList(ctx, m, r) {
				if passwd.Fold(other.Client) == passwd.Fold(r.Client) && other.Device == r.Device {
					m.EndSessions(ctx, r.Account, session.Filter{ID: other.ID})
				}
			}
			return m.CreateSession(ctx, r, max)
		}
	},
	found: found{"sessions/whole": "a session of another client was replaced"},
}, {
	name: "times of sessions are local ones",
	breaks: func(b *brokenSessions) {
		b.lookup = func(ctx context.Context, m *memstore.Store, t session.TokenRef, now time.Time) (session.Record, passwd.Reason, error) {
			r, must, err := m.FindSession(ctx, t, now)
			r.UsedAt = inUTCByName(r.UsedAt)
			return r, must, err
		}
	},
	found: found{"sessions/round trip": "not in UTC"},
}}

// creating stores sessions as a column has them.
func creating(as func(*session.Record)) func(*brokenSessions) {
	return func(b *brokenSessions) {
		b.create = func(ctx context.Context, m *memstore.Store, r session.Record, max int) error {
			as(&r)
			return m.CreateSession(ctx, r, max)
		}
	}
}

// capped ends the first of an account and client, by some order, before one more comes.
func capped(before func(a, b session.Record) bool) func(context.Context, *memstore.Store, session.Record, int) error {
	return func(ctx context.Context, m *memstore.Store, r session.Record, max int) error {
		for {
			var mine []session.Record
			for _, other := range mustList(ctx, m, r) {
				if other.Client == r.Client && other.Device != r.Device {
					mine = append(mine, other)
				}
			}
			if max == 0 || len(mine) < max {
				return m.CreateSession(ctx, r, 0)
			}
			first := mine[0]
			for _, other := range mine {
				if before(other, first) {
					first = other
				}
			}
			m.EndSessions(ctx, r.Account, session.Filter{ID: first.ID})
		}
	}
}
