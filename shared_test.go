package passwd_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// twins are two accounts of one address.
func twins(t *testing.T, kit *passwdtest.Kit) {
	t.Helper()
	kit.Add(t, passwd.Account{Ref: passwd.Ref{Tenant: "t", ID: "1"}, Username: "castor", Email: "Shared@example.com", Locale: "nl"}, adaPassword)
	kit.Add(t, passwd.Account{Ref: passwd.Ref{Tenant: "t", ID: "2"}, Username: "pollux", Email: "shared@example.com"}, adaPassword)
}

func requestShared(tell bool) passwd.RequestReset {
	return passwd.RequestReset{Login: passwd.Login{Tenant: "t", Value: " SHARED@example.com"}, TellShared: tell, Client: home}
}

// An address of several accounts is told so where a face asks for that: by mail,
// with no token, no account named, and the link by which to ask again.
func TestSharedAddressIsTold(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	twins(t, kit)
	if err := kit.Service.RequestReset(ctx, requestShared(false)); err != nil {
		t.Fatal(err)
	}
	if sent := kit.Deliver(t); len(sent) != 0 {
		t.Fatalf("without TellShared: %+v", sent)
	}
	for _, tell := range []bool{false, true, true} { // of those that wait, the same absorb each other
		if err := kit.Service.RequestReset(ctx, requestShared(tell)); err != nil {
			t.Fatal(err)
		}
	}
	sent := kit.Deliver(t)
	if len(sent) != 1 {
		t.Fatalf("%d messages", len(sent))
	}
	m := sent[0]
	if m.Kind != passwd.MessageSharedAddress || m.To != "Shared@example.com" || m.Channel != passwd.EmailChannel || m.Locale != "nl" ||
		m.Account != (passwd.Ref{Tenant: "t"}) || m.Client.Addr != home.Addr || !m.ExpiresAt.IsZero() {
		t.Errorf("%+v", m)
	}
	if m.Token != "" || m.User != "" || m.Code != "" || m.Username != "" || strings.Contains(m.Link, "?") ||
		m.Link != "https://app.example.com/account/password/forgot" {
		t.Errorf("it carries what it must not: %+v, link %s", m, m.Link)
	}
}

// Only a confirmed address of an account that may be reset is told (I9, M2).
func TestSharedAddressIsNotTold(t *testing.T) {
	for name, edit := range map[string]func(a *passwd.Account){
		"disabled":    func(a *passwd.Account) { a.Disabled = true },
		"unconfirmed": func(a *passwd.Account) { a.Address = []passwd.Address{} },
		"another": func(a *passwd.Account) {
			a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Username + "@example.com"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{})
			for _, id := range []string{"1", "2"} {
				a := passwd.Account{Ref: passwd.Ref{Tenant: "t", ID: id}, Username: "u" + id, Email: "shared@example.com"}
				edit(&a)
				kit.Add(t, a, adaPassword)
			}
			if err := kit.Service.RequestReset(ctx, requestShared(true)); err != nil {
				t.Fatal(err)
			}
			if sent := kit.Deliver(t); len(sent) != 0 {
				t.Errorf("%+v", sent)
			}
		})
	}
}

// A shared address gets no more of these than an account gets links; a delivery
// that is tried again counts once.
func TestSharedAddressIsToldSoOften(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	twins(t, kit)
	ask := func() int {
		t.Helper()
		if err := kit.Service.RequestReset(ctx, requestShared(true)); err != nil {
			t.Fatal(err)
		}
		return len(kit.Deliver(t))
	}
	kit.Mail.Fail(errors.New("mail server is down"))
	if n := ask(); n != 0 {
		t.Fatalf("%d messages", n)
	}
	for range 5 {
		kit.Clock.Advance(time.Minute)
		kit.Deliver(t)
	}
	kit.Mail.Fail(nil)
	kit.Clock.Advance(10 * time.Minute)
	if n := len(kit.Deliver(t)); n != 1 {
		t.Fatalf("%d messages once the server is back", n)
	}
	got := fmt.Sprint(ask(), ask(), ask())
	if got != "1 1 0" {
		t.Errorf("messages: %s", got)
	}
	kit.Clock.Advance(time.Hour)
	if n := ask(); n != 1 {
		t.Errorf("%d messages an hour later", n)
	}
}

func TestRevealMatches(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{Limits: passwd.Limits{ResetRequests: passwd.Limit{Free: 6, Window: time.Hour}}})
	twins(t, kit)
	for value, want := range map[string]int{"shared@example.com": 2, "castor": 1, "nobody": 0, "nobody@example.com": 0, "15550000009": 0} {
		got, err := kit.Service.RevealMatches(ctx, passwd.Login{Tenant: "t", Value: value}, home)
		if err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", value, got, err, want)
		}
	}
	if n, err := kit.Service.RevealMatches(ctx, login("castor"), home); n != 0 || err != nil {
		t.Errorf("of another tenant: %d, %v", n, err)
	}
	for _, value := range []string{"castor", "nobody"} { // known or not, the seventh is too many
		_, err := kit.Service.RevealMatches(ctx, passwd.Login{Tenant: "t", Value: value}, home)
		wantErr(t, err, passwd.ErrRateLimited)
	}
	_, err := kit.Service.RevealMatches(ctx, login(strings.Repeat("a", 600)), home)
	wantErr(t, err, passwd.ErrInvalidRequest)
	// Who may ask for a link is counted apart.
	if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("castor"), Client: home}); err != nil {
		t.Error(err)
	}
}
