package storetest_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/storetest"
)

var errFailing = errors.New("this method fails")

// broken is a memory store with some of its calls replaced. Calls get the store
// beneath, so that what they break is all that is broken.
type broken struct {
	*memstore.Store
	fails       string // the name of a method that does nothing but fail
	apply       func(context.Context, *memstore.Store, passwd.Write) (int64, error)
	rehash      func(context.Context, *memstore.Store, passwd.Ref, passwd.Hash, passwd.Hash) (bool, error)
	forget      func(context.Context, *memstore.Store, passwd.Ref) error
	issue       func(context.Context, *memstore.Store, passwd.TokenRecord, int, *passwd.TokenRef) error
	peek        func(context.Context, *memstore.Store, passwd.TokenRef, time.Time) (passwd.TokenRecord, error)
	attempt     func(context.Context, *memstore.Store, passwd.TokenRef, int, time.Time) (passwd.TokenRecord, error)
	purge       func(context.Context, *memstore.Store, time.Time, int) (int, bool, error)
	get         func(context.Context, *memstore.Store, passwd.Ref) (passwd.Account, error)
	find        func(context.Context, *memstore.Store, passwd.Login, int) ([]passwd.Account, error)
	history     func(context.Context, *memstore.Store, passwd.Ref, int) ([]passwd.Hash, error)
	put         func(context.Context, *memstore.Store, passwd.Job) error
	claim       func(context.Context, *memstore.Store, int, time.Duration, time.Time) ([]passwd.Job, error)
	claimUrgent func(context.Context, *memstore.Store, int, time.Duration, time.Time) ([]passwd.Job, error)
	done        func(context.Context, *memstore.Store, string) error
	retry       func(context.Context, *memstore.Store, string, time.Time) error
}

func (b *broken) Apply(ctx context.Context, w passwd.Write) (int64, error) {
	switch {
	case b.fails == "Apply":
		return 0, errFailing
	case b.apply != nil:
		return b.apply(ctx, b.Store, w)
	}
	return b.Store.Apply(ctx, w)
}

func (b *broken) Rehash(ctx context.Context, r passwd.Ref, old, new passwd.Hash) (bool, error) {
	switch {
	case b.fails == "Rehash":
		return false, errFailing
	case b.rehash != nil:
		return b.rehash(ctx, b.Store, r, old, new)
	}
	return b.Store.Rehash(ctx, r, old, new)
}

func (b *broken) Forget(ctx context.Context, r passwd.Ref) error {
	switch {
	case b.fails == "Forget":
		return errFailing
	case b.forget != nil:
		return b.forget(ctx, b.Store, r)
	}
	return b.Store.Forget(ctx, r)
}

func (b *broken) Issue(ctx context.Context, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
	switch {
	case b.fails == "Issue":
		return errFailing
	case b.issue != nil:
		return b.issue(ctx, b.Store, t, maxLive, consume)
	}
	return b.Store.Issue(ctx, t, maxLive, consume)
}

func (b *broken) Peek(ctx context.Context, ref passwd.TokenRef, now time.Time) (passwd.TokenRecord, error) {
	switch {
	case b.fails == "Peek":
		return passwd.TokenRecord{}, errFailing
	case b.peek != nil:
		return b.peek(ctx, b.Store, ref, now)
	}
	return b.Store.Peek(ctx, ref, now)
}

func (b *broken) Attempt(ctx context.Context, ref passwd.TokenRef, max int, now time.Time) (passwd.TokenRecord, error) {
	switch {
	case b.fails == "Attempt":
		return passwd.TokenRecord{}, errFailing
	case b.attempt != nil:
		return b.attempt(ctx, b.Store, ref, max, now)
	}
	return b.Store.Attempt(ctx, ref, max, now)
}

func (b *broken) Purge(ctx context.Context, before time.Time, batch int) (int, bool, error) {
	switch {
	case b.fails == "Purge":
		return 0, false, errFailing
	case b.purge != nil:
		return b.purge(ctx, b.Store, before, batch)
	}
	return b.Store.Purge(ctx, before, batch)
}

func (b *broken) Get(ctx context.Context, r passwd.Ref) (passwd.Account, error) {
	switch {
	case b.fails == "Get":
		return passwd.Account{}, errFailing
	case b.get != nil:
		return b.get(ctx, b.Store, r)
	}
	return b.Store.Get(ctx, r)
}

