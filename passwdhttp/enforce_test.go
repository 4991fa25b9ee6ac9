package passwdhttp_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
)

// app answers everything with 200 and no headers of its own.
var app = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "app") })

// enforced is a site behind Enforce, with ada signed in.
func enforced(t *testing.T, exempt ...string) (s *site, ada passwd.Ref, h http.Handler) {
	t.Helper()
	s = newSite(t, passwd.Config{}, passwdhttp.Config{})
	ada = s.ada(t)
	s.signIn(t, "ada", current) // session-0
	cfg := passwdhttp.Config{Service: s.Service, Authenticate: s.authenticate}
	return s, ada, passwdhttp.Enforce(cfg, exempt...)(app)
}

func TestEnforce(t *testing.T) { // F7
	s, ada, h := enforced(t, "/sign-out", "/assets/", "/")
	get := func(method, target, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, target, nil)
		r.Header.Set("Authorization", "Bearer session-0")
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	const html = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
	equal(t, "before", get("GET", "/orders", html).Body.String(), "app")

	if err := s.Service.RequireChange(t.Context(), passwd.RequireChange{Account: ada, Reason: passwd.Expired}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		method, target, accept string
		status                 int
		location               string
	}{
		{"GET", "/orders?page=2", html, 303, "/account/password/forced?next=%2Forders%3Fpage%3D2"},
		{"HEAD", "/orders", html, 303, "/account/password/forced?next=%2Forders"},
		{"GET", "/orders", "*/*", 403, ""},
		{"GET", "/orders", "application/json", 403, ""},
		{"GET", "/orders", "text/htmlx", 403, ""},
		{"POST", "/orders", html, 403, ""},
		{"DELETE", "/orders", html, 403, ""},
		{"GET", "//evil.example/", html, 303, "/account/password/forced"},
		{"GET", "/a/../b", html, 303, "/account/password/forced"},
		{"GET", "/sign-out", html, 200, ""},
		{"GET", "/sign-out/x", html, 303, "/account/password/forced?next=%2Fsign-out%2Fx"},
		{"GET", "/assets/app.css", "text/css", 200, ""},
		{"GET", "/assets/../orders", html, 303, "/account/password/forced"},
		{"GET", "/assets/%2e%2e/orders", html, 303, "/account/password/forced"},
		{"GET", "/assets//orders", "*/*", 403, ""},
		{"GET", "/assetsx", "*/*", 403, ""},
		{"GET", "/", html, 200, ""},
		{"GET", "/account/password/forced?next=%2Forders", html, 200, ""},
		{"POST", "/account/password/api/v1/change", "*/*", 200, ""},
		{"GET", "/account/password", html, 303, "/account/password/forced?next=%2Faccount%2Fpassword"},
		{"GET", "/account/password/orders", html, 303, "/account/password/forced?next=%2Faccount%2Fpassword%2Forders"},
		{"GET", "/assets%2Fen/transfer", html, 303, "/account/password/forced?next=%2Fassets%252Fen%2Ftransfer"},
		{"GET", "/assets/%2e%2e%2forders", html, 303, "/account/password/forced"},
		{"GET", "/assets%2f..%2forders", html, 303, "/account/password/forced"},
		{"GET", "/%61ssets/app.css", "*/*", 403, ""},
		{"GET", "/assets/a%20b%2Bc.css", "text/css", 200, ""},
		{"GET", "/sign%2Dout", html, 303, "/account/password/forced?next=%2Fsign%252Dout"},
		{"GET", "/account/passwords", "*/*", 403, ""},
		{"GET", "/.well-known/change-password", html, 200, ""},
	} {
		t.Run(tc.method+" "+tc.target, func(t *testing.T) {
			w := get(tc.method, tc.target, tc.accept)
			equal(t, "status", w.Code, tc.status)
			equal(t, "Location", w.Header().Get("Location"), tc.location)
			if tc.status == 200 {
				equal(t, "body", w.Body.String(), "app")
				return
			}
			equal(t, "Cache-Control", w.Header().Get("Cache-Control"), "no-store")
			if tc.status == 403 && !strings.Contains(w.Body.String(), `"code":"password_change_required"`) {
				t.Errorf("body %s", w.Body)
			}
		})
	}
}

