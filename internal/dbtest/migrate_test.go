package dbtest_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
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

// TestMigrations runs the files as tools do: statement by statement, and those that
// create perhaps twice. Migrate takes the result for its own.
func TestMigrations(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			if s == onPQ {
				t.Skip("differs in the driver alone")
			}
			for _, ids := range []sqlstore.IDType{sqlstore.BigInt, sqlstore.Text, sqlstore.UUID, sqlstore.BinaryUUID} {
				if testrun.Race && ids != sqlstore.BigInt {
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
					times := 2
					if s == onSQLite && strings.Contains(string(content), "ADD COLUMN") {
						times = 1 // SQLite knows no IF NOT EXISTS there
					}
					for range times {
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
			} else if !strings.Contains(err.Error(), "with IDType BigInt and TenantType Text. Map the table with these; or, if nobody has used") {
				t.Errorf("Verify does not say what it was made with: %v", err)
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
		{
			name: "states as flags", table: "CREATE TABLE users (id int, email varchar(100), hash varchar(255), active varchar(9), gone json, sure float)",
			edit: with(func(u *sqlstore.Users) { u.Active, u.Disabled, u.EmailConfirmed = "active", "gone", "sure" }),
			want: []string{
				`Users.Active: column "active" is of type `, `Users.Disabled: column "gone" is of type `, `Users.EmailConfirmed: column "sure" is of type `,
				"it has to be a boolean, an integer, or a time, which says yes unless it is NULL; a status is for Users.Where",
			},
		},
		{
			name: "times as flags", table: "CREATE TABLE users (id int, email varchar(100), hash varchar(255), active timestamp NULL, gone date, sure boolean)",
			edit: with(func(u *sqlstore.Users) {
				u.Active, u.Disabled, u.EmailConfirmed, u.NoPassword, u.Columns = "active", "gone", "sure", "gone", []string{"active", "sure", "id"}
			}),
		},
		{
			name: "what is no text", table: "CREATE TABLE users (id int, email varchar(100), hash varchar(255), locale int, born date, height float, pin int)",
			edit: with(func(u *sqlstore.Users) { u.Locale, u.Personal = "locale", []string{"pin", "born", "height"} }),
			want: []string{`Users.Locale: column "locale" is of type int`, `Users.Personal[1]: column "born" is of type date`, `Users.Personal[2]: column "height"`},
		},
		{
			name: "values that a column cannot have", table: "CREATE TABLE users (id int, email varchar(100), hash varchar(255), state varchar(4), level int, gone timestamp NULL)",
			edit: with(func(u *sqlstore.Users) {
				u.Where = []sqlstore.Condition{
					{Column: "state", Values: []string{"here", "active"}}, {Column: "level", Values: []string{"1", "high"}}, {Column: "gone", Values: []string{"never"}},
				}
			}),
			want: []string{
				`Users.Where[0].Column: column "state" is of type `, `which has no value "active"`, `which has no value "high"`, `which has no value "never"`,
			},
		},
	}
	states := sqlstore.Condition{Column: "state", Values: []string{"active", "trail"}}
	own := map[*server][]test{
		onPostgres: {
			{
				name: "an enumeration", table: `CREATE TYPE user_state AS ENUM ('active', 'on trial', 'it''s over');
					CREATE TABLE users (id integer, email text, hash text, state user_state, locale user_state)`,
				edit: with(func(u *sqlstore.Users) { u.Where, u.Active, u.Locale = []sqlstore.Condition{states}, "state", "locale" }),
				want: []string{
					`Users.Where[0].Column: column "state" is of type user_state, which has no value "trail"; it has "active", "on trial", "it's over"`,
					`Users.Active: column "state" is of type user_state; it has to be a boolean`,
				},
			},
			{
				name: "booleans and uuids", table: `CREATE TABLE users (id integer, email text, hash text, state boolean, team uuid)`,
				edit: with(func(u *sqlstore.Users) {
					u.Where = []sqlstore.Condition{
						{Column: "state", Values: []string{"true", "yes", "perhaps"}}, {Column: "team", Values: []string{"0190b5a4-7d3c-7000-8000-0123456789ab", "blue"}},
					}
				}),
				want: []string{`column "state" is of type boolean, which has no value "perhaps"`, `column "team" is of type uuid, which has no value "blue"`},
			},
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
				name: "an enumeration", table: `CREATE TABLE users (id integer, email varchar(100), hash text, state ENUM('Active', 'it''s (over)'))`,
				edit: with(func(u *sqlstore.Users) { u.Where, u.Active = []sqlstore.Condition{states}, "state" }),
				want: []string{
					`which has no value "trail"; it has "Active", "it's (over)"`, `Users.Active: column "state" is of type enum(`,
				},
			},
			{name: "bits", table: "CREATE TABLE users (id int, email varchar(100), hash text, gone bit(1))", edit: with(func(u *sqlstore.Users) { u.Disabled = "gone" })},
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
			for i, test := range append(common, own[s]...) {
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
					store, err := sqlstore.New(db, sqlstore.Config{Dialect: s.dialect, Users: u, Prefix: fmt.Sprintf("p%d_", i)})
					if err != nil {
						t.Fatal(err)
					}
					checkMapping(t, store, test.want)
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
			if testrun.Race && i > 0 {
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

// TestUpgrade migrates what each earlier schema has stored: nothing of it is lost, and
// tokens that say nothing of who asked for them are good.
func TestUpgrade(t *testing.T) {
	for _, s := range servers {
		for before := 1; before <= 3; before++ {
			t.Run(fmt.Sprint(s.name, "/from ", before), func(t *testing.T) {
				t.Parallel()
				db := s.open(t)
				mustExec(t, db, s.createUsers(usual))
				files, err := sqlstore.Migrations(sqlstore.Config{Dialect: s.dialect, Users: usual})
				if err != nil {
					t.Fatal(err)
				}
				names, _ := fs.Glob(files, "*.sql")
				for _, name := range names[:before] {
					content, err := fs.ReadFile(files, name)
					if err != nil {
						t.Fatal(err)
					}
					for statement := range strings.SplitSeq(string(content), ";\n") {
						if strings.TrimSpace(statement) != "" {
							mustExec(t, db, statement)
						}
					}
				}
				h := &host{t: t, on: s, db: db, users: usual, store: s.store(t, db, usual)}
				a := passwd.Account{Ref: passwd.Ref{Tenant: "north", ID: "1"}, Username: "ada", Hash: "$test$old", Active: true}
				if err := s.seed(t.Context(), db, usual, a); err != nil {
					t.Fatal(err)
				}
				later, bytes := fmt.Sprint(t0.Add(time.Hour).UnixMicro()), func(c string) string {
					if s.dialect == sqlstore.SQLite { // where a text is no blob
						return fmt.Sprintf("x'%x'", strings.Repeat(c, 32))
					}
					return "'" + strings.Repeat(c, 32) + "'"
				}
				asked := fmt.Sprint(t0.UnixMicro())
				for _, insert := range []string{
					"account (tenant, user_id, epoch, stamp) VALUES ('" + a.Ref.Tenant + "', 1, 77, 1)",
					"token (digest, purpose, tenant, user_id, epoch, attempts, issued_at, expires_at) VALUES (" + bytes("d") + ", 'reset', '" + a.Ref.Tenant + "', 1, 77, 0, " + asked + ", " + later + ")",
					"token (digest, purpose, tenant, user_id, epoch, attempts, issued_at, expires_at) VALUES (" + bytes("e") + ", 'reset', '" + a.Ref.Tenant + "', 1, 77, 0, " + later + ", " + later + ")",
					"job (id, job_key, sealed, not_before, not_after, attempts) VALUES ('j', 'key', 'sealed', 1, 2, 0)",
					"job (id, job_key, sealed, not_before, not_after, attempts, leased_until) VALUES ('leased', '', 'sealed', 0, 2, 1, " + later + ")",
					"limit (limit_key, taken, level, windowed, until_at, last_at, expires_at) VALUES ('key', 3, 3, 1, " + later + ", " + asked + ", " + later + ")",
				} {
					mustExec(t, db, "INSERT INTO passwd_"+insert)
				}
				ctx := t.Context()
				for range 2 {
					if err := h.store.Migrate(ctx); err != nil {
						t.Fatal(err)
					}
				}
				if err := h.store.Verify(ctx); err != nil {
					t.Error(err)
				}
				if a = h.get(a.Ref); a.Epoch != 77 {
					t.Errorf("the epoch is %d", a.Epoch)
				}
				var ref passwd.TokenRef
				ref.Purpose = passwd.PurposeReset
				copy(ref.Digest[:], strings.Repeat("d", 32))
				rec, err := h.store.Peek(ctx, ref, t0)
				if err != nil || rec.Requester != (passwd.Digest{}) || rec.Account != a.Ref {
					t.Errorf("an old token: %+v, %v", rec, err)
				}
				// A new one of somebody's ends none of them.
				fresh := resetToken(a, 9)
				fresh.Epoch, fresh.Requester = 77, digest(4242)
				if err := h.store.Issue(ctx, fresh, 1, nil); err != nil {
					t.Error(err)
				}
				if rec, err = h.store.Peek(ctx, fresh.TokenRef, t0); err != nil || rec.Requester != fresh.Requester {
					t.Errorf("a new token: %+v, %v", rec, err)
				}
				if _, err = h.store.Peek(ctx, ref, t0); err != nil {
					t.Errorf("an old token, after a new one of somebody's: %v", err)
				}
				// Jobs of then are urgent to nobody; what was leased then is leased.
				if err := h.store.Put(ctx, passwd.Job{ID: "asked", Urgent: true, NotBefore: t0, NotAfter: t0}); err != nil {
					t.Error(err)
				}
				jobs, err := h.store.ClaimUrgent(ctx, 5, time.Minute, t0)
				if err != nil || len(jobs) != 1 || jobs[0].ID != "asked" {
					t.Errorf("urgent jobs %v, %v", jobs, err)
				}
				jobs, err = h.store.Claim(ctx, 5, time.Minute, t0)
				if err != nil || len(jobs) != 1 || jobs[0].ID != "j" || string(jobs[0].Sealed) != "sealed" || jobs[0].Urgent {
					t.Errorf("jobs %v, %v", jobs, err)
				}
				jobs, err = h.store.Claim(ctx, 5, time.Minute, t0.Add(time.Hour))
				if err != nil || len(jobs) != 3 || jobs[0].ID != "leased" {
					t.Errorf("jobs when their leases have ended %v, %v", jobs, err)
				}
				counts, err := h.store.Do(ctx, t0, passwd.Step{Key: "key", Do: passwd.StepPeek})
				if err != nil || counts[0].Count != 3 {
					t.Errorf("counts %v, %v", counts, err)
				}
			})
		}
	}
}

// I8: calls with many keys in any order, at once and over two processes' pools, count
// every take, keep each key's bound, and end.
func TestKeysAtOnce(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), usual)
			stores := []*sqlstore.Store{h.store, s.store(t, h.db, usual)}
			const crowd, rounds, keys = 12, 15, 6
			many := passwd.Limit{Free: 1 << 20, Window: time.Hour}
			var counted [keys]atomic.Int64
			var all sync.WaitGroup
			for i := range crowd {
				all.Go(func() {
					random := rand.New(rand.NewPCG(uint64(i), 7))
					for range rounds {
						var steps []passwd.Step
						for _, key := range random.Perm(keys)[:2+random.IntN(keys-2)] {
							steps = append(steps, passwd.Step{Key: fmt.Sprint("key", key), Limit: many})
						}
						do := passwd.StepTake
						if random.IntN(4) == 0 { // some come and go
							do = passwd.StepClear
						}
						steps = append(steps, passwd.Step{Key: fmt.Sprint("fleeting", random.IntN(3)), Do: do, Limit: many})
						answers, err := stores[i%2].Do(t.Context(), t0, steps...)
						if err != nil {
							t.Error(err)
							return
						}
						for j, step := range steps[:len(steps)-1] {
							if answers[j].Wait == 0 {
								n, _ := strconv.Atoi(step.Key[3:])
								counted[n].Add(1)
							}
						}
					}
				})
			}
			all.Wait()
			for i := range counted {
				a, err := h.store.Do(t.Context(), t0, passwd.Step{Key: fmt.Sprint("key", i), Do: passwd.StepPeek})
				if want := int(counted[i].Load()); err != nil || a[0].Count != want {
					t.Errorf("key %d: %v, %v, want %d", i, a, err, want)
				}
			}
		})
	}
}
