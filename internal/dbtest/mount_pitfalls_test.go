package dbtest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"
	"github.com/gofiber/fiber/v3/middleware/recover"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

// docs:below
// below mounts a whole app under /shop. The library stays outside of StripPrefix: it
// is mounted where Links.Base says, and strips that path itself.
func below(library, app http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/shop/account/password/", library) // Links.Base: https://app.example.com/shop/account/password
	mux.Handle("/shop/", http.StripPrefix("/shop", app))
	return mux
}

// docs:end

// docs:restored
// behindStrippingProxy is what the app serves where a proxy takes /shop off every path.
func behindStrippingProxy(app http.Handler) http.Handler {
	return passwdhttp.RestorePrefix("/shop", app) // Links.Base: https://app.example.com/shop/account/password
}

// docs:end

// docs:rewritten-host
// behindRewritingProxy names the origin that people see, where a proxy puts another
// into Host. Use the same instance for the host's own forms.
func behindRewritingProxy(config passwdhttp.Config) (passwdhttp.Config, error) {
	config.CrossOrigin = http.NewCrossOriginProtection()
	return config, config.CrossOrigin.AddTrustedOrigin("https://app.example.com")
}

// docs:end

func at(t testing.TB, base string) *openedShop {
	t.Helper()
	return openShop(t, passwd.Config{Links: passwd.Links{Base: base}})
}

func serveOnce(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func wantStatus(t *testing.T, what string, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	if w.Code != status {
		t.Errorf("%s: %d, want %d", what, w.Code, status)
	}
}

func TestMountBelowPath(t *testing.T) {
	shop := at(t, "https://app.example.com/shop/account/password")
	get := func(path string) *http.Request { return httptest.NewRequest("GET", path, nil) }
	own := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })

	h := below(shop.pages, own)
	wantStatus(t, "outside of StripPrefix", serveOnce(h, get("/shop/account/password/forgot")), 200)
	if w := serveOnce(h, get("/shop/orders")); w.Body.String() != "/orders" {
		t.Errorf("the app sees %q", w.Body)
	}
	w := serveOnce(h, get("/shop/account/password/reset?token=abc"))
	if got := w.Header().Get("Location"); got != "/shop/account/password/reset/new" {
		t.Errorf("leads to %q", got)
	}
	wantStatus(t, "inside of StripPrefix", serveOnce(http.StripPrefix("/shop", shop.pages), get("/shop/account/password/forgot")), 404)
	wantStatus(t, "inside of StripPrefix of the whole mount",
		serveOnce(http.StripPrefix("/shop/account/password", shop.pages), get("/shop/account/password/forgot")), 404)
	if w := serveOnce(passwdhttp.WellKnown(shop.config), get("/.well-known/change-password")); w.Header().Get("Location") != "/shop/account/password/change" {
		t.Errorf("the well-known URL leads to %q", w.Header().Get("Location"))
	}

	wantStatus(t, "behind a proxy that strips", serveOnce(shop.pages, get("/account/password/forgot")), 404)
	wantStatus(t, "behind one, restored", serveOnce(behindStrippingProxy(shop.pages), get("/account/password/forgot")), 200)
	sees := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.RequestURI()) })
	if w := serveOnce(behindStrippingProxy(sees), get("/a%2Fb?c=d")); w.Body.String() != "/shop/a%2Fb?c=d" {
		t.Errorf("restored to %q", w.Body)
	}

	// A sub-router of chi strips nothing from the URL.
	r := chi.NewRouter()
	r.Route("/shop", func(r chi.Router) { r.Handle("/account/password/*", shop.pages) })
	wantStatus(t, "in a sub-router of chi", serveOnce(r, get("/shop/account/password/forgot")), 200)
}

