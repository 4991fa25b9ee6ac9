package passwdhttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/session"
)

// newSignIn is a host without sessions of its own, and nothing to do but to mount.
func newSignIn(t *testing.T, svc passwd.Config, cfg passwdhttp.Config) (*site, passwdhttp.Config) {
	t.Helper()
	store, keys := memstore.New(), passwd.RandomKeys()
	svc.Store, svc.Keys = store, keys
	s := newPages(t, svc, passwdhttp.Config{})
	cfg.Service = s.Service
	cfg, err := passwdhttp.CookieSessions(cfg, session.Config{Store: store, Keys: keys, Now: s.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	s.mount(t, cfg)
	s.ada(t)
	return s, cfg
}

// mount replaces what is mounted.
func (s *site) mount(t *testing.T, cfg passwdhttp.Config) {
	t.Helper()
	pages, err := passwdhttp.Pages(cfg)
	if err != nil {
		t.Fatal(err)
	}
	api, err := passwdhttp.API(cfg)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(base+"/", pages)
	mux.Handle(base+"/api/", api)
	s.handler = recorded(mux)
}

const (
	sessionCookie = "__Host-passwd-session"
	deviceCookie  = "__Host-passwd-device"
)

func right() map[string]string { return map[string]string{"login": "ada", "password": current} }

func TestSignInPage(t *testing.T) {
	s, _ := newSignIn(t, passwd.Config{}, passwdhttp.Config{})
	b := s.browser()
	p := b.get(t, "signin?next=%2Forders").want(t, 200, "Sign in")
	equal(t, "fields", p.fields(), []string{"login", "password"})
	login, password := p.input(t, "login"), p.input(t, "password")
	equal(t, "login", []string{login["autocomplete"], login["enterkeyhint"]}, []string{"username", "next"})
	equal(t, "password", []string{password["type"], password["autocomplete"], password["enterkeyhint"]}, []string{"password", "current-password", "go"})
	equal(t, "links", p.links(), []string{base + "/forgot", base + "/forgot/code"})
	equal(t, "next", hidden(p.nodes, "next"), "/orders")

	b.post(t, "signin", map[string]string{"login": "ada", "password": current, "next": "/orders"}).want(t, 303, "/done?after=signin").follow(t).
		want(t, 200, "You are signed in").onward(t, "/orders")
	if b.cookie(sessionCookie) == "" || b.cookie(deviceCookie) == "" {
		t.Error("no cookie of a session, or of a known device")
	}
	p = b.get(t, "change").want(t, 200, "Change your password")
	equal(t, "username", []string{p.input(t, "username")["value"], p.input(t, "username")["autocomplete"]}, []string{"ada", "username"})
	p = b.get(t, "devices").want(t, 200, "Your devices")
	if !strings.Contains(p.Body.String(), "This device") {
		t.Error("the session is not among the devices")
	}

	// A change keeps who makes it signed in, with a cookie of its own.
	before := b.cookie(sessionCookie)
	b.post(t, "change", map[string]string{"current_password": current, "new_password": next}).want(t, 303, "/done")
	if b.cookie(sessionCookie) == before {
		t.Error("the cookie is that of before the change")
	}
	b.get(t, "change").want(t, 200, "Change your password")
	other := s.browser()
	other.set(&http.Cookie{Name: sessionCookie, Value: before, Path: "/", Secure: true})
	other.get(t, "change").want(t, 303, "/signin?next=%2Faccount%2Fpassword%2Fchange")
}

// Where a sign-in leads stays on the site, whatever the request says.
func TestSignInNext(t *testing.T) {
	s, _ := newSignIn(t, passwd.Config{}, passwdhttp.Config{HomeURL: "/home"})
	for given, want := range map[string]string{
		"/orders?page=2": "/orders?page=2", "": "/home", "https://evil.example/": "/home", "//evil.example": "/home", "/\\evil.example": "/home",
	} {
		b := s.browser()
		equal(t, "field", hidden(b.get(t, "signin?next="+strings.ReplaceAll(given, "?", "%3F")).nodes, "next"), strings.TrimPrefix(want, "/home"))
		b.post(t, "signin", map[string]string{"login": "ada", "password": current, "next": given}).follow(t).onward(t, want)
	}
}

// I6: whatever is wrong, page and API answer the same, byte for byte.
func TestSignInRefuses(t *testing.T) {
	s, _ := newSignIn(t, passwd.Config{}, passwdhttp.Config{})
	s.Add(t, passwd.Account{Username: "closed", Disabled: true}, current)
	s.Add(t, passwd.Account{Username: "twin", Email: "twin@example.com"}, current)
	s.Add(t, passwd.Account{Username: "twin2", Email: "twin@example.com"}, current)
	suspended := s.Add(t, passwd.Account{Username: "barbara"}, current)
	if err := s.Service.MarkCompromised(t.Context(), passwd.MarkCompromised{Account: suspended}); err != nil {
		t.Fatal(err)
	}
	s.Store.Set(passwd.Account{Ref: passwd.Ref{ID: "none"}, Username: "nopassword", Active: true})
	pages, replies := map[string]string{}, map[string]string{}
	for _, login := range []string{"ada", "nobody", "closed", "twin@example.com", "barbara", "nopassword"} {
		password := current
		if login == "ada" {
			password = "not hers at all"
		}
		b := s.browser()
		p := b.post(t, "signin", map[string]string{"login": login, "password": password}).want(t, 422, "Sign in")
		equal(t, login, p.summary(t)["password"], "The login or the password is wrong.")
		equal(t, "typed", p.input(t, "login")["value"], login)
		if b.cookie(sessionCookie) != "" || b.cookie(deviceCookie) != "" {
			t.Error("cookies")
		}
		pages[strings.ReplaceAll(p.Body.String(), `"`+login+`"`, `"LOGIN"`)] = login
		got := s.post(t, "signin", map[string]string{"login": login, "password": password})
		got.want(t, 401, "wrong_credentials")
		replies[got.Body.String()+fmt.Sprint(got.Header())] = login
	}
	if len(pages) != 1 || len(replies) != 1 {
		t.Errorf("%d pages and %d replies, want one of each", len(pages), len(replies))
	}
	// Only who has the right password is told more, and that on the page alone (F7).
	for login, want := range map[string]string{"early": "This account has not been activated yet.", "late": "This temporary password has expired. Request a link to set a new one."} {
		ref, password := s.Add(t, passwd.Account{Username: login}, current), current
		if login == "late" {
			issued, err := s.Service.IssueTemporary(t.Context(), passwd.IssueTemporary{Account: ref, TTL: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			password = issued.Password
			s.Clock.Advance(2 * time.Hour)
		} else {
			a, err := s.Store.Get(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			a.Active = false
			s.Store.Set(a)
		}
		equal(t, login, s.browser().post(t, "signin", map[string]string{"login": login, "password": password}).want(t, 422, "Sign in").summary(t)["password"], want)
		equal(t, login, s.browser().post(t, "signin", map[string]string{"login": login, "password": "wrong one here"}).want(t, 422, "Sign in").summary(t)["password"],
			"The login or the password is wrong.")
	}
}

func TestSignInForms(t *testing.T) {
	s, _ := newSignIn(t, passwd.Config{}, passwdhttp.Config{LoginKind: passwd.Email})
	for _, tc := range []struct {
		login, password string
		wrong           map[string]string
	}{
		{"", "", map[string]string{"login": "Enter your email address.", "password": "Enter your password."}},
		{"ada@example.com", "", map[string]string{"password": "Enter your password."}},
		{"ada", current, map[string]string{"password": "The login or the password is wrong."}}, // not an email address
		{strings.Repeat("a", 600), current, map[string]string{"login": "Enter your email address."}},
	} {
		got := s.browser().post(t, "signin", map[string]string{"login": tc.login, "password": tc.password}).want(t, 422, "Sign in").summary(t)
		delete(got, "")
		equal(t, tc.login, got, tc.wrong)
	}
	s.browser().post(t, "signin", map[string]string{"login": "ada@example.com", "password": current}).want(t, 303, "/done?after=signin")
}

// Who waits is told how long, on the page and in its status.
func TestSignInThrottled(t *testing.T) {
	s, _ := newSignIn(t, passwd.Config{Limits: passwd.Limits{Address: passwd.Limit{Free: 2, Window: time.Minute}}}, passwdhttp.Config{})
	wrong := map[string]string{"login": "ada", "password": "not hers at all"}
	b := s.browser()
	for range 2 {
		b.post(t, "signin", wrong).want(t, 422, "Sign in")
	}
	p := b.post(t, "signin", right()).want(t, 429, "Sign in")
	if p.Header().Get("Retry-After") == "" || !strings.Contains(p.Body.String(), "Please try again in") {
		t.Errorf("Retry-After %q: %s", p.Header().Get("Retry-After"), p.summary(t)[""])
	}
	got := s.post(t, "signin", right())
	got.want(t, 429, "rate_limited")
	s.Clock.Advance(time.Minute)
	b.post(t, "signin", right()).want(t, 303, "/done?after=signin")
}

// Who must change the password gets no session, but the page for that, and goes on from
// there signed in.
func TestSignInMustChange(t *testing.T) {
	s, _ := newSignIn(t, passwd.Config{}, passwdhttp.Config{})
	ref := s.Add(t, passwd.Account{Username: "grace"}, current)
	issued, err := s.Service.IssueTemporary(t.Context(), passwd.IssueTemporary{Account: ref, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	p := b.post(t, "signin", map[string]string{"login": "grace", "password": issued.Password, "next": "/orders"}).want(t, 303, "/forced?next=%2Forders")
	equal(t, "session", b.cookie(sessionCookie), "")
	p.follow(t).want(t, 200, "Choose a new password")
	b.post(t, "forced?next=%2Forders", map[string]string{"new_password": next, "next": "/orders"}).want(t, 303, "/done").follow(t).onward(t, "/orders")
	b.get(t, "change").want(t, 200, "Change your password")

	if err := s.Service.RequireChange(t.Context(), passwd.RequireChange{Account: ref}); err != nil {
		t.Fatal(err)
	}
	got := s.post(t, "signin", map[string]string{"login": "grace", "password": next})
	got.want(t, 403, "password_change_required")
	equal(t, "session", strings.Contains(fmt.Sprint(got.Result().Cookies()), "session"), false)
	s.post(t, "change-required", map[string]string{"ticket": got.member(t, "ticket"), "new_password": current}).want(t, 204, "")
}

// Of the API the host's function may make the reply; of the page it may not.
func TestSignInReply(t *testing.T) {
	s, cfg := newSignIn(t, passwd.Config{}, passwdhttp.Config{})
	s.post(t, "signin", right()).want(t, 204, "")
	var fail error
	cfg.SignedIn = func(w http.ResponseWriter, _ *http.Request, in passwd.SignedIn) error {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]string{"access_token": "of " + in.Account.ID})
		return fail
	}
	s.mount(t, cfg)
	got := s.post(t, "signin", right())
	got.want(t, 200, "")
	equal(t, "token", got.member(t, "access_token"), "of 1")
	p := s.browser().post(t, "signin", right()).want(t, 303, "/done?after=signin")
	equal(t, "Content-Type", p.Header().Get("Content-Type"), "")

	for _, tc := range []struct {
		err    error
		status int
		code   string
	}{
		{errors.New("the sessions are down"), 503, "unavailable"}, {passwd.ErrBusy, 503, "busy"},
		{passwd.ErrEnded, 409, "conflict"}, // the password has been changed since it was compared
	} {
		fail = tc.err
		s.post(t, "signin", right()).want(t, tc.status, tc.code)
		s.browser().post(t, "signin", right()).want(t, tc.status, "Sign in")
	}
}

// Who has signed in by the library signs out by it, on the page of devices or by the API.
func TestSignOut(t *testing.T) {
	s, cfg := newSignIn(t, passwd.Config{}, passwdhttp.Config{})
	b := s.browser()
	b.post(t, "signin", right()).want(t, 303, "/done?after=signin")
	p := b.get(t, "devices").want(t, 200, "Your devices")
	forms := p.all("form")
	equal(t, "forms", []any{len(forms), forms[0].attrs["action"], strings.TrimSpace(forms[0].text)}, []any{1, base + "/sign-out", "Sign out"})
	out := map[string]string{"form": hidden(p.nodes, "form"), "next": hidden(p.nodes, "next")}
	b.send(t, "sign-out", out).want(t, 303, "/signin").follow(t).want(t, 200, "Sign in")
	equal(t, "cookie", b.cookie(sessionCookie), "")
	b.send(t, "sign-out", out).want(t, 303, "/signin") // twice
	left, err := cfg.Sessions.List(t.Context(), passwd.Ref{ID: "1"})
	if err != nil || len(left) > 0 {
		t.Errorf("%d sessions are left (%v)", len(left), err)
	}

	got := s.post(t, "signin", right())
	cookies := got.Result().Cookies()
	withSession := func(r *http.Request) {
		for _, c := range cookies {
			r.AddCookie(c)
		}
	}
	s.do(t, request("GET", "devices", "", withSession), nil).want(t, 200, "")
	s.do(t, request("POST", "signout", "{}", withSession, header("Sec-Fetch-Site", "cross-site")), nil).want(t, 403, "cross_origin")
	s.do(t, request("GET", "devices", "", withSession), nil).want(t, 200, "")
	s.do(t, request("POST", "signout", `{"x":1}`, withSession), nil).want(t, 400, "malformed_request")
	for range 2 {
		s.do(t, request("POST", "signout", "{}", withSession), nil).want(t, 204, "")
	}
	s.do(t, request("GET", "devices", "", withSession), nil).want(t, 401, "unauthenticated")

	down := newSite(t, passwd.Config{}, passwdhttp.Config{SignOut: func(http.ResponseWriter, *http.Request) error { return errors.New("dial tcp 10.0.0.7") }})
	down.do(t, request("POST", "signout", "{}"), nil).want(t, 503, "unavailable")
}

// Mistakes are told at the start.
func TestSignInMistakes(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	signedIn := everything(nil).SignedIn
	for want, cfg := range map[string]passwdhttp.Config{
		"Config.SignedIn":        {SignedIn: signedIn},
		"Config.Sessions":        {Sessions: (*session.Manager)(nil)},
		"Config.SecondFactorURL": {SecondFactorURL: "/confirm"},
		"SecondFactorURL must":   {SecondFactorURL: "https://other.example/", SignedIn: signedIn, Authenticate: nobody},
	} {
		cfg.Service = s.Service
		if _, err := passwdhttp.Pages(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// Nothing is there unless it is asked for.
func TestSignInOptIn(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	s.post(t, "signin", right()).want(t, 404, "not_found")
	s.browser().get(t, "signin").want(t, 404, "Not found")
	s.browser().get(t, "devices").want(t, 404, "Not found")
	s.post(t, "devices/end", map[string]string{"id": "x"}).want(t, 404, "not_found")
	s.post(t, "devices/end-others", nil).want(t, 404, "not_found")
	s.post(t, "signout", nil).want(t, 404, "not_found")
	for _, method := range []string{"GET", "HEAD"} {
		s.do(t, request(method, "devices", ""), nil).want(t, 404, "not_found")
	}
}

// A sign-in that lacks the second factor begins nothing, and goes on at the host's page.
func TestSignInSecondFactor(t *testing.T) {
	asked := func(_ context.Context, a passwd.Account, _ passwd.Client) error {
		if a.Username == "ada" {
			return passwd.ErrSecondFactor
		}
		return nil
	}
	s, cfg := newSignIn(t, passwd.Config{Admit: asked}, passwdhttp.Config{SecondFactorURL: "/confirm"})
	s.Add(t, passwd.Account{Username: "bob"}, current)
	s.browser().post(t, "signin", map[string]string{"login": "bob", "password": current}).want(t, 303, "/done?after=signin")

	finish := func(b *browser) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), b.request("POST", "/confirm", nil)
		if in, err := passwdhttp.HalfSignedIn(cfg, r); err == nil {
			equal(t, "who", in.Account.ID, "1")
		}
		if err := passwdhttp.FinishSignIn(cfg, w, r); err != nil {
			passwdhttp.Fail(cfg, w, r, err)
		}
		b.jar.SetCookies(r.URL, w.Result().Cookies())
		return w
	}
	equal(t, "nobody", finish(s.browser()).Code, 401)

	b := s.browser()
	b.post(t, "signin", map[string]string{"login": "ada", "password": "not hers at all"}).want(t, 422, "Sign in")
	equal(t, "after a wrong password", finish(b).Code, 401)
	b.post(t, "signin", map[string]string{"login": "ada", "password": current, "next": "/orders"}).want(t, 303, "/confirm")
	equal(t, "cookies", []string{b.cookie(sessionCookie), b.cookie(deviceCookie)}, []string{"", ""})
	b.get(t, "change").want(t, 303, "/signin?next=%2Faccount%2Fpassword%2Fchange")
	equal(t, "signed in", len(s.Events.Named(passwd.EventSignedIn)), 1) // bob

	w := finish(b)
	equal(t, "status", w.Code, 303)
	b.get(t, w.Header().Get("Location")).want(t, 200, "You are signed in").onward(t, "/orders")
	b.get(t, "change").want(t, 200, "Change your password")
	equal(t, "signed in", len(s.Events.Named(passwd.EventSignedIn)), 2)
	equal(t, "once", finish(b).Code, 401)

	// By the API, and with a change that comes before.
	signIn := func() *browser {
		b := s.browser()
		got := s.post(t, "signin", right())
		got.want(t, 403, "second_factor_required")
		for _, c := range got.Result().Cookies() {
			b.set(c)
		}
		return b
	}
	equal(t, "API", finish(signIn()).Code, 204)
	b = signIn()
	if err := s.Service.RequireChange(t.Context(), passwd.RequireChange{Account: passwd.Ref{ID: "1"}}); err != nil {
		t.Fatal(err)
	}
	w = finish(b)
	if w.Code != 403 || !strings.Contains(w.Body.String(), `"ticket":"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}

	// A password that has been changed since was proved in vain.
	b = signIn()
	if _, err := s.Service.Revoke(t.Context(), passwd.Revoke{Account: passwd.Ref{ID: "1"}}); err != nil {
		t.Fatal(err)
	}
	equal(t, "revoked since", finish(b).Code, 401)
}

// The cookie of a session opens nothing under another key, or of another tenant.
func TestCookieSessions(t *testing.T) {
	if _, err := passwdhttp.CookieSessions(passwdhttp.Config{}, session.Config{}); err == nil {
		t.Error("without a service: no error")
	}
	s, cfg := newSignIn(t, passwd.Config{}, passwdhttp.Config{})
	if _, err := passwdhttp.CookieSessions(passwdhttp.Config{Service: s.Service}, session.Config{}); err == nil {
		t.Error("without a store: no error")
	}
	b := s.browser()
	b.post(t, "signin", right()).want(t, 303, "/done?after=signin")
	first := b.cookie(sessionCookie)
	b.post(t, "signin", right()).want(t, 303, "/done?after=signin")
	all, err := cfg.Sessions.List(t.Context(), passwd.Ref{ID: "1"})
	if err != nil || len(all) != 1 || b.cookie(sessionCookie) == first {
		t.Errorf("%d sessions after signing in twice in one browser (%v)", len(all), err)
	}
	// It lives for as long as it is used, and no longer than MaxAge.
	for range 2 {
		s.Clock.Advance(13 * 24 * time.Hour)
		b.get(t, "change").want(t, 200, "Change your password")
	}
	s.Clock.Advance(5 * 24 * time.Hour)
	b.get(t, "change").want(t, 303, "/signin?next=%2Faccount%2Fpassword%2Fchange")
	if who, err := cfg.Authenticate(b.request("GET", "/", nil)); !errors.Is(err, passwd.ErrUnauthenticated) || errors.Is(err, passwd.ErrEnded) {
		t.Errorf("%v, %v", who, err)
	}

	b.post(t, "signin", right()).want(t, 303, "/done?after=signin")
	w := httptest.NewRecorder()
	if err := cfg.SignOut(w, b.request("POST", "/sign-out", nil)); err != nil {
		t.Fatal(err)
	}
	b.get(t, "change").want(t, 303, "/signin?next=%2Faccount%2Fpassword%2Fchange")
	equal(t, "cookie", strings.HasPrefix(w.Header().Get("Set-Cookie"), sessionCookie+"=; Path=/; Max-Age=0;"), true)
}
