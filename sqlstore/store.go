package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/passwd-go/passwd"
)

// Store is a passwd.Store, a passwd.Queue, a passwd.Limiter and a session.Store. It is
// safe for concurrent use, by any number of processes on one database too. It starts no
// goroutine and has nothing to close.
type Store struct {
	db      *sql.DB
	dialect *dialect
	config  Config
	queries *queries
	gate    chan struct{} // one writer of this process at a time; nil where the database does that

	preparing chan struct{}                // a mutex whose wait ends with the context
	prepared  *atomic.Pointer[[]*sql.Stmt] // by query.index

	seen  *seen // of the limiter's keys
	turns *turns

	host Tx // the host's transaction that all this is in; nil for those of our own
}

var (
	_ passwd.Store   = (*Store)(nil)
	_ passwd.Queue   = (*Store)(nil)
	_ passwd.Limiter = (*Store)(nil)
)

const (
	maxTries        = 10
	readBackTimeout = 5 * time.Second
)

// querier runs statements: on the pool, or in a transaction.
type querier interface {
	exec(ctx context.Context, q *query, args ...any) (affected int64, err error)
	row(ctx context.Context, q *query, args ...any) *sql.Row
	rows(ctx context.Context, q *query, args ...any) (*sql.Rows, error)
}

// read runs f on the pool. Reads take no part in the gate.
func (s *Store) read(ctx context.Context, op string, f func(querier) error) error {
	if s.host != nil {
		return s.failure(ctx, op, f(joined{s.host, s, ""}))
	}
	err := s.prepare(ctx)
	if err == nil {
		err = s.try(ctx, func() error { return f(pool{s}) })
	}
	return s.failure(ctx, op, err)
}

// write runs f in a transaction. f may run several times, and all it does is undone
// but the last time. Should the answer to the COMMIT be lost, landed looks for what
// f wrote and says whether it is there; its error, or no landed, is
// passwd.ErrOutcomeUnknown.
func (s *Store) write(ctx context.Context, op string, landed func(context.Context, querier) (bool, error), f func(querier) error) error {
	return s.transaction(ctx, op, landed, s.dialect.lock != "", f)
}

// unlocked is write for what begins with a write of its own, and so needs no lock.
func (s *Store) unlocked(ctx context.Context, op string, landed func(context.Context, querier) (bool, error), f func(querier) error) error {
	return s.transaction(ctx, op, landed, false, f)
}

func (s *Store) transaction(ctx context.Context, op string, landed func(context.Context, querier) (bool, error), lock bool, f func(querier) error) error {
	return s.commit(ctx, op, landed, f, func() error { return s.transact(ctx, lock, f) })
}

// once is write for one statement, which needs no transaction around it: it is made
// wholly or not at all. Where nobody waits for it any more, the server may still make it
// a little later.
func (s *Store) once(ctx context.Context, op string, landed func(context.Context, querier) (bool, error), f func(querier) error) error {
	return s.commit(ctx, op, landed, f, func() error {
		err := f(pool{s})
		switch {
		case s.dialect.demoted(err):
			return s.transact(ctx, false, f) // and so on a connection that can be given up
		case err != nil && !s.dialect.refused(err):
			return &lostCommit{err}
		}
		return err
	})
}

// commit runs f in the host's transaction, else run, which makes of f what is committed,
// and finds out what became of it if the answer is lost.
func (s *Store) commit(ctx context.Context, op string, landed func(context.Context, querier) (bool, error), f func(querier) error, run func() error) error {
	if s.host != nil {
		return s.failure(ctx, op, s.savepoint(ctx, f))
	}
	err := s.prepare(ctx)
	if err == nil {
		err = s.enter(ctx)
	}
	if err == nil {
		defer s.leave()
		err = s.try(ctx, run)
	}
	if lost, ok := errors.AsType[*lostCommit](err); ok {
		if err = s.readBack(ctx, landed, lost); errors.Is(err, passwd.ErrOutcomeUnknown) {
			return fmt.Errorf("sqlstore: %s: %w", op, err)
		}
	}
	return s.failure(ctx, op, err)
}

