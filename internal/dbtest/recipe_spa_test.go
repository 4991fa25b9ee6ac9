package dbtest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session"
)

// docs:spa
// tokens serves the JSON API to an app on another origin, which keeps tokens and no cookies.
func tokens(service *passwd.Service, stays *session.Manager, origin string) (http.Handler, error) {
	trusted := http.NewCrossOriginProtection()
	if err := trusted.AddTrustedOrigin(origin); err != nil {
		return nil, err
	}
	config := passwdhttp.Config{Service: service, CrossOrigin: trusted, LoginKind: passwd.Email, Sessions: stays}
	config.Authenticate = func(r *http.Request) (passwdhttp.Principal, error) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		return passwdhttp.Checked(stays.Check(r.Context(), token))
	}
	config.SignedIn = func(w http.ResponseWriter, r *http.Request, in passwd.SignedIn) error {
		pair, err := stays.Start(r.Context(), in, session.Info{From: passwdhttp.ClientOf(config, r)})
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(map[string]any{ // the reply of POST signin
			"access_token": string(pair.Access), "refresh_token": string(pair.Refresh), "expires_in": pair.ExpiresIn.Seconds(),
		})
	}
	api, err := passwdhttp.API(config)
	return withCORS(origin, api), err
}

// withCORS answers what browsers ask before they send JSON to another origin.
func withCORS(origin string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		if r.Header.Get("Origin") == origin {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
		}
		if r.Method == http.MethodOptions {
			w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// docs:end

func TestRecipeForTokens(t *testing.T) {
	const origin, first, second = "https://app.example.net", "notes on the analytical engine", "weaving algebraical patterns"
	h := newHost(t, usual)
	keys := passwd.RandomKeys()
	service := stackService(t, h.store)
	a := h.user("1")
	if err := service.InTenant("north").Forget(t.Context(), a.Ref); err != nil {
		t.Fatal(err)
	}
	stays, err := session.New(session.Config{Store: h.store, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := passwdtest.Hasher{}.Hash(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	h.exec("UPDATE users SET tenant = '', email = 'ada@example.com', password_hash = ?", string(hash))
	handler, err := tokens(service, stays, origin)
	if err != nil {
		t.Fatal(err)
	}
	call := func(method, route, from, token, body string, want int) (reply map[string]any, w *httptest.ResponseRecorder) {
		t.Helper()
		r := httptest.NewRequest(method, "https://api.example.com/account/password/api/v1/"+route, strings.NewReader(body))
		r.Header.Set("Origin", from)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		w = httptest.NewRecorder()
		if handler.ServeHTTP(w, r); w.Code != want {
			t.Fatalf("%s %s: %d %s, want %d", method, route, w.Code, w.Body, want)
		}
		json.Unmarshal(w.Body.Bytes(), &reply)
		return reply, w
	}
	if _, w := call("OPTIONS", "signin", origin, "", "", 204); w.Header().Get("Access-Control-Allow-Origin") != origin {
		t.Errorf("preflight: %v", w.Header())
	}
	const signIn = `{"login":"ada@example.com","password":"` + first + `"}`
	if _, w := call("POST", "signin", "https://evil.example", "", signIn, 403); w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin: %v", w.Header())
	}
	in, _ := call("POST", "signin", origin, "", signIn, 200)
	old := in["access_token"].(string)
	const change = `{"current_password":"` + first + `","new_password":"` + second + `"}`
	call("POST", "change", origin, "", change, 401)
	elsewhere, _ := call("POST", "signin", origin, "", signIn, 200)
	call("POST", "change", origin, old, change, 204)
	call("GET", "devices", origin, old, "", 200)
	call("GET", "devices", origin, elsewhere["access_token"].(string), "", 401)
	if _, err := stays.Refresh(t.Context(), in["refresh_token"].(string), passwd.Client{}); err != nil {
		t.Errorf("refresh: %v", err)
	}
}
