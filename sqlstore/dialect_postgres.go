package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// postgresDialect states READ COMMITTED, whatever the server's default: a SELECT
// after a wait for a lock then sees what the other has committed, and nothing
// fails with 40001.
//
// Values are cast to the type of the id, so that a number too large for the host's
// INTEGER is no error but no match. Texts are compared under the collation "C",
// which is that of our columns: others may take different texts for equal.
//
// lower() goes by the collation of its argument, and the collation of a value is
// not that of the host's column. Of the three forms that a lookup asks for, one is
// what lower(column) made of a text that has the same letters.
func postgresDialect() *dialect {
	return &dialect{
		name:     "postgres",
		quote:    `"`,
		numbered: true,
		types:    forms{Text: `text COLLATE "C"`, BigInt: "bigint", UUID: "uuid", BinaryUUID: "bytea"},
		own:      forms{Text: `CAST({column} AS text) COLLATE "C"`, BigInt: "{column}", UUID: "{column}", BinaryUUID: "{column}"},
		same: forms{
			Text:       `{column} = {value} AND CAST({column} AS text) COLLATE "C" = {value}`,
			BigInt:     "{column} = CAST({value} AS bigint)",
			UUID:       "{column} = CAST({value} AS uuid)",
			BinaryUUID: "{column} = CAST({value} AS bytea)",
		},
		joins: [BinaryUUID + 1]bool{BigInt: true, UUID: true, BinaryUUID: true},
		exact: `CAST({column} AS text) COLLATE "C" = {value}`,
		lookup: [...]string{
			LookupDefault: "lower({column}) IN (lower(CAST($2 AS text)), CAST($2 AS text), CAST($4 AS text))",
			LookupColumn:  "{column} = $2",
			LookupLower:   "lower({column}) IN (lower(CAST($2 AS text)), CAST($2 AS text), CAST($4 AS text))",
		},
		sought: [...]string{"lower({column})", "{column}", "lower({column})"},
		absorb: "ON CONFLICT DO NOTHING",
		parts: map[string]string{
			"absorb_token": "ON CONFLICT DO NOTHING",
			"upsert_limit": `ON CONFLICT (limit_key) DO UPDATE SET taken = excluded.taken, level = excluded.level, windowed = excluded.windowed,
				until_at = excluded.until_at, last_at = excluded.last_at, expires_at = excluded.expires_at`,
			"drop_limit": "DELETE FROM {limit}",
			"bound":      "CAST($9 AS bigint)",
			"put_job": `SELECT CAST($1 AS text), CAST($2 AS text), CAST($3 AS text), CAST($4 AS bytea), CAST($5 AS bigint), CAST($6 AS bigint), CAST($7 AS integer), CAST($8 AS smallint)
				WHERE {room_for} ON CONFLICT (waiting) DO UPDATE SET waiting = excluded.waiting`,
			"skip_locked":     "FOR UPDATE SKIP LOCKED",
			"update_strictly": "UPDATE",
			// By their keys in an array: an index finds them whatever the statistics are, and
			// the rows are chosen once. Not by ctid, which would take a tenth of the 12 ms that
			// 1,000 rows take, but is PostgreSQL's alone and not unique over partitions.
			"purge": `DELETE FROM {token} WHERE expires_at < $1 AND digest = ANY(ARRAY
				(SELECT digest FROM {token} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 {passing}))`,
			"purge_limit": `DELETE FROM {limit} WHERE limit_key = ANY(ARRAY
				(SELECT limit_key FROM {limit} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 {passing}))`,
			"purge_session": `DELETE FROM {session} WHERE id = ANY(ARRAY
				(SELECT id FROM {session} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 {passing}))`,
			"trim_limit": `DELETE FROM {limit} WHERE limit_key = ANY(ARRAY
				(SELECT limit_key FROM {limit} WHERE limit_key > $1 AND limit_key < $2 AND taken > 0
				ORDER BY coalesce(last_at, 0) DESC, limit_key LIMIT 1000 OFFSET $3))`,
			"purge_spent": `DELETE FROM {session_spent} WHERE digest = ANY(ARRAY
				(SELECT digest FROM {session_spent} WHERE session_id = ANY(ARRAY
				(SELECT id FROM {session} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)) LIMIT $3 {passing}))`,
			"passing": "FOR UPDATE SKIP LOCKED",
		},
		swap: postgresSwap,
		// Of two processes that write the first row of a key at once, one finds the other's.
		swapped:   func(err error) bool { return sqlState(err) == "23502" },
		refused:   func(err error) bool { return sqlState(err) != "" },
		returning: true,
		isolation: sql.LevelReadCommitted,
		purge:     1000,
		retry:     postgresConflict,
		taken:     never,
		unheld:    func(err error) bool { return sqlState(err) == "22P05" }, // "untranslatable character"
		demoted:   func(err error) bool { return sqlState(err) == "25006" }, // read_only_sql_transaction
		advice:    postgresAdvice,
		telling:   postgresTelling,
		code:      func(err error) string { return "SQLSTATE " + sqlState(err) },
		added:     never, // IF NOT EXISTS
		raced:     postgresRaced,
		migrating: postgresMigrating,
		table:     postgresTable,
		nameKey:   sameName,
		misfit:    postgresMisfit,
		lacks:     postgresLacks,
		folds:     postgresFolds,
	}
}

