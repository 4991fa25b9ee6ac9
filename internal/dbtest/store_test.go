package dbtest_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/lib/pq"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/sqlstore"
	"github.com/passwd-go/passwd/storetest"
)

// mapping is a table that hosts have.
type mapping struct {
	name  string
	users sqlstore.Users
	id    func(int) string
	lacks storetest.Lacks
}

func mappings() []mapping {
	with := func(edit func(*sqlstore.Users)) sqlstore.Users {
		u := usual
		edit(&u)
		return u
	}
	uuid := func(n int) string { return fmt.Sprintf("0190b5a4-0000-7000-8000-%012x", n) }
	return []mapping{
		{name: "usual", users: usual},
		{
			name:  "text ids",
			users: with(func(u *sqlstore.Users) { u.IDType = sqlstore.Text }),
			id:    func(n int) string { return "user-" + strconv.Itoa(n) + "'`\"?$1-ü" },
		},
		{name: "uuids", users: with(func(u *sqlstore.Users) { u.IDType = sqlstore.UUID }), id: uuid},
		{name: "binary uuids", users: with(func(u *sqlstore.Users) { u.IDType = sqlstore.BinaryUUID }), id: uuid},
		{
			name: "little",
			users: sqlstore.Users{
				Table: "people", ID: "id", IDType: sqlstore.BigInt, Email: "mail", Hash: "hash", Lookup: sqlstore.LookupLower,
				Where: []sqlstore.Condition{{Column: "deleted_at"}},
			},
			lacks: storetest.Lacks{
				Username: true, Mobile: true, Personal: true, Locale: true, Address: true,
				Active: true, Disabled: true, NoPassword: true, Tenants: true, SharedIDs: true,
			},
		},
		{
			name: "odd names",
			users: sqlstore.Users{
				Table: "select * from `users`; --", ID: "order", IDType: sqlstore.BigInt, Tenant: "group by?", TenantType: sqlstore.Text,
				Username: "$1", Email: `"e-mail"`, Mobile: "[mobile]", EmailConfirmed: "'yes'", MobileConfirmed: "{hash}",
				Hash: "pass word", Locale: "``", Active: "été", Disabled: "not", NoPassword: "in?", Personal: []string{"first_name", "last_name"},
				OddNames: true,
			},
		},
	}
}

// TestContract holds the store to its contract, on every database and over the
// tables that hosts have. The everyday run has SQLite over each of the tables, and the
// servers over the usual one; TestSettings has another one of each.
func TestContract(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			for _, m := range mappings() {
				t.Run(m.name, func(t *testing.T) {
					t.Parallel()
					if s == onPQ && m.name != "usual" || testrun.Race && (m.name != "usual" || s == onPQ || s == onMariaDB) {
						t.Skip("differs in SQL or in the driver alone")
					}
					if s != onSQLite && m.name != "usual" {
						testrun.NeedCI(t)
					}
					storetest.Run(t, s.newHost(t, s.open(t), m.users).fixture(m))
				})
			}
		})
	}
}

