package passwdhttp_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/session"
)

// walked is a site with everything that there is, and a browser that is in the
// middle of everything: signed in, and with every cookie.
type walked struct {
	*deviceSite
	b      *browser
	own    session.Pair
	routes map[string][]string // methods by whole path
	tokens []string
}

// signOut ends nothing: the walk goes on.
func signOut(http.ResponseWriter, *http.Request) error { return nil }

func newWalk(t *testing.T, links passwd.Links, cookiePrefix string) *walked {
	t.Helper()
	signedIn := everything(nil).SignedIn
	d := newDevices(t, links, passwdhttp.Config{Name: "Demo", ConfirmField: true, SignOut: signOut, SignedIn: signedIn})
	cfg := passwdhttp.Config{Service: d.Service, Sessions: d.manager, SignOut: signOut, SignedIn: signedIn, Authenticate: nobody}
	routes, err := passwdhttp.PageRoutes(cfg)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(routes, passwdhttp.APIRoutes(cfg))

	// An account whose ticket stays good, as nobody else changes its password.
	grace := d.Add(t, passwd.Account{Username: "grace", Email: "grace@example.com"}, current)
	w := &walked{deviceSite: d, routes: routes}
	d.start(t, "ada", phone)
	w.own = d.start(t, "ada", laptop)
	w.b = d.browserOf(w.own)
	cancel := "NHl3kSpAs2yA-BRVggKKhHDXBWeVXXxWOwSK8iQKHtw"
	code, err := d.Service.RequestCode(t.Context(), passwd.RequestCode{Login: passwd.Login{Value: "ada"}})
	if err != nil {
		t.Fatal(err)
	}
	w.tokens = []string{string(w.own.Access), string(w.own.Refresh)}
	for name, token := range map[string]string{
		"reset": d.link(t, "ada"), "invite": d.invited(t), "ticket": d.ticket(t, grace, "grace", current), "cancel": cancel, "code": string(code),
	} {
		w.b.set(&http.Cookie{Name: cookiePrefix + "passwd-" + name, Value: token, Path: "/", Secure: cookiePrefix != ""})
		w.tokens = append(w.tokens, token)
	}
	d.secrets = append(d.secrets, w.tokens...)
	d.Deliver(t)
	return w
}

// invited is the token of an invitation.
func (d *deviceSite) invited(t *testing.T) string {
	t.Helper()
	ref := d.Add(t, passwd.Account{Username: "joan", Email: "joan@example.com"}, "")
	if err := d.Service.Invite(t.Context(), ref, passwd.AnyChannel, passwd.Client{}); err != nil {
		t.Fatal(err)
	}
	return string(d.DeliverOne(t).Token)
}

// request is one that the site takes for its own: a form for a page, JSON for the
// API. What is in it gets no further than the first check.
func (w *walked) request(method, path string) *http.Request {
	fields := map[string]string{
		"current_password": "wrong-password-1", "new_password": "short one", "confirm_password": "short one",
		"login": "nobody", "password": "short one", "code": "12", "token": strings.Repeat("A", 43), "end": "x",
	}
	if method != http.MethodGet && !strings.HasPrefix(path, api) {
		shown := httptest.NewRecorder()
		w.handler.ServeHTTP(shown, w.b.request("GET", path, nil))
		fields["form"] = hiddenIn(shown.Body.String(), "form")
	}
	r := w.b.request(method, path, fields)
	if !strings.HasPrefix(path, api) {
		return r
	}
	body := map[string]string{
		"change": `{"current_password":"wrong-password-1","new_password":"short one"}`, "change-required": `{"ticket":"x","new_password":"short one"}`,
		"forgot": `{"login":"nobody"}`, "forgot/code": `{"login":"nobody"}`, "reset": `{"token":"x","new_password":"short one"}`,
		"reset/check": `{"token":"x"}`, "reset/code": `{"request_id":"x","code":"12"}`, "cancel": `{"token":"x"}`,
		"check": `{"password":"short one","cookie":"reset"}`, "policy": `{"token":"x"}`,
		"signin": `{"login":"nobody","password":"short one"}`, "devices/end": `{"id":"x"}`, "devices/end-others": "{}", "signout": "{}",
		"invitation": `{"token":"x","new_password":"short one"}`, "invitation/check": `{"token":"x"}`,
	}[strings.TrimPrefix(path, api)]
	fresh := httptest.NewRequest(method, r.URL.String(), strings.NewReader(body))
	fresh.Header, fresh.RemoteAddr = r.Header, r.RemoteAddr
	fresh.Header.Set("Content-Type", "application/json")
	return fresh
}

