package dbtest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session"
)

// apiBase is where the JSON API is.
const apiBase = "/account/password/api/v1"

// jsonAPI is the JSON API of a host with all of it, and nobody signed in.
func jsonAPI(t *testing.T) http.Handler {
	t.Helper()
	kit := passwdtest.New(t, passwd.Config{})
	sessions, err := session.New(session.Config{Store: kit.Store, Keys: passwd.RandomKeys()})
	if err != nil {
		t.Fatal(err)
	}
	h, err := passwdhttp.API(passwdhttp.Config{
		Service: kit.Service, Sessions: sessions, SignUp: true,
		SignOut: func(http.ResponseWriter, *http.Request) error { return nil },
		Authenticate: func(*http.Request) (passwdhttp.Principal, error) {
			return passwdhttp.Principal{}, passwd.ErrUnauthenticated
		},
		SignedIn: func(http.ResponseWriter, *http.Request, passwd.SignedIn) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// served returns the document of the JSON API as it is served.
func served(t *testing.T) []byte {
	t.Helper()
	w := httptest.NewRecorder()
	jsonAPI(t).ServeHTTP(w, httptest.NewRequest("GET", apiBase+"/openapi.json", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("openapi.json: %d", w.Code)
	}
	return w.Body.Bytes()
}
