package dbtest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/sqlstore"
)

// A wrong IDType is found before anything is made for it, so that the right one can be
// named without further ado.
func TestWrongIDType(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			db := s.open(t)
			mustExec(t, db, s.createUsers(usual))
			wrong := usual
			wrong.IDType = sqlstore.Text
			err := s.store(t, db, wrong).Migrate(t.Context())
			if err == nil || !strings.Contains(err.Error(), `sqlstore: Users.ID: column "id" is`) {
				t.Errorf("Migrate: %v", err)
			}
			store := s.store(t, db, usual)
			if err := errors.Join(store.Migrate(t.Context()), store.Verify(t.Context())); err != nil {
				t.Errorf("after it was put right: %v", err)
			}
		})
	}
}

// restricted opens the database as a role that may read and write all there is, and
// create nothing.
func (h *host) restricted() *sql.DB {
	h.t.Helper()
	if h.on == onSQLite {
		var file string
		if err := h.db.QueryRow("SELECT file FROM pragma_database_list").Scan(&file); err != nil {
			h.t.Fatal(err)
		}
		db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
		if err != nil {
			h.t.Fatal(err)
		}
		return pooled(h.t, db)
	}
	role := fmt.Sprintf("passwd_role_%d", databases.Add(1))
	if h.on == onMariaDB {
		name := column(h.t, h.db, "SELECT database()")[0]
		h.exec("CREATE USER '" + role + "'@'%'")
		h.t.Cleanup(func() { h.db.ExecContext(context.Background(), "DROP USER '"+role+"'@'%'") })
		h.exec("GRANT SELECT, INSERT, UPDATE, DELETE ON " + name + ".* TO '" + role + "'@'%'")
		config, err := mysql.ParseDSN(setting("PASSWD_TEST_MARIADB", "root@tcp(127.0.0.1:3306)/test"))
		if err != nil {
			h.t.Fatal(err)
		}
		config.User, config.Passwd, config.DBName = role, "", name
		connector, err := mysql.NewConnector(config)
		if err != nil {
			h.t.Fatal(err)
		}
		return pooled(h.t, sql.OpenDB(connector))
	}
	name := column(h.t, h.db, "SELECT current_database()")[0]
	role += "_" + name
	h.exec("CREATE ROLE " + role + " LOGIN PASSWORD 'role'")
	h.t.Cleanup(func() { h.db.ExecContext(context.Background(), "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	h.exec("GRANT USAGE ON SCHEMA public TO " + role) // and not CREATE
	h.exec("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO " + role)
	address, err := on(postgresAddress(), name)
	if err != nil {
		h.t.Fatal(err)
	}
	config, err := pgx.ParseConfig(address.String())
	if err != nil {
		h.t.Fatal(err)
	}
	config.User, config.Password = role, "role"
	return pooled(h.t, stdlib.OpenDB(*config))
}

// A role without the right to create tables migrates where there is nothing to do, and
// is told what it lacks where there is.
func TestMigrateWithoutCreate(t *testing.T) {
	for _, s := range []*server{onSQLite, onPostgres, onMariaDB} {
		t.Run(s.name, func(t *testing.T) {
			h := s.newHost(t, s.open(t), usual)
			store := s.store(t, h.restricted(), usual)
			if err := store.Migrate(t.Context()); err != nil {
				t.Errorf("with nothing to do: %v", err)
			}
			if s == onSQLite {
				return // prepares what a file to be read does not take
			}
			if err := store.Verify(t.Context()); err != nil {
				t.Errorf("Verify: %v", err)
			}
			other, err := sqlstore.New(h.restricted(), sqlstore.Config{Dialect: s.dialect, Users: usual, Prefix: "more_"})
			if err != nil {
				t.Fatal(err)
			}
			if err := other.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "denied") {
				t.Errorf("with something to do: %v", err)
			}
		})
	}
}

// The columns that hosts have for a state: what is set says yes, whatever its type.
func TestFlags(t *testing.T) {
	types := map[*server][]string{
		onSQLite:   {"DATETIME", "DATE", "TIMESTAMP", "INTEGER", ""},
		onPostgres: {"timestamptz", "timestamp", "date", "bigint"},
		onPQ:       {"timestamptz", "date", "bigint"},
		onMariaDB:  {"DATETIME(6)", "TIMESTAMP NULL", "DATE", "BIGINT UNSIGNED", "BIT(1)"},
	}
	for _, s := range servers {
		for _, declared := range types[s] {
			t.Run(s.name+"/"+declared, func(t *testing.T) {
				t.Parallel()
				db := s.open(t)
				mustExec(t, db, "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(99), hash "+s.long+", sure "+declared+", gone "+declared+")")
				set := []string{"'2024-02-29'", "'2037-01-01'"}
				switch {
				case strings.Contains(declared, "BIT"):
					set = []string{"b'1'"}
				case strings.Contains(strings.ToUpper(declared), "INT"), declared == "":
					set = []string{"1", "1709164800"}
				case strings.Contains(declared, "timestamp"), declared == "date":
					set = append(set, "'infinity'", "'0044-03-15 BC'")
				}
				store := s.store(t, db, sqlstore.Users{
					Table: "users", ID: "id", IDType: sqlstore.BigInt, Email: "email", EmailConfirmed: "sure", Hash: "hash", Disabled: "gone",
				})
				if err := errors.Join(store.Migrate(t.Context()), store.Verify(t.Context())); err != nil {
					t.Fatal(err)
				}
				for i, value := range append(set, "NULL") {
					mustExec(t, db, fmt.Sprintf("INSERT INTO users VALUES (%d, 'a@example.com', '', %s, %s)", i, value, value))
					a, err := store.Get(t.Context(), passwd.Ref{ID: fmt.Sprint(i)})
					if err != nil {
						t.Fatal(value, err)
					}
					if want := value != "NULL"; a.Disabled != want || (len(a.Address) == 1) != want {
						t.Errorf("%s: disabled %t, confirmed %t", value, a.Disabled, len(a.Address) == 1)
					}
				}
			})
		}
	}
}

// MySQL's zero date is none.
func TestZeroDate(t *testing.T) {
	db := onMariaDB.open(t)
	db.SetMaxOpenConns(1)
	mustExec(t, db, "SET sql_mode = ''")
	mustExec(t, db, "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(99), hash TEXT, gone DATETIME)")
	mustExec(t, db, "INSERT INTO users VALUES (1, 'a@example.com', '', '0000-00-00')")
	store := onMariaDB.store(t, db, sqlstore.Users{Table: "users", ID: "id", IDType: sqlstore.BigInt, Email: "email", Hash: "hash", Disabled: "gone"})
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a, err := store.Get(t.Context(), passwd.Ref{ID: "1"}); err != nil || a.Disabled {
		t.Errorf("disabled %t, %v", a.Disabled, err)
	}
}

// A hash that does not fit the column is refused, whatever the sql_mode: nothing is cut,
// and the error names the column, and no value.
func TestNarrowHash(t *testing.T) {
	for _, s := range servers {
		modes := []string{""}
		if s == onMariaDB {
			modes = []string{"", "SET sql_mode = ''", "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'", "SET sql_mode = 'STRICT_TRANS_TABLES'"}
		}
		for _, mode := range modes {
			t.Run(s.name+"/"+mode, func(t *testing.T) {
				db := s.open(t)
				h := s.newHost(t, db, usual)
				a := h.user("1")
				db.SetMaxOpenConns(1)
				if mode != "" {
					mustExec(t, db, mode)
				}
				switch s {
				case onSQLite:
					mustExec(t, db, "CREATE TRIGGER narrow BEFORE UPDATE ON users WHEN length(new.password_hash) > 12 BEGIN SELECT RAISE(ABORT, 'too long'); END")
				case onMariaDB:
					mustExec(t, db, "ALTER TABLE users MODIFY password_hash VARCHAR(12)")
				default:
					db.SetMaxIdleConns(0) // plans are kept with connections
					mustExec(t, db, "ALTER TABLE users ALTER COLUMN password_hash TYPE varchar(12)")
				}
				const long = "$test$too long for the column"
				want := map[*server]string{
					onSQLite:   "too long",
					onPostgres: `the database refused a value: SQLSTATE 22001, a hash for the column "password_hash"`,
					onPQ:       `the database refused a value: SQLSTATE 22001, a hash for the column "password_hash"`,
					onMariaDB:  `the database refused a value: error 1406 for the column "password_hash", a hash for the column "password_hash"`,
				}[s]
				_, applied := h.store.Apply(t.Context(), replacement(a, long))
				_, rehashed := h.store.Rehash(t.Context(), a.Ref, a.Hash, long)
				for _, err := range []error{applied, rehashed} {
					if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "$test$") {
						t.Errorf("error %v, want one that says %s", err, want)
					}
				}
				if now := h.get(a.Ref); now.Hash != a.Hash || now.Epoch != 0 {
					t.Errorf("the hash is %q at epoch %d", string(now.Hash), now.Epoch)
				}
				if _, err := h.store.Apply(t.Context(), replacement(a, "$test$short")); err != nil || h.get(a.Ref).Hash != "$test$short" {
					t.Errorf("one that fits: %v", err)
				}
			})
		}
	}
}

// What the host's own triggers say may repeat a value; the code tells enough.
func TestTriggerSaysAValue(t *testing.T) {
	for s, trigger := range map[*server]string{
		onPostgres: `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no: %', new.password_hash; END $$;
			CREATE TRIGGER refuse BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION refuse()`,
		onMariaDB: "CREATE TRIGGER refuse BEFORE UPDATE ON users FOR EACH ROW BEGIN SET @text = CONCAT('no: ', new.password_hash); SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = @text; END",
	} {
		t.Run(s.name, func(t *testing.T) {
			h := s.newHost(t, s.open(t), usual)
			a := h.user("1")
			h.exec(trigger)
			_, err := h.store.Apply(t.Context(), replacement(a, "$test$new"))
			want := map[*server]string{onPostgres: "SQLSTATE P0001", onMariaDB: "error 1644"}[s]
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "$test$") {
				t.Errorf("error %v, want one that says %s", err, want)
			}
		})
	}
}