// postgresConflict knows serialization_failure and deadlock_detected.
func postgresConflict(err error) bool {
	state := sqlState(err)
	return state == "40001" || state == "40P01"
}

// postgresSwap locks the keys and compares them. A row that was added since the
// statement began is not among them: to write over it is no write at all, but an error.
func postgresSwap(n int) string {
	types := [swapColumns]string{"text", "integer", "integer", "smallint", "bigint", "bigint", "bigint", "text"}
	rows := swapRows(n, func(column int, value string) string { return "CAST(" + value + " AS " + types[column] + ")" })
	var keys []string
	for i := range n {
		keys = append(keys, parameter(swapColumns*i))
	}
	return `WITH want (limit_key, taken, level, windowed, until_at, last_at, expires_at, was) AS (VALUES ` + rows + `),
		held AS (SELECT l.limit_key, ` + tallyState + ` AS is FROM {limit} l WHERE l.limit_key IN (` + strings.Join(keys, ", ") + `) ORDER BY l.limit_key FOR UPDATE),
		same AS (SELECT count(*) AS keys FROM want w LEFT JOIN held h ON h.limit_key = w.limit_key WHERE coalesce(h.is, '0 0 0 0 0') = w.was)
		INSERT INTO {limit} AS l (limit_key, taken, level, windowed, until_at, last_at, expires_at)
		SELECT w.limit_key, w.taken, w.level, w.windowed, w.until_at, w.last_at, w.expires_at
		FROM want w JOIN same s ON s.keys = ` + strconv.Itoa(n) + ` ORDER BY w.limit_key
		ON CONFLICT (limit_key) DO UPDATE SET level = excluded.level, windowed = excluded.windowed,
			until_at = excluded.until_at, last_at = excluded.last_at, expires_at = excluded.expires_at,
			taken = CASE WHEN ` + tallyState + ` = (SELECT w.was FROM want w WHERE w.limit_key = excluded.limit_key) THEN excluded.taken END`
}

// postgresAdvice knows what becomes of prepared statements, also of those without a
// name, when each transaction may be on another connection: there is another
// client's of that name, none, or one with other parameters.
func postgresAdvice(err error) string {
	switch state := sqlState(err); {
	case state == "42P05", state == "26000", state == "08P01" && strings.Contains(err.Error(), "bind message"):
		return "behind a pooler in transaction mode, such as PgBouncer, pgx needs default_query_exec_mode=exec and lib/pq binary_parameters=yes"
	}
	return ""
}

// postgresRaced knows that two create the same at once: IF NOT EXISTS looks before the
// other's is there.
func postgresRaced(err error) bool {
	switch sqlState(err) {
	case "23505", "42P07", "42701", "42710":
		return true
	case "XX000":
		return strings.Contains(err.Error(), "concurrently")
	}
	return false
}

