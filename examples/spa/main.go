// A single-page app on gin, GORM and MariaDB, whose API is on another origin and takes
// bearer tokens: host.go is the app, passwords.go all that it has for passwords, app.js and
// page.js what runs in the browser. It needs a database.
//
//	go run ./examples/spa 'root@tcp(127.0.0.1:3306)/shop'
package main

import (
	"context"
	"crypto/rand"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"

	"gorm.io/driver/mysql"
	"gorm.io/gorm"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	db := must(gorm.Open(mysql.Open(os.Args[1]+"?parseTime=true"), &gorm.Config{TranslateError: true}))
	page, api := must(net.Listen("tcp", "127.0.0.1:0")), must(net.Listen("tcp", "127.0.0.1:0"))
	a := must(newApp(ctx, db, "http://"+page.Addr().String(), "http://"+api.Addr().String(), func(to, text string) { log.Print("to ", to, ": ", text) }))
	go a.service.Run(ctx)
	log.Print("open ", a.origin, "/")
	go http.Serve(page, a.page())
	go http.Serve(api, a.routes())
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
