package sqlstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
)

// Put implements passwd.Queue, in one statement, and on MySQL in two. A job that is
// there already is not added again.
func (s *Store) Put(ctx context.Context, j passwd.Job) error {
	landed := func(ctx context.Context, q querier) (bool, error) {
		if err := s.awaitJob(ctx, j.ID); err != nil {
			return false, err
		}
		return s.waits(ctx, q, j)
	}
	done := false
	err := s.once(ctx, "put", landed, func(q querier) (err error) {
		done, err = s.putOnce(ctx, q, j)
		return err
	})
	if done || err != nil && !s.dialect.refused(err) {
		return err
	}
	return s.write(ctx, "put", landed, func(q querier) error {
		return s.put(ctx, q, j, s.config.MaxJobs)
	})
}

// putOnce adds a job or has one that waits absorb it: that one is then written over, as
// it is, which costs as much. It does neither if the queue may be full, if the job is
// there already, or if the one that waits has lost its place to another of the key.
func (s *Store) putOnce(ctx context.Context, q querier, j passwd.Job) (done bool, err error) {
	if s.queries.roomy.text != "" {
		var roomy bool
		if err := q.row(ctx, &s.queries.roomy, j.ID, j.Key, s.config.MaxJobs).Scan(&roomy); err != nil || !roomy {
			return false, err
		}
	}
	n, err := q.exec(ctx, &s.queries.putJob, append(jobRow(j), s.config.MaxJobs)...)
	return n > 0, err
}

// jobRow is what is stored of a job that is to wait.
func jobRow(j passwd.Job) []any {
	var waiting any // what is unique of a job that absorbs
	if j.Key != "" {
		waiting = j.Key
	}
	sealed := j.Sealed
	if sealed == nil {
		sealed = []byte{}
	}
	return []any{j.ID, j.Key, waiting, sealed, j.NotBefore.UnixMicro(), j.NotAfter.UnixMicro(), j.Attempts, rankOf(j)}
}

