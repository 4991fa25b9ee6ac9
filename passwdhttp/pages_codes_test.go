package passwdhttp_test

import (
	"net/http"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/pwpolicy"
)

// Every code has a page. The host's own function can return any error, so one
// page shows them all.
func TestEveryCodeHasPage(t *testing.T) {
	errs := []error{
		passwd.ErrWrongCredentials, passwd.ErrUnauthenticated, passwd.ErrEnded, passwd.ErrWrongPassword, passwd.ErrChangeRequired,
		passwd.ErrSecondFactor, passwd.ErrNoChangeNeeded, passwd.ErrConflict, passwd.ErrLoginTaken,
		passwd.ErrHasPassword, passwd.ErrNoPassword, passwd.ErrUndeliverable, passwd.ErrTokenInvalid, passwd.ErrInvalidRequest,
		&passwd.PolicyError{Violations: []pwpolicy.Violation{{Code: pwpolicy.Numeric}}},
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
	b.post(t, "reset/new", map[string]string{"new_password": next}).want(t, 303, "/done?after=reset").follow(t).onward(t, "/welcome?x=1")
}