// counted is a landed for what is as good as not there when its answer is lost.
func counted(context.Context, querier) (bool, error) { return false, nil }

// single is once for a statement that is not read back.
func (s *Store) single(ctx context.Context, op string, q *query, args ...any) error {
	return s.once(ctx, op, nil, func(on querier) error {
		_, err := on.exec(ctx, q, args...)
		return err
	})
}

func (s *Store) enter(ctx context.Context) error {
	if s.gate == nil {
		return nil
	}
	select {
	case s.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) leave() {
	if s.gate != nil {
		<-s.gate
	}
}

// try repeats f as long as it fails because of other processes, or of a server that takes
// no writes any more.
func (s *Store) try(ctx context.Context, f func() error) error {
	return tryWhile(ctx, f, func(err error) bool { return s.dialect.retry(err) || s.dialect.demoted(err) })
}

func tryWhile(ctx context.Context, f func() error, again func(error) bool) error {
	for n := 1; ; n++ {
		err := f()
		if err == nil || n == maxTries || !again(err) || ctx.Err() != nil {
			return err
		}
		most := min(time.Millisecond<<n, 250*time.Millisecond)
		pause := time.NewTimer(most/2 + rand.N(most))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return err
		}
	}
}

// lostCommit is a COMMIT that failed in such a way that it may have happened.
type lostCommit struct{ cause error }

func (e *lostCommit) Error() string { return "commit: " + e.cause.Error() }
func (e *lostCommit) Unwrap() error { return e.cause }

func (s *Store) transact(ctx context.Context, lock bool, f func(querier) error) (err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer func() {
		if s.dialect.demoted(err) {
			discard(conn)
		}
	}()
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: s.dialect.isolation})
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit, this does nothing
	q := txn{tx, s}
	if lock {
		if _, err := q.exec(ctx, &s.queries.lock); err != nil {
			return err
		}
	}
	if err := f(q); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		discard(conn)
		if s.dialect.retry(err) || s.dialect.demoted(err) {
			return err // refused, and so undone
		}
		return &lostCommit{err}
	}
	return nil
}

// discard takes a connection out of the pool. After a failed COMMIT some drivers
// leave it in its transaction, where it would see what it never committed.
func discard(conn *sql.Conn) {
	conn.Raw(func(any) error { return driver.ErrBadConn })
}