// awaitJob returns when no transaction that adds the job is under way: the server may
// still be at the commit that was lost sight of, and who reads now would miss it. To add
// the job once more waits for that one's end; it is undone, whatever comes of it.
func (s *Store) awaitJob(ctx context.Context, id string) error {
	undone := errors.New("undone")
	err := s.transact(ctx, s.dialect.lock != "", func(q querier) error {
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
	row, out := jobRow(j), ""
	if waits {
		out = rand.Text()
		row[0], row[2] = out, nil
	}
	if _, err = q.exec(ctx, &s.queries.addJob, row...); err != nil || bound == 0 {
		return err
	}
	_, err = q.exec(ctx, &s.queries.done, out)
	return err
}

// putJobs adds the jobs of a write, whatever the bound of the queue: those that nothing
// absorbs, several in one statement.
func (s *Store) putJobs(ctx context.Context, q querier, jobs []passwd.Job) error {
	var bare []passwd.Job
	for _, j := range jobs {
		if j.Key == "" {
			bare = append(bare, j)
		} else if err := s.put(ctx, q, j, 0); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(bare, maxWholeJobs) {
		var args []any
		for i := range maxWholeJobs {
			args = append(args, jobRow(some[min(i, len(some)-1)])...) // the last one again is one that is there
		}
		if _, err := q.exec(ctx, &s.queries.addJobs, args...); err != nil {
			return err
		}
	}
	return nil
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
		err := q.row(ctx, &s.queries.overdue, since.UnixMicro()).Scan(&one)
		overdue = err == nil
		return absent(err, nil)
	})
	return overdue, err
}

// Claim implements passwd.Queue. When nothing is due it does not write, so polling
// keeps nobody waiting.
func (s *Store) Claim(ctx context.Context, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
	return s.claim(ctx, n, lease, now, claim{&s.queries.claim, "", &s.queries.nextDue, func(q querier) ([]dueJob, error) {
		return s.due(ctx, q, &s.queries.due, now.UnixMicro(), n)
	}})
}

// ClaimUrgent implements passwd.Queue. When nothing is due it does not write.
func (s *Store) ClaimUrgent(ctx context.Context, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
	return s.claim(ctx, n, lease, now, claim{&s.queries.claimUrgent, "", &s.queries.nextUrgent, func(q querier) ([]dueJob, error) {
		jobs, err := s.due(ctx, q, &s.queries.dueOfRank, now.UnixMicro(), n, urgentNew)
		if err != nil || len(jobs) == n {
			return jobs, err
		}
		rest, err := s.due(ctx, q, &s.queries.dueOfRank, now.UnixMicro(), n-len(jobs), urgent)
		return append(jobs, rest...), err
	}})
}

// DoneClaim is Done of a job, and then Claim or ClaimUrgent of others: on PostgreSQL in
// one statement.
func (s *Store) DoneClaim(ctx context.Context, id string, urgent bool, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
	if s.queries.doneClaim.text != "" && s.host == nil && n > 0 {
		c := claim{whole: &s.queries.doneClaim, done: id}
		if urgent {
			c.whole = &s.queries.doneClaimUrgent
		}
		return s.claimWhole(ctx, n, lease, now, c)
	}
	if err := s.Done(ctx, id); err != nil {
		return nil, err
	}
	if urgent {
		return s.ClaimUrgent(ctx, n, lease, now)
	}
	return s.Claim(ctx, n, lease, now)
}

// claim is how jobs are found: and leased, by one statement, which deletes one that is
// done; one, without a lock; as many as wanted, locked.
type claim struct {
	whole *query
	done  string
	next  *query
	due   func(querier) ([]dueJob, error)
}

// dueJob is a job as it was found, with what tells whether it still is.
type dueJob struct {
	passwd.Job
	notBefore int64
	seq       int64
	place     int // of those found by one statement, the lower ones come first
}

func (s *Store) claim(ctx context.Context, n int, lease time.Duration, now time.Time, c claim) ([]passwd.Job, error) {
	if s.host != nil {
		return nil, errors.ErrUnsupported // the lease would be undone with that transaction
	}
	if n <= 0 {
		return nil, ctx.Err()
	}
	if c.whole.text != "" {
		return s.claimWhole(ctx, n, lease, now, c)
	}
	for range claimTries {
		job, err := s.next(ctx, now, c)
		if err != nil || job == nil {
			return nil, err
		}
		if n > 1 {
			break
		}
		leased := false
		err = s.once(ctx, "claim", nil, func(q querier) error {
			count, err := q.exec(ctx, &s.queries.leaseIf, job.ID, now.Add(lease).UnixMicro(), job.Attempts, job.notBefore, now.UnixMicro())
			leased = count == 1
			return err
		})
		if err != nil {
			return nil, err
		}
		if leased {
			job.Attempts++
			return []passwd.Job{job.Job}, nil
		}
	}
	var jobs []dueJob
	err := s.write(ctx, "claim", nil, func(q querier) (err error) {
		jobs, err = c.due(q)
		for i := 0; err == nil && i < len(jobs); i++ {
			jobs[i].Attempts++
			_, err = q.exec(ctx, &s.queries.lease, jobs[i].ID, now.Add(lease).UnixMicro())
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return jobsOf(jobs), nil
}

// claimTries is how often a job may be lost to another worker before all of them are
// kept from it.
const claimTries = 3

// claimWhole finds and leases by one statement.
func (s *Store) claimWhole(ctx context.Context, n int, lease time.Duration, now time.Time, c claim) ([]passwd.Job, error) {
	var jobs []dueJob
	err := s.once(ctx, "claim", nil, func(q querier) (err error) {
		jobs, err = s.due(ctx, q, c.whole, now.UnixMicro(), n, now.Add(lease).UnixMicro(), c.done)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(jobs, func(a, b dueJob) int { // as they were found
		return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(a.notBefore, b.notBefore), cmp.Compare(a.seq, b.seq))
	})
	return jobsOf(jobs), nil
}

// next is the job that is due next, or nil.
func (s *Store) next(ctx context.Context, now time.Time, c claim) (job *dueJob, err error) {
	err = s.read(ctx, "claim", func(q querier) error {
		jobs, err := s.due(ctx, q, c.next, now.UnixMicro())
		if err == nil && len(jobs) > 0 {
			job = &jobs[0]
		}
		return err
	})
	return job, err
}

func jobsOf(found []dueJob) []passwd.Job {
	var jobs []passwd.Job
	for _, j := range found {
		jobs = append(jobs, j.Job)
	}
	return jobs
}

func (s *Store) due(ctx context.Context, q querier, which *query, args ...any) ([]dueJob, error) {
	rows, err := q.rows(ctx, which, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var jobs []dueJob
	for rows.Next() {
		var j dueJob
		var notAfter int64
		var rank int
		if err := rows.Scan(&j.ID, &j.Key, &j.Sealed, &j.notBefore, &notAfter, &j.Attempts, &rank, &j.seq, &j.place); err != nil {
			return nil, err
		}
		j.NotBefore, j.NotAfter = time.UnixMicro(j.notBefore).UTC(), time.UnixMicro(notAfter).UTC()
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
	err := s.single(ctx, "retry", &s.queries.retry, id, at.UnixMicro())
	if err != nil && s.dialect.refused(err) { // another of its key began to wait at the same moment
		err = s.single(ctx, "retry", &s.queries.retry, id, at.UnixMicro())
	}
	return err
}
