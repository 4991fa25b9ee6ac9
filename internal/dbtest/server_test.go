package dbtest_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/lib/pq"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/sqlstore"
)

// server is a database server, through a driver, as hosts use it.
type server struct {
	name    string
	dialect sqlstore.Dialect
	quote   string
	types   map[sqlstore.IDType]string
	text    string // of what is found or shown
	long    string // of hashes
	upsert  func(key string, names []string) string
	plain   bool // the store is, see sqlstore.Config
	// open makes an empty database, which goes with the test.
	open func(testing.TB) *sql.DB
}

func onConflict(key string, names []string) string {
	sets := make([]string, len(names))
	for i, name := range names {
		sets[i] = name + " = excluded." + name
	}
	return " ON CONFLICT (" + key + ") DO UPDATE SET " + strings.Join(sets, ", ")
}

func onDuplicateKey(_ string, names []string) string {
	sets := make([]string, len(names))
	for i, name := range names {
		sets[i] = name + " = VALUES(" + name + ")"
	}
	return " ON DUPLICATE KEY UPDATE " + strings.Join(sets, ", ")
}

var (
	onSQLite = &server{
		name: "sqlite", dialect: sqlstore.SQLite, quote: "`", text: "TEXT", long: "TEXT", upsert: onConflict,
		types: map[sqlstore.IDType]string{
			sqlstore.Text: "TEXT", sqlstore.BigInt: "INTEGER", sqlstore.UUID: "UUID", sqlstore.BinaryUUID: "BLOB",
		},
		open: func(t testing.TB) *sql.DB { return openFile(t, filepath.Join(t.TempDir(), "host.db")) },
	}
	onPostgres = &server{
		name: "pgx", dialect: sqlstore.PostgreSQL, quote: `"`, text: "text", long: "text", upsert: onConflict,
		types: postgresTypes,
		open: func(t testing.TB) *sql.DB {
			config, err := pgx.ParseConfig(postgresDatabase(t))
			if err != nil {
				t.Fatal(err)
			}
			return pooled(t, stdlib.OpenDB(*config))
		},
	}
	onPQ = &server{
		name: "pq", dialect: sqlstore.PostgreSQL, quote: `"`, text: "text", long: "text", upsert: onConflict,
		types: postgresTypes,
		open: func(t testing.TB) *sql.DB {
			connector, err := pq.NewConnector(postgresDatabase(t))
			if err != nil {
				t.Fatal(err)
			}
			return pooled(t, sql.OpenDB(connector))
		},
	}
	onMariaDB = &server{
		name: "mariadb", dialect: sqlstore.MySQL, quote: "`", text: "VARCHAR(255)", long: "TEXT", upsert: onDuplicateKey,
		types: map[sqlstore.IDType]string{
			sqlstore.Text: "VARCHAR(255)", sqlstore.BigInt: "BIGINT", sqlstore.UUID: "CHAR(36)", sqlstore.BinaryUUID: "BINARY(16)",
		},
		open: func(t testing.TB) *sql.DB {
			connector, err := mysql.NewConnector(mariaDatabase(t))
			if err != nil {
				t.Fatal(err)
			}
			return pooled(t, sql.OpenDB(connector))
		},
	}

	postgresTypes = map[sqlstore.IDType]string{
		sqlstore.Text: "text", sqlstore.BigInt: "bigint", sqlstore.UUID: "uuid", sqlstore.BinaryUUID: "bytea",
	}

	servers       = []*server{onSQLite, onPostgres, onPQ, onMariaDB}
	remoteServers = []*server{onPostgres, onMariaDB}
)

// pooled is a pool of a size that many programs have.
func pooled(t testing.TB, db *sql.DB) *sql.DB {
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	t.Cleanup(func() { db.Close() })
	return db
}

var databases atomic.Int64

