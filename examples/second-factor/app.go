// 123 lines without blank lines and comments: signing in, in one request or in two.
package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/wire"
)

type app struct {
	service  *passwd.Service
	factors  *factors
	sessions *session.Manager
	faces    passwdhttp.Config
	handler  http.Handler
}

// newApp makes an app over a store. Whose accounts have a second factor is in secrets.
func newApp(store *memstore.Store, secrets map[passwd.Ref][]byte, base string, notify passwd.Notifier, now func() time.Time) (*app, error) {
	a := &app{factors: &factors{limiter: passwd.NewMemoryLimiter(0), now: now, secret: secrets, used: map[passwd.Ref]int64{}}}
	keys := passwd.RandomKeys() // an app keeps its keys
	var err error
	a.service, err = passwd.New(passwd.Config{
		Store: store, Keys: keys, Notify: notify, Links: passwd.Links{Base: base}, Now: now,
		PolicyFor: a.factors.policy,
		Admit:     a.factors.admit,
	})
	if err != nil {
		return nil, err
	}
	a.sessions, err = session.New(session.Config{
		Store: store, Keys: keys, Observe: a.service.Observe, Now: now,
		IdleTTL: time.Hour, MaxAge: 24 * time.Hour, // NIST SP 800-63B-4 §2.2.3, with two factors
	})
	if err != nil {
		return nil, err
	}
	a.handler, err = a.routes(keys)
	return a, err
}

func (a *app) routes(keys passwd.Keys) (http.Handler, error) {
	a.faces = passwdhttp.Config{Service: a.service, Authenticate: a.bearer}
	api, err := passwdhttp.API(a.faces)
	if err != nil {
		return nil, err
	}
	// Published formats have no place for a second factor, and no way around it:
	// Admit is asked by the service, not by them.
	grant, err := wire.Grant{
		Config: wire.Config{Service: a.service}, Base: "/grant",
		Clients: wire.StaticClients{Public: []string{"old app"}}, Sessions: a.sessions,
	}.Handler()
	if err != nil {
		return nil, err
	}
	signIn, err := wire.SignIn{
		Config: wire.Config{Service: a.service}, Base: "/auth",
		Issuer: "demo", Keys: keys, Sessions: a.sessions,
	}.Handler()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(a.service.BasePath()+"/api/", api)
	mux.Handle("/grant/", grant)
	mux.Handle("/auth/", signIn)
	mux.HandleFunc("POST /sign-in", a.signIn)
	return mux, nil
}

// signIn takes login and password, and where that is not enough the code as well, in
// the same request or in another one like it: nothing half signed in is kept.
func (a *app) signIn(w http.ResponseWriter, r *http.Request) {
	var in struct{ Login, Password, Code string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&in); err != nil {
		passwdhttp.Fail(a.faces, w, r, passwd.ErrInvalidRequest)
		return
	}
	ctx := r.Context()
	from := passwdhttp.ClientOf(a.faces, r)
	signed, err := a.service.SignIn(ctx, passwd.SignIn{Login: passwd.Login{Value: in.Login}, Password: in.Password, Client: from})
	if errors.Is(err, passwd.ErrSecondFactor) && in.Code != "" {
		if err = a.factors.check(ctx, signed.Account, in.Code); err == nil {
			a.service.Admitted(ctx, signed, from)
		}
	}
	if err != nil {
		passwdhttp.Fail(a.faces, w, r, err)
		return
	}
	// Only from here on is there something to give: a ticket to an account that must
	// change its password, a session to any other.
	if signed.Must != passwd.NoReason {
		a.ticket(w, r, signed)
		return
	}
	pair, err := a.sessions.Start(ctx, signed, session.Info{Client: "web", From: from})
	if err != nil {
		passwdhttp.Fail(a.faces, w, r, err)
		return
	}
	reply(w, http.StatusOK, map[string]string{"access_token": string(pair.Access), "refresh_token": string(pair.Refresh)})
}

// ticket gives whoever must change the password what POST change-required takes.
func (a *app) ticket(w http.ResponseWriter, r *http.Request, signed passwd.SignedIn) {
	ticket, err := a.service.Ticket(r.Context(), signed)
	if err != nil {
		passwdhttp.Fail(a.faces, w, r, err)
		return
	}
	reply(w, http.StatusForbidden, map[string]string{"code": string(passwd.CodePasswordChangeRequired), "ticket": string(ticket)})
}

// bearer tells the library whose session a request belongs to. An account that must
// change its password still has one, for that alone.
func (a *app) bearer(r *http.Request) (passwdhttp.Principal, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return passwdhttp.Principal{}, passwd.ErrUnauthenticated
	}
	s, err := a.sessions.Check(r.Context(), token)
	if errors.Is(err, passwd.ErrChangeRequired) {
		err = nil
	}
	return passwdhttp.Principal{Account: s.Account, Epoch: s.Epoch, Session: s.ID}, err
}

func reply(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
