package dbtest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
	"testing"
)

// recorder keeps the text and the last arguments of all statements that pass through it.
type recorder struct {
	driver.Connector
	mu    sync.Mutex
	texts map[string][]driver.NamedValue
	steps []step // in their order
}

// step is a statement, BEGIN or COMMIT.
type step struct {
	text  string // "" is BEGIN or COMMIT
	args  []driver.NamedValue
	reads bool
}

func record(t testing.TB, c driver.Connector) (*sql.DB, *recorder) {
	r := &recorder{Connector: c, texts: map[string][]driver.NamedValue{}}
	return pooled(t, sql.OpenDB(r)), r
}

func (r *recorder) saw(text string, args []driver.NamedValue, reads bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts[text] = args
	r.steps = append(r.steps, step{text, args, reads})
}

func (r *recorder) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := r.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return recorded{c, r}, nil
}

type recorded struct {
	driver.Conn
	r *recorder
}

func (c recorded) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	c.r.saw("", nil, true)
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
	if err != nil {
		return nil, err
	}
	return recordedTx{tx, c.r}, nil
}

type recordedTx struct {
	driver.Tx
	r *recorder
}

func (t recordedTx) Commit() error {
	t.r.saw("", nil, false)
	return t.Tx.Commit()
}

func (c recorded) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	c.r.saw(text, args, false)
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, text, args)
}

func (c recorded) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	c.r.saw(text, args, true)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, text, args)
}

func (c recorded) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	stmt, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return recordedStmt{stmt, text, c.r}, nil
}

type recordedStmt struct {
	driver.Stmt
	text string
	r    *recorder
}

func (s recordedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.r.saw(s.text, args, false)
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s recordedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.r.saw(s.text, args, true)
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

func (s recordedStmt) CheckNamedValue(v *driver.NamedValue) error {
	return checked(s.Stmt, v)
}

func checked(of any, v *driver.NamedValue) error {
	if checker, ok := of.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

func (c recorded) CheckNamedValue(v *driver.NamedValue) error {
	return checked(c.Conn, v)
}