// each calls visit for every route and method that changes something, or for all.
func (w *walked) each(t *testing.T, all bool, visit func(method, path string)) {
	t.Helper()
	visited := 0
	for _, path := range slices.Sorted(maps.Keys(w.routes)) {
		for _, method := range w.routes[path] {
			if all || method != http.MethodGet {
				visit(method, path)
				visited++
			}
		}
	}
	if visited < 22 { // forms and endpoints there are when this is written
		t.Fatalf("only %d routes", visited)
	}
}

// What another site makes a browser send is refused by every route that changes
// anything, whatever the browser knows to say about where it comes from (W2). Our
// own forms pass: over https, and over plain http on the name of a host in the
// local network, where browsers send no Sec-Fetch-Site and, thanks to the policy
// on referrers, the origin.
func TestEveryRouteRefusesOtherSites(t *testing.T) {
	lan := "http://nas:8080"
	for name, tc := range map[string]struct {
		links        passwd.Links
		origin       string
		metadata     bool // Sec-Fetch-Site is sent
		cookiePrefix string
	}{
		"https":      {fragmentLinks, origin, true, "__Host-"},
		"plain http": {passwd.Links{Base: lan + base, InsecureHTTP: true, FragmentNeedsJavaScript: true}, lan, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWalk(t, tc.links, tc.cookiePrefix)
			at, err := url.Parse(tc.origin)
			if err != nil {
				t.Fatal(err)
			}
			send := func(method, path string, headers map[string]string) *httptest.ResponseRecorder {
				r := w.request(method, path)
				r.Host = at.Host
				r.Header.Del("Sec-Fetch-Site")
				r.Header.Del("Origin")
				for header, value := range headers {
					r.Header.Set(header, value)
				}
				got := httptest.NewRecorder()
				w.handler.ServeHTTP(got, r)
				return got
			}
			refused := 0
			w.each(t, false, func(method, path string) {
				for _, from := range []map[string]string{
					{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
					{"Sec-Fetch-Site": "same-site", "Origin": "https://other.example.com"},
					{"Sec-Fetch-Site": "cross-site", "Origin": "null"},
					{"Sec-Fetch-Site": "cross-site"},
					{"Origin": "https://evil.example"},
					{"Origin": tc.origin + ".evil.example"},
					{"Origin": "null"},
				} {
					got := send(method, path, from)
					if got.Code != 403 || !strings.Contains(got.Body.String(), "another site") || len(got.Result().Cookies()) > 0 {
						t.Errorf("%s %s from %v: %d %s", method, path, from, got.Code, got.Body)
					}
					refused++
				}
			})
			equal(t, "events", len(w.Events.Named(passwd.EventCrossOriginRejected)), refused)
			equal(t, "messages", len(w.Deliver(t)), 0)
			equal(t, "password", w.opens(t, "ada", current), true)
			equal(t, "session", w.lives(t, w.own), true)

			own := map[string]string{"Origin": tc.origin}
			if tc.metadata {
				own["Sec-Fetch-Site"] = "same-origin"
			}
			w.each(t, false, func(method, path string) {
				if got := send(method, path, own); got.Code == 403 && !strings.HasSuffix(path, "/change") || strings.Contains(got.Body.String(), "another site") {
					t.Errorf("%s %s of our own: %d %s", method, path, got.Code, got.Body)
				}
			})
			equal(t, "policy on referrers", send("GET", base+"/change", nil).Header().Get("Referrer-Policy"), "strict-origin")
		})
	}
}

var sealed = regexp.MustCompile(`name="form" value="[^"]*"`)