func TestEnforceSessions(t *testing.T) {
	s, ada, h := enforced(t, "/sign-in")
	serve := func(target, token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", target, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Accept", "text/html")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	nobody := serve("/orders", "unknown")
	equal(t, "nobody", nobody.Body.String(), "app")
	equal(t, "headers of nobody's", nobody.Header().Get("Cache-Control"), "")

	s.sessions["empty"] = passwdhttp.Principal{} // the zero Principal is nobody as well
	equal(t, "zero principal", serve("/orders", "empty").Body.String(), "app")

	if _, err := s.Service.Revoke(t.Context(), passwd.Revoke{Account: ada}); err != nil {
		t.Fatal(err)
	}
	ended := serve("/orders", "session-0")
	equal(t, "ended", ended.Code, 401)
	equal(t, "challenge", ended.Header().Get("WWW-Authenticate"), `Bearer realm="password"`)
	equal(t, "ended, sign-in page", serve("/sign-in", "session-0").Code, 200)
}

// A browser whose session has ended is led to sign in, and back from there.
func TestEnforceLeadsToSignIn(t *testing.T) {
	s, ada, _ := enforced(t)
	if _, err := s.Service.Revoke(t.Context(), passwd.Revoke{Account: ada}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		signIn, method, target, accept string
		status                         int
		location                       string
	}{
		{"/sign-in", "GET", "/orders?page=2", "text/html", 303, "/sign-in?next=%2Forders%3Fpage%3D2"},
		{"/sign-in", "GET", "/a/../b", "text/html", 303, "/sign-in"},
		{"/sign-in", "GET", "/sign-in", "text/html", 200, ""},
		{"/sign-in", "POST", "/sign-in", "text/html", 200, ""},
		{"/sign-in", "POST", "/orders", "text/html", 401, ""},
		{"/sign-in", "GET", "/orders", "application/json", 401, ""},
		{"https://id.example.com/sign-in", "GET", "/orders", "text/html", 303, "https://id.example.com/sign-in?next=%2Forders"},
		{"https://id.example.com/sign-in", "GET", "/sign-in", "text/html", 303, "https://id.example.com/sign-in?next=%2Fsign-in"},
		{"OWN/sign-in", "GET", "/sign-in", "text/html", 200, ""},
	} {
		t.Run(tc.method+" "+tc.target, func(t *testing.T) {
			base, _, _ := strings.Cut(s.Service.Links().Base, s.Service.BasePath())
			cfg := passwdhttp.Config{Service: s.Service, Authenticate: s.authenticate, SignInURL: strings.Replace(tc.signIn, "OWN", base, 1)}
			r := httptest.NewRequest(tc.method, tc.target, nil)
			r.Header.Set("Authorization", "Bearer session-0")
			r.Header.Set("Accept", tc.accept)
			w := httptest.NewRecorder()
			passwdhttp.Enforce(cfg)(app).ServeHTTP(w, r)
			equal(t, "status", w.Code, tc.status)
			equal(t, "Location", w.Header().Get("Location"), tc.location)
		})
	}
}

// Whoever cannot be told apart does not get through (I10).
func TestEnforceFailsClosed(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	h := passwdhttp.Enforce(passwdhttp.Config{
		Service:      kit.Service,
		Authenticate: func(*http.Request) (passwdhttp.Principal, error) { return passwdhttp.Principal{}, errors.New("down") },
	})(app)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/orders", nil))
	equal(t, "status", w.Code, 503)
}

