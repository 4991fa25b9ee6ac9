package storetest_test

import (
	"context"
	"sync"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/session"
)

// brokenSessions is a memory store with some of its calls about sessions replaced.
type brokenSessions struct {
	broken
	create func(context.Context, *memstore.Store, session.Record, int) error
	lookup func(context.Context, *memstore.Store, session.TokenRef, time.Time) (session.Record, passwd.Reason, error)
	rotate func(context.Context, *memstore.Store, session.Rotation) (session.Record, error)
	touch  func(context.Context, *memstore.Store, string, time.Time, time.Time) error
	list   func(context.Context, *memstore.Store, passwd.Ref, time.Time) ([]session.Record, error)
	end    func(context.Context, *memstore.Store, passwd.Ref, session.Filter) (int, error)

	left []session.Record // what a Forget has left
	mu   sync.Mutex
	seen map[string]session.Record // what was created, for those that remember too much
}

func (b *brokenSessions) CreateSession(ctx context.Context, r session.Record, max int) error {
	b.mu.Lock()
	b.seen[r.ID] = r
	b.mu.Unlock()
	switch {
	case b.fails == "CreateSession":
		return errFailing
	case b.create != nil:
		return b.create(ctx, b.Store, r, max)
	}
	return b.Store.CreateSession(ctx, r, max)
}

func (b *brokenSessions) FindSession(ctx context.Context, t session.TokenRef, now time.Time) (session.Record, passwd.Reason, error) {
	switch {
	case b.fails == "FindSession":
		return session.Record{}, "", errFailing
	case b.lookup != nil:
		return b.lookup(ctx, b.Store, t, now)
	}
	return b.Store.FindSession(ctx, t, now)
}

func (b *brokenSessions) RotateSession(ctx context.Context, r session.Rotation) (session.Record, error) {
	switch {
	case b.fails == "RotateSession":
		return session.Record{}, errFailing
	case b.rotate != nil:
		return b.rotate(ctx, b.Store, r)
	}
	return b.Store.RotateSession(ctx, r)
}

func (b *brokenSessions) TouchSession(ctx context.Context, id string, used, expires time.Time) error {
	switch {
	case b.fails == "TouchSession":
		return errFailing
	case b.touch != nil:
		return b.touch(ctx, b.Store, id, used, expires)
	}
	return b.Store.TouchSession(ctx, id, used, expires)
}

func (b *brokenSessions) ListSessions(ctx context.Context, r passwd.Ref, now time.Time) ([]session.Record, error) {
	switch {
	case b.fails == "ListSessions":
		return nil, errFailing
	case b.list != nil:
		return b.list(ctx, b.Store, r, now)
	}
	return b.Store.ListSessions(ctx, r, now)
}

func (b *brokenSessions) EndSessions(ctx context.Context, r passwd.Ref, f session.Filter) (int, error) {
	switch {
	case b.fails == "EndSessions":
		return 0, errFailing
	case b.end != nil:
		return b.end(ctx, b.Store, r, f)
	}
	return b.Store.EndSessions(ctx, r, f)
}
