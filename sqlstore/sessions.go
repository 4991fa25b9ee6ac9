package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

var _ session.Store = (*Store)(nil)

// CreateSession implements session.Store.
func (s *Store) CreateSession(ctx context.Context, r session.Record, max int) error {
	k, err := s.key(r.Account)
	if err != nil {
		return err
	}
	landed := func(ctx context.Context, q querier) (bool, error) {
		if _, _, err := s.lockEpoch(ctx, q, k); err != nil { // waits for the end of what was lost sight of
			return false, err
		}
		_, _, err := s.owner(ctx, q, &s.queries.sessions.owner, r.ID)
		return err == nil, ignore(err, passwd.ErrNotFound)
	}
	return s.write(ctx, "create session", landed, func(q querier) error {
		if s.host == nil || s.dialect.current == "" {
			return s.openSession(ctx, q, k, r, max)
		}
		epoch, open, err := s.standing(ctx, q, k)
		if err != nil {
			return err
		}
		if r.Epoch == 0 || r.Epoch != epoch {
			return passwd.ErrConflict
		}
		return s.createSession(ctx, q, k, r, max, open)
	})
}

// openSession stores a session, and reads whatever that depends on at once.
func (s *Store) openSession(ctx context.Context, q querier, k key, r session.Record, max int) error {
	if s.dialect.lock == "" {
		if _, _, err := s.lockEpoch(ctx, q, k); err != nil {
			return err
		}
	}
	if err := s.touch(ctx, q, k); err != nil {
		return err
	}
	ends, err := s.makesWay(ctx, q, k, r, max)
	if err != nil {
		return err
	}
	for _, id := range ends {
		if _, err := q.exec(ctx, &s.queries.sessions.drop, id); err != nil {
			return err
		}
	}
	return s.addSession(ctx, q, k, r)
}