// A proxy that rewrites Host matters only to browsers without Sec-Fetch-Site.
func TestMountRewrittenHost(t *testing.T) {
	shop := at(t, "https://app.example.com/account/password")
	media, body := form("login", "ada")
	post := func(header ...string) *http.Request {
		r := httptest.NewRequest("POST", "http://backend:8080/account/password/forgot", strings.NewReader(body))
		r.Header.Set("Content-Type", media)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return r
	}
	pages := func(config passwdhttp.Config, err error) http.Handler {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		h, err := passwdhttp.Pages(config)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	plain, trusting := pages(shop.config, nil), pages(behindRewritingProxy(shop.config))
	ours, theirs := "https://app.example.com", "https://elsewhere.example"
	wantStatus(t, "a browser of today", serveOnce(plain, post("Origin", ours, "Sec-Fetch-Site", "same-origin")), 303)
	wantStatus(t, "an older one", serveOnce(plain, post("Origin", ours)), 403)
	wantStatus(t, "an older one, origin trusted", serveOnce(trusting, post("Origin", ours)), 303)
	wantStatus(t, "another site, origin trusted", serveOnce(trusting, post("Origin", theirs)), 403)
	wantStatus(t, "another site of today", serveOnce(trusting, post("Origin", theirs, "Sec-Fetch-Site", "cross-site")), 403)
	for _, m := range shop.Deliver(t) {
		if !strings.HasPrefix(m.Link, ours+"/account/password/reset?") {
			t.Error("a link leads elsewhere")
		}
	}
}

// What rewrites RemoteAddr has the library believe the client.
func TestMountRealIP(t *testing.T) {
	addr := passwdhttp.TrustedProxies(netip.MustParsePrefix("192.0.2.0/24"))
	var seen netip.Addr
	sees := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = addr(r) })
	r := httptest.NewRequest("GET", "/", nil) // from 192.0.2.1
	r.Header.Set("X-Real-Ip", "203.0.113.9")  // which anybody can send
	r.Header.Set("X-Forwarded-For", "198.51.100.7")
	if serveOnce(sees, r.Clone(t.Context())); seen.String() != "198.51.100.7" {
		t.Errorf("by itself: %v", seen)
	}
	//lint:ignore SA1019 the document warns of it
	if serveOnce(middleware.RealIP(sees), r); seen.String() != "203.0.113.9" {
		t.Errorf("below chi's RealIP it is %v: the document says otherwise", seen)
	}
}

// What is before the library and reads the body leaves nothing of it: the form is shown anew.
func TestMountBodyRead(t *testing.T) {
	shop := openShop(t, passwd.Config{})
	reads := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		shop.pages.ServeHTTP(w, r)
	})
	media, body := form("login", "ada")
	r := httptest.NewRequest("POST", "/account/password/forgot", strings.NewReader(body))
	r.Header.Set("Content-Type", media)
	wantStatus(t, "a body that was read before", serveOnce(reads, r), 303)
}

// What fiber does otherwise than net/http, and what the document makes of it.
func TestMountFiberPitfalls(t *testing.T) {
	type hostKey struct{}
	var r *http.Request
	keep := http.HandlerFunc(func(_ http.ResponseWriter, got *http.Request) { r = got.WithContext(got.Context()) })
	var value, lines any
	see := http.HandlerFunc(func(w http.ResponseWriter, got *http.Request) {
		keep(w, got)
		value = got.Context().Value(hostKey{})
		lines = got.Header.Values("X-Forwarded-For")
		w.Header().Set("Referrer-Policy", "strict-origin")
	})
	withValue := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(contextWith(r, hostKey{}, "host's")))
		})
	}
	app := fiber.New()
	app.Use("/value", enforced(withValue))
	app.Use("/headers", adaptor.HTTPMiddleware(headers))
	app.Use(mounted(see))
	origin := serveApp(t, app)
	ask := func(path, agent string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "GET", origin+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header["X-Forwarded-For"] = []string{"198.51.100.7", "10.1.2.3"}
		req.Header.Set("User-Agent", agent)
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	ask("/value", "first")
	if value != nil {
		t.Errorf("a value of the context is carried: %v", value)
	}
	if fmt.Sprint(lines) != "[10.1.2.3]" {
		t.Errorf("of two lines of a header there is %v: the document says the last", lines)
	}
	if got := ask("/headers", "first").Header.Values("Referrer-Policy"); len(got) != 2 {
		t.Errorf("headers set before: %q, the document says that they add up", got)
	}

	ask("/", "an agent that stays")
	kept := r.UserAgent()
	for range 50 {
		ask("/", "AN AGENT THAT COMES")
	}
	if kept != "an agent that stays" {
		t.Errorf("what was kept has become %q", kept)
	}
}

// A handler that panics costs one answer, not the process.
func TestMountFiberPanic(t *testing.T) {
	app := fiber.New()
	app.Use(recover.New())
	app.Get("/panics", mounted(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("of a handler") })))
	app.Get("/works", mounted(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	origin := serveApp(t, app)
	for path, status := range map[string]int{"/panics": 500, "/works": 200} {
		for range 2 {
			res, err := http.Get(origin + path)
			if err != nil {
				t.Fatal(err)
			}
			if res.Body.Close(); res.StatusCode != status {
				t.Errorf("%s: %d, want %d", path, res.StatusCode, status)
			}
		}
	}
}

func contextWith(r *http.Request, key, value any) context.Context {
	return context.WithValue(r.Context(), key, value)
}
