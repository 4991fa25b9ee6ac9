package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// mysqlDialect states READ COMMITTED: a REPEATABLE READ, the server's default, locks
// the gaps between rows, and so keeps the writers of other accounts, or whoever puts
// a job, waiting. That costs a round trip, and nothing here needs a snapshot: the
// first statement of a transaction locks the users row.
//
// Our text columns are binary, since even utf8mb4_bin ignores spaces at the end. The
// host's are converted: they may have any character set.
func mysqlDialect() *dialect {
	const bytes = "CAST(CONVERT({column} USING utf8mb4) AS BINARY)"
	return &dialect{
		name:  "mysql",
		quote: "`",
		types: forms{Text: "VARBINARY(255)", BigInt: "BIGINT", UUID: "VARBINARY(36)", BinaryUUID: "BINARY(16)"},
		own: forms{
			Text: bytes, BigInt: "{column}", BinaryUUID: "{column}",
			UUID: "CAST(CONVERT(LOWER({column}) USING utf8mb4) AS BINARY)",
		},
		same: forms{
			Text:   "{column} = {value} AND " + bytes + " = {value}",
			BigInt: "{column} = {value}", UUID: "{column} = {value}", BinaryUUID: "{column} = {value}",
		},
		joins:  [BinaryUUID + 1]bool{BigInt: true, BinaryUUID: true},
		exact:  bytes + " = {value}",
		lookup: [...]string{"{column} = $2", "{column} = $2", "lower({column}) = lower($2)"},
		sought: [...]string{"{column}", "{column}", "lower({column})"},
		absorb: "ON DUPLICATE KEY UPDATE {column} = {column}",
		parts: map[string]string{
			"absorb_token": "",
			"upsert_limit": `ON DUPLICATE KEY UPDATE taken = VALUES(taken), level = VALUES(level), windowed = VALUES(windowed),
				until_at = VALUES(until_at), last_at = VALUES(last_at), expires_at = VALUES(expires_at)`,
			// Not in the INSERT: there it would lock the ends of the table.
			"roomy": "SELECT {room_for}",
			"bound": "$3",
			// A row that stays as it is would not be written, which takes less time.
			"put_job": `VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
				ON DUPLICATE KEY UPDATE not_after = IF(id = VALUES(id), not_after, GREATEST(not_after, VALUES(not_after)))`,
			"retry": `UPDATE {job} j LEFT JOIN {job} o ON o.waiting = j.job_key AND o.id <> j.id
				SET j.leased_until = NULL, j.not_before = $2, j.waiting = IF(j.job_key <> '' AND o.id IS NULL, j.job_key, NULL) WHERE j.id = $1`,
			// Not deleted, but for Purge: see mysqlSwap.
			"drop_limit":    `UPDATE {limit} SET taken = 0, level = 0, windowed = 0, until_at = NULL, last_at = NULL, expires_at = 0`,
			"skip_locked":   "FOR UPDATE SKIP LOCKED",
			"purge":         "DELETE FROM {token} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2",
			"purge_limit":   "DELETE FROM {limit} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2",
			"purge_session": "DELETE FROM {session} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2",
			"trim_limit": `UPDATE (SELECT limit_key FROM {limit} WHERE limit_key > $1 AND limit_key < $2 AND taken > 0
				ORDER BY coalesce(last_at, 0) DESC, limit_key LIMIT 1000 OFFSET $3) o
				STRAIGHT_JOIN {limit} l ON l.limit_key = o.limit_key
				SET l.taken = 0, l.level = 0, l.windowed = 0, l.until_at = NULL, l.last_at = NULL, l.expires_at = 0`,
			"purge_spent": `DELETE d FROM (SELECT c.session_id, c.n FROM
				(SELECT id FROM {session} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2) e
				STRAIGHT_JOIN {session_spent} c ON c.session_id = e.id LIMIT $3) o
				STRAIGHT_JOIN {session_spent} d ON d.session_id = o.session_id AND d.n = o.n`,
			"update_strictly": mysqlStrictUpdate,
		},
		current:   " FOR UPDATE",
		prepare:   true,
		isolation: sql.LevelReadCommitted,
		purge:     1000,
		retry:     mysqlConflict,
		taken:     func(err error) bool { return mysqlNumber(err) == 1062 },
		namesRows: true,
		swap:      mysqlSwap,
		swapped:   func(err error) bool { return mysqlNumber(err) == 1690 },
		refused:   func(err error) bool { return mysqlNumber(err) != 0 },
		demoted:   mysqlReadOnly,
		unheld:    mysqlUnheld,
		advice:    mysqlAdvice,
		telling:   mysqlTelling,
		code:      mysqlCode,
		added:     func(err error) bool { return slices.Contains([]int{1060, 1061}, mysqlNumber(err)) }, // column, index
		raced:     func(err error) bool { return slices.Contains([]int{1050, 1062}, mysqlNumber(err)) },
		migrating: mysqlMigrating,
		table:     mysqlTable,
		nameKey:   strings.ToLower,
		misfit:    mysqlMisfit,
		folds:     mysqlFolds,
	}
}

