package storetest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

// serialChecks are the cases that need one goroutine and no queue.
func serialChecks() []check {
	return slices.Concat(
		storeChecks(),
		serialContextChecks(),
		sharingChecks(),
		serialSessionChecks(),
	)
}

// within is the fixture whose store is inside a transaction, which is rolled back
// when the case ends.
func (f Fixture) within(begin Begin) Fixture {
	type opened struct {
		outside passwd.Store
		Transaction
	}
	open := map[passwd.Store]opened{}
	g := f
	g.Lacks.Queue = true
	g.Reopen, g.Remove = nil, nil // another handle would wait for the end of the transaction
	g.Open = func() (passwd.Store, error) {
		outside, err := f.Open()
		if err != nil {
			return nil, err
		}
		t, err := begin(context.Background(), outside)
		if err != nil {
			return nil, err
		}
		var s passwd.Store = &insideStore{t.Store}
		if sessions, ok := t.Store.(session.Store); ok {
			s = &insideSessions{insideStore{t.Store}, sessions}
		}
		open[s] = opened{outside, t}
		return s, nil
	}
	g.Seed = func(ctx context.Context, s passwd.Store, accounts ...passwd.Account) error {
		return open[s].Seed(ctx, accounts...)
	}
	g.Close = func(s passwd.Store) error {
		err := open[s].End(false)
		if f.Close != nil {
			err = errors.Join(err, f.Close(open[s].outside))
		}
		return err
	}
	return g
}

// insideStore ends a case at what a store inside a transaction need not do.
type insideStore struct{ passwd.Store }

// insideSessions is insideStore of a store that has sessions.
type insideSessions struct {
	insideStore
	session.Store
}

func (i *insideStore) Attempt(ctx context.Context, ref passwd.TokenRef, max int, now time.Time) (passwd.TokenRecord, error) {
	t, err := i.Store.Attempt(ctx, ref, max, now)
	if errors.Is(err, errors.ErrUnsupported) {
		panic(aborted{})
	}
	return t, err
}

func (i *insideStore) Purge(ctx context.Context, before time.Time, batch int) (int, bool, error) {
	n, more, err := i.Store.Purge(ctx, before, batch)
	if errors.Is(err, errors.ErrUnsupported) {
		panic(aborted{})
	}
	return n, more, err
}
