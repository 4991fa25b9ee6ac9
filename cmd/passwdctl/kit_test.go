package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/passwd-go/passwd/sqlstore"
)

// ctl runs a command line, as main does.
func ctl(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetErr(&errs)
	code = run(t.Context(), root, args)
	return code, out.String(), errs.String()
}

// file writes one into a folder of the test's.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// lines are JSON lines.
func lines(t *testing.T, rows ...map[string]any) string {
	t.Helper()
	var b bytes.Buffer
	for _, r := range rows {
		if err := writeLine(&b, r); err != nil {
			t.Fatal(err)
		}
	}
	return file(t, "rows.jsonl", b.String())
}

func decode[T any](t *testing.T, s string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%v in %q", err, s)
	}
	return v
}

// host is a database with a table of users, and a file of --config for it.
type host struct {
	db      *sql.DB
	dialect sqlstore.Dialect
	dsn     string
	config  string
}

// hosts runs a test on each database.
func hosts(t *testing.T, idType string, f func(t *testing.T, h *host)) {
	for name, open := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "host.db") },
		"postgres": postgresDSN,
		"mariadb":  mariaDSN,
	} {
		t.Run(name, func(t *testing.T) { f(t, newHost(t, open(t), idType)) })
	}
}

func newHost(t *testing.T, dsn, idType string) *host {
	t.Helper()
	db, err := openDSN(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	h := &host{db: db, dialect: dialectOf(dsn), dsn: dsn}
	column := map[string]string{"bigint": "bigint", "text": "varchar(64)", "uuid": "uuid"}[idType]
	if idType == "uuid" && h.dialect != sqlstore.PostgreSQL {
		column = "char(36)"
	}
	h.exec(t, "CREATE TABLE users (id "+column+" PRIMARY KEY, username varchar(100), email varchar(200), hash varchar(255), deleted_at varchar(30))")
	h.config = h.configure(t, map[string]any{"id_type": idType, "where": []map[string]any{{"column": "deleted_at"}}}, nil)
	t.Setenv("PASSWDCTL_DSN", "")
	return h
}

// configure writes a file of --config.
func (h *host) configure(t *testing.T, users, more map[string]any) string {
	t.Helper()
	c := map[string]any{"dsn": h.dsn, "key": strings.Repeat("QUJD", 12), "base": "https://app.example.com/password"}
	u := map[string]any{"table": "users", "id": "id", "username": "username", "email": "email", "hash": "hash"}
	for k, v := range users {
		u[k] = v
	}
	for k, v := range more {
		c[k] = v
	}
	c["users"] = u
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return file(t, "passwdctl.json", string(b))
}

func (h *host) exec(t *testing.T, statement string) {
	t.Helper()
	if _, err := h.db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (h *host) hash(t *testing.T, id string) string {
	t.Helper()
	var stored sql.NullString
	if err := h.db.QueryRowContext(t.Context(), "SELECT hash FROM users WHERE id = '"+id+"'").Scan(&stored); err != nil {
		t.Fatal(err)
	}
	return stored.String
}

func (h *host) table(t *testing.T) *table {
	t.Helper()
	o := &options{config: h.config}
	opened, err := o.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opened.close)
	return opened.table
}

var databases atomic.Int64

func databaseName() string { return fmt.Sprintf("passwdctl_%d_%d", os.Getpid(), databases.Add(1)) }

func setting(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// unavailable skips a test, unless the server is required.
func unavailable(t *testing.T, name string, err error) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("PASSWD_TEST_REQUIRE"), ","), name) {
		t.Fatalf("%s: %v", name, err)
	}
	t.Skipf("%s: %v", name, err)
}

func postgresDSN(t *testing.T) string {
	admin := setting("PASSWD_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		unavailable(t, "postgres", err)
	}
	defer conn.Close(ctx)
	name := databaseName()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), admin)
		if err == nil {
			_, err = conn.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		}
		if err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func mariaDSN(t *testing.T) string {
	c, err := mysql.ParseDSN(setting("PASSWD_TEST_MARIADB", "root@tcp(127.0.0.1:3306)/"))
	if err != nil {
		t.Fatal(err)
	}
	c.DBName = ""
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	admin := sql.OpenDB(connector)
	name := databaseName()
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		admin.Close()
		unavailable(t, "mariadb", err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), "DROP DATABASE "+name); err != nil {
			t.Error(err)
		}
		admin.Close()
	})
	c.DBName = name
	return c.FormatDSN()
}
