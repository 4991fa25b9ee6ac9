package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"golang.org/x/text/unicode/norm"
)

// shown is a Get and a Find that show accounts as a column returns them.
func shown(as func(*passwd.Account)) func(*broken) {
	return func(b *broken) {
		b.get = func(ctx context.Context, m *memstore.Store, r passwd.Ref) (passwd.Account, error) {
			a, err := m.Get(ctx, r)
			if err == nil {
				as(&a)
			}
			return a, err
		}
		b.find = func(ctx context.Context, m *memstore.Store, l passwd.Login, max int) ([]passwd.Account, error) {
			found, err := m.Find(ctx, l, max)
			for i := range found {
				as(&found[i])
			}
			return found, err
		}
	}
}

// refs is a store that takes one account for another: all calls name the latter.
func refs(as func(context.Context, *memstore.Store, passwd.Ref) passwd.Ref) func(*broken) {
	return func(b *broken) {
		b.get = func(ctx context.Context, m *memstore.Store, r passwd.Ref) (passwd.Account, error) {
			return m.Get(ctx, as(ctx, m, r))
		}
		b.forget = func(ctx context.Context, m *memstore.Store, r passwd.Ref) error { return m.Forget(ctx, as(ctx, m, r)) }
		b.history = func(ctx context.Context, m *memstore.Store, r passwd.Ref, n int) ([]passwd.Hash, error) {
			return m.History(ctx, as(ctx, m, r), n)
		}
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			w.Account = as(ctx, m, w.Account)
			return m.Apply(ctx, w)
		}
	}
}

// jobs is a queue that puts something else.
func jobs(as func(*passwd.Job)) func(*broken) {
	return func(b *broken) {
		b.put = func(ctx context.Context, m *memstore.Store, j passwd.Job) error {
			as(&j)
			return m.Put(ctx, j)
		}
	}
}

// finds is a store whose Find has another comparison.
func finds(look func(context.Context, *memstore.Store, passwd.Login, int) ([]passwd.Account, error)) func(*broken) {
	return func(b *broken) { b.find = look }
}

func cut(s string, n int) string { return s[:min(n, len(s))] }

// asciiLike is what a collation makes of a text that ignores accents and case.
func asciiLike(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'ı':
			return 'i'
		}
		return r
	}, norm.NFKD.String(s))
	return strings.ToLower(s)
}

