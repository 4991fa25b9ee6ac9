package clients_test

import (
	"net/http/httptest"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/wire"

	_ "clients/brand"
	"clients/grant"
	_ "clients/profile"
	_ "clients/remind"
	_ "clients/signin"
)

// A wire format by its client: a pair of tokens by a form, and a change by JSON. The
// clients of the others are compiled.
func TestWireClients(t *testing.T) {
	store, keys := memstore.New(), passwd.RandomKeys()
	kit := passwdtest.New(t, passwd.Config{Store: store, Keys: keys})
	kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, current)
	sessions, err := session.New(session.Config{Store: store, Keys: keys, Now: kit.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	format, err := wire.Grant{
		Config: wire.Config{Service: kit.Service}, Base: "/api", Clients: wire.StaticClients{Public: []string{"app"}}, Sessions: sessions,
	}.Handler()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(format)
	defer s.Close()
	c, err := grant.NewClientWithResponses(s.URL + "/api")
	if err != nil {
		t.Fatal(err)
	}
	ctx, is := t.Context(), func(s string) *string { return &s }
	in, err := c.TokenWithFormdataBodyWithResponse(ctx, nil, grant.TokenRequest{
		ClientId: is("app"), GrantType: "password", Username: is("ada@example.com"), Password: is(current), DeviceId: is("1"), DeviceName: is("phone"),
	})
	if err != nil || in.JSON200 == nil || in.JSON200.AccessToken == "" || in.JSON200.TokenType != "Bearer" {
		t.Fatalf("token: %s, %v", in.Body, err)
	}
	change := grant.ChangePassword{
		ClientId: "app", GrantType: "password", Username: "ada@example.com", Password: current, NewPassword: "short", DeviceId: "1", DeviceName: "phone",
	}
	out, err := c.ChangePasswordWithResponse(ctx, nil, change)
	if err != nil || out.JSON400 == nil {
		t.Errorf("short: %s, %v", out.Body, err)
	}
	change.NewPassword = next
	if out, err = c.ChangePasswordWithResponse(ctx, nil, change); err != nil || out.JSON200 == nil {
		t.Errorf("change: %s, %v", out.Body, err)
	}
	if in, err = c.TokenWithFormdataBodyWithResponse(ctx, nil, grant.TokenRequest{
		ClientId: is("app"), GrantType: "password", Username: is("ada@example.com"), Password: is(current), DeviceId: is("1"), DeviceName: is("phone"),
	}); err != nil || in.JSON400 == nil {
		t.Errorf("the old password: %s, %v", in.Body, err)
	}
}
