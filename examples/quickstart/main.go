// 59 lines: a new app with sign-in, change, reset and devices, for one account kept in memory.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/session"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ln, mux, keys := must(net.Listen("tcp", "127.0.0.1:0")), http.NewServeMux(), passwd.RandomKeys()
	origin, hash := "http://"+ln.Addr().String(), must(pwhash.Argon2id{}.Hash(ctx, "Analytical-Engine-1843"))
	address := passwd.Address{Channel: passwd.EmailChannel, Value: "ada@example.com"}
	store := memstore.New(passwd.Account{Ref: passwd.Ref{ID: "1"}, Username: "ada", Active: true, Hash: hash, Address: []passwd.Address{address}})
	mailer := passwd.NotifierFunc(func(_ context.Context, m passwd.Message) error {
		_, err := fmt.Println(m.Kind, "to", m.To+":", m.Link)
		return err
	})
	svc := must(passwd.New(passwd.Config{
		Store:  store,  // sqlstore over your users table, or memstore
		Keys:   keys,   // 32 random bytes, the same on every replica
		Notify: mailer, // delivers messages
		Links:  passwd.Links{Base: origin + "/account/password"},
	}))
	go svc.Run(ctx) // delivers what is queued, until ctx ends
	config := must(passwdhttp.CookieSessions(passwdhttp.Config{Service: svc}, session.Config{Store: store, Keys: keys}))
	mux.Handle("/account/password/", must(passwdhttp.Pages(config))) // signin, change, forgot, devices, …
	mux.Handle("/account/password/api/", must(passwdhttp.API(config)))
	mux.Handle("/.well-known/change-password", passwdhttp.WellKnown(config))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		if who, err := config.Authenticate(r); err != nil {
			http.Redirect(w, r, "/account/password/signin", http.StatusSeeOther)
		} else {
			fmt.Fprintln(w, "Hello, account", who.Account.ID)
		}
	})
	go http.Serve(ln, passwdhttp.Enforce(config)(mux)) // who must change the password does nothing else
	fmt.Printf("open %s/ and sign in as ada, Analytical-Engine-1843\n", origin)
	<-ctx.Done()
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}
