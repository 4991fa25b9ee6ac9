// 58 lines: change and reset of a password, for one account kept in memory; 52 lines
// without blank lines and comments. Run it and try the commands that it prints.
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
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ln := must(net.Listen("tcp", "127.0.0.1:0"))
	base := "http://" + ln.Addr().String() + "/account/password"
	svc := must(passwd.New(passwd.Config{
		Store: memstore.New(passwd.Account{
			Ref: passwd.Ref{ID: "1"}, Username: "ada", Active: true,
			Address: []passwd.Address{{Channel: passwd.EmailChannel, Value: "ada@example.com"}},
			Hash:    must(pwhash.Argon2id{}.Hash(ctx, "Analytical-Engine-1843")),
		}),
		Keys: passwd.RandomKeys(), // an app keeps its keys
		Notify: passwd.NotifierFunc(func(_ context.Context, m passwd.Message) error {
			fmt.Println(m.Kind, "to", m.To+":", m.Link)
			return nil
		}),
		Links: passwd.Links{Base: base},
	}))
	go svc.Run(ctx)
	config := passwdhttp.Config{Service: svc, Authenticate: func(r *http.Request) (passwdhttp.Principal, error) {
		login, password, _ := r.BasicAuth() // an app has sessions
		in, _ := svc.SignIn(r.Context(), passwd.SignIn{Login: passwd.Login{Value: login}, Password: password})
		return passwdhttp.Principal{Account: in.Account, Epoch: in.Epoch}, nil // after an error: nobody
	}}
	mux := http.NewServeMux()
	mux.Handle("/account/password/api/", must(passwdhttp.API(config)))
	mux.Handle("/.well-known/change-password", passwdhttp.WellKnown(config))
	go http.Serve(ln, mux)
	fmt.Printf("curl -i %s/api/v1/forgot --json '{\"login\": \"ada\"}'\n", base)
	fmt.Printf("curl -iu ada:Analytical-Engine-1843 %s/api/v1/change --json '{\"current_password\": \"Analytical-Engine-1843\", \"new_password\": \"Difference-Engine-1822\"}'\n", base)
	<-ctx.Done()
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}