func (b *broken) Find(ctx context.Context, l passwd.Login, max int) ([]passwd.Account, error) {
	switch {
	case b.fails == "Find":
		return nil, errFailing
	case b.find != nil:
		return b.find(ctx, b.Store, l, max)
	}
	return b.Store.Find(ctx, l, max)
}

func (b *broken) History(ctx context.Context, r passwd.Ref, n int) ([]passwd.Hash, error) {
	switch {
	case b.fails == "History":
		return nil, errFailing
	case b.history != nil:
		return b.history(ctx, b.Store, r, n)
	}
	return b.Store.History(ctx, r, n)
}

func (b *broken) Put(ctx context.Context, j passwd.Job) error {
	switch {
	case b.fails == "Put":
		return errFailing
	case b.put != nil:
		return b.put(ctx, b.Store, j)
	}
	return b.Store.Put(ctx, j)
}

func (b *broken) Claim(ctx context.Context, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
	switch {
	case b.fails == "Claim":
		return nil, errFailing
	case b.claim != nil:
		return b.claim(ctx, b.Store, n, lease, now)
	}
	return b.Store.Claim(ctx, n, lease, now)
}

func (b *broken) ClaimUrgent(ctx context.Context, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
	switch {
	case b.fails == "ClaimUrgent":
		return nil, errFailing
	case b.claimUrgent != nil:
		return b.claimUrgent(ctx, b.Store, n, lease, now)
	}
	return b.Store.ClaimUrgent(ctx, n, lease, now)
}

func (b *broken) Done(ctx context.Context, id string) error {
	switch {
	case b.fails == "Done":
		return errFailing
	case b.done != nil:
		return b.done(ctx, b.Store, id)
	}
	return b.Store.Done(ctx, id)
}

func (b *broken) Retry(ctx context.Context, id string, at time.Time) error {
	switch {
	case b.fails == "Retry":
		return errFailing
	case b.retry != nil:
		return b.retry(ctx, b.Store, id, at)
	}
	return b.Store.Retry(ctx, id, at)
}

// found maps the cases that must fail to what they must say.
type found map[string]string

// brokenStore is one way to get the contract wrong.
type brokenStore struct {
	name   string
	breaks func(*broken)
	found  found
	ids    func(int) string // nil counts in decimal
	lacks  storetest.Lacks
	missed string // why it cannot be found from outside; "" if it is
}

// plant returns the fixture of a store that is broken in this way, each handle of it.
func (s brokenStore) plant() storetest.Fixture {
	f := fixture(func(m *memstore.Store) passwd.Store {
		b := &broken{Store: m}
		s.breaks(b)
		return b
	})
	f.ID, f.Lacks = s.ids, s.lacks
	return f
}

func (s brokenSessionStore) plant() storetest.Fixture {
	f := fixture(func(m *memstore.Store) passwd.Store {
		b := &brokenSessions{broken: broken{Store: m}, seen: make(map[string]session.Record)}
		s.breaks(b)
		return b
	})
	f.ID = s.ids
	return f
}

// TestMutations plants every fault in a store that has no other one, and shows that the
// suite finds it, in the cases that are there for it and in words that say what it is.
// At least 95 of 100 are found; of the others it says why none can be from outside.
func TestMutations(t *testing.T) {
	faults, missed := 0, 0
	names := map[string]bool{}
	find := func(name string, f storetest.Fixture, want found) {
		faults++
		if names[name] {
			t.Errorf("two faults are called %q", name)
		}
		names[name] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if len(want) == 0 {
				t.Error("no case is named that finds it")
			}
			err := storetest.CheckOnly(f, slices.Collect(maps.Keys(want))...)
			for name, says := range want {
				wantCase(t, err, name, says)
			}
		})
	}
	for _, s := range slices.Concat(brokenWrites, brokenTokens, brokenAccounts, brokenQueues, brokenProcesses, brokenValues, brokenRemovals) {
		if s.missed == "" {
			find(s.name, s.plant(), s.found)
			continue
		}
		faults++
		missed++
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if err := storetest.Check(s.plant()); err != nil {
				t.Errorf("it is found, and said to be missed because %s: %v", s.missed, err)
			}
		})
	}
	for _, s := range slices.Concat(brokenSessionStores, brokenSessionProcesses, brokenSessionRemovals) {
		find("sessions: "+s.name, s.plant(), s.found)
	}
	t.Logf("%d faults, of which %d are found", faults, faults-missed)
	if faults < 90 || missed*20 > faults {
		t.Errorf("%d faults, of which %d are missed: want 90 or more, and 95 of 100 found", faults, missed)
	}
}
