package sqlstore

import (
	"context"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

// RotateSession implements session.Store.
func (s *Store) RotateSession(ctx context.Context, r session.Rotation) (session.Record, error) {
	var after session.Record
	var reused bool
	landed := func(ctx context.Context, q querier) (bool, error) {
		_, k, err := s.owner(ctx, q, &s.queries.sessions.owner, r.ID)
		if err == nil {
			_, _, err = s.lockEpoch(ctx, q, k) // waits for the end of what was lost sight of
		}
		var now session.Record
		if err == nil {
			now, err = s.session(q.row(ctx, &s.queries.sessions.get, r.ID), new(int64))
		}
		switch {
		case err == passwd.ErrNotFound && reused:
			return true, nil
		case err == passwd.ErrNotFound:
			return false, errOvertaken
		case err != nil:
			return false, err
		case !reused && now.Refresh == r.Refresh:
			return true, nil
		case reused || now.Refresh == r.IfRefresh:
			return false, nil
		}
		return false, errOvertaken
	}
	err := s.write(ctx, "rotate session", landed, func(q querier) error {
		reused = false
		_, k, err := s.owner(ctx, q, &s.queries.sessions.owner, r.ID)
		if err != nil {
			return err
		}
		epoch, open, err := s.standing(ctx, q, k)
		if err != nil {
			return err
		}
		if !open || epoch == 0 {
			return passwd.ErrNotFound
		}
		after, reused, err = s.rotate(ctx, q, r, epoch)
		return err
	})
	if err != nil {
		return session.Record{}, err
	}
	if reused {
		return after, session.ErrReused // not from within the write, which it would undo
	}
	return after, nil
}

// rotate replaces the tokens, or, if they are asked for by a spent one, ends the
// session. That the token is the current one is part of the statement.
func (s *Store) rotate(ctx context.Context, q querier, r session.Rotation, epoch int64) (after session.Record, reused bool, err error) {
	qs := &s.queries.sessions
	n, err := q.exec(ctx, &qs.rotate, r.ID, r.IfRefresh[:], r.Access[:], r.Refresh[:], r.IssuedAt.UnixMicro(), r.AccessUntil.UnixMicro(),
		r.ExpiresAt.UnixMicro(), addrText(r.Addr), r.UserAgent, epoch)
	if err != nil {
		return after, false, err
	}
	var rotations int64
	if n == 0 {
		after, err = s.session(q.row(ctx, &qs.reused, r.ID, r.IfRefresh[:], epoch, r.IssuedAt.UnixMicro()), &rotations)
		if err == nil {
			_, err = q.exec(ctx, &qs.drop, r.ID)
		}
		return after, true, err
	}
	if after, err = s.session(q.row(ctx, &qs.get, r.ID), &rotations); err != nil {
		return after, false, err
	}
	if r.KeepSpent > 0 {
		if _, err := q.exec(ctx, &qs.addSpent, r.ID, rotations, r.IfRefresh[:]); err != nil {
			return after, false, err
		}
	}
	if oldest := rotations - int64(max(r.KeepSpent, 0)); oldest > 0 {
		_, err = q.exec(ctx, &qs.trimSpent, r.ID, oldest)
	}
	return after, false, err
}
