package dbtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/sqlstore"
	"github.com/passwd-go/passwd/sqlstore/pgxstore"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// docs:river-worker
// riverJob is a job of the library in River.
type riverJob struct {
	Key string `json:"key" river:"unique"`
	Job passwd.Job
}

func (riverJob) Kind() string { return "passwd" }

func insertOpts(j passwd.Job) *river.InsertOpts {
	opts := &river.InsertOpts{Queue: "passwd", MaxAttempts: 35, Metadata: riverID(j.ID)} // more than in 30 days
	if j.NotBefore.After(time.Now()) {
		opts.ScheduledAt = j.NotBefore
	}
	if j.Urgent {
		opts.Queue = "passwd_urgent"
	}
	if j.Key != "" { // a job that waits absorbs it
		opts.UniqueOpts = river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled,
		}}
	}
	return opts
}

func riverID(id string) []byte {
	metadata, _ := json.Marshal(map[string]string{"passwd": id})
	return metadata
}

type riverWorker struct {
	river.WorkerDefaults[riverJob]
	service *passwd.Service
}

func (w *riverWorker) Work(ctx context.Context, row *river.Job[riverJob]) error {
	j := row.Args.Job
	j.Attempts = row.Attempt
	return w.service.Deliver(ctx, j)
}

// docs:end

// docs:river-store
// riverStore is the store, with River in the place of its own queue.
type riverStore struct {
	*sqlstore.Store
	on   *pgxstore.Store
	jobs *river.Client[pgx.Tx]
	db   interface { // the pool, or the host's transaction
		Begin(ctx context.Context) (pgx.Tx, error)
	}
}

func newRiverStore(pool *pgxpool.Pool, on *pgxstore.Store, jobs *river.Client[pgx.Tx]) riverStore {
	return riverStore{on.Store, on, jobs, pool}
}

// Within is the store in the host's transaction, for passwd.Service.With.
func (s riverStore) Within(tx pgx.Tx) riverStore {
	return riverStore{s.on.Within(tx), s.on, s.jobs, tx}
}

// Apply makes a write and inserts its jobs, or does neither.
func (s riverStore) Apply(ctx context.Context, w passwd.Write) (epoch int64, err error) {
	committing := false
	err = pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		jobs := w.Jobs
		w.Jobs = nil
		if epoch, err = s.on.Within(tx).Apply(ctx, w); err != nil {
			return err
		}
		for _, j := range jobs {
			if err := s.insert(ctx, tx, j); err != nil {
				return err
			}
		}
		committing = true
		return nil
	})
	if err != nil && committing {
		err = fmt.Errorf("%w: %w", passwd.ErrOutcomeUnknown, err)
	}
	return epoch, err
}

func (s riverStore) insert(ctx context.Context, tx pgx.Tx, j passwd.Job) error {
	_, err := s.jobs.InsertTx(ctx, tx, riverJob{Key: j.Key, Job: j}, insertOpts(j))
	return err
}

func (s riverStore) Put(ctx context.Context, j passwd.Job) error {
	return pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error { return s.insert(ctx, tx, j) })
}

// Done is asked for where AfterWrite went well in the request: its job is not needed.
func (s riverStore) Done(ctx context.Context, id string) error {
	return pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		found, err := s.jobs.JobListTx(ctx, tx, river.NewJobListParams().Kinds("passwd").Metadata(string(riverID(id))))
		if err != nil {
			return err
		}
		for _, row := range found.Jobs {
			if _, err := s.jobs.JobCancelTx(ctx, tx, row.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// River hands jobs to the worker.

func (riverStore) Claim(context.Context, int, time.Duration, time.Time) ([]passwd.Job, error) {
	return nil, nil
}

func (riverStore) ClaimUrgent(context.Context, int, time.Duration, time.Time) ([]passwd.Job, error) {
	return nil, nil
}

func (riverStore) Retry(context.Context, string, time.Time) error { return errors.ErrUnsupported }

// docs:end
