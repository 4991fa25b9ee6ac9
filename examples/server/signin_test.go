package main

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
)

// TestDemoAccounts is quick; TestProgram does the same with real hashes.
func TestDemoAccounts(t *testing.T) {
	onEach(t, func(_ *testing.T, s *running) { signInToAll(s) })
}

// signInToAll signs in to every demo account by every login that it has.
func signInToAll(s *running) {
	s.t.Helper()
	for _, d := range demoAccounts {
		for _, login := range []string{d.username, d.email, d.mobile} {
			if login == "" {
				continue
			}
			r := s.post("/dev/sign-in", "", "tenant", d.tenant, "login", login, "password", d.password)
			switch {
			case d.password == "", d.disabled, d.inactive, login == "shared@example.com":
				s.want(r, http.StatusUnauthorized, "wrong_credentials")
			case d.must != passwd.NoReason:
				s.want(r, http.StatusForbidden, "password_change_required")
				if len(r.field("ticket")) != 43 {
					s.t.Errorf("%s: no ticket: %s", login, r.body)
				}
			default:
				s.want(r, http.StatusOK, "")
				who := s.call("GET", "/dev/whoami", r.field("access_token"), "")
				if who.status != http.StatusOK || who.field("tenant") != d.tenant || who.field("account") != strconv.FormatInt(d.id, 10) {
					s.t.Errorf("%s: whoami: %d %s", login, who.status, who.body)
				}
			}
		}
	}
}

// TestWrongCredentials is I6: one answer, whatever was wrong.
func TestWrongCredentials(t *testing.T) { onEach(t, testWrongCredentials) }

func testWrongCredentials(t *testing.T, s *running) {
	var first reply
	for i, c := range [][3]string{
		{"", "ada", "not it"},
		{"", "nobody", "not it"},
		{"", "nobody@example.com", adaPassword},
		{"bakery", "ada", adaPassword},
		{"none", "ada", adaPassword},
		{"bakery", "closed@domain.com", "Old-Bread-and-Butter-9"},
		{"callcenter", "new.user", "Not-Yet-Active-5"},
		{"NoPassword", "919999922332", ""},
	} {
		r := s.post("/dev/sign-in", "", "tenant", c[0], "login", c[1], "password", c[2])
		s.want(r, http.StatusUnauthorized, "wrong_credentials")
		r.header.Del("Date")
		if i == 0 {
			first = r
		}
		if r.body != first.body || len(r.header) != len(first.header) {
			t.Errorf("%q: %v %s, want %v %s", c[1], r.header, r.body, first.header, first.body)
		}
	}
}

func TestMalformedSignIn(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, c := range []struct {
		name, kind, body string
		status           int
		code             string
	}{
		{"no JSON", "application/json", "login=ada", 400, "malformed_request"},
		{"null", "application/json", "null", 400, "malformed_request"},
		{"an array", "application/json", "[]", 400, "malformed_request"},
		{"a number", "application/json", `{"login":1,"password":"x"}`, 400, "malformed_request"},
		{"no password", "application/json", `{"login":"ada"}`, 400, "malformed_request"},
		{"empty login", "application/json", `{"login":" ","password":"x"}`, 400, "malformed_request"},
		{"unknown member", "application/json", `{"login":"ada","password":"x","admin":"y"}`, 400, "malformed_request"},
		{"two objects", "application/json", `{"login":"ada","password":"x"}{}`, 400, "malformed_request"},
		{"a form", "application/x-www-form-urlencoded", "login=ada&password=x", 415, "unsupported_media_type"},
		{"text", "text/plain", `{"login":"ada","password":"x"}`, 415, "unsupported_media_type"},
		{"too large", "application/json", `{"login":"ada","password":"` + strings.Repeat("x", 20<<10) + `"}`, 413, "too_large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), "POST", s.origin+"/dev/sign-in", strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", c.kind)
			r := do(t, http.DefaultClient, req)
			if r.status != c.status || r.field("code") != c.code {
				t.Errorf("%d %s, want %d %s", r.status, r.body, c.status, c.code)
			}
		})
	}
}

func TestOwnRoutes(t *testing.T) { onEach(t, testOwnRoutes) }

