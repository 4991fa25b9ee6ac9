// 62 lines without blank lines and comments: the app's tokens.
package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

// tokens are the app's own JWTs. What the library adds to them is one claim, and one
// question on each request.
type tokens struct {
	key     []byte
	service *passwd.Service
	now     func() time.Time
}

type claims struct {
	Epoch int64 `json:"epoch"`
	jwt.RegisteredClaims
}

const (
	issuer = "https://app.example.com"
	ttl    = 15 * time.Minute
)

func (t tokens) issue(account passwd.Ref, epoch int64) (string, error) {
	now := t.now()
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims{epoch, jwt.RegisteredClaims{
		Issuer: issuer, Subject: account.ID, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
	}}).SignedString(t.key)
}

// bearer tells the library whose token a request brings. That the epoch still holds
// is for the library to ask.
func (t tokens) bearer(r *http.Request) (passwdhttp.Principal, error) {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return passwdhttp.Principal{}, passwd.ErrUnauthenticated
	}
	var c claims
	_, err := jwt.ParseWithClaims(text, &c, func(*jwt.Token) (any, error) { return t.key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer(issuer),
		jwt.WithExpirationRequired(), jwt.WithTimeFunc(t.now))
	if err != nil {
		return passwdhttp.Principal{}, errors.Join(passwd.ErrUnauthenticated, err)
	}
	return passwdhttp.Principal{Account: passwd.Ref{ID: c.Subject}, Epoch: c.Epoch}, nil
}

// account is what the app itself asks on each request: the signature says that the
// token is ours, and Live that the password is still the one it was given for.
func (t tokens) account(ctx context.Context, r *http.Request) (passwd.Ref, error) {
	p, err := t.bearer(r)
	if err != nil {
		return passwd.Ref{}, err
	}
	must, err := t.service.Live(ctx, p.Account, p.Epoch)
	if err == nil && must != passwd.NoReason {
		err = passwd.ErrChangeRequired
	}
	return p.Account, err
}

// renew is called when a password has been changed, which has ended all tokens: who
// has changed it goes on with another one, without signing in again.
func (t tokens) renew(w http.ResponseWriter, _ *http.Request, done passwd.Written) error {
	token, err := t.issue(done.Account, done.Epoch)
	if err == nil {
		w.Header().Set("Access-Token", token)
	}
	return err
}
