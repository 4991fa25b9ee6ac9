package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Tx is the host's transaction: a *sql.Tx, or a *sql.Conn with one begun on it.
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// ErrTxDead says that the host's transaction has ended, or cannot go on: the host
// rolls it back and does nothing else in it. After a conflict with another
// transaction it may begin anew.
var ErrTxDead = errors.New("sqlstore: the transaction cannot go on: roll it back")

// Within returns the same store inside the host's transaction: what it writes is
// committed or rolled back with the rest. Each write is behind a savepoint, so that
// one which fails leaves nothing of itself, and leaves the transaction usable,
// unless the error is [ErrTxDead]. Nothing is tried again, and no second connection
// is used.
//
// What must outlive a rollback needs a transaction of its own: Attempt, Claim,
// Purge, Take, Refund, Clear, Count, Migrate and Verify are errors.ErrUnsupported.
//
// A rollback also brings back the sessions that were ended inside: after
// session.ErrReused, which is no failure of the call but the end of a session whose
// token was stolen, the host commits, or else ends the session once more outside. The
// tokens of a session that was created or rotated inside are given out after the commit.
//
// The returned store is good until the transaction ends, and is not safe for
// concurrent use. A transaction at REPEATABLE READ or above sees tokens and jobs,
// on PostgreSQL, as of its beginning. On SQLite it should begin with a write, or by
// BEGIN IMMEDIATE: one that has read cannot write any more once somebody else has.
//
// It panics when tx is a *sql.DB, which is no transaction.
func (s *Store) Within(tx Tx) *Store {
	if _, ok := tx.(*sql.DB); ok {
		panic("sqlstore: Within: a *sql.DB is no transaction")
	}
	inside := *s
	inside.host = tx
	return &inside
}

// savepoint runs f in the host's transaction and undoes what it did if it fails.
func (s *Store) savepoint(ctx context.Context, f func(querier) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q := joined{s.host, s, s.dialect.current}
	if err := q.run(ctx, "SAVEPOINT passwd_call"); err != nil {
		return s.dead(err)
	}
	failed := f(q)
	if failed == nil {
		if err := q.run(ctx, "RELEASE SAVEPOINT passwd_call"); err != nil {
			return s.dead(err)
		}
		return nil
	}
	// Not under ctx, whose end may be why it failed.
	ctx = context.WithoutCancel(ctx)
	if err := errors.Join(q.run(ctx, "ROLLBACK TO SAVEPOINT passwd_call"), q.run(ctx, "RELEASE SAVEPOINT passwd_call")); err != nil {
		return s.dead(failed)
	}
	if s.dialect.retry(failed) || s.dialect.demoted(failed) {
		return s.dead(failed)
	}
	return failed
}

func (s *Store) dead(err error) error {
	return fmt.Errorf("%w: %w", ErrTxDead, s.dialect.discreet(err))
}

// joined runs statements in the host's transaction.
type joined struct {
	tx      Tx
	s       *Store
	current string // what a write ends its reads with, to see what is committed now
}

func (j joined) run(ctx context.Context, text string) error {
	_, err := j.tx.ExecContext(ctx, text)
	return err
}

func (j joined) exec(ctx context.Context, q *query, args ...any) (int64, error) {
	return affected(j.tx.ExecContext(ctx, q.text, q.arrange(args)...))
}

func (j joined) row(ctx context.Context, q *query, args ...any) *sql.Row {
	return j.tx.QueryRowContext(ctx, j.text(q), q.arrange(args)...)
}

func (j joined) rows(ctx context.Context, q *query, args ...any) (*sql.Rows, error) {
	return j.tx.QueryContext(ctx, j.text(q), q.arrange(args)...)
}

func (j joined) text(q *query) string {
	switch q {
	case &j.s.queries.token, &j.s.queries.liveTokens,
		&j.s.queries.sessions.mine, &j.s.queries.sessions.rivals, &j.s.queries.sessions.reused:
		return q.text + j.current
	}
	return q.text
}