// mysqlStrictUpdate begins an UPDATE that fails where a value does not fit. Without
// STRICT_ALL_TABLES in the sql_mode, which is the host's, a hash would be cut to the
// width of the column, and its owner locked out. The first comment is a statement to
// MariaDB alone, the second one to MySQL alone.
const mysqlStrictUpdate = "/*M! SET STATEMENT sql_mode = 'STRICT_ALL_TABLES' FOR */ UPDATE /*+ SET_VAR(sql_mode = 'STRICT_ALL_TABLES') */"

var mysqlErrorText = regexp.MustCompile(`\bError ([0-9]{4,5})\b`)

// mysqlNumber is the number of a server's error, by the text that the driver gives
// it; 0 is no such error.
func mysqlNumber(err error) int {
	if err == nil {
		return 0
	}
	match := mysqlErrorText.FindStringSubmatch(err.Error())
	if match == nil {
		return 0
	}
	n, _ := strconv.Atoi(match[1])
	return n
}

// mysqlConflict knows the lock that was waited for too long, the deadlock, and the
// row that has changed since the snapshot.
func mysqlConflict(err error) bool {
	return slices.Contains([]int{1205, 1213, 1020}, mysqlNumber(err))
}

// mysqlUnheld knows the "illegal mix of collations" of MariaDB and what MySQL 8 says
// instead, "conversion from collation … impossible for parameter".
func mysqlUnheld(err error) bool { return slices.Contains([]int{1267, 3988}, mysqlNumber(err)) }

// mysqlSwap compares each row as it writes it: to read them in the same statement would
// be as of before a wait, or lock the gaps between them. What is not as it was is an
// error, a number out of range, which undoes the statement whatever the SQL mode. A row
// that was seen does not go, for clearing leaves it there until Purge; and what Purge
// takes has had no effect any more for a day.
func mysqlSwap(n int) string {
	var rows, was []string
	for i := range n {
		var columns []string
		for column := range swapColumns - 1 {
			columns = append(columns, parameter(swapColumns*i+column))
		}
		rows = append(rows, "("+strings.Join(columns, ", ")+")")
		was = append(was, "WHEN "+parameter(swapColumns*i)+" THEN "+parameter(swapColumns*i+swapColumns-1))
	}
	return `INSERT INTO {limit} (limit_key, taken, level, windowed, until_at, last_at, expires_at) VALUES ` + strings.Join(rows, ", ") + `
		ON DUPLICATE KEY UPDATE taken = IF(concat(taken, ' ', level, ' ', windowed, ' ', coalesce(until_at, 0), ' ', coalesce(last_at, 0)) =
			CASE limit_key ` + strings.Join(was, " ") + ` END, VALUES(taken), ~0 + (taken >= 0)),
			level = VALUES(level), windowed = VALUES(windowed), until_at = VALUES(until_at), last_at = VALUES(last_at), expires_at = VALUES(expires_at)`
}

// mysqlReadOnly knows what a server says that was made a replica by read_only while
// connections to it were open. Error 1290 is of other options as well.
func mysqlReadOnly(err error) bool {
	switch mysqlNumber(err) {
	case 1290:
		return strings.Contains(err.Error(), "read-only") || strings.Contains(err.Error(), "read_only")
	case 1836:
		return true
	}
	return false
}

// mysqlAdvice knows the bound on prepared statements.
func mysqlAdvice(err error) string {
	if mysqlNumber(err) == 1461 {
		return "see max_prepared_stmt_count, and Config.Plain"
	}
	return ""
}

// mysqlTelling knows the errors that quote a value, and what the host's own triggers
// signal.
func mysqlTelling(err error) bool {
	return slices.Contains([]int{1062, 1292, 1366, 1406, 1411, 1525, 1644, 1690}, mysqlNumber(err))
}

var mysqlErrorColumn = regexp.MustCompile("for column [`'](?:[^`'\\n]*`\\.`)*([^`'\\n]+)[`'] at row [0-9]+$")

