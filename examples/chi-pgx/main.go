// An app on chi, pgxpool, scs, citext and uuid: host.go is the app, passwords.go all that
// it has for passwords. It needs a database on PostgreSQL.
//
//	go run ./examples/chi-pgx postgres://postgres@127.0.0.1:5432/shop
package main

import (
	"context"
	"crypto/rand"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"

	"github.com/jackc/pgx/v5/pgxpool"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	pool := must(pgxpool.New(ctx, os.Args[1]))
	ln := must(net.Listen("tcp", "127.0.0.1:0"))
	a := must(newApp(ctx, pool, "http://"+ln.Addr().String(), func(to, text string) { log.Print("to ", to, ": ", text) }))
	go a.service.Run(ctx)
	log.Print("open ", a.origin, "/")
	go http.Serve(ln, a.routes())
	<-ctx.Done()
}

// secret is the key of the app: from its secret store, the same for all replicas.
func secret() []byte {
	key := make([]byte, 32)
	rand.Read(key)
	return key
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}
