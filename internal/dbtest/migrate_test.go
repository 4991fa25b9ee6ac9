package dbtest_test

import (
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/sqlstore"
)

// Processes that start together migrate together.
func TestServersMigrateAtOnce(t *testing.T) {
	for _, s := range remoteServers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			db := s.open(t)
			mustExec(t, db, s.createUsers(usual))
			var started sync.WaitGroup
			for range 6 {
				store := s.store(t, db, usual)
				started.Go(func() {
					for range 2 {
						if err := store.Migrate(t.Context()); err != nil {
							t.Error(err)
						}
						if err := store.Verify(t.Context()); err != nil {
							t.Error(err)
						}
					}
				})
			}
			started.Wait()
		})
	}
}

// TestMigrations runs the files as tools do: statement by statement, and perhaps
// twice. Migrate takes the result for its own.
func TestMigrations(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			if s == onPQ {
				t.Skip("differs in the driver alone")
			}
			for _, ids := range []sqlstore.IDType{sqlstore.BigInt, sqlstore.Text, sqlstore.UUID, sqlstore.BinaryUUID} {
				if raceDetector && ids != sqlstore.BigInt {
					continue // differs in SQL alone
				}
				u := usual
				u.IDType = ids
				db := s.open(t)
				mustExec(t, db, s.createUsers(u))
				config := sqlstore.Config{Dialect: s.dialect, Users: u, Prefix: "pw$"}
				files, err := sqlstore.Migrations(config)
				if err != nil {
					t.Fatal(err)
				}
				names, err := fs.Glob(files, "*.sql")
				if err != nil || len(names) == 0 {
					t.Fatal(names, err)
				}
				for i, name := range names {
					if !strings.HasPrefix(name, fmt.Sprintf("%04d_", i+1)) || !strings.HasSuffix(name, ".up.sql") {
						t.Errorf("file %d is called %s", i+1, name)
					}
					content, err := fs.ReadFile(files, name)
					if err != nil || !strings.HasPrefix(string(content), "-- +goose Up\n") {
						t.Errorf("%s begins with %.20q (%v)", name, content, err)
					}
					for range 2 {
						for statement := range strings.SplitSeq(string(content), ";\n") {
							if strings.TrimSpace(statement) != "" {
								mustExec(t, db, statement)
							}
						}
					}
				}
				store, err := sqlstore.New(db, config)
				if err != nil {
					t.Fatal(err)
				}
				if err := store.Verify(t.Context()); err != nil {
					t.Errorf("Verify: %v", err)
				}
				if err := store.Migrate(t.Context()); err != nil {
					t.Errorf("Migrate: %v", err)
				}
			}
		})
	}
	if _, err := sqlstore.Migrations(sqlstore.Config{Dialect: sqlstore.SQLite}); err == nil {
		t.Error("Migrations without a mapping succeeded")
	}
}

// What was made for other id types is found out.
func TestMigrationDrift(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			h := s.newHost(t, s.open(t), usual)
			other := usual
			other.IDType = sqlstore.UUID
			store := s.store(t, h.db, other)
			if err := store.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "other id types") {
				t.Errorf("Migrate: %v", err)
			}
			if err := store.Verify(t.Context()); err == nil || !strings.Contains(err.Error(), "other id types") {
				t.Errorf("Verify: %v", err)
			}
			mustExec(t, h.db, "ALTER TABLE passwd_token RENAME COLUMN spent_at TO used_at")
			if err := h.store.Verify(t.Context()); err == nil || !strings.Contains(err.Error(), "no column spent_at") {
				t.Errorf("Verify of an edited table: %v", err)
			}
			mustExec(t, h.db, "DROP TABLE passwd_history")
			if err := h.store.Verify(t.Context()); err == nil || !strings.Contains(err.Error(), `"passwd_history"`) {
				t.Errorf("Verify without a table: %v", err)
			}
		})
	}
}