// What a request says about hosts and protocols changes no redirect, page, cookie
// or message (W5).
func TestEveryRouteIgnoresHosts(t *testing.T) {
	lies := []string{
		"X-Forwarded-Host", "X-Forwarded-Server", "X-Original-Host", "X-Host", "X-Forwarded-Prefix", "X-Original-URL", "X-Rewrite-URL",
	}
	// Two walks, so that each request finds what the other found.
	walk := func(t *testing.T, lie bool) map[string]string {
		w := newWalk(t, fragmentLinks, "__Host-")
		replies := map[string]string{}
		w.each(t, true, func(method, path string) {
			r := w.request(method, path)
			if lie {
				r.Host, r.URL.Host, r.URL.Scheme = "evil.example", "", ""
				for _, name := range lies {
					r.Header.Set(name, "evil.example")
				}
				r.Header.Set("X-Forwarded-Proto", "http")
				r.Header.Set("X-Forwarded-Port", "666")
				r.Header.Set("Forwarded", `for=198.51.100.66;host=evil.example;proto=http`)
			}
			got := httptest.NewRecorder()
			w.handler.ServeHTTP(got, r)
			body := got.Body.String()
			if strings.Contains(body, "request_id") {
				body = "a request of its own"
			}
			body = sealed.ReplaceAllString(body, `name="form"`)
			// The devices and the request of a code have IDs of their own.
			for _, s := range w.sessions(t) {
				body = strings.ReplaceAll(body, s, "ID")
			}
			reply := got.Result().Header.Get("Location") + "\n" + body
			for _, c := range got.Result().Cookies() {
				reply += "\n" + c.Name + " " + c.Domain + c.Path
			}
			replies[method+" "+path] = reply
		})
		for _, login := range []string{"ada", "grace"} {
			r := w.b.request("POST", "forgot", map[string]string{"login": login})
			if lie {
				r.Host = "evil.example"
				for _, name := range lies {
					r.Header.Set(name, "evil.example")
				}
			}
			w.handler.ServeHTTP(httptest.NewRecorder(), r)
		}
		messages := w.Deliver(t)
		equal(t, "links", len(messages), 2)
		for _, m := range messages {
			if !strings.HasPrefix(m.Link, origin+base+"/reset#") {
				t.Errorf("a link to %s", m.Link)
			}
		}
		return replies
	}
	honest, lied := walk(t, false), walk(t, true)
	for route, want := range honest {
		if got := lied[route]; got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", route, got, want)
		}
		if strings.Contains(lied[route], "evil") {
			t.Errorf("%s: %s", route, lied[route])
		}
	}
	// What redirects outside of the mount.
	d := newDevices(t, passwd.Links{}, passwdhttp.Config{})
	cfg := passwdhttp.Config{Service: d.Service, Authenticate: d.byToken}
	b := d.browserOf(d.start(t, "ada", laptop))
	if err := d.Service.RequireChange(t.Context(), passwd.RequireChange{Account: d.account, Reason: passwd.Expired}); err != nil {
		t.Fatal(err)
	}
	for path, tc := range map[string]struct {
		handler http.Handler
		want    string
	}{
		"/.well-known/change-password": {passwdhttp.WellKnown(cfg), base + "/change"},
		"/orders":                      {passwdhttp.Enforce(cfg)(http.NotFoundHandler()), base + "/forced?next=%2Forders"},
		"/sign-in": {http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			passwdhttp.BeginForced(cfg, w, r, "a-ticket", "/orders")
		}), base + "/forced?next=%2Forders"},
	} {
		r := b.request("GET", path, nil)
		r.Host, r.URL.Host, r.URL.Scheme = "evil.example", "", ""
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Forwarded", "host=evil.example")
		for _, name := range lies {
			r.Header.Set(name, "evil.example")
		}
		w := httptest.NewRecorder()
		tc.handler.ServeHTTP(w, r)
		equal(t, path, w.Header().Get("Location"), tc.want)
	}
}

// sessions returns the IDs of the sessions of the account.
func (w *walked) sessions(t *testing.T) []string {
	t.Helper()
	all, err := w.manager.List(t.Context(), w.account)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, s := range all {
		ids = append(ids, s.ID)
	}
	return ids
}
