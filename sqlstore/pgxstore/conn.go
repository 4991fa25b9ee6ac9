package pgxstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// conn is a connection of database/sql over a transaction, for one statement.
type conn struct{ tx pgx.Tx }

var (
	_ driver.ExecerContext     = conn{}
	_ driver.QueryerContext    = conn{}
	_ driver.NamedValueChecker = conn{}

	errOneStatement = errors.New("pgxstore: a transaction of pgx takes statements alone")
)

func (conn) Prepare(string) (driver.Stmt, error)            { return nil, errOneStatement }
func (conn) Begin() (driver.Tx, error)                      { return nil, errOneStatement }
func (conn) Close() error                                   { return nil } // the transaction is the host's
func (conn) CheckNamedValue(value *driver.NamedValue) error { return nil } // pgx takes what there is

func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	tag, err := c.tx.Exec(ctx, query, plain(args)...)
	return driver.RowsAffected(tag.RowsAffected()), err
}

func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	found, err := c.tx.Query(ctx, query, append([]any{formats}, plain(args)...)...)
	if err != nil {
		return nil, err
	}
	more := found.Next() // before it, nothing is known of the columns
	if err := found.Err(); err != nil {
		return nil, err
	}
	types := pgtype.NewMap()
	if own := c.tx.Conn(); own != nil {
		types = own.TypeMap()
	}
	return &rows{rows: found, types: types, first: true, more: more}, nil
}

func plain(args []driver.NamedValue) []any {
	values := make([]any, len(args))
	for i, arg := range args {
		values[i] = arg.Value
	}
	return values
}

// formats are the types that are read into something else than a text, as
// github.com/jackc/pgx/v5/stdlib reads them. All others come as texts, whatever types the
// host has registered.
var formats = pgx.QueryResultFormatsByOID{
	pgtype.BoolOID: 1, pgtype.ByteaOID: 1, pgtype.DateOID: 1, pgtype.Float4OID: 1, pgtype.Float8OID: 1,
	pgtype.Int2OID: 1, pgtype.Int4OID: 1, pgtype.Int8OID: 1, pgtype.TimestampOID: 1, pgtype.TimestamptzOID: 1,
}

// rows are those of pgx as database/sql has them.
type rows struct {
	rows        pgx.Rows
	types       *pgtype.Map
	first, more bool // Next has not been called; there is a row for it
}

func (r *rows) Columns() []string {
	var names []string
	for _, field := range r.rows.FieldDescriptions() {
		names = append(names, field.Name)
	}
	return names
}

func (r *rows) Close() error {
	r.rows.Close()
	return r.rows.Err()
}

func (r *rows) Next(values []driver.Value) error {
	if !r.first {
		r.more = r.rows.Next()
	}
	r.first = false
	if !r.more {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	for i, field := range r.rows.FieldDescriptions() {
		var err error
		if values[i], err = r.value(field.DataTypeOID, field.Format, r.rows.RawValues()[i]); err != nil {
			return fmt.Errorf("pgxstore: column %d is not of its type", i+1)
		}
	}
	return nil
}

// value is one of the types that drivers have.
func (r *rows) value(oid uint32, format int16, raw []byte) (driver.Value, error) {
	if raw == nil {
		return nil, nil
	}
	switch oid {
	case pgtype.BoolOID:
		return scanned[bool](r, oid, format, raw)
	case pgtype.ByteaOID:
		return scanned[[]byte](r, oid, format, raw)
	case pgtype.Float4OID, pgtype.Float8OID:
		return scanned[float64](r, oid, format, raw)
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		return scanned[int64](r, oid, format, raw)
	case pgtype.DateOID:
		return valued[pgtype.Date](r, oid, format, raw)
	case pgtype.TimestampOID:
		return valued[pgtype.Timestamp](r, oid, format, raw)
	case pgtype.TimestamptzOID:
		return valued[pgtype.Timestamptz](r, oid, format, raw)
	}
	return string(raw), nil // it was asked for as a text
}

func scanned[T any](r *rows, oid uint32, format int16, raw []byte) (driver.Value, error) {
	var value T
	err := r.types.Scan(oid, format, raw, &value)
	return value, err
}

func valued[T driver.Valuer](r *rows, oid uint32, format int16, raw []byte) (driver.Value, error) {
	var value T
	if err := r.types.Scan(oid, format, raw, &value); err != nil {
		return nil, err
	}
	return value.Value()
}
