package passwdhttp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
)

func TestFail(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	c := passwdhttp.Config{Service: kit.Service}
	for _, test := range []struct {
		err    error
		status int
		code   string
		header string // that must be there
	}{
		{passwd.ErrWrongCredentials, 401, "wrong_credentials", "WWW-Authenticate"},
		{passwd.ErrSecondFactor, 403, "second_factor_required", ""},
		{passwd.ErrInvalidRequest, 400, "malformed_request", ""},
		{fmt.Errorf("users: %w", passwd.ErrLoginTaken), 409, "login_taken", ""},
		{passwd.ErrUndeliverable, 409, "undeliverable", ""},
		{&passwd.RateLimitError{Wait: 3 * time.Second}, 429, "rate_limited", "Retry-After"},
		{&passwd.BusyError{RetryAfter: time.Second}, 503, "busy", "Retry-After"},
		{errors.New("dial 10.0.0.1: refused"), 500, "internal", ""},
	} {
		t.Run(test.code, func(t *testing.T) {
			w := httptest.NewRecorder()
			r := httptest.NewRequest("POST", "/sign-in", nil)
			r.Header.Set("Accept-Language", "de")
			passwdhttp.Fail(c, w, r, test.err)
			var body struct {
				Status int
				Code   string
				Detail string
			}
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			if w.Code != test.status || body.Status != test.status || body.Code != test.code {
				t.Errorf("%d, %+v; want %d %s", w.Code, body, test.status, test.code)
			}
			if test.header != "" && w.Header().Get(test.header) == "" {
				t.Errorf("no %s", test.header)
			}
			if w.Header().Get("Content-Language") != "de" || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", w.Header())
			}
			if strings.Contains(w.Body.String(), "10.0.0.1") {
				t.Errorf("the cause is shown: %s", w.Body)
			}
		})
	}
	if n := len(kit.Events.Named(passwd.EventUnavailable)); n != 1 {
		t.Errorf("%d events of the internal error", n)
	}
}

func TestClientOf(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	r := httptest.NewRequest("POST", "/sign-in", nil)
	r.RemoteAddr = "[::ffff:192.0.2.7]:4711"
	r.Header.Set("User-Agent", "test")
	r.Header.Set("X-Forwarded-For", "198.51.100.1")
	got := passwdhttp.ClientOf(passwdhttp.Config{Service: kit.Service}, r)
	want := passwd.Client{Addr: netip.MustParseAddr("192.0.2.7"), UserAgent: "test"}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	got = passwdhttp.ClientOf(passwdhttp.Config{
		Service:    kit.Service,
		ClientAddr: passwdhttp.TrustedProxies(netip.MustParsePrefix("192.0.2.0/24")),
		RequestID:  func(*http.Request) string { return "r1" },
	}, r)
	want.Addr, want.RequestID = netip.MustParseAddr("198.51.100.1"), "r1"
	if got != want {
		t.Errorf("behind a proxy: got %+v, want %+v", got, want)
	}
}
