package breach_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/passwd-go/passwd/pwpolicy/breach"
)

const passwordSHA1 = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8" // of "password"

// newRange makes a client of a server that answers as told.
func newRange(t *testing.T, c breach.RangeConfig, h http.HandlerFunc) *breach.Range {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	c.UserAgent, c.BaseURL, c.Transport = "test", server.URL+"/range", server.Client().Transport
	r, err := breach.NewRange(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRangeRequest holds what is sent: B1 for SHA-1, B2 for NTLM.
func TestRangeRequest(t *testing.T) {
	for _, c := range []struct {
		algorithm breach.Algorithm
		uri, row  string
	}{
		{breach.SHA1, "/range/5BAA6", "1E4C9B93F3F0682250B6CF8331B7EE68FD8:52579"},
		{breach.NTLM, "/range/8846F?mode=ntlm", "7EAEE8FB117AD06BDD830B7586C:52579"},
	} {
		t.Run(c.algorithm.String(), func(t *testing.T) {
			var got *http.Request
			r := newRange(t, breach.RangeConfig{Algorithm: c.algorithm}, func(w http.ResponseWriter, r *http.Request) {
				got = r.Clone(context.Background())
				io.WriteString(w, c.row)
			})
			expect(t, r, "password", 52579)
			if got.Method != "GET" || got.RequestURI != c.uri {
				t.Errorf("asked %s %s, want GET %s", got.Method, got.RequestURI, c.uri)
			}
			if h := got.Header; h.Get("Add-Padding") != "true" || h.Get("User-Agent") != "test" || h.Get("Cookie") != "" || h.Get("Authorization") != "" {
				t.Errorf("headers %v", h)
			}
			if got.ContentLength != 0 {
				t.Errorf("a body of %d bytes", got.ContentLength)
			}
		})
	}
}

func TestRangeAnswers(t *testing.T) { // B1
	suffix := passwordSHA1[5:]
	other := func(digit string, count int) string {
		return fmt.Sprintf("%s:%d\r\n", strings.Repeat(digit, 35), count)
	}
	for _, c := range []struct {
		name, body string
		want       int
	}{
		{"first", suffix + ":3\r\n" + other("F", 1), 3},
		{"last, no final newline", other("0", 1) + suffix + ":3", 3},
		{"LF", suffix + ":3\n" + strings.Repeat("F", 35) + ":1\n", 3},
		{"byte order marks", "\uFEFF" + other("0", 1) + "\uFEFF" + suffix + ":3", 3},
		{"lower case", strings.ToLower(suffix) + ":3\n", 3},
		{"not in order", other("F", 1) + suffix + ":3\r\n" + other("0", 2), 3},
		{"absent", other("0", 1) + other("F", 2), 0},
		{"padding row of the same suffix", other("0", 1) + suffix + ":0\r\n", 0},
		{"padding rows only", other("0", 0) + other("F", 0), 0},
		{"count over 32 bits", suffix + ":99999999999\n", 1<<31 - 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRange(t, breach.RangeConfig{}, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, c.body) })
			expect(t, r, "password", c.want)
		})
	}
}

// TestRangeFailures: what is not a whole and proper answer is a failure, never "not
// found" (B1, I10).
func TestRangeFailures(t *testing.T) {
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		t.Error("a redirect was followed")
	}))
	defer elsewhere.Close()
	row := passwordSHA1[5:] + ":3\r\n"
	padding := strings.Repeat("0", 35) + ":0\r\n"
	body := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) }
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); io.WriteString(w, row) }
	}
	for name, h := range map[string]http.HandlerFunc{
		"500": status(500), "503": status(503), "429": status(429), "404": status(404), "401": status(401), "206": status(206),
		"204": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusFound)
		},
		"oversized":        body(strings.Repeat(padding, 256<<10/len(padding)+1)),
		"error page":       body("<!DOCTYPE html><title>Sign in to the network</title>"),
		"JSON":             body(`{"found":false}`),
		"empty":            body(""),
		"newlines only":    body("\r\n\r\n"),
		"mark only":        body("\uFEFF"),
		"no count":         body(row + strings.Repeat("A", 35) + "\r\n"),
		"empty count":      body(row + strings.Repeat("A", 35) + ":\r\n"),
		"negative count":   body(row + strings.Repeat("A", 35) + ":-1\r\n"),
		"endless count":    body(row + strings.Repeat("A", 35) + ":1111111111111\r\n"),
		"whole hashes":     body(passwordSHA1 + ":3\r\n"),
		"short suffix":     body(row + strings.Repeat("A", 27) + ":1\r\n"),
		"not hexadecimal":  body(row + strings.Repeat("G", 35) + ":1\r\n"),
		"spaces":           body(row + " " + strings.Repeat("A", 35) + ":1\r\n"),
		"one bad row last": body(strings.Repeat(padding, 900) + "Service Unavailable"),
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "4000")
			io.WriteString(w, row)
		},
		"connection closed": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) { expectUnavailable(t, newRange(t, breach.RangeConfig{}, h), "password") })
	}
}

