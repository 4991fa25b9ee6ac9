package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver named "sqlite"
)

// database is the one that everything is in.
type database struct {
	*sql.DB
	folder string // to be removed; "" if the file was there to stay
}

// openDatabase opens the file at path, or a fresh one, and makes the tables of
// the demo that are missing.
func openDatabase(ctx context.Context, path string) (*database, error) {
	d := new(database)
	if path == "" {
		folder, err := os.MkdirTemp("", "passwd-demo-")
		if err != nil {
			return nil, err
		}
		d.folder, path = folder, filepath.Join(folder, "demo.sqlite")
	}
	path, err := filepath.Abs(path)
	if err == nil {
		d.DB, err = sql.Open("sqlite", dataSource(path))
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.SetMaxOpenConns(8) // readers; of writers there is one at a time
	d.SetMaxIdleConns(8)
	if err := d.createTables(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot use the database %s: %w", path, err), d.Close())
	}
	return d, nil
}

// dataSource sets what SQLite needs for several connections: wait for the writer
// in place of failing at once, a write-ahead log so that readers wait for nobody,
// and the writer's lock at the beginning of each transaction.
func dataSource(path string) string {
	q := url.Values{
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}).String()
}

func (d *database) createTables(ctx context.Context) error {
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, table := range []string{usersTable, sessionsTable, messagesTable, eventsTable} {
		if _, err := tx.ExecContext(ctx, table); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// Close closes the database and removes it if it was a fresh one.
func (d *database) Close() error {
	var err error
	if d.DB != nil {
		err = d.DB.Close()
	}
	if d.folder != "" {
		err = errors.Join(err, os.RemoveAll(d.folder))
	}
	return err
}
