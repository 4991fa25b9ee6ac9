package storetest_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/session"
)

// meetings are where the processes of a database meet, between a look and what each of
// them does upon it.
var meetings sync.Map // of *meeting by *memstore.Store

type meeting struct {
	mu      sync.Mutex
	waiting chan struct{}
}

// linger returns when another caller lingers as well, so that both have looked before
// either goes on, or after a while.
func linger(m *memstore.Store) {
	at, _ := meetings.LoadOrStore(m, new(meeting))
	at.(*meeting).meet()
}

func (m *meeting) meet() {
	m.mu.Lock()
	if m.waiting != nil {
		close(m.waiting)
		m.waiting = nil
		m.mu.Unlock()
		return
	}
	met := make(chan struct{})
	m.waiting = met
	m.mu.Unlock()
	select {
	case <-met:
	case <-time.After(100 * time.Millisecond):
		m.mu.Lock()
		if m.waiting == met {
			m.waiting = nil
		}
		m.mu.Unlock()
	}
}

// overtaken returns when somebody has written to the account since it was read, or after
// a while.
func overtaken(ctx context.Context, m *memstore.Store, a passwd.Account) {
	for range 200 {
		if now, err := m.Get(ctx, a.Ref); err != nil || now.Hash != a.Hash || now.Epoch != a.Epoch {
			return
		}
		time.Sleep(20 * time.Microsecond)
	}
}

// late is an Apply that lets others look first.
func late(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
	time.Sleep(time.Millisecond)
	return m.Apply(ctx, w)
}

// lateIssue is an Issue that lets others look first.
func lateIssue(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
	time.Sleep(time.Millisecond)
	return m.Issue(ctx, t, maxLive, consume)
}

// force makes a write whatever has become of the account since it was read.
func force(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
	return ignoring(true, true)(ctx, m, w)
}

