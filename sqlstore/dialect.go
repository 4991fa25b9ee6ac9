package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Dialect is the database's kind of SQL.
type Dialect string

// The dialects. The package comment says how to open a database of each.
const (
	// SQLite 3.24 (2018) or later, through any driver.
	SQLite Dialect = "sqlite"
	// PostgreSQL 10 or later, through github.com/jackc/pgx/v5/stdlib or
	// github.com/lib/pq.
	PostgreSQL Dialect = "postgres"
	// MySQL 8.0 or later and MariaDB 10.6 or later, with InnoDB tables, through
	// github.com/go-sql-driver/mysql.
	MySQL Dialect = "mysql"
)

func (d Dialect) details() (*dialect, error) {
	switch d {
	case SQLite:
		return sqliteDialect(), nil
	case PostgreSQL:
		return postgresDialect(), nil
	case MySQL:
		return mysqlDialect(), nil
	case "":
		return nil, fmt.Errorf("sqlstore: Config.Dialect: required: %q, %q or %q (also for MariaDB)", SQLite, PostgreSQL, MySQL)
	}
	return nil, fmt.Errorf("sqlstore: Config.Dialect: %q is not known, want %q, %q or %q (also for MariaDB)", string(d), SQLite, PostgreSQL, MySQL)
}

// forms is a template for each IDType, with {column} or {value} in it.
type forms [BinaryUUID + 1]string

// dialect holds what differs from one database to the next.
type dialect struct {
	name     string // of the folder with its schema
	quote    string // around names, doubled within
	numbered bool   // placeholders are $1, $2, … and not ?

	// types are those of our id columns. own is a column of the host's in the form
	// that ours has, so that a join uses the index of ours; same the condition that
	// a column of the host's has a value, which uses the index of the host's.
	types, own, same forms
	// joins tells the types for which same, with a column of ours for the value, uses
	// the index of the host's as well.
	joins [BinaryUUID + 1]bool
	// exact is the condition that {column}, a text of the host's, has {value}, byte by byte.
	exact string
	// lookup is the condition that {column} has the compared form $2, or $4, which
	// has all its letters in lower case. sought is what it compares: found rows are
	// sorted by that and then by id, which are of one form and so in the order of ids.
	// Sorted by id alone, a server may read the whole table in that order.
	lookup, sought [LookupLower + 1]string
	// absorb ends an INSERT and makes it do nothing where there is a row that it
	// would contradict; {column} is any column of the table.
	absorb string
	// parts are the parts of statements that differ.
	parts map[string]string

	// lock is the first statement of every transaction that writes, if there is
	// one; it takes the place of locking the users row.
	lock string
	// current ends a SELECT in the host's transaction, so that it sees what is
	// committed now, and not what was when that transaction began.
	current string
	// oneWriter makes the writers of a process queue up.
	oneWriter bool
	// prepare keeps prepared statements.
	prepare bool
	// swap is the statement that writes n keys of the limiter, unless one of them is not
	// what it was. The arguments are, key by key, the columns and then stateOf what it
	// was. It then affects no row, or fails with an error that swapped knows.
	swap    func(n int) string
	swapped func(error) bool
	// namesRows has rows that go named by their keys, and lets a SELECT lock all it reads.
	namesRows bool
	// returning lets an UPDATE of what a SELECT has locked return it.
	returning bool
	// isolation is that of transactions.
	isolation sql.IsolationLevel
	// purge bounds the rows that one transaction deletes.
	purge int

	// touches has a write that counts an account's rows write its own row as well, for
	// clusters that compare what was written, at the commit alone.
	touches bool
	// retry tells whether a transaction that failed so did nothing and may succeed
	// if tried again.
	retry func(error) bool
	// refused tells that a statement by itself did nothing, for that is what the
	// database said; any other error may have come after it was done.
	refused func(error) bool
	// demoted tells that the server at the other end takes no writes, and so nothing was
	// done: another one does, which a new connection may find.
	demoted func(error) bool
	// taken tells that there is a row with such a key, where that is an error.
	taken func(error) bool
	// unheld tells that a value has letters which the character set of the host's
	// column, or of the database, lacks.
	unheld func(error) bool
	// advice names the setting of the host's that an error asks for; "" is none.
	advice func(error) string
	// telling tells whether the text of an error may repeat a stored value, and code
	// what to say in its place.
	telling func(error) bool
	code    func(error) string
	// added tells that a column which was to be added is there: a crash came between
	// that and the note of it.
	added func(error) bool
	// raced tells that another process, where no lock holds for both, was making the same
	// migration: made again, it finds what that one made.
	raced func(error) bool
	// migrating runs f in a transaction, or behind a lock, that one process at a
	// time has.
	migrating func(ctx context.Context, s *Store, f func(execer) error) error
	// table returns the columns of a table by name, none if there is no such table;
	// names are as nameKey makes them.
	table   func(ctx context.Context, db execer, schema, table string) (map[string]column, error)
	nameKey func(string) string
	// misfit says what is wrong with a column for an id of the type, or for text;
	// "" is nothing.
	misfit func(c column, t IDType) string
	// lacks tells that a column cannot have a value of a Condition. Nil is that its kind
	// tells all.
	lacks func(ctx context.Context, db execer, c column, value string) (bool, error)
	// folds tells whether a lookup finds ASCII letters in the other case.
	folds func(ctx context.Context, db execer, c column, l Lookup) (bool, error)
}