// brokenValues do something to a value, or to a comparison.
var brokenValues = []brokenStore{{
	name:   "user names are cut at 64 bytes",
	breaks: shown(func(a *passwd.Account) { a.Username = cut(a.Username, 64) }),
	found:  found{"values/whole": "Username is"},
}, {
	name:   "addresses are cut at 128 bytes",
	breaks: shown(func(a *passwd.Account) { a.Email = cut(a.Email, 128) }),
	found:  found{"values/whole": "Email is"},
}, {
	name:   "languages are cut at 5 bytes",
	breaks: shown(func(a *passwd.Account) { a.Locale = cut(a.Locale, 5) }),
	found:  found{"values/whole": "Locale is"},
}, {
	name: "personal data are cut at 100 bytes",
	breaks: shown(func(a *passwd.Account) {
		for i := range a.Personal {
			a.Personal[i].Value = cut(a.Personal[i].Value, 100)
		}
	}),
	found: found{"values/whole": "Personal is"},
}, {
	name: "letters outside ASCII are lost",
	breaks: shown(func(a *passwd.Account) {
		for i := range a.Personal {
			a.Personal[i].Value = strings.Map(func(r rune) rune {
				if r > 0xff {
					return '?'
				}
				return r
			}, a.Personal[i].Value)
		}
	}),
	found: found{"values/whole": "Personal is"},
}, {
	name: "reasons are cut at 10 bytes",
	breaks: shown(func(a *passwd.Account) {
		a.Must = passwd.Reason(cut(string(a.Must), 10))
	}),
	found: found{"apply/must": `Must is "administra"`},
}, {
	name: "identifiers are shown as they are compared",
	breaks: shown(func(a *passwd.Account) {
		a.Email, a.Username = passwd.Fold(a.Email), passwd.Fold(a.Username)
	}),
	found: found{"values/exact": "Email is"},
}, {
	name:   "tenants are cut at 64 bytes",
	breaks: refs(func(_ context.Context, _ *memstore.Store, r passwd.Ref) passwd.Ref { return longTenant(r) }),
	found:  found{"values/long tenant": ""},
}, {
	name: "a tenant and an id are one text, with a colon between",
	breaks: refs(func(ctx context.Context, m *memstore.Store, r passwd.Ref) passwd.Ref {
		return sameJoined(ctx, m, r, ":")
	}),
	found: found{"values/joined": "are taken for", "values/two tenants joined": ""},
}, {
	name: "a tenant and an id are one text",
	breaks: refs(func(ctx context.Context, m *memstore.Store, r passwd.Ref) passwd.Ref {
		return sameJoined(ctx, m, r, "")
	}),
	found: found{"values/joined": "are taken for"},
}, {
	name: "ids are compared without case",
	ids:  func(n int) string { return fmt.Sprintf("User-%d-x", n) },
	breaks: refs(func(ctx context.Context, m *memstore.Store, r passwd.Ref) passwd.Ref {
		return anyID(ctx, m, r, func(a, b string) bool { return strings.EqualFold(a, b) }, "User-1-x", "User-2-x")
	}),
	found: found{"values/like an id": "USER-2-X"},
}, {
	name: "ids are read as numbers with leading zeros and signs",
	breaks: refs(func(_ context.Context, _ *memstore.Store, r passwd.Ref) passwd.Ref {
		r.ID = strings.TrimLeft(r.ID, "0+")
		return r
	}),
	found: found{"values/like an id": "north/02"},
}, {
	name: "ids are compared in the form of compatibility",
	breaks: refs(func(_ context.Context, _ *memstore.Store, r passwd.Ref) passwd.Ref {
		r.ID = norm.NFKC.String(r.ID)
		return r
	}),
	found: found{"values/like an id": "north/２"},
}, {
	name: "an id is found with white space around it",
	breaks: refs(func(_ context.Context, _ *memstore.Store, r passwd.Ref) passwd.Ref {
		r.ID = strings.TrimSpace(r.ID)
		return r
	}),
	found: found{"accounts/hostile ids": "Get of north/ 2"},
}, {
	name: "an account is found by the names that it had at first",
	breaks: func(b *broken) {
		var mu sync.Mutex
		index := map[passwd.Login]passwd.Ref{}
		b.find = func(ctx context.Context, m *memstore.Store, l passwd.Login, max int) ([]passwd.Account, error) {
			found, err := m.Find(ctx, l, max)
			mu.Lock()
			defer mu.Unlock()
			if len(found) == 1 {
				index[l] = found[0].Ref
			}
			if r, known := index[l]; known && len(found) == 0 {
				if a, err := m.Get(ctx, r); err == nil {
					a.Username, a.Email, a.Mobile = l.Value, l.Value, l.Value // as the index has it
					return []passwd.Account{a}, nil
				}
			}
			return found, err
		}
	},
	found: found{"values/renamed": "found by the old"},
}, {
	name: "stored identifiers are compared as they stand",
	breaks: finds(func(ctx context.Context, m *memstore.Store, l passwd.Login, max int) ([]passwd.Account, error) {
		return where(ctx, m, l, max, func(stored string) bool { return asciiLower(stored) == asciiLower(l.Value) })
	}),
	found: found{"values/unfolded": "found 0 accounts, want 1"},
}, {
	name: "a loose comparison has its LIMIT before the exact one",
	breaks: finds(func(ctx context.Context, m *memstore.Store, l passwd.Login, max int) ([]passwd.Account, error) {
		return where(ctx, m, l, max, func(stored string) bool { return asciiLike(stored) == asciiLike(l.Value) })
	}),
	found: found{"values/lookalikes": "with max 1"},
}, {
	name: "a login is a pattern",
	breaks: finds(func(ctx context.Context, m *memstore.Store, l passwd.Login, max int) ([]passwd.Account, error) {
		if strings.HasSuffix(l.Value, "%") {
			return nil, errors.New("more than one row")
		}
		return m.Find(ctx, l, max)
	}),
	found: found{"find/no match": "more than one row"},
}, {
	name: "a login with NUL is an error",
	breaks: finds(func(ctx context.Context, m *memstore.Store, l passwd.Login, max int) ([]passwd.Account, error) {
		if strings.IndexByte(l.Value, 0) >= 0 {
			return nil, errors.New("invalid byte sequence for encoding")
		}
		return m.Find(ctx, l, max)
	}),
	found: found{"find/no match": "invalid byte sequence"},
}, {
	name: "a login of 10,000 bytes is an error",
	breaks: finds(func(ctx context.Context, m *memstore.Store, l passwd.Login, max int) ([]passwd.Account, error) {
		if len(l.Value) > 2048 {
			return nil, errors.New("one or more parameter values were invalid: size of key")
		}
		return m.Find(ctx, l, max)
	}),
	found: found{"find/no match": "size of key"},
}, {
	name: "hashes are compared by their first 60 bytes",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			if a, err := m.Get(ctx, w.Account); err == nil && cut(string(a.Hash), 60) == cut(string(w.IfHash), 60) {
				w.IfHash = a.Hash
			}
			return m.Apply(ctx, w)
		}
	},
	found: found{"values/hash": "another last byte"},
}, {
	name: "a rehash compares 60 bytes",
	breaks: func(b *broken) {
		b.rehash = func(ctx context.Context, m *memstore.Store, r passwd.Ref, old, new passwd.Hash) (bool, error) {
			if a, err := m.Get(ctx, r); err == nil && cut(string(a.Hash), 60) == cut(string(old), 60) {
				old = a.Hash
			}
			return m.Rehash(ctx, r, old, new)
		}
	},
	found: found{"values/hash": "another last byte"},
}, {
	name: "a history of cut hashes",
	breaks: func(b *broken) {
		b.history = func(ctx context.Context, m *memstore.Store, r passwd.Ref, n int) ([]passwd.Hash, error) {
			hashes, err := m.History(ctx, r, n)
			for i := range hashes {
				hashes[i] = passwd.Hash(cut(string(hashes[i]), 255))
			}
			return hashes, err
		}
	},
	found: found{"values/hash": "is not in the history as it was"},
}, {
	name: "a history returns 20 at most",
	breaks: func(b *broken) {
		b.history = func(ctx context.Context, m *memstore.Store, r passwd.Ref, n int) ([]passwd.Hash, error) {
			return m.History(ctx, r, min(n, 20))
		}
	},
	found: found{"history/long": "after 30 changes that keep 28: got"},
}, {
	name: "a history keeps 24 at most",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			w.History = min(w.History, 24)
			return m.Apply(ctx, w)
		}
	},
	found: found{"history/long": "after 30 changes that keep 28: got"},
}, {
	name: "an equal hash is no change",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			if w.NewHash == w.IfHash {
				w.NewHash = ""
			}
			return m.Apply(ctx, w)
		}
	},
	found: found{"apply/same hash": "epoch went from"},
}, {
	name: "an equal hash raises the epoch and is not dated",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			if w.NewHash != "" && w.NewHash == w.IfHash {
				w.NewHash, w.Raise = "", true
			}
			return m.Apply(ctx, w)
		}
	},
	found: found{"apply/same hash": "ChangedAt is"},
}, {
	name: "digests are compared as texts without case",
	breaks: func(b *broken) {
		b.peek = func(ctx context.Context, m *memstore.Store, ref passwd.TokenRef, now time.Time) (passwd.TokenRecord, error) {
			t, err := m.Peek(ctx, ref, now)
			for i := 0; t.TokenRef != ref && i < len(ref.Digest); i++ {
				other := ref
				if c := ref.Digest[i]; 'a' <= c|0x20 && c|0x20 <= 'z' {
					other.Digest[i] ^= 0x20
				}
				if got, e := m.Peek(ctx, other, now); got.TokenRef == other {
					return got, e
				}
			}
			return t, err
		}
	},
	found: found{"values/digests": "a token that was refused"},
}, {
	name: "a digest is taken whatever the purpose",
	breaks: func(b *broken) {
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			if other := anyPurpose(ctx, m, t.TokenRef, t.IssuedAt); other.Purpose != t.Purpose {
				return passwd.ErrTokenInvalid
			}
			return m.Issue(ctx, t, maxLive, consume)
		}
	},
	found: found{"values/digests": "for another purpose"},
}, {
	name: "an issue takes over a token that is taken",
	breaks: func(b *broken) {
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			err := m.Issue(ctx, t, maxLive, consume)
			if r, _ := m.Peek(ctx, t.TokenRef, t.IssuedAt); errors.Is(err, passwd.ErrTokenInvalid) && r.Account != t.Account && r.TokenRef == t.TokenRef {
				return nil // ON CONFLICT DO NOTHING
			}
			return err
		}
	},
	found: found{"issue/taken": "Issue of a taken token"},
}, {
	name: "a write leaves out a token that is taken",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			if w.Issue != nil {
				if r, _ := m.Peek(ctx, w.Issue.TokenRef, w.Now); r.TokenRef == w.Issue.TokenRef {
					w.Issue = nil // ON CONFLICT DO NOTHING
				}
			}
			return m.Apply(ctx, w)
		}
	},
	found: found{"issue/taken": "Apply that issues a taken token"},
}, {
	name: "a write issues another account's token",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			if w.Issue == nil || w.Issue.Account == w.Account {
				return m.Apply(ctx, w)
			}
			t := *w.Issue
			w.Issue = nil
			epoch, err := m.Apply(ctx, w)
			if err == nil {
				err = m.Issue(ctx, t, 0, nil)
			}
			return epoch, err
		}
	},
	found: found{"issue/taken": "issues another one's token"},
}, {
	name: "a token that is issued again counts against itself",
	breaks: func(b *broken) {
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			if r, err := m.Peek(ctx, t.TokenRef, t.IssuedAt); err == nil && r.Account == t.Account && maxLive > 0 {
				t.Digest[0] ^= 0xff // a row like it, which is then left out
				t.Requester = r.Requester
				if err := m.Issue(ctx, t, maxLive, consume); err != nil {
					return err
				}
				return nil
			}
			return m.Issue(ctx, t, maxLive, consume)
		}
	},
	found: found{"quota/again": "issued again"},
}, {
	name: "what is consumed takes room in the quota",
	breaks: func(b *broken) {
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			if consume != nil && maxLive > 1 && consume.Purpose == t.Purpose {
				if r, err := m.Peek(ctx, *consume, t.IssuedAt); err == nil && r.Account == t.Account {
					maxLive--
				}
			}
			return m.Issue(ctx, t, maxLive, consume)
		}
	},
	found: found{"quota/again": "beside what was replaced"},
}, {
	name: "nobody gets a token all the same",
	breaks: func(b *broken) {
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			err := m.Issue(ctx, t, maxLive, consume)
			if errors.Is(err, passwd.ErrNotFound) && t.Epoch == 0 {
				return nil
			}
			return err
		}
	},
	found: found{"accounts/unknown": "at epoch 0"},
}, {
	name: "a rehash of nobody is no error",
	breaks: func(b *broken) {
		b.rehash = func(ctx context.Context, m *memstore.Store, r passwd.Ref, old, new passwd.Hash) (bool, error) {
			done, err := m.Rehash(ctx, r, old, new)
			if errors.Is(err, passwd.ErrNotFound) {
				err = nil
			}
			return done, err
		}
	},
	found: found{"accounts/unknown": "Rehash of"},
}, {
	name: "nobody has an empty history",
	breaks: func(b *broken) {
		b.history = func(ctx context.Context, m *memstore.Store, r passwd.Ref, n int) ([]passwd.Hash, error) {
			hashes, err := m.History(ctx, r, n)
			if errors.Is(err, passwd.ErrNotFound) {
				err = nil
			}
			return hashes, err
		}
	},
	found: found{"accounts/unknown": "History of"},
}, {
	name:   "times are local ones",
	breaks: shown(func(a *passwd.Account) { a.ChangedAt = inUTCByName(a.ChangedAt) }),
	found:  found{"apply/new hash": "not in UTC"},
}, {
	name: "purging takes what is spent",
	breaks: func(b *broken) {
		purging(b, func(t passwd.TokenRecord, _, _ int64, before time.Time) bool { return !t.SpentAt.IsZero() })
	},
	found: found{"purge/keeps the dead": "1 deleted, want none"},
}, {
	name: "purging takes what is of an earlier epoch",
	breaks: func(b *broken) {
		purging(b, func(t passwd.TokenRecord, epoch, current int64, before time.Time) bool {
			return epoch != 0 && epoch != current
		})
	},
	found: found{"purge/keeps the dead": "1 deleted, want none"},
}, {
	name: "purging takes what expires at the time",
	breaks: func(b *broken) {
		b.purge = func(ctx context.Context, m *memstore.Store, before time.Time, batch int) (int, bool, error) {
			return m.Purge(ctx, before.Add(time.Microsecond), batch)
		}
	},
	found: found{"purge/keeps the dead": "1 deleted, want none", "sessions/purge": ""},
}, {
	name:   "sealed bytes are cut at 255",
	breaks: jobs(func(j *passwd.Job) { j.Sealed = j.Sealed[:min(255, len(j.Sealed))] }),
	found:  found{"queue/whole": "255 came back"},
}, {
	name:   "sealed bytes are a text",
	breaks: jobs(func(j *passwd.Job) { j.Sealed = []byte(strings.ToValidUTF8(string(j.Sealed), "?")) }),
	found:  found{"queue/round trip": "Sealed is", "queue/whole": "came back"},
}, {
	name:   "keys are cut at 64 bytes",
	breaks: jobs(func(j *passwd.Job) { j.Key = cut(j.Key, 64) }),
	found:  found{"queue/whole": "Key is", "queue/keys apart": "of all keys"},
}, {
	name: "keys are compared without case",
	breaks: func(b *broken) {
		byKey(b, strings.ToLower)
	},
	found: found{"queue/keys apart": "of all keys"},
}, {
	name: "keys are compared without the space behind them",
	breaks: func(b *broken) {
		byKey(b, func(key string) string { return strings.TrimRight(key, " ") })
	},
	found: found{"queue/keys apart": "of all keys"},
}, {
	name:   "the end of a job is kept to the second",
	breaks: jobs(func(j *passwd.Job) { j.NotAfter = j.NotAfter.Truncate(time.Second) }),
	found:  found{"queue/whole": "NotAfter is"},
}, {
	name: "the same job is added twice",
	breaks: func(b *broken) {
		var mu sync.Mutex
		real := map[string]string{} // ids of what was put again
		b.put = func(ctx context.Context, m *memstore.Store, j passwd.Job) error {
			mu.Lock()
			defer mu.Unlock()
			row := fmt.Sprint(j.ID, "#", len(real))
			real[row] = j.ID
			j.ID = row
			return m.Put(ctx, j)
		}
		b.claim = func(ctx context.Context, m *memstore.Store, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
			jobs, err := m.Claim(ctx, n, lease, now)
			mu.Lock()
			defer mu.Unlock()
			for i := range jobs {
				if id, ok := real[jobs[i].ID]; ok {
					jobs[i].ID = id
				}
			}
			return jobs, err
		}
	},
	found: found{"queue/same job twice": "put twice"},
}, {
	name: "the same job is an error",
	breaks: func(b *broken) {
		var mu sync.Mutex
		there := map[string]bool{}
		b.put = func(ctx context.Context, m *memstore.Store, j passwd.Job) error {
			mu.Lock()
			defer mu.Unlock()
			if there[j.ID] {
				return errors.New("UNIQUE constraint failed")
			}
			there[j.ID] = true
			return m.Put(ctx, j)
		}
	},
	found: found{"queue/same job twice": "UNIQUE"},
}, {
	name: "a job to be retried absorbs no more",
	breaks: func(b *broken) {
		var mu sync.Mutex
		retried := map[string]bool{} // keys
		keys := map[string]string{}
		b.put = func(ctx context.Context, m *memstore.Store, j passwd.Job) error {
			mu.Lock()
			defer mu.Unlock()
			keys[j.ID] = j.Key
			if retried[j.Key] {
				j.Key = ""
			}
			return m.Put(ctx, j)
		}
		b.retry = func(ctx context.Context, m *memstore.Store, id string, at time.Time) error {
			mu.Lock()
			defer mu.Unlock()
			retried[keys[id]] = true
			return m.Retry(ctx, id, at)
		}
	},
	found: found{"queue/retry absorbs": "when the first is due again"},
}, {
	name: "a claim takes one at least",
	breaks: func(b *broken) {
		b.claim = func(ctx context.Context, m *memstore.Store, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
			return m.Claim(ctx, max(n, 1), lease, now)
		}
	},
	found: found{"queue/nothing asked for": "a claim of no jobs: got 1"},
}, {
	name: "a claim takes the newest",
	breaks: func(b *broken) {
		b.claim = func(ctx context.Context, m *memstore.Store, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
			all, err := m.Claim(ctx, 1000, lease, now)
			for _, j := range all[:max(0, len(all)-n)] {
				m.Retry(ctx, j.ID, j.NotBefore)
			}
			return all[max(0, len(all)-n):], err
		}
	},
	found: found{"queue/oldest first": "want them as"},
}}