func TestServersVerify(t *testing.T) {
	little := sqlstore.Users{Table: "users", ID: "id", IDType: sqlstore.BigInt, Email: "email", Hash: "hash"}
	type test struct {
		name, table string
		edit        func(*sqlstore.Users)
		want        []string // in the error; none: it passes
	}
	with := func(edit func(*sqlstore.Users)) func(*sqlstore.Users) { return edit }
	common := []test{
		{name: "all there", table: "CREATE TABLE users (id bigint, email varchar(100), hash varchar(255))"},
		{name: "no table", table: "CREATE TABLE others (id bigint)", want: []string{`no table "users"`}},
		{name: "a view", table: "CREATE VIEW users AS SELECT 1 AS id, 'a' AS email, 'h' AS hash", want: []string{`no table "users"`}},
		{
			name: "columns missing", table: "CREATE TABLE users (id bigint, emial varchar(100))",
			want: []string{`Users.Email: table "users" has no column "email"`, `Users.Hash: table "users" has no column "hash"`},
		},
		{
			name: "condition", table: "CREATE TABLE users (id bigint, email varchar(100), hash varchar(255))",
			edit: with(func(u *sqlstore.Users) { u.Where = []sqlstore.Condition{{Column: "gone"}} }),
			want: []string{`Users.Where[0].Column: table "users" has no column "gone"`},
		},
		{
			name: "narrow hash", table: "CREATE TABLE users (id bigint, email varchar(100), hash varchar(60))",
			want: []string{`Users.Hash: column "hash" takes 60 characters`},
		},
		{
			name: "id is text", table: "CREATE TABLE users (id varchar(20), email varchar(100), hash varchar(255))",
			want: []string{`Users.ID: column "id" is of type`},
		},
		{
			name: "id is a number", table: "CREATE TABLE users (id int, email varchar(100), hash varchar(255))",
			edit: with(func(u *sqlstore.Users) { u.IDType = sqlstore.Text }),
			want: []string{`Users.ID: column "id" is of type int`},
		},
		{
			name: "e-mail is a number", table: "CREATE TABLE users (id int, email int, hash varchar(255))",
			want: []string{`Users.Email: column "email" is of type int`},
		},
	}
	own := map[*server][]test{
		onPostgres: {
			{
				name: "Turkish letters", table: `CREATE TABLE users (id integer, email text COLLATE "tr-x-icu", hash text)`,
				want: []string{`Users.Email: column "email" has the collation`},
			},
			{name: "another collation", table: `CREATE TABLE users (id integer, email text COLLATE "de-x-icu", hash text)`},
			{
				name: "another schema", table: `CREATE SCHEMA app CREATE TABLE users (id integer, email text, hash text)`,
				edit: with(func(u *sqlstore.Users) { u.Schema = "app" }),
			},
		},
		onMariaDB: {
			{
				name: "case matters", table: `CREATE TABLE users (id integer, email varchar(100) COLLATE utf8mb4_bin, hash text)`,
				want: []string{`Users.Email: column "email" has the collation "utf8mb4_bin"`},
			},
			{
				name: "Turkish letters", table: `CREATE TABLE users (id integer, email varchar(100) COLLATE utf8mb4_turkish_ci, hash text)`,
				want: []string{`Users.Email: column "email" has the collation`},
			},
			{
				name: "case matters, and not", table: `CREATE TABLE users (id integer, email varchar(100) COLLATE utf8mb4_bin, hash text)`,
				edit: with(func(u *sqlstore.Users) { u.Lookup = sqlstore.LookupLower }),
			},
			{
				name: "no transactions", table: `CREATE TABLE users (id int, email varchar(100), hash text) ENGINE=MyISAM`,
				want: []string{`table "users" has no transactions`},
			},
			{name: "latin1", table: `CREATE TABLE users (id int unsigned, email varchar(100) CHARACTER SET latin1, hash text)`},
			{name: "uca1400", table: `CREATE TABLE users (id int unsigned, email varchar(100) COLLATE uca1400_ai_ci, hash text)`},
			{
				name: "native uuids", table: `CREATE TABLE users (id uuid, email varchar(100), hash text)`,
				edit: with(func(u *sqlstore.Users) { u.IDType = sqlstore.UUID }),
			},
		},
	}
	for _, s := range remoteServers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			db := s.open(t)
			for _, test := range append(common, own[s]...) {
				t.Run(test.name, func(t *testing.T) {
					mustExec(t, db, test.table)
					defer func() {
						kind := "TABLE"
						if strings.Contains(test.table, "VIEW") {
							kind = "VIEW"
						}
						for _, name := range []string{"users", "others"} {
							db.Exec("DROP " + kind + " IF EXISTS " + name)
						}
					}()
					u := little
					if test.edit != nil {
						test.edit(&u)
					}
					// The library's own tables are fine, as far as this is concerned.
					store, err := sqlstore.New(db, sqlstore.Config{Dialect: s.dialect, Users: u, Prefix: fmt.Sprintf("p%d_", u.IDType)})
					if err != nil {
						t.Fatal(err)
					}
					if err := store.Migrate(t.Context()); err != nil {
						t.Fatal(err)
					}
					err = store.Verify(t.Context())
					if (err == nil) != (len(test.want) == 0) {
						t.Fatalf("Verify: %v", err)
					}
					for _, want := range test.want {
						if !strings.Contains(err.Error(), want) {
							t.Errorf("the error does not say %s:\n%v", want, err)
						}
					}
				})
			}
		})
	}
}

