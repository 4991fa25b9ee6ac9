package main

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/sqlstore"
)

// usersMapping tells the library which column is what of the app's own table of
// users, see schema. full_name is something that a password must not resemble.
var usersMapping = sqlstore.Users{
	Table:      "users",
	ID:         "id",
	IDType:     sqlstore.BigInt,
	Tenant:     "brand",
	TenantType: sqlstore.Text,
	Username:   "login",
	Email:      "email",
	Mobile:     "phone",
	Hash:       "password_hash",
	Locale:     "language",
	Active:     "is_active",
	Disabled:   "is_closed",
	Personal:   []string{"full_name"},
}

// insertUser is what the app does when somebody registers.
func insertUser(ctx context.Context, tx *sql.Tx, on dialect, d demoAccount, hash string, now time.Time) error {
	_, err := tx.ExecContext(ctx, on.bind(`
		INSERT INTO users (id, brand, login, full_name, email, phone, password_hash, language, client_id, is_active, is_closed, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
		d.id, d.tenant, orNull(d.username), d.name, orNull(d.email), orNull(d.mobile), orNull(hash), orNull(d.locale), orNull(d.clientID),
		!d.inactive, d.disabled, now.UTC().Format(time.DateTime))
	return err
}

// orNull makes NULL of what a user does not have.
func orNull(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// userLogin is what a user signs in with, "" if the user is gone.
func userLogin(ctx context.Context, db *database, r passwd.Ref) (string, error) {
	return userText(ctx, db, r, `coalesce(login, email, phone, '')`)
}

// userName is what the app calls a user: by name, or whatever login there is.
func userName(ctx context.Context, db *database, r passwd.Ref) (string, error) {
	name, err := userText(ctx, db, r, `coalesce(nullif(full_name, ''), login, email, phone, '')`)
	if name == "" {
		name = "user " + r.ID
	}
	return name, err
}

// userText reads an expression over the columns of a user, "" if the user is gone.
func userText(ctx context.Context, db *database, r passwd.Ref, expression string) (text string, err error) {
	id, err := strconv.ParseInt(r.ID, 10, 64) // some databases take "2abc" for 2
	if err != nil {
		return "", err
	}
	err = db.row(ctx, `SELECT `+expression+` FROM users WHERE brand = ? AND id = ?`, r.Tenant, id).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return text, down(err)
}
