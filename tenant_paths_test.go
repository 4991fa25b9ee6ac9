package passwd_test

import (
	"errors"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
)

// Whatever a service of one tenant is asked to do with an account of another's, it
// does not do it.
func TestInTenantLeavesOthersAlone(t *testing.T) {
	policy, err := pwpolicy.New(pwpolicy.Length{Min: 15}, pwpolicy.NotReused{Last: 3})
	if err != nil {
		t.Fatal(err)
	}
	kit := passwdtest.New(t, passwd.Config{Policy: policy})
	north, south := kit.Service.InTenant("north"), kit.Service.InTenant("south")
	a := ada()
	a.Ref = passwd.Ref{Tenant: "north", ID: "1"}
	ref := kit.Add(t, a, adaPassword)
	login := passwd.Login{Tenant: "north", Value: "ada"}
	in, err := north.SignIn(ctx, passwd.SignIn{Login: login, Password: adaPassword, Client: home})
	if err != nil {
		t.Fatal(err)
	}

	calls := map[string]struct {
		call func() error
		want error
	}{
		"RequestReset": {func() error {
			return south.RequestReset(ctx, passwd.RequestReset{Login: login, Client: home})
		}, passwd.ErrInvalidRequest},
		"RequestCode": {func() error {
			_, err := south.RequestCode(ctx, passwd.RequestCode{Login: login, Client: home})
			return err
		}, passwd.ErrInvalidRequest},
		"RequireChange":   {func() error { return south.RequireChange(ctx, passwd.RequireChange{Account: ref}) }, passwd.ErrNotFound},
		"LiftChange":      {func() error { return south.LiftChange(ctx, passwd.LiftChange{Account: ref}) }, passwd.ErrNotFound},
		"MarkCompromised": {func() error { return south.MarkCompromised(ctx, passwd.MarkCompromised{Account: ref}) }, passwd.ErrNotFound},
		"IssueTemporary": {func() error {
			_, err := south.IssueTemporary(ctx, passwd.IssueTemporary{Account: ref})
			return err
		}, passwd.ErrNotFound},
		"Revoke": {func() error {
			_, err := south.Revoke(ctx, passwd.Revoke{Account: ref})
			return err
		}, passwd.ErrNotFound},
		"Ticket": {func() error {
			_, err := south.Ticket(ctx, in)
			return err
		}, passwd.ErrEnded},
		"Check": {func() error {
			_, err := south.Check(ctx, passwd.Check{Account: ref, Password: newPassword, Client: home})
			return err
		}, passwd.ErrEnded},
		"ChangeByLogin": {func() error {
			_, err := south.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: login, Current: adaPassword, New: newPassword, Client: home})
			return err
		}, passwd.ErrWrongCredentials},
		"RevealMatches": {func() error {
			n, err := south.RevealMatches(ctx, login, home)
			if n != 0 {
				t.Errorf("RevealMatches tells of %d accounts", n)
			}
			return err
		}, nil},
		"NewHash": {func() error { // which would tell what their last passwords were
			_, err := south.NewHash(ctx, passwd.Account{Ref: ref}, adaPassword)
			return err
		}, passwd.ErrNotFound},
		"SetFirst": {func() error {
			_, err := south.SetFirst(ctx, ref, newPassword, home)
			return err
		}, passwd.ErrNotFound},
		"Invite":    {func() error { return south.Invite(ctx, ref, passwd.AnyChannel, home) }, passwd.ErrNotFound},
		"SendReset": {func() error { return south.SendReset(ctx, ref, passwd.AnyChannel, home) }, passwd.ErrNotFound},
		"Forget":    {func() error { return south.Forget(ctx, ref) }, passwd.ErrNotFound},
	}
	for name, c := range calls {
		if err := c.call(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if sent := kit.Deliver(t); len(sent) != 0 {
		t.Errorf("%d messages to another tenant's account", len(sent))
	}
	if must, err := north.Live(ctx, ref, in.Epoch); err != nil || must != passwd.NoReason {
		t.Errorf("the account is not as it was: %q, %v", must, err)
	}
}