// fixture is one database, which is emptied between the cases.
func (h *host) fixture(m mapping) storetest.Fixture {
	h.t.Helper()
	if err := h.store.Verify(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	m.lacks.Unfolded = true // as the documentation of sqlstore asks of hosts
	var second passwd.Store
	return storetest.Fixture{
		Open: func() (passwd.Store, error) {
			h.empty()
			return h.store, nil
		},
		Reopen: func(passwd.Store) (passwd.Store, error) {
			if second == nil {
				second = h.on.store(h.t, h.db, h.users)
			}
			return second, nil
		},
		Remove: func(ctx context.Context, _ passwd.Store, refs ...passwd.Ref) error {
			return h.on.remove(ctx, h.db, h.users, refs...)
		},
		Seed: func(ctx context.Context, _ passwd.Store, accounts ...passwd.Account) error {
			return h.seed(ctx, h.db, accounts...)
		},
		ID: m.id, TextIDs: m.users.IDType == sqlstore.Text, Lacks: m.lacks, MaxJobs: 64, Rounds: testrun.Size(1, 1, 10),
	}
}

func (h *host) seed(ctx context.Context, db execer, accounts ...passwd.Account) error {
	for _, a := range accounts {
		if err := h.on.seed(ctx, db, h.users, a); err != nil {
			return err
		}
	}
	return nil
}

// TestSettings holds the store to its contract under settings that hosts have for
// reasons of their own.
func TestSettings(t *testing.T) {
	testrun.NotWithRace(t)
	for name, with := range settings() {
		t.Run(name, func(t *testing.T) {
			if !with.daily {
				testrun.NeedCI(t)
			}
			if with.pool < 64 { // a server has 100 connections, or not many more
				t.Parallel()
			}
			s, all := with.on, mappings()
			m := all[max(0, slices.IndexFunc(all, func(m mapping) bool { return m.name == with.table }))]
			h := s.newHost(t, s.open(t), m.users)
			if with.pool > 0 {
				h.db.SetMaxOpenConns(with.pool)
				h.db.SetMaxIdleConns(with.pool)
			}
			storetest.Run(t, h.fixture(m))
		})
	}
}

type driverSetting struct {
	on    *server
	pool  int    // 0 is the usual
	daily bool   // in the everyday run
	table string // "" is the usual one
}

func settings() map[string]driverSetting {
	mode := func(mode pgx.QueryExecMode) *server {
		s := *onPostgres
		s.open = func(t testing.TB) *sql.DB {
			config, err := pgx.ParseConfig(postgresDatabase(t))
			if err != nil {
				t.Fatal(err)
			}
			config.DefaultQueryExecMode = mode
			return pooled(t, stdlib.OpenDB(*config))
		}
		return &s
	}
	binary := *onPQ
	binary.open = func(t testing.TB) *sql.DB {
		connector, err := pq.NewConnector(postgresDatabase(t) + "&binary_parameters=yes")
		if err != nil {
			t.Fatal(err)
		}
		return pooled(t, sql.OpenDB(connector))
	}
	isolated := func(level string) *server {
		s := *onPostgres
		s.open = func(t testing.TB) *sql.DB {
			config, err := pgx.ParseConfig(postgresDatabase(t))
			if err != nil {
				t.Fatal(err)
			}
			config.RuntimeParams["default_transaction_isolation"] = level
			return pooled(t, stdlib.OpenDB(*config))
		}
		return &s
	}
	maria := func(edit func(*mysql.Config)) *server {
		s := *onMariaDB
		s.open = func(t testing.TB) *sql.DB {
			config := mariaDatabase(t)
			edit(config)
			connector, err := mysql.NewConnector(config)
			if err != nil {
				t.Fatal(err)
			}
			return pooled(t, sql.OpenDB(connector))
		}
		return &s
	}
	plain := *maria(func(c *mysql.Config) { c.InterpolateParams = true })
	plain.plain = true
	return map[string]driverSetting{
		"pgx exec":           {on: mode(pgx.QueryExecModeExec)},
		"pgx simple":         {daily: true, on: mode(pgx.QueryExecModeSimpleProtocol), table: "odd names"},
		"pgx cache describe": {on: mode(pgx.QueryExecModeCacheDescribe)},
		"pgx describe":       {on: mode(pgx.QueryExecModeDescribeExec)},
		"pgx serializable":   {on: isolated("serializable")},
		"pgx repeatable":     {on: isolated("repeatable read")},
		"pq binary":          {on: &binary},
		"mysql found rows, local time, interpolated": {daily: true, table: "binary uuids", on: maria(func(c *mysql.Config) {
			c.ClientFoundRows, c.ParseTime, c.InterpolateParams = true, true, true
			c.Loc = time.FixedZone("far east", 14*3600)
		})},
		"mysql found rows": {on: maria(func(c *mysql.Config) { c.ClientFoundRows = true })},
		"mysql local time": {on: maria(func(c *mysql.Config) { c.ParseTime, c.Loc = true, time.FixedZone("far west", -11*3600) })},
		"mysql lax and serializable": {on: maria(func(c *mysql.Config) {
			c.Params = map[string]string{"sql_mode": "''", "tx_isolation": "'SERIALIZABLE'"}
		})},
		"mysql snapshot isolation": {on: maria(func(c *mysql.Config) {
			c.Params = map[string]string{"innodb_snapshot_isolation": "ON"} // MariaDB's default from 11.6.2 on
		})},
		"mysql plain":       {on: &plain},
		"pgx, pool of 1":    {on: onPostgres, pool: 1},
		"pgx, pool of 4":    {on: onPostgres, pool: 4},
		"pgx, pool of 64":   {on: onPostgres, pool: 64},
		"mysql, pool of 1":  {on: onMariaDB, pool: 1},
		"mysql, pool of 4":  {on: onMariaDB, pool: 4},
		"mysql, pool of 64": {on: onMariaDB, pool: 64},
		"sqlite, pool of 1": {daily: true, on: onSQLite, pool: 1},
		"sqlite, pool of 4": {on: onSQLite, pool: 4},
	}
}

// TestOptionalColumns holds the store to its contract over tables that lack one of the
// columns that a table may lack, and over one that lacks them all.
func TestOptionalColumns(t *testing.T) {
	testrun.NotWithRace(t)
	for name, without := range map[string]func(*sqlstore.Users, *storetest.Lacks){
		"username":         func(u *sqlstore.Users, l *storetest.Lacks) { u.Username, l.Username = "", true },
		"email":            func(u *sqlstore.Users, l *storetest.Lacks) { u.Email, u.EmailConfirmed, l.Email = "", "", true },
		"mobile":           func(u *sqlstore.Users, l *storetest.Lacks) { u.Mobile, u.MobileConfirmed, l.Mobile = "", "", true },
		"email_confirmed":  func(u *sqlstore.Users, _ *storetest.Lacks) { u.EmailConfirmed = "" }, // every address counts
		"mobile_confirmed": func(u *sqlstore.Users, _ *storetest.Lacks) { u.MobileConfirmed = "" },
		"locale":           func(u *sqlstore.Users, l *storetest.Lacks) { u.Locale, l.Locale = "", true },
		"personal":         func(u *sqlstore.Users, l *storetest.Lacks) { u.Personal, l.Personal = nil, true },
		"active":           func(u *sqlstore.Users, l *storetest.Lacks) { u.Active, l.Active = "", true },
		"disabled":         func(u *sqlstore.Users, l *storetest.Lacks) { u.Disabled, l.Disabled = "", true },
		"no password":      func(u *sqlstore.Users, l *storetest.Lacks) { u.NoPassword, l.NoPassword = "", true },
		"tenant":           func(u *sqlstore.Users, l *storetest.Lacks) { u.Tenant, l.Tenants, l.SharedIDs = "", true, true },
		"all of them": func(u *sqlstore.Users, l *storetest.Lacks) {
			*u = sqlstore.Users{Table: "users", ID: "id", IDType: sqlstore.BigInt, Username: "username", Hash: "password_hash"}
			*l = storetest.Lacks{
				Email: true, Mobile: true, Personal: true, Locale: true, Address: true, Active: true, Disabled: true, NoPassword: true,
				Tenants: true, SharedIDs: true,
			}
		},
	} {
		for _, s := range []*server{onSQLite, onPostgres, onMariaDB} {
			t.Run(name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				if s != onSQLite && name != "all of them" {
					testrun.NeedLong(t)
				} else if s != onSQLite {
					testrun.NeedCI(t)
				}
				m := mapping{name: name, users: usual}
				without(&m.users, &m.lacks)
				storetest.Run(t, s.newHost(t, s.open(t), m.users).fixture(m))
			})
		}
	}
}
