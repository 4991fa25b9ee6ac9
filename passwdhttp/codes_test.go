package passwdhttp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/pwpolicy"
)

// W6, W7: every code of the service has its status. The host's own function can return
// any of its errors, so one site shows them all.
func TestEveryCode(t *testing.T) {
	var fail error
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	h, err := passwdhttp.API(passwdhttp.Config{
		Service:      s.Service,
		Authenticate: func(*http.Request) (passwdhttp.Principal, error) { return passwdhttp.Principal{}, fail },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.handler = h // not recorded: no host answers like this
	type row struct {
		err    error
		status int
	}
	rows := map[passwd.Code]row{
		passwd.CodeWrongCredentials:       {passwd.ErrWrongCredentials, 401},
		passwd.CodeUnauthenticated:        {passwd.ErrUnauthenticated, 401},
		passwd.CodeWrongPassword:          {passwd.ErrWrongPassword, 403},
		passwd.CodePasswordChangeRequired: {passwd.ErrChangeRequired, 403},
		passwd.CodeSecondFactorRequired:   {passwd.ErrSecondFactor, 403},
		passwd.CodeNoChangeNeeded:         {passwd.ErrNoChangeNeeded, 409},
		passwd.CodeConflict:               {passwd.ErrConflict, 409},
		passwd.CodeLoginTaken:             {passwd.ErrLoginTaken, 409},
		passwd.CodeHasPassword:            {passwd.ErrHasPassword, 409},
		passwd.CodeNoPassword:             {passwd.ErrNoPassword, 409},
		passwd.CodeUndeliverable:          {passwd.ErrUndeliverable, 409},
		passwd.CodePasswordRejected:       {&passwd.PolicyError{Violations: []pwpolicy.Violation{{Code: pwpolicy.Numeric}}}, 422},
		passwd.CodeInvalidToken:           {passwd.ErrTokenInvalid, 422},
		passwd.CodeInvalidRequest:         {passwd.ErrInvalidRequest, 400},
		passwd.CodeRateLimited:            {&passwd.RateLimitError{Wait: time.Second}, 429},
		passwd.CodeBusy:                   {passwd.ErrBusy, 503},
		passwd.CodeUnavailable:            {passwd.ErrUnavailable, 503},
		passwd.CodeInternal:               {endpoint.Error(passwd.CodeInternal), 500},
		endpoint.CodeCrossOrigin:          {endpoint.ErrCrossOrigin, 403},
		endpoint.CodeNotFound:             {endpoint.ErrNotFound, 404},
		endpoint.CodeMethodNotAllowed:     {endpoint.ErrMethodNotAllowed, 405},
		endpoint.CodeTooLarge:             {endpoint.ErrTooLarge, 413},
		endpoint.CodeUnsupportedMediaType: {endpoint.ErrUnsupportedMediaType, 415},
	}
	titles := map[string]passwd.Code{}
	for _, code := range endpoint.Codes() {
		want, known := rows[code]
		if !known {
			t.Errorf("%s: a new code needs a row here and in the table of statuses", code)
			continue
		}
		// An error of the host's own is unavailable (I10): what is no code of the
		// service is seen in other tests, and has its row below.
		if fail = want.err; passwd.CodeOf(fail) == passwd.CodeInternal {
			continue
		}
		got := s.post(t, "check", map[string]string{"password": next})
		got.want(t, want.status, string(code))
		if other, twice := titles[got.problem.Title]; twice {
			t.Errorf("%s and %s have one title", code, other)
		}
		titles[got.problem.Title] = code
	}
	for code, want := range rows {
		equal(t, "status of "+string(code), passwdhttp.StatusOf(code), want.status)
		equal(t, "text of "+string(code), hasText(code), true)
	}
}

// A host whose sessions cannot be read refuses, and says so (I10).
func TestAuthenticateFails(t *testing.T) {
	down := errors.New("connection refused by 10.0.0.3")
	s := newSite(t, passwd.Config{}, passwdhttp.Config{
		Authenticate: func(*http.Request) (passwdhttp.Principal, error) { return passwdhttp.Principal{}, down },
	})
	s.post(t, "change", map[string]string{"current_password": current, "new_password": next}).want(t, 503, "unavailable")
	s.do(t, request("GET", "policy", ""), nil).want(t, 503, "unavailable")
	if e := s.Events.Named(passwd.EventUnavailable); len(e) != 2 || !errors.Is(e[0].Err, down) {
		t.Errorf("events %+v", e)
	}
}

// The zero Principal is nobody, not the account without an id.
func TestZeroPrincipal(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{
		Authenticate: func(*http.Request) (passwdhttp.Principal, error) { return passwdhttp.Principal{}, nil },
	})
	s.post(t, "check", map[string]string{"password": next}).want(t, 401, "unauthenticated")
}

func TestBusyAndUnavailable(t *testing.T) {
	hasher := &faultyHasher{}
	limiter := &faultyLimiter{Limiter: passwd.NewMemoryLimiter(0)}
	s := newSite(t, passwd.Config{Hasher: hasher, Limiter: limiter}, passwdhttp.Config{})
	s.ada(t)
	session := s.signIn(t, "ada", current)
	change := map[string]string{"current_password": current, "new_password": next}

	hasher.fail = passwd.ErrBusy
	got := s.post(t, "change", change, bearer(session))
	got.want(t, 503, "busy")
	equal(t, "Retry-After", got.Header().Get("Retry-After"), "1")
	hasher.fail = nil

	limiter.fail = errors.New("dial tcp 10.0.0.4:6379")
	for _, tc := range []struct {
		path string
		body map[string]string
	}{
		{"change", change}, {"forgot", map[string]string{"login": "ada@example.com"}}, {"forgot/code", map[string]string{"login": "ada@example.com"}},
		{"reset/code", map[string]string{"request_id": "x", "code": "y"}}, {"check", map[string]string{"password": next}},
	} {
		got := s.post(t, tc.path, tc.body, bearer(session))
		got.want(t, 503, "unavailable")
		equal(t, "Retry-After", got.Header().Get("Retry-After"), "5")
	}
	limiter.fail = nil
	s.post(t, "change", change, bearer(session)).want(t, 204, "")
}

func TestThrottled(t *testing.T) {
	s := newSite(t, passwd.Config{Limits: passwd.Limits{SignIn: passwd.Limit{Free: 3, Wait: 1500 * time.Millisecond, MaxWait: time.Minute}}}, passwdhttp.Config{})
	s.ada(t)
	session := s.signIn(t, "ada", current)
	wrong := map[string]string{"current_password": "not this one", "new_password": next}
	for range 3 {
		s.post(t, "change", wrong, bearer(session)).want(t, 403, "wrong_password")
	}
	got := s.post(t, "change", map[string]string{"current_password": current, "new_password": next}, bearer(session))
	got.want(t, 429, "rate_limited")
	equal(t, "Retry-After", got.Header().Get("Retry-After"), "2") // 1.5 s, rounded up
}

// Asking for links is limited by address alone, and no header changes it (R5).
func TestForgotThrottled(t *testing.T) {
	s := newSite(t, passwd.Config{Limits: passwd.Limits{ResetRequests: passwd.Limit{Free: 2, Window: time.Hour}}}, passwdhttp.Config{})
	s.ada(t)
	s.post(t, "forgot", map[string]string{"login": "ada@example.com"}).want(t, 202, "")
	s.post(t, "forgot/code", map[string]string{"login": "nobody@example.com"}).want(t, 202, "")
	var bodies []string
	for i, login := range []string{"ada@example.com", "nobody@example.com"} {
		n := strconv.Itoa(i + 1)
		for _, path := range []string{"forgot", "forgot/code"} {
			got := s.post(t, path, map[string]string{"login": login}, header("X-Forwarded-For", "198.51.100."+n),
				header("Forwarded", "for=198.51.100."+n), header("X-Real-IP", "198.51.100."+n), header("True-Client-IP", "198.51.100."+n))
			got.want(t, 429, "rate_limited")
			bodies = append(bodies, fmt.Sprint(got.Header())+got.Body.String())
		}
	}
	for _, b := range bodies {
		equal(t, "answer", b, bodies[0])
	}
	elsewhere := func(r *http.Request) { r.RemoteAddr = "198.51.100.1:1" }
	s.post(t, "forgot", map[string]string{"login": "ada@example.com"}, elsewhere).want(t, 202, "")
}

// I6, F3: the answer is the same to the byte, headers included, whoever is asked for
// and whatever becomes of the message.
func TestForgotIsTheSame(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	s.Add(t, passwd.Account{Username: "closed", Email: "closed@example.com", Disabled: true}, current)
	s.Add(t, passwd.Account{Username: "suspended", Email: "suspended@example.com", Must: passwd.Compromised}, current)
	s.Add(t, passwd.Account{Username: "fresh", Email: "fresh@example.com"}, "")
	s.Add(t, passwd.Account{Username: "twin-1", Email: "twins@example.com"}, current)
	s.Add(t, passwd.Account{Username: "twin-2", Email: "twins@example.com"}, current)
	s.Mail.Fail(errors.New("mail is down"))
	want := ""
	for _, login := range []string{
		"ada@example.com", "nobody@example.com", "closed@example.com", "suspended@example.com", "fresh@example.com", "twins@example.com",
		"ada@example.com", "username-of-nobody", "15550000001", "+15550000009", "ADA@EXAMPLE.COM ",
	} {
		got := s.post(t, "forgot", map[string]string{"login": login})
		whole := fmt.Sprint(got.Code, got.Header(), got.Body)
		if want == "" {
			want = whole
		}
		equal(t, login, whole, want)
		s.Deliver(t)
	}
}

// W5: where links lead is configuration.
func TestForgedHost(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	forged := func(r *http.Request) {
		r.Host = "evil.example"
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Original-URL", "X-Rewrite-URL"} {
			r.Header.Set(name, "evil.example")
		}
		r.Header.Set("Forwarded", "host=evil.example;proto=http")
	}
	honest := s.post(t, "forgot", map[string]string{"login": "ada@example.com"})
	first := s.Deliver(t)
	s.Clock.Advance(time.Minute)
	got := s.post(t, "forgot", map[string]string{"login": "ada@example.com"}, forged)
	equal(t, "answer", fmt.Sprint(got.Code, got.Header(), got.Body), fmt.Sprint(honest.Code, honest.Header(), honest.Body))
	second := s.Deliver(t)
	for _, m := range append(first, second...) {
		if want := "https://app.example.com/account/password/reset?"; len(m.Link) < len(want) || m.Link[:len(want)] != want {
			t.Errorf("link does not begin with %s", want)
		}
	}
	equal(t, "messages", len(second), 1)
	redirect := s.do(t, request("GET", "/.well-known/change-password", "", forged), nil)
	equal(t, "Location", redirect.Header().Get("Location"), "/account/password/change")
}

