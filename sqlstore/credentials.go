package sqlstore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"

	"github.com/passwd-go/passwd"
)

// state is what a write compares and goes on from. The row is locked.
type state struct {
	hash    passwd.Hash
	epoch   int64 // 0: there is none yet
	stamp   int64
	must    text
	until   sql.NullInt64
	changed sql.NullInt64
	present bool // there is a row of ours
	remains bool // and it is another's: all of the above is as if it was not
	outside bool // the hash is not of our last write
	raised  bool // the epoch has been raised
}

func (s *Store) state(ctx context.Context, q querier, k key) (state, error) {
	if s.dialect.lock != "" { // which has locked everything
		return s.readState(ctx, q, &s.queries.state, k)
	}
	if s.queries.lockState.text != "" {
		return s.readState(ctx, q, &s.queries.lockState, k)
	}
	var (
		hash         text
		epoch, stamp sql.NullInt64
		st           state
	)
	if err := q.row(ctx, &s.queries.lockUser, k.tenant, k.id).Scan(&hash); err != nil {
		return st, s.nobody(err)
	}
	err := q.row(ctx, &s.queries.own, k.tenant, k.id).Scan(&epoch, &stamp, &st.must, &st.until, &st.changed)
	st.hash, st.epoch, st.stamp, st.present = passwd.Hash(hash), epoch.Int64, stamp.Int64, epoch.Valid
	return st.own(), absent(err, nil)
}

// readState reads the state in one statement.
func (s *Store) readState(ctx context.Context, q querier, by *query, k key) (state, error) {
	var (
		hash         text
		epoch, stamp sql.NullInt64
		st           state
	)
	err := q.row(ctx, by, k.tenant, k.id).Scan(&hash, &epoch, &stamp, &st.must, &st.until, &st.changed)
	st.hash, st.epoch, st.stamp, st.present = passwd.Hash(hash), epoch.Int64, stamp.Int64, epoch.Valid
	return st.own(), s.nobody(err)
}

// own is the state without what is not this account's.
func (st state) own() state {
	if remains(st.stamp, st.hash) {
		return state{hash: st.hash, stamp: st.stamp, present: true, remains: true}
	}
	if st.raised = st.epoch != 0 && wasRaised(st.stamp); st.epoch != 0 && outside(st.stamp, st.hash) {
		st.epoch, st.until, st.changed = passwd.OutsideEpoch(st.epoch, st.hash), sql.NullInt64{}, sql.NullInt64{}
		st.outside, st.raised = true, true
	}
	return st
}

// boundTo is the stamp that Forget leaves where an account has to change its password:
// that stays for as long as the host's row does. The row is told by its hash, for one
// with the same id and another hash may be somebody else's. Other stamps are above 0.
func boundTo(h passwd.Hash) int64 {
	sum := sha256.Sum256([]byte(h))
	return -1 - int64(binary.BigEndian.Uint64(sum[:8])>>12)
}

// remains reports whether a row of ours, with a stamp, is what Forget has left of
// another account than that with a hash.
func remains(stamp int64, h passwd.Hash) bool { return stamp < 0 && stamp != boundTo(h) }

// Apply implements passwd.Credentials. The jobs of the write enter the queue in
// the same transaction, whatever its bound.
func (s *Store) Apply(ctx context.Context, w passwd.Write) (epoch int64, err error) {
	k, err := s.key(w.Account)
	if err != nil {
		return 0, err
	}
	var before int64
	stamp := newStamp(w.NewHash, true)
	landed := s.stamped(k, &before, &stamp, w)
	if s.whole(w) {
		err = s.unlocked(ctx, "apply", landed, func(q querier) (err error) {
			if s.queries.applyWhole.text != "" {
				epoch, err = s.applyWhole(ctx, q, k, w, stamp)
			} else {
				epoch, err = s.applyBriefly(ctx, q, k, w, stamp)
			}
			return err
		})
		if !errors.Is(err, errStepwise) {
			return epochOf(epoch, err)
		}
	}
	err = s.write(ctx, "apply", landed, func(q querier) error {
		st, err := s.state(ctx, q, k)
		if err != nil {
			return err
		}
		if err := w.Check(passwd.Account{Hash: st.hash, Epoch: st.epoch, Must: passwd.Reason(st.must)}); err != nil {
			return err
		}
		before, stamp = st.stamp, newStamp(cmp.Or(w.NewHash, st.hash), st.raised || w.NewHash != "" || w.Raise)
		epoch, err = s.apply(ctx, q, k, st, w, stamp)
		return err
	})
	return epochOf(epoch, err)
}

func epochOf(epoch int64, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return epoch, nil
}

// stamped tells by the stamp whether a write is there. The stamp is that write's
// alone; the one before proves that it is not, and so does the epoch from which it would
// have raised it. Any other proves nothing: it may be of a write that came after.
func (s *Store) stamped(k key, before, stamp *int64, w passwd.Write) func(context.Context, querier) (bool, error) {
	return func(ctx context.Context, q querier) (bool, error) {
		st, err := s.state(ctx, q, k)
		undone := st.stamp == *before || w.NewHash != "" && st.epoch != 0 && st.epoch == w.IfEpoch
		if err == nil && st.stamp != *stamp && !undone {
			err = errOvertaken
		}
		return st.stamp == *stamp, err
	}
}