// A users table is there before the library's are.
func TestMigrateBeforeUsers(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "host.db"))
	err := open(t, db, usual).Migrate(t.Context())
	if err == nil || err.Error() != `sqlstore: Users.Table: there is no table "users"` {
		t.Errorf("Migrate: %v", err)
	}
	if made := column(t, db, "SELECT name FROM sqlite_schema"); len(made) > 0 {
		t.Errorf("it has made %v", made)
	}
}

// Nobody has called Run: who asks for links is told nothing, and whoever runs the app is
// told so after a minute. A process that works elsewhere is enough.
func TestRunForgotten(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), usual)
			h.user("1")
			clock := t0
			var events []passwd.Event
			config := passwd.Config{
				Store: h.store, Keys: passwd.RandomKeys(), Links: passwd.Links{Base: "https://example.com/account/password"}, Hasher: passwdtest.Hasher{},
				Notify:   passwd.NotifierFunc(func(context.Context, passwd.Message) error { return nil }),
				Now:      func() time.Time { return clock },
				Observer: passwd.ObserverFunc(func(_ context.Context, e passwd.Event) { events = append(events, e) }),
			}
			service, err := passwd.New(config)
			if err != nil {
				t.Fatal(err)
			}
			config.Observer = nil
			other, err := passwd.New(config)
			if err != nil {
				t.Fatal(err)
			}
			request := func(after time.Duration, overdue bool) {
				t.Helper()
				clock, events = clock.Add(after), nil
				if err := service.RequestReset(t.Context(), passwd.RequestReset{Login: passwd.Login{Tenant: "north", Value: "user1"}}); err != nil {
					t.Fatal(err)
				}
				told := 0
				for _, e := range events {
					if e.Name == passwd.EventOverdue && errors.Is(e.Err, passwd.ErrNotRunning) {
						told++
					}
				}
				if told > 0 != overdue || service.Stats().Overdue != overdue {
					t.Errorf("after %v: told %d times, stats say %t, want %t", after, told, service.Stats().Overdue, overdue)
				}
			}
			request(0, false)
			clock = clock.Add(59 * time.Second)
			request(0, false) // not asked yet
			request(2*time.Second, true)
			if _, err := other.Work(t.Context()); err != nil {
				t.Fatal(err)
			}
			request(2*time.Minute, false)
			request(3*time.Minute, true)
			if _, err := service.Work(t.Context()); err != nil {
				t.Fatal(err)
			}
			request(4*time.Minute, false)
		})
	}
}