// What the service is told of a client is what the host says.
func TestClient(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{
		RequestID: func(r *http.Request) string { return r.Header.Get("X-Request-Id") },
	})
	s.post(t, "forgot", map[string]string{"login": "ada@example.com"},
		func(r *http.Request) { r.RemoteAddr = "[::ffff:192.0.2.9]:4711" }, header("User-Agent", "curl/8"), header("X-Request-Id", "r-1"))
	e := s.Events.Named(passwd.EventResetRequested)
	if len(e) != 1 {
		t.Fatalf("events %+v", e)
	}
	equal(t, "address", e[0].Client.Addr.String(), "192.0.2.9")
	equal(t, "agent", e[0].Client.UserAgent, "curl/8")
	equal(t, "request", e[0].Client.RequestID, "r-1")
}

// A forgotten Run is an error of the host, told to its log and not to clients.
func TestNotRunning(t *testing.T) {
	var seen []passwd.Event
	svc, err := passwd.New(passwd.Config{
		Store: newSite(t, passwd.Config{}, passwdhttp.Config{}).Store, Keys: passwd.RandomKeys(),
		Notify:   passwd.NotifierFunc(func(context.Context, passwd.Message) error { return nil }),
		Links:    passwd.Links{Base: "https://app.example.com/account/password"},
		Hasher:   &faultyHasher{},
		Observer: passwd.ObserverFunc(func(_ context.Context, e passwd.Event) { seen = append(seen, e) }),
	})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	h, err := passwdhttp.API(passwdhttp.Config{Service: svc})
	if err != nil {
		t.Fatal(err)
	}
	s.handler = recorded(h)
	s.post(t, "forgot", map[string]string{"login": "ada@example.com"}).want(t, 500, "internal")
	if len(seen) != 1 || !errors.Is(seen[0].Err, passwd.ErrNotRunning) {
		t.Errorf("events %+v", seen)
	}
}

func hasText(code passwd.Code) bool {
	title, detail := locale.Match("en").Problem(code)
	return title != "" && detail != ""
}

// Texts follow the reader's language, codes do not.
func TestLanguages(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	for accept, want := range map[string]string{"": "en", "de-CH, en;q=0.5": "de", "tlh, ar;q=0.1": "ar", "tlh": "en"} {
		got := s.post(t, "reset", map[string]string{"token": "x", "new_password": next}, header("Accept-Language", accept))
		got.want(t, 422, "invalid_token")
		equal(t, "Content-Language", got.Header().Get("Content-Language"), want)
		equal(t, "Vary", got.Header().Get("Vary"), "Accept-Language")
		title, detail := locale.Match(want).Problem(passwd.CodeInvalidToken)
		if !strings.Contains(got.Body.String(), title) || !strings.Contains(got.Body.String(), detail) {
			t.Errorf("%q: %s", accept, got.Body)
		}
	}
}
