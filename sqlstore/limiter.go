package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"maps"
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

const (
	maxSteps = 8 // keys that one statement reads, adds or drops
	maxRows  = 4 // keys that one statement sets
)

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
	keys := keysOf(steps, func(passwd.Step) bool { return true })
	var known passwd.Tallies // as read first; one that is locked later is read again
	var changed map[string]bool
	err = s.read(ctx, "limit", func(q querier) error {
		if known, err = s.tallies(ctx, q, &s.queries.tries, keys); err != nil {
			return err
		}
		taken, changed = maps.Clone(known).Do(now, steps...)
		return nil
	})
	if err != nil || len(changed) == 0 {
		return taken, err
	}
	// What waits at the first sight may not do so at the second.
	locked := keysOf(steps, func(step passwd.Step) bool { return step.Do == passwd.StepTake || changed[step.Key] })
	err = s.write(ctx, "limit", nil, func(q querier) error {
		fresh, err := s.lockTallies(ctx, q, locked, known)
		if err != nil {
			return err
		}
		taken, changed = fresh.Do(now, steps...)
		return s.setTallies(ctx, q, fresh, changed)
	})
	return taken, err
}

// keysOf are the keys of the steps that f selects, sorted, each once.
func keysOf(steps []passwd.Step, f func(passwd.Step) bool) []string {
	var keys []string
	for _, s := range steps {
		if f(s) {
			keys = append(keys, s.Key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// tallies reads what is known of keys.
func (s *Store) tallies(ctx context.Context, q querier, from *query, keys []string) (passwd.Tallies, error) {
	known := make(passwd.Tallies, len(keys))
	for some := range slices.Chunk(keys, maxSteps) {
		if err := s.readTallies(ctx, q, from, padded(some), known); err != nil {
			return nil, err
		}
	}
	return known, nil
}

// padded are the arguments of a statement of maxSteps keys; the last one is repeated.
func padded(keys []string) []any {
	args := make([]any, maxSteps)
	for i := range args {
		args[i] = keys[min(i, len(keys)-1)]
	}
	return args
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
		known[key] = t
	}
	return rows.Err()
}

// lockTallies reads keys again and keeps others from them; the other keys are as they
// are known. A key that is new gets its row first, since a row that is not there cannot
// be locked. The order is that of the keys: two calls never wait for each other.
func (s *Store) lockTallies(ctx context.Context, q querier, keys []string, known passwd.Tallies) (passwd.Tallies, error) {
	fresh := maps.Clone(known)
	for range maxTries {
		if s.dialect.lock == "" && slices.ContainsFunc(keys, func(key string) bool { _, there := fresh[key]; return !there }) {
			if err := s.addTallies(ctx, q, keys); err != nil {
				return nil, err
			}
		}
		locked, err := s.tallies(ctx, q, &s.queries.lockTries, keys)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			delete(fresh, key)
		}
		maps.Copy(fresh, locked)
		if s.dialect.lock != "" || len(locked) == len(keys) {
			return fresh, nil
		}
	}
	return nil, errors.New("a row disappears as soon as it is there")
}

// addTallies makes rows that count nothing, where there are none.
func (s *Store) addTallies(ctx context.Context, q querier, keys []string) error {
	for some := range slices.Chunk(keys, maxSteps) {
		if _, err := q.exec(ctx, &s.queries.addTries, padded(some)...); err != nil {
			return err
		}
	}
	return nil
}

// setTallies writes what a call has changed, several keys in one statement.
func (s *Store) setTallies(ctx context.Context, q querier, tallies passwd.Tallies, changed map[string]bool) error {
	var set, dropped []string
	for _, key := range slices.Sorted(maps.Keys(changed)) {
		if _, remains := tallies[key]; remains {
			set = append(set, key)
		} else {
			dropped = append(dropped, key)
		}
	}
	for some := range slices.Chunk(dropped, maxSteps) {
		if _, err := q.exec(ctx, &s.queries.dropTries, padded(some)...); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(set, maxRows) {
		var args []any
		for _, key := range some {
			args = append(args, row(key, tallies[key])...)
		}
		if _, err := q.exec(ctx, &s.queries.setTries[len(some)-1], args...); err != nil {
			return err
		}
	}
	return nil
}

// row is what is stored of a key.
func row(key string, t passwd.Tally) []any {
	windowed, expires := 0, t.Last.Add(forgetTake*time.Duration(min(t.Count, maxTakes)))
	if t.Until.After(expires) { // who waits longer than that goes on waiting
		expires = t.Until
	}
	if t.Windowed {
		windowed, expires = 1, t.Until
	}
	return []any{key, t.Count, t.Level, windowed, micros(t.Until), micros(t.Last), expires.UnixMicro()}
}
