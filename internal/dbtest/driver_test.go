package dbtest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"testing"
)

// faulty is SQLite behind a connection that fails at a chosen step. A step is a
// BEGIN, a statement or a COMMIT.
type faulty struct {
	dsn string
	sql driver.Driver

	mu    sync.Mutex
	steps int
	at    int // the step to fail at, from 1; 0 fails at none
	fault fault
	dead  bool     // the server is gone: nothing connects
	texts []string // of the statements
}

// fault is what happens at the step: before it, after it, and the error then. nil
// is nothing. cut ends the connection, and with it an open transaction.
type fault struct {
	before, after func()
	err           error
	late          bool // the step is done before it fails
	cut           bool
	last          bool // and nothing connects afterwards
}

var errCut = errors.New("connection cut")

func openFaulty(t testing.TB, file string) (*sql.DB, *faulty) {
	f := &faulty{dsn: "file:" + file + pragmas, sql: openFile(t, file).Driver()} // this alone does not connect
	db := sql.OpenDB(f)
	t.Cleanup(func() { db.Close() })
	return db, f
}

// arm starts to count steps anew.
func (f *faulty) arm(at int, what fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.steps, f.at, f.fault, f.dead = 0, at, what, false
}

func (f *faulty) counted() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.steps
}

func (f *faulty) Driver() driver.Driver { return f.sql }

func (f *faulty) Connect(context.Context) (driver.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return nil, errCut
	}
	c, err := f.sql.Open(f.dsn)
	if err != nil {
		return nil, err
	}
	return &faultyConn{Conn: c, f: f}, nil
}

type faultyConn struct {
	driver.Conn
	f      *faulty
	open   []driver.Stmt // they would keep SQLite's connection, and its locks, alive
	closed bool
}

// step runs do, or the fault if this is its step.
func (c *faultyConn) step(do func() error) error {
	if c.closed {
		return driver.ErrBadConn
	}
	c.f.mu.Lock()
	c.f.steps++
	mine, what := c.f.steps == c.f.at, c.f.fault
	c.f.mu.Unlock()
	if !mine {
		return do()
	}
	if what.before != nil {
		what.before()
	}
	if what.late || what.err == nil {
		if err := do(); err != nil {
			return err
		}
	}
	if what.cut {
		c.Close()
	}
	if what.after != nil {
		what.after()
	}
	if what.last {
		c.f.mu.Lock()
		c.f.dead = true
		c.f.mu.Unlock()
	}
	return what.err
}

func (c *faultyConn) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	for _, s := range c.open {
		s.Close()
	}
	return c.Conn.Close()
}

func (c *faultyConn) IsValid() bool { return !c.closed }

func (c *faultyConn) ResetSession(ctx context.Context) error {
	if c.closed {
		return driver.ErrBadConn
	}
	return c.Conn.(driver.SessionResetter).ResetSession(ctx)
}

func (c *faultyConn) BeginTx(ctx context.Context, o driver.TxOptions) (tx driver.Tx, err error) {
	err = c.step(func() error {
		tx, err = c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
		return err
	})
	return faultyTx{tx, c}, err
}

func (c *faultyConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	if c.closed {
		return nil, driver.ErrBadConn
	}
	s, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	c.open = append(c.open, s)
	c.f.mu.Lock()
	c.f.texts = append(c.f.texts, text)
	c.f.mu.Unlock()
	return faultyStmt{s, c}, nil
}

type faultyTx struct {
	driver.Tx
	c *faultyConn
}

func (t faultyTx) Commit() error { return t.c.step(t.Tx.Commit) }

func (t faultyTx) Rollback() error {
	if t.c.closed {
		return driver.ErrBadConn
	}
	return t.Tx.Rollback()
}

type faultyStmt struct {
	driver.Stmt
	c *faultyConn
}

func (s faultyStmt) Close() error { return nil } // with its connection

func (s faultyStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (r driver.Result, err error) {
	err = s.c.step(func() error {
		r, err = s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
		return err
	})
	return r, err
}

func (s faultyStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (r driver.Rows, err error) {
	err = s.c.step(func() error {
		r, err = s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
		return err
	})
	if err != nil && r != nil {
		r = nil
	}
	return r, err
}