// brokenProcesses are right in one process, and wrong as soon as there are two: what
// guards or remembers is their own. Each handle of the suite's is a process here.
var brokenProcesses = []brokenStore{{
	name: "a write is compared under a mutex of the process",
	breaks: func(b *broken) {
		var mu sync.Mutex
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			mu.Lock()
			defer mu.Unlock()
			a, err := m.Get(ctx, w.Account)
			if err != nil || a.Hash != w.IfHash || a.Epoch != w.IfEpoch || a.Must != w.IfMust {
				return m.Apply(ctx, w)
			}
			linger(m)
			return force(ctx, m, w)
		}
	},
	found: found{"race/compare and swap": "callers succeeded, want exactly 1", "race/first epoch": "callers succeeded"},
}, {
	name: "a token is checked under a mutex of the process",
	breaks: func(b *broken) {
		var mu sync.Mutex
		b.issue = lateIssue
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			mu.Lock()
			defer mu.Unlock()
			if w.Consume != nil {
				if t, err := m.Peek(ctx, *w.Consume, w.Now); err == nil && t.Account == w.Account {
					linger(m)
					return unchecked(ctx, m, w)
				}
			}
			return m.Apply(ctx, w)
		}
	},
	found: found{"race/one token alone": "callers succeeded, want exactly 1", "race/code and write": "callers succeeded, want exactly 1"},
}, {
	name: "a token is checked before the account is locked",
	breaks: func(b *broken) {
		b.issue = lateIssue
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			if w.Consume != nil {
				if t, err := m.Peek(ctx, *w.Consume, w.Now); err == nil && t.Account == w.Account {
					linger(m)
					return unchecked(ctx, m, w)
				}
			}
			return m.Apply(ctx, w)
		}
	},
	found: found{"race/one token alone": "callers succeeded, want exactly 1", "race/code and write": "callers succeeded, want exactly 1"},
}, {
	name: "an epoch is compared before the account is locked",
	breaks: func(b *broken) {
		b.apply = late
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			a, err := m.Get(ctx, t.Account)
			if err != nil || t.Epoch == 0 || t.Epoch != a.Epoch {
				return m.Issue(ctx, t, maxLive, consume)
			}
			overtaken(ctx, m, a)
			if a, err = m.Get(ctx, t.Account); err == nil {
				t.Epoch = a.Epoch
			}
			return m.Issue(ctx, t, maxLive, consume)
		}
	},
	found: found{"race/issue and replace": "after the change"},
}, {
	name: "attempts are counted under a mutex of the process",
	breaks: func(b *broken) {
		var mu sync.Mutex
		b.attempt = func(ctx context.Context, m *memstore.Store, ref passwd.TokenRef, max int, now time.Time) (passwd.TokenRecord, error) {
			mu.Lock()
			defer mu.Unlock()
			t, err := m.Peek(ctx, ref, now)
			if err != nil || t.Attempts >= max {
				return m.Attempt(ctx, ref, max, now)
			}
			linger(m)
			return m.Attempt(ctx, ref, 1000, now)
		}
	},
	found: found{"race/attempts": "attempts succeeded, want 5"},
}, {
	name: "attempts are counted by the process",
	breaks: func(b *broken) {
		var mu sync.Mutex
		counts := map[passwd.TokenRef]int{}
		b.attempt = func(ctx context.Context, m *memstore.Store, ref passwd.TokenRef, max int, now time.Time) (passwd.TokenRecord, error) {
			mu.Lock()
			defer mu.Unlock()
			t, err := m.Peek(ctx, ref, now)
			if err == nil && counts[ref] >= max {
				err = passwd.ErrTokenInvalid
			}
			if err == nil {
				counts[ref]++
			}
			t.Attempts = counts[ref]
			return t, err
		}
	},
	found: found{"handles/tokens": "attempt 2: counted as 1", "race/attempts": "attempts succeeded, want 5"},
}, {
	name: "a quota is kept under a mutex of the process",
	breaks: func(b *broken) {
		var mu sync.Mutex
		var mine []passwd.TokenRecord
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			mu.Lock()
			defer mu.Unlock()
			live := 0
			for _, other := range mine {
				if _, err := m.Peek(ctx, other.TokenRef, t.IssuedAt); err == nil && other.Account == t.Account && other.Purpose == t.Purpose {
					live++
				}
			}
			if maxLive > 0 && live >= maxLive {
				return passwd.ErrTooManyTokens
			}
			err := m.Issue(ctx, t, 0, consume)
			if err == nil {
				mine = append(mine, t)
			}
			return err
		}
	},
	found: found{"race/quota": "tokens are live, want 3"},
}, {
	name: "issuing again is seen by the process alone",
	breaks: func(b *broken) {
		var mu sync.Mutex
		mine := map[passwd.TokenRef]bool{}
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			mu.Lock()
			defer mu.Unlock()
			if r, _ := m.Peek(ctx, t.TokenRef, t.IssuedAt); r.TokenRef == t.TokenRef && !mine[t.TokenRef] {
				return errors.New("UNIQUE constraint failed")
			}
			mine[t.TokenRef] = true
			return m.Issue(ctx, t, maxLive, consume)
		}
	},
	found: found{"race/issue again": "UNIQUE"},
}, {
	name: "a rehash is compared under a mutex of the process",
	breaks: func(b *broken) {
		var mu sync.Mutex
		b.rehash = func(ctx context.Context, m *memstore.Store, r passwd.Ref, old, new passwd.Hash) (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			a, err := m.Get(ctx, r)
			if err != nil || a.Hash != old {
				return m.Rehash(ctx, r, old, new)
			}
			overtaken(ctx, m, a)
			err = m.Update(r, func(a *passwd.Account) { a.Hash = new })
			return err == nil, err
		}
		b.apply = late
	},
	found: found{"race/rehash and replace": ""},
}, {
	name: "a lease is known to the process alone",
	breaks: func(b *broken) {
		var mu sync.Mutex
		until := map[string]time.Time{}
		b.claim = func(ctx context.Context, m *memstore.Store, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
			mu.Lock()
			defer mu.Unlock()
			jobs, err := m.Claim(ctx, 1000, 0, now)
			var free []passwd.Job
			for _, j := range jobs {
				if len(free) < n && !until[j.ID].After(now) {
					until[j.ID] = now.Add(lease)
					free = append(free, j)
				}
			}
			return free, err
		}
		b.retry = func(ctx context.Context, m *memstore.Store, id string, at time.Time) error {
			mu.Lock()
			defer mu.Unlock()
			delete(until, id)
			return m.Retry(ctx, id, at)
		}
	},
	found: found{"handles/queue": "leased to another handle", "queue/claimers at once": "all claimers"},
}, {
	name: "a key absorbs what the same process puts",
	breaks: func(b *broken) {
		var mu sync.Mutex
		mine := map[string]bool{}
		b.put = func(ctx context.Context, m *memstore.Store, j passwd.Job) error {
			mu.Lock()
			defer mu.Unlock()
			if !mine[j.Key] {
				mine[j.Key], j.Key = true, ""
			}
			return m.Put(ctx, j)
		}
	},
	found: found{"queue/absorb at once": "jobs are in the queue, want 1"},
}, {
	name: "accounts are cached by the process",
	breaks: func(b *broken) {
		var mu sync.Mutex
		cached := map[passwd.Ref]passwd.Account{}
		forgetting := func(r passwd.Ref) {
			mu.Lock()
			defer mu.Unlock()
			delete(cached, r)
		}
		b.get = func(ctx context.Context, m *memstore.Store, r passwd.Ref) (passwd.Account, error) {
			mu.Lock()
			defer mu.Unlock()
			if a, ok := cached[r]; ok {
				return a, nil
			}
			a, err := m.Get(ctx, r)
			if err == nil {
				cached[r] = a
			}
			return a, err
		}
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			defer forgetting(w.Account)
			return m.Apply(ctx, w)
		}
	},
	found: found{"handles/accounts": "after a new hash: Get"},
}, {
	name: "logins are cached by the process",
	breaks: func(b *broken) {
		var mu sync.Mutex
		cached := map[passwd.Login][]passwd.Account{}
		b.find = func(ctx context.Context, m *memstore.Store, l passwd.Login, max int) ([]passwd.Account, error) {
			mu.Lock()
			defer mu.Unlock()
			if found, ok := cached[l]; ok {
				return found, nil
			}
			found, err := m.Find(ctx, l, max)
			if err == nil && len(found) > 0 {
				cached[l] = found
			}
			return found, err
		}
	},
	found: found{"handles/accounts": "after a new hash: Find", "values/renamed": "found by the old"},
}, {
	name: "live tokens are cached by the process",
	breaks: func(b *broken) {
		var mu sync.Mutex
		cached := map[passwd.TokenRef]passwd.TokenRecord{}
		b.peek = func(ctx context.Context, m *memstore.Store, ref passwd.TokenRef, now time.Time) (passwd.TokenRecord, error) {
			mu.Lock()
			defer mu.Unlock()
			if t, ok := cached[ref]; ok && now.Before(t.ExpiresAt) {
				return t, nil
			}
			t, err := m.Peek(ctx, ref, now)
			if err == nil {
				cached[ref] = t
			}
			return t, err
		}
	},
	found: found{"handles/tokens": "consumed: Peek by another handle"},
}, {
	name: "a COMMIT is missing: what is written is seen by its own connection alone",
	breaks: func(b *broken) {
		var mu sync.Mutex
		var uncommitted []passwd.Job
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			mu.Lock()
			defer mu.Unlock()
			jobs := w.Jobs
			w.Jobs = nil
			epoch, err := m.Apply(ctx, w)
			if err == nil {
				uncommitted = append(uncommitted, jobs...)
			}
			return epoch, err
		}
		b.claim = func(ctx context.Context, m *memstore.Store, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
			mu.Lock()
			defer mu.Unlock()
			for _, j := range uncommitted {
				if err := m.Put(ctx, j); err != nil {
					return nil, err
				}
			}
			uncommitted = nil
			return m.Claim(ctx, n, lease, now)
		}
	},
	found: found{"handles/jobs of a write": "at another handle: got the jobs"},
}, {
	name: "attempts lock the token first, writes the account",
	breaks: func(b *broken) {
		// A lock each, as of two tables; who waits for a lock whose holder waits for this
		// one is the victim, as databases have it.
		locks := lockManager(b.Store)
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			unlock, err := locks.take(m, "account", "token")
			if err != nil {
				return 0, err
			}
			defer unlock()
			return m.Apply(ctx, w)
		}
		b.attempt = func(ctx context.Context, m *memstore.Store, ref passwd.TokenRef, max int, now time.Time) (passwd.TokenRecord, error) {
			unlock, err := locks.take(m, "token", "account")
			if err != nil {
				return passwd.TokenRecord{}, err
			}
			defer unlock()
			return m.Attempt(ctx, ref, max, now)
		}
	},
	found: found{"race/attempts and writes": "deadlock detected"},
}, {
	name: "a lost COMMIT is taken for a failure",
	breaks: func(b *broken) {
		var n atomic.Int64
		b.put = func(ctx context.Context, m *memstore.Store, j passwd.Job) error {
			if n.Add(1) == 1_000_000 { // of calls, one is cut
				m.Put(ctx, j)
				return errors.New("connection reset by peer")
			}
			return m.Put(ctx, j)
		}
	},
	missed: "no connection is cut by the suite: a store tests by itself what it says when the answer to a COMMIT is lost",
}, {
	name: "a call goes on waiting for a lock when its context has ended",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			return m.Apply(context.WithoutCancel(ctx), w)
		}
	},
	missed: "nothing that the suite holds makes a call wait: a store tests by itself that a wait ends with the context",
}, {
	name: "a write looks at its context between its statements, and leaves the first",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			jobs := w.Jobs
			w.Jobs = nil
			epoch, err := m.Apply(context.WithoutCancel(ctx), w)
			for _, j := range jobs {
				if err == nil {
					err = m.Put(ctx, j)
				}
			}
			return epoch, err
		}
	},
	found: found{"context/ends at a look": "the job is written: false, and the hash: true"},
}, {
	name: "a write whose context has ended when it is done says that it failed",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			epoch, err := m.Apply(ctx, w)
			return epoch, errors.Join(err, ctx.Err())
		}
	},
	found: found{"context/ends at a look": "Apply returned error context canceled, and happened: true"},
}, {
	name: "an issue spends first and stores in a second step",
	breaks: func(b *broken) {
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			if consume == nil {
				return m.Issue(ctx, t, maxLive, nil)
			}
			if r, _ := m.Peek(ctx, t.TokenRef, t.IssuedAt); r.TokenRef == t.TokenRef {
				return m.Issue(ctx, t, maxLive, consume)
			}
			a, err := m.Get(ctx, t.Account)
			if err != nil {
				return err
			}
			if t.Epoch != 0 && t.Epoch != a.Epoch {
				return passwd.ErrConflict
			}
			if _, err := m.Apply(ctx, spending(a, *consume, t.IssuedAt)); err != nil {
				return err
			}
			return m.Issue(ctx, t, maxLive, nil)
		}
	},
	found: found{"context/ends at a look of others": "Issue stored its token: false, and spent the other: true"},
}, {
	name: "an end of time is not told from an end of patience",
	breaks: func(b *broken) {
		b.get = func(ctx context.Context, m *memstore.Store, r passwd.Ref) (passwd.Account, error) {
			a, err := m.Get(ctx, r)
			if ctx.Err() != nil {
				err = passwd.ErrNotFound // no row has come
			}
			return a, err
		}
	},
	found: found{"context/deadline": "Get: got error passwd: not found"},
}}

