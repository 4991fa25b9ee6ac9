package dbtest_test

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/sqlstore"
	"github.com/passwd-go/passwd/storetest"
)

// TestContract holds the store to its contract over the tables that hosts have.
func TestContract(t *testing.T) {
	with := func(edit func(*sqlstore.Users)) sqlstore.Users {
		u := usual
		edit(&u)
		return u
	}
	uuid := func(n int) string { return fmt.Sprintf("0190b5a4-0000-7000-8000-%012x", n) }
	for _, test := range []struct {
		name  string
		users sqlstore.Users
		id    func(int) string
		lacks storetest.Lacks
	}{
		{name: "usual", users: usual},
		{
			name:  "text ids",
			users: with(func(u *sqlstore.Users) { u.IDType = sqlstore.Text }),
			id:    func(n int) string { return "user-" + strconv.Itoa(n) + "'`\"?$1-ü" },
		},
		{name: "uuids", users: with(func(u *sqlstore.Users) { u.IDType = sqlstore.UUID }), id: uuid},
		{name: "binary uuids", users: with(func(u *sqlstore.Users) { u.IDType = sqlstore.BinaryUUID }), id: uuid},
		{
			name:  "little",
			users: sqlstore.Users{Table: "people", ID: "id", IDType: sqlstore.BigInt, Email: "mail", Hash: "hash"},
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
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if raceDetector && test.name != "usual" {
				t.Skip("differs in SQL alone")
			}
			dbs := map[passwd.Store]*sql.DB{}
			rounds := 3
			if raceDetector {
				rounds = 1
			}
			empty := snapshot(t, func(db *sql.DB) {
				if err := newHostOn(t, db, test.users).store.Verify(t.Context()); err != nil {
					t.Fatal(err)
				}
			})
			storetest.Run(t, storetest.Fixture{
				Open: func() (passwd.Store, error) {
					db := openFile(t, restore(t, empty))
					store := open(t, db, test.users)
					dbs[store] = db
					return store, nil
				},
				Close: func(s passwd.Store) error { return dbs[s].Close() },
				Seed: func(ctx context.Context, s passwd.Store, accounts ...passwd.Account) error {
					for _, a := range accounts {
						if err := seed(ctx, dbs[s], test.users, a); err != nil {
							return err
						}
					}
					return nil
				},
				ID: test.id, Lacks: test.lacks, MaxJobs: 64, Rounds: rounds,
			})
		})
	}
}
