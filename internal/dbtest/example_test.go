package dbtest_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/sqlstore"
)

// A table that the host has had for years is mapped as it is.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := sql.Open("sqlite", filepath.Join(dir, "app.db")+pragmas)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	_, err = db.Exec(`
		CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, full_name TEXT, password_hash TEXT);
		CREATE INDEX users_email ON users (lower(email));
		INSERT INTO users VALUES (7, 'Ada@example.com', 'Ada Lovelace', '$argon2id$…');`)
	if err != nil {
		log.Fatal(err)
	}

	store, err := sqlstore.New(db, sqlstore.Config{
		Dialect: sqlstore.SQLite,
		Users: sqlstore.Users{
			Table: "users", ID: "id", IDType: sqlstore.BigInt,
			Email: "email", Hash: "password_hash",
			Personal: []string{"full_name"},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := store.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	if err := store.Verify(ctx); err != nil {
		log.Fatal(err)
	}
	found, err := store.Find(ctx, passwd.Login{Kind: passwd.Email, Value: passwd.Fold(" ada@EXAMPLE.com")}, 2)
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range found {
		fmt.Println(a.Ref.ID, a.Email, a.Personal, a.Hash)
	}
	// Output:
	// 7 Ada@example.com [{full_name Ada Lovelace}] [redacted]
}
