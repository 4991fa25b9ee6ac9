package main

import (
	"database/sql"
	"embed"
	"strconv"
	"strings"

	"github.com/passwd-go/passwd/sqlstore"
)

// schema has the tables of the app, in one file for each dialect.
//
//go:embed schema
var schema embed.FS

// dialect is what the app's own SQL has to know of the database. The rest is the
// same on all of them.
type dialect struct {
	name    sqlstore.Dialect
	dollars bool   // placeholders are $1, $2, … and not ?
	once    string // ends an INSERT into demo_messages: a row that is there stays

	// lock keeps other servers out until the transaction ends, which poolers of
	// connections let through; a lock of the session would stay in their hands. SQLite
	// does so by itself, and on MySQL each CREATE TABLE waits for the other's.
	lock string
}

const onlyOnce = "ON CONFLICT (id) DO NOTHING"

func sqliteDialect() dialect { return dialect{name: sqlstore.SQLite, once: onlyOnce} }

func postgresDialect() dialect {
	return dialect{
		name: sqlstore.PostgreSQL, dollars: true, once: onlyOnce,
		lock: "SELECT pg_advisory_xact_lock(7066)",
	}
}

func mysqlDialect() dialect {
	return dialect{name: sqlstore.MySQL, once: "ON DUPLICATE KEY UPDATE id = id"}
}

// level is the isolation of transactions that the library writes in as well, see
// sqlstore: on MySQL its default locks what others want.
func (d dialect) level() *sql.TxOptions {
	if d.name == sqlstore.MySQL {
		return &sql.TxOptions{Isolation: sql.LevelReadCommitted}
	}
	return nil
}

// bind writes a statement with ? for its values the way that the database has it.
func (d dialect) bind(statement string) string {
	if !d.dollars {
		return statement
	}
	var b strings.Builder
	for n := 1; ; n++ {
		before, after, found := strings.Cut(statement, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString("$" + strconv.Itoa(n))
		statement = after
	}
}

// tables are the statements that create what is missing. Each is sent by itself,
// as MySQL takes no more at once.
func (d dialect) tables() ([]string, error) {
	file, err := schema.ReadFile("schema/" + string(d.name) + ".sql")
	if err != nil {
		return nil, err
	}
	statements := strings.Split(string(file), ";\n")
	return statements[:len(statements)-1], nil // after the last one there is nothing
}