// longTenant is the tenant as a column of 64 bytes has it, which can only be seen of two.
func longTenant(r passwd.Ref) passwd.Ref {
	if len(r.Tenant) > 64 {
		r.Tenant = r.Tenant[:len(r.Tenant)-1] + "2"
	}
	return r
}

// sameJoined returns an account whose tenant and id, joined, read like those of r.
func sameJoined(ctx context.Context, m *memstore.Store, r passwd.Ref, joint string) passwd.Ref {
	joined := r.Tenant + joint + r.ID
	for i := range len(joined) - len(joint) + 1 {
		if joined[i:i+len(joint)] == joint {
			other := passwd.Ref{Tenant: joined[:i], ID: joined[i+len(joint):]}
			if _, err := m.Get(ctx, other); err == nil {
				return other
			}
		}
	}
	return r
}

// anyID returns an account whose id is like r's.
func anyID(ctx context.Context, m *memstore.Store, r passwd.Ref, like func(a, b string) bool, known ...string) passwd.Ref {
	for _, id := range known {
		other := passwd.Ref{Tenant: r.Tenant, ID: id}
		if _, err := m.Get(ctx, other); err == nil && like(id, r.ID) {
			return other
		}
	}
	return r
}

// where is a Find that walks the first accounts by their ids and compares.
func where(ctx context.Context, m *memstore.Store, l passwd.Login, max int, same func(string) bool) (found []passwd.Account, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for n := range 20 {
		a, err := m.Get(ctx, passwd.Ref{Tenant: l.Tenant, ID: fmt.Sprint(n + 1)})
		if err != nil || len(found) >= max {
			continue
		}
		stored := map[passwd.LoginKind]string{passwd.Username: a.Username, passwd.Email: a.Email, passwd.Mobile: a.Mobile}[l.Kind]
		if stored != "" && same(stored) {
			found = append(found, a)
		}
	}
	return found, nil
}