var errOvertaken = errors.New("written by somebody else since")

// apply makes the write, in the order in which everything locks: user, epoch,
// token, sessions, history, jobs.
func (s *Store) apply(ctx context.Context, q querier, k key, st state, w passwd.Write, stamp int64) (epoch int64, err error) {
	if w.NewHash != "" && w.NewHash != w.IfHash { // MySQL counts no row that stays as it is
		if ok, err := s.setHash(ctx, q, k, w.NewHash, w.IfHash); err != nil {
			return 0, err
		} else if !ok {
			return 0, passwd.ErrConflict
		}
	}
	if st.remains {
		if err := s.drop(ctx, q, k); err != nil {
			return 0, err
		}
		st.present = false
	}
	if epoch, err = s.applyAccount(ctx, q, k, st, w, stamp); err != nil {
		return 0, err
	}
	if err := s.applyTokens(ctx, q, k, st, w, epoch); err != nil {
		return 0, err
	}
	if st.epoch != 0 && epoch != st.epoch {
		if err := s.raised(ctx, q, k, w, epoch); err != nil {
			return 0, err
		}
	}
	if err := s.applyHistory(ctx, q, k, w, epoch); err != nil {
		return 0, err
	}
	return epoch, s.putJobs(ctx, q, w.Jobs)
}

func (s *Store) applyAccount(ctx context.Context, q querier, k key, st state, w passwd.Write, stamp int64) (epoch int64, err error) {
	epoch = w.NextEpoch(st.epoch)
	set := &s.queries.setAccount
	if !st.present {
		set = &s.queries.addAccount
	}
	var changed any
	if w.NewHash != "" || st.outside {
		changed = micros(w.Now)
	} else if st.changed.Valid {
		changed = st.changed.Int64
	}
	_, err = q.exec(ctx, set, k.tenant, k.id, epoch, stamp, string(w.Must), micros(w.MustUntil), changed)
	return epoch, err
}

func (s *Store) applyTokens(ctx context.Context, q querier, k key, st state, w passwd.Write, epoch int64) error {
	if w.Consume != nil {
		if err := s.spend(ctx, q, k, *w.Consume, st.epoch, w.Now); err != nil {
			return err
		}
	}
	if w.VoidAll {
		if _, err := q.exec(ctx, &s.queries.void, k.tenant, k.id, w.Now.UnixMicro()); err != nil {
			return err
		}
	}
	if w.Issue == nil {
		return nil
	}
	t := *w.Issue
	if t.Epoch != 0 {
		t.Epoch = epoch
	}
	return s.addToken(ctx, q, k, t)
}

func (s *Store) applyHistory(ctx context.Context, q querier, k key, w passwd.Write, epoch int64) error {
	if w.NewHash == "" {
		return nil
	}
	if w.IfHash != "" && w.History > 0 {
		if _, err := q.exec(ctx, &s.queries.addHistory, k.tenant, k.id, epoch, string(w.IfHash)); err != nil {
			return err
		}
	}
	return s.trimHistory(ctx, q, k, max(w.History, 0))
}

