package endpoint_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/passwdtest"
)

// form is a face that takes forms as well as JSON, says no in plain text, and has
// a path with a page and a form.
func form(t *testing.T, f endpoint.Face) (*passwdtest.Kit, http.Handler) {
	t.Helper()
	kit := passwdtest.New(t, passwd.Config{})
	f.Service = kit.Service
	f.Accept = []string{"application/x-www-form-urlencoded", "application/json"}
	f.Header = map[string]string{"X-Robots-Tag": "noindex"}
	f.Fail = func(w http.ResponseWriter, _ *http.Request, code passwd.Code, _ error) {
		w.WriteHeader(499)
		io.WriteString(w, string(code))
	}
	face := &f
	page := func(w http.ResponseWriter, r *http.Request) (string, error) {
		return "page", fault(r.URL.Query().Get("fail"))
	}
	decode := func(b endpoint.Body) (url.Values, error) { return url.ParseQuery(string(b.Data)) }
	submit := func(w http.ResponseWriter, r *http.Request, in url.Values) (string, error) {
		w.Header().Set("X-Client", fmt.Sprint(face.Client(r)))
		return in.Get("a"), fault(in.Get("fail"))
	}
	return kit, face.Routes("/mount", map[string]endpoint.Methods{
		"/page": {"GET": endpoint.Get(face, page, endpoint.JSON[string](200, "application/json")),
			"POST": endpoint.Post(face, decode, submit, endpoint.JSON[string](201, "application/json"))},
		"/empty": {"PUT": endpoint.Post(face, decode, submit, endpoint.Empty[string](204))},
	})
}

// fault makes an error of its name.
func fault(name string) error {
	switch name {
	case "":
		return nil
	case "panic":
		panic("of the host's")
	case "half":
		return &passwd.RateLimitError{Wait: 500 * time.Millisecond}
	case "whole":
		return fmt.Errorf("wrapped: %w", &passwd.RateLimitError{Wait: 3 * time.Second})
	case "over":
		return &passwd.RateLimitError{Wait: 3*time.Second + 1}
	case "busy":
		return passwd.ErrBusy
	case "tokens":
		return passwd.ErrTooManyTokens
	case "down":
		return fmt.Errorf("%w: 10.0.0.1 refused", passwd.ErrUnavailable)
	}
	return errors.New(name)
}

func TestRoutes(t *testing.T) {
	_, h := form(t, endpoint.Face{})
	const urlencoded = "application/x-www-form-urlencoded"
	for _, tc := range []struct {
		name, method, target, contentType, body string
		status                                  int
		want                                    string
		header                                  map[string]string
	}{
		{"GET", "GET", "/mount/page", "", "", 200, "\"page\"\n", map[string]string{"Content-Type": "application/json", "Content-Length": "7"}},
		{"POST", "POST", "/mount/page", urlencoded, "a=%3Cb%3E", 201, "\"<b>\"\n", nil},
		{"other type", "POST", "/mount/page", "application/json; charset=utf-8", "a=b", 201, "\"b\"\n", nil},
		{"PUT", "PUT", "/mount/empty", urlencoded, "a=b", 204, "", nil},
		{"query", "POST", "/mount/page?a=query", urlencoded, "a=body", 201, "\"body\"\n", nil},
		{"no body", "POST", "/mount/page", urlencoded, "", 201, "\"\"\n", nil},
		{"method", "DELETE", "/mount/page", "", "", 499, "method_not_allowed", map[string]string{"Allow": "GET, HEAD, POST"}},
		{"method, no GET", "HEAD", "/mount/empty", "", "", 499, "method_not_allowed", map[string]string{"Allow": "PUT"}},
		{"path", "GET", "/mount/pages", "", "", 499, "not_found", nil},
		{"path below", "GET", "/mount/page/", "", "", 499, "not_found", nil},
		{"mount", "GET", "/page", "", "", 499, "not_found", nil},
		{"type", "POST", "/mount/page", "text/plain", "a=b", 499, "unsupported_media_type", map[string]string{"Accept": urlencoded + ", application/json"}},
		{"decode", "POST", "/mount/page", urlencoded, "a=%zz", 499, "malformed_request", nil},
		{"size", "POST", "/mount/page", urlencoded, "a=" + strings.Repeat("b", endpoint.MaxBody), 499, "too_large", nil},
		{"unknown error", "POST", "/mount/page", urlencoded, "fail=secret", 499, "internal", nil},
		{"half a second", "POST", "/mount/page", urlencoded, "fail=half", 499, "rate_limited", map[string]string{"Retry-After": "1"}},
		{"three seconds", "GET", "/mount/page?fail=whole", "", "", 499, "rate_limited", map[string]string{"Retry-After": "3"}},
		{"a little more", "GET", "/mount/page?fail=over", "", "", 499, "rate_limited", map[string]string{"Retry-After": "4"}},
		{"tokens", "GET", "/mount/page?fail=tokens", "", "", 499, "rate_limited", map[string]string{"Retry-After": "60"}},
		{"busy", "GET", "/mount/page?fail=busy", "", "", 499, "busy", map[string]string{"Retry-After": "1"}},
		{"down", "GET", "/mount/page?fail=down", "", "", 499, "unavailable", map[string]string{"Retry-After": "5"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(tc.method, tc.target, strings.NewReader(tc.body))
			if tc.contentType != "" {
				r.Header.Set("Content-Type", tc.contentType)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tc.status || w.Body.String() != tc.want {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, tc.status, tc.want)
			}
			want := map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex"}
			for name, value := range tc.header {
				want[name] = value
			}
			for name, value := range want {
				if got := w.Header().Get(name); got != value {
					t.Errorf("%s: %q, want %q", name, got, value)
				}
			}
			for _, name := range []string{"Allow", "Accept", "Retry-After"} {
				if got := w.Header().Get(name); got != tc.header[name] {
					t.Errorf("%s: %q, want %q", name, got, tc.header[name])
				}
			}
		})
	}
}

