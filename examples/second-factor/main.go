// 74 lines without blank lines and comments, and app.go and totp.go beside them: an
// app in which some accounts have a second factor, and no way leads around it. Run it
// and try the commands that it prints.
//
//	go run ./examples/second-factor
package main

import (
	"context"
	"crypto/rand"
	"encoding/base32"
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
)

const password = "Analytical-Engine-1843"

// ada has a second factor, grace has none.
var ada, grace = account("1", "ada"), account("2", "grace")

func account(id, name string) passwd.Account {
	email := name + "@example.com"
	return passwd.Account{
		Ref: passwd.Ref{ID: id}, Username: name, Email: email, Active: true,
		Address: []passwd.Address{{Channel: passwd.EmailChannel, Value: email}},
	}
}

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
	secret := make([]byte, 20)
	rand.Read(secret)
	store := memstore.New()
	a, err := newApp(store, map[passwd.Ref][]byte{ada.Ref: secret}, origin+"/account/password",
		passwd.NotifierFunc(func(_ context.Context, m passwd.Message) error {
			fmt.Fprintln(out, m.Kind, "to", m.To+":", m.Link)
			return nil
		}), time.Now)
	if err != nil {
		return err
	}
	for _, who := range []passwd.Account{ada, grace} {
		if err := register(ctx, a.service, store, who, password); err != nil {
			return err
		}
	}
	go a.service.Run(ctx)
	srv := &http.Server{Handler: a.handler}
	go srv.Serve(ln)
	code := totp(secret, time.Now().Unix()/30)
	fmt.Fprintf(out, "otpauth://totp/Demo:ada?issuer=Demo&secret=%s\n", base32.StdEncoding.EncodeToString(secret))
	fmt.Fprintf(out, "curl -i %s/sign-in --json '{\"login\": \"ada\", \"password\": \"%s\"}'\n", origin, password)
	fmt.Fprintf(out, "curl -i %s/sign-in --json '{\"login\": \"ada\", \"password\": \"%s\", \"code\": \"%s\"}' # in the next half minute\n", origin, password, code)
	fmt.Fprintf(out, "curl -i %s/account/password/api/v1/forgot --json '{\"login\": \"ada\"}'\n", origin)
	<-ctx.Done()
	return srv.Shutdown(context.WithoutCancel(ctx))
}

// register gives an account its first password.
func register(ctx context.Context, svc *passwd.Service, store *memstore.Store, a passwd.Account, password string) error {
	hash, err := svc.NewHash(ctx, a, password)
	if err != nil {
		return err
	}
	a.Hash = hash
	store.Set(a)
	return nil
}
