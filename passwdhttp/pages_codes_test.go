package passwdhttp_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
)

// Every code has a page. The host's own function can return any error, so one
// page shows them all.
func TestEveryCodeHasPage(t *testing.T) {
	errs := []error{
		passwd.ErrWrongCredentials, passwd.ErrUnauthenticated, passwd.ErrEnded, passwd.ErrWrongPassword, passwd.ErrChangeRequired,
		passwd.ErrSecondFactor, passwd.ErrNoChangeNeeded, passwd.ErrConflict, passwd.ErrTokenInvalid, passwd.ErrInvalidRequest,
		&passwd.PolicyError{Violations: []passwd.Violation{{Code: passwd.Numeric}}},
		&passwd.RateLimitError{Wait: 1}, passwd.ErrBusy, passwd.ErrUnavailable,
		endpoint.ErrCrossOrigin, endpoint.ErrNotFound, endpoint.ErrMethodNotAllowed, endpoint.ErrTooLarge, endpoint.ErrUnsupportedMediaType,
	}
	var fail error
	s := newPages(t, passwd.Config{}, passwdhttp.Config{
		Authenticate: func(*http.Request) (passwdhttp.Principal, error) { return passwdhttp.Principal{}, fail },
	})
	seen := map[passwd.Code]bool{passwd.CodeInternal: true}
	for _, fail = range errs {
		code := endpoint.CodeOf(fail)
		seen[code] = true
		title, _ := locale.Printer{}.Problem(code)
		s.browser().get(t, "change").want(t, passwdhttp.StatusOf(code), title)
	}
	for _, code := range endpoint.Codes() {
		if !seen[code] {
			t.Errorf("%s: a new code needs a page", code)
		}
	}
}

func TestAfterReset(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{AfterReset: "/welcome?x=1"})
	s.ada(t)
	b := s.browser()
	b.get(t, "reset?token="+s.link(t, "ada"))
	b.post(t, "reset/new", map[string]string{"new_password": next}).want(t, 303, "/welcome?x=1")
}

// A page without hashing costs next to nothing beside a hash, which takes some 20
// milliseconds.
func BenchmarkPages(b *testing.B) {
	kit := passwdtest.New(b, passwd.Config{})
	ada := kit.Add(b, passwd.Account{Username: "ada", Email: "ada@example.com"}, current)
	in, err := kit.Service.SignIn(b.Context(), passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: current})
	if err != nil {
		b.Fatal(err)
	}
	h, err := passwdhttp.Pages(passwdhttp.Config{
		Service: kit.Service,
		Authenticate: func(*http.Request) (passwdhttp.Principal, error) {
			return passwdhttp.Principal{Account: ada, Epoch: in.Epoch}, nil
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range []string{"change", "forgot", "done"} {
		b.Run(path, func(b *testing.B) {
			r := httptest.NewRequest("GET", base+"/"+path, nil)
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
