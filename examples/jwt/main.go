// 112 lines without blank lines and comments, and tokens.go beside them: an app with
// JWTs of its own, which end with the password. Run it and try the commands that it
// prints.
//
//	go run ./examples/jwt
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/pwhash"
)

const password = "Analytical-Engine-1843"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	origin := "http://" + ln.Addr().String()
	a, err := newApp(ctx, origin+"/account/password", time.Now)
	if err != nil {
		return err
	}
	go a.service.Run(ctx)
	srv := &http.Server{Handler: a.handler}
	go srv.Serve(ln)
	fmt.Fprintf(out, "curl %s/tokens --json '{\"login\": \"ada\", \"password\": \"%s\"}'\n", origin, password)
	fmt.Fprintf(out, "curl -i %s/me -H 'Authorization: Bearer …'\n", origin)
	fmt.Fprintf(out, "curl -i %s/account/password/api/v1/change -H 'Authorization: Bearer …' --json '{\"current_password\": \"%s\", \"new_password\": \"Difference-Engine-1822\"}'\n", origin, password)
	<-ctx.Done()
	return srv.Shutdown(context.WithoutCancel(ctx))
}

type app struct {
	tokens
	faces   passwdhttp.Config
	handler http.Handler
}

func newApp(ctx context.Context, base string, now func() time.Time) (*app, error) {
	hash, err := pwhash.Argon2id{}.Hash(ctx, password)
	if err != nil {
		return nil, err
	}
	svc, err := passwd.New(passwd.Config{
		Store:  memstore.New(passwd.Account{Ref: passwd.Ref{ID: "7"}, Username: "ada", Hash: hash, Active: true}),
		Keys:   passwd.RandomKeys(), // an app keeps its keys
		Notify: passwd.NotifierFunc(func(context.Context, passwd.Message) error { return nil }),
		Links:  passwd.Links{Base: base},
		Now:    now,
	})
	if err != nil {
		return nil, err
	}
	a := &app{tokens: tokens{key: make([]byte, 32), service: svc, now: now}}
	rand.Read(a.key) // an app keeps this one, too

	a.faces = passwdhttp.Config{Service: svc, Authenticate: a.bearer, Renew: a.renew}
	api, err := passwdhttp.API(a.faces)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(svc.BasePath()+"/api/", api)
	mux.HandleFunc("POST /tokens", a.signIn)
	mux.HandleFunc("GET /me", a.me)
	a.handler = mux
	return a, nil
}

// signIn gives a token for a password.
func (a *app) signIn(w http.ResponseWriter, r *http.Request) {
	var in struct{ Login, Password string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&in); err != nil {
		passwdhttp.Fail(a.faces, w, r, passwd.ErrInvalidRequest)
		return
	}
	signed, err := a.service.SignIn(r.Context(), passwd.SignIn{
		Login: passwd.Login{Value: in.Login}, Password: in.Password, Client: passwdhttp.ClientOf(a.faces, r),
	})
	if err == nil && signed.Must != passwd.NoReason {
		err = passwd.ErrChangeRequired // and a ticket: see examples/second-factor
	}
	if err != nil {
		passwdhttp.Fail(a.faces, w, r, err)
		return
	}
	token, err := a.issue(signed.Account, signed.Epoch)
	if err != nil {
		passwdhttp.Fail(a.faces, w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]string{"access_token": token})
}

func (a *app) me(w http.ResponseWriter, r *http.Request) {
	account, err := a.account(r.Context(), r)
	if err != nil {
		passwdhttp.Fail(a.faces, w, r, err)
		return
	}
	fmt.Fprintf(w, "account %s\n", account.ID)
}
