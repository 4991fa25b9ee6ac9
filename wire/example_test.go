package wire_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/wire"
)

// One service under three formats, as an app mounts them.
func Example() {
	store := memstore.New()
	keys := passwd.RandomKeys() // in production the same 32 bytes on every replica
	svc, err := passwd.New(passwd.Config{
		Store: store, Keys: keys,
		Notify: passwd.NotifierFunc(func(context.Context, passwd.Message) error { return nil }),
		Links:  passwd.Links{Base: "https://app.example.com/account/password"},
		Hasher: passwdtest.Hasher{}, // for the example only
	})
	if err != nil {
		log.Fatal(err)
	}
	sessions, err := session.New(session.Config{Store: store, Keys: keys, Observe: svc.Observe})
	if err != nil {
		log.Fatal(err)
	}
	clients := wire.StaticClients{
		Public:  []string{"the app's client_id"},
		APIKeys: []wire.SecretDigest{wire.DigestOf("32 random bytes in hex")},
		Brands:  map[string]string{"Bakery": "bakery"},
	}
	shared := wire.Config{Service: svc}
	mux := http.NewServeMux()
	for pattern, format := range map[string]interface {
		Handler() (http.Handler, error)
	}{
		"/api/":        wire.Grant{Config: shared, Base: "/api", Clients: clients, Sessions: sessions},
		"/profile/v1/": wire.Profile{Config: shared, Base: "/profile/v1", Clients: clients, Authenticate: wire.Bearer(sessions)},
		"/auth/v1/":    wire.Brand{Config: shared, Base: "/auth/v1", Clients: clients, Keys: keys},
	} {
		h, err := format.Handler()
		if err != nil {
			log.Fatal(err)
		}
		mux.Handle(pattern, h)
	}

	r := httptest.NewRequest("POST", "/api/token", strings.NewReader(`{"grant_type":"refresh_token","refresh_token":"made up"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Print(w.Code, " ", w.Body)
	// Output: 400 {"error":"invalid_grant","error_description":"The credentials or the token are not valid."}
}
