package clients_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"

	"clients/openapi"
)

const current, next = "velvet tuba 7491 lantern", "mantine gearwheel 1843"

// app is a host with the JSON API, whose access tokens are made up here.
type app struct {
	*passwdtest.Kit
	ada    passwd.Ref
	epoch  int64
	server string // of the API
}

func newApp(t *testing.T) *app {
	a := &app{Kit: passwdtest.New(t, passwd.Config{Links: passwd.Links{Base: "https://app.example.com/account/password"}})}
	a.ada = a.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, current)
	a.signIn(t, current)
	api, err := passwdhttp.API(passwdhttp.Config{
		Service: a.Service,
		Authenticate: func(r *http.Request) (passwdhttp.Principal, error) {
			if r.Header.Get("Authorization") != "Bearer ada" {
				return passwdhttp.Principal{}, passwd.ErrUnauthenticated
			}
			return passwdhttp.Principal{Account: a.ada, Epoch: a.epoch}, nil
		},
		Renew: func(_ http.ResponseWriter, _ *http.Request, w passwd.Written) error {
			a.epoch = w.Epoch
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(api)
	t.Cleanup(s.Close)
	a.server = s.URL + "/account/password/api/v1"
	return a
}

func (a *app) signIn(t *testing.T, password string) passwd.SignedIn {
	t.Helper()
	in, err := a.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	a.epoch = in.Epoch
	return in
}

// mailed returns the message of a kind that has just been sent.
func (a *app) mailed(t *testing.T, kind passwd.MessageKind) passwd.Message {
	t.Helper()
	for _, m := range a.Deliver(t) {
		if m.Kind == kind {
			return m
		}
	}
	t.Fatalf("no %v", kind)
	return passwd.Message{}
}

// Every flow of the JSON API by the client of oapi-codegen.
func TestOapiCodegen(t *testing.T) {
	a, ctx := newApp(t), t.Context()
	bearer := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer ada")
		return nil
	}
	c, err := openapi.NewClientWithResponses(a.server)
	if err != nil {
		t.Fatal(err)
	}
	german := "de"

	policy, err := c.PolicyWithResponse(ctx, nil)
	if err != nil || policy.JSON200 == nil || len(policy.JSON200.Requirements) == 0 {
		t.Fatalf("policy: %+v, %v", policy, err)
	}
	least, err := policy.JSON200.Requirements[0].Params["min"].AsParam0()
	if err != nil || policy.JSON200.Requirements[0].Code != "too_short" || least != 15 {
		t.Errorf("requirement: %+v, at least %v, %v", policy.JSON200.Requirements[0], least, err)
	}

	signedOut, err := c.ChangeWithResponse(ctx, nil, openapi.Change{CurrentPassword: current, NewPassword: next})
	if err != nil || signedOut.ApplicationproblemJSON401 == nil || signedOut.ApplicationproblemJSON401.Code != "unauthenticated" {
		t.Errorf("signed out: %+v, %v", signedOut, err)
	}
	wrong, err := c.ChangeWithResponse(ctx, nil, openapi.Change{CurrentPassword: "wrong", NewPassword: next}, bearer)
	if err != nil || wrong.ApplicationproblemJSON403 == nil || wrong.ApplicationproblemJSON403.Code != "wrong_password" {
		t.Errorf("wrong: %+v, %v", wrong, err)
	}
	short, err := c.ChangeWithResponse(ctx, &openapi.ChangeParams{AcceptLanguage: &german}, openapi.Change{CurrentPassword: current, NewPassword: "short"}, bearer)
	if err != nil || short.ApplicationproblemJSON422 == nil {
		t.Fatalf("short: %+v, %v", short, err)
	}
	violations := short.ApplicationproblemJSON422.Errors
	if violations == nil || len(*violations) == 0 || (*violations)[0].Code != "too_short" || !strings.Contains((*violations)[0].Detail, "15 Zeichen") {
		t.Errorf("short: %+v", violations)
	}
	report, err := c.CheckWithResponse(ctx, nil, openapi.Check{Password: "ada1843 "}, bearer)
	switch {
	case err != nil || report.JSON200 == nil:
		t.Fatalf("check: %+v, %v", report, err)
	case report.JSON200.Ok, report.JSON200.Score == nil, report.JSON200.Notes == nil, report.JSON200.Advice == nil:
		t.Errorf("report: %s", report.Body)
	}
	changed, err := c.ChangeWithResponse(ctx, nil, openapi.Change{CurrentPassword: current, NewPassword: next}, bearer)
	if err != nil || changed.StatusCode() != 204 {
		t.Errorf("change: %+v, %v", changed, err)
	}
	notice := a.mailed(t, passwd.MessagePasswordChanged)

	link, err := url.Parse(notice.Link)
	if err != nil {
		t.Fatal(err)
	}
	locked, err := c.CancelWithResponse(ctx, nil, openapi.Token{Token: link.Query().Get("token")})
	if err != nil || locked.StatusCode() != 204 {
		t.Errorf("cancel: %+v, %v", locked, err)
	}

	asked, err := c.ForgotWithResponse(ctx, nil, openapi.Login{Login: "ada"})
	if err != nil || asked.JSON202 == nil || asked.JSON202.Detail == "" {
		t.Errorf("forgot: %+v, %v", asked, err)
	}
	token := string(a.mailed(t, passwd.MessageResetLink).Token)
	good, err := c.CheckResetWithResponse(ctx, nil, openapi.Token{Token: token})
	if err != nil || good.StatusCode() != 204 {
		t.Errorf("check of a link: %+v, %v", good, err)
	}
	reset, err := c.ResetWithResponse(ctx, nil, openapi.Reset{Token: token, NewPassword: current + " again"})
	if err != nil || reset.StatusCode() != 204 {
		t.Errorf("reset: %+v, %v", reset, err)
	}
	spent, err := c.ResetWithResponse(ctx, nil, openapi.Reset{Token: token, NewPassword: current + " again"})
	if err != nil || spent.ApplicationproblemJSON422 == nil || spent.ApplicationproblemJSON422.Code != "invalid_token" || spent.ApplicationproblemJSON422.Errors != nil {
		t.Errorf("spent: %+v, %v", spent, err)
	}

	code, err := c.ForgotCodeWithResponse(ctx, nil, openapi.Login{Login: "ada"})
	if err != nil || code.JSON202 == nil {
		t.Fatalf("forgot by code: %+v, %v", code, err)
	}
	redeemed, err := c.RedeemCodeWithResponse(ctx, nil, openapi.Code{RequestId: code.JSON202.RequestId, Code: string(a.mailed(t, passwd.MessageResetCode).Code)})
	if err != nil || redeemed.JSON200 == nil {
		t.Fatalf("code: %+v, %v", redeemed, err)
	}
	byCode, err := c.ResetWithResponse(ctx, nil, openapi.Reset{Token: redeemed.JSON200.Token, NewPassword: next + " again"})
	if err != nil || byCode.StatusCode() != 204 {
		t.Errorf("reset by code: %+v, %v", byCode, err)
	}

	ticket := a.mustChange(t, next+" again")
	forced, err := c.ChangeRequiredWithResponse(ctx, nil, openapi.ChangeRequired{Ticket: ticket, NewPassword: current})
	if err != nil || forced.StatusCode() != 204 {
		t.Errorf("forced change: %+v, %v", forced, err)
	}
	a.signIn(t, current)
}

// mustChange signs in somebody who must change the password first.
func (a *app) mustChange(t *testing.T, password string) (ticket string) {
	t.Helper()
	if err := a.Service.RequireChange(t.Context(), passwd.RequireChange{Account: a.ada, Reason: passwd.Administrator}); err != nil {
		t.Fatal(err)
	}
	a.Clock.Advance(time.Second)
	given, err := a.Service.Ticket(t.Context(), a.signIn(t, password))
	if err != nil {
		t.Fatal(err)
	}
	return string(given)
}
