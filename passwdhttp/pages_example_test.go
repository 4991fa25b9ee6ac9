package passwdhttp_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"testing/fstest"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
)

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
			"own.html": {Data: []byte(`{{define "footer"}}<footer>Example Ltd</footer>{{end}}`)},
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
