package model_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/explore/model"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/sqlstore"
)

// host is the application whose users they are.
type host interface {
	open(t testing.TB) (backend, passwd.Limiter, bool) // empty; whether the limiter forgets
	save(a *model.Account, h passwd.Hash)
	remove(r passwd.Ref)
}

func confirmed(a *model.Account) (own []passwd.Address) {
	if a.Email != "" && a.EmailConfirmed {
		own = append(own, passwd.Address{Channel: passwd.EmailChannel, Value: a.Email})
	}
	if a.Mobile != "" && a.MobileConfirmed {
		own = append(own, passwd.Address{Channel: passwd.SMSChannel, Value: a.Mobile})
	}
	return own
}

// inMemory is a host whose table is the memstore.
type inMemory struct {
	store *memstore.Store
	apart bool // the queue is another
}

func (h *inMemory) open(testing.TB) (backend, passwd.Limiter, bool) {
	h.store = &memstore.Store{MaxJobs: maxJobs}
	return h.store, passwd.NewMemoryLimiter(0), false
}

func (h *inMemory) save(a *model.Account, hash passwd.Hash) {
	edit := func(stored *passwd.Account) {
		stored.Ref, stored.Username, stored.Email, stored.Mobile = a.Ref, a.Username, a.Email, a.Mobile
		stored.Address, stored.Active, stored.Disabled, stored.Hash = confirmed(a), a.Active, a.Disabled, hash
	}
	if h.store.Update(a.Ref, edit) != nil {
		var row passwd.Account
		edit(&row)
		h.store.Set(row)
	}
}

func (h *inMemory) remove(r passwd.Ref) { h.store.Delete(r) }

// inSQLite is a host with a table of users in a file of SQLite, the same for all
// histories.
type inSQLite struct {
	db    *sql.DB
	store *sqlstore.Store
}

const createUsers = `CREATE TABLE users (tenant TEXT NOT NULL, id INTEGER NOT NULL, username TEXT, email TEXT, mobile TEXT,
	email_confirmed BOOLEAN, mobile_confirmed BOOLEAN, hash TEXT, active BOOLEAN, disabled BOOLEAN, PRIMARY KEY (tenant, id))`

func newSQLite(t testing.TB) *inSQLite {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "host.db")+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	store, err := sqlstore.New(db, sqlstore.Config{Dialect: sqlstore.SQLite, MaxJobs: maxJobs, Users: sqlstore.Users{
		Table: "users", ID: "id", IDType: sqlstore.BigInt, Tenant: "tenant", TenantType: sqlstore.Text, Username: "username", Email: "email", Mobile: "mobile",
		EmailConfirmed: "email_confirmed", MobileConfirmed: "mobile_confirmed", Hash: "hash", Active: "active", Disabled: "disabled",
	}})
	h := &inSQLite{db: db, store: store}
	h.exec(createUsers)
	if err := errors.Join(err, store.Migrate(ctx), store.Verify(ctx)); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *inSQLite) exec(statement string, args ...any) {
	if _, err := h.db.Exec(statement, args...); err != nil {
		panic(err)
	}
}

func (h *inSQLite) open(t testing.TB) (backend, passwd.Limiter, bool) {
	rows, err := h.db.Query(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%schema'`)
	if err != nil {
		panic(err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			panic(err)
		}
		tables = append(tables, name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		panic(err)
	}
	for _, name := range tables {
		h.exec(`DELETE FROM "` + name + `"`)
	}
	return h.store, h.store, true
}

func (h *inSQLite) save(a *model.Account, hash passwd.Hash) {
	null := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	h.exec(`INSERT OR REPLACE INTO users VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, a.Ref.Tenant, a.Ref.ID,
		null(a.Username), null(a.Email), null(a.Mobile), a.EmailConfirmed, a.MobileConfirmed, null(string(hash)), a.Active, a.Disabled)
}

func (h *inSQLite) remove(r passwd.Ref) {
	h.exec(`DELETE FROM users WHERE tenant = $1 AND id = $2`, r.Tenant, r.ID)
}