// readBack finds out what became of a commit. It does so also when ctx has ended,
// which may be why the commit failed.
func (s *Store) readBack(ctx context.Context, landed func(context.Context, querier) (bool, error), lost *lostCommit) error {
	if landed == nil {
		return fmt.Errorf("%w: %w", passwd.ErrOutcomeUnknown, lost)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readBackTimeout)
	defer cancel()
	var there bool
	err := s.try(ctx, func() (err error) {
		there, err = landed(ctx, pool{s})
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w; reading it back: %v", passwd.ErrOutcomeUnknown, lost, err)
	case there:
		return nil
	}
	return lost
}

// answers are the errors that are answers, not failures.
var answers = [...]error{
	passwd.ErrNotFound, passwd.ErrConflict, passwd.ErrTokenInvalid, passwd.ErrTooManyTokens, passwd.ErrQueueFull,
}

// failure says what failed. Drivers are vague about statements that the end of ctx
// interrupted; the context is not.
func (s *Store) failure(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	for _, answer := range answers {
		if err == answer {
			return err
		}
	}
	if ended := ctx.Err(); ended != nil {
		if errors.Is(err, ErrTxDead) {
			ended = fmt.Errorf("%w: %w", ErrTxDead, ended)
		}
		return fmt.Errorf("sqlstore: %s: %w", op, ended)
	}
	advice := s.dialect.advice(err)
	if err = s.dialect.discreet(err); advice != "" {
		return fmt.Errorf("sqlstore: %s: %w (%s)", op, err, advice)
	}
	return fmt.Errorf("sqlstore: %s: %w", op, err)
}

// discreet hides the text of an error that may repeat a stored value.
func (d *dialect) discreet(err error) error {
	if !d.telling(err) {
		return err
	}
	return &discreet{"the database refused a value: " + d.code(err) + refusedColumn(err), err}
}

type discreet struct {
	text  string
	cause error
}

func (e *discreet) Error() string { return e.text }
func (e *discreet) Unwrap() error { return e.cause }

// refusedHash says of which column a failed statement was about.
type refusedHash struct {
	column string
	cause  error
}

func (e *refusedHash) Error() string { return e.cause.Error() }
func (e *refusedHash) Unwrap() error { return e.cause }

func refusedColumn(err error) string {
	if refused, ok := errors.AsType[*refusedHash](err); ok {
		return fmt.Sprintf(", a hash for the column %q", refused.column)
	}
	return ""
}

// prepare prepares all statements at the first use, before any transaction, which
// would make it wait for a second connection. Where the dialect does not prepare
// it does nothing.
func (s *Store) prepare(ctx context.Context) error {
	if !s.dialect.prepare || s.prepared.Load() != nil {
		return ctx.Err()
	}
	select {
	case s.preparing <- struct{}{}:
		defer func() { <-s.preparing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.prepared.Load() != nil {
		return ctx.Err()
	}
	list := make([]*sql.Stmt, len(s.queries.all))
	for i, q := range s.queries.all {
		err := s.try(ctx, func() (err error) {
			list[i], err = s.db.PrepareContext(ctx, q.text)
			return err
		})
		if err != nil {
			for _, stmt := range list[:i] {
				stmt.Close()
			}
			return fmt.Errorf("prepare (was Migrate called?): %w", err)
		}
	}
	s.prepared.Store(&list)
	return nil
}

func (s *Store) statement(q *query) *sql.Stmt {
	if list := s.prepared.Load(); list != nil {
		return (*list)[q.index]
	}
	return nil
}

// pool runs each statement on any connection.
type pool struct{ *Store }

func (p pool) exec(ctx context.Context, q *query, args ...any) (int64, error) {
	if stmt := p.statement(q); stmt != nil {
		return affected(stmt.ExecContext(ctx, q.arrange(args)...))
	}
	return affected(p.db.ExecContext(ctx, q.text, q.arrange(args)...))
}

func (p pool) row(ctx context.Context, q *query, args ...any) *sql.Row {
	if stmt := p.statement(q); stmt != nil {
		return stmt.QueryRowContext(ctx, q.arrange(args)...)
	}
	return p.db.QueryRowContext(ctx, q.text, q.arrange(args)...)
}

func (p pool) rows(ctx context.Context, q *query, args ...any) (*sql.Rows, error) {
	if stmt := p.statement(q); stmt != nil {
		return stmt.QueryContext(ctx, q.arrange(args)...)
	}
	return p.db.QueryContext(ctx, q.text, q.arrange(args)...)
}

// txn runs statements in a transaction.
type txn struct {
	tx *sql.Tx
	s  *Store
}

func (t txn) exec(ctx context.Context, q *query, args ...any) (int64, error) {
	if stmt := t.s.statement(q); stmt != nil {
		return affected(t.tx.StmtContext(ctx, stmt).ExecContext(ctx, q.arrange(args)...))
	}
	return affected(t.tx.ExecContext(ctx, q.text, q.arrange(args)...))
}

func (t txn) row(ctx context.Context, q *query, args ...any) *sql.Row {
	if stmt := t.s.statement(q); stmt != nil {
		return t.tx.StmtContext(ctx, stmt).QueryRowContext(ctx, q.arrange(args)...)
	}
	return t.tx.QueryRowContext(ctx, q.text, q.arrange(args)...)
}

func (t txn) rows(ctx context.Context, q *query, args ...any) (*sql.Rows, error) {
	if stmt := t.s.statement(q); stmt != nil {
		return t.tx.StmtContext(ctx, stmt).QueryContext(ctx, q.arrange(args)...)
	}
	return t.tx.QueryContext(ctx, q.text, q.arrange(args)...)
}

func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
