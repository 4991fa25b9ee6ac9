package main

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/sqlstore"
)

func TestBind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ statement, dollars string }{
		{"SELECT 1", "SELECT 1"},
		{"UPDATE t SET a = ? WHERE b = ?", "UPDATE t SET a = $1 WHERE b = $2"},
		{"VALUES (" + strings.Repeat("?, ", 11) + "?)", "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"},
	} {
		if got := postgresDialect().bind(c.statement); got != c.dollars {
			t.Errorf("PostgreSQL: %q, want %q", got, c.dollars)
		}
		if got := mysqlDialect().bind(c.statement); got != c.statement {
			t.Errorf("MySQL: %q, want %q", got, c.statement)
		}
	}
}

func TestMySQLConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ url, user, password, addr, name, more string }{
		{"mysql://root@127.0.0.1/demo", "root", "", "127.0.0.1:3306", "demo", ""},
		{"mysql://u:p%40%3A%2Fw%25@db.example.com:3307/a%20b", "u", "p@:/w%", "db.example.com:3307", "a b", ""},
		{"mysql://u:p@[::1]:3307/demo", "u", "p", "[::1]:3307", "demo", ""},
		{"mysql://u:p@db.example.com/demo?tls=true&loc=Europe/Berlin&parseTime=true", "u", "p", "db.example.com:3306", "demo", "db.example.com Europe/Berlin"},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		config, err := mysqlConfig(u)
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		more := ""
		if config.TLS != nil {
			more = config.TLS.ServerName + " " + config.Loc.String()
		}
		if config.User != c.user || config.Passwd != c.password || config.Addr != c.addr || config.DBName != c.name || config.Net != "tcp" || more != c.more {
			t.Errorf("%s: %s %s %s %s %s %q", c.url, config.User, config.Passwd, config.Net, config.Addr, config.DBName, more)
		}
	}
}

// TestLookupsUseAnIndex asks each database how it finds a user by each login, in
// the words in which the library asks for one.
func TestLookupsUseAnIndex(t *testing.T) {
	onEach(t, func(t *testing.T, s *running) {
		db := open(t, s.url)
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		explain, condition := "EXPLAIN", "lower(%s) = '%s'"
		switch db.name {
		case sqlstore.SQLite:
			explain = "EXPLAIN QUERY PLAN"
		case sqlstore.PostgreSQL: // which would read so small a table from end to end
			if _, err := conn.ExecContext(t.Context(), "SET enable_seqscan = off"); err != nil {
				t.Fatal(err)
			}
		case sqlstore.MySQL:
			explain, condition = "EXPLAIN FORMAT=JSON", "%s = '%s'"
		}
		for column, value := range map[string]string{"login": "ada", "email": "ada@example.com", "phone": "15550000001"} {
			query := fmt.Sprintf("%s SELECT id FROM users WHERE brand = '' AND "+condition, explain, column, value)
			rows, err := conn.QueryContext(t.Context(), query)
			if err != nil {
				t.Fatal(err)
			}
			plan := strings.Join(lines(t, rows), "\n")
			both := map[sqlstore.Dialect]string{
				sqlstore.SQLite:     "users_" + column + " (brand=? AND <expr>=?)",
				sqlstore.PostgreSQL: "Index Cond: ((brand = ''::text) AND (lower(" + column + ") = '" + value + "'::text))",
				sqlstore.MySQL:      `"used_key_parts": ["brand", "` + column + `"]`,
			}[db.name]
			if !strings.Contains(plan, "users_"+column) || !strings.Contains(squeezed(plan), squeezed(both)) {
				t.Errorf("%s:\n%s", column, plan)
			}
		}
	})
}

// squeezed leaves the white space out.
func squeezed(s string) string { return strings.Join(strings.Fields(s), "") }
