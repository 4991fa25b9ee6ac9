package passwdhttp_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/passwdhttp"
)

var formPaths = []string{"change", "forced", "forgot", "forgot/code", "reset/new", "reset/code", "cancel"}

func TestMalformedForms(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	b := s.signedIn(t)
	form := b.bound(t, "change")
	good := url.Values{"form": {form}, "current_password": {current}, "new_password": {next}}.Encode()
	for _, tc := range []struct {
		name, contentType, body, query string
		status                         int
	}{
		{"repeated", "application/x-www-form-urlencoded", good + "&new_password=another+long+password", "", 400},
		{"bad escape", "application/x-www-form-urlencoded", good + "&x=%zz", "", 400},
		{"semicolon", "application/x-www-form-urlencoded", good + ";x=1", "", 400},
		{"in the query", "application/x-www-form-urlencoded", "", "?" + good, 303}, // as a form of nobody's
		{"in the query, but for what binds it", "application/x-www-form-urlencoded", url.Values{"form": {form}}.Encode(), "?" + good, 303},
		{"JSON", "application/json", `{"current_password":"x"}`, "", 415},
		{"multipart", "multipart/form-data; boundary=x", "--x--", "", 415},
		{"text", "text/plain", good, "", 415},
		{"none", "", good, "", 415},
		{"latin 1", "application/x-www-form-urlencoded; charset=latin1", good, "", 415},
		{"large", "application/x-www-form-urlencoded", "x=" + strings.Repeat("x", endpoint.MaxBody), "", 413},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := b.request("POST", "change"+tc.query, nil)
			r.Body = http.NoBody
			fresh := httptest.NewRequest("POST", r.URL.String(), strings.NewReader(tc.body))
			fresh.Header = r.Header
			fresh.Header.Del("Content-Type")
			if tc.contentType != "" {
				fresh.Header.Set("Content-Type", tc.contentType)
			}
			fresh.RemoteAddr = r.RemoteAddr
			p := b.do(t, fresh, map[string]string{"current": current, "next": next})
			equal(t, "status", p.Code, tc.status)
			if tc.status == 415 {
				equal(t, "Accept", p.Header().Get("Accept"), "application/x-www-form-urlencoded")
			}
		})
	}
	equal(t, "password", s.opens(t, "ada", current), true)
}

func TestPageMethods(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	b := s.browser()
	for path, allow := range map[string]string{"change": "GET, HEAD, POST", "done": "GET, HEAD", "reset": "GET, HEAD"} {
		p := b.do(t, b.request("DELETE", path, nil), nil)
		equal(t, "status", p.Code, 405)
		equal(t, "Allow", p.Header().Get("Allow"), allow)
	}
	for _, path := range []string{"nothing", "nothing/", "Change", "assets/", "assets/style.css", "reset/reset"} {
		b.get(t, path).want(t, 404, "Not found")
	}
}

// Where it helps to wait, the form says so, and stays.
func TestFormsUnavailable(t *testing.T) {
	hasher := &faultyHasher{}
	limiter := &faultyLimiter{Limiter: passwd.NewMemoryLimiter(0)}
	s := newPages(t, passwd.Config{Hasher: hasher, Limiter: limiter}, passwdhttp.Config{})
	s.ada(t)
	b := s.signedIn(t)
	change := map[string]string{"current_password": current, "new_password": next}
	hasher.fail = passwd.ErrBusy
	p := b.post(t, "change", change).want(t, 503, "Change your password")
	equal(t, "Retry-After", p.Header().Get("Retry-After"), "1")
	equal(t, "fields", len(p.fields()), 2)
	if !strings.Contains(p.summary(t)[""], "Please try again in a moment.") {
		t.Errorf("summary %v", p.summary(t))
	}
	hasher.fail = nil
	limiter.fail = errors.New("dial tcp 10.0.0.4:6379")
	b.post(t, "change", change).want(t, 503, "Change your password")
	b.post(t, "forgot", map[string]string{"login": "ada"}).want(t, 503, "Forgot your password?")
	b.post(t, "forgot/code", map[string]string{"login": "ada"}).want(t, 503, "Reset your password with a code")
	limiter.fail = nil
	for range 11 {
		p = b.post(t, "change", map[string]string{"current_password": "wrong-password-1", "new_password": next})
	}
	p.want(t, 429, "Change your password")
	if p.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	equal(t, "password", s.opens(t, "ada", current), true)
}