// What http.ServeMux routes to a page of the host's is no asset to Enforce.
func TestEnforceAsTheMuxRoutes(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	ada := s.ada(t)
	s.signIn(t, "ada", current) // session-0
	if err := s.Service.RequireChange(t.Context(), passwd.RequireChange{Account: ada, Reason: passwd.Expired}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/static/", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "asset") })
	mux.HandleFunc("/{page...}", func(w http.ResponseWriter, r *http.Request) { // an app that routes by itself
		if strings.HasSuffix(r.PathValue("page"), "en/transfer") {
			io.WriteString(w, "transferred")
		}
	})
	h := passwdhttp.Enforce(passwdhttp.Config{Service: s.Service, Authenticate: s.authenticate}, "/static/")(mux)
	for target, want := range map[string]int{
		"/static/app.css": 200, "/static/a/transfer": 200, "/static%2Fen/transfer": 403, "/static%2fen/transfer": 403,
		"/%73tatic%2Fen/transfer": 403, "/static%5Cen/transfer": 403, "/en/transfer": 403,
	} {
		r := httptest.NewRequest("POST", target, nil)
		r.Header.Set("Authorization", "Bearer session-0")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want || strings.Contains(w.Body.String(), "transferred") {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}

// Mounted at the root, the pages are exempt and the rest of the site is not.
func TestEnforceAtRoot(t *testing.T) {
	s := &site{Kit: passwdtest.New(t, passwd.Config{Links: passwd.Links{Base: "https://password.example.com"}}), sessions: map[string]passwdhttp.Principal{}}
	ada := s.ada(t)
	s.signIn(t, "ada", current)
	if err := s.Service.RequireChange(t.Context(), passwd.RequireChange{Account: ada, Reason: passwd.Expired}); err != nil {
		t.Fatal(err)
	}
	h := passwdhttp.Enforce(passwdhttp.Config{Service: s.Service, Authenticate: s.authenticate})(app)
	for target, status := range map[string]int{
		"/": 303, "/orders": 303, "/forced?next=%2F": 200, "/change": 200, "/api/v1/change": 200, "/api/orders": 303,
		// What the host has beside the pages is not theirs.
		"/assets/x.css": 303, "/reset/orders": 303, "/forgot/me": 303, "/api/v1/orders": 303, "/api/v1/": 303, "/reset/new": 200, "/forgot/sent": 200,
	} {
		r := httptest.NewRequest("GET", target, nil)
		r.Header.Set("Authorization", "Bearer session-0")
		r.Header.Set("Accept", "text/html")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		equal(t, target, w.Code, status)
	}
}

func TestEnforceRefusesPaths(t *testing.T) {
	for _, path := range []string{"", "assets/", "/a/../b", "//", "https://app.example.com/"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was taken", path)
				}
			}()
			passwdhttp.Enforce(passwdhttp.Config{Service: passwdtest.New(t, passwd.Config{}).Service}, path)
		}()
	}
}

// The places to go on to that lead off the site, or might, and those that do not.
var nexts = []struct {
	next string
	safe bool
}{
	{"/", true},
	{"/orders", true},
	{"/orders/", true},
	{"/orders?page=2&sort=a/b", true},
	{"/orders?u=https://example.com/a//b", true},
	{"/orders#section", true},
	{"/%D9%85%D9%81%D8%AA%D8%A7%D8%AD", true},
	{"/a.b/..c/d..", true},
	{"/a%2Fb", true},
	{"/a:b@c", true},
	{"", false},
	{"orders", false},
	{"?x", false},
	{"#x", false},
	{"//evil.example", false},
	{"///evil.example", false},
	{"/\\evil.example", false},
	{"\\\\evil.example", false},
	{"/%5Cevil.example", false},
	{"/.//evil.example", false},
	{"/..//evil.example", false},
	{"/a/..//evil.example", false},
	{"/%2e//evil.example", false},
	{"/%2E%2e/a", false},
	{"/a/./b", false},
	{"/a/..", false},
	{"/%2Fevil.example", false},
	{"/a//b", false},
	{"/\t/evil.example", false},
	{"/\n/evil.example", false},
	{"\t//evil.example", false},
	{" /orders", false},
	{"/orders and more", false},
	{"/orders?a=\\b", false},
	{"/%09/evil.example", false},
	{"/%00", false},
	{"/%zz", false},
	{"/a\x7f", false},
	{"/orders\r\nSet-Cookie: a=b", false},
	{"/\u2215evil.example", false},
	{"https://evil.example/", false},
	{"https:evil.example", false},
	{"http:/evil.example", false},
	{"javascript:alert(1)", false},
	{"data:text/html,x", false},
	{"/?" + strings.Repeat("x", 2047), false},
}