func TestRangeUnreachable(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	untrusted, err := breach.NewRange(breach.RangeConfig{UserAgent: "test", BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	if err := expectUnavailable(t, untrusted, "password"); !strings.Contains(err.Error(), "certificate") {
		t.Errorf("the error does not say why: %v", err)
	}
	server.Close()
	if err := expectUnavailable(t, untrusted, "password"); !strings.Contains(err.Error(), "refused") {
		t.Errorf("the error does not say why: %v", err)
	}
}

// TestRangeHashesUTF8 holds that what is hashed are the bytes of the password.
func TestRangeHashesUTF8(t *testing.T) {
	for _, password := range []string{"пароль", "  spaces  ", "\U0001F511\U0001F511", strings.Repeat("x", 4096)} {
		hash := sha(password)
		r := newRange(t, breach.RangeConfig{}, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/range/"+hash[:5] {
				t.Errorf("asked for %s", r.URL.Path)
			}
			fmt.Fprintf(w, "%s:7\r\n", hash[5:])
		})
		expect(t, r, password, 7)
	}
}

func TestNewRangeRefuses(t *testing.T) {
	for _, c := range []struct {
		config breach.RangeConfig
		want   string
	}{
		{breach.RangeConfig{}, "UserAgent"},
		{breach.RangeConfig{UserAgent: " "}, "UserAgent"},
		{breach.RangeConfig{UserAgent: "a\r\nb: c"}, "UserAgent"},
		{breach.RangeConfig{UserAgent: "a", BaseURL: "http://mirror.example/range/"}, "InsecureHTTP"},
		{breach.RangeConfig{UserAgent: "a", BaseURL: "mirror.example/range/"}, "BaseURL"},
		{breach.RangeConfig{UserAgent: "a", BaseURL: "ftp://mirror.example/"}, "BaseURL"},
		{breach.RangeConfig{UserAgent: "a", BaseURL: "https://mirror.example/?q="}, "BaseURL"},
		{breach.RangeConfig{UserAgent: "a", BaseURL: "https://mirror.example/%zz"}, "BaseURL"},
		{breach.RangeConfig{UserAgent: "a", Algorithm: 9}, "Algorithm"},
		{breach.RangeConfig{UserAgent: "a", Timeout: -1}, "negative"},
		{breach.RangeConfig{UserAgent: "a", CacheFor: -1}, "negative"},
		{breach.RangeConfig{UserAgent: "a", Pause: -1}, "negative"},
	} {
		if _, err := breach.NewRange(c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("NewRange(%+v): %v, want an error about %s", c.config, err, c.want)
		}
	}
	for _, c := range []breach.RangeConfig{
		{UserAgent: "example.com accounts"},
		{UserAgent: "a", BaseURL: "http://mirror.example/range", InsecureHTTP: true},
	} {
		if _, err := breach.NewRange(c); err != nil {
			t.Errorf("NewRange(%+v): %v", c, err)
		}
	}
}

// transport answers without a network.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func reply(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}}
}

// TestRangeErrorHidesPrefix: a transport's own error may contain the URL.
func TestRangeErrorHidesPrefix(t *testing.T) {
	r, err := breach.NewRange(breach.RangeConfig{
		UserAgent: "test", BaseURL: "https://mirror.example", Transport: transport(func(r *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("proxy refused %s", r.URL)
		})})
	if err != nil {
		t.Fatal(err)
	}
	if err := expectUnavailable(t, r, "password"); !strings.Contains(err.Error(), "proxy refused") {
		t.Errorf("the error does not say why: %v", err)
	}
}

func TestRangeContextEnded(t *testing.T) {
	var asked atomic.Int32
	r := newRange(t, breach.RangeConfig{}, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if f, err := r.Lookup(ctx, "password"); !errors.Is(err, context.Canceled) || f != (breach.Finding{}) {
		t.Errorf("Lookup = %+v, %v, want context.Canceled", f, err)
	}
	if asked.Load() != 0 {
		t.Error("the service was asked for nobody")
	}
}

// FuzzRangeBody: no panic, and found is only what is a row of the body, as far as
// the cache keeps it: 16 of its 35 digits.
func FuzzRangeBody(f *testing.F) {
	suffix := passwordSHA1[5:]
	f.Add([]byte(suffix + ":3\r\n" + strings.Repeat("0", 35) + ":0"))
	f.Add([]byte("\uFEFF\n\r" + strings.ToLower(suffix) + ":0003"))
	f.Add([]byte("<html>"))
	f.Add([]byte(suffix + ":0\n" + suffix + ":12\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := breach.NewRange(breach.RangeConfig{UserAgent: "test", Transport: transport(func(*http.Request) (*http.Response, error) {
			return reply(200, string(body)), nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Lookup(context.Background(), "password")
		if (err == nil) != (got.Outcome != breach.Unavailable) {
			t.Fatalf("%+v with %v", got, err)
		}
		if has := bytes.Contains(bytes.ToUpper(body), []byte(suffix[1:17])); got.Outcome == breach.Found && !has {
			t.Fatalf("found in %q", body)
		}
		if err != nil && !errors.Is(err, breach.ErrUnavailable) {
			t.Fatal(err)
		}
	})
}
