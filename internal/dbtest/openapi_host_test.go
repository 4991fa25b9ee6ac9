package dbtest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
)

// apiBase is where the JSON API is.
const apiBase = "/account/password/api/v1"

// jsonAPI is the JSON API of a host with nobody signed in.
func jsonAPI(t *testing.T) http.Handler {
	t.Helper()
	kit := passwdtest.New(t, passwd.Config{})
	h, err := passwdhttp.API(passwdhttp.Config{Service: kit.Service, SignUp: true})
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
