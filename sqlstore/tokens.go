package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/passwd-go/passwd"
)

// Issue implements passwd.Tokens. It judges which tokens are live at t.IssuedAt.
// An unknown account is passwd.ErrNotFound.
func (s *Store) Issue(ctx context.Context, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
	k, err := s.key(t.Account)
	if err != nil {
		return err
	}
	landed := func(ctx context.Context, q querier) (bool, error) {
		if _, err := s.state(ctx, q, k); err != nil { // waits for the end of what was lost sight of
			return false, err
		}
		_, _, err := s.token(ctx, q, t.TokenRef)
		return err == nil, ignore(err, passwd.ErrTokenInvalid)
	}
	plain := s.queries.issueWhole.text != "" && t.Epoch != 0 && t.Attempts == 0 && t.SpentAt.IsZero()
	if plain && consume == nil && s.host == nil {
		if done, err := s.issueAlone(ctx, k, t, maxLive, landed); done || err != nil {
			return err
		}
	}
	err = s.write(ctx, "issue", landed, func(q querier) error {
		if plain {
			return s.issueWhole(ctx, q, k, t, maxLive, consume)
		}
		st, err := s.state(ctx, q, k)
		if err == nil {
			err = s.issue(ctx, q, k, st, t, maxLive, consume)
		}
		if err == passwd.ErrTokenInvalid || err == passwd.ErrConflict || err == passwd.ErrTooManyTokens {
			err = errStepwise
		}
		return err
	})
	if !errors.Is(err, errStepwise) {
		return err
	}
	return s.write(ctx, "issue", landed, func(q querier) error {
		st, err := s.state(ctx, q, k)
		if err != nil {
			return err
		}
		first, _, err := s.token(ctx, q, t.TokenRef)
		if err == nil { // a retry: what it consumed is spent, so judge it first
			if first.Account != k.ref || first.Address != t.Address || !first.Live(st.epoch, t.IssuedAt) {
				return passwd.ErrTokenInvalid
			}
			return nil
		}
		if err != passwd.ErrTokenInvalid {
			return err
		}
		return s.issue(ctx, q, k, st, t, maxLive, consume)
	})
}

func (s *Store) issue(ctx context.Context, q querier, k key, st state, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
	if t.Epoch != 0 && t.Epoch != st.epoch {
		return passwd.ErrConflict
	}
	if consume != nil {
		if err := s.spend(ctx, q, k, *consume, st.epoch, t.IssuedAt); err != nil {
			return err
		}
	}
	if maxLive > 0 {
		if s.dialect.touches || s.dialect.returning { // issueAlone goes by it
			if err := s.touched(ctx, q, k); err != nil {
				return err
			}
		}
		if err := s.makeRoom(ctx, q, k, st, t, maxLive); err != nil {
			return err
		}
	}
	return s.addToken(ctx, q, k, t)
}

// makeRoom spends the oldest live tokens of t's requester, so that there is room for
// t; passwd.ErrTooManyTokens if t would be the oldest itself.
func (s *Store) makeRoom(ctx context.Context, q querier, k key, st state, t passwd.TokenRecord, maxLive int) error {
	all, err := s.liveTokens(ctx, q, k, st, t)
	excess := len(all) + 1 - maxLive
	if err != nil || excess <= 0 {
		return err
	}
	if t.IssuedAt.UnixMicro() < all[excess-1].issued {
		return passwd.ErrTooManyTokens
	}
	for _, old := range all[:excess] {
		ref := passwd.TokenRef{Purpose: t.Purpose, Digest: old.digest}
		if err := s.spend(ctx, q, k, ref, st.epoch, t.IssuedAt); err != nil {
			return err
		}
	}
	return nil
}

type liveToken struct {
	digest passwd.Digest
	issued int64
}

