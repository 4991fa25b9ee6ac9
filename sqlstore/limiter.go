package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
)

// How long a key without a window is kept after its last take: a day for each take,
// at most 30. So a flood of logins that nobody has goes soon, and who waits for a key
// to be forgotten has less than four guesses a day.
const (
	forgetTake = 24 * time.Hour
	maxTakes   = 30
)

// maxSteps is how many keys one statement reads.
const maxSteps = 8

// Do implements passwd.Limiter, for all processes on the database together. A call
// that only peeks, or is refused, costs one read; only what is counted is written, in
// one transaction.
//
// Purge removes keys whose window has passed. A key without a window goes a day after
// its last take for each one that is counted, or after 30 days, and never before its
// wait is over. A clock that is set back neither shortens a wait nor forgives.
func (s *Store) Do(ctx context.Context, now time.Time, steps ...passwd.Step) (taken []passwd.Taken, err error) {
	if s.host != nil {
		return nil, errors.ErrUnsupported // it would be undone with that transaction
	}
	keys := keysOf(steps)
	var known passwd.Tallies
	var changed map[string]bool
	err = s.read(ctx, "limit", func(q querier) error {
		if known, err = s.tallies(ctx, q, &s.queries.tries, keys); err != nil {
			return err
		}
		taken, changed = known.Do(now, steps...)
		return nil
	})
	if err != nil || len(changed) == 0 {
		return taken, err
	}
	err = s.write(ctx, "limit", nil, func(q querier) error {
		known, err := s.lockTallies(ctx, q, keys, changed)
		if err != nil {
			return err
		}
		taken, changed = known.Do(now, steps...)
		for _, key := range keys { // in their order: two calls never wait for each other
			if !changed[key] {
				continue
			}
			if t, remains := known[key]; remains {
				err = s.setTally(ctx, q, key, t)
			} else {
				_, err = q.exec(ctx, &s.queries.dropTries, key)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return taken, err
}

// keysOf are the keys of a call, sorted, each once.
func keysOf(steps []passwd.Step) []string {
	keys := make([]string, len(steps))
	for i, s := range steps {
		keys[i] = s.Key
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// tallies reads what is known of keys.
func (s *Store) tallies(ctx context.Context, q querier, from *query, keys []string) (passwd.Tallies, error) {
	known := make(passwd.Tallies, len(keys))
	for some := range slices.Chunk(keys, maxSteps) {
		args := make([]any, maxSteps)
		for i := range args {
			args[i] = some[min(i, len(some)-1)]
		}
		if err := s.readTallies(ctx, q, from, args, known); err != nil {
			return nil, err
		}
	}
	return known, nil
}

func (s *Store) readTallies(ctx context.Context, q querier, from *query, args []any, known passwd.Tallies) error {
	rows, err := q.rows(ctx, from, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var t passwd.Tally
		var windowed int
		var until, last sql.NullInt64
		if err := rows.Scan(&key, &t.Count, &t.Level, &windowed, &until, &last); err != nil {
			return err
		}
		t.Windowed, t.Until, t.Last = windowed != 0, timeOf(until), timeOf(last)
		if t.Count > 0 { // else a row that was only made to be locked
			known[key] = t
		}
	}
	return rows.Err()
}

// lockTallies reads keys and keeps others from them. A key that is new gets its row
// first, since a row that is not there cannot be locked.
func (s *Store) lockTallies(ctx context.Context, q querier, keys []string, changed map[string]bool) (passwd.Tallies, error) {
	if s.dialect.lock == "" {
		for _, key := range keys {
			if !changed[key] {
				continue
			}
			if _, err := q.exec(ctx, &s.queries.addTries, key, 0, 0, 0, nil, nil, 0); err != nil {
				return nil, err
			}
		}
	}
	return s.tallies(ctx, q, &s.queries.lockTries, keys)
}

func (s *Store) setTally(ctx context.Context, q querier, key string, t passwd.Tally) error {
	windowed, expires := 0, t.Last.Add(forgetTake*time.Duration(min(t.Count, maxTakes)))
	if t.Until.After(expires) { // who waits longer than that goes on waiting
		expires = t.Until
	}
	if t.Windowed {
		windowed, expires = 1, t.Until
	}
	args := []any{key, t.Count, t.Level, windowed, micros(t.Until), micros(t.Last), expires.UnixMicro()}
	if s.dialect.lock != "" { // the row may be new
		if _, err := q.exec(ctx, &s.queries.addTries, args...); err != nil {
			return err
		}
	}
	_, err := q.exec(ctx, &s.queries.setTries, args...)
	return err
}
