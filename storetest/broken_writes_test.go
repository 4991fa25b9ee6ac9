package storetest_test

import (
	"context"
	"errors"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
)

// brokenWrites get Apply and Rehash wrong.
var brokenWrites = []brokenStore{{
	name: "not atomic: the token is consumed before the rest is looked at",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			epoch, err := m.Apply(ctx, w)
			if a, e := m.Get(ctx, w.Account); e == nil && errors.Is(err, passwd.ErrConflict) && w.Consume != nil {
				m.Apply(ctx, passwd.Write{Account: a.Ref, IfHash: a.Hash, IfEpoch: a.Epoch, IfMust: a.Must, Must: a.Must, MustUntil: a.MustUntil, Consume: w.Consume, Now: w.Now})
			}
			return epoch, err
		}
	},
	found: found{"consume/conflict": "after a conflict", "conflict/epoch": "token 0 is live: false"},
}, {
	name: "not atomic: the hash is written although the token is bad",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			epoch, err := m.Apply(ctx, w)
			if errors.Is(err, passwd.ErrTokenInvalid) && w.NewHash != "" {
				m.Update(w.Account, func(a *passwd.Account) { a.Hash = w.NewHash })
			}
			return epoch, err
		}
	},
	found: found{"consume/refused": "Hash is"},
}, {
	name: "not atomic: must is written although the token is bad",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			epoch, err := m.Apply(ctx, w)
			if errors.Is(err, passwd.ErrTokenInvalid) {
				m.Update(w.Account, func(a *passwd.Account) { a.Must = w.Must })
			}
			return epoch, err
		}
	},
	found: found{"consume/refused": "Must is"},
}, {
	name:   "no compare-and-swap on the hash",
	breaks: func(b *broken) { b.apply = ignoring(true, false) },
	found:  found{"conflict/hash": "want passwd: changed"},
}, {
	name:   "no compare-and-swap on the epoch",
	breaks: func(b *broken) { b.apply = ignoring(false, true) },
	found:  found{"conflict/epoch": "want passwd: changed", "conflict/no epoch yet": "", "forget/stale write": "", "race/first epoch": "succeeded"},
}, {
	name:   "no compare-and-swap",
	breaks: func(b *broken) { b.apply = ignoring(true, true) },
	found:  found{"race/compare and swap": "of 64 callers succeeded", "race/change and reset": ""},
}, {
	name: "the hash is compared without case",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			if a, err := m.Get(ctx, w.Account); err == nil && passwd.Fold(string(a.Hash)) == passwd.Fold(string(w.IfHash)) {
				w.IfHash = a.Hash
			}
			return m.Apply(ctx, w)
		}
	},
	found: found{"conflict/hash": ""},
}, {
	name: "a conflict is taken for success",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			epoch, err := m.Apply(ctx, w)
			if errors.Is(err, passwd.ErrConflict) {
				return w.IfEpoch, nil
			}
			return epoch, err
		}
	},
	found: found{"conflict/hash": "", "race/compare and swap": "of 64 callers succeeded"},
}, {
	name: "the epoch is not raised",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			if a, err := m.Get(ctx, w.Account); err == nil && w.NewHash != "" && a.Hash == w.IfHash && a.Epoch == w.IfEpoch {
				new, now := w.NewHash, w.Now
				w.NewHash = ""
				epoch, err := m.Apply(ctx, w)
				if err == nil {
					m.Rehash(ctx, w.Account, w.IfHash, new)
					m.Update(w.Account, func(a *passwd.Account) { a.ChangedAt = now })
				}
				return epoch, err
			}
			return m.Apply(ctx, w)
		}
	},
	found: found{"apply/epoch raised by one": "epoch went from", "epoch/tokens die with it": "", "history/order": ""},
}, {
	name: "the epoch is raised by every write",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			w.Raise = true
			return m.Apply(ctx, w)
		}
	},
	found: found{"apply/no raise": "epoch is", "epoch/tokens outlive other writes": ""},
}, {
	name: "the epoch is another one than Apply says",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			_, err := m.Apply(ctx, w)
			return w.IfEpoch, err
		}
	},
	found: found{"apply/new hash": "Apply returned", "apply/first epoch": ""},
}, {
	name: "must is not cleared",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			if a, err := m.Get(ctx, w.Account); err == nil && w.Must == "" {
				w.Must, w.MustUntil = a.Must, a.MustUntil
			}
			return m.Apply(ctx, w)
		}
	},
	found: found{"apply/must": `Must is "temporary", want ""`},
}, {
	name: "the deadline of must is not cleared",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			if a, err := m.Get(ctx, w.Account); err == nil && w.MustUntil.IsZero() {
				w.MustUntil = a.MustUntil
			}
			return m.Apply(ctx, w)
		}
	},
	found: found{"apply/must": "MustUntil is"},
}, {
	name: "what is voided lives on",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			w.VoidAll = false
			return m.Apply(ctx, w)
		}
	},
	found: found{"write/void all": "", "consume/refused": "voided"},
}, {
	name: "every write voids all",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			w.VoidAll = true
			return m.Apply(ctx, w)
		}
	},
	found: found{"epoch/tokens die with it": "a token of epoch 0", "epoch/tokens before it": ""},
}, {
	name: "a write that fails leaves its token",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			epoch, err := m.Apply(ctx, w)
			if err != nil && ctx.Err() == nil && w.Issue != nil {
				t := *w.Issue
				t.Epoch = 0
				m.Issue(ctx, t, 0, nil)
			}
			return epoch, err
		}
	},
	found: found{"conflict/hash": "token", "consume/refused": "token"},
}, {
	name: "the history is not trimmed",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			w.History = 100
			return m.Apply(ctx, w)
		}
	},
	found: found{"history/trim": "after 5 changes that keep 3"},
}, {
	name: "the history is oldest first",
	breaks: func(b *broken) {
		b.history = func(ctx context.Context, m *memstore.Store, r passwd.Ref, n int) ([]passwd.Hash, error) {
			all, err := m.History(ctx, r, 100)
			for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
				all[i], all[j] = all[j], all[i]
			}
			return all[:min(n, len(all))], err
		}
	},
	found: found{"history/order": "with n 1"},
}, {
	name: "a rehash overwrites",
	breaks: func(b *broken) {
		b.rehash = func(ctx context.Context, m *memstore.Store, r passwd.Ref, _, new passwd.Hash) (bool, error) {
			a, err := m.Get(ctx, r)
			if err != nil {
				return false, err
			}
			return m.Rehash(ctx, r, a.Hash, new)
		}
	},
	found: found{"rehash/refused": "want false", "race/rehash and replace": ""},
}, {
	name: "the need for a change is not compared",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			a, err := m.Get(ctx, w.Account)
			if err == nil {
				w.IfMust = a.Must
			}
			return m.Apply(ctx, w)
		}
	},
	found: found{"conflict/need": "another need"},
}, {
	name: "a rehash is taken for a change",
	breaks: func(b *broken) {
		b.rehash = func(ctx context.Context, m *memstore.Store, r passwd.Ref, old, new passwd.Hash) (bool, error) {
			a, err := m.Get(ctx, r)
			if err != nil || a.Hash != old {
				return false, err
			}
			_, err = m.Apply(ctx, passwd.Write{Account: r, IfHash: old, IfEpoch: a.Epoch, IfMust: a.Must, NewHash: new, History: 10})
			return err == nil, err
		}
	},
	found: found{"rehash/replaces": "Epoch is", "history/other writes": "", "epoch/tokens outlive other writes": ""},
}}

// ignoring is an Apply that does not compare the hash, the epoch, or both.
func ignoring(hash, epoch bool) func(context.Context, *memstore.Store, passwd.Write) (int64, error) {
	return func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
		for {
			a, err := m.Get(ctx, w.Account)
			if err != nil {
				return 0, err
			}
			compared := w
			if hash {
				compared.IfHash = a.Hash
			}
			if epoch {
				compared.IfEpoch = a.Epoch
			}
			e, err := m.Apply(ctx, compared)
			now, _ := m.Get(ctx, w.Account)
			raced := now.Hash != a.Hash && hash || now.Epoch != a.Epoch && epoch
			if !errors.Is(err, passwd.ErrConflict) || !raced {
				return e, err
			}
		}
	}
}
