// 92 lines without blank lines and comments are all that the app has for passwords.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/sqlstore"
)

var mapping = sqlstore.Config{Dialect: sqlstore.MySQL, Users: sqlstore.Users{
	Table: "users", ID: "id", IDType: sqlstore.BigInt, Hash: "password_hash",
	Email: "email", EmailConfirmed: "email_verified_at", Personal: []string{"name"},
}}

type passwords struct {
	store   *sqlstore.Store
	service *passwd.Service
	stays   *session.Manager // bearer tokens, and the devices that hold them
	config  passwdhttp.Config
}

func (a *app) adopt(ctx context.Context) (err error) {
	if a.store, err = sqlstore.New(must(a.db.DB()), mapping); err != nil {
		return err
	}
	if err := cmp.Or(a.store.Migrate(ctx), a.store.Verify(ctx)); err != nil {
		return err
	}
	keys := passwd.Keys{Current: secret()}
	notify := func(_ context.Context, m passwd.Message) error { // in words: packages locale and smtpmail
		a.mail(m.To, string(m.Kind)+" "+cmp.Or(string(m.Code), m.Link))
		return nil
	}
	links := passwd.Links{
		Base: a.api + "/password", Reset: a.origin + "/#/reset", Cancel: a.origin + "/#/cancel",
		Invitation: a.origin + "/#/welcome", Forgot: a.origin + "/#/forgot",
	}
	if a.service, err = passwd.New(passwd.Config{Store: a.store, Keys: keys, Links: links, Notify: passwd.NotifierFunc(notify)}); err != nil {
		return err
	}
	a.stays, err = session.New(session.Config{Store: a.store, Keys: keys, Observe: a.service.Observe})
	a.config = passwdhttp.Config{
		Service: a.service, LoginKind: passwd.Email, SignUp: true, PasswordField: "password", CrossOrigin: http.NewCrossOriginProtection(),
		Authenticate: func(r *http.Request) (passwdhttp.Principal, error) {
			return passwdhttp.Checked(a.stays.Check(r.Context(), bearer(r)))
		},
		SignedIn: a.begin, Sessions: a.stays,
		SignOut: func(_ http.ResponseWriter, r *http.Request) error { return a.stays.SignOut(r.Context(), bearer(r)) },
	}
	return errors.Join(err, a.config.CrossOrigin.AddTrustedOrigin(a.origin))
}

func (a *app) mount(r gin.IRouter) {
	r.Any("/password/api/*path", gin.WrapH(must(passwdhttp.API(a.config)))) // sign-in, change, reset, forced change, devices
	r.POST("/refresh", a.do(func(c *gin.Context) error {
		pair, err := a.stays.Refresh(c.Request.Context(), bearer(c.Request), passwdhttp.ClientOf(a.config, c.Request))
		return reply(c.Writer, pair, err)
	}))
}

func bearer(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

func (a *app) begin(w http.ResponseWriter, r *http.Request, in passwd.SignedIn) error {
	pair, err := a.stays.Start(r.Context(), in, session.Info{Client: "app", From: passwdhttp.ClientOf(a.config, r)})
	return reply(w, pair, err)
}

func reply(w http.ResponseWriter, pair session.Pair, err error) error {
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(map[string]any{
		"access_token": string(pair.Access), "refresh_token": string(pair.Refresh), "expires_in": int(pair.ExpiresIn.Seconds()),
	})
}

// user is who is signed in, and need not change the password first.
func (a *app) user(c *gin.Context) (u user, err error) {
	who, err := a.stays.Check(c.Request.Context(), bearer(c.Request))
	if err == nil {
		err = a.db.WithContext(c.Request.Context()).First(&u, "id = ?", who.Account.ID).Error
	}
	return u, err
}

// withPassword is who is signed in and has typed the password again.
func (a *app) withPassword(c *gin.Context, password string) (u user, err error) {
	if u, err = a.user(c); err == nil {
		login := passwd.Login{Kind: passwd.Email, Value: u.Email}
		_, err = a.service.SignIn(c.Request.Context(), passwd.SignIn{Login: login, Password: password, Client: passwdhttp.ClientOf(a.config, c.Request)})
	}
	return u, err
}