func mariaDatabase(t testing.TB) *mysql.Config {
	t.Helper()
	config, err := mysql.ParseDSN(setting("PASSWD_TEST_MARIADB", "root@tcp(127.0.0.1:3306)/test"))
	if err != nil {
		t.Fatal(err)
	}
	config.Logger = &mysql.NopLogger{} // it would report what tests cut
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	admin := sql.OpenDB(connector)
	t.Cleanup(func() { admin.Close() })
	unavailable(t, "mariadb", admin.PingContext(t.Context()))
	name := fmt.Sprintf("passwd_test_%d_%d", os.Getpid(), databases.Add(1))
	mustExec(t, admin, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4") // the preset may be latin1
	t.Cleanup(func() { admin.ExecContext(context.Background(), "DROP DATABASE "+name) })
	config = config.Clone()
	config.DBName = name
	return config
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// unavailable skips a test whose server does not answer, unless it is required.
func unavailable(t testing.TB, name string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if slices.Contains(strings.Split(os.Getenv("PASSWD_TEST_REQUIRE"), ","), name) {
		t.Fatalf("%s is required: %v", name, err)
	}
	t.Skipf("needs %s: %v", name, err)
}

func mustExec(t testing.TB, db *sql.DB, statement string, args ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), testrun.Patience(t))
	defer cancel()
	if _, err := db.ExecContext(ctx, statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (s *server) quoted(name string) string {
	return s.quote + strings.ReplaceAll(name, s.quote, s.quote+s.quote) + s.quote
}

// createUsers makes the host's table for a mapping.
func (s *server) createUsers(u sqlstore.Users) string {
	key := s.quoted(u.ID)
	columns := []string{key + " " + s.types[u.IDType] + " NOT NULL"}
	add := func(name, declared string) {
		if name != "" {
			columns = append(columns, s.quoted(name)+" "+declared)
		}
	}
	if u.Tenant != "" {
		key += ", " + s.quoted(u.Tenant)
		add(u.Tenant, s.types[u.TenantType]+" NOT NULL")
	}
	for _, name := range append([]string{u.Username, u.Email, u.Mobile, u.Locale}, u.Personal...) {
		add(name, s.text)
	}
	add(u.Hash, s.long)
	for _, name := range []string{u.EmailConfirmed, u.MobileConfirmed, u.Active, u.Disabled, u.NoPassword} {
		add(name, "BOOLEAN")
	}
	for _, condition := range u.Where {
		add(condition.Column, s.text)
	}
	return fmt.Sprintf("CREATE TABLE %s (%s, PRIMARY KEY (%s))", s.quoted(u.Table), strings.Join(columns, ", "), key)
}

// remove deletes rows as the host would.
func (s *server) remove(ctx context.Context, db execer, u sqlstore.Users, refs ...passwd.Ref) error {
	for _, r := range refs {
		where, values := s.quoted(u.ID)+" = "+s.placeholders(1), []any{r.ID}
		if u.IDType == sqlstore.BinaryUUID {
			values[0] = unhex(r.ID)
		}
		if u.Tenant != "" {
			tenant := strings.TrimPrefix(s.placeholders(2), s.placeholders(1)+", ")
			where, values = where+" AND "+s.quoted(u.Tenant)+" = "+tenant, append(values, r.Tenant)
		}
		if _, err := db.ExecContext(ctx, "DELETE FROM "+s.quoted(u.Table)+" WHERE "+where, values...); err != nil {
			return err
		}
	}
	return nil
}

// seed writes an account as the host would, with an upsert of every mapped column.
func (s *server) seed(ctx context.Context, db execer, u sqlstore.Users, a passwd.Account) error {
	var names []string
	var values []any
	set := func(name string, value any) {
		if name != "" {
			names, values = append(names, s.quoted(name)), append(values, value)
		}
	}
	text := func(name, value string) {
		if value == "" {
			set(name, nil)
		} else {
			set(name, value)
		}
	}
	set(u.ID, a.Ref.ID)
	if u.IDType == sqlstore.BinaryUUID {
		values[0] = unhex(a.Ref.ID)
	}
	set(u.Tenant, a.Ref.Tenant)
	text(u.Username, a.Username)
	text(u.Email, a.Email)
	text(u.Mobile, a.Mobile)
	text(u.Hash, string(a.Hash))
	text(u.Locale, a.Locale)
	set(u.Active, a.Active)
	set(u.Disabled, a.Disabled)
	set(u.NoPassword, a.NoPassword)
	confirmed := func(channel passwd.Channel, value string) bool {
		return slices.Contains(a.Address, passwd.Address{Channel: channel, Value: value})
	}
	set(u.EmailConfirmed, confirmed(passwd.EmailChannel, a.Email))
	set(u.MobileConfirmed, confirmed(passwd.SMSChannel, a.Mobile))
	for i, name := range u.Personal {
		value := ""
		if i < len(a.Personal) {
			value = a.Personal[i].Value
		}
		text(name, value)
	}
	key := s.quoted(u.ID)
	if u.Tenant != "" {
		key += ", " + s.quoted(u.Tenant)
	}
	_, err := db.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)%s",
		s.quoted(u.Table), strings.Join(names, ", "), s.placeholders(len(names)), s.upsert(key, names)), values...)
	return err
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// placeholders is a list of n.
func (s *server) placeholders(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = "?"
		if s.dialect == sqlstore.PostgreSQL {
			list[i] = fmt.Sprint("$", i+1)
		}
	}
	return strings.Join(list, ", ")
}

// ownTables are those of the library.
var ownTables = []string{"passwd_account", "passwd_token", "passwd_history", "passwd_job", "passwd_limit", "passwd_session", "passwd_session_spent"}

// empty deletes every row, in far less time than a new database takes, and at once:
// MariaDB waits for the disk at each commit.
func (h *host) empty() {
	h.t.Helper()
	tx, err := h.db.BeginTx(h.t.Context(), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	defer tx.Rollback()
	for _, table := range append([]string{h.users.Table}, ownTables...) {
		if _, err := tx.ExecContext(h.t.Context(), "DELETE FROM "+h.on.quoted(table)); err != nil {
			h.t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		h.t.Fatal(err)
	}
}
