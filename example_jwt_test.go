package passwd_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/pwhash"
)

// accessTokens is a host's own: JWTs with the account and the epoch in them.
type accessTokens struct {
	key []byte
	svc *passwd.Service
}

type accessClaims struct {
	Epoch int64 `json:"epoch"`
	jwt.RegisteredClaims
}

func (t accessTokens) issue(in passwd.SignedIn) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodHS256, accessClaims{
		Epoch: in.Epoch,
		RegisteredClaims: jwt.RegisteredClaims{
			Subject:   in.Account.ID,
			ExpiresAt: jwt.NewNumericDate(time.Now().Add(15 * time.Minute)),
		},
	}).SignedString(t.key)
}

// verify is asked on each request. The signature says that the token is ours;
// whether the password has been changed since, only Live knows.
func (t accessTokens) verify(ctx context.Context, token string) (passwd.Ref, error) {
	var claims accessClaims
	_, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return t.key, nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	if err != nil {
		return passwd.Ref{}, errors.Join(passwd.ErrUnauthenticated, err)
	}
	account := passwd.Ref{ID: claims.Subject}
	must, err := t.svc.Live(ctx, account, claims.Epoch)
	if err == nil && must != passwd.NoReason {
		err = passwd.ErrChangeRequired
	}
	return account, err
}

// A host with JWTs of its own puts the epoch into each, and a password change
// ends those that are out.
func Example_jwt() {
	ctx := context.Background()
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	const current, next = "Analytical-Engine-1843", "Difference-Engine-1822"
	hash, err := pwhash.Argon2id{}.Hash(ctx, current)
	check(err)
	svc, err := passwd.New(passwd.Config{
		Store:  memstore.New(passwd.Account{Ref: passwd.Ref{ID: "7"}, Username: "ada", Hash: hash, Active: true}),
		Keys:   passwd.RandomKeys(),
		Notify: passwd.NotifierFunc(func(context.Context, passwd.Message) error { return nil }),
		Links:  passwd.Links{Base: "https://app.example.com/account/password"},
	})
	check(err)
	tokens := accessTokens{[]byte("32 random bytes of the host's own"), svc}

	in, err := svc.SignIn(ctx, passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: current})
	check(err)
	token, err := tokens.issue(in)
	check(err)
	account, err := tokens.verify(ctx, token)
	fmt.Println("before:", account.ID, err)

	_, err = svc.Change(ctx, passwd.Change{Account: in.Account, Current: current, New: next})
	check(err)
	_, err = tokens.verify(ctx, token)
	fmt.Println("after:", err)
	// Output:
	// before: 7 <nil>
	// after: passwd: session has ended
}