// A site whose sessions cannot be read shows no form (I10).
func TestPagesFailClosed(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{
		SignInURL:    "/sign-in",
		Authenticate: func(*http.Request) (passwdhttp.Principal, error) { return passwdhttp.Principal{}, errors.New("down") },
	})
	b := s.browser()
	for _, path := range []string{"change", "forced"} {
		b.get(t, path).want(t, 503, "Temporarily unavailable")
		b.post(t, path, map[string]string{"current_password": current, "new_password": next}).want(t, 503, "Temporarily unavailable")
	}
}

func TestAssets(t *testing.T) {
	d := newDevices(t, passwd.Links{}, passwdhttp.Config{ConfirmField: true, Name: "Demo", Logo: "/logo.svg"})
	s, b := d.site, d.browserOf(d.start(t, "ada", laptop))
	p, size := b.get(t, "change"), 0
	for _, words := range locale.Printers() { // with all that there can be on it, the longest
		b.language = words.Language()
		size = max(size, b.get(t, "change").Body.Len())
	}
	page := size
	urls := []string{p.all("link")[0].attrs["href"], p.all("script")[0].attrs["src"]}
	types := []string{"text/css; charset=utf-8", "text/javascript; charset=utf-8"}
	for i, u := range urls {
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest("GET", u, nil))
		equal(t, "status", w.Code, 200)
		equal(t, "Content-Type", w.Header().Get("Content-Type"), types[i])
		equal(t, "Cache-Control", w.Header().Get("Cache-Control"), "public, max-age=31536000, immutable")
		equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), "nosniff")
		if !regexp.MustCompile(`^/account/password/assets/\w+\.[0-9a-f]{16}\.(css|js)$`).MatchString(u) {
			t.Errorf("asset %s", u)
		}
		// Colours and scripts of the pages are all that is loaded.
		if strings.Contains(w.Body.String(), "url(") || strings.Contains(w.Body.String(), "@import") || strings.Contains(w.Body.String(), "//") && strings.Contains(w.Body.String(), "http") {
			t.Errorf("%s loads something", u)
		}
		size += w.Body.Len()
	}
	if size >= 17_000 {
		t.Errorf("the page that changes a password takes %d bytes", size)
	}
	t.Logf("%d bytes: page %d", size, page)
}

// The script has no token to send: it names the cookie. Who does not, is judged by the
// one that came along, if nobody is signed in.
func TestCheckByCookie(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	ada := s.ada(t)
	reset, ticket := s.browser(), s.browser()
	reset.get(t, "reset?token="+s.link(t, "ada"))
	ticket.set(&http.Cookie{Name: "__Host-passwd-ticket", Value: s.ticket(t, ada, "ada", current), Path: "/", Secure: true})
	check := func(b *browser, body string) reply {
		r := request("POST", "check", body)
		u, _ := url.Parse(origin)
		for _, c := range b.jar.Cookies(u) {
			r.AddCookie(c)
		}
		return s.do(t, r, nil)
	}
	for _, tc := range []struct {
		b      *browser
		body   string
		status int
		code   string
	}{
		{reset, `{"password":"short one","cookie":"reset"}`, 200, ""},
		{ticket, `{"password":"short one","cookie":"ticket"}`, 200, ""},
		{reset, `{"password":"short one","cookie":"ticket"}`, 422, "invalid_token"},
		{ticket, `{"password":"short one","cookie":"reset"}`, 422, "invalid_token"},
		{reset, `{"password":"short one"}`, 200, ""},
		{ticket, `{"password":"short one"}`, 200, ""},
		{s.browser(), `{"password":"short one"}`, 401, "unauthenticated"},
		{reset, `{"password":"short one","cookie":"session"}`, 400, "malformed_request"},
		{reset, `{"password":"short one","cookie":"reset","token":"x"}`, 400, "malformed_request"},
	} {
		got := check(tc.b, tc.body)
		got.want(t, tc.status, tc.code)
		if tc.status == 200 && !strings.Contains(got.Body.String(), `"too_short"`) {
			t.Errorf("%s: %s", tc.body, got.Body)
		}
	}
	reset.get(t, "reset/new").want(t, 200, "Set a new password") // nothing was spent

	for name, p := range map[string]*page{"reset": reset.get(t, "reset/new"), "ticket": ticket.get(t, "forced")} {
		for _, n := range p.all("div") {
			if n.attrs["data-check"] != "" {
				equal(t, "cookie", n.attrs["data-cookie"], name)
				equal(t, "address", n.attrs["data-check"], api+"check")
			}
		}
	}
}

