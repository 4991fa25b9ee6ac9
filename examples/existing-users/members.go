package main

import (
	"context"
	"database/sql"
	"time"

	"github.com/passwd-go/passwd/sqlstore"
)

// The app's table, as it has been for years. Members who leave stay in it, with the
// time at which they left, and their address may be used again.
const membersTable = `
CREATE TABLE IF NOT EXISTS members (
	id          INTEGER PRIMARY KEY,
	mail        TEXT NOT NULL,
	name        TEXT NOT NULL,
	pass_bcrypt TEXT,
	joined_at   TEXT NOT NULL,
	deleted_at  TEXT
)`

// The one thing to add, if it is not there yet: an index for the lookup.
const membersIndex = `CREATE INDEX IF NOT EXISTS members_mail ON members (lower(mail))`

// membersMapping tells the library which column is what. It writes pass_bcrypt, which
// will hold Argon2id hashes then, and nothing else of the table. A column declared
// CHAR(60) is too narrow for them: Verify says so, and it has to be widened first.
var membersMapping = sqlstore.Users{
	Table:    "members",
	ID:       "id",
	IDType:   sqlstore.BigInt,
	Email:    "mail",
	Hash:     "pass_bcrypt",
	Personal: []string{"name"},
	Where:    []sqlstore.Condition{{Column: "deleted_at"}}, // IS NULL: the others are not there
}

// leave is what the app does when a member leaves.
func leave(ctx context.Context, db *sql.DB, id int64, now time.Time) error {
	_, err := db.ExecContext(ctx, "UPDATE members SET deleted_at = ? WHERE id = ?", now.UTC().Format(time.RFC3339), id)
	return err
}
