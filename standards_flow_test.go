package passwd_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// F2, R3: whoever asks for links and codes, from as many addresses as they like,
// changes nothing about the account, fills no mailbox, and is told the same of an
// account that there is and of one that there is not.
func TestRequestsChangeNothing(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	in := mustSignIn(t, kit, "ada", adaPassword)
	before := account(t, kit, ref)
	sent := map[passwd.MessageKind]int{}
	for i := range 100 {
		for _, name := range []string{"ada", "nobody"} {
			if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login(name), Client: stranger(i)}); err != nil {
				t.Errorf("request %d of %s: %v", i, name, err)
			}
			request, err := kit.Service.RequestCode(ctx, passwd.RequestCode{Login: login(name), Client: stranger(i)})
			if err != nil || len(request) != 43 {
				t.Errorf("code %d of %s: %d characters, %v", i, name, len(request), err)
			}
		}
		for _, m := range kit.Deliver(t) {
			sent[m.Kind]++
		}
		kit.Clock.Advance(time.Second)
	}
	if n := sent[passwd.MessageResetLink] + sent[passwd.MessageResetCode]; n != 20 || len(sent) != 2 {
		t.Errorf("messages: %v, want 20 in the hour", sent)
	}
	if after := account(t, kit, ref); !reflect.DeepEqual(after, before) {
		t.Errorf("the account was\n%+v, is\n%+v", before, after)
	}
	if must, err := kit.Service.Live(ctx, ref, in.Epoch); must != passwd.NoReason || err != nil {
		t.Errorf("the session: %q, %v", must, err)
	}
	mustSignIn(t, kit, "ada", adaPassword)
}

// F5, F1: a reset is no second factor, and neither is the current password: the
// sign-in after the one, and a change by the other, are refused for want of it.
func TestResetIsNoSecondFactor(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{Admit: func(context.Context, passwd.Account, passwd.Client) error { return passwd.ErrSecondFactor }})
	kit.Add(t, ada(), adaPassword)
	if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: resetToken(t, kit, "ada"), New: newPassword, Client: home}); err != nil {
		t.Fatal(err)
	}
	_, err := signIn(kit, "ada", newPassword)
	wantErr(t, err, passwd.ErrSecondFactor)
	_, err = kit.Service.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: login("ada"), Current: newPassword, New: adaPassword, Always: true, Client: home})
	wantErr(t, err, passwd.ErrSecondFactor)
	_, err = signIn(kit, "ada", adaPassword)
	wantErr(t, err, passwd.ErrWrongCredentials)
}

// F6: what an administrator asks for has no place for a password, so that nobody
// can choose one for somebody else; an issued one is random each time.
func TestAdministratorsChooseNoPassword(t *testing.T) {
	for _, request := range []any{
		passwd.IssueTemporary{}, passwd.RequireChange{}, passwd.MarkCompromised{}, passwd.Revoke{}, passwd.RequestReset{}, passwd.RequestCode{},
	} {
		v := reflect.TypeOf(request)
		for i := range v.NumField() {
			f := v.Field(i)
			if free := f.Type == reflect.TypeFor[string]() || f.Type == reflect.TypeFor[[]byte]() || f.Type == reflect.TypeFor[passwd.Hash](); free && f.Name != "KeepSession" && f.Name != "SharedText" {
				t.Errorf("%s.%s is a %s", v.Name(), f.Name, f.Type)
			}
		}
	}
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	seen := map[string]bool{adaPassword: true}
	for range 50 {
		issued, err := kit.Service.IssueTemporary(ctx, passwd.IssueTemporary{Account: ref})
		if err != nil || seen[issued.Password] {
			t.Fatalf("issued before: %t, %v", seen[issued.Password], err)
		}
		seen[issued.Password] = true
	}
}

// M1, M2: each confirmed address, of any number, hears of a change; one that is not
// confirmed hears of nothing, and gets no link. A confirmed mail address and a
// confirmed number are two ways to recover.
func TestEveryConfirmedAddressIsTold(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	a := ada()
	a.Address = []passwd.Address{
		{Channel: passwd.EmailChannel, Value: "ada@work.example"}, {Channel: passwd.EmailChannel, Value: "ada@home.example"},
		{Channel: passwd.SMSChannel, Value: "15550000001"}, {Channel: passwd.SMSChannel, Value: "15550000002"},
	}
	ref := kit.Add(t, a, adaPassword) // Ada@example.com is on file, and not confirmed
	if err := change(kit, ref, adaPassword, newPassword); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, m := range kit.Deliver(t) {
		if m.Token != "" || m.Code != "" || strings.Contains(fmt.Sprintf("%#v", m), newPassword) {
			t.Errorf("the notice to %s tells a secret", m.To)
		}
		told = append(told, string(m.Channel)+" "+m.To)
	}
	if want := []string{"email ada@work.example", "email ada@home.example", "sms 15550000001", "sms 15550000002"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	for typed, want := range map[string]string{"ada@example.com": "ada@work.example", "15550000001": "15550000001"} {
		if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login(typed), Client: home}); err != nil {
			t.Fatal(err)
		}
		sent := kit.Deliver(t)
		if len(sent) != 1 || sent[0].To != want {
			t.Fatalf("%s: sent %+v, want one link to %s", typed, sent, want)
		}
		if err := kit.Service.CheckReset(ctx, passwd.CheckReset{Token: sent[0].Token}); err != nil {
			t.Errorf("the link to %s: %v", want, err)
		}
	}
}
