package wire_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/wiretest"
	"github.com/passwd-go/passwd/passwdhttp"
)

// grantForm is a password grant, encoded as RFC 6749 has it.
func grantForm(username, password string) url.Values {
	return url.Values{
		"grant_type": {"password"}, "client_id": {"client-2"}, "device_name": {"d"}, "device_id": {"d"},
		"username": {username}, "password": {password},
	}
}

func postForm(w *wiretest.World, path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.Do(r)
}

// W8, W3: a password grant has wrong credentials be 400 invalid_grant, keeps no
// token in a cache, and slows guessing down whoever is asked for. None of the
// library's own faces has one: a host that wants it mounts it.
func TestPasswordGrant(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	if got := postForm(w, "/api/token", grantForm("alice@example.com", "wrong")); got.Code != 400 || !strings.Contains(got.Body.String(), `"invalid_grant"`) {
		t.Errorf("an account of another tenant: %d %s", got.Code, got.Body)
	}
	right := postForm(w, "/api/token", grantForm("example@domain.com", "Old-Bread-and-Butter-9"))
	var pair map[string]any
	if err := json.Unmarshal(right.Body.Bytes(), &pair); err != nil || right.Code != 200 || !text(pair["access_token"]) || pair["token_type"] != "Bearer" {
		t.Fatalf("%d %s, %v", right.Code, right.Body, err)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Pragma": "no-cache"} {
		if got := right.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, username := range []string{"example@domain.com", "nobody@domain.com"} {
		for n := range 11 {
			got := postForm(w, "/api/token", grantForm(username, "wrong"))
			want, name := 400, `"invalid_grant"`
			if n == 10 {
				want, name = 429, `"temporarily_unavailable"`
			}
			if got.Code != want || !strings.Contains(got.Body.String(), name) || got.Header().Get("Pragma") != "no-cache" {
				t.Errorf("%s, guess %d: %d %s", username, n+1, got.Code, got.Body)
			}
		}
	}

	api, err := passwdhttp.API(passwdhttp.Config{Service: w.Service})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := passwdhttp.Pages(passwdhttp.Config{Service: w.Service})
	if err != nil {
		t.Fatal(err)
	}
	base := w.Service.BasePath()
	for path, h := range map[string]http.Handler{base + "/api/v1/token": api, base + "/api/token": api, base + "/token": pages} {
		r := httptest.NewRequest("POST", path, strings.NewReader(grantForm("example@domain.com", "Old-Bread-and-Butter-9").Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		got := httptest.NewRecorder()
		h.ServeHTTP(got, r)
		if got.Code != 404 {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
}

// W7: who sends no bearer is told no error, who sends a bad one is told
// invalid_token, and who sends neither well nor badly formed JSON is told 400
// without a challenge.
func TestBearerChallenges(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	bearer := w.Bearer(t, passwd.Login{Tenant: "profile", Value: "alice"}, "Wonder!and-1865")
	const body = `{"old_password":"Wonder!and-1865","new_password":"short","confirm_password":"short"}`
	for name, tc := range map[string]struct {
		authorization, body string
		status              int
		challenge           string
	}{
		"none":            {"", body, 401, `Bearer realm="password"`},
		"another scheme":  {"Basic YWxpY2U6d29uZGVy", body, 401, `Bearer realm="password"`},
		"unknown":         {"Bearer " + strings.Repeat("a", 64), body, 401, `Bearer realm="password", error="invalid_token"`},
		"no token at all": {"Bearer x", body, 401, `Bearer realm="password", error="invalid_token"`},
		"good, malformed": {"Bearer " + bearer, `{`, 400, ""},
		"good, refused":   {"Bearer " + bearer, body, 400, ""},
	} {
		r := httptest.NewRequest("POST", "/profile/v1/user/profile/change-password/", strings.NewReader(tc.body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("apikey", wiretest.APIKey)
		if tc.authorization != "" {
			r.Header.Set("Authorization", tc.authorization)
		}
		got := w.Do(r)
		if challenge := got.Header().Get("WWW-Authenticate"); got.Code != tc.status || challenge != tc.challenge {
			t.Errorf("%s: %d, %q, want %d, %q", name, got.Code, challenge, tc.status, tc.challenge)
		}
	}
}
