// Package pgxstore is sqlstore for hosts that talk to PostgreSQL by pgx itself: a store on
// a pgxpool.Pool, and the same inside a pgx.Tx.
//
//	store, err := pgxstore.New(pool, sqlstore.Config{Users: users})
//	…
//	tx, err := pool.Begin(ctx)
//	…
//	_, err = service.With(store.Within(tx)).SetFirst(ctx, account, password, client)
//	…
//	err = tx.Commit(ctx)
//
// Everything else is said in package sqlstore: the mapping of the host's table, Migrate
// and Verify, and what holds in a transaction of the host's.
//
// # Connections
//
// A call of the store takes one connection of the pool, for as long as it lasts. Inside a
// transaction it takes none but that of the transaction. A call of the service may, though:
// the counts of [passwd.Config].Limiter must outlive a rollback, so the calls that count
// (see [passwd.Service.With]) do so outside. If the limiter is this store, the default,
// that is a second connection while the host holds the first: as many transactions at
// once as the pool has connections would wait for each other until their contexts end. A
// host that makes such calls in its transactions gives the limiter a pool of its own, of
// whatever size:
//
//	limits, err := pgxpool.New(ctx, address+"&pool_max_conns=4")
//	…
//	counting, err := pgxstore.New(limits, config)
//	…
//	passwd.Config{Store: store, Limiter: counting, …}
package pgxstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/passwd-go/passwd/sqlstore"
)

// Store is a sqlstore.Store on a pool: a passwd.Store, passwd.Queue, passwd.Limiter and
// session.Store, safe for concurrent use.
type Store struct {
	*sqlstore.Store
	db *sql.DB
}

// New returns a store on a pool, which stays the host's to close. The Dialect of the
// configuration may be left out. Only the configuration is checked: see Migrate and
// Verify.
func New(pool *pgxpool.Pool, c sqlstore.Config) (*Store, error) {
	switch {
	case pool == nil:
		return nil, errors.New("pgxstore: New: pool is nil")
	case c.Dialect != "" && c.Dialect != sqlstore.PostgreSQL:
		return nil, fmt.Errorf("pgxstore: Config.Dialect: %q is not PostgreSQL", string(c.Dialect))
	}
	c.Dialect = sqlstore.PostgreSQL
	db := sql.OpenDB(connector{stdlib.GetPoolConnector(pool)})
	db.SetMaxIdleConns(-1) // idle ones are for the pool to keep
	store, err := sqlstore.New(db, c)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Store{store, db}, nil
}

// Close ends what database/sql keeps for the store: a goroutine. It leaves the pool open.
// The store is not used afterwards.
func (s *Store) Close() error { return s.db.Close() }

// Within returns the store inside the host's transaction, as sqlstore.Store.Within does:
// what it writes is committed or rolled back with the rest. The transaction may be one of
// the pool, of a connection, or one begun in another.
func (s *Store) Within(tx pgx.Tx) *sqlstore.Store { return s.Store.Within(within{s.db, tx}) }

// within is a transaction of pgx as database/sql has them. Its rows cannot be made
// elsewhere than there, so each statement is one of a connection that is opened for it,
// by [connector], over the transaction.
type within struct {
	db *sql.DB
	tx pgx.Tx
}

type txKey struct{}

func (w within) on(ctx context.Context) context.Context { return context.WithValue(ctx, txKey{}, w.tx) }

func (w within) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return w.db.ExecContext(w.on(ctx), query, args...)
}

func (w within) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return w.db.QueryContext(w.on(ctx), query, args...)
}

func (w within) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return w.db.QueryRowContext(w.on(ctx), query, args...)
}

// connector opens the connection that the context has a transaction of, else one of the
// pool. None is kept idle, so each is for the one that opened it.
type connector struct{ driver.Connector }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if tx, ok := ctx.Value(txKey{}).(pgx.Tx); ok {
		return conn{tx}, nil
	}
	return c.Connector.Connect(ctx)
}
