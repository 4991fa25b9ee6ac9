package dbtest_test

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/passwd-go/passwd"
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
				Active: true, Disabled: true, Tenants: true, SharedIDs: true,
			},
		},
		{
			name: "odd names",
			users: sqlstore.Users{
				Table: "select * from `users`; --", ID: "order", IDType: sqlstore.BigInt, Tenant: "group by?",
				Username: "$1", Email: `"e-mail"`, Mobile: "[mobile]", EmailConfirmed: "'yes'", MobileConfirmed: "{hash}",
				Hash: "pass word", Locale: "``", Active: "été", Disabled: "not", Personal: []string{"first_name", "last_name"},
				OddNames: true,
			},
		},
	}
}

// TestContract holds the store to its contract, on every database and over the
// tables that hosts have.
func TestContract(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			for _, m := range mappings() {
				t.Run(m.name, func(t *testing.T) {
					t.Parallel()
					if (raceDetector || s == onPQ) && m.name != "usual" {
						t.Skip("differs in SQL alone")
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
	rounds := 1
	if long() {
		rounds = 10
	}
	return storetest.Fixture{
		Open: func() (passwd.Store, error) {
			h.empty()
			return h.store, nil
		},
		Seed: func(ctx context.Context, _ passwd.Store, accounts ...passwd.Account) error {
			return h.seed(ctx, h.db, accounts...)
		},
		ID: m.id, Lacks: m.lacks, MaxJobs: 64, Rounds: rounds,
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
	if raceDetector {
		t.Skip("differs in SQL alone")
	}
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
	for name, s := range map[string]*server{
		"pgx exec":   mode(pgx.QueryExecModeExec),
		"pgx simple": mode(pgx.QueryExecModeSimpleProtocol),
		"mysql found rows, local time, interpolated": maria(func(c *mysql.Config) {
			c.ClientFoundRows, c.ParseTime, c.InterpolateParams = true, true, true
			c.Loc = time.FixedZone("far east", 14*3600)
		}),
		"mysql lax and serializable": maria(func(c *mysql.Config) {
			c.Params = map[string]string{"sql_mode": "''", "tx_isolation": "'SERIALIZABLE'"}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := mappings()[0]
			storetest.Run(t, s.newHost(t, s.open(t), m.users).fixture(m))
		})
	}
}
