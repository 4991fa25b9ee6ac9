package redislimit_test

import (
	"context"
	"log"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/redislimit"
	"github.com/redis/go-redis/v9"
)

// Replicas that count together.
func Example() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379", ContextTimeoutEnabled: true})
	defer client.Close()
	limiter, err := redislimit.New(redislimit.Config{Client: client, Prefix: "shop:limit:"})
	if err != nil {
		log.Fatal(err)
	}
	svc, err := passwd.New(passwd.Config{
		Limiter: limiter,
		Store:   memstore.New(),      // replicas share a database
		Keys:    passwd.RandomKeys(), // and keys
		Notify:  passwd.NotifierFunc(func(context.Context, passwd.Message) error { return nil }),
		Links:   passwd.Links{Base: "https://app.example.com/account/password"},
	})
	if err != nil {
		log.Fatal(err)
	}
	_ = svc // mount it
}
