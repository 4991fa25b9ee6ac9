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

	prepared  map[string]bool // the texts of statements that were prepared
	rollbacks int             // which steps has not
}

// step is a statement, BEGIN or COMMIT.
type step struct {
	text  string // "" is BEGIN or COMMIT
	args  []driver.NamedValue
	reads bool             // of the two without a text: BEGIN
	begin driver.TxOptions // of BEGIN
}

func record(t testing.TB, c driver.Connector) (*sql.DB, *recorder) {
	r := &recorder{Connector: c, texts: map[string][]driver.NamedValue{}}
	return pooled(t, sql.OpenDB(r)), r
}

func (r *recorder) saw(text string, args []driver.NamedValue, reads bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts[text] = args
	r.steps = append(r.steps, step{text: text, args: args, reads: reads})
}

func (r *recorder) began(o driver.TxOptions) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, step{reads: true, begin: o})
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
	c.r.began(o)
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

func (t recordedTx) Rollback() error {
	t.r.mu.Lock()
	t.r.rollbacks++
	t.r.mu.Unlock()
	return t.Tx.Rollback()
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
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	if c.r.prepared == nil {
		c.r.prepared = map[string]bool{}
	}
	c.r.prepared[text] = true
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
