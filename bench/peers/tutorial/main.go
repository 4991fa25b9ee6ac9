// Tutorial is an app as tutorials write them: a table of users, a hash, a session or a
// JWT, a table of reset tokens. An unknown login is answered at once, nothing is
// limited, nobody is told of a change, which ends no session.
package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"flag"
	"log"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	"github.com/golang-jwt/jwt/v5"
	"github.com/passwd-go/passwd/bench/peers/app"
	"golang.org/x/crypto/bcrypt"
)

func main() {
	useJWT := flag.Bool("jwt", false, "JWTs in place of sessions")
	useArgon := flag.Bool("argon2id", false, "Argon2id in place of bcrypt")
	f := app.Parse()
	if err := run(f, *useJWT, *useArgon); err != nil {
		log.Fatal(err)
	}
}

type server struct {
	db    *sql.DB
	mail  app.Mailbox
	hash  func(password string) (string, error)
	match func(password, hash string) bool
	who   identity
}

// identity says who is signed in.
type identity interface {
	start(ctx context.Context, id int64) (token string, err error) // "" is a cookie
	account(r *http.Request) (id int64, ok bool)
}

func run(f app.Flags, useJWT, useArgon bool) error {
	s := &server{}
	if useArgon {
		s.argon(f.Cheap)
	} else {
		s.bcrypt(f.Cheap)
	}
	hash, err := s.hash(app.Password)
	if err != nil {
		return err
	}
	if s.db, _, err = app.Open(f.DB); err != nil {
		return err
	}
	if err := app.AddUsers(s.db, f.Users, hash); err != nil {
		return err
	}
	if _, err := s.db.Exec(`CREATE TABLE resets (digest BLOB PRIMARY KEY, user_id BIGINT NOT NULL, expires_at BIGINT NOT NULL)`); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /dev/messages", &s.mail)
	mux.HandleFunc("GET /dev/whoami", s.whoami)
	mux.HandleFunc("POST /dev/sign-in", s.signIn)
	mux.HandleFunc("POST /account/password/api/v1/forgot", s.forgot)
	mux.HandleFunc("POST /account/password/api/v1/reset", s.reset)
	mux.HandleFunc("POST /account/password/api/v1/change", s.change)
	var handler http.Handler = mux
	if useJWT {
		s.who = tokens{key: []byte(rand.Text())}
	} else {
		if _, err := s.db.Exec(`CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)`); err != nil {
			return err
		}
		manager := scs.New()
		manager.Store = sqlite3store.New(s.db)
		s.who, handler = cookies{manager}, manager.LoadAndSave(mux)
	}
	return http.ListenAndServe(f.Addr, handler)
}

func (s *server) bcrypt(cheap bool) {
	cost := bcrypt.DefaultCost
	if cheap {
		cost = bcrypt.MinCost
	}
	s.hash = func(password string) (string, error) {
		h, err := bcrypt.GenerateFromPassword([]byte(password), cost)
		return string(h), err
	}
	s.match = func(password, hash string) bool {
		return bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil
	}
}

func (s *server) argon(cheap bool) {
	params := argon2id.DefaultParams
	if cheap {
		params = &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	}
	s.hash = func(password string) (string, error) { return argon2id.CreateHash(password, params) }
	s.match = func(password, hash string) bool {
		match, err := argon2id.ComparePasswordAndHash(password, hash)
		return err == nil && match
	}
}

func (s *server) signIn(w http.ResponseWriter, r *http.Request) {
	in, ok := app.Read(w, r)
	if !ok {
		return
	}
	var id int64
	var hash string
	err := s.db.QueryRowContext(r.Context(), `SELECT id, password_hash FROM users WHERE lower(email) = lower(?)`, in.Login).Scan(&id, &hash)
	if err != nil || !s.match(in.Password, hash) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	token, err := s.who.start(r.Context(), id)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	app.Reply(w, http.StatusOK, map[string]string{"access_token": token})
}

func (s *server) whoami(w http.ResponseWriter, r *http.Request) {
	id, ok := s.who.account(r)
	if !ok {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	app.Reply(w, http.StatusOK, map[string]string{"account": strconv.FormatInt(id, 10)})
}

func (s *server) forgot(w http.ResponseWriter, r *http.Request) {
	in, ok := app.Read(w, r)
	if !ok {
		return
	}
	var id int64
	if s.db.QueryRowContext(r.Context(), `SELECT id FROM users WHERE lower(email) = lower(?)`, in.Login).Scan(&id) == nil {
		token := rand.Text()
		digest := sha256.Sum256([]byte(token))
		if _, err := s.db.ExecContext(r.Context(), `INSERT INTO resets (digest, user_id, expires_at) VALUES (?, ?, ?)`,
			digest[:], id, time.Now().Add(time.Hour).Unix()); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		s.mail.Put(app.Mail{To: in.Login, Token: token})
	}
	w.WriteHeader(http.StatusAccepted)
}

func (s *server) reset(w http.ResponseWriter, r *http.Request) {
	in, ok := app.Read(w, r)
	if !ok {
		return
	}
	digest := sha256.Sum256([]byte(in.Token))
	var id int64
	if s.db.QueryRowContext(r.Context(), `SELECT user_id FROM resets WHERE digest = ? AND expires_at > ?`, digest[:], time.Now().Unix()).Scan(&id) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if !s.write(w, r, id, in.New) {
		return
	}
	s.db.ExecContext(r.Context(), `DELETE FROM resets WHERE digest = ?`, digest[:])
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) change(w http.ResponseWriter, r *http.Request) {
	id, signedIn := s.who.account(r)
	if !signedIn {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	in, ok := app.Read(w, r)
	if !ok {
		return
	}
	var hash string
	if s.db.QueryRowContext(r.Context(), `SELECT password_hash FROM users WHERE id = ?`, id).Scan(&hash) != nil || !s.match(in.Current, hash) {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if s.write(w, r, id, in.New) {
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *server) write(w http.ResponseWriter, r *http.Request, id int64, password string) bool {
	hash, err := s.hash(password)
	if err == nil {
		_, err = s.db.ExecContext(r.Context(), `UPDATE users SET password_hash = ? WHERE id = ?`, hash, id)
	}
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
	return err == nil
}

// cookies are sessions of scs.
type cookies struct{ *scs.SessionManager }

func (c cookies) start(ctx context.Context, id int64) (string, error) {
	if err := c.RenewToken(ctx); err != nil {
		return "", err
	}
	c.Put(ctx, "id", id)
	return "", nil
}

func (c cookies) account(r *http.Request) (int64, bool) {
	id := c.GetInt64(r.Context(), "id")
	return id, id != 0
}

// tokens are JWTs, which nothing ends before their time.
type tokens struct{ key []byte }

func (t tokens) start(_ context.Context, id int64) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Subject: strconv.FormatInt(id, 10), ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour)),
	}).SignedString(t.key)
}

func (t tokens) account(r *http.Request) (int64, bool) {
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), &claims,
		func(*jwt.Token) (any, error) { return t.key, nil }, jwt.WithValidMethods([]string{"HS256"}))
	if err != nil {
		return 0, false
	}
	id, err := strconv.ParseInt(claims.Subject, 10, 64)
	return id, err == nil
}
