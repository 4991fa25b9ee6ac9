package clients_test

import (
	"context"
	"testing"

	"github.com/passwd-go/passwd"

	"clients/ogen"
)

// credentials gives the client of ogen its access token.
type credentials struct{}

func (credentials) Bearer(context.Context, ogen.OperationName) (ogen.Bearer, error) {
	return ogen.Bearer{Token: "ada"}, nil
}

func (credentials) Session(context.Context, ogen.OperationName) (ogen.Session, error) {
	return ogen.Session{}, nil
}

// The flows by the client of ogen, which gives a type to every answer.
func TestOgen(t *testing.T) {
	a, ctx := newApp(t), t.Context()
	c, err := ogen.NewClient(a.server, credentials{})
	if err != nil {
		t.Fatal(err)
	}
	policy, err := c.Policy(ctx, ogen.PolicyParams{})
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := policy.(*ogen.PolicyHeaders); !ok || len(p.Response.Requirements) == 0 {
		t.Errorf("policy: %#v", policy)
	}
	short, err := c.Change(ctx, &ogen.Change{CurrentPassword: current, NewPassword: "short"}, ogen.ChangeParams{})
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := short.(*ogen.RejectedHeaders); !ok || len(p.Response.Errors) == 0 || p.Response.Errors[0].Code != "too_short" {
		t.Errorf("short: %#v", short)
	}
	changed, err := c.Change(ctx, &ogen.Change{CurrentPassword: current, NewPassword: next}, ogen.ChangeParams{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := changed.(*ogen.Done); !ok {
		t.Errorf("change: %#v", changed)
	}
	if _, err := c.Forgot(ctx, &ogen.Login{Login: "ada"}, ogen.ForgotParams{}); err != nil {
		t.Fatal(err)
	}
	token := string(a.mailed(t, passwd.MessageResetLink).Token)
	reset, err := c.Reset(ctx, &ogen.Reset{Token: token, NewPassword: current}, ogen.ResetParams{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := reset.(*ogen.Done); !ok {
		t.Errorf("reset: %#v", reset)
	}
	spent, err := c.Reset(ctx, &ogen.Reset{Token: token, NewPassword: current}, ogen.ResetParams{})
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := spent.(*ogen.InvalidTokenOrRejectedHeaders); !ok || p.Response.Code != "invalid_token" {
		t.Errorf("spent: %#v", spent)
	}
	a.signIn(t, current)
}
