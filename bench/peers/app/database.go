package app

import (
	"database/sql"
	"fmt"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the drivers
	_ "modernc.org/sqlite"
)

// Address is the address of the n-th account.
func Address(n int) string { return fmt.Sprintf("user%d@example.com", n) }

// Open opens a database with the settings that the guides of its driver recommend.
func Open(url string) (db *sql.DB, postgres bool, err error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		db, err = sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_txlock=immediate")
	} else {
		postgres = true
		db, err = sql.Open("pgx", url)
	}
	if err == nil {
		db.SetMaxOpenConns(16)
		db.SetMaxIdleConns(16)
	}
	return db, postgres, err
}

// AddUsers makes a table of users and fills it with accounts of one hash.
func AddUsers(db *sql.DB, n int, hash string) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.Exec(`CREATE TABLE users (id BIGINT PRIMARY KEY, email TEXT NOT NULL, password_hash TEXT NOT NULL)`); err != nil {
		return err
	}
	if _, err := tx.Exec(`CREATE UNIQUE INDEX users_email ON users (lower(email))`); err != nil {
		return err
	}
	for i := range n {
		if _, err := tx.Exec(`INSERT INTO users (id, email, password_hash) VALUES ($1, $2, $3)`, i+1, Address(i), hash); err != nil {
			return err
		}
	}
	return tx.Commit()
}
