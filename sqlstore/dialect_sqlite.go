package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// sqliteDialect quotes with backticks because SQLite takes a misspelt name in
// double quotes for a string.
//
// A transaction that reads first and then writes fails with SQLITE_BUSY as soon
// as somebody else wrote in between, so lock is a write: it deletes nothing and
// takes the writer's lock, as BEGIN IMMEDIATE does, which database/sql cannot
// send.
func sqliteDialect() *dialect {
	const binary = "{column} = {value} AND {column} = {value} COLLATE BINARY"
	return &dialect{
		name:   "sqlite",
		quote:  "`",
		types:  forms{Text: "TEXT", BigInt: "INTEGER", UUID: "UUID", BinaryUUID: "BINARY"},
		own:    forms{Text: "{column}", BigInt: "{column}", UUID: "{column}", BinaryUUID: "{column}"},
		same:   forms{Text: binary, BigInt: "{column} = {value}", UUID: binary, BinaryUUID: "{column} = {value}"},
		joins:  [BinaryUUID + 1]bool{Text: true, BigInt: true},
		exact:  "{column} = {value} COLLATE BINARY",
		lookup: [...]string{"lower({column}) = $2", "{column} = $2", "lower({column}) = $2"},
		sought: [...]string{"lower({column})", "{column}", "lower({column})"},
		absorb: "ON CONFLICT DO NOTHING",
		parts: map[string]string{
			"absorb_token": "ON CONFLICT DO NOTHING",
			"upsert_limit": `ON CONFLICT (limit_key) DO UPDATE SET taken = excluded.taken, level = excluded.level, windowed = excluded.windowed,
				until_at = excluded.until_at, last_at = excluded.last_at, expires_at = excluded.expires_at`,
			"drop_limit":      "DELETE FROM {limit}",
			"bound":           "$9",
			"put_job":         `SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE {room_for} ON CONFLICT (waiting) DO UPDATE SET waiting = excluded.waiting`,
			"skip_locked":     "",
			"update_strictly": "UPDATE",
			"purge": `DELETE FROM {token} WHERE (digest, purpose) IN
				(SELECT digest, purpose FROM {token} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`,
			"purge_limit": `DELETE FROM {limit} WHERE limit_key IN
				(SELECT limit_key FROM {limit} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`,
			"purge_session": `DELETE FROM {session} WHERE id IN
				(SELECT id FROM {session} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`,
			"trim_limit": `DELETE FROM {limit} WHERE limit_key IN
				(SELECT limit_key FROM {limit} WHERE limit_key > $1 AND limit_key < $2 AND taken > 0
				ORDER BY coalesce(last_at, 0) DESC, limit_key LIMIT 1000 OFFSET $3)`,
			"purge_spent": `DELETE FROM {session_spent} WHERE (session_id, n) IN
				(SELECT session_id, n FROM {session_spent} WHERE session_id IN
				(SELECT id FROM {session} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2) LIMIT $3)`,
		},
		lock:      "DELETE FROM {schema} WHERE version < 0",
		oneWriter: true,
		prepare:   true,
		purge:     100, // 1,000 keep other writers waiting for 10 ms or more
		retry:     sqliteBusy,
		taken:     never,
		swap:      sqliteSwap,
		swapped:   never,
		refused:   sqliteRefused,
		demoted:   never,
		unheld:    never,
		advice:    noAdvice,
		telling:   never, // they name columns, and no values
		added:     never, // a transaction
		raced:     never,
		migrating: sqliteMigrating,
		table:     sqliteTable,
		nameKey:   strings.ToLower,
		misfit:    sqliteMisfit,
		folds:     sqliteFolds,
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

// sqliteRefused knows the errors that have a code, and SQLITE_BUSY.
func sqliteRefused(err error) bool {
	_, coded := errors.AsType[interface {
		error
		Code() int
	}](err)
	return coded || sqliteBusy(err)
}

// sqliteSwap compares the keys in the statement that writes them: nobody else writes
// meanwhile.
func sqliteSwap(n int) string {
	rows := swapRows(n, func(_ int, value string) string { return value })
	return `WITH want (limit_key, taken, level, windowed, until_at, last_at, expires_at, was) AS (VALUES ` + rows + `)
		INSERT INTO {limit} (limit_key, taken, level, windowed, until_at, last_at, expires_at)
		SELECT limit_key, taken, level, windowed, until_at, last_at, expires_at FROM want WHERE ` + strconv.Itoa(n) + ` =
			(SELECT count(*) FROM want w LEFT JOIN {limit} l ON l.limit_key = w.limit_key WHERE coalesce(` + tallyState + `, '0 0 0 0 0') = w.was)
		{upsert_limit}`
}

// sqliteMigrating takes the writer's lock by a write to a table that it makes sure of.
func sqliteMigrating(ctx context.Context, s *Store, f func(execer) error) error {
	if _, err := s.db.ExecContext(ctx, s.renderer().render(schemaTable).text); err != nil {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, s.queries.lock.text); err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func sqliteTable(ctx context.Context, db execer, schema, table string) (map[string]column, error) {
	text, args := "SELECT name, type FROM pragma_table_xinfo(?)", []any{table}
	if schema != "" {
		text, args = "SELECT name, type FROM pragma_table_xinfo(?, ?)", []any{table, schema}
	}
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns := map[string]column{}
	for rows.Next() {
		var name, declared string
		if err := rows.Scan(&name, &declared); err != nil {
			return nil, err
		}
		columns[strings.ToLower(name)] = column{declared: declared, kind: sqliteKind(declared)}
	}
	return columns, rows.Err()
}

// sqliteKind is what a declaration means to people; SQLite enforces none of it.
func sqliteKind(declared string) kind {
	upper := strings.ToUpper(declared)
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(upper, part) })
	}
	switch {
	case declared == "":
		return anyKind
	case has("BOOL"):
		return boolKind
	case has("DATE", "TIME"):
		return timeKind
	case has("INT", "NUM"):
		return integerKind
	case has("CHAR", "CLOB", "TEXT"):
		return textKind
	}
	return otherKind
}

// sqliteMisfit goes by type affinity (https://www.sqlite.org/datatype3.html, §3.1):
// a text in a numeric column is turned into a number before it is compared or
// stored, and a blob never equals a text. No UUID looks like a number and blobs stay
// what they are, so for these two a type like "UUID", which counts as numeric, is
// good; our own columns have it, for their indexes then serve any declaration.
func sqliteMisfit(c column, t IDType) string {
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(strings.ToUpper(c.declared), part) })
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
	if c.declared == "" || slices.Contains(fits, affinity) {
		return ""
	}
	return fmt.Sprintf("is declared %s, which SQLite treats as %s; it has to be %s", c.declared, affinity, fits[0])
}

// sqliteFolds need not look: lower() folds ASCII letters, and with LookupColumn the
// collation, which SQLite does not tell, is the host's word.
func sqliteFolds(context.Context, execer, column, Lookup) (bool, error) { return true, nil }
