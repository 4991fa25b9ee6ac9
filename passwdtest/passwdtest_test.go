package passwdtest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

var ctx = context.Background()

// A forgotten password, from the request to the sign-in.
func ExampleNew() {
	t := new(testing.T) // in a test, its own
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, "the old password")

	err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: passwd.Login{Value: "ada"}})
	link := kit.Deliver(t)[0]
	fmt.Println(link.Kind, "to", link.To, err)

	_, err = kit.Service.Reset(ctx, passwd.Reset{Token: link.Token, New: "a quite different one"})
	fmt.Println(err)
	fmt.Println(kit.Deliver(t)[0].Kind)
	// Output:
	// reset_link to ada@example.com <nil>
	// <nil>
	// password_reset
}

func TestMailboxFails(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, "the old password")
	down := errors.New("down")
	kit.Mail.Fail(down)
	if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: passwd.Login{Value: "ada"}}); err != nil {
		t.Fatal(err)
	}
	if sent := kit.Deliver(t); len(sent) != 0 {
		t.Errorf("%d messages", len(sent))
	}
	if failed := kit.Events.Named(passwd.EventNotificationFailed); len(failed) != 1 || !errors.Is(failed[0].Err, down) {
		t.Errorf("events %+v", failed)
	}
	kit.Mail.Fail(nil)
	kit.Clock.Advance(time.Minute)
	if sent := kit.Deliver(t); len(sent) != 1 {
		t.Errorf("%d messages", len(sent))
	}
}

func TestHasher(t *testing.T) {
	h, err := passwdtest.Hasher{}.Hash(ctx, "secret")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := passwdtest.Hasher{}.Hash(ctx, "secret")
	if h == again {
		t.Error("no salt")
	}
	for password, want := range map[string]bool{"secret": true, "secrets": false, "": false} {
		if v, err := (passwdtest.Hasher{}).Verify(ctx, h, password); err != nil || v.Match != want {
			t.Errorf("%q: %+v, %v", password, v, err)
		}
	}
	for _, foreign := range []passwd.Hash{"", "x", "$insecure-test$", "$2b$10$abc"} {
		if _, err := (passwdtest.Hasher{}).Verify(ctx, foreign, "secret"); err == nil {
			t.Errorf("%d characters of another hash are judged", len(foreign))
		}
	}
}

func TestAddFillsIn(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	first := kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com", Mobile: "1"}, "x")
	second := kit.Add(t, passwd.Account{Username: "grace", Address: []passwd.Address{}}, "")
	if first == second {
		t.Error("two accounts of one id")
	}
	a, err := kit.Store.Get(ctx, first)
	if err != nil || len(a.Address) != 2 || !a.Active || a.Hash == "" {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err = kit.Store.Get(ctx, second); err != nil || len(a.Address) != 0 || a.Hash != "" {
		t.Errorf("%+v, %v", a, err)
	}
}
