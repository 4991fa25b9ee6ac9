package memstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

// sessions holds the sessions of all accounts; those of one are in its record.
type sessions struct {
	byID    map[string]*held
	byToken map[session.TokenRef]*held // current tokens, and refresh tokens spent
}

// held is a session and the digests of its spent refresh tokens, oldest first.
type held struct {
	session.Record
	spent []passwd.Digest
}

// CreateSession implements session.Store.
func (s *Store) CreateSession(ctx context.Context, r session.Record, max int) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	r = stored(r)

	switch {
	case s.accounts[r.Account] == nil:
		return passwd.ErrNotFound
	case r.Epoch == 0 || r.Epoch != s.epoch(r.Account):
		return passwd.ErrConflict
	case s.sessions.byID[r.ID] != nil || s.sessions.taken(access(r.Access)) || s.sessions.taken(refresh(r.Refresh)):
		return errors.New("memstore: session is not new: its id or a token of it is taken")
	}

	o := s.record(r.Account)
	var others []*held // of the client, live, with the oldest tokens first
	for _, h := range slices.Clone(o.sessions) {
		switch {
		case h.Client != r.Client:
		case h.Device == r.Device:
			s.drop(h)
		case s.liveSession(h, r.IssuedAt):
			others = append(others, h)
		}
	}
	slices.SortFunc(others, func(a, b *held) int {
		return cmp.Or(a.IssuedAt.Compare(b.IssuedAt), cmp.Compare(a.ID, b.ID))
	})
	if max > 0 && len(others) >= max {
		for _, h := range others[:len(others)-max+1] {
			s.drop(h)
		}
	}
	h := &held{Record: r}
	o.sessions = append(o.sessions, h)
	s.sessions.add(h)
	return nil
}

// FindSession implements session.Store.
func (s *Store) FindSession(ctx context.Context, t session.TokenRef, now time.Time) (session.Record, passwd.Reason, error) {
	if err := s.lock(ctx); err != nil {
		return session.Record{}, "", err
	}
	defer s.mu.Unlock()
	h := s.sessions.byToken[t]
	if h == nil || !s.liveSession(h, micro(now)) {
		return session.Record{}, "", passwd.ErrNotFound
	}
	return h.Record, s.accounts[h.Account].Must, nil
}

// RotateSession implements session.Store.
func (s *Store) RotateSession(ctx context.Context, r session.Rotation) (session.Record, error) {
	if err := s.lock(ctx); err != nil {
		return session.Record{}, err
	}
	defer s.mu.Unlock()

	h := s.sessions.byID[r.ID]
	if h == nil || !s.liveSession(h, micro(r.IssuedAt)) || s.sessions.byToken[refresh(r.IfRefresh)] != h {
		return session.Record{}, passwd.ErrNotFound
	}
	if h.Refresh != r.IfRefresh {
		s.drop(h)
		return h.Record, session.ErrReused
	}
	if s.sessions.taken(access(r.Access)) || s.sessions.taken(refresh(r.Refresh)) {
		return session.Record{}, errors.New("memstore: rotation is not new: a token of it is taken")
	}
	delete(s.sessions.byToken, access(h.Access))
	h.spent = append(h.spent, h.Refresh)
	if excess := len(h.spent) - max(r.KeepSpent, 0); excess > 0 {
		for _, d := range h.spent[:excess] {
			delete(s.sessions.byToken, refresh(d))
		}
		h.spent = slices.Clone(h.spent[excess:])
	}
	h.Access, h.Refresh = r.Access, r.Refresh
	h.IssuedAt, h.UsedAt, h.AccessUntil, h.ExpiresAt = r.IssuedAt, r.IssuedAt, r.AccessUntil, r.ExpiresAt
	h.Addr, h.UserAgent = r.Addr, r.UserAgent
	h.Record = stored(h.Record)
	s.sessions.add(h)
	return h.Record, nil
}

