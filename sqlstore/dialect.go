package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Dialect is the database's kind of SQL.
type Dialect string

// SQLite 3.24 (2018) or later, through any driver. See the package comment for
// what to put in the data source name.
const SQLite Dialect = "sqlite"

func (d Dialect) details() (*dialect, error) {
	switch d {
	case SQLite:
		return sqliteDialect(), nil
	case "":
		return nil, errors.New("sqlstore: Config.Dialect: required")
	}
	return nil, fmt.Errorf("sqlstore: Config.Dialect: %q is not known", string(d))
}

// dialect holds what differs from one database to the next.
type dialect struct {
	name     string // of the folder with its schema
	quote    string // around names, doubled within
	numbered bool   // placeholders are $1, $2, … and not ?
	types    [BinaryUUID + 1]string

	// same is a condition that two texts are equal byte by byte, and that can use
	// an index of the first.
	same string
	// lock is the first statement of every transaction that writes, if there is
	// one; forUpdate ends a SELECT of the users row and locks it.
	lock, forUpdate string
	// oneWriter makes the writers of a process queue up.
	oneWriter bool
	// prepare keeps prepared statements.
	prepare bool
	// purge bounds the rows that one transaction deletes.
	purge int

	// retry tells whether a transaction that failed so did nothing and may succeed
	// if tried again.
	retry func(error) bool
	// columns returns the declared types of a table's columns by name; none if
	// there is no such table.
	columns func(ctx context.Context, db *sql.DB, table string) (map[string]string, error)
	// misfit says what is wrong with a declared column type for an id of the type,
	// or for text; "" is nothing.
	misfit func(declared string, t IDType) string
}

func (d *dialect) quoted(name string) string {
	return d.quote + strings.ReplaceAll(name, d.quote, d.quote+d.quote) + d.quote
}

// sqliteDialect quotes with backticks because SQLite takes a misspelt name in
// double quotes for a string.
//
// A transaction that reads first and then writes fails with SQLITE_BUSY as soon
// as somebody else wrote in between, so lock is a write: it deletes nothing and
// takes the writer's lock, as BEGIN IMMEDIATE does, which database/sql cannot
// send.
func sqliteDialect() *dialect {
	return &dialect{
		name:      "sqlite",
		quote:     "`",
		types:     [...]string{Text: "TEXT", BigInt: "INTEGER", UUID: "UUID", BinaryUUID: "BINARY"},
		same:      "{left} = {right} AND {left} = {right} COLLATE BINARY",
		lock:      "DELETE FROM {schema} WHERE version < 0",
		oneWriter: true,
		prepare:   true,
		purge:     250, // 1,000 keep other processes from writing for 32 ms
		retry:     sqliteBusy,
		columns:   sqliteColumns,
		misfit:    sqliteMisfit,
	}
}

// sqliteBusy knows SQLITE_BUSY and SQLITE_LOCKED with their extended codes, and
// their text where a driver has no Code method.
func sqliteBusy(err error) bool {
	if coded, ok := errors.AsType[interface {
		error
		Code() int
	}](err); ok {
		primary := coded.Code() & 0xff
		return primary == 5 || primary == 6
	}
	return err != nil && (strings.Contains(err.Error(), "database is locked") ||
		strings.Contains(err.Error(), "database table is locked"))
}

func sqliteColumns(ctx context.Context, db *sql.DB, table string) (map[string]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT name, type FROM pragma_table_xinfo(?)", table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns := map[string]string{}
	for rows.Next() {
		var name, declared string
		if err := rows.Scan(&name, &declared); err != nil {
			return nil, err
		}
		columns[strings.ToLower(name)] = declared
	}
	return columns, rows.Err()
}

// sqliteMisfit goes by type affinity (https://www.sqlite.org/datatype3.html, §3.1):
// a text in a numeric column is turned into a number before it is compared or
// stored, and a blob never equals a text. No UUID looks like a number and blobs stay
// what they are, so for these two a type like "UUID", which counts as numeric, is
// good; our own columns have it, for their indexes then serve any declaration.
func sqliteMisfit(declared string, t IDType) string {
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(strings.ToUpper(declared), part) })
	}
	affinity := "numeric"
	switch {
	case has("INT"):
	case has("CHAR", "CLOB", "TEXT"):
		affinity = "text"
	case has("BLOB"):
		affinity = "blob"
	}
	fits := map[IDType][]string{
		Text:       {"text"},
		BigInt:     {"numeric"},
		UUID:       {"text", "numeric"},
		BinaryUUID: {"blob", "numeric", "text"},
	}[t]
	if declared == "" || slices.Contains(fits, affinity) {
		return ""
	}
	return fmt.Sprintf("is declared %s, which SQLite treats as %s; it has to be %s", declared, affinity, fits[0])
}
