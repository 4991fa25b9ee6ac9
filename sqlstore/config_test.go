package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/sqlstore"
)

var users = sqlstore.Users{Table: "users", ID: "id", IDType: sqlstore.BigInt, Email: "email", Hash: "password_hash"}

// untouchable is a database that must not be asked anything.
type untouchable struct{ t *testing.T }

func (u untouchable) Connect(context.Context) (driver.Conn, error) {
	u.t.Error("the database was asked")
	return nil, errors.New("must not be asked")
}
func (u untouchable) Driver() driver.Driver { return nil }

func TestNew(t *testing.T) {
	db := sql.OpenDB(untouchable{t})
	type test struct {
		name string
		edit func(*sqlstore.Config)
		want string // in the error; "": it is accepted
	}
	tests := []test{
		{"least", func(*sqlstore.Config) {}, ""},
		{"no dialect", func(c *sqlstore.Config) { c.Dialect = "" }, "Config.Dialect: required"},
		{"unknown dialect", func(c *sqlstore.Config) { c.Dialect = "mariadb" }, `Config.Dialect: "mariadb" is not known, want "sqlite", "postgres" or "mysql" (also for MariaDB)`},
		{"no table", func(c *sqlstore.Config) { c.Users.Table = "" }, "Config.Users.Table: required"},
		{"no id", func(c *sqlstore.Config) { c.Users.ID = "" }, "Config.Users.ID: required"},
		{"no hash", func(c *sqlstore.Config) { c.Users.Hash = "" }, "Config.Users.Hash: required"},
		{"no login", func(c *sqlstore.Config) { c.Users.Email = "" }, "map one of"},
		{"confirmation of nothing", func(c *sqlstore.Config) { c.Users.MobileConfirmed = "sure" }, "MobileConfirmed"},
		{"id type forgotten", func(c *sqlstore.Config) { c.Users.IDType = 0 },
			`sqlstore: Config.Users.IDType: required: Text, BigInt, UUID or BinaryUUID, whichever the column "id" is`},
		{"tenant type forgotten", func(c *sqlstore.Config) { c.Users.Tenant = "team" },
			`sqlstore: Config.Users.TenantType: required: Text, BigInt, UUID or BinaryUUID, whichever the column "team" is`},
		{"id type", func(c *sqlstore.Config) { c.Users.IDType = 9 }, "Users.IDType"},
		{"tenant type", func(c *sqlstore.Config) { c.Users.TenantType = sqlstore.BigInt }, "Users.TenantType"},
		{"nameless attribute", func(c *sqlstore.Config) { c.Users.Personal = []string{"a", ""} }, "Users.Personal[1]"},
		{"nameless column", func(c *sqlstore.Config) { c.Users.Columns = []string{"a", ""} }, "Users.Columns[1]"},
		{"column", func(c *sqlstore.Config) { c.Users.Columns = []string{"a b"} }, "Users.Columns[0]"},
		{"bound", func(c *sqlstore.Config) { c.MaxJobs = -1 }, "Config.MaxJobs"},
		{"prefix", func(c *sqlstore.Config) { c.Prefix = "p; DROP" }, "Config.Prefix"},
		{"reserved word", func(c *sqlstore.Config) { c.Users.Table, c.Users.Email = "select", "order" }, ""},
		{"semicolon", func(c *sqlstore.Config) { c.Users.Table = "users; DROP TABLE users" }, "Config.Users.Table"},
		{"quote", func(c *sqlstore.Config) { c.Users.Hash = "hash` = ''; --" }, "Config.Users.Hash"},
		{"space", func(c *sqlstore.Config) { c.Users.Email = "e mail" }, "Config.Users.Email"},
		{"dot", func(c *sqlstore.Config) { c.Users.Table = "main.users" }, "Config.Users.Table"},
		{"placeholder", func(c *sqlstore.Config) { c.Users.ID = "?" }, "Config.Users.ID"},
		{"newline", func(c *sqlstore.Config) { c.Users.Table = "users\n" }, "Config.Users.Table"},
		{"digit first", func(c *sqlstore.Config) { c.Users.Table = "1users" }, "Config.Users.Table"},
		{"not ASCII", func(c *sqlstore.Config) { c.Users.Table = "ſelect" }, "Config.Users.Table"},
		{"too long", func(c *sqlstore.Config) { c.Users.Table = strings.Repeat("u", 64) }, "Config.Users.Table"},
		{"schema", func(c *sqlstore.Config) { c.Users.Schema = "app" }, ""},
		{"schema and table in one", func(c *sqlstore.Config) { c.Users.Schema = "app.users" }, "Config.Users.Schema"},
		{"condition", func(c *sqlstore.Config) {
			c.Users.Where = []sqlstore.Condition{{Column: "gone"}, {Column: "state", Values: []string{"active", "on-trial 2"}}}
		}, ""},
		{"condition without a column", func(c *sqlstore.Config) { c.Users.Where = []sqlstore.Condition{{}} }, "Config.Users.Where[0].Column"},
		{"condition with a quote", func(c *sqlstore.Config) {
			c.Users.Where = []sqlstore.Condition{{Column: "state", Values: []string{"active", "x' OR '1'='1"}}}
		}, "Config.Users.Where[0].Values"},
		{"condition with a backslash", func(c *sqlstore.Config) {
			c.Users.Where = []sqlstore.Condition{{Column: "state", Values: []string{`\`}}}
		}, "Config.Users.Where[0].Values"},
		{"lookup", func(c *sqlstore.Config) { c.Users.Lookup = 3 }, "Config.Users.Lookup"},
		{"odd", func(c *sqlstore.Config) { c.Users.OddNames, c.Users.Table = true, "`; DROP" }, ""},
		{"odd with NUL", func(c *sqlstore.Config) { c.Users.OddNames, c.Users.Table = true, "users\x00" }, "Config.Users.Table"},
		{"odd and broken", func(c *sqlstore.Config) { c.Users.OddNames, c.Users.Table = true, "\xff" }, "Config.Users.Table"},
	}
	for _, dialect := range []sqlstore.Dialect{sqlstore.SQLite, sqlstore.PostgreSQL, sqlstore.MySQL} {
		for _, test := range tests {
			t.Run(string(dialect)+"/"+test.name, func(t *testing.T) {
				c := sqlstore.Config{Dialect: dialect, Users: users}
				test.edit(&c)
				store, err := sqlstore.New(db, c)
				if (err == nil) != (test.want == "") || (store == nil) != (err != nil) {
					t.Fatalf("New: %v", err)
				}
				if err != nil && !strings.Contains(err.Error(), test.want) {
					t.Errorf("the error does not say %q: %v", test.want, err)
				}
				if _, also := sqlstore.Migrations(c); (also == nil) != (err == nil) {
					t.Errorf("New: %v; Migrations: %v", err, also)
				}
			})
		}
	}
	want := "sqlstore: Config.Dialect: required: \"sqlite\", \"postgres\" or \"mysql\" (also for MariaDB)\nsqlstore: Config.Users.Table: required\nsqlstore: Config.Users.ID: required\n"
	if _, err := sqlstore.New(db, sqlstore.Config{}); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "Prefix") {
		t.Errorf("nothing is filled in: %v", err)
	}
	if _, err := sqlstore.New(nil, sqlstore.Config{Dialect: sqlstore.SQLite, Users: users}); err == nil {
		t.Error("New without a database succeeded")
	}
}

// What cannot be an id is answered without a query, as a database would guess.
func TestIDs(t *testing.T) {
	const uuid = "0190b5a4-7d3c-7000-8000-0123456789ab"
	for _, test := range []struct {
		ids sqlstore.IDType
		bad []string
	}{
		{sqlstore.BigInt, []string{"", "2abc", " 2", "2 ", "2.0", "2e0", "+2", "02", "-0", "0x2", "2_0", "9223372036854775808", "٢", "2\x00"}},
		{sqlstore.Text, []string{"", "a\x00", "\xff", strings.Repeat("a", 256)}},
		{sqlstore.UUID, []string{"", "2", uuid + " ", "{" + uuid + "}", strings.ReplaceAll(uuid, "-", ""), uuid[:35] + "g", "urn:uuid:" + uuid}},
		{sqlstore.BinaryUUID, []string{"", "0123456789abcdef", uuid[:35], uuid[:8] + "_" + uuid[9:]}},
	} {
		mapped := users
		mapped.IDType = test.ids
		store, err := sqlstore.New(sql.OpenDB(untouchable{t}), sqlstore.Config{Dialect: sqlstore.SQLite, Users: mapped})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range test.bad {
			refused(t, store, passwd.Ref{ID: id})
		}
	}
}

// Where no tenant is mapped only the tenant "" exists.
func TestUnmappedTenant(t *testing.T) {
	store, err := sqlstore.New(sql.OpenDB(untouchable{t}), sqlstore.Config{Dialect: sqlstore.SQLite, Users: users})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, store, passwd.Ref{Tenant: "north", ID: "1"})
	found, err := store.Find(t.Context(), passwd.Login{Tenant: "north", Kind: passwd.Email, Value: "a@example.com"}, 9)
	if len(found) != 0 || err != nil {
		t.Errorf("Find: %d accounts, %v", len(found), err)
	}
}

func refused(t *testing.T, store *sqlstore.Store, r passwd.Ref) {
	t.Helper()
	if _, err := store.Get(t.Context(), r); err != passwd.ErrNotFound {
		t.Errorf("Get of %q: %v", r.ID, err)
	}
	if _, err := store.Apply(t.Context(), passwd.Write{Account: r}); err != passwd.ErrNotFound {
		t.Errorf("Apply to %q: %v", r.ID, err)
	}
	if _, err := store.Rehash(t.Context(), r, "", "x"); err != passwd.ErrNotFound {
		t.Errorf("Rehash of %q: %v", r.ID, err)
	}
	if _, err := store.History(t.Context(), r, 1); err != passwd.ErrNotFound {
		t.Errorf("History of %q: %v", r.ID, err)
	}
	if err := store.Issue(t.Context(), passwd.TokenRecord{Account: r}, 0, nil); err != passwd.ErrNotFound {
		t.Errorf("Issue to %q: %v", r.ID, err)
	}
	if err := store.Forget(t.Context(), r); err != nil {
		t.Errorf("Forget of %q: %v", r.ID, err)
	}
}

// FuzzIDs looks for an id that reaches the database without being in the one form
// that its type has.
func FuzzIDs(f *testing.F) {
	for _, seed := range []string{"1", "-1", "+1", "01", "9223372036854775808", "a", "", "0190b5a4-7d3c-7000-8000-0123456789AB"} {
		f.Add(seed)
	}
	forms := map[sqlstore.IDType]*regexp.Regexp{
		sqlstore.Text:       regexp.MustCompile(`^(?s:[^\x00]{1,255})$`),
		sqlstore.BigInt:     regexp.MustCompile(`^(0|-?[1-9][0-9]{0,18})$`),
		sqlstore.UUID:       regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`),
		sqlstore.BinaryUUID: regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`),
	}
	f.Fuzz(func(t *testing.T, id string) {
		for ids, form := range forms {
			mapped := users
			mapped.IDType = ids
			store, err := sqlstore.New(sql.OpenDB(down{}), sqlstore.Config{Dialect: sqlstore.SQLite, Users: mapped})
			if err != nil {
				t.Fatal(err)
			}
			_, err = store.Get(t.Context(), passwd.Ref{ID: id})
			switch {
			case errors.Is(err, errDown):
				if !form.MatchString(id) {
					t.Errorf("type %d: the database was asked for %q", ids, id)
				}
			case err != passwd.ErrNotFound:
				t.Errorf("type %d: %q is %v", ids, id, err)
			}
		}
	})
}

var errDown = errors.New("down")

type down struct{}

func (down) Connect(context.Context) (driver.Conn, error) { return nil, errDown }
func (down) Driver() driver.Driver                        { return nil }