// inUTCByName is a time of a place whose clocks show UTC.
func inUTCByName(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(time.FixedZone("UTC", 0))
}

// purging makes a purge take more than what has expired: tokens that b has issued.
func purging(b *broken, also func(t passwd.TokenRecord, epoch, current int64, before time.Time) bool) {
	var mu sync.Mutex
	var issued []passwd.TokenRecord
	b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
		mu.Lock()
		defer mu.Unlock()
		issued = append(issued, t)
		return m.Issue(ctx, t, maxLive, consume)
	}
	b.purge = func(ctx context.Context, m *memstore.Store, before time.Time, batch int) (int, bool, error) {
		mu.Lock()
		defer mu.Unlock()
		n, more, err := m.Purge(ctx, before, batch)
		for i, t := range issued {
			now, _ := m.Peek(ctx, t.TokenRef, before)
			a, e := m.Get(ctx, t.Account)
			if now.TokenRef == t.TokenRef && e == nil && also(now, now.Epoch, a.Epoch, before) {
				n++
				issued[i] = passwd.TokenRecord{}
			}
		}
		return n, more, err
	}
}

// byKey makes keys absorb that become the same.
func byKey(b *broken, same func(string) string) {
	var mu sync.Mutex
	kept := map[string]string{}
	b.put = func(ctx context.Context, m *memstore.Store, j passwd.Job) error {
		mu.Lock()
		defer mu.Unlock()
		if first, ok := kept[same(j.Key)]; ok {
			j.Key = first
		} else if j.Key != "" {
			kept[same(j.Key)] = j.Key
		}
		return m.Put(ctx, j)
	}
}

// asciiLower folds letters of ASCII alone.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}