// HEAD is GET without its body, and the rest of the reply the same.
func TestHead(t *testing.T) {
	_, h := form(t, endpoint.Face{})
	server := httptest.NewServer(h)
	defer server.Close()
	for _, path := range []string{"/mount/page", "/mount/page?fail=busy", "/mount/nothing"} {
		got, err := server.Client().Head(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(got.Body)
		got.Body.Close()
		want.Body.Close()
		if err != nil || len(body) > 0 || got.StatusCode != want.StatusCode {
			t.Errorf("%s: %d, GET %d, body %q, %v", path, got.StatusCode, want.StatusCode, body, err)
		}
		for name := range want.Header {
			if name != "Date" && got.Header.Get(name) != want.Header.Get(name) {
				t.Errorf("%s: %s %q, GET %q", path, name, got.Header.Get(name), want.Header.Get(name))
			}
		}
	}
}

// A panic is the server's to deal with.
func TestPanic(t *testing.T) {
	_, h := form(t, endpoint.Face{})
	defer func() {
		if recover() == nil {
			t.Error("the panic was swallowed")
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/mount/page?fail=panic", nil))
}

// Refusals are reported with who and why, and nothing that was sent.
func TestEvents(t *testing.T) {
	kit, h := form(t, endpoint.Face{
		ClientAddr: func(*http.Request) netip.Addr { return netip.MustParseAddr("::ffff:192.0.2.1") },
		RequestID:  func(*http.Request) string { return "r-1" },
	})
	var got []string
	for _, tc := range []struct{ contentType, site, body string }{
		{"application/json", "cross-site", "a=b"},
		{"text/plain", "", "a=b"},
		{"application/json", "", "a=%zz"},
		{"application/json", "", "fail=secret"},
		{"application/json", "", "a=b"},
	} {
		r := httptest.NewRequest("POST", "/mount/page", strings.NewReader(tc.body))
		r.Header.Set("Content-Type", tc.contentType)
		r.Header.Set("Sec-Fetch-Site", tc.site)
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	for _, e := range kit.Events.All() {
		got = append(got, string(e.Name)+" "+e.Reason)
		if e.Outcome != "failure" || e.Client.Addr.String() != "192.0.2.1" || e.Client.RequestID != "r-1" || e.Time.IsZero() {
			t.Errorf("event %+v", e)
		}
	}
	want := []string{
		"password.cross_origin_rejected cross_origin", "password.input_rejected unsupported_media_type",
		"password.input_rejected malformed_request", "dependency.unavailable internal",
	}
	if !slices.Equal(got, want) {
		t.Errorf("events %q, want %q", got, want)
	}
}

func TestRemoteAddr(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:80": "192.0.2.1", "[2001:db8::1]:80": "2001:db8::1", "[::ffff:192.0.2.1]:80": "192.0.2.1",
		"[fe80::1%eth0]:80": "fe80::1", "192.0.2.1": "192.0.2.1", "2001:db8::1": "2001:db8::1", "@": "invalid IP", "": "invalid IP", "pipe": "invalid IP",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", "203.0.113.1")
		if got := endpoint.RemoteAddr(r).String(); got != want {
			t.Errorf("%q: %s, want %s", remote, got, want)
		}
	}
}

func TestCodes(t *testing.T) {
	seen := map[passwd.Code]bool{}
	for _, code := range endpoint.Codes() {
		if seen[code] || code == "" {
			t.Errorf("code %q", code)
		}
		seen[code] = true
	}
	for _, err := range []error{
		endpoint.ErrCrossOrigin, endpoint.ErrNotFound, endpoint.ErrMethodNotAllowed, endpoint.ErrTooLarge, endpoint.ErrUnsupportedMediaType,
		passwd.ErrBusy, passwd.ErrInvalidRequest, errors.New("other"),
	} {
		if code := endpoint.CodeOf(fmt.Errorf("wrapped: %w", err)); !seen[code] {
			t.Errorf("%v: %q is not among the codes", err, code)
		}
	}
	if len(endpoint.Codes()) != len(passwd.Codes())+5 {
		t.Error("a code of the service is missing")
	}
}
