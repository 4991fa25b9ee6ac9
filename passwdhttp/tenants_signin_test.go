package passwdhttp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

// A sign-in is one of the tenant that the request is for: logins, sessions, and who is
// half signed in.
func TestSignInOfTenants(t *testing.T) {
	s, cfg := newSignIn(t, passwd.Config{Admit: func(_ context.Context, a passwd.Account, _ passwd.Client) error {
		if a.Username == "carl" {
			return passwd.ErrSecondFactor
		}
		return nil
	}}, passwdhttp.Config{
		SecondFactorURL: "/confirm", Tenant: func(r *http.Request) string { return r.Header.Get("X-Tenant") },
	})
	for _, login := range []string{"eve", "carl"} {
		s.Add(t, passwd.Account{Ref: passwd.Ref{Tenant: "north", ID: login}, Username: login}, current)
	}
	north, south := header("X-Tenant", "north"), header("X-Tenant", "south")
	eve := map[string]string{"login": "eve", "password": current}
	s.post(t, "signin", eve, south).want(t, 401, "wrong_credentials")
	s.post(t, "signin", eve).want(t, 401, "wrong_credentials")
	got := s.post(t, "signin", eve, north)
	got.want(t, 204, "")
	cookies := func(r *http.Request) {
		for _, c := range got.Result().Cookies() {
			r.AddCookie(c)
		}
	}
	s.do(t, request("GET", "devices", "", cookies, north), nil).want(t, 200, "")
	s.do(t, request("GET", "devices", "", cookies, south), nil).want(t, 401, "unauthenticated")

	got = s.post(t, "signin", map[string]string{"login": "carl", "password": current}, north)
	got.want(t, 403, "second_factor_required")
	for tenant, want := range map[string]int{"south": 401, "": 401, "north": 204} {
		w := httptest.NewRecorder()
		if err := passwdhttp.FinishSignIn(cfg, w, request("POST", "/confirm", "", cookies, header("X-Tenant", tenant))); err != nil {
			passwdhttp.Fail(cfg, w, request("POST", "/confirm", ""), err)
		}
		equal(t, "tenant "+tenant, w.Code, want)
	}
}
