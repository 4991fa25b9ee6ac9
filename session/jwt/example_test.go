package jwt_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/session/jwt"
)

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
	keys := passwd.RandomKeys()
	svc, err := passwd.New(passwd.Config{
		Store:  memstore.New(passwd.Account{Ref: passwd.Ref{ID: "7"}, Username: "ada", Hash: hash, Active: true}),
		Keys:   keys,
		Notify: passwd.NotifierFunc(func(context.Context, passwd.Message) error { return nil }),
		Links:  passwd.Links{Base: "https://app.example.com/account/password"},
	})
	check(err)
	tokens, err := jwt.New(jwt.Config{Purpose: "api", Issuer: "https://app.example.com", Keys: keys, Live: svc.Live})
	check(err)

	in, err := svc.SignIn(ctx, passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: current})
	check(err)
	token, err := tokens.Issue(in)
	check(err)
	claims, err := tokens.Verify(ctx, string(token))
	check(err)
	fmt.Println("account", claims.Account.ID, "for", claims.ExpiresAt.Sub(claims.IssuedAt))

	_, err = svc.Change(ctx, passwd.Change{Account: claims.Account, Current: current, New: next})
	check(err)
	_, err = tokens.Verify(ctx, string(token))
	fmt.Println("ended by the change:", errors.Is(err, passwd.ErrEnded))
	// Output:
	// account 7 for 1h0m0s
	// ended by the change: true
}