// trimHistory deletes all but the n newest entries. On MySQL each is named by its key: to
// delete by a condition, it may read, and lock, what is other accounts'.
func (s *Store) trimHistory(ctx context.Context, q querier, k key, n int) error {
	if s.queries.oldHistory.text == "" {
		_, err := q.exec(ctx, &s.queries.trimHistory, k.tenant, k.id, n)
		return err
	}
	rows, err := q.rows(ctx, &s.queries.oldHistory, k.tenant, k.id, n)
	if err != nil {
		return err
	}
	defer rows.Close()
	var old []int64
	for rows.Next() {
		var epoch int64
		if err := rows.Scan(&epoch); err != nil {
			return err
		}
		old = append(old, epoch)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, epoch := range old {
		if _, err := q.exec(ctx, &s.queries.trimHistory, k.tenant, k.id, epoch); err != nil {
			return err
		}
	}
	return nil
}

// setHash writes the host's column, if it holds what it did.
func (s *Store) setHash(ctx context.Context, q querier, k key, new, old passwd.Hash) (done bool, err error) {
	done, err = one(q.exec(ctx, &s.queries.setHash, k.tenant, k.id, string(new), string(old)))
	if err != nil && s.dialect.telling(err) {
		err = &refusedHash{s.config.Users.Hash, err}
	}
	return done, err
}

// Rehash implements passwd.Credentials. An unknown account is passwd.ErrNotFound.
func (s *Store) Rehash(ctx context.Context, r passwd.Ref, old, new passwd.Hash) (done bool, err error) {
	k, err := s.key(r)
	if err != nil {
		return false, err
	}
	landed := func(ctx context.Context, q querier) (bool, error) {
		st, err := s.state(ctx, q, k)
		if err == nil && st.hash != new && st.hash != old {
			err = errOvertaken
		}
		done = st.hash == new // salted: nobody else has made this hash
		return done, err
	}
	err = s.write(ctx, "rehash", landed, func(q querier) error {
		done, err = s.setHash(ctx, q, k, new, old)
		if done {
			err = s.rehashed(ctx, q, k, old, new)
		}
		if err != nil || done {
			return s.nobody(err)
		}
		st, err := s.state(ctx, q, k) // is there such an account at all?
		done = st.hash == old && old == new
		return err
	})
	return done && err == nil, err
}

// rehashed binds a row of ours to a better hash of the same password, if it was bound to
// the one before or has its print.
func (s *Store) rehashed(ctx context.Context, q querier, k key, old, new passwd.Hash) error {
	plain, raised := printed(old)
	_, err := q.exec(ctx, &s.queries.rehashed, k.tenant, k.id, boundTo(new), boundTo(old), (print(new)-print(old))<<printAt, plain, raised)
	return err
}

// History implements passwd.Credentials. An unknown account is passwd.ErrNotFound.
func (s *Store) History(ctx context.Context, r passwd.Ref, n int) ([]passwd.Hash, error) {
	k, err := s.key(r)
	if err != nil {
		return nil, err
	}
	var hashes []passwd.Hash
	err = s.read(ctx, "history", func(q querier) (err error) {
		hashes, err = s.history(ctx, q, k, max(n, 0))
		if err == nil && len(hashes) == 0 {
			_, err = s.readState(ctx, q, &s.queries.state, k)
		}
		return err
	})
	return hashes, err
}

func (s *Store) history(ctx context.Context, q querier, k key, n int) ([]passwd.Hash, error) {
	rows, err := q.rows(ctx, &s.queries.history, k.tenant, k.id, n)
	if err != nil {
		return nil, s.nobody(err)
	}
	defer rows.Close()
	var hashes []passwd.Hash
	for rows.Next() {
		var h string
		if err := rows.Scan(&h); err != nil {
			return nil, err
		}
		hashes = append(hashes, passwd.Hash(h))
	}
	return hashes, s.nobody(rows.Err())
}

// Forget implements passwd.Credentials. Of an account that the host still has, and
// that has to change its password, just that is kept.
func (s *Store) Forget(ctx context.Context, r passwd.Ref) error {
	k, err := s.key(r)
	if err != nil {
		return ctx.Err() // there cannot be anything to forget
	}
	var before int64 // the stamp
	forgotten := func(ctx context.Context, q querier) (bool, error) {
		st, err := s.state(ctx, q, k)
		done := st.epoch == 0
		if err == nil && (before < 0 || !done && st.stamp != before) {
			err = errOvertaken // or it was the same before
		}
		return done && err == nil, err
	}
	return s.write(ctx, "forget", forgotten, func(q querier) error {
		st, err := s.state(ctx, q, k)
		if err != nil && err != passwd.ErrNotFound {
			return err
		}
		before = st.stamp
		if err := s.drop(ctx, q, k); err != nil || st.must == "" {
			return err
		}
		var until any
		if st.until.Valid {
			until = st.until.Int64
		}
		_, err = q.exec(ctx, &s.queries.addAccount, k.tenant, k.id, 0, boundTo(st.hash), string(st.must), until, nil)
		return err
	})
}

// touch writes the row of an account, where the dialect asks for that: two that count the
// account's rows at once are then in conflict. What the stamp says of the hash stays.
func (s *Store) touch(ctx context.Context, q querier, k key) error {
	if !s.dialect.touches {
		return nil
	}
	return s.touched(ctx, q, k)
}

func (s *Store) touched(ctx context.Context, q querier, k key) error {
	_, err := q.exec(ctx, &s.queries.touch, k.tenant, k.id)
	return err
}

// RaiseEpochs adds to the epoch of every account that has one, in one transaction: see
// passwd.Service.RevokeAll. Writes of these accounts wait until it has ended, for about
// ten seconds with a million of them.
func (s *Store) RaiseEpochs(ctx context.Context, by int64) (accounts int, err error) {
	if by <= 0 {
		return 0, errors.New("sqlstore: raise epochs: by less than 1")
	}
	err = s.write(ctx, "raise epochs", nil, func(q querier) error {
		n, err := q.exec(ctx, &s.queries.raiseAll, by, int64(stampPrints), int64(stampPrints|stampRaised)-1, int64(stampRaised))
		accounts = int(n)
		return err
	})
	if err != nil {
		return 0, err
	}
	return accounts, nil
}

// drop deletes all that is ours of an account.
func (s *Store) drop(ctx context.Context, q querier, k key) error {
	for _, drop := range []*query{&s.queries.dropAccount, &s.queries.dropTokens, &s.queries.sessions.dropAll, &s.queries.dropHistory} {
		if _, err := q.exec(ctx, drop, k.tenant, k.id); err != nil {
			return err
		}
	}
	return nil
}
