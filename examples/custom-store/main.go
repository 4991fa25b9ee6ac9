// 76 lines without blank lines and comments, and a store of its own beside them: the
// accounts of an app without a database, each in a JSON file.
//
//	go run ./examples/custom-store
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/passwd-go/passwd"
)

func main() {
	log.SetFlags(0)
	folder, err := os.MkdirTemp("", "custom-store-")
	if err != nil {
		log.Fatal(err)
	}
	err = run(context.Background(), folder, os.Stdout)
	if err := errors.Join(err, os.RemoveAll(folder)); err != nil {
		log.Fatal(err)
	}
}

const (
	firstPassword = "Analytical-Engine-1843"
	newPassword   = "Difference-Engine-1822"
)

// run starts the app twice: what the first has written is there for the second.
func run(ctx context.Context, folder string, out io.Writer) error {
	keys := passwd.RandomKeys() // an app keeps its keys
	first, err := start(folder, keys)
	if err != nil {
		return err
	}
	if err := errors.Join(first.register(ctx), first.store.Close()); err != nil {
		return err
	}
	second, err := start(folder, keys)
	if err != nil {
		return err
	}
	for _, password := range []string{firstPassword, newPassword} {
		_, err := second.service.SignIn(ctx, passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: password})
		fmt.Fprintf(out, "after a restart, with %s: %v\n", password, err)
	}
	return second.store.Close()
}

type app struct {
	store   *Store
	service *passwd.Service
}

func start(folder string, keys passwd.Keys) (app, error) {
	store, err := Open(folder)
	if err != nil {
		return app{}, err
	}
	service, err := passwd.New(passwd.Config{
		Store: store, Keys: keys,
		Notify: passwd.NotifierFunc(func(context.Context, passwd.Message) error { return nil }),
		Links:  passwd.Links{Base: "https://app.example.com/account/password"},
	})
	if err != nil {
		return app{}, errors.Join(err, store.Close())
	}
	return app{store, service}, nil
}

// register makes an account, whose owner has second thoughts about the password.
func (a app) register(ctx context.Context) error {
	ada := passwd.Account{Ref: passwd.Ref{ID: "1"}, Username: "ada", Active: true}
	hash, err := a.service.NewHash(ctx, ada, firstPassword)
	if err != nil {
		return err
	}
	ada.Hash = hash
	if err := a.store.Put(ctx, ada); err != nil {
		return err
	}
	_, err = a.service.Change(ctx, passwd.Change{Account: ada.Ref, Current: firstPassword, New: newPassword})
	return err
}
