package sqlstore

import (
	"context"
	"database/sql"
	"errors"
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

// Take implements passwd.Limiter, for all processes on the database together. A try
// that is refused costs one read; only one that is counted is written.
//
// Purge removes keys whose window has passed. A key without a window goes a day after
// its last take for each one that is counted, or after 30 days, and never before its
// wait is over. A clock that is set back neither shortens a wait nor forgives.
func (s *Store) Take(ctx context.Context, key string, l passwd.Limit, now time.Time) (taken passwd.Taken, err error) {
	if s.host != nil {
		return taken, errors.ErrUnsupported // it would be undone with that transaction
	}
	known := false
	err = s.read(ctx, "take", func(q querier) error {
		t, found, err := s.tries(ctx, q, &s.queries.tries, key)
		taken, known = t.Take(l, now), found
		return err
	})
	if err != nil || taken.Wait > 0 {
		return taken, err
	}
	err = s.write(ctx, "take", nil, func(q querier) error {
		t, err := s.lockTries(ctx, q, key, known)
		if err != nil {
			return err
		}
		if taken = t.Take(l, now); taken.Wait > 0 {
			return nil
		}
		return s.setTries(ctx, q, key, t)
	})
	if err != nil {
		return passwd.Taken{}, err
	}
	return taken, nil
}

// Refund implements passwd.Limiter. It also ends the wait that the refunded take
// began.
func (s *Store) Refund(ctx context.Context, key string) error {
	if s.host != nil {
		return errors.ErrUnsupported
	}
	return s.write(ctx, "refund", nil, func(q querier) error {
		t, known, err := s.tries(ctx, q, s.lockedTries(), key)
		if err != nil || !known {
			return err
		}
		if t.Refund(); t.Count <= 0 {
			_, err = q.exec(ctx, &s.queries.dropTries, key)
			return err
		}
		return s.setTries(ctx, q, key, t)
	})
}

// Clear implements passwd.Limiter: it forgets the key.
func (s *Store) Clear(ctx context.Context, key string) error {
	if s.host != nil {
		return errors.ErrUnsupported
	}
	return s.single(ctx, "clear", &s.queries.dropTries, key)
}

// Count implements passwd.Limiter: it counts the takes of a key, in one round trip.
func (s *Store) Count(ctx context.Context, key string, now time.Time) (n int, err error) {
	if s.host != nil {
		return 0, errors.ErrUnsupported
	}
	err = s.read(ctx, "count", func(q querier) error {
		t, _, err := s.tries(ctx, q, &s.queries.tries, key)
		if n = t.Count; t.Passed(now) {
			n = 0
		}
		return err
	})
	return n, err
}

// lockedTries is the query that reads tries and locks them.
func (s *Store) lockedTries() *query {
	if s.dialect.lock != "" { // which has locked everything
		return &s.queries.tries
	}
	return &s.queries.lockTries
}

// lockTries reads the tries of a key and keeps others from them. A key that is new
// gets its row first, since a row that is not there cannot be locked.
func (s *Store) lockTries(ctx context.Context, q querier, key string, known bool) (t passwd.Tally, err error) {
	for range maxTries {
		if !known {
			if _, err := q.exec(ctx, &s.queries.addTries, key, 0, 0, 0, nil, nil, 0); err != nil {
				return t, err
			}
		}
		if t, known, err = s.tries(ctx, q, s.lockedTries(), key); err != nil || known {
			return t, err
		}
	}
	return t, errors.New("the row disappears as soon as it is there")
}

func (s *Store) tries(ctx context.Context, q querier, from *query, key string) (t passwd.Tally, known bool, err error) {
	var windowed int
	var until, last sql.NullInt64
	err = q.row(ctx, from, key).Scan(&t.Count, &t.Level, &windowed, &until, &last)
	if err != nil {
		return passwd.Tally{}, false, absent(err, nil)
	}
	t.Windowed, t.Until, t.Last = windowed != 0, timeOf(until), timeOf(last)
	return t, true, nil
}

func (s *Store) setTries(ctx context.Context, q querier, key string, t passwd.Tally) error {
	windowed, expires := 0, t.Last.Add(forgetTake*time.Duration(min(t.Count, maxTakes)))
	if t.Until.After(expires) { // who waits longer than that goes on waiting
		expires = t.Until
	}
	if t.Windowed {
		windowed, expires = 1, t.Until
	}
	_, err := q.exec(ctx, &s.queries.setTries, key, t.Count, t.Level, windowed, micros(t.Until), micros(t.Last), expires.UnixMicro())
	return err
}