// makesWay returns the sessions that a new one ends: that of its device, and the oldest
// of its client while there are too many.
func (s *Store) makesWay(ctx context.Context, q querier, k key, r session.Record, max int) (ends []string, err error) {
	rows, err := q.rows(ctx, &s.queries.sessions.beside, k.tenant, k.id, r.Client)
	if err != nil {
		return nil, s.nobody(err)
	}
	defer rows.Close()
	var (
		rivals                    []string // the one with the oldest tokens first
		present                   bool
		active, disabled          flag
		epoch, stamp, of, expires sql.NullInt64
		hash                      text
		id                        sql.NullString
		device                    []byte
	)
	for rows.Next() {
		if err := rows.Scan(&active, &disabled, &epoch, &stamp, &hash, &id, &of, &device, &expires); err != nil {
			return nil, err
		}
		present = true
		if r.Epoch == 0 || r.Epoch != epochAt(epoch.Int64, stamp.Int64, passwd.Hash(hash)) {
			return nil, passwd.ErrConflict
		}
		switch {
		case !id.Valid:
		case bytes.Equal(device, r.Device[:]):
			ends = append(ends, id.String)
		case of.Int64 == r.Epoch && expires.Int64 > r.IssuedAt.UnixMicro() && s.open(active, disabled): // else it is not live
			rivals = append(rivals, id.String)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, s.nobody(err)
	}
	if !present {
		return nil, passwd.ErrNotFound
	}
	if excess := len(rivals) + 1 - max; max > 0 && excess > 0 {
		ends = append(ends, rivals[:excess]...)
	}
	return ends, nil
}

func (s *Store) createSession(ctx context.Context, q querier, k key, r session.Record, max int, open bool) error {
	qs := &s.queries.sessions
	if err := s.touch(ctx, q, k); err != nil {
		return err
	}
	if _, err := q.exec(ctx, &qs.dropDevice, k.tenant, k.id, r.Client, r.Device[:]); err != nil {
		return err
	}
	if max > 0 && open { // else none is live
		rivals, err := s.rivals(ctx, q, k, r)
		if err != nil {
			return err
		}
		for i := 0; i <= len(rivals)-max; i++ {
			if _, err := q.exec(ctx, &qs.drop, rivals[i]); err != nil {
				return err
			}
		}
	}
	return s.addSession(ctx, q, k, r)
}

func (s *Store) addSession(ctx context.Context, q querier, k key, r session.Record) error {
	_, err := q.exec(ctx, &s.queries.sessions.add, r.ID, k.tenant, k.id, r.Epoch, r.Client, r.Device[:], r.DeviceName, addrText(r.Addr), r.UserAgent,
		r.Access[:], r.Refresh[:], r.CreatedAt.UnixMicro(), r.IssuedAt.UnixMicro(), r.AccessUntil.UnixMicro(),
		r.UsedAt.UnixMicro(), r.ExpiresAt.UnixMicro())
	return err
}

// rivals are the ids of the live sessions of an account and client, the one with
// the oldest tokens first.
func (s *Store) rivals(ctx context.Context, q querier, k key, r session.Record) (ids []string, err error) {
	rows, err := q.rows(ctx, &s.queries.sessions.rivals, k.tenant, k.id, r.Client, r.Epoch, r.IssuedAt.UnixMicro())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, errors.Join(rows.Err(), rows.Close())
}

// FindSession implements session.Store. An access token takes one round trip where
// the ids, and tenants if there are any, are numbers or, on SQLite, Text, on MySQL,
// BinaryUUID, and on PostgreSQL, UUID or BinaryUUID. All else takes two: the account of a token, and then everything
// in one statement.
func (s *Store) FindSession(ctx context.Context, t session.TokenRef, now time.Time) (r session.Record, must passwd.Reason, err error) {
	by := &s.queries.sessions.byAccess
	switch t.Kind {
	case session.Access:
	case session.Refresh:
		by = &s.queries.sessions.byRefresh
	default:
		return r, "", passwd.ErrNotFound
	}
	err = s.read(ctx, "find session", func(q querier) error {
		var open bool
		if once := &s.queries.sessions.findAccess; once.text != "" && t.Kind == session.Access {
			r, must, open, err = s.liveSession(q.row(ctx, once, t.Digest[:], now.UnixMicro()))
			if err == nil && !open {
				err = passwd.ErrNotFound
			}
			return err
		}
		id, k, err := s.owner(ctx, q, by, t.Digest[:])
		if err != nil {
			return err
		}
		r, must, open, err = s.liveSession(q.row(ctx, &s.queries.sessions.find, k.tenant, k.id, now.UnixMicro(), id))
		if err == nil && (!open || t.Kind == session.Access && r.Access != t.Digest) { // replaced in between
			err = passwd.ErrNotFound
		}
		return err
	})
	if err != nil {
		return session.Record{}, "", err
	}
	return r, must, nil
}

// ListSessions implements session.Store, in one round trip.
func (s *Store) ListSessions(ctx context.Context, account passwd.Ref, now time.Time) (list []session.Record, err error) {
	k, err := s.key(account)
	if err != nil {
		return nil, ctx.Err() // nobody's
	}
	err = s.read(ctx, "list sessions", func(q querier) error {
		list = nil
		rows, err := q.rows(ctx, &s.queries.sessions.list, k.tenant, k.id, now.UnixMicro())
		if err != nil {
			return ignore(s.nobody(err), passwd.ErrNotFound)
		}
		defer rows.Close()
		for rows.Next() {
			r, _, open, err := s.liveSession(rows)
			if err != nil {
				return err
			}
			if open {
				list = append(list, r)
			}
		}
		return ignore(s.nobody(rows.Err()), passwd.ErrNotFound)
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// TouchSession implements session.Store.
func (s *Store) TouchSession(ctx context.Context, id string, used, expires time.Time) error {
	return s.single(ctx, "touch session", &s.queries.sessions.touch, id, used.UnixMicro(), expires.UnixMicro())
}

// EndSessions implements session.Store. It also ends sessions of an account that
// the host has deleted.
func (s *Store) EndSessions(ctx context.Context, account passwd.Ref, f session.Filter) (n int, err error) {
	k, err := s.key(account)
	if err != nil {
		return 0, ctx.Err() // nobody's
	}
	err = s.write(ctx, "end sessions", nil, func(q querier) error {
		n = 0
		if _, _, err := s.lockEpoch(ctx, q, k); err != nil {
			return err
		}
		mine, err := s.sessionsOf(ctx, q, k)
		if err != nil {
			return err
		}
		for _, m := range mine {
			if !f.Selects(m) {
				continue
			}
			ended, err := q.exec(ctx, &s.queries.sessions.drop, m.ID)
			if err != nil {
				return err
			}
			n += int(ended)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// raised ends what an earlier epoch of an account opened, and gives the one session
// to keep the new one. A session that is older than the write expects stays dead.
// On MySQL each is named by its key: see trimHistory.
func (s *Store) raised(ctx context.Context, q querier, k key, w passwd.Write, epoch int64) error {
	qs := &s.queries.sessions
	if qs.dropEarlier.text != "" {
		if w.KeepSession != "" {
			if _, err := q.exec(ctx, &qs.restampIf, k.tenant, k.id, w.KeepSession, w.IfEpoch, epoch); err != nil {
				return err
			}
		}
		_, err := q.exec(ctx, &qs.dropEarlier, k.tenant, k.id, w.KeepSession, epoch)
		return err
	}
	mine, err := s.sessionsOf(ctx, q, k)
	if err != nil {
		return err
	}
	for _, m := range mine {
		if m.ID == w.KeepSession && m.Epoch == w.IfEpoch {
			_, err = q.exec(ctx, &s.queries.sessions.restamp, m.ID, epoch)
		} else {
			_, err = q.exec(ctx, &s.queries.sessions.drop, m.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sessionsOf returns all that is stored of an account, with id, client and epoch.
func (s *Store) sessionsOf(ctx context.Context, q querier, k key) (mine []session.Session, err error) {
	rows, err := q.rows(ctx, &s.queries.sessions.mine, k.tenant, k.id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var m session.Session
		if err := rows.Scan(&m.ID, &m.Client, &m.Epoch); err != nil {
			return nil, err
		}
		mine = append(mine, m)
	}
	return mine, errors.Join(rows.Err(), rows.Close())
}

// lockEpoch keeps an account's sessions, and its epoch, from being written by
// others; 0 is no epoch yet, and nothing locked.
func (s *Store) lockEpoch(ctx context.Context, q querier, k key) (epoch, stamp int64, err error) {
	err = q.row(ctx, &s.queries.sessions.lockEpoch, k.tenant, k.id).Scan(&epoch, &stamp)
	return epoch, stamp, absent(err, nil)
}

// standing is lockEpoch, and whether the account is open: active and not disabled.
func (s *Store) standing(ctx context.Context, q querier, k key) (epoch int64, open bool, err error) {
	var stamp int64
	if epoch, stamp, err = s.lockEpoch(ctx, q, k); err != nil {
		return 0, false, err
	}
	var active, disabled flag
	var hash text
	err = q.row(ctx, &s.queries.sessions.standing, k.tenant, k.id).Scan(&active, &disabled, &hash)
	return epochAt(epoch, stamp, passwd.Hash(hash)), s.open(active, disabled), s.nobody(err)
}

func (s *Store) open(active, disabled flag) bool {
	return (bool(active) || s.config.Users.Active == "") && !bool(disabled)
}

// owner returns the id of a session and its account, or passwd.ErrNotFound.
func (s *Store) owner(ctx context.Context, q querier, by *query, of any) (id string, k key, err error) {
	var tenant, user any
	if err := q.row(ctx, by, of).Scan(&id, &tenant, &user); err != nil {
		return "", key{}, absent(err, passwd.ErrNotFound)
	}
	ref, err := s.ref(tenant, user)
	if err != nil {
		return "", key{}, err
	}
	k, err = s.key(ref)
	return id, k, err
}

// scanner is a row, or the one at hand of several.
type scanner interface{ Scan(into ...any) error }

// liveSession reads a row of find and list.
func (s *Store) liveSession(row scanner) (r session.Record, must passwd.Reason, open bool, err error) {
	var active, disabled flag
	var reason string
	var stamp int64
	var hash text
	r, err = s.session(row, &active, &disabled, &reason, &stamp, &hash)
	return r, passwd.Reason(reason), s.open(active, disabled) && !outside(stamp, passwd.Hash(hash)), err
}

// sessionRow is what the columns of a session are scanned into.
type sessionRow struct {
	record                                session.Record
	tenant, user                          any
	device, access, refresh               []byte
	addr                                  string
	created, issued, until, used, expires int64
}

// session reads the columns of a session and what follows them, or returns
// passwd.ErrNotFound.
func (s *Store) session(row scanner, more ...any) (r session.Record, err error) {
	var to sessionRow
	into := append(make([]any, 0, 20),
		&to.record.ID, &to.tenant, &to.user, &to.record.Epoch, &to.record.Client, &to.device, &to.record.DeviceName, &to.addr, &to.record.UserAgent,
		&to.access, &to.refresh, &to.created, &to.issued, &to.until, &to.used, &to.expires,
	)
	if err := row.Scan(append(into, more...)...); err != nil {
		return r, absent(err, passwd.ErrNotFound)
	}
	r = to.record
	if r.Account, err = s.ref(to.tenant, to.user); err != nil {
		return session.Record{}, err
	}
	if to.addr != "" {
		if r.Addr, err = netip.ParseAddr(to.addr); err != nil {
			return session.Record{}, errors.New("column addr holds no address")
		}
	}
	copy(r.Device[:], to.device)
	copy(r.Access[:], to.access)
	copy(r.Refresh[:], to.refresh)
	r.CreatedAt, r.IssuedAt, r.AccessUntil = time.UnixMicro(to.created).UTC(), time.UnixMicro(to.issued).UTC(), time.UnixMicro(to.until).UTC()
	r.UsedAt, r.ExpiresAt = time.UnixMicro(to.used).UTC(), time.UnixMicro(to.expires).UTC()
	return r, nil
}

func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
