package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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
	maxRows  = 4 // keys that one statement compares and sets
)

// Do implements passwd.Limiter, for all processes on the database together. A call
// that only peeks, or is refused, costs one read. One that counts, refunds or clears all
// of its keys costs one statement, if they are as this process last saw them; else a
// read and a statement, and, if others are at the same keys, a transaction.
//
// Of a group of keys, the 16 that were taken last are kept; one more statement, by the
// first take of one, sees to that.
//
// Purge removes keys whose window has passed, and what has been cleared. A key without a window goes a day after
// its last take for each one that is counted, or after 30 days, and never before its
// wait is over. A clock that is set back neither shortens a wait nor forgives.
func (s *Store) Do(ctx context.Context, now time.Time, steps ...passwd.Step) ([]passwd.Taken, error) {
	taken, err := s.do(ctx, now, steps)
	if err == nil {
		err = s.trimGroups(ctx, steps, taken)
	}
	if err != nil {
		return nil, err
	}
	return taken, nil
}

func (s *Store) do(ctx context.Context, now time.Time, steps []passwd.Step) ([]passwd.Taken, error) {
	if s.host != nil {
		return nil, errors.ErrUnsupported // it would be undone with that transaction
	}
	keys := keysOf(steps, func(passwd.Step) bool { return true })
	writes := keysOf(steps, func(step passwd.Step) bool { return step.Do != passwd.StepPeek })
	if len(writes) == 0 {
		known, err := s.look(ctx, keys)
		if err != nil {
			return nil, err
		}
		taken, _ := known.Do(now, steps...)
		return taken, nil
	}
	if onlyClears(steps) {
		return make([]passwd.Taken, len(steps)), s.forget(ctx, keys)
	}
	if len(writes) == len(keys) {
		if taken, done, err := s.count(ctx, now, keys, nil, steps); done || err != nil {
			return taken, err
		}
	}
	known, err := s.look(ctx, keys)
	if err != nil {
		return nil, err
	}
	taken, changed := maps.Clone(known).Do(now, steps...)
	if len(changed) == 0 {
		return taken, nil
	}
	if taken, done, err := s.count(ctx, now, slices.Sorted(maps.Keys(changed)), known, steps); done || err != nil {
		return taken, err
	}
	return s.countLocked(ctx, now, known, steps)
}

func onlyClears(steps []passwd.Step) bool {
	return !slices.ContainsFunc(steps, func(step passwd.Step) bool { return step.Do != passwd.StepClear })
}

// look reads keys.
func (s *Store) look(ctx context.Context, keys []string) (known passwd.Tallies, err error) {
	at := s.seen.now()
	err = s.read(ctx, "limit", func(q querier) error {
		known, err = s.tallies(ctx, q, &s.queries.tries, keys)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.seen.read(at, keys, known)
	return known, nil
}

// forget clears keys, whatever is counted for them.
func (s *Store) forget(ctx context.Context, keys []string) error {
	leave, err := s.turns.enter(ctx, keys)
	if err != nil {
		return s.failure(ctx, "limit", err)
	}
	defer leave()
	for some := range slices.Chunk(keys, maxSteps) {
		s.seen.lose(some)
		err := s.once(ctx, "limit", counted, func(q querier) error {
			_, err := q.exec(ctx, &s.queries.dropTries, padded(some)...)
			return err
		})
		if err != nil {
			return err
		}
		s.seen.wrote(some, nil)
	}
	return nil
}

// count makes the steps by one statement that writes all of the keys, and writes none
// of them unless all are as they were last seen; what of other keys matters is known.
// It is done if that was so, and if the steps then change these keys and no others.
func (s *Store) count(ctx context.Context, now time.Time, keys []string, known passwd.Tallies, steps []passwd.Step) (taken []passwd.Taken, done bool, err error) {
	if len(keys) > maxRows {
		return nil, false, nil
	}
	leave, err := s.turns.enter(ctx, keys)
	if err != nil {
		return nil, false, s.failure(ctx, "limit", err)
	}
	defer leave()
	before := maps.Clone(known)
	if before == nil {
		before = passwd.Tallies{}
	}
	s.seen.last(keys, before)
	after := maps.Clone(before)
	taken, changed := after.Do(now, steps...)
	if len(changed) != len(keys) || slices.ContainsFunc(keys, func(key string) bool { return !changed[key] }) {
		return nil, false, nil
	}
	s.seen.lose(keys)
	if done, err = s.swap(ctx, keys, before, after); done {
		s.seen.wrote(keys, after)
	}
	return taken, done, err
}

// swap writes what has become of keys, unless they are not what they were.
func (s *Store) swap(ctx context.Context, keys []string, before, after passwd.Tallies) (done bool, err error) {
	var args []any
	for _, key := range keys {
		args = append(append(args, row(key, after[key])...), stateOf(before[key]))
	}
	err = s.once(ctx, "limit", counted, func(q querier) error {
		n, err := q.exec(ctx, &s.queries.swapTries[len(keys)-1], args...)
		if err != nil && s.dialect.swapped(err) {
			n, err = 0, nil
		}
		done = n > 0
		return err
	})
	return done, err
}

// stateOf is a tally as a statement compares it.
func stateOf(t passwd.Tally) string {
	windowed := 0
	if t.Windowed {
		windowed = 1
	}
	if t.Count <= 0 { // as if it was not there
		t = passwd.Tally{}
	}
	number := func(t time.Time) int64 {
		if t.IsZero() {
			return 0
		}
		return t.UnixMicro()
	}
	return fmt.Sprint(t.Count, " ", t.Level, " ", windowed, " ", number(t.Until), " ", number(t.Last))
}

// countLocked makes the steps in a transaction that keeps others from the keys.
func (s *Store) countLocked(ctx context.Context, now time.Time, known passwd.Tallies, steps []passwd.Step) (taken []passwd.Taken, err error) {
	// What waits at the first sight may not do so at the second.
	_, changed := maps.Clone(known).Do(now, steps...)
	locked := keysOf(steps, func(step passwd.Step) bool { return step.Do == passwd.StepTake || changed[step.Key] })
	leave, err := s.turns.enter(ctx, locked)
	if err != nil {
		return nil, s.failure(ctx, "limit", err)
	}
	defer leave()
	s.seen.lose(locked)
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

// setTallies writes what a call has changed.
func (s *Store) setTallies(ctx context.Context, q querier, tallies passwd.Tallies, changed map[string]bool) error {
	var dropped []string
	for _, key := range slices.Sorted(maps.Keys(changed)) {
		t, remains := tallies[key]
		if !remains {
			dropped = append(dropped, key)
			continue
		}
		if _, err := q.exec(ctx, &s.queries.setTries, row(key, t)...); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(dropped, maxSteps) {
		if _, err := q.exec(ctx, &s.queries.dropTries, padded(some)...); err != nil {
			return err
		}
	}
	return nil
}

// row is what is stored of a key.
func row(key string, t passwd.Tally) []any {
	if t.Count <= 0 { // of nothing: the next Purge may have it
		return []any{key, 0, 0, 0, nil, nil, int64(0)}
	}
	windowed, expires := 0, t.Last.Add(forgetTake*time.Duration(min(t.Count, maxTakes)))
	if t.Until.After(expires) { // who waits longer than that goes on waiting
		expires = t.Until
	}
	if t.Windowed {
		windowed, expires = 1, t.Until
	}
	return []any{key, t.Count, t.Level, windowed, micros(t.Until), micros(t.Last), expires.UnixMicro()}
}
