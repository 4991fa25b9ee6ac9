// 90 lines without blank lines and comments are all that the app has for passwords.
package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/sqlstore"
	"github.com/passwd-go/passwd/sqlstore/pgxstore"
)

var mapping = sqlstore.Config{Users: sqlstore.Users{
	Table: "users", ID: "id", IDType: sqlstore.UUID, Hash: "password_hash",
	Email: "email", Lookup: sqlstore.LookupColumn, EmailConfirmed: "email_verified_at", // citext, and a time
	Personal: []string{"name"}, Where: []sqlstore.Condition{{Column: "deleted_at"}},
}}

type passwords struct {
	store   *pgxstore.Store
	service *passwd.Service
	stays   *session.Manager // devices: scs has the token
	config  passwdhttp.Config
}

func (a *app) adopt(ctx context.Context) (err error) {
	if a.store, err = pgxstore.New(a.pool, mapping); err != nil {
		return err
	}
	if err := cmp.Or(a.store.Migrate(ctx), a.store.Verify(ctx)); err != nil {
		return err
	}
	keys := passwd.Keys{Current: secret()}
	notify := func(_ context.Context, m passwd.Message) error { // in words: packages locale and smtpmail
		a.mail(m.To, string(m.Kind)+" "+m.Link)
		return nil
	}
	links := passwd.Links{Base: a.origin + "/account/password"}
	if a.service, err = passwd.New(passwd.Config{Store: a.store, Keys: keys, Links: links, Notify: passwd.NotifierFunc(notify)}); err != nil {
		return err
	}
	a.stays, err = session.New(session.Config{Store: a.store, Keys: keys, AccessTTL: 30 * 24 * time.Hour, Observe: a.service.Observe})
	a.config = passwdhttp.Config{
		Service: a.service, LoginKind: passwd.Email, SignUp: true, PasswordField: "password",
		Authenticate: a.authenticate, SignedIn: a.begin, Renew: a.renew, Resume: a.renew, SignOut: a.end, Sessions: a.stays,
	}
	return err
}

func (a *app) mount(r chi.Router) {
	r.Use(passwdhttp.Enforce(a.config))
	r.Handle("/account/password/*", must(passwdhttp.Pages(a.config))) // sign-in, change, reset, forced change, devices
	r.Handle("/account/password/api/*", must(passwdhttp.API(a.config)))
	r.Handle("/.well-known/change-password", passwdhttp.WellKnown(a.config))
}

func (a *app) authenticate(r *http.Request) (passwdhttp.Principal, error) {
	who, err := passwdhttp.Checked(a.stays.Check(r.Context(), a.sessions.GetString(r.Context(), "stay")))
	if errors.Is(err, passwd.ErrEnded) {
		err = passwd.ErrUnauthenticated
	}
	who.Username = a.sessions.GetString(r.Context(), "email")
	return who, err
}

func (a *app) begin(w http.ResponseWriter, r *http.Request, in passwd.SignedIn) error {
	pair, err := a.stays.Start(r.Context(), in, session.Info{From: passwdhttp.ClientOf(a.config, r)})
	if err == nil {
		err = errors.Join(a.end(w, r), a.sessions.RenewToken(r.Context()))
	}
	if err != nil {
		return err
	}
	a.sessions.Put(r.Context(), "stay", string(pair.Access))
	var email string
	err = a.pool.QueryRow(r.Context(), "SELECT email FROM users WHERE id = $1", in.Account.ID).Scan(&email)
	a.sessions.Put(r.Context(), "email", email)
	return err
}

func (a *app) renew(w http.ResponseWriter, r *http.Request, done passwd.Written) error {
	return a.begin(w, r, passwd.SignedIn{Account: done.Account, Epoch: done.Epoch})
}

func (a *app) end(_ http.ResponseWriter, r *http.Request) error {
	return a.stays.SignOut(r.Context(), a.sessions.PopString(r.Context(), "stay"))
}

// withPassword is who is signed in and has typed the password again.
func (a *app) withPassword(r *http.Request) (passwdhttp.Principal, error) {
	who, err := a.authenticate(r)
	if err == nil {
		login := passwd.Login{Kind: passwd.Email, Value: who.Username}
		_, err = a.service.SignIn(r.Context(), passwd.SignIn{Login: login, Password: r.PostFormValue("password"), Client: passwdhttp.ClientOf(a.config, r)})
	}
	return who, err
}
