package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
)

// database is the one that everything is in.
type database struct {
	*sql.DB
	dialect
	where  string // for people: a path, or host and name
	folder string // to be removed; "" if the database is there to stay
}

// firstContact is how long a database may take to answer a server that starts.
const firstContact = 10 * time.Second

// openDatabase opens the database of a URL, see -db, and makes the tables of the
// demo that are missing.
func openDatabase(ctx context.Context, url string) (*database, error) {
	d, err := connect(url)
	if err != nil {
		return nil, err
	}
	if err := d.prepareForUse(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot use the database %s: %w", d.where, err), d.Close())
	}
	return d, nil
}

// connect is the part of openDatabase that reads the URL. Whether anything answers
// there is seen at the first statement.
func connect(url string) (*database, error) {
	scheme, rest, _ := strings.Cut(url, ":")
	switch {
	case url == "":
		return openFresh()
	case scheme == "sqlite" && rest != "":
		return openSQLite(rest)
	case scheme == "postgres", scheme == "postgresql":
		return openPostgres(url)
	case scheme == "mysql":
		return openMySQL(url)
	}
	return nil, errors.New("-db: want sqlite:PATH, postgres://… or mysql://…")
}

func (d *database) prepareForUse(ctx context.Context) error {
	soon, cancel := context.WithTimeout(ctx, firstContact)
	defer cancel()
	if err := d.PingContext(soon); err != nil {
		if ctx.Err() == nil && soon.Err() != nil {
			return fmt.Errorf("it does not answer within %v", firstContact)
		}
		return err
	}
	tables, err := d.tables()
	if err != nil {
		return err
	}
	return d.alone(ctx, func(tx *sql.Tx) error {
		for _, table := range tables {
			if _, err := tx.ExecContext(ctx, table); err != nil {
				return err
			}
		}
		return nil
	})
}

// alone runs f in a transaction. Where the database would let another server in here
// at the same moment fail, that one waits: see dialect.lock.
func (d *database) alone(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if d.lock != "" {
		if _, err := tx.ExecContext(ctx, d.lock); err != nil {
			return err
		}
	}
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// exec, query and row run a statement with ? for its values.

func (d *database) exec(ctx context.Context, statement string, args ...any) error {
	_, err := d.ExecContext(ctx, d.bind(statement), args...)
	return down(err)
}

func (d *database) query(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	rows, err := d.QueryContext(ctx, d.bind(statement), args...)
	return rows, down(err)
}

func (d *database) row(ctx context.Context, statement string, args ...any) *sql.Row {
	return d.QueryRowContext(ctx, d.bind(statement), args...)
}

// down marks the failure of a statement as the library marks its own: what the app
// needs does not answer, and whoever asked may try again. A row that is not there
// is an answer.
func down(err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return fmt.Errorf("%w: %w", passwd.ErrUnavailable, err)
}

// Close closes the database and removes it if it was a fresh one.
func (d *database) Close() error {
	err := d.DB.Close()
	if d.folder != "" {
		err = errors.Join(err, os.RemoveAll(d.folder))
	}
	return err
}