// unchecked makes a write that spends its token whatever has become of it.
func unchecked(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
	epoch, err := m.Apply(ctx, w)
	if errors.Is(err, passwd.ErrTokenInvalid) {
		w.Consume = nil
		return m.Apply(ctx, w)
	}
	return epoch, err
}

// spending is a write that spends a token and changes nothing else.
func spending(a passwd.Account, t passwd.TokenRef, now time.Time) passwd.Write {
	return passwd.Write{Account: a.Ref, IfHash: a.Hash, IfEpoch: a.Epoch, IfMust: a.Must, Must: a.Must, MustUntil: a.MustUntil, Consume: &t, Now: now}
}

// twoLocks are those of a database that finds deadlocks.
type twoLocks map[string]chan struct{} // of one: full while it is held

var managers sync.Map // of twoLocks by *memstore.Store

// lockManager is that of a database, whatever the handles on it.
func lockManager(m *memstore.Store) twoLocks {
	l, _ := managers.LoadOrStore(m, twoLocks{"account": make(chan struct{}, 1), "token": make(chan struct{}, 1)})
	return l.(twoLocks)
}

// take takes two locks, one after the other. Who has waited too long for the second is
// the victim of one who waits for the first.
func (l twoLocks) take(m *memstore.Store, first, second string) (unlock func(), err error) {
	l[first] <- struct{}{}
	linger(m)
	select {
	case l[second] <- struct{}{}:
		return func() { <-l[second]; <-l[first] }, nil
	case <-time.After(20 * time.Millisecond):
		<-l[first]
		return nil, errors.New("deadlock detected")
	}
}