// liveTokens are those of t's account, purpose and requester, the oldest first.
func (s *Store) liveTokens(ctx context.Context, q querier, k key, st state, t passwd.TokenRecord) ([]liveToken, error) {
	rows, err := q.rows(ctx, &s.queries.liveTokens, k.tenant, k.id, string(t.Purpose), t.IssuedAt.UnixMicro(), st.epoch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []liveToken
	for rows.Next() {
		var digest, requester []byte
		var l liveToken
		if err := rows.Scan(&digest, &requester, &l.issued); err != nil {
			return nil, err
		}
		var who passwd.Digest
		copy(who[:], requester)
		copy(l.digest[:], digest)
		if who == t.Requester {
			all = append(all, l)
		}
	}
	return all, rows.Err()
}

// addToken is passwd.ErrTokenInvalid if there is one already.
func (s *Store) addToken(ctx context.Context, q querier, k key, t passwd.TokenRecord) error {
	n, err := q.exec(ctx, &s.queries.addToken, k.tenant, k.id, string(t.Purpose), t.Digest[:], t.Epoch,
		blob(t.Address), blob(t.Verifier), blob(t.Requester), t.Attempts, t.IssuedAt.UnixMicro(), t.ExpiresAt.UnixMicro(), micros(t.SpentAt))
	if err != nil && s.dialect.taken(err) || err == nil && n == 0 {
		return passwd.ErrTokenInvalid
	}
	return err
}

// spend consumes a token of the account that is live. The condition is part of the
// statement, so that of two who try only one succeeds, on every database.
func (s *Store) spend(ctx context.Context, q querier, k key, ref passwd.TokenRef, epoch int64, now time.Time) error {
	n, err := q.exec(ctx, &s.queries.spend, k.tenant, k.id, now.UnixMicro(), string(ref.Purpose), ref.Digest[:], epoch)
	if err == nil && n != 1 {
		err = passwd.ErrTokenInvalid
	}
	return err
}

// Peek implements passwd.Tokens, in one round trip, but for some tokens that are no
// longer of their account's epoch.
func (s *Store) Peek(ctx context.Context, ref passwd.TokenRef, now time.Time) (t passwd.TokenRecord, err error) {
	err = s.read(ctx, "peek", func(q querier) error {
		var current int64
		t, current, err = s.token(ctx, q, ref)
		if err == nil && !t.Live(current, now) {
			err = passwd.ErrTokenInvalid
			if t.Live(t.Epoch, now) && !s.queries.tokenHash { // dead by the epoch that is stored
				err = s.current(ctx, q, t)
			}
		}
		return err
	})
	return t, err
}

// Attempt implements passwd.Tokens. The last attempt that max allows leaves a
// token that can still be consumed, by whoever made that attempt.
func (s *Store) Attempt(ctx context.Context, ref passwd.TokenRef, max int, now time.Time) (t passwd.TokenRecord, err error) {
	if s.host != nil {
		return t, errors.ErrUnsupported // it would be undone with that transaction
	}
	err = s.write(ctx, "attempt", nil, func(q querier) error {
		n, err := q.exec(ctx, &s.queries.attempt, string(ref.Purpose), ref.Digest[:], now.UnixMicro(), max)
		if err != nil {
			return err
		}
		if t, _, err = s.token(ctx, q, ref); err != nil {
			return err
		}
		if n != 1 {
			return passwd.ErrTokenInvalid
		}
		if err = s.current(ctx, q, t); err == passwd.ErrTokenInvalid {
			t.Attempts-- // with the transaction
		}
		return err
	})
	if err != nil && err != passwd.ErrTokenInvalid {
		return passwd.TokenRecord{}, err
	}
	return t, err
}

// current is passwd.ErrTokenInvalid for a token of another epoch than its account's,
// whoever has written the hash of that.
func (s *Store) current(ctx context.Context, q querier, t passwd.TokenRecord) error {
	if t.Epoch == 0 {
		return nil
	}
	k, err := s.key(t.Account)
	if err != nil {
		return err
	}
	st, err := s.readState(ctx, q, &s.queries.state, k)
	if err == passwd.ErrNotFound || err == nil && st.epoch != t.Epoch {
		return passwd.ErrTokenInvalid
	}
	return err
}

// Purge implements passwd.Tokens. It deletes tokens, sessions and counts of the limiter
// that have expired: at most 1,000 together, on SQLite 100, whatever the batch, so
// that other writers get their turn, and as many spent refresh tokens of these sessions,
// which are not counted in n. Jobs are not purged: the service drops those
// that are too old, and tells of it.
func (s *Store) Purge(ctx context.Context, before time.Time, batch int) (n int, more bool, err error) {
	if s.host != nil {
		return 0, false, errors.ErrUnsupported
	}
	batch = min(batch, s.dialect.purge)
	if batch <= 0 {
		return 0, false, ctx.Err()
	}
	spent := &s.queries.sessions.purgeSpent
	err = s.write(ctx, "purge", nil, func(q querier) error {
		n, more = 0, false
		// What is spent of a session goes before it does: the rows that its end takes along
		// would be in no batch.
		for _, purge := range []*query{&s.queries.purge, spent, &s.queries.sessions.purge, &s.queries.purgeTries} {
			deleted, err := q.exec(ctx, purge, before.UnixMicro(), batch-n, s.dialect.purge)
			if err != nil {
				return err
			}
			if purge == spent { // a part of what is counted
				more = int(deleted) >= s.dialect.purge
			} else {
				n += int(deleted)
				more = n >= batch
			}
			if more {
				break
			}
		}
		return nil
	})
	if err != nil {
		return 0, false, err
	}
	return n, more, nil
}

// tokenRow is what the columns of a token are scanned into.
type tokenRow struct {
	tenant, id                              any
	address, verifier, requester            []byte
	epoch, attempts, issued, expires, spent sql.NullInt64
	currentEpoch, stamp                     sql.NullInt64
	hash                                    text
}

// token returns a record, live or not, and the current epoch of its account; or
// passwd.ErrTokenInvalid. Where the host's index does not serve a join, the epoch is the
// stored one, which a hash from outside has left behind: the record's own tells.
func (s *Store) token(ctx context.Context, q querier, ref passwd.TokenRef) (t passwd.TokenRecord, current int64, err error) {
	var r tokenRow
	err = q.row(ctx, &s.queries.token, string(ref.Purpose), ref.Digest[:]).Scan(&r.tenant, &r.id, &r.epoch,
		&r.address, &r.verifier, &r.requester, &r.attempts, &r.issued, &r.expires, &r.spent, &r.currentEpoch, &r.stamp, &r.hash)
	if err == nil && !r.epoch.Valid {
		err = passwd.ErrTokenInvalid
	}
	if err != nil {
		return passwd.TokenRecord{}, 0, err
	}
	t.Epoch, t.Attempts = r.epoch.Int64, int(r.attempts.Int64)
	if t.Account, err = s.ref(r.tenant, r.id); err != nil {
		return passwd.TokenRecord{}, 0, err
	}
	t.TokenRef = ref
	copy(t.Address[:], r.address)
	copy(t.Verifier[:], r.verifier)
	copy(t.Requester[:], r.requester)
	t.IssuedAt = time.UnixMicro(r.issued.Int64).UTC()
	t.ExpiresAt = time.UnixMicro(r.expires.Int64).UTC()
	t.SpentAt = timeOf(r.spent)
	if current = r.currentEpoch.Int64; s.queries.tokenHash {
		current = epochAt(current, r.stamp.Int64, passwd.Hash(r.hash))
	}
	return t, current, nil
}

// blob stores a digest; none is NULL.
func blob(d passwd.Digest) any {
	if d == (passwd.Digest{}) {
		return nil
	}
	return d[:]
}

func ignore(err, answer error) error {
	if err == answer {
		return nil
	}
	return err
}
