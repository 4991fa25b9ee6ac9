package dbtest_test

import (
	"database/sql"
	"testing"

	"github.com/lib/pq"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/sqlstore"
)

// TestCharacterSets asks for names that a host's old character set cannot hold.
// Anybody can type one at a sign-in: it is nobody's, and no fault of the database.
func TestCharacterSets(t *testing.T) {
	of := func(set string) *server {
		s := *onMariaDB
		s.text = "VARCHAR(255) CHARACTER SET " + set
		s.types = map[sqlstore.IDType]string{sqlstore.Text: "VARCHAR(64) CHARACTER SET " + set}
		return &s
	}
	latin := *onPostgres
	latin.open = func(t testing.TB) *sql.DB {
		db := pooled(t, onPostgres.open(t))
		name := column(t, db, "SELECT current_database()")[0] + "_latin"
		mustExec(t, db, "CREATE DATABASE "+name+" ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
		address, err := on(postgresAddress(), name)
		if err != nil {
			t.Fatal(err)
		}
		connector, err := pq.NewConnector(address.String()) // which says that it speaks UTF-8; pgx leaves that to the database
		if err != nil {
			t.Fatal(err)
		}
		old := pooled(t, sql.OpenDB(connector))
		t.Cleanup(func() {
			old.Close()
			mustExec(t, db, "DROP DATABASE "+name)
		})
		return old
	}
	for name, s := range map[string]*server{
		"mariadb ascii": of("ascii"), "mariadb latin1": of("latin1"), "mariadb utf8mb3": of("utf8mb3"), "mariadb utf8mb4": of("utf8mb4"),
		"postgres latin1": &latin, "sqlite": onSQLite,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := usual
			u.IDType = sqlstore.Text
			h := s.newHost(t, s.open(t), u)
			a := h.user("1")
			for _, kind := range []passwd.LoginKind{passwd.Username, passwd.Email, passwd.Mobile} {
				for _, value := range []string{"usér1", "mıke", "müller@example.com", "ユーザー1", "user1😀", "\u202e+49", "\ufffd"} {
					found, err := h.store.Find(t.Context(), passwd.Login{Tenant: "north", Kind: kind, Value: value}, 8)
					if err != nil || len(found) > 0 {
						t.Errorf("%s %q: found %d, error %v", kind, value, len(found), err)
					}
				}
			}
			if s == &latin {
				return // ids are the host's own, and so in its character set
			}
			for _, r := range []passwd.Ref{{Tenant: "north", ID: "é"}, {Tenant: "north", ID: "1😀"}, {Tenant: "ı", ID: "1"}} {
				h.nobody(t, r)
			}
			if now := h.get(a.Ref); now.Hash != a.Hash || now.Epoch != 0 {
				t.Errorf("another account has changed")
			}
		})
	}
}

// nobody calls everything that names an account.
func (h *host) nobody(t *testing.T, r passwd.Ref) {
	t.Helper()
	ctx, s := t.Context(), h.store
	stranger := passwd.Account{Ref: r, Hash: "$test$old1"}
	token := resetToken(stranger, 1)
	opened := opened(stranger, 1)
	opened.Epoch = 1
	for what, call := range map[string]func() error{
		"Get":           func() error { _, err := s.Get(ctx, r); return err },
		"Apply":         func() error { _, err := s.Apply(ctx, replacement(stranger, "$test$new")); return err },
		"Rehash":        func() error { _, err := s.Rehash(ctx, r, stranger.Hash, "$test$new"); return err },
		"History":       func() error { _, err := s.History(ctx, r, 5); return err },
		"Issue":         func() error { return s.Issue(ctx, token, 3, nil) },
		"CreateSession": func() error { return s.CreateSession(ctx, opened, 3) },
	} {
		if err := call(); err != passwd.ErrNotFound {
			t.Errorf("%s of %q: %v", what, r, err)
		}
	}
	if err := s.Forget(ctx, r); err != nil {
		t.Errorf("Forget of %q: %v", r, err)
	}
	if list, err := s.ListSessions(ctx, r, t0); err != nil || len(list) > 0 {
		t.Errorf("ListSessions of %q: %d, %v", r, len(list), err)
	}
	if n, err := s.EndSessions(ctx, r, session.Filter{}); err != nil || n > 0 {
		t.Errorf("EndSessions of %q: %d, %v", r, n, err)
	}
}