// The cookies live no longer than what is in them can, and than a form takes.
func TestCookieLife(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	b := s.browser()
	for call, want := range map[*page]time.Duration{
		b.get(t, "reset?token="+strings.Repeat("A", 43)):               time.Hour,
		b.get(t, "cancel?token="+strings.Repeat("A", 43)):              time.Hour,
		b.post(t, "forgot/code", map[string]string{"login": "nobody"}): 10 * time.Minute,
	} {
		equal(t, "life", time.Duration(call.Result().Cookies()[0].MaxAge)*time.Second, want)
	}
}

func TestPagesConfig(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	for field, c := range map[string]passwdhttp.Config{
		"Service":     {},
		"HomeURL":     {Service: s.Service, HomeURL: "//evil.example"},
		"AfterChange": {Service: s.Service, AfterChange: "https://app.example.com/"},
		"AfterReset":  {Service: s.Service, AfterReset: "in"},
		"Stylesheet":  {Service: s.Service, Stylesheet: "https://cdn.example/x.css"},
		"Logo":        {Service: s.Service, Name: "Demo", Logo: "data:image/png;base64,AA"},
		"Name":        {Service: s.Service, Logo: "/logo.svg"},
		"SignInURL":   {Service: s.Service, SignInURL: "javascript:alert(1)"},
	} {
		if _, err := passwdhttp.Pages(c); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// Enforce lets every page through, where the mount is the root as well.
func TestEnforceExemptsPages(t *testing.T) {
	for mount, prefix := range map[string]string{origin + base: base, origin: ""} {
		s := newSite(t, passwd.Config{Links: passwd.Links{Base: mount, FragmentNeedsJavaScript: true}}, passwdhttp.Config{})
		ada := s.ada(t)
		s.signIn(t, "ada", current)
		if err := s.Service.RequireChange(t.Context(), passwd.RequireChange{Account: ada, Reason: passwd.Expired}); err != nil {
			t.Fatal(err)
		}
		cfg := passwdhttp.Config{Service: s.Service, Authenticate: s.authenticate}
		pages, err := passwdhttp.Pages(cfg)
		if err != nil {
			t.Fatal(err)
		}
		h := passwdhttp.Enforce(cfg)(pages)
		get := func(path string) *httptest.ResponseRecorder {
			r := httptest.NewRequest("GET", prefix+path, nil)
			r.Header.Set("Authorization", "Bearer session-0")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w
		}
		form := get("/forced")
		style := regexp.MustCompile(`href="` + prefix + `(/assets/[^"]+)"`).FindStringSubmatch(form.Body.String())
		if form.Code != 200 || style == nil {
			t.Fatalf("%s: %d %s", mount, form.Code, form.Body)
		}
		for _, path := range append([]string{style[1], "/done", "/reset", "/reset/link", "/cancel/link"}, "/"+strings.Join(formPaths, " /")) {
			for one := range strings.FieldsSeq(path) {
				if w := get(one); w.Code == 403 || w.Code == 404 || strings.Contains(w.Header().Get("Location"), "forced") {
					t.Errorf("%s%s: %d %v", mount, one, w.Code, w.Header())
				}
			}
		}
	}
}
