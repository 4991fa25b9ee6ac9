package dbtest_test

import (
	"context"
	"maps"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
)

// TestColumns has the host's own columns in accounts, so that the policy of an account
// needs no look at the database.
func TestColumns(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			db := s.open(t)
			h := s.newHost(t, db, usual)
			for _, column := range []string{"plan " + s.text, "seats INTEGER", "paid BOOLEAN", "rate DOUBLE PRECISION", "since TIMESTAMP NULL", "order_no BIGINT"} {
				mustExec(t, db, "ALTER TABLE "+s.quoted("users")+" ADD COLUMN "+column)
			}
			full, bare := h.user("1"), h.user("2")
			mustExec(t, db, "UPDATE "+s.quoted("users")+" SET plan = 'größer', seats = 7, paid = TRUE, rate = 0.25, since = '2026-03-01 12:30:00', order_no = 9007199254740993 WHERE id = 1")

			u := usual
			u.Columns = []string{"plan", "seats", "paid", "rate", "since", "order_no"}
			store := s.store(t, db, u)
			if err := store.Verify(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"plan": "größer", "seats": "7", "paid": "true", "rate": "0.25", "since": "2026-03-01T12:30:00Z", "order_no": "9007199254740993"}
			switch s {
			case onMariaDB:
				want["paid"], want["since"] = "1", "2026-03-01 12:30:00" // without parseTime
			case onSQLite:
				want["paid"] = "1"
			}
			found, err := store.Find(t.Context(), passwd.Login{Tenant: "north", Kind: passwd.Username, Value: "user1"}, 2)
			if err != nil || len(found) != 1 {
				t.Fatalf("%d found (%v)", len(found), err)
			}
			got, err := store.Get(t.Context(), full.Ref)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range []passwd.Account{got, found[0]} {
				if !maps.Equal(a.Columns, want) {
					t.Errorf("%v, want %v", a.Columns, want)
				}
			}
			if got, err := store.Get(t.Context(), bare.Ref); err != nil || got.Columns != nil {
				t.Errorf("of a row without any: %v (%v)", got.Columns, err)
			}

			kit := passwdtest.New(t, passwd.Config{Store: store, PolicyFor: func(_ context.Context, a passwd.Account) (pwpolicy.Policy, error) {
				min := 8
				if a.Columns["plan"] == "größer" {
					min = 20
				}
				return pwpolicy.New(pwpolicy.Length{Min: min})
			}})
			for a, want := range map[passwd.Ref]int{full.Ref: 20, bare.Ref: 8} {
				asked, err := kit.Service.Requirements(t.Context(), passwd.Account{Ref: a})
				if err != nil || asked[0].Params["min"] != want {
					t.Errorf("requirements %v (%v), want %d", asked, err, want)
				}
			}

			u.Columns = []string{"plan", "missing"}
			if err := s.store(t, db, u).Verify(t.Context()); err == nil {
				t.Error("a column that is not there passes")
			}
		})
	}
}
