package passwdhttp_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
)

// A host mounts the API and says who is signed in.
func Example() {
	svc, err := passwd.New(passwd.Config{
		Store:  memstore.New(),
		Keys:   passwd.RandomKeys(), // for this example; a host keeps its keys
		Notify: passwd.NotifierFunc(func(context.Context, passwd.Message) error { return nil }),
		Links:  passwd.Links{Base: "https://app.example.com/account/password"},
	})
	if err != nil {
		log.Fatal(err)
	}
	cfg := passwdhttp.Config{
		Service: svc,
		Authenticate: func(r *http.Request) (passwdhttp.Principal, error) {
			return passwdhttp.Principal{}, passwd.ErrUnauthenticated // look up r's cookie here
		},
	}
	api, err := passwdhttp.API(cfg)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/account/password/api/", api)
	mux.Handle("/.well-known/change-password", passwdhttp.WellKnown(cfg))
	site := passwdhttp.Enforce(cfg, "/sign-in", "/sign-out", "/assets/")(mux)

	r := httptest.NewRequest("POST", "/account/password/api/v1/change", strings.NewReader(`{"current_password":"old one","new_password":"new one"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))
	fmt.Print(w.Body)
	// Output:
	// 401 Bearer realm="password"
	// {"type":"urn:passwd:problem:unauthenticated","title":"Not signed in","status":401,"detail":"Please sign in first.","code":"unauthenticated"}
}