func TestSafeNext(t *testing.T) {
	for _, tc := range nexts {
		want := ""
		if tc.safe {
			want = tc.next
		}
		if got := passwdhttp.SafeNext(tc.next); got != want {
			t.Errorf("%q: got %q, want %q", tc.next, got, want)
		}
	}
}

// Whatever is safe resolves to the same site, before and after what browsers do
// to a URL.
func FuzzSafeNext(f *testing.F) {
	for _, tc := range nexts {
		f.Add(tc.next)
	}
	page, err := url.Parse("https://app.example.com/account/password/forced")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		if passwdhttp.SafeNext(next) == "" {
			return
		}
		decoded, err := url.PathUnescape(next)
		if err != nil {
			decoded = next
		}
		for _, form := range []string{next, strings.NewReplacer("\\", "/", "\t", "", "\n", "", "\r", "").Replace(next), strings.TrimSpace(decoded)} {
			u, err := page.Parse(form)
			if err != nil {
				if form == next {
					t.Fatalf("%q does not parse: %v", form, err)
				}
				continue
			}
			if u.Scheme != "https" || u.Host != "app.example.com" || u.User != nil {
				t.Fatalf("%q leads to %s", next, u)
			}
		}
	})
}

func TestWellKnown(t *testing.T) { // W9
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	for _, method := range []string{"GET", "HEAD"} {
		got := s.do(t, request(method, "/.well-known/change-password?next=//evil.example", ""), nil)
		got.want(t, 303, "")
		equal(t, "Location", got.Header().Get("Location"), "/account/password/change")
	}
	for _, method := range []string{"POST", "PUT", "OPTIONS"} {
		got := s.do(t, request(method, "/.well-known/change-password", ""), nil)
		got.want(t, 405, "method_not_allowed")
		equal(t, "Allow", got.Header().Get("Allow"), "GET, HEAD")
	}
}

func TestWellKnownBases(t *testing.T) {
	for linkBase, want := range map[string]string{
		"https://app.example.com":                "/change",
		"https://app.example.com/":               "/change",
		"https://app.example.com/a/":             "/a/change",
		"https://app.example.com/mot%20de:passe": "/mot%20de:passe/change",
	} {
		kit := passwdtest.New(t, passwd.Config{Links: passwd.Links{Base: linkBase}})
		w := httptest.NewRecorder()
		passwdhttp.WellKnown(passwdhttp.Config{Service: kit.Service}).ServeHTTP(w, httptest.NewRequest("GET", "/.well-known/change-password", nil))
		equal(t, linkBase, w.Header().Get("Location"), want)
	}
	// A path that a browser would take for a host.
	kit := passwdtest.New(t, passwd.Config{Links: passwd.Links{Base: "https://app.example.com//evil.example"}})
	if _, err := passwdhttp.API(passwdhttp.Config{Service: kit.Service}); err == nil || !strings.Contains(err.Error(), "Links.Base") {
		t.Errorf("base with an empty segment: %v", err)
	}
}

// A sign-in page whose path ends in a slash is one page, not all that is below it.
func TestEnforceBelowSignIn(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, "Analytical-Engine-1843")
	in, err := kit.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: "Analytical-Engine-1843"})
	if err != nil {
		t.Fatal(err)
	}
	if err := kit.Service.RequireChange(t.Context(), passwd.RequireChange{Account: ref}); err != nil {
		t.Fatal(err)
	}
	c := passwdhttp.Config{
		Service: kit.Service, SignInURL: "/app/",
		Authenticate: func(*http.Request) (passwdhttp.Principal, error) {
			return passwdhttp.Principal{Account: ref, Epoch: in.Epoch}, nil
		},
	}
	h := passwdhttp.Enforce(c)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for path, want := range map[string]int{"/app/": 200, "/app/orders": 403, "/other": 403} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", path, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}
