package dbtest_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/sqlstore"
)

func TestMigrateTwice(t *testing.T) {
	h := newHost(t, usual)
	a := h.user("1")
	if _, err := h.store.Apply(t.Context(), replacement(a, "$test$new")); err != nil {
		t.Fatal(err)
	}
	before := dump(t, h.db)
	for range 2 {
		if err := open(t, h.db, usual).Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if after := dump(t, h.db); after != before {
		t.Errorf("a second Migrate changed something:\n%s\nwas\n%s", after, before)
	}
	if err := h.store.Verify(t.Context()); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

// Replicas start together.
func TestMigrateAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "host.db")
	first := openFile(t, file)
	if _, err := first.Exec(createUsers(usual)); err != nil {
		t.Fatal(err)
	}
	var started sync.WaitGroup
	for range 6 {
		store := open(t, openFile(t, file), usual)
		started.Go(func() {
			if err := store.Migrate(t.Context()); err != nil {
				t.Error(err)
			}
			if err := store.Verify(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	started.Wait()
}

func TestTwoStoresInOneDatabase(t *testing.T) {
	h := newHost(t, usual)
	staff := usual
	staff.Table = "staff"
	h.exec(createUsers(staff))
	store, err := sqlstore.New(h.db, sqlstore.Config{Dialect: sqlstore.SQLite, Users: staff, Prefix: "staff_passwd_"})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	customer := h.user("1")
	if err := seed(t.Context(), h.db, staff, customer); err != nil {
		t.Fatal(err)
	}
	if _, err := h.store.Apply(t.Context(), replacement(customer, "$test$new")); err != nil {
		t.Fatal(err)
	}
	colleague, err := store.Get(t.Context(), customer.Ref)
	if err != nil || colleague.Epoch != 0 || colleague.Hash != customer.Hash {
		t.Errorf("the other store's account has epoch %d and hash %q (%v)", colleague.Epoch, string(colleague.Hash), err)
	}
}

func TestVerify(t *testing.T) {
	for _, test := range []struct {
		name  string
		table string
		edit  func(*sqlstore.Users)
		want  []string // in the error; none: it passes
	}{
		{name: "all there", table: createUsers(usual)},
		{name: "case of names", table: strings.ToUpper(createUsers(usual))},
		{
			name: "no table", table: "CREATE TABLE others (id INTEGER)",
			want: []string{`Users.Table: there is no table "users"`},
		},
		{
			name:  "columns missing",
			table: "CREATE TABLE users (id INTEGER PRIMARY KEY, tenant TEXT, username TEXT, emial TEXT, pasword_hash TEXT, active BOOLEAN)",
			want: []string{`Users.Email: table "users" has no column "email"`, `"password_hash"`, `"mobile"`,
				`"locale"`, `"disabled"`, `"first_name"`, `"last_name"`, `"email_confirmed"`},
		},
		{
			name: "id is text", table: strings.Replace(createUsers(usual), "`id` INTEGER", "`id` TEXT", 1),
			want: []string{`Users.ID: column "id" is declared TEXT`},
		},
		{
			name: "id is a number", table: createUsers(usual),
			edit: func(u *sqlstore.Users) { u.IDType = sqlstore.Text },
			want: []string{`Users.ID: column "id" is declared INTEGER`},
		},
		{
			name: "mobile is a number", table: strings.Replace(createUsers(usual), "`mobile` TEXT", "`mobile` INTEGER", 1),
			want: []string{`Users.Mobile: column "mobile" is declared INTEGER`},
		},
		{
			name: "hash is a blob", table: strings.Replace(createUsers(usual), "`password_hash` TEXT", "`password_hash` BLOB", 1),
			want: []string{`Users.Hash: column "password_hash" is declared BLOB`},
		},
		{
			name: "disabled is text", table: strings.Replace(createUsers(usual), "`disabled` BOOLEAN", "`disabled` TEXT", 1),
			want: []string{`Users.Disabled: column "disabled" is of type TEXT; it has to be a boolean, an integer, or a time`},
		},
		{name: "disabled is a time", table: strings.Replace(createUsers(usual), "`disabled` BOOLEAN", "`disabled` DATETIME", 1)},
		{
			name: "locale is a number", table: strings.Replace(createUsers(usual), "`locale` TEXT", "`locale` INTEGER", 1),
			want: []string{`Users.Locale: column "locale" is of type INTEGER; it has to be a text`},
		},
		{
			name: "personal is a time", table: strings.Replace(createUsers(usual), "`last_name` TEXT", "`last_name` DATE", 1),
			want: []string{`Users.Personal[1]: column "last_name" is of type DATE; what a password must not resemble has to be a text`},
		},
		{
			name: "condition on a number", table: createUsers(usual),
			edit: func(u *sqlstore.Users) {
				u.Where = []sqlstore.Condition{{Column: "active", Values: []string{"true", "1"}}}
			},
			want: []string{`Users.Where[0].Column: column "active" is of type BOOLEAN, which has no value "true"`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			db := openFile(t, filepath.Join(t.TempDir(), "host.db"))
			if _, err := db.Exec(test.table); err != nil {
				t.Fatal(err)
			}
			u := usual
			if test.edit != nil {
				test.edit(&u)
			}
			store := open(t, db, u)
			if err := store.Verify(t.Context()); err == nil || !strings.Contains(err.Error(), "Migrate") && len(test.want) == 0 {
				t.Errorf("Verify before Migrate: %v", err)
			}
			checkMapping(t, store, test.want)
			if made := column(t, db, "SELECT name FROM sqlite_schema WHERE name LIKE 'passwd%'"); len(test.want) > 0 && len(made) > 0 {
				t.Errorf("Migrate has made %v", made)
			}
		})
	}
}

// checkMapping expects Migrate and Verify to say the same of a host's table: nothing, or
// all of what is wanted.
func checkMapping(t *testing.T, store *sqlstore.Store, want []string) {
	t.Helper()
	for name, f := range map[string]func(context.Context) error{"Migrate": store.Migrate, "Verify": store.Verify} {
		if name == "Verify" && want == nil {
			continue // before Migrate it has more to say
		}
		checkSays(t, name, f(t.Context()), want)
	}
	if want == nil {
		checkSays(t, "Verify", store.Verify(t.Context()), nil)
	}
}

func checkSays(t *testing.T, name string, err error, want []string) {
	t.Helper()
	if (err == nil) != (len(want) == 0) {
		t.Fatalf("%s: %v", name, err)
	}
	for _, want := range want {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s does not say %s:\n%v", name, want, err)
		}
	}
}

func TestUseBeforeMigrate(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "host.db"))
	if _, err := db.Exec(createUsers(usual)); err != nil {
		t.Fatal(err)
	}
	store := open(t, db, usual)
	ref := passwd.Ref{Tenant: "north", ID: "1"}
	if _, err := store.Get(t.Context(), ref); err == nil || errors.Is(err, passwd.ErrNotFound) || !strings.Contains(err.Error(), "Migrate") {
		t.Errorf("Get: %v", err)
	}
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Get(t.Context(), ref); err != passwd.ErrNotFound {
		t.Errorf("Get after Migrate: %v", err)
	}
}
