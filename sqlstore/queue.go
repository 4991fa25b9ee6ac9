package sqlstore

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/passwd-go/passwd"
)

// Put implements passwd.Queue. A job that is there already is not added again.
func (s *Store) Put(ctx context.Context, j passwd.Job) error {
	landed := func(ctx context.Context, q querier) (bool, error) {
		if err := s.awaitJob(ctx, j.ID); err != nil {
			return false, err
		}
		return s.waits(ctx, q, j)
	}
	return s.write(ctx, "put", landed, func(q querier) error {
		return s.put(ctx, q, j, s.config.MaxJobs)
	})
}

// awaitJob returns when no transaction that adds the job is under way: the server may
// still be at the commit that was lost sight of, and who reads now would miss it. To add
// the job once more waits for that one's end; it is undone, whatever comes of it.
func (s *Store) awaitJob(ctx context.Context, id string) error {
	undone := errors.New("undone")
	err := s.transact(ctx, func(q querier) error {
		if _, err := q.exec(ctx, &s.queries.addJob, id, "", nil, []byte{}, 0, 0, 0, rankOf(passwd.Job{})); err != nil {
			return err
		}
		return undone
	})
	return ignore(err, undone)
}

// put adds a job, unless one that waits absorbs it. A bound of 0 is none. With a bound,
// what is absorbed costs as much as what is added: it is added too, and taken out again
// in the same transaction.
func (s *Store) put(ctx context.Context, q querier, j passwd.Job, bound int) error {
	if bound > 0 {
		if err := s.room(ctx, q, bound); err != nil {
			return err
		}
	}
	waits, err := s.waits(ctx, q, j)
	if err != nil || waits && bound == 0 {
		return err
	}
	var waiting any // what is unique of a job that absorbs
	id, out := j.ID, ""
	switch {
	case waits:
		id = rand.Text()
		out = id
	case j.Key != "":
		waiting = j.Key
	}
	sealed := j.Sealed
	if sealed == nil {
		sealed = []byte{}
	}
	_, err = q.exec(ctx, &s.queries.addJob, id, j.Key, waiting, sealed, j.NotBefore.UnixMicro(), j.NotAfter.UnixMicro(), j.Attempts, rankOf(j))
	if err != nil || bound == 0 {
		return err
	}
	_, err = q.exec(ctx, &s.queries.done, out)
	return err
}

// room is ErrQueueFull when the queue is. That the first and the last job are near each
// other tells most of the time that it is not, without counting all of them.
func (s *Store) room(ctx context.Context, q querier, bound int) error {
	for _, counting := range []*query{&s.queries.spanJobs, &s.queries.countJobs} {
		var n int
		if err := q.row(ctx, counting).Scan(&n); err != nil {
			return err
		}
		if n < bound {
			return nil
		}
	}
	return passwd.ErrQueueFull
}

// The ranks of jobs, as the column urgent has them.
const (
	ordinary  = 0
	urgent    = 1
	urgentNew = 2 // never claimed
)

func rankOf(j passwd.Job) int {
	if j.Urgent {
		return urgentNew
	}
	return ordinary
}

func (s *Store) waits(ctx context.Context, q querier, j passwd.Job) (bool, error) {
	var n int
	err := q.row(ctx, &s.queries.jobWaits, j.ID, j.Key).Scan(&n)
	return n > 0, err
}

// Overdue reports whether a job has been due since a time, and has not been claimed. In the
// host's transaction it is errors.ErrUnsupported.
func (s *Store) Overdue(ctx context.Context, since time.Time) (overdue bool, err error) {
	if s.host != nil {
		return false, errors.ErrUnsupported
	}
	err = s.read(ctx, "overdue", func(q querier) error {
		var one int
		err := q.row(ctx, &s.queries.jobDue, since.UnixMicro()).Scan(&one)
		overdue = err == nil
		return absent(err, nil)
	})
	return overdue, err
}

// Claim implements passwd.Queue. When nothing is due it does not write, so polling
// keeps nobody waiting.
func (s *Store) Claim(ctx context.Context, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
	return s.claim(ctx, n, lease, now, &s.queries.jobDue, func(q querier) ([]passwd.Job, error) {
		return s.due(ctx, q, &s.queries.due, now.UnixMicro(), n)
	})
}

// ClaimUrgent implements passwd.Queue. When nothing is due it does not write.
func (s *Store) ClaimUrgent(ctx context.Context, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
	return s.claim(ctx, n, lease, now, &s.queries.urgentDue, func(q querier) ([]passwd.Job, error) {
		jobs, err := s.due(ctx, q, &s.queries.dueOfRank, now.UnixMicro(), n, urgentNew)
		if err != nil || len(jobs) == n {
			return jobs, err
		}
		rest, err := s.due(ctx, q, &s.queries.dueOfRank, now.UnixMicro(), n-len(jobs), urgent)
		return append(jobs, rest...), err
	})
}

// claim leases what due returns, if anything is there.
func (s *Store) claim(ctx context.Context, n int, lease time.Duration, now time.Time, there *query, due func(querier) ([]passwd.Job, error)) ([]passwd.Job, error) {
	if s.host != nil {
		return nil, errors.ErrUnsupported // the lease would be undone with that transaction
	}
	if n <= 0 {
		return nil, ctx.Err()
	}
	any := false
	err := s.read(ctx, "claim", func(q querier) error {
		err := q.row(ctx, there, now.UnixMicro()).Scan(new(int))
		any = err == nil
		return absent(err, nil)
	})
	if err != nil || !any {
		return nil, err
	}
	var jobs []passwd.Job
	err = s.write(ctx, "claim", nil, func(q querier) error {
		jobs, err = due(q)
		for i := 0; err == nil && i < len(jobs); i++ {
			jobs[i].Attempts++
			_, err = q.exec(ctx, &s.queries.lease, jobs[i].ID, now.Add(lease).UnixMicro())
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return jobs, nil
}

func (s *Store) due(ctx context.Context, q querier, which *query, args ...any) ([]passwd.Job, error) {
	rows, err := q.rows(ctx, which, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var jobs []passwd.Job
	for rows.Next() {
		var j passwd.Job
		var notBefore, notAfter int64
		var rank int
		if err := rows.Scan(&j.ID, &j.Key, &j.Sealed, &notBefore, &notAfter, &j.Attempts, &rank); err != nil {
			return nil, err
		}
		j.NotBefore, j.NotAfter = time.UnixMicro(notBefore).UTC(), time.UnixMicro(notAfter).UTC()
		j.Urgent = rank != ordinary
		jobs = append(jobs, j)
	}
	return jobs, rows.Err()
}

// Done implements passwd.Queue.
func (s *Store) Done(ctx context.Context, id string) error {
	return s.single(ctx, "done", &s.queries.done, id)
}

// Retry implements passwd.Queue. From then on the job absorbs again.
func (s *Store) Retry(ctx context.Context, id string, at time.Time) error {
	return s.single(ctx, "retry", &s.queries.retry, id, at.UnixMicro())
}