// Accounts whose address a collation takes for the same, or that differ in the case
// of other letters, do not crowd out the one that was meant.
func TestLookalikes(t *testing.T) {
	declared := map[*server][]string{
		onSQLite:   {"TEXT", "TEXT COLLATE NOCASE"},
		onPostgres: {"text", `text COLLATE "C"`, `text COLLATE "de-x-icu"`, "citext"},
		onPQ:       {"text"},
		onMariaDB:  {"VARCHAR(100)", "VARCHAR(100) COLLATE utf8mb4_unicode_ci", "VARCHAR(100) COLLATE uca1400_ai_ci", "VARCHAR(100) COLLATE utf8mb4_bin"},
	}
	lookalikes := []string{"mıke.Ö@x.org", "míke.Ö@x.org", "Mike.ö@x.org", "ｍike.Ö@x.org", "mike.Ö@x.org ", "m\u200bike.Ö@x.org", "MİKE.Ö@x.org", "mike.O@x.org"}
	for _, s := range servers {
		for i, column := range declared[s] {
			if raceDetector && i > 0 {
				break // differs in SQL alone
			}
			t.Run(s.name+"/"+column, func(t *testing.T) {
				t.Parallel()
				db := s.open(t)
				if column == "citext" {
					mustExec(t, db, "CREATE EXTENSION citext")
				}
				u := sqlstore.Users{Table: "users", ID: "id", IDType: sqlstore.BigInt, Email: "email", Hash: "hash"}
				if strings.Contains(column, "_bin") {
					u.Lookup = sqlstore.LookupLower
				}
				if column == "citext" {
					u.Lookup = sqlstore.LookupColumn
				}
				mustExec(t, db, "CREATE TABLE users (id INTEGER PRIMARY KEY, email "+column+", hash "+s.long+")")
				insert := "INSERT INTO users VALUES (" + s.placeholders(3) + ")"
				for n := range 8 * len(lookalikes) {
					address := lookalikes[n%len(lookalikes)]
					if strings.HasSuffix(address, " ") { // which Fold would take off
						address = "\u00a0" + strings.TrimSpace(address) + "x"
					}
					mustExec(t, db, insert, n+1, address, "h")
				}
				mustExec(t, db, insert, 1000, "MiKE.Ö@X.org", "h")
				mustExec(t, db, insert, 1001, "mike.Ö@x.ORG", "h")
				store := s.store(t, db, u)
				if err := store.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := store.Verify(t.Context()); err != nil {
					t.Fatal(err)
				}
				found, err := store.Find(t.Context(), passwd.Login{Kind: passwd.Email, Value: passwd.Fold("mike.Ö@x.org")}, 2)
				if err != nil || len(found) != 2 || found[0].Ref.ID != "1000" || found[1].Ref.ID != "1001" {
					t.Errorf("found %d accounts (%v), want 1000 and 1001", len(found), err)
				}
			})
		}
	}
}
