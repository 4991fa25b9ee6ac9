package session_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/session"
)

// Two devices are signed in; a change of the password on one of them ends the
// session on the other.
func Example() {
	ctx := context.Background()
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	const current, next = "Analytical-Engine-1843", "Difference-Engine-1822"
	hash, err := pwhash.Argon2id{}.Hash(ctx, current)
	check(err)
	store := memstore.New(passwd.Account{Ref: passwd.Ref{ID: "7"}, Username: "ada", Hash: hash, Active: true})
	keys := passwd.RandomKeys()
	svc, err := passwd.New(passwd.Config{
		Store:  store,
		Keys:   keys,
		Notify: passwd.NotifierFunc(func(context.Context, passwd.Message) error { return nil }),
		Links:  passwd.Links{Base: "https://app.example.com/account/password"},
	})
	check(err)
	manager, err := session.New(session.Config{Store: store, Keys: keys, Observe: svc.Observe})
	check(err)

	in, err := svc.SignIn(ctx, passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: current})
	check(err)
	phone, err := manager.Start(ctx, in, session.Info{Client: "app", Device: "1", DeviceName: "Ada's phone"})
	check(err)
	laptop, err := manager.Start(ctx, in, session.Info{Client: "app", Device: "2", DeviceName: "Ada's laptop"})
	check(err)

	asking, err := manager.Check(ctx, string(phone.Access))
	check(err)
	_, err = svc.Change(ctx, passwd.Change{Account: asking.Account, Current: current, New: next, KeepSession: asking.ID})
	check(err)

	_, err = manager.Check(ctx, string(laptop.Access))
	fmt.Println("laptop has ended:", errors.Is(err, passwd.ErrEnded))
	left, err := manager.List(ctx, asking.Account)
	check(err)
	for _, s := range left {
		fmt.Println("signed in:", s.DeviceName)
	}
	renewed, err := manager.Refresh(ctx, string(phone.Refresh), passwd.Client{})
	fmt.Println("good for another", renewed.ExpiresIn, err)
	// Output:
	// laptop has ended: true
	// signed in: Ada's phone
	// good for another 1h0m0s <nil>
}