// mysqlCode has the name of the column too, where the error ends with it.
func mysqlCode(err error) string {
	code := "error " + strconv.Itoa(mysqlNumber(err))
	if match := mysqlErrorColumn.FindStringSubmatch(err.Error()); match != nil && plainName.MatchString(match[1]) {
		code += fmt.Sprintf(" for the column %q", match[1])
	}
	return code
}

// mysqlMigrating holds a lock of the server's by name, because each CREATE TABLE
// commits. The connection's end would release it as well.
func mysqlMigrating(ctx context.Context, s *Store, f func(execer) error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var locked sql.NullBool
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK('passwd_migrate', 60)").Scan(&locked); err != nil {
		return err
	}
	if !locked.Bool {
		return errors.New("another process has been migrating for a minute")
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK('passwd_migrate')")
	if _, err := conn.ExecContext(ctx, s.renderer().render(schemaTable).text); err != nil {
		return err
	}
	return f(conn)
}

func mysqlTable(ctx context.Context, db execer, schema, table string) (map[string]column, error) {
	rows, err := db.QueryContext(ctx, `SELECT c.column_name, c.column_type, coalesce(c.character_maximum_length, 0), coalesce(c.collation_name, ''),
			coalesce((SELECT e.transactions FROM information_schema.engines e WHERE e.engine = t.engine), 'NO')
		FROM information_schema.columns c
		JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'
		WHERE c.table_schema = coalesce(nullif(?, ''), database()) AND c.table_name = ?`, schema, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns := map[string]column{}
	for rows.Next() {
		var name, transactions string
		var c column
		if err := rows.Scan(&name, &c.declared, &c.width, &c.collation, &transactions); err != nil {
			return nil, err
		}
		if transactions != "YES" {
			return nil, fmt.Errorf("table %q has no transactions: make it ENGINE=InnoDB", table)
		}
		c.kind, c.labels = mysqlKind(c.declared)
		columns[strings.ToLower(name)] = c
	}
	return columns, rows.Err()
}

// mysqlKind reads a type as information_schema has it: "int(10) unsigned", "enum('a','b')".
func mysqlKind(declared string) (k kind, labels []string) {
	name, rest, _ := strings.Cut(strings.ToLower(declared), "(")
	name, _, _ = strings.Cut(name, " ")
	switch name {
	case "enum":
		_, rest, _ = strings.Cut(declared, "(")
		for _, label := range mysqlLabel.FindAllStringSubmatch(rest, -1) {
			labels = append(labels, strings.ReplaceAll(label[1], "''", "'"))
		}
		return enumKind, labels
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext":
		return textKind, nil
	case "tinyint", "smallint", "mediumint", "int", "bigint":
		return integerKind, nil
	case "bit":
		if strings.HasPrefix(rest, "1)") {
			return boolKind, nil
		}
	case "date", "datetime", "timestamp":
		return timeKind, nil
	}
	return otherKind, nil
}

var mysqlLabel = regexp.MustCompile(`'((?:[^']|'')*)'`)

func mysqlMisfit(c column, t IDType) string {
	fits := map[IDType][]string{
		Text:       {"varchar", "tinytext", "text", "mediumtext", "longtext"},
		BigInt:     {"bigint", "int", "mediumint", "smallint"},
		UUID:       {"char(36)", "varchar", "uuid"},
		BinaryUUID: {"binary(16)", "varbinary"},
	}[t]
	declared := strings.ToLower(c.declared)
	kind, _, _ := strings.Cut(declared, "(")
	kind, _, _ = strings.Cut(kind, " ")
	if slices.Contains(fits, declared) || slices.Contains(fits, kind) {
		return ""
	}
	return fmt.Sprintf("is of type %s; it has to be %s", c.declared, strings.Join(fits, " or "))
}

var collationName = regexp.MustCompile(`^[0-9A-Za-z]+(_[0-9A-Za-z_]+)?$`)

// mysqlFolds compares letters under the column's collation.
func mysqlFolds(ctx context.Context, db execer, c column, l Lookup) (folds bool, err error) {
	if l == LookupColumn || !collationName.MatchString(c.collation) {
		return l == LookupColumn, nil // the host's word; without a collation it is binary
	}
	charset, _, _ := strings.Cut(c.collation, "_")
	if charset == "uca1400" { // MariaDB leaves the character set out
		charset = "utf8mb4"
	}
	letters := func(s string) string { return "CONVERT('" + s + "' USING " + charset + ") COLLATE " + c.collation }
	left := letters(upperLetters)
	if l == LookupLower {
		left = "lower(" + left + ")"
	}
	err = db.QueryRowContext(ctx, "SELECT "+left+" = "+letters(lowerLetters)).Scan(&folds)
	return folds, err
}
