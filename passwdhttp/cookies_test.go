package passwdhttp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
)

// Cookies are Secure, and bound to the host by their name, wherever browsers keep
// such ones: that is decided by Links.Base, not by what a request looks like (S5).
func TestCookieNames(t *testing.T) {
	const secure = "__Host-passwd-reset=TOKEN; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax"
	const plain = "passwd-reset=TOKEN; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"
	tenant := func(context.Context, passwd.Account) string { return "http://tenant.example" + base }
	for name, tc := range map[string]struct {
		links    passwd.Links
		insecure bool
		want     string
	}{
		"https":                  {passwd.Links{Base: "https://app.example.com" + base}, false, secure},
		"https, whatever may be": {passwd.Links{Base: "https://app.example.com" + base, InsecureHTTP: true}, false, secure},
		"localhost":              {passwd.Links{Base: "http://localhost:8080" + base}, false, secure},
		"IPv4 loopback":          {passwd.Links{Base: "http://127.0.0.1:8080" + base}, false, secure},
		"IPv6 loopback":          {passwd.Links{Base: "http://[::1]:8080" + base}, false, secure},
		"a name in the LAN":      {passwd.Links{Base: "http://nas:8080" + base, InsecureHTTP: true}, false, plain},
		"an address in the LAN":  {passwd.Links{Base: "http://192.168.1.7" + base, InsecureHTTP: true}, false, plain},
		"localhost, for Safari":  {passwd.Links{Base: "http://localhost:8080" + base}, true, plain},
		"tenants over http":      {passwd.Links{Base: "https://app.example.com" + base, For: tenant, InsecureHTTP: true}, true, plain},
	} {
		t.Run(name, func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{Links: tc.links})
			kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, current)
			if err := kit.Service.RequestReset(t.Context(), passwd.RequestReset{Login: passwd.Login{Value: "ada"}}); err != nil {
				t.Fatal(err)
			}
			token := string(kit.Deliver(t)[0].Token)
			want := strings.Replace(tc.want, "TOKEN", token, 1)
			cfg := passwdhttp.Config{Service: kit.Service, InsecureCookies: tc.insecure}
			h, err := passwdhttp.Pages(cfg)
			if err != nil {
				t.Fatal(err)
			}
			// The connection says nothing: the proxy in front speaks https, or lies.
			for _, lie := range []string{"http", "https"} {
				r := httptest.NewRequest("GET", lie+"://elsewhere.example"+base+"/reset?token="+token, nil)
				r.Header.Set("X-Forwarded-Proto", lie)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				equal(t, "cookie", w.Header().Get("Set-Cookie"), want)
				// It is found again by the name that it was given.
				again := httptest.NewRequest("GET", base+"/reset/new", nil)
				again.AddCookie(&http.Cookie{Name: w.Result().Cookies()[0].Name, Value: token})
				w = httptest.NewRecorder()
				h.ServeHTTP(w, again)
				equal(t, "found again", w.Code, 200)
			}
			w := httptest.NewRecorder()
			passwdhttp.BeginForced(cfg, w, httptest.NewRequest("POST", "/sign-in", nil), passwd.Token(token), "/")
			want = strings.NewReplacer("passwd-reset", "passwd-ticket", "=3600", "=600").Replace(want)
			equal(t, "ticket", w.Header().Get("Set-Cookie"), want)
		})
	}
}
