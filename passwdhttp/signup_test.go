package passwdhttp_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/pwpolicy"
)

// A form for a new account is told what would be held against its password, by what
// has been typed beside it.
func TestSignUpCheck(t *testing.T) {
	policy, err := pwpolicy.New(pwpolicy.Length{Min: 12}, pwpolicy.NotLogin{}, pwpolicy.NotSimilar{}, pwpolicy.NotReused{Last: 5})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, passwd.Config{Policy: policy}, passwdhttp.Config{})
	s.ada(t)
	for name, tc := range map[string]struct {
		body map[string]string
		want string
	}{
		"nothing typed":    {map[string]string{"password": "walnut teapots"}, ""},
		"short":            {map[string]string{"password": "walnut"}, "too_short"},
		"like a name":      {map[string]string{"password": "LadyLovelace1", "name": "Ada Lovelace"}, "similar"},
		"like a last name": {map[string]string{"password": "lovelace-lovelace", "last_name": "Lovelace"}, "similar"},
		"the login":        {map[string]string{"password": "ada.l@example.com", "email": "ada.l@example.com"}, "same_as_login"},
		"somebody else's":  {map[string]string{"password": "walnut teapots", "email": "ada@example.com", "username": "ada"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.post(t, "signup/check", tc.body)
			got.want(t, 200, "")
			var report struct {
				OK         bool
				Violations []struct{ Code, Detail string }
			}
			if err := json.Unmarshal(got.Body.Bytes(), &report); err != nil {
				t.Fatal(err)
			}
			if report.OK != (tc.want == "") || !report.OK && report.Violations[0].Code != tc.want {
				t.Errorf("%s", got.Body)
			}
		})
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, request("GET", "signup/policy", ""))
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, "too_short") || strings.Contains(body, "reused") || strings.Contains(body, "similar_current") {
		t.Errorf("policy: %d %s", w.Code, w.Body)
	}
	s.do(t, request("POST", "signup/policy", "{}"), nil).want(t, 405, "method_not_allowed")
	w = httptest.NewRecorder()
	if s.handler.ServeHTTP(w, request("HEAD", "signup/policy", "")); w.Code != 200 {
		t.Errorf("HEAD: %d", w.Code)
	}
	w = httptest.NewRecorder()
	s.handler.ServeHTTP(w, request("GET", "policy", ""))
	if body := w.Body.String(); !strings.Contains(body, "reused") {
		t.Errorf("the policy of others: %s", w.Body)
	}

	for range 60 {
		s.post(t, "signup/check", map[string]string{"password": "walnut teapots"})
	}
	s.post(t, "signup/check", map[string]string{"password": "walnut teapots"}).want(t, 429, "rate_limited")
}

// A host that has not opened it has no such route.
func TestSignUpIsOptIn(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	h, err := passwdhttp.API(passwdhttp.Config{Service: s.Service})
	if err != nil {
		t.Fatal(err)
	}
	for method, path := range map[string]string{"POST": "signup/check", "GET": "signup/policy"} {
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, request(method, path, `{"password":"x"}`)); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// What is wrong with a password in the host's own request is at the host's own field.
func TestFailPointsToTheHostsField(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	ref := s.Add(t, passwd.Account{Username: "grace"}, "")
	_, err := s.Service.SetFirst(t.Context(), ref, "short", passwd.Client{})
	for field, want := range map[string]string{"": "#/new_password", "password": "#/password", "a/b~c": "#/a~1b~0c"} {
		w := httptest.NewRecorder()
		passwdhttp.Fail(passwdhttp.Config{Service: s.Service, PasswordField: field}, w, request("POST", "", ""), err)
		if w.Code != 422 || !strings.Contains(w.Body.String(), `"pointer":"`+want+`"`) {
			t.Errorf("%q: %d %s", field, w.Code, w.Body)
		}
	}
}
