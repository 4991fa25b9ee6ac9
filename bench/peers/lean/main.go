// Lean is a small app with passwd: sqlstore, session and the JSON API, and nothing else.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/bench/peers/app"
	"github.com/passwd-go/passwd/fastargon2"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/sqlstore"
	"golang.org/x/crypto/bcrypt"
)

func main() {
	fast := flag.Bool("fast", false, "Argon2id by fastargon2")
	if err := run(app.Parse(), *fast); err != nil {
		log.Fatal(err)
	}
}

func run(f app.Flags, fast bool) error {
	ctx := context.Background()
	var hasher pwhash.Hasher = pwhash.Argon2id{}
	switch {
	case f.Cheap:
		hasher = cheap{}
	case fast:
		hasher = pwhash.Argon2id{Key: fastargon2.New(fastargon2.Config{}).Key}
	}
	hash, err := hasher.Hash(ctx, app.Password)
	if err != nil {
		return err
	}
	db, postgres, err := app.Open(f.DB)
	if err != nil {
		return err
	}
	if err := app.AddUsers(db, f.Users, string(hash)); err != nil {
		return err
	}
	dialect := sqlstore.SQLite
	if postgres {
		dialect = sqlstore.PostgreSQL
	}
	store, err := sqlstore.New(db, sqlstore.Config{Dialect: dialect, Users: sqlstore.Users{
		Table: "users", ID: "id", IDType: sqlstore.BigInt, Email: "email", Hash: "password_hash",
	}})
	if err != nil {
		return err
	}
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	mail, keys := new(app.Mailbox), passwd.RandomKeys()
	svc, err := passwd.New(passwd.Config{
		Store: store, Keys: keys, Notify: notifier{mail}, Hasher: hasher, Limiter: noLimits{},
		Links: passwd.Links{Base: "http://" + f.Addr + "/account/password"},
	})
	if err != nil {
		return err
	}
	sessions, err := session.New(session.Config{Store: store, Keys: keys})
	if err != nil {
		return err
	}
	who := func(r *http.Request) (session.Session, error) {
		return sessions.Check(r.Context(), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	}
	api, err := passwdhttp.API(passwdhttp.Config{
		Service:      svc,
		Authenticate: func(r *http.Request) (passwdhttp.Principal, error) { return passwdhttp.Checked(who(r)) },
	})
	if err != nil {
		return err
	}
	http.Handle("/account/password/api/", api)
	http.Handle("GET /dev/messages", mail)
	http.HandleFunc("GET /dev/whoami", func(w http.ResponseWriter, r *http.Request) {
		s, err := who(r)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		app.Reply(w, http.StatusOK, map[string]string{"account": s.Account.ID})
	})
	http.HandleFunc("POST /dev/sign-in", func(w http.ResponseWriter, r *http.Request) {
		in, ok := app.Read(w, r)
		if !ok {
			return
		}
		signed, err := svc.SignIn(r.Context(), passwd.SignIn{Login: passwd.Login{Value: in.Login}, Password: in.Password})
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		pair, err := sessions.Start(r.Context(), signed, session.Info{})
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		app.Reply(w, http.StatusOK, map[string]string{"access_token": string(pair.Access)})
	})
	go svc.Run(ctx)
	return http.ListenAndServe(f.Addr, nil)
}

// notifier keeps the tokens of reset links; notices are delivered to nobody.
type notifier struct{ mail *app.Mailbox }

func (n notifier) Notify(_ context.Context, m passwd.Message) error {
	if m.Kind == passwd.MessageResetLink {
		n.mail.Put(app.Mail{To: m.To, Token: string(m.Token)})
	}
	return nil
}

// cheap is bcrypt at the least cost there is: what is left is everything else.
type cheap struct{}

func (cheap) Hash(_ context.Context, password string) (passwd.Hash, error) {
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	return passwd.Hash(h), err
}

func (cheap) Verify(_ context.Context, h passwd.Hash, password string) (pwhash.Verdict, error) {
	err := bcrypt.CompareHashAndPassword([]byte(h), []byte(password))
	if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return pwhash.Verdict{}, nil
	}
	return pwhash.Verdict{Match: err == nil}, err
}

// noLimits refuses nothing: a benchmark from one address is one long attack.
type noLimits struct{}

func (noLimits) Do(_ context.Context, _ time.Time, steps ...passwd.Step) ([]passwd.Taken, error) {
	return make([]passwd.Taken, len(steps)), nil
}