// postgresTelling knows data exceptions, which quote the data, and what the host's own
// triggers raise.
func postgresTelling(err error) bool {
	state := sqlState(err)
	return strings.HasPrefix(state, "22") || strings.HasPrefix(state, "P0")
}

// postgresMigrating holds an advisory lock: CREATE TABLE IF NOT EXISTS by itself
// fails when two do it at once.
func postgresMigrating(ctx context.Context, s *Store, f func(execer) error) error {
	const lock = 0x70617373_7764 // "passwd"
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(lock)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, s.renderer().render(schemaTable).text); err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func postgresTable(ctx context.Context, db execer, schema, table string) (map[string]column, error) {
	d := postgresDialect()
	name := d.quoted(table)
	if schema != "" {
		name = d.quoted(schema) + "." + name
	}
	rows, err := db.QueryContext(ctx, `SELECT a.attname, format_type(a.atttypid, a.atttypmod),
			CASE WHEN a.atttypmod > 4 AND t.typcategory = 'S' THEN a.atttypmod - 4 ELSE 0 END, coalesce(quote_ident(n.nspname) || '.' || quote_ident(l.collname), ''),
			t.typcategory, coalesce((SELECT string_agg(e.enumlabel, chr(31) ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid), '')
		FROM pg_catalog.pg_attribute a
		JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
		JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
		LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation AND l.collname <> 'default'
		LEFT JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace
		WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`, name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns := map[string]column{}
	for rows.Next() {
		var name, category, labels string
		var c column
		if err := rows.Scan(&name, &c.declared, &c.width, &c.collation, &category, &labels); err != nil {
			return nil, err
		}
		c.kind = postgresKind(category, c.declared)
		if c.kind == enumKind {
			c.labels = strings.Split(labels, "\x1f")
		}
		columns[name] = c
	}
	return columns, rows.Err()
}

// postgresKind goes by the category of a type, pg_type.typcategory.
func postgresKind(category, declared string) kind {
	switch {
	case category == "B":
		return boolKind
	case category == "E":
		return enumKind
	case category == "S":
		return textKind
	case category == "D" && !strings.HasPrefix(declared, "time "):
		return timeKind
	case category == "N" && slices.Contains([]string{"bigint", "integer", "smallint"}, declared):
		return integerKind
	}
	return otherKind
}

// postgresLacks has the server turn the value into the type of the column, as it does
// in a condition.
func postgresLacks(ctx context.Context, db execer, c column, value string) (bool, error) {
	if c.width > 0 && int64(len(value)) > c.width {
		return true, nil
	}
	var there bool
	err := db.QueryRowContext(ctx, "SELECT CAST('"+value+"' AS "+c.declared+") IS NOT NULL").Scan(&there)
	if strings.HasPrefix(sqlState(err), "22") {
		return true, nil
	}
	return false, err
}

func postgresMisfit(c column, t IDType) string {
	fits := map[IDType][]string{
		Text:       {"text", "character varying", "citext"},
		BigInt:     {"bigint", "integer", "smallint"},
		UUID:       {"uuid"},
		BinaryUUID: {"bytea"},
	}[t]
	declared, _, _ := strings.Cut(c.declared, "(")
	declared = declared[strings.LastIndexByte(declared, '.')+1:] // an extension may live in any schema
	if slices.Contains(fits, declared) {
		return ""
	}
	return fmt.Sprintf("is of type %s; it has to be %s", c.declared, strings.Join(fits, " or "))
}

const (
	upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lowerLetters = "abcdefghijklmnopqrstuvwxyz"
)

// postgresFolds asks lower() under the column's collation: a Turkish one has another
// small letter for I.
func postgresFolds(ctx context.Context, db execer, c column, l Lookup) (folds bool, err error) {
	if l == LookupColumn {
		return true, nil // the host's word
	}
	of := "'" + upperLetters + "'"
	if c.collation != "" {
		of += " COLLATE " + c.collation
	}
	err = db.QueryRowContext(ctx, "SELECT lower("+of+") = '"+lowerLetters+"'").Scan(&folds)
	return folds, err
}
