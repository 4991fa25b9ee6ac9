package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
)

// The app's own sessions, of browsers (a cookie) and of other clients (a bearer).
// Of either secret the table has the SHA-256 only. A session is stamped with the
// account's epoch: a password write raises that, and the session is dead.
const sessionsTable = `
CREATE TABLE IF NOT EXISTS demo_sessions (
	id         TEXT PRIMARY KEY,
	kind       TEXT NOT NULL,
	brand      TEXT NOT NULL,
	user_id    TEXT NOT NULL,
	epoch      INTEGER NOT NULL,
	expires_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS demo_sessions_expiry ON demo_sessions (expires_at)`

const (
	cookieName  = "demo_session" // over https it would be "__Host-" and Secure
	cookieKind  = "cookie"
	bearerKind  = "bearer"
	sessionLife = 12 * time.Hour
)

type sessions struct {
	db      *database
	service *passwd.Service
}

type ownSession struct {
	account passwd.Ref
	epoch   int64 // of the account when the session was stamped
}

// start makes a session for who has just signed in and returns its secret.
func (s sessions) start(ctx context.Context, kind string, in passwd.SignedIn) (secret string, err error) {
	secret = newSecret()
	now := time.Now()
	if _, err := s.db.ExecContext(ctx, `DELETE FROM demo_sessions WHERE expires_at <= ?`, now.Unix()); err != nil {
		return "", err
	}
	_, err = s.db.ExecContext(ctx, `
		INSERT INTO demo_sessions (id, kind, brand, user_id, epoch, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
		digest(secret), kind, in.Account.Tenant, in.Account.ID, in.Epoch, now.Add(sessionLife).Unix())
	return secret, err
}

// find returns the session of a request, live or not: that of its bearer or, if
// it has none, of its cookie. ErrUnauthenticated if there is none.
func (s sessions) find(r *http.Request) (ownSession, error) {
	kind, secret := secretOf(r)
	if secret == "" {
		return ownSession{}, passwd.ErrUnauthenticated
	}
	var found ownSession
	err := s.db.QueryRowContext(r.Context(), `
		SELECT brand, user_id, epoch FROM demo_sessions WHERE id = ? AND kind = ? AND expires_at > ?`,
		digest(secret), kind, time.Now().Unix()).Scan(&found.account.Tenant, &found.account.ID, &found.epoch)
	if errors.Is(err, sql.ErrNoRows) {
		err = passwd.ErrUnauthenticated
	}
	return found, err
}

// account returns who is signed in: of a session whose epoch still holds, and
// which may do more than change its password.
func (s sessions) account(r *http.Request) (passwd.Ref, error) {
	found, err := s.find(r)
	if err != nil {
		return passwd.Ref{}, err
	}
	must, err := s.service.Live(r.Context(), found.account, found.epoch)
	if err == nil && must != passwd.NoReason {
		err = passwd.ErrUnauthenticated
	}
	return found.account, err
}

// renew lets the session of a request outlive the password write that it asked
// for. A cookie gets a new secret as well: whoever has seen the old one is out.
func (s sessions) renew(w http.ResponseWriter, r *http.Request, done passwd.Written) error {
	kind, secret := secretOf(r)
	fresh := secret
	if kind == cookieKind {
		fresh = newSecret()
	}
	_, err := s.db.ExecContext(r.Context(), `
		UPDATE demo_sessions SET id = ?, epoch = ? WHERE id = ? AND brand = ? AND user_id = ?`,
		digest(fresh), done.Epoch, digest(secret), done.Account.Tenant, done.Account.ID)
	if err == nil && kind == cookieKind {
		setCookie(w, fresh)
	}
	return err
}

// end forgets the session of a request.
func (s sessions) end(r *http.Request) error {
	_, secret := secretOf(r)
	_, err := s.db.ExecContext(r.Context(), `DELETE FROM demo_sessions WHERE id = ?`, digest(secret))
	return err
}

func secretOf(r *http.Request) (kind, secret string) {
	if h := r.Header.Get("Authorization"); h != "" {
		scheme, token, _ := strings.Cut(h, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", ""
		}
		return bearerKind, strings.TrimSpace(token)
	}
	c, err := r.Cookie(cookieName)
	if err != nil {
		return "", ""
	}
	return cookieKind, c.Value
}

func setCookie(w http.ResponseWriter, secret string) {
	c := &http.Cookie{Name: cookieName, Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func newSecret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// digest needs no key and no salt: a secret is 256 random bits.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