func testOwnRoutes(t *testing.T, s *running) {
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 200}, {"GET", "/sign-in", 200}, {"GET", "/dev/", 200}, {"GET", "/dev/messages", 200}, {"GET", "/dev/events", 200},
		{"GET", "/dev/whoami", 401}, {"GET", "/nothing", 404}, {"GET", "/dev/nothing", 404},
		{"GET", "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200", 404},
		{"POST", "/", 405}, {"GET", "/sign-out", 405}, {"GET", "/dev/sign-in", 405}, {"POST", "/dev/messages", 405},
		{"GET", "/account/password/api/v1/policy", 200}, {"GET", "/account/password/api/v1/change", 405},
	} {
		if r := s.call(c.method, c.path, "", ""); r.status != c.status {
			t.Errorf("%s %s: status %d, want %d", c.method, c.path, r.status, c.status)
		}
	}
	if body := s.call("GET", "/dev/messages", "", "").body; strings.TrimSpace(body) != "[]" {
		t.Errorf("messages to begin with: %s", body)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.origin+"/.well-known/change-password", nil)
	if err != nil {
		t.Fatal(err)
	}
	if r := do(t, client, req); r.status/100 != 3 || r.header.Get("Location") != mount+"/change" {
		t.Errorf("well-known: %d %v", r.status, r.header)
	}
}

// TestCrossOrigin is about another site that makes a browser send our form.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, path := range []string{"/sign-in", "/sign-out"} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.origin+path, strings.NewReader("login=ada&password="+adaPassword))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "https://elsewhere.example.com")
		if r := do(t, http.DefaultClient, req); r.status != http.StatusForbidden || r.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", path, r.status, r.header)
		}
	}
}

// TestGuessingIsSlowedDown is the demo's promise: ten failures are free.
func TestGuessingIsSlowedDown(t *testing.T) { onEach(t, testGuessingIsSlowedDown) }

func testGuessingIsSlowedDown(t *testing.T, s *running) {
	for _, login := range []string{"ada", "nobody"} {
		failures := 0
		for {
			r := s.post("/dev/sign-in", "", "login", login, "password", "guess "+strconv.Itoa(failures))
			if r.status == http.StatusTooManyRequests {
				if wait, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || wait < 1 || r.field("code") != "rate_limited" {
					t.Errorf("%s: Retry-After %q: %s", login, r.header.Get("Retry-After"), r.body)
				}
				break
			}
			s.want(r, http.StatusUnauthorized, "wrong_credentials")
			if failures++; failures > 20 {
				t.Fatalf("%s: %d failures, and no 429", login, failures)
			}
		}
		if failures < 10 {
			t.Errorf("%s: %d failures were free, want 10", login, failures)
		}
	}
}

// TestNoLimits is about an account that would be stopped after 100 failures.
func TestNoLimits(t *testing.T) {
	t.Parallel()
	limiter := new(noLimits)
	kit := passwdtest.New(t, passwd.Config{Limiter: limiter})
	kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, adaPassword)
	signIn := func(password string) error {
		_, err := kit.Service.SignIn(context.Background(), passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: password})
		return err
	}
	for range 150 {
		if err := signIn("not it"); passwd.CodeOf(err) != passwd.CodeWrongCredentials {
			t.Fatal(err)
		}
	}
	if err := signIn(adaPassword); err != nil {
		t.Errorf("after 150 failures: %v", err)
	}
	if n := limiter.tries.Load(); n < 151 {
		t.Errorf("%d tries counted, want 151 or more", n)
	}
	if sent := kit.Deliver(t); len(sent) > 0 {
		t.Errorf("the owner was told: %s", sent[0].Kind)
	}
	if got, err := limiter.Do(context.Background(), time.Time{}, passwd.Step{Key: "key", Do: passwd.StepPeek}); len(got) != 1 || got[0].Count != 0 || err != nil {
		t.Errorf("Do: %v, %v", got, err)
	}
}

// TestTenantPolicies tries the passwords of the published descriptions.
func TestTenantPolicies(t *testing.T) {
	t.Parallel()
	policies, err := tenantPolicies()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		tenant, password string
		good             bool
	}{
		{"bakery", "password123", true}, {"bakery", "passw12", false},
		{"profile", "Wonder!and-1866", true}, {"profile", "wonder and 1866", false},
		{"callcenter", "SaverPassword1234!", true}, {"callcenter", "SaverPass1234!", false}, {"callcenter", "passwordpassword", false},
		{"quotes", "quotes", true}, {"quotes", "quote", false},
		{"DocDemo", "a", true}, {"DocDemo", "", false},
		{"OtherBrand", "abc123", false}, {"OtherBrand", "Other-Brand-Pass-2", true},
		{"", newPassword, true}, {"", "Ada-1843", false},
	} {
		p, err := policyFor(policies)(t.Context(), passwd.Account{Ref: passwd.Ref{Tenant: c.tenant}})
		if err != nil {
			t.Fatal(err)
		}
		found, err := p.Check(t.Context(), pwpolicy.NewCandidate(c.password, pwpolicy.Subject{}), pwpolicy.PhaseHistory)
		if err != nil || (len(found) == 0) != c.good {
			t.Errorf("%s: %q: %v, %v, want good: %t", c.tenant, c.password, found, err, c.good)
		}
	}
}
