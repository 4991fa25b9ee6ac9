package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwhash"
	"golang.org/x/crypto/bcrypt"
)

// demoAccount is one of the users that a new database begins with.
type demoAccount struct {
	id       int64
	tenant   string
	username string
	email    string
	mobile   string
	password string // "" is none yet
	name     string
	locale   string
	clientID string
	must     passwd.Reason
	inactive bool
	disabled bool
	bcrypt   bool
	note     string
}

// bakeryClient is the id that the bakery's client knows its one account by.
const bakeryClient = "264ade60a4ca76716a53056cecb171c027586dc722d6cf5ba40b1519de78170910d9ce0602c776f9"

var demoAccounts = []demoAccount{
	{id: 1, username: "ada", email: "ada@example.com", mobile: "15550000001", password: "Analytical-Engine-1843", name: "Ada Lovelace", locale: "en"},
	{id: 2, username: "grace", email: "grace@example.com", mobile: "15550000002", password: "nanosecond wire 11.8 inches", must: passwd.Administrator, note: "must change"},
	{id: 3, username: "temp", email: "temp@example.com", password: "Temporary-Pass-77", must: passwd.Temporary, note: "temporary, 24 h"},
	{id: 4, username: "noor", email: "noor@example.com", password: "مفتاح طويل جدا للبيت", locale: "ar"},
	{id: 5, username: "rails", email: "rails@example.com", password: "legacy bcrypt row", bcrypt: true, note: "bcrypt, upgraded at sign-in"},

	{id: 11, tenant: "bakery", email: "example@domain.com", password: "Old-Bread-and-Butter-9", clientID: bakeryClient},
	{id: 12, tenant: "bakery", email: "closed@domain.com", password: "Old-Bread-and-Butter-9", disabled: true, note: "closed"},

	{id: 21, tenant: "profile", username: "alice", email: "alice@example.com", password: "Wonder!and-1865", name: "Alice Liddell"},
	{id: 22, tenant: "profile", username: "twin1", email: "shared@example.com", password: "Castor&Pollux-12"},
	{id: 23, tenant: "profile", username: "twin2", email: "shared@example.com", password: "Castor&Pollux-12"},

	{id: 33, tenant: "callcenter", username: "st.huber", email: "huber@example.com", password: "Password1234!", must: passwd.Administrator, note: "must change"},
	{id: 34, tenant: "callcenter", username: "an.gruber", email: "gruber@example.com", password: "Password5678!", must: passwd.Administrator, note: "must change"},
	{id: 35, tenant: "callcenter", username: "calm.user", email: "calm@example.com", password: "Nothing-To-Change-5"},
	{id: 36, tenant: "callcenter", username: "new.user", email: "new@example.com", password: "Not-Yet-Active-5", inactive: true, note: "not activated"},

	{id: 41, tenant: "quotes", username: "testuser", email: "testuser@teen-quotes.com", password: "old quotes pass"},

	{id: 51, tenant: "DocDemo", username: "doc.user", email: "doc@example.com", mobile: "919999922332", password: "abc123"},
	{id: 52, tenant: "DocDemo", mobile: "919999922334", note: "no password yet"},
	{id: 53, tenant: "OtherBrand", mobile: "919999922332", password: "Other-Brand-Pass-1"},
	{id: 54, tenant: "NoPassword", mobile: "919999922332", note: "no password"},
}

func (d demoAccount) ref() passwd.Ref {
	return passwd.Ref{Tenant: d.tenant, ID: strconv.FormatInt(d.id, 10)}
}

// hash makes the hash of the account's password. No policy is asked: some of the
// passwords are there to show what happens to bad ones.
func (d demoAccount) hash(ctx context.Context, hasher pwhash.Hasher) (string, error) {
	switch {
	case d.password == "":
		return "", nil
	case d.bcrypt:
		h, err := bcrypt.GenerateFromPassword([]byte(d.password), 10)
		return string(h), err
	}
	h, err := hasher.Hash(ctx, d.password)
	return string(h), err
}

// seed fills an empty database. Servers may start on one at the same time, and
// be killed at any point: whoever starts next completes what is missing.
func seed(ctx context.Context, db *database, store passwd.Store, hasher pwhash.Hasher, now time.Time) error {
	if hasher == nil {
		hasher = pwhash.Argon2id{}
	}
	if err := seedUsers(ctx, db, hasher, now); err != nil {
		return fmt.Errorf("demo accounts: %w", err)
	}
	for _, d := range demoAccounts {
		if d.must == passwd.NoReason {
			continue
		}
		if err := seedMust(ctx, store, d, now); err != nil {
			return fmt.Errorf("demo account %s: %w", d.username, err)
		}
	}
	return nil
}

// seedUsers inserts all rows or none, and only into an empty table. The hashes
// are made first: on SQLite nobody else can write while the transaction is open.
func seedUsers(ctx context.Context, db *database, hasher pwhash.Hasher, now time.Time) error {
	if full, err := hasUsers(ctx, db.DB); full || err != nil {
		return err
	}
	hashes := make([]string, len(demoAccounts))
	for i, d := range demoAccounts {
		var err error
		if hashes[i], err = d.hash(ctx, hasher); err != nil {
			return err
		}
	}
	err := db.alone(ctx, func(tx *sql.Tx) error {
		if full, err := hasUsers(ctx, tx); full || err != nil {
			return err // another server was faster
		}
		for i, d := range demoAccounts {
			if err := insertUser(ctx, tx, db.dialect, d, hashes[i], now); err != nil {
				return err
			}
		}
		return nil
	})
	if full, failed := hasUsers(ctx, db.DB); err != nil && full && failed == nil {
		return nil // it was faster by less than that, and has made the rows
	}
	return err
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func hasUsers(ctx context.Context, db querier) (full bool, err error) {
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM users)`).Scan(&full)
	return full, err
}

// seedMust says that an account has to change its password. As the very first
// write of the account, it happens once: after it there is an epoch, which no
// account can have had before, as nobody serves a database that is not seeded.
func seedMust(ctx context.Context, store passwd.Store, d demoAccount, now time.Time) error {
	a, err := store.Get(ctx, d.ref())
	if errors.Is(err, passwd.ErrNotFound) || err == nil && (a.Epoch != 0 || a.Username != d.username) {
		return nil // done already, or the table was filled by somebody else
	}
	if err != nil {
		return err
	}
	w := passwd.Write{Account: a.Ref, IfHash: a.Hash, Must: d.must, Now: now}
	if d.must == passwd.Temporary {
		w.MustUntil = now.Add(24 * time.Hour)
	}
	_, err = store.Apply(ctx, w)
	if errors.Is(err, passwd.ErrConflict) {
		return nil // another server was faster
	}
	return err
}

// ownAccounts are those of the site itself, of no tenant.
func ownAccounts() (own []account) {
	for _, d := range demoAccounts {
		if d.tenant == "" {
			own = append(own, account{d.username, d.password, d.note})
		}
	}
	return own
}

// accountTable lists the demo accounts for people.
func accountTable() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  TENANT\tLOGIN\tE-MAIL\tMOBILE\tPASSWORD\tNOTE")
	for _, d := range demoAccounts {
		tenant := d.tenant
		if tenant == "" {
			tenant = "(none)"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%s\n", tenant, d.username, d.email, d.mobile, d.password, d.note)
	}
	w.Flush()
	return b.String()
}
