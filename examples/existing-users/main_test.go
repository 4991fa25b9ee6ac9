package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"golang.org/x/crypto/bcrypt"
)

// TestAdopt is the whole way of an app with members: adoption, the first sign-in of
// each, a reset by one who never had a password, a departure and a return.
func TestAdopt(t *testing.T) {
	db, err := open(t.Context(), filepath.Join(t.TempDir(), "members.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := past(t, db)
	before, rows := hashes(t, db), others(t, db)

	a := &app{db: db, keys: passwd.RandomKeys()}
	a.restart(t)
	if got := hashes(t, db); !maps.Equal(got, before) {
		t.Error("adoption has changed a hash")
	}
	for _, m := range all {
		wrong := a.signIn(t, m.mail, "not "+m.password)
		if !errors.Is(wrong, passwd.ErrWrongCredentials) || hashes(t, db)[m.id] != before[m.id] {
			t.Fatalf("%s with a wrong password: %v, or the hash has changed", m.mail, wrong)
		}
		err := a.signIn(t, strings.ToUpper(m.mail), m.password)
		hash := hashes(t, db)[m.id]
		switch {
		case m.left || m.password == "":
			if !errors.Is(err, passwd.ErrWrongCredentials) || hash != before[m.id] {
				t.Errorf("%s, who has left or has no password: %v", m.mail, err)
			}
		case err != nil || !strings.HasPrefix(hash, "$argon2id$"):
			t.Errorf("%s: %v; the hash begins with %.10q", m.mail, err, hash)
		}
		if m.id == 12 {
			break // a dozen: hashing takes its time
		}
	}
	a.restart(t)
	if err := a.signIn(t, all[0].mail, all[0].password); err != nil {
		t.Errorf("after the upgrade and a restart: %v", err)
	}
	if others(t, db) != rows || len(hashes(t, db)) != members {
		t.Error("a row was lost, or something else of it has changed")
	}

	// Number 8 has never had a password, and makes one by mail.
	login := passwd.Login{Value: all[8].mail}
	if err := a.svc.RequestReset(t.Context(), passwd.RequestReset{Login: login}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.svc.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(a.mail) != 1 || a.mail[0].To != all[8].mail {
		t.Fatalf("%d mails, want one to number 8", len(a.mail))
	}
	if _, err := a.svc.Reset(t.Context(), passwd.Reset{Token: a.mail[0].Token, New: "a first password at last"}); err != nil {
		t.Fatal(err)
	}
	if err := a.signIn(t, all[8].mail, "a first password at last"); err != nil {
		t.Errorf("with the password of the reset: %v", err)
	}

	// Number 0 leaves, and somebody else joins under the address.
	if err := errors.Join(leave(t.Context(), db, 1, time.Now()), a.svc.Forget(t.Context(), passwd.Ref{ID: "1"})); err != nil {
		t.Fatal(err)
	}
	if err := a.signIn(t, all[0].mail, all[0].password); !errors.Is(err, passwd.ErrWrongCredentials) {
		t.Errorf("after leaving: %v", err)
	}
	hash, err := a.svc.NewHash(t.Context(), passwd.Account{Email: all[0].mail}, "somebody else's choice")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO members VALUES (1000, ?, 'Another', ?, '2026-05-01T12:00:00Z', NULL)", all[0].mail, string(hash)); err != nil {
		t.Fatal(err)
	}
	in, err := a.svc.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: all[0].mail}, Password: "somebody else's choice"})
	if err != nil || in.Account.ID != "1000" {
		t.Errorf("the newcomer signs in as %q (%v)", in.Account.ID, err)
	}
}

func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "members.sqlite")
	for range 2 { // the second start finds everything in place
		if err := run(t.Context(), []string{file}); err != nil {
			t.Fatal(err)
		}
	}
}

// member is a row of the app's table.
type member struct {
	id                   int64
	mail, name, password string // "" has none
	left                 bool
}

const members = 40

func past(t *testing.T, db *sql.DB) (all []member) {
	t.Helper()
	for n := range members {
		m := member{
			id: int64(n + 1), mail: fmt.Sprintf("Member%d@example.com", n), name: fmt.Sprint("Member No. ", n),
			password: fmt.Sprint("pass ", n), left: n%10 == 9,
		}
		var hash, left any
		if n%10 == 8 {
			m.password = "" // registered by mail, and never chose one
		} else {
			made, err := bcrypt.GenerateFromPassword([]byte(m.password), bcrypt.MinCost)
			if err != nil {
				t.Fatal(err)
			}
			hash = string(made)
		}
		if m.left {
			left = "2024-02-29T12:00:00Z"
		}
		if _, err := db.Exec("INSERT INTO members VALUES (?, ?, ?, ?, ?, ?)", m.id, m.mail, m.name, hash, "2015-12-10T09:00:00Z", left); err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

type app struct {
	db   *sql.DB
	svc  *passwd.Service
	mail []passwd.Message
	keys passwd.Keys
}

// restart is a start of the app, the first one included.
func (a *app) restart(t *testing.T) {
	t.Helper()
	svc, err := adopt(t.Context(), a.db, passwd.Config{
		Keys: a.keys,
		Notify: passwd.NotifierFunc(func(_ context.Context, m passwd.Message) error {
			a.mail = append(a.mail, m)
			return nil
		}),
		Links: passwd.Links{Base: "https://members.example.com/account/password"},
		Now:   func() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	a.svc = svc
}

func (a *app) signIn(t *testing.T, mail, password string) error {
	t.Helper()
	_, err := a.svc.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: mail}, Password: password})
	return err
}

func hashes(t *testing.T, db *sql.DB) map[int64]string {
	t.Helper()
	rows, err := db.Query("SELECT id, coalesce(pass_bcrypt, '') FROM members")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[int64]string{}
	for rows.Next() {
		var id int64
		var hash string
		if err := rows.Scan(&id, &hash); err != nil {
			t.Fatal(err)
		}
		all[id] = hash
	}
	return all
}

// others is the table without its hashes.
func others(t *testing.T, db *sql.DB) (all string) {
	t.Helper()
	err := db.QueryRow(`SELECT group_concat(id || mail || name || joined_at || coalesce(deleted_at, '-'), char(10)) FROM
		(SELECT * FROM members ORDER BY id)`).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
