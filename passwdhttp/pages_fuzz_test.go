package passwdhttp_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
)

// Whatever a form is, the answer is a refusal or the form again, and nothing of it
// is repeated.
func FuzzForm(f *testing.F) {
	for _, body := range []string{
		"", "current_password=a&new_password=b", "new_password=%ff%00", "new_password=a&new_password=b", "%zz", "a;b", "=&=&",
		"current_password=%3Cscript%3Ealert(1)%3C/script%3E",
	} {
		f.Add(body)
	}
	kit := passwdtest.New(f, passwd.Config{Limits: passwd.Limits{SignIn: passwd.Limit{Free: 1 << 30, Wait: 1, MaxWait: 1}}})
	ada := kit.Add(f, passwd.Account{Username: "ada"}, current)
	h, err := passwdhttp.Pages(passwdhttp.Config{
		Service: kit.Service,
		Authenticate: func(r *http.Request) (passwdhttp.Principal, error) {
			in, err := kit.Service.SignIn(r.Context(), passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: current})
			return passwdhttp.Principal{Account: ada, Epoch: in.Epoch}, err
		},
	})
	if err != nil {
		f.Fatal(err)
	}
	shown := httptest.NewRecorder()
	h.ServeHTTP(shown, httptest.NewRequest("GET", base+"/change", nil))
	bound := url.Values{"form": {hiddenIn(shown.Body.String(), "form")}}.Encode()
	f.Fuzz(func(t *testing.T, body string) {
		body = bound + "&" + body
		r := httptest.NewRequest("POST", base+"/change", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code == 303 && w.Header().Get("Location") == base+"/change" { // what is wrong comes with it
			again := httptest.NewRequest("GET", base+"/change", nil)
			for _, c := range w.Result().Cookies() {
				again.AddCookie(c)
			}
			w = httptest.NewRecorder()
			h.ServeHTTP(w, again)
		}
		if w.Code != 400 && w.Code != 413 && w.Code != 422 && w.Code != 409 {
			t.Fatalf("%d to %q", w.Code, body)
		}
		form, _ := url.ParseQuery(body)
		for _, field := range []string{"current_password", "new_password"} {
			if v := form.Get(field); len(v) > 12 && strings.Contains(w.Body.String(), v) {
				t.Errorf("repeats %q", v)
			}
		}
	})
}
