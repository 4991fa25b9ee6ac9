package dbtest_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/sqlstore"
	_ "modernc.org/sqlite"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// usual is a table of users with every column there may be.
var usual = sqlstore.Users{
	Table: "users", ID: "id", IDType: sqlstore.BigInt, Tenant: "tenant", TenantType: sqlstore.Text,
	Username: "username", Email: "email", Mobile: "mobile",
	EmailConfirmed: "email_confirmed", MobileConfirmed: "mobile_confirmed",
	Hash: "password_hash", Locale: "locale", Active: "active", Disabled: "disabled", NoPassword: "sso",
	Personal: []string{"first_name", "last_name"},
}

// quoted is a name in a statement of a host on SQLite.
func quoted(name string) string { return onSQLite.quoted(name) }

// createUsers makes the table of a host on SQLite.
func createUsers(u sqlstore.Users) string { return onSQLite.createUsers(u) }

// seed writes an account as a host on SQLite would.
func seed(ctx context.Context, db *sql.DB, u sqlstore.Users, a passwd.Account) error {
	return onSQLite.seed(ctx, db, u, a)
}

func unhex(uuid string) []byte {
	b := make([]byte, 16)
	fmt.Sscanf(strings.ReplaceAll(uuid, "-", ""), "%x", &b)
	return b
}

const pragmas = "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)"

// openFile opens a database with the pragmas that the documentation recommends,
// but for synchronous: no test loses power.
func openFile(t testing.TB, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+pragmas)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// snapshot returns the file of a database that fill has filled.
func snapshot(t testing.TB, fill func(*sql.DB)) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "snapshot.db")
	db := openFile(t, name)
	fill(db)
	if _, err := db.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// restore writes a snapshot to a new file and returns its name.
func restore(t testing.TB, file []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "host.db")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// host is a host's database, with its table and ours.
type host struct {
	t     testing.TB
	on    *server
	db    *sql.DB
	users sqlstore.Users
	store *sqlstore.Store
}

func newHost(t testing.TB, u sqlstore.Users) *host {
	t.Helper()
	return newHostOn(t, openFile(t, filepath.Join(t.TempDir(), "host.db")), u)
}

func newHostOn(t testing.TB, db *sql.DB, u sqlstore.Users) *host {
	t.Helper()
	return onSQLite.newHost(t, db, u)
}

func (s *server) newHost(t testing.TB, db *sql.DB, u sqlstore.Users) *host {
	t.Helper()
	h := &host{t: t, on: s, db: db, users: u}
	h.exec(s.createUsers(u))
	h.store = s.store(t, db, u)
	if err := h.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}

func open(t testing.TB, db *sql.DB, u sqlstore.Users) *sqlstore.Store {
	t.Helper()
	return onSQLite.store(t, db, u)
}

func (s *server) store(t testing.TB, db *sql.DB, u sqlstore.Users) *sqlstore.Store {
	t.Helper()
	store, err := sqlstore.New(db, sqlstore.Config{Dialect: s.dialect, Users: u, MaxJobs: 64, Plain: s.plain})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func (h *host) exec(statement string, args ...any) {
	h.t.Helper()
	if _, err := h.db.ExecContext(h.t.Context(), statement, args...); err != nil {
		h.t.Fatalf("%s: %v", statement, err)
	}
}

// user seeds the usual account with the id.
func (h *host) user(id string) passwd.Account {
	h.t.Helper()
	a := passwd.Account{
		Ref:      passwd.Ref{Tenant: "north", ID: id},
		Username: "user" + id, Email: "user" + id + "@example.com", Mobile: "+4915100000" + id,
		Hash: "$test$old" + passwd.Hash(id), Active: true,
	}
	if h.users.Tenant == "" {
		a.Ref.Tenant = ""
	}
	if err := h.on.seed(h.t.Context(), h.db, h.users, a); err != nil {
		h.t.Fatal(err)
	}
	return h.get(a.Ref)
}

func (h *host) get(r passwd.Ref) passwd.Account {
	h.t.Helper()
	a, err := h.store.Get(h.t.Context(), r)
	if err != nil {
		h.t.Fatalf("Get %v: %v", r, err)
	}
	return a
}

// dumper is the statement that lists the rows of all tables, without the columns
// that are random.
func dumper(t testing.TB, db *sql.DB, random ...string) string {
	t.Helper()
	var tables []string
	for _, table := range column(t, db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name") {
		row := "'" + strings.ReplaceAll(table, "'", "''") + "'"
		for _, name := range column(t, db, "SELECT name FROM pragma_table_info(?)", table) {
			if !slices.Contains(random, table+"."+name) {
				row += " || ' ' || quote(" + quoted(name) + ")"
			}
		}
		tables = append(tables, "SELECT "+row+" FROM "+quoted(table))
	}
	return strings.Join(tables, " UNION ALL ") + " ORDER BY 1"
}

func dump(t testing.TB, db *sql.DB, random ...string) string {
	t.Helper()
	return strings.Join(column(t, db, dumper(t, db, random...)), "\n")
}

func column(t testing.TB, db *sql.DB, statement string, args ...any) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	var values []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return values
}

func digest(n int) (d passwd.Digest) {
	d[0], d[1], d[31] = byte(n), byte(n>>8), 1
	return d
}

// resetToken is a record bound to the epoch of an account.
func resetToken(a passwd.Account, n int) passwd.TokenRecord {
	return passwd.TokenRecord{
		TokenRef: passwd.TokenRef{Purpose: passwd.PurposeReset, Digest: digest(n)},
		Account:  a.Ref, Epoch: a.Epoch, Address: digest(1000 + n),
		IssuedAt: t0, ExpiresAt: t0.Add(time.Hour),
	}
}

// replacement is the write of a reset: everything that one can do.
func replacement(a passwd.Account, hash passwd.Hash) passwd.Write {
	return passwd.Write{
		Account: a.Ref, IfHash: a.Hash, IfEpoch: a.Epoch, IfMust: a.Must, NewHash: hash, History: 3, VoidAll: true, Now: t0,
		Jobs: []passwd.Job{{ID: "notice-" + a.Ref.ID + string(hash), Sealed: []byte("sealed"), NotBefore: t0, NotAfter: t0.Add(time.Hour)}},
	}
}
