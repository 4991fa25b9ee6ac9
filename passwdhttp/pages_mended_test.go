package passwdhttp_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

// A link that a mail program or a person has changed on its way still leads where
// it was to lead.
func TestMendedLinks(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	in := s.signedIn(t)
	for target, want := range map[string]string{
		"/reset%3Ftoken=abc":              "/reset?token=abc",
		"/reset%3ftoken%3Dabc":            "/reset?token=abc",
		"/reset%3Ftoken=abc&user=def":     "/reset?token=abc&user=def",
		"/reset%3Ftoken=abc?utm_source=x": "/reset?token=abc&utm_source=x",
		"/reset%23token=abc":              "/reset?token=abc",
		"/reset/?token=abc":               "/reset?token=abc",
		"/reset/%3Ftoken=abc":             "/reset?token=abc",
		"/cancel/?token=abc":              "/cancel?token=abc",
		"/cancel%3Ftoken=abc":             "/cancel?token=abc",
		"/reset/":                         "/reset",
		"/forgot/":                        "/forgot",
		"/reset/new/":                     "/reset/new",
		"/":                               "/forgot",
		"/?token=abc":                     "/forgot",
		"/%3Ftoken=abc":                   "/forgot",
	} {
		s.browser().get(t, base+target).want(t, 303, want)
	}
	in.get(t, base+"/").want(t, 303, "/change")
	in.get(t, base+"/reset/?token=abc").want(t, 303, "/reset?token=abc")
	for _, target := range []string{"/nowhere/", "/reset%3F%25zz", "/nowhere%3Ftoken=abc", "/reset/link/", "/https:%2F%2Fevil.example%3Fx", "/%5Cevil.example/"} {
		r := httptest.NewRequest("GET", "https://app.example.com"+base+target, nil)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: %d to %q, want 404", target, w.Code, w.Header().Get("Location"))
		}
	}
	r := httptest.NewRequest("POST", "https://app.example.com"+base+"/reset/new/", strings.NewReader(""))
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != http.StatusNotFound {
		t.Errorf("POST: %d", w.Code)
	}
}

// The whole way: a real link with its "?" escaped resets the password.
func TestMendedLinkResets(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	b := s.browser()
	b.post(t, "forgot", map[string]string{"login": "ada"}).want(t, 303, "/forgot/sent")
	link := s.Deliver(t)[0].Link
	_, path, _ := strings.Cut(strings.TrimPrefix(link, "https://"), "/")
	_, query, _ := strings.Cut(path, "?")
	page := b.get(t, "/"+strings.Replace(path, "?", "%3F", 1)).want(t, 303, "/reset?"+query)
	page.follow(t).follow(t).want(t, 200, "Set a new password")
}
