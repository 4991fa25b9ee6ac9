package passwd_test

import (
	"errors"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// Two tenants have an account of one id, one name and one address each. What one
// of them holds opens nothing at the other's door.
func TestInTenant(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	north, south := kit.Service.InTenant("north"), kit.Service.InTenant("south")
	for _, tenant := range []string{"north", "south"} {
		a := ada()
		a.Ref = passwd.Ref{Tenant: tenant, ID: "1"}
		kit.Add(t, a, adaPassword)
	}
	login := passwd.Login{Tenant: "north", Value: "ada"}
	in, err := north.SignIn(ctx, passwd.SignIn{Login: login, Password: adaPassword, Client: home})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := south.SignIn(ctx, passwd.SignIn{Login: login, Password: adaPassword, Client: home}); !errors.Is(err, passwd.ErrWrongCredentials) {
		t.Errorf("sign-in with another tenant's login: %v", err)
	}
	if _, err := south.Live(ctx, in.Account, in.Epoch); !errors.Is(err, passwd.ErrEnded) {
		t.Errorf("another tenant's session: %v", err)
	}
	if _, err := north.Live(ctx, in.Account, in.Epoch); err != nil {
		t.Errorf("the own session: %v", err)
	}
	if _, err := south.Change(ctx, passwd.Change{Account: in.Account, Current: adaPassword, New: newPassword, Client: home}); err == nil {
		t.Error("changed the password of another tenant's account")
	}

	// The job may be worked off by whichever service runs.
	if err := north.RequestReset(ctx, passwd.RequestReset{Login: login, Client: home}); err != nil {
		t.Fatal(err)
	}
	if _, err := south.Work(ctx); err != nil {
		t.Fatal(err)
	}
	sent := kit.Mail.All()
	if len(sent) != 1 || sent[0].Account != in.Account {
		t.Fatalf("delivered %+v", sent)
	}
	token := sent[0].Token
	if err := south.CheckReset(ctx, passwd.CheckReset{Token: token, Client: home}); !errors.Is(err, passwd.ErrTokenInvalid) {
		t.Errorf("check of another tenant's token: %v", err)
	}
	if _, err := south.Reset(ctx, passwd.Reset{Token: token, New: newPassword, Client: home}); !errors.Is(err, passwd.ErrTokenInvalid) {
		t.Errorf("reset by another tenant's token: %v", err)
	}

	request, err := north.RequestCode(ctx, passwd.RequestCode{Login: login, Client: home})
	if err != nil {
		t.Fatal(err)
	}
	code := kit.Deliver(t)[0].Code
	if _, err := south.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: code, Client: home}); !errors.Is(err, passwd.ErrTokenInvalid) {
		t.Errorf("another tenant's code: %v", err)
	}

	if _, err := north.Reset(ctx, passwd.Reset{Token: token, New: newPassword, Client: home}); err != nil {
		t.Fatalf("the own token, after all that: %v", err)
	}
	kit.Clock.Advance(time.Minute)
	notice := kit.Deliver(t)[0]
	if notice.Kind != passwd.MessagePasswordReset {
		t.Fatalf("delivered a %s", notice.Kind)
	}
	cancel := cancelToken(t, notice)
	if err := south.CancelReset(ctx, passwd.CancelReset{Token: cancel, Client: home}); !errors.Is(err, passwd.ErrTokenInvalid) {
		t.Errorf("another tenant's notice: %v", err)
	}
	if err := north.CancelReset(ctx, passwd.CancelReset{Token: cancel, Client: home}); err != nil {
		t.Errorf("the own notice: %v", err)
	}
}
