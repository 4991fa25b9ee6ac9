package dbtest_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// What strangers have failed at an account of a table that was just adopted still
// counts when somebody asks for a link, by which it gets its first epoch (R1).
func TestAFirstEpochForgivesNothing(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			h := s.newHost(t, s.open(t), usual)
			now := t0
			svc, err := passwd.New(passwd.Config{
				Store: h.store, Keys: passwd.RandomKeys(), Hasher: passwdtest.Hasher{}, Now: func() time.Time { return now },
				Limits: passwd.Limits{StopAfter: 10},
				Links:  passwd.Links{Base: "https://app.example.com/password"},
				Notify: passwd.NotifierFunc(func(context.Context, passwd.Message) error { return nil }),
			})
			if err != nil {
				t.Fatal(err)
			}
			hash, err := passwdtest.Hasher{}.Hash(t.Context(), "the right one")
			if err != nil {
				t.Fatal(err)
			}
			a := passwd.Account{Ref: passwd.Ref{Tenant: "north", ID: "100"}, Email: "ada@example.com", Hash: hash, Active: true}
			a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Email}}
			if err := h.seed(t.Context(), h.db, a); err != nil {
				t.Fatal(err)
			}
			login, strangers := passwd.Login{Tenant: "north", Value: a.Email}, 0
			stranger := func() passwd.Client {
				strangers++
				return passwd.Client{Addr: netip.MustParseAddr(fmt.Sprint("192.0.2.", strangers))}
			}
			guess := func(password string) {
				t.Helper()
				_, err := svc.SignIn(t.Context(), passwd.SignIn{Login: login, Password: password, Client: stranger()})
				if !errors.Is(err, passwd.ErrWrongCredentials) {
					t.Fatalf("guess %d: %v", strangers, err)
				}
			}
			for range 7 {
				guess("a wrong one")
			}
			if err := svc.RequestReset(t.Context(), passwd.RequestReset{Login: login, Client: stranger()}); err != nil {
				t.Fatal(err)
			}
			if _, err := svc.Work(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got, err := h.store.Get(t.Context(), a.Ref); err != nil || got.Epoch == 0 {
				t.Fatalf("epoch %d (%v)", got.Epoch, err)
			}
			guess("a wrong one")
			now = now.Add(time.Hour)
			guess("the right one") // the ninth of eight
		})
	}
}
