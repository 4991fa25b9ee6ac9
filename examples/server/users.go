package main

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/sqlstore"
)

// The app's own table of users, as it was before the library came. What the
// library adds is in tables of its own; of this one it writes password_hash.
const usersTable = `
CREATE TABLE IF NOT EXISTS users (
	id            INTEGER PRIMARY KEY,
	brand         TEXT NOT NULL DEFAULT '',
	login         TEXT,
	full_name     TEXT NOT NULL DEFAULT '',
	email         TEXT,
	phone         TEXT,
	password_hash TEXT,
	language      TEXT,
	client_id     TEXT,
	is_active     BOOLEAN NOT NULL DEFAULT TRUE,
	is_closed     BOOLEAN NOT NULL DEFAULT FALSE,
	created_at    TEXT NOT NULL,
	UNIQUE (brand, login)
);
CREATE INDEX IF NOT EXISTS users_email ON users (brand, email);
CREATE INDEX IF NOT EXISTS users_phone ON users (brand, phone)`

// usersMapping tells the library which column is what. full_name is something
// that a password must not resemble.
var usersMapping = sqlstore.Users{
	Table:    "users",
	ID:       "id",
	IDType:   sqlstore.BigInt,
	Tenant:   "brand",
	Username: "login",
	Email:    "email",
	Mobile:   "phone",
	Hash:     "password_hash",
	Locale:   "language",
	Active:   "is_active",
	Disabled: "is_closed",
	Personal: []string{"full_name"},
}

// insertUser is what the app does when somebody registers.
func insertUser(ctx context.Context, tx *sql.Tx, d demoAccount, hash string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO users (id, brand, login, full_name, email, phone, password_hash, language, client_id, is_active, is_closed, created_at)
		VALUES (?, ?, nullif(?, ''), ?, nullif(?, ''), nullif(?, ''), nullif(?, ''), nullif(?, ''), nullif(?, ''), ?, ?, ?)`,
		d.id, d.tenant, d.username, d.name, d.email, d.mobile, hash, d.locale, d.clientID,
		!d.inactive, d.disabled, now.UTC().Format(time.RFC3339))
	return err
}

// userLogin is what a user signs in with, "" if the user is gone.
func userLogin(ctx context.Context, db *sql.DB, r passwd.Ref) (string, error) {
	var login string
	err := db.QueryRowContext(ctx, `SELECT coalesce(login, email, phone, '') FROM users WHERE brand = ? AND id = ?`, r.Tenant, r.ID).Scan(&login)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return login, err
}

// userName is what the app calls a user: by name, or whatever login there is.
func userName(ctx context.Context, db *sql.DB, r passwd.Ref) (string, error) {
	var name string
	err := db.QueryRowContext(ctx, `
		SELECT coalesce(nullif(full_name, ''), login, email, phone, 'user ' || id) FROM users
		WHERE brand = ? AND id = ?`, r.Tenant, r.ID).Scan(&name)
	return name, err
}