// execer is what *sql.DB, *sql.Conn and *sql.Tx have in common.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// column is what the database says of one.
type column struct {
	declared  string // type
	kind      kind
	width     int64 // in characters; 0 if it has no bound that is enforced
	collation string
	labels    []string // of an enumeration
}

func (d *dialect) quoted(name string) string {
	return d.quote + strings.ReplaceAll(name, d.quote, d.quote+d.quote) + d.quote
}

// equal is the condition that a column of the host's has a value.
func (d *dialect) equal(t IDType, column, value string) string {
	return fill(d.same[t], column, value)
}

func fill(form, column, value string) string {
	return strings.NewReplacer("{column}", column, "{value}", value).Replace(form)
}

// sqlState is the code of an error that the SQL standard defines, where the driver
// has a method for it.
func sqlState(err error) string {
	if coded, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err); ok {
		return coded.SQLState()
	}
	return ""
}

// plain takes away what Config.Plain does without. In a cluster whose nodes all take
// writes, as Galera's, a lock keeps out nobody at another node: a row that is there all
// of a sudden is a conflict like others.
func (d *dialect) plain() {
	d.prepare = false
	if d.parts["skip_locked"] == "" {
		return
	}
	d.parts["skip_locked"], d.parts["passing"] = "FOR UPDATE", ""
	d.migrating = plainMigrating
	if d.name == "mysql" {
		retry := d.retry
		d.retry = func(err error) bool { return retry(err) || d.raced(err) }
		d.touches = true
	}
}

// plainMigrating is for migrations that may be made again, by others at the same time too.
func plainMigrating(ctx context.Context, s *Store, f func(execer) error) error {
	if _, err := s.db.ExecContext(ctx, s.renderer().render(schemaTable).text); err != nil {
		return err
	}
	return f(s.db)
}

func never(error) bool { return false }

// swapRows are the rows of a swap as VALUES, with the types of the columns in front of
// each value where they are given, and how many there are.
func swapRows(n int, as func(column int, value string) string) string {
	rows := make([]string, n)
	for i := range rows {
		columns := make([]string, swapColumns)
		for column := range columns {
			columns[column] = as(column, parameter(swapColumns*i+column))
		}
		rows[i] = "(" + strings.Join(columns, ", ") + ")"
	}
	return strings.Join(rows, ", ")
}

// swapColumns are the columns of a key, and the state that it was in.
const swapColumns = 8

// tallyState is what stateOf is in a statement: of the row l, for SQLite and PostgreSQL.
const tallyState = `l.taken || ' ' || l.level || ' ' || l.windowed || ' ' || coalesce(l.until_at, 0) || ' ' || coalesce(l.last_at, 0)`

func noAdvice(error) string { return "" }

func sameName(name string) string { return name }
