package storetest_test

import (
	"context"
	"errors"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
)

// brokenTokens get tokens wrong.
var brokenTokens = []brokenStore{{
	name: "a spent token lives on by a clock before it was spent",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			epoch, err := m.Apply(ctx, w)
			if w.Consume != nil && errors.Is(err, passwd.ErrTokenInvalid) {
				if t, _ := m.Peek(ctx, *w.Consume, w.Now); w.Now.Before(t.SpentAt) && w.Now.Before(t.ExpiresAt) && t.Account == w.Account {
					w.Consume = nil
					return m.Apply(ctx, w)
				}
			}
			return epoch, err
		}
	},
	found: found{"live/clock goes back": "five minutes before it was spent"},
}, {
	name: "an expired token is good for another two minutes, for clocks differ",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			if w.Consume != nil {
				w.Now = w.Now.Add(-2 * time.Minute)
			}
			return m.Apply(ctx, w)
		}
		b.peek = func(ctx context.Context, m *memstore.Store, ref passwd.TokenRef, now time.Time) (passwd.TokenRecord, error) {
			t, err := m.Peek(ctx, ref, now)
			if err != nil && !t.SpentAt.IsZero() && now.Before(t.SpentAt.Add(2*time.Minute)) {
				err = nil
			}
			return t, err
		}
	},
	found: found{"race/two clocks": "by any clock", "live/expiry": "after ExpiresAt"},
}, {
	name: "a purge takes what was spent",
	breaks: func(b *broken) {
		b.purge = func(ctx context.Context, m *memstore.Store, before time.Time, batch int) (int, bool, error) {
			return m.Purge(ctx, before.Add(2*time.Hour), batch)
		}
	},
	found: found{"purge/others go on": "", "purge/keeps": ""},
}, {
	name: "a token is redeemed twice",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			epoch, err := m.Apply(ctx, w)
			if errors.Is(err, passwd.ErrTokenInvalid) {
				if t, _ := m.Peek(ctx, *w.Consume, w.Now); t.Account == w.Account {
					w.Consume = nil
					return m.Apply(ctx, w)
				}
			}
			return epoch, err
		}
	},
	found: found{"consume/spends": "want passwd: token is not valid", "consume/refused": "spent", "race/one token": "of 64 callers succeeded"},
}, {
	name: "a token is redeemed by another account",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			if w.Consume != nil {
				if t, err := m.Peek(ctx, *w.Consume, w.Now); err == nil && t.Account != w.Account {
					w.Consume = nil
				}
			}
			return m.Apply(ctx, w)
		}
	},
	found: found{"consume/refused": "of another account", "accounts/same id in two tenants": "the other tenant's token"},
}, {
	name: "a token is redeemed for another purpose",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			if w.Consume != nil {
				w.Consume = anyPurpose(ctx, m, *w.Consume, w.Now)
			}
			return m.Apply(ctx, w)
		}
		b.peek = func(ctx context.Context, m *memstore.Store, ref passwd.TokenRef, now time.Time) (passwd.TokenRecord, error) {
			return m.Peek(ctx, *anyPurpose(ctx, m, ref, now), now)
		}
	},
	found: found{"consume/refused": "of another purpose", "peek/unknown": ""},
}, {
	name: "an issue does not consume",
	breaks: func(b *broken) {
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, _ *passwd.TokenRef) error {
			return m.Issue(ctx, t, maxLive, nil)
		}
	},
	found: found{"issue/consume": "", "issue/consume refused": "", "race/issue that consumes": "of 64 callers succeeded"},
}, {
	name: "an issue ignores the epoch",
	breaks: func(b *broken) {
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			if a, err := m.Get(ctx, t.Account); err == nil && t.Epoch != 0 {
				t.Epoch = a.Epoch
			}
			return m.Issue(ctx, t, maxLive, consume)
		}
	},
	found: found{"issue/epoch": "want passwd: changed"},
}, {
	name: "an issue ignores the quota",
	breaks: func(b *broken) {
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, _ int, consume *passwd.TokenRef) error {
			return m.Issue(ctx, t, 0, consume)
		}
	},
	found: found{"quota/exact": "", "quota/what counts": "", "race/quota": "want 3"},
}, {
	name: "a quota is shared by all requesters",
	breaks: func(b *broken) {
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			t.Requester = passwd.Digest{}
			return m.Issue(ctx, t, maxLive, consume)
		}
	},
	found: found{"quota/requesters": "the owner's"},
}, {
	name: "an issue again is an error",
	breaks: func(b *broken) {
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			if r, _ := m.Peek(ctx, t.TokenRef, t.IssuedAt); r.TokenRef == t.TokenRef {
				return errors.New("UNIQUE constraint failed")
			}
			return m.Issue(ctx, t, maxLive, consume)
		}
	},
	found: found{"issue/again": "UNIQUE", "issue/consume": "UNIQUE", "issue/again too late": "UNIQUE"},
}, {
	name: "a token that is issued again for another address is as good as sent",
	breaks: func(b *broken) {
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			if r, _ := m.Peek(ctx, t.TokenRef, t.IssuedAt); r.TokenRef == t.TokenRef && r.Account == t.Account {
				t.Address = r.Address
			}
			return m.Issue(ctx, t, maxLive, consume)
		}
	},
	found: found{"issue/again elsewhere": "another address"},
}, {
	name: "tokens expire a microsecond late",
	breaks: func(b *broken) {
		b.apply = func(ctx context.Context, m *memstore.Store, w passwd.Write) (int64, error) {
			epoch, err := m.Apply(ctx, w)
			if errors.Is(err, passwd.ErrTokenInvalid) {
				w.Now = w.Now.Add(-time.Microsecond)
				return m.Apply(ctx, w)
			}
			return epoch, err
		}
		b.attempt = func(ctx context.Context, m *memstore.Store, ref passwd.TokenRef, max int, now time.Time) (passwd.TokenRecord, error) {
			return m.Attempt(ctx, ref, max, now.Add(-time.Microsecond))
		}
	},
	found: found{"live/expiry": "Attempt 0s after ExpiresAt", "consume/refused": "expired"},
}, {
	name: "times are kept to the second",
	breaks: func(b *broken) {
		b.issue = func(ctx context.Context, m *memstore.Store, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
			t.IssuedAt, t.ExpiresAt = t.IssuedAt.Truncate(time.Second), t.ExpiresAt.Truncate(time.Second)
			return m.Issue(ctx, t, maxLive, consume)
		}
	},
	found: found{"issue/round trip": "ExpiresAt is", "live/expiry": "-1µs after ExpiresAt"},
}, {
	name: "attempts at a token are allowed after a hash from outside",
	breaks: func(b *broken) {
		b.attempt = func(ctx context.Context, m *memstore.Store, ref passwd.TokenRef, max int, now time.Time) (passwd.TokenRecord, error) {
			t, err := m.Attempt(ctx, ref, max, now)
			if a, failed := m.Get(ctx, t.Account); failed == nil && a.Outside && t.SpentAt.IsZero() && now.Before(t.ExpiresAt) {
				return t, nil
			}
			return t, err
		}
	},
	found: found{"outside/tokens": "Attempt at a token of before: got error <nil>"},
}, {
	name: "a token takes on the epoch of a hash from outside",
	breaks: func(b *broken) {
		b.peek = func(ctx context.Context, m *memstore.Store, ref passwd.TokenRef, now time.Time) (passwd.TokenRecord, error) {
			t, err := m.Peek(ctx, ref, now)
			if a, failed := m.Get(ctx, t.Account); failed == nil && a.Outside && t.Epoch != 0 && t.SpentAt.IsZero() && now.Before(t.ExpiresAt) {
				t.Epoch = a.Epoch
				return t, nil
			}
			return t, err
		}
	},
	found: found{"outside/tokens": "Peek: a token of the epoch"},
}, {
	name: "attempts are not counted",
	breaks: func(b *broken) {
		b.attempt = func(ctx context.Context, m *memstore.Store, ref passwd.TokenRef, _ int, now time.Time) (passwd.TokenRecord, error) {
			return m.Peek(ctx, ref, now)
		}
	},
	found: found{"attempt/counts": "Attempts is", "race/attempts": "want 5"},
}, {
	name: "attempts have no end",
	breaks: func(b *broken) {
		b.attempt = func(ctx context.Context, m *memstore.Store, ref passwd.TokenRef, _ int, now time.Time) (passwd.TokenRecord, error) {
			return m.Attempt(ctx, ref, 1000, now)
		}
	},
	found: found{"attempt/counts": "none left", "race/attempts": "want 5"},
}, {
	name: "the last attempt is in vain",
	breaks: func(b *broken) {
		b.attempt = func(ctx context.Context, m *memstore.Store, ref passwd.TokenRef, max int, now time.Time) (passwd.TokenRecord, error) {
			return m.Attempt(ctx, ref, max-1, now)
		}
	},
	found: found{"attempt/counts": "", "attempt/last one redeems": "", "race/attempts": "4 attempts succeeded"},
}, {
	name: "a dead token has no record",
	breaks: func(b *broken) {
		b.peek = func(ctx context.Context, m *memstore.Store, ref passwd.TokenRef, now time.Time) (passwd.TokenRecord, error) {
			t, err := m.Peek(ctx, ref, now)
			if err != nil {
				return passwd.TokenRecord{}, err
			}
			return t, nil
		}
	},
	found: found{"peek/changes nothing": "the record of an expired token", "consume/spends": "the record of a spent token"},
}, {
	name: "looking at a token counts",
	breaks: func(b *broken) {
		b.peek = func(ctx context.Context, m *memstore.Store, ref passwd.TokenRef, now time.Time) (passwd.TokenRecord, error) {
			t, err := m.Peek(ctx, ref, now)
			m.Attempt(ctx, ref, 1000, now)
			return t, err
		}
	},
	found: found{"peek/changes nothing": "Attempts is"},
}, {
	name: "what is live is purged",
	breaks: func(b *broken) {
		b.purge = func(ctx context.Context, m *memstore.Store, before time.Time, batch int) (int, bool, error) {
			return m.Purge(ctx, before.Add(time.Hour), batch)
		}
	},
	found: found{"purge/keeps": "token 0"},
}, {
	name: "what has expired is purged late",
	breaks: func(b *broken) {
		b.purge = func(ctx context.Context, m *memstore.Store, before time.Time, batch int) (int, bool, error) {
			return m.Purge(ctx, before.Add(-time.Second), batch)
		}
	},
	found: found{"purge/keeps": "0 deleted, want 4"},
}, {
	name: "a purge knows no batch",
	breaks: func(b *broken) {
		b.purge = func(ctx context.Context, m *memstore.Store, before time.Time, _ int) (int, bool, error) {
			return m.Purge(ctx, before, 1000)
		}
	},
	found: found{"purge/batch": "Purge of 2 of 5: got 5"},
}}

// anyPurpose returns the live token with the digest, whatever it is for.
func anyPurpose(ctx context.Context, m *memstore.Store, ref passwd.TokenRef, now time.Time) *passwd.TokenRef {
	for _, p := range []passwd.Purpose{ref.Purpose, passwd.PurposeReset, passwd.PurposeCode, passwd.PurposeTicket, passwd.PurposeCancel} {
		other := passwd.TokenRef{Purpose: p, Digest: ref.Digest}
		if _, err := m.Peek(ctx, other, now); err == nil {
			return &other
		}
	}
	return &ref
}
