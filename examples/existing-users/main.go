// Command existing-users is an app that has had members, with bcrypt hashes, for
// years, and adopts the library: no row is lost or moved, every password goes on
// working, and each hash becomes a better one when its owner next signs in. 126 lines
// without blank lines and comments, and the table and its mapping in members.go.
//
//	go run ./examples/existing-users [members.sqlite]
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/sqlstore"
	"golang.org/x/crypto/bcrypt"
	_ "modernc.org/sqlite" // the driver named "sqlite"
)

func main() {
	log.SetFlags(0)
	if err := run(context.Background(), os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string) (err error) {
	file := ""
	if len(args) > 0 {
		file = args[0]
	} else {
		folder, err := os.MkdirTemp("", "existing-users-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		file = filepath.Join(folder, "members.sqlite")
	}
	db, err := open(ctx, file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := inventMembers(ctx, db); err != nil {
		return err
	}

	svc, err := adopt(ctx, db, passwd.Config{
		Keys: passwd.RandomKeys(), // an app keeps its keys
		Notify: passwd.NotifierFunc(func(_ context.Context, m passwd.Message) error {
			fmt.Println("mail:", m.Kind)
			return nil
		}),
		Links: passwd.Links{Base: "https://members.example.com/account/password"},
	})
	if err != nil {
		return err
	}
	for _, name := range []string{"ada", "grace"} {
		before, err := scheme(ctx, db, name)
		if err != nil {
			return err
		}
		_, err = svc.SignIn(ctx, passwd.SignIn{Login: passwd.Login{Value: name + "@example.com"}, Password: name + "'s old password"})
		if err != nil && !errors.Is(err, passwd.ErrWrongCredentials) {
			return err
		}
		after, schemeErr := scheme(ctx, db, name)
		if schemeErr != nil {
			return schemeErr
		}
		fmt.Printf("%s signs in: %t; hash was %s, is %s\n", name, err == nil, before, after)
	}
	return nil
}

// adopt is all that it takes: the mapping, the library's own tables beside the app's,
// and a check that the two fit. It may run at every start.
func adopt(ctx context.Context, db *sql.DB, c passwd.Config) (*passwd.Service, error) {
	store, err := sqlstore.New(db, sqlstore.Config{Dialect: sqlstore.SQLite, Users: membersMapping})
	if err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx); err != nil {
		return nil, err
	}
	if err := store.Verify(ctx); err != nil {
		return nil, err
	}
	c.Store = store // and so the queue and the limiter
	return passwd.New(c)
}

func open(ctx context.Context, file string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)&_pragma=synchronous(NORMAL)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	for _, statement := range []string{membersTable, membersIndex} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return db, nil
}

// inventMembers makes the past: two members, one of whom has left.
func inventMembers(ctx context.Context, db *sql.DB) error {
	for id, name := range []string{"ada", "grace"} {
		hash, err := bcrypt.GenerateFromPassword([]byte(name+"'s old password"), bcrypt.DefaultCost)
		if err != nil {
			return err
		}
		var left any
		if name == "grace" {
			left = "2024-02-29T12:00:00Z"
		}
		_, err = db.ExecContext(ctx, "INSERT INTO members VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			id+1, name+"@example.com", strconv.Quote(name), string(hash), "2015-12-10T09:00:00Z", left)
		if err != nil {
			return err
		}
	}
	return nil
}

// scheme is the name of the algorithm in a member's hash.
func scheme(ctx context.Context, db *sql.DB, name string) (string, error) {
	var hash string
	err := db.QueryRowContext(ctx, "SELECT pass_bcrypt FROM members WHERE mail = ?", name+"@example.com").Scan(&hash)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(hash, "$2") {
		return "bcrypt", nil
	}
	return strings.Split(hash, "$")[1], nil
}