// brokenSessionProcesses are brokenProcesses in what is about sessions.
var brokenSessionProcesses = []brokenSessionStore{{
	name: "sessions are cached by the process",
	breaks: func(b *brokenSessions) {
		cached := map[session.TokenRef]session.Record{}
		var mu sync.Mutex
		b.lookup = func(ctx context.Context, m *memstore.Store, t session.TokenRef, now time.Time) (session.Record, passwd.Reason, error) {
			mu.Lock()
			defer mu.Unlock()
			if r, ok := cached[t]; ok {
				return r, "", nil
			}
			r, must, err := m.FindSession(ctx, t, now)
			if err == nil {
				cached[t] = r
			}
			return r, must, err
		}
	},
	found: found{"handles/sessions": "ended: by its access token"},
}, {
	name: "a refresh token is compared under a mutex of the process",
	breaks: func(b *brokenSessions) {
		var mu sync.Mutex
		b.rotate = func(ctx context.Context, m *memstore.Store, r session.Rotation) (session.Record, error) {
			mu.Lock()
			defer mu.Unlock()
			by := session.TokenRef{Kind: session.Refresh, Digest: r.IfRefresh}
			there, _, err := m.FindSession(ctx, by, r.IssuedAt)
			if err != nil || there.ID != r.ID || there.Refresh != r.IfRefresh {
				return m.RotateSession(ctx, r)
			}
			linger(m)
			if now, _, err := m.FindSession(ctx, by, r.IssuedAt); err == nil {
				r.IfRefresh = now.Refresh
			}
			defer linger(m) // both have rotated before the next one of either looks
			return m.RotateSession(ctx, r)
		}
	},
	found: found{"race/rotate": "callers succeeded, want exactly 1"},
}, {
	name: "a cap is kept under a mutex of the process",
	breaks: func(b *brokenSessions) {
		var mu sync.Mutex
		var mine []session.Record
		b.create = func(ctx context.Context, m *memstore.Store, r session.Record, max int) error {
			mu.Lock()
			defer mu.Unlock()
			var live []string
			for _, other := range mine {
				if _, _, err := m.FindSession(ctx, session.TokenRef{Kind: session.Access, Digest: other.Access}, r.IssuedAt); err == nil && other.Account == r.Account && other.Client == r.Client {
					live = append(live, other.ID)
				}
			}
			if max > 0 && len(live) >= max {
				if _, err := m.EndSessions(ctx, r.Account, session.Filter{ID: live[0]}); err != nil {
					return err
				}
			}
			err := m.CreateSession(ctx, r, 0)
			mine = append(mine, r)
			return err
		}
	},
	found: found{"race/create": "are left"},
}, {
	name: "an epoch is compared before the account is locked",
	breaks: func(b *brokenSessions) {
		b.apply = late
		b.create = func(ctx context.Context, m *memstore.Store, r session.Record, max int) error {
			a, err := m.Get(ctx, r.Account)
			if err != nil || r.Epoch == 0 || r.Epoch != a.Epoch {
				return m.CreateSession(ctx, r, max)
			}
			overtaken(ctx, m, a)
			if a, err = m.Get(ctx, r.Account); err == nil {
				r.Epoch = a.Epoch
			}
			return m.CreateSession(ctx, r, max)
		}
	},
	found: found{"race/create and replace": "after the change"},
}}