// TouchSession implements session.Store.
func (s *Store) TouchSession(ctx context.Context, id string, used, expires time.Time) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if h := s.sessions.byID[id]; h != nil && h.UsedAt.Before(micro(used)) {
		h.UsedAt, h.ExpiresAt = micro(used), micro(expires)
	}
	return nil
}

// ListSessions implements session.Store.
func (s *Store) ListSessions(ctx context.Context, account passwd.Ref, now time.Time) ([]session.Record, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	o := s.ours[account]
	if o == nil {
		return nil, nil
	}
	var list []session.Record
	for _, h := range o.sessions {
		if s.liveSession(h, micro(now)) {
			list = append(list, h.Record)
		}
	}
	slices.SortFunc(list, func(a, b session.Record) int {
		return cmp.Or(b.UsedAt.Compare(a.UsedAt), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// EndSessions implements session.Store.
func (s *Store) EndSessions(ctx context.Context, account passwd.Ref, f session.Filter) (int, error) {
	if err := s.lock(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	return s.dropWhere(account, func(h *held) bool { return f.Selects(h.Session) }), nil
}

// raised ends what an earlier epoch of an account opened, and gives the one
// session to keep the new one. A session that is older than the write expects
// stays dead.
func (s *Store) raised(w passwd.Write, epoch int64) {
	s.dropWhere(w.Account, func(h *held) bool {
		if h.ID != w.KeepSession || h.Epoch != w.IfEpoch {
			return true
		}
		h.Epoch = epoch
		return false
	})
}

// purgeSessions deletes up to batch sessions that expired before a time.
func (s *Store) purgeSessions(before time.Time, batch int) (n int, more bool) {
	for _, h := range s.sessions.byID {
		if !h.ExpiresAt.Before(before) {
			continue
		}
		if n >= batch {
			return n, true
		}
		s.drop(h)
		n++
	}
	return n, false
}

// liveSession reports whether a session is good.
func (s *Store) liveSession(h *held, now time.Time) bool {
	a := s.accounts[h.Account]
	return a != nil && a.Active && !a.Disabled && now.Before(h.ExpiresAt) && h.Epoch == s.epoch(h.Account)
}

func (s *Store) dropWhere(account passwd.Ref, ends func(*held) bool) (n int) {
	o := s.ours[account]
	if o == nil {
		return 0
	}
	for _, h := range slices.Clone(o.sessions) {
		if ends(h) {
			s.drop(h)
			n++
		}
	}
	return n
}

// drop removes a session and every token of it.
func (s *Store) drop(h *held) {
	delete(s.sessions.byID, h.ID)
	delete(s.sessions.byToken, access(h.Access))
	delete(s.sessions.byToken, refresh(h.Refresh))
	for _, d := range h.spent {
		delete(s.sessions.byToken, refresh(d))
	}
	o := s.record(h.Account)
	o.sessions = slices.DeleteFunc(o.sessions, func(other *held) bool { return other == h })
}

// add makes a session be found by its id and current tokens.
func (s *sessions) add(h *held) {
	if s.byID == nil {
		s.byID = make(map[string]*held)
		s.byToken = make(map[session.TokenRef]*held)
	}
	s.byID[h.ID] = h
	s.byToken[access(h.Access)] = h
	s.byToken[refresh(h.Refresh)] = h
}

func (s *sessions) taken(t session.TokenRef) bool { return s.byToken[t] != nil }

func access(d passwd.Digest) session.TokenRef {
	return session.TokenRef{Kind: session.Access, Digest: d}
}

func refresh(d passwd.Digest) session.TokenRef {
	return session.TokenRef{Kind: session.Refresh, Digest: d}
}

// stored returns the record with its times as every store keeps them.
func stored(r session.Record) session.Record {
	for _, t := range []*time.Time{&r.CreatedAt, &r.UsedAt, &r.ExpiresAt, &r.IssuedAt, &r.AccessUntil} {
		*t = micro(*t)
	}
	return r
}
