package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strconv"

	"github.com/alexedwards/argon2id"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/pwhash"
	"golang.org/x/crypto/argon2"
)

const password = "Analytical-Engine-1843"

// arrangement is a way to verify passwords. It is made for a number of goroutines,
// and is called by each with its index.
type arrangement struct {
	name string
	make func(ctx context.Context, goroutines int) (verify func(goroutine int) error, err error)
}

// The service is the last.
var arrangements = [...]arrangement{
	{"argon2.IDKey", bare},
	{"argon2.IDKey, bounded", bounded},
	{"alexedwards/argon2id", alexedwards},
	{"passwd, Service.SignIn", service},
}

func isService(name string) bool { return name == arrangements[len(arrangements)-1].name }

func names() []string {
	all := make([]string, len(arrangements))
	for i, a := range arrangements {
		all[i] = a.name
	}
	return all
}

var errWrong = errors.New("the right password was refused")

// bare lets everybody hash at once.
func bare(context.Context, int) (func(int) error, error) {
	salt := []byte("0123456789abcdef")
	want := argon2.IDKey([]byte(password), salt, 2, 19456, 1, 32)
	return func(int) error {
		if subtle.ConstantTimeCompare(want, argon2.IDKey([]byte(password), salt, 2, 19456, 1, 32)) == 0 {
			return errWrong
		}
		return nil
	}, nil
}

// bounded is the best that a few lines do: as many at once as there are processors.
func bounded(ctx context.Context, n int) (func(int) error, error) {
	verify, err := bare(ctx, n)
	if err != nil {
		return nil, err
	}
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	return func(goroutine int) error {
		room <- struct{}{}
		defer func() { <-room }()
		return verify(goroutine)
	}, nil
}

func alexedwards(context.Context, int) (func(int) error, error) {
	hash, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 19456, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		return nil, err
	}
	return func(int) error {
		match, err := argon2id.ComparePasswordAndHash(password, hash)
		if err == nil && !match {
			err = errWrong
		}
		return err
	}, nil
}

// service signs in, with all that belongs to it: limits, the look-up, the line of
// those who wait. Everybody has an account and an address of their own: many who
// try at once at one account, or from one address, would be told to wait.
func service(ctx context.Context, goroutines int) (func(int) error, error) {
	store := memstore.New()
	svc, err := passwd.New(passwd.Config{
		Store:       store,
		Keys:        passwd.RandomKeys(),
		Notify:      passwd.NotifierFunc(func(context.Context, passwd.Message) error { return nil }),
		Links:       passwd.Links{Base: "https://app.example.com/account/password"},
		HashWaiting: goroutines, // nobody is sent away: that would not be the same work
	})
	if err != nil {
		return nil, err
	}
	hash, err := pwhash.Argon2id{}.Hash(ctx, password)
	if err != nil {
		return nil, err
	}
	for i := range goroutines {
		store.Set(passwd.Account{Ref: passwd.Ref{ID: strconv.Itoa(i)}, Username: fmt.Sprint("user", i), Active: true, Hash: hash})
	}
	return func(goroutine int) error {
		_, err := svc.SignIn(ctx, passwd.SignIn{
			Login: passwd.Login{Value: fmt.Sprint("user", goroutine)}, Password: password,
			Client: passwd.Client{Addr: netip.AddrFrom4([4]byte{10, 0, byte(goroutine >> 8), byte(goroutine)})},
		})
		return err
	}, nil
}
