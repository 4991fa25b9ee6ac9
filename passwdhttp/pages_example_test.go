package passwdhttp_test

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"testing/fstest"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/session"
)

// A host whose sessions are those of a [session.Manager] has a page of devices.
func ExampleConfig_sessions() {
	store, keys := memstore.New(), passwd.RandomKeys() // for this example only
	svc, err := passwd.New(passwd.Config{
		Store: store, Keys: keys,
		Notify: passwd.NotifierFunc(nil),
		Links:  passwd.Links{Base: "https://app.example.com/account/password"},
	})
	if err != nil {
		log.Fatal(err)
	}
	manager, err := session.New(session.Config{Store: store, Keys: keys, Observe: svc.Observe})
	if err != nil {
		log.Fatal(err)
	}
	pages, err := passwdhttp.Pages(passwdhttp.Config{
		Service:   svc,
		Sessions:  manager,
		SignInURL: "/sign-in",
		Authenticate: func(r *http.Request) (passwdhttp.Principal, error) {
			cookie, err := r.Cookie("__Host-session") // the access token
			if err != nil {
				return passwdhttp.Principal{}, passwd.ErrUnauthenticated
			}
			s, err := manager.Check(r.Context(), cookie.Value)
			if err != nil && !errors.Is(err, passwd.ErrChangeRequired) { // the pages ask again what it may do
				return passwdhttp.Principal{}, err
			}
			return passwdhttp.Principal{Account: s.Account, Epoch: s.Epoch, Session: s.ID}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/account/password/", pages)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/account/password/devices", nil))
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output:
	// 303 /sign-in?next=%2Faccount%2Fpassword%2Fdevices
}

func ExamplePages() {
	svc, err := passwd.New(passwd.Config{
		Store:  memstore.New(),
		Keys:   passwd.RandomKeys(), // for this example only
		Notify: passwd.NotifierFunc(nil),
		Links:  passwd.Links{Base: "https://app.example.com/account/password"},
	})
	if err != nil {
		log.Fatal(err)
	}
	pages, err := passwdhttp.Pages(passwdhttp.Config{
		Service:   svc,
		Name:      "Example",
		SignInURL: "/sign-in",
		Templates: fstest.MapFS{ // any fs.FS, such as an embed.FS
			"layout.html": {Data: []byte(`{{define "footer"}}<footer>Example Ltd</footer>{{end}}`)},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/account/password/", pages)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/account/password/change", nil))
	fmt.Println(w.Code, w.Header().Get("Location"))
	w = httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/account/password/forgot", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Language"))
	// Output:
	// 303 /sign-in?next=%2Faccount%2Fpassword%2Fchange
	// 200 en
}
