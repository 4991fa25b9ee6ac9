package storetest_test

import (
	"context"
	"errors"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
)

// brokenAccounts get accounts wrong, or the manners of all methods.
var brokenAccounts = []brokenStore{{
	name: "nobody is kept from having a password",
	breaks: func(b *broken) {
		b.get = func(ctx context.Context, m *memstore.Store, r passwd.Ref) (passwd.Account, error) {
			a, err := m.Get(ctx, r)
			a.NoPassword = false
			return a, err
		}
	},
	found: found{"accounts/no local password": "NoPassword"},
}, {
	name: "times come back in another zone",
	breaks: func(b *broken) {
		zone := time.FixedZone("", 3600)
		b.get = func(ctx context.Context, m *memstore.Store, r passwd.Ref) (passwd.Account, error) {
			a, err := m.Get(ctx, r)
			a.ChangedAt = a.ChangedAt.In(zone)
			return a, err
		}
	},
	found: found{"apply/new hash": "not in UTC"},
}, {
	name: "forgets nothing but the history",
	breaks: func(b *broken) {
		b.forget = func(ctx context.Context, m *memstore.Store, r passwd.Ref) error {
			a, err := m.Get(ctx, r)
			if err != nil || a.Epoch == 0 {
				return ctx.Err()
			}
			_, err = m.Apply(ctx, passwd.Write{Account: r, IfHash: a.Hash, IfEpoch: a.Epoch, IfMust: a.Must, NewHash: a.Hash, Must: a.Must, MustUntil: a.MustUntil, Now: a.ChangedAt})
			return err
		}
	},
	found: found{"forget/everything": "does not start anew at random", "forget/reused id": "after Forget: Peek"},
}, {
	name: "forgetting an unknown account is an error",
	breaks: func(b *broken) {
		b.forget = func(ctx context.Context, m *memstore.Store, r passwd.Ref) error {
			if _, err := m.Get(ctx, r); err != nil {
				return err
			}
			return m.Forget(ctx, r)
		}
	},
	found: found{"forget/unknown": "not found"},
}, {
	name: "the tenant is ignored",
	breaks: func(b *broken) {
		b.get = func(ctx context.Context, m *memstore.Store, r passwd.Ref) (passwd.Account, error) {
			return m.Get(ctx, anyTenant(ctx, m, r))
		}
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			w.Account = anyTenant(ctx, m, w.Account)
			return m.Apply(ctx, w)
		}
	},
	found: found{"accounts/tenants": "want passwd: not found"},
}, {
	name: `the tenant "" means all`,
	breaks: func(b *broken) {
		b.find = func(ctx context.Context, m *memstore.Store, l passwd.Login, max int) ([]passwd.Account, error) {
			found, err := m.Find(ctx, l, max)
			if l.Tenant == "" && len(found) == 0 {
				l.Tenant = "north"
				return m.Find(ctx, l, max)
			}
			return found, err
		}
	},
	found: found{"find/tenants": `in tenant "": found an account of tenant "north"`},
}, {
	name: "identifiers are compared with case",
	breaks: func(b *broken) {
		b.find = func(ctx context.Context, m *memstore.Store, l passwd.Login, max int) ([]passwd.Account, error) {
			found, err := m.Find(ctx, l, max)
			for _, a := range found {
				if l.Kind == passwd.Email && a.Email != l.Value {
					return nil, err
				}
			}
			return found, err
		}
	},
	found: found{"find/compared form": "found 0 accounts, want 1"},
}, {
	name: "finds more than it may",
	breaks: func(b *broken) {
		b.find = func(ctx context.Context, m *memstore.Store, l passwd.Login, _ int) ([]passwd.Account, error) {
			return m.Find(ctx, l, 100)
		}
	},
	found: found{"find/several": "with max 1"},
}, {
	name: "nobody is found as an error",
	breaks: func(b *broken) {
		b.find = func(ctx context.Context, m *memstore.Store, l passwd.Login, max int) ([]passwd.Account, error) {
			found, err := m.Find(ctx, l, max)
			if err == nil && len(found) == 0 {
				return nil, passwd.ErrNotFound
			}
			return found, err
		}
	},
	found: found{"find/no match": "not found"},
}, {
	name: "ids are read as numbers",
	breaks: func(b *broken) {
		b.get = func(ctx context.Context, m *memstore.Store, r passwd.Ref) (passwd.Account, error) {
			for i, digit := range r.ID {
				if digit < '0' || digit > '9' {
					r.ID = r.ID[:i]
					break
				}
			}
			return m.Get(ctx, r)
		}
	},
	found: found{"accounts/hostile ids": "Get of north/2abc"},
}, {
	name: "hashes are cut",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			w.NewHash = w.NewHash[:min(255, len(w.NewHash))]
			return m.Apply(ctx, w)
		}
	},
	found: found{"accounts/long hash": "255 bytes of"},
}, {
	name: "account slices are shared",
	breaks: func(b *broken) {
		shared := make(map[passwd.Ref]passwd.Account)
		b.get = func(ctx context.Context, m *memstore.Store, r passwd.Ref) (passwd.Account, error) {
			a, err := m.Get(ctx, r)
			if first, ok := shared[r]; ok {
				a.Personal, a.Address = first.Personal, first.Address
			} else if err == nil {
				shared[r] = a
			}
			return a, err
		}
	},
	found: found{"sharing/accounts": "after what Get returned was changed"},
}, {
	name: "the slice of a history is shared",
	breaks: func(b *broken) {
		var shared []passwd.Hash
		b.history = func(ctx context.Context, m *memstore.Store, r passwd.Ref, n int) ([]passwd.Hash, error) {
			if len(shared) > 0 {
				return shared, nil
			}
			hashes, err := m.History(ctx, r, n)
			shared = hashes
			return hashes, err
		}
	},
	found: found{"sharing/history": "the history has changed"},
}, {
	name: "a cancelled write happens all the same",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			epoch, err := m.Apply(context.WithoutCancel(ctx), w)
			return epoch, errors.Join(err, ctx.Err())
		}
	},
	found: found{"context/cancelled": "has changed"},
}, {
	name: "the context is ignored",
	breaks: func(b *broken) {
		b.put = func(_ context.Context, m *memstore.Store, j passwd.Job) error { return m.Put(context.Background(), j) }
		b.issue = func(_ context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			return m.Issue(context.Background(), t, maxLive, consume)
		}
	},
	found: found{"context/cancelled": "Issue with a cancelled context", "context/cancelled queue": "Put"},
}}

// anyTenant returns the account with the id, whatever its tenant.
func anyTenant(ctx context.Context, m *memstore.Store, r passwd.Ref) passwd.Ref {
	for _, tenant := range []string{r.Tenant, "north", "south", ""} {
		other := passwd.Ref{Tenant: tenant, ID: r.ID}
		if _, err := m.Get(ctx, other); err == nil {
			return other
		}
	}
	return r
}
