package passwdhttp_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

// What is inside of HideTokens sees no token, and the pages do their work all the same.
func TestHideTokens(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	var seen []string
	inner := s.handler
	s.handler = passwdhttp.HideTokens(passwdhttp.Config{Service: s.Service}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.URL.String(), r.RequestURI, r.Referer())
		inner.ServeHTTP(w, r)
	}))
	for _, path := range []string{"reset?token=", "reset%3Ftoken=", "reset?utm=1&token="} {
		token := s.link(t, "ada")
		b := s.browser()
		p := b.get(t, path+token)
		for p.Code == 303 {
			p = p.follow(t)
		}
		p.want(t, 200, "Set a new password")
		if all := strings.Join(seen, "\n"); strings.Contains(all, token) {
			t.Errorf("%s: seen %s", path, all)
		}
	}
	if len(seen) == 0 || !strings.Contains(strings.Join(seen, "\n"), "token=redacted") {
		t.Errorf("seen %q", seen)
	}
}

// The app's own requests stay as they are, and a referrer tells no token either.
func TestHideTokensOfOthers(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	root := newSite(t, passwd.Config{Links: passwd.Links{Base: "https://app.example.com"}}, passwdhttp.Config{})
	for _, tc := range []struct {
		s                    *site
		url, referer         string
		wantURL, wantReferer string
	}{
		{s, "/oauth/callback?code=1234&token=x", "", "/oauth/callback?code=1234&token=x", ""},
		{s, base + "-shop?token=x", "", base + "-shop?token=x", ""},
		{s, "/", "https://app.example.com" + base + "/reset?token=secret", "/", "https://app.example.com" + base + "/reset?token=redacted"},
		{s, base + "/change?current_password=secret", "https://x.example/%zz", base + "/change?current_password=redacted", "redacted"},
		{s, base + "/cancel/secret", "", base + "/cancel/redacted", ""},
		{root, "/oauth/callback?code=1234", "", "/oauth/callback?code=1234", ""},
		{root, "/reset?token=secret", "", "/reset?token=redacted", ""},
		{root, "/invite%3Ftoken=secret", "", "/redacted", ""},
	} {
		var r *http.Request
		h := passwdhttp.HideTokens(passwdhttp.Config{Service: tc.s.Service}, http.HandlerFunc(func(_ http.ResponseWriter, got *http.Request) { r = got }))
		sent := httptest.NewRequest("GET", tc.url, nil)
		sent.Header.Set("Referer", tc.referer)
		h.ServeHTTP(httptest.NewRecorder(), sent)
		if r.URL.String() != tc.wantURL || r.RequestURI != tc.wantURL || r.Referer() != tc.wantReferer {
			t.Errorf("%s: %s, %s, from %s", tc.url, r.URL, r.RequestURI, r.Referer())
		}
	}
}
