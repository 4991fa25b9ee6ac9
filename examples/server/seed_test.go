package main

import (
	"database/sql"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/sqlstore"
)

// TestSeedingIsCompleted is about a server that was killed after the rows were
// there and before the accounts had to change their passwords.
func TestSeedingIsCompleted(t *testing.T) {
	t.Parallel()
	for _, k := range kinds(t) {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			testSeedingIsCompleted(t, k.seeded(t))
		})
	}
}

func testSeedingIsCompleted(t *testing.T, url string) {
	if err := open(t, url).exec(t.Context(), `DELETE FROM passwd_account`); err != nil {
		t.Fatal(err)
	}
	s := serveOn(t, url)
	ticket := s.ticket("", "grace", "nanosecond wire 11.8 inches")
	s.ticket("", "temp", "Temporary-Pass-77")
	s.want(s.post(api+"change-required", "", "ticket", ticket, "new_password", newPassword), http.StatusNoContent, "")

	again := serveOn(t, url) // what has been changed since stays so
	again.signIn("", "grace", newPassword)
	again.ticket("callcenter", "an.gruber", "Password5678!")
}

// TestUsersOfSomebodyElse is about a table that was filled by its owner.
func TestUsersOfSomebodyElse(t *testing.T) {
	t.Parallel()
	for _, k := range kinds(t) {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			testUsersOfSomebodyElse(t, k.fresh(t))
		})
	}
}

func testUsersOfSomebodyElse(t *testing.T, url string) {
	db, err := openDatabase(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.exec(t.Context(), `INSERT INTO users (id, login, created_at) VALUES (2, 'somebody', '2026-01-01')`); err != nil {
		t.Fatal(err)
	}
	s := serveOn(t, url)
	if n := s.column(`SELECT count(*) FROM users`); n != "1" {
		t.Errorf("%s users, want the one that was there", n)
	}
	if n := s.column(`SELECT count(*) FROM passwd_account`); n != "0" {
		t.Errorf("%s accounts were written to", n)
	}
}

// TestNoSecretInTheDatabase looks for bearers, cookies and passwords in every
// table but that of the messages, which stands for the recipients' mailboxes.
func TestNoSecretInTheDatabase(t *testing.T) { onEach(t, testNoSecretInTheDatabase) }

func testNoSecretInTheDatabase(t *testing.T, s *running) {
	bearer := s.signIn("", "ada", adaPassword)
	s.post(api+"forgot", "", "login", "ada")
	link := s.mail("ada@example.com", "reset_link", 1)
	ticket := s.ticket("", "grace", "nanosecond wire 11.8 inches")
	dump := dumpTables(t, open(t, s.url), "demo_messages")
	if !strings.Contains(dump, "ada@example.com") {
		t.Fatal("the dump has no users")
	}
	for _, secret := range []string{bearer, link.Token, ticket, adaPassword} {
		if strings.Contains(dump, secret) {
			t.Error("a secret is in the database in clear")
		}
	}
}

// tableNames tells each kind of database's list of tables.
var tableNames = map[sqlstore.Dialect]string{
	sqlstore.SQLite:     `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
	sqlstore.PostgreSQL: `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`,
	sqlstore.MySQL:      `SELECT table_name FROM information_schema.tables WHERE table_schema = database()`,
}

func dumpTables(t *testing.T, db *database, except string) string {
	t.Helper()
	var dump strings.Builder
	for _, table := range texts(t, db, tableNames[db.name]) {
		if table == except {
			continue
		}
		rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(sql.RawBytes)
		}
		for rows.Next() {
			if err := rows.Scan(values...); err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				dump.Write(*v.(*sql.RawBytes))
				io.WriteString(&dump, "\n")
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return dump.String()
}

func texts(t *testing.T, db *database, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	return lines(t, rows)
}

// lines returns the last column of all rows, and closes them.
func lines(t *testing.T, rows *sql.Rows) (all []string) {
	t.Helper()
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(sql.RawBytes)
	}
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		all = append(all, string(*values[len(values)-1].(*sql.RawBytes)))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
