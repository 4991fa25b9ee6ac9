package passwdhttp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
)

// A mount that is not where Links.Base says is 404 to people, and an event that names
// both paths to whoever runs the app; once, as anybody can ask for a path.
func TestMisrouted(t *testing.T) {
	for name, test := range map[string]struct {
		request, below string // "": no event
		around         func(http.Handler) http.Handler
		status         int
	}{
		"as it should be":       {request: "/shop/account/password/forgot", status: 200},
		"a proxy that strips":   {request: "/account/password/forgot?next=/secret", below: "/account/password/", status: 404},
		"another mount":         {request: "/passwords/reset?token=secret", below: "/passwords/", status: 404},
		"the root":              {request: "/change", below: "/", status: 404},
		"stripped by the app":   {request: "/shop/account/password/forgot", below: "/account/password/", status: 404, around: strip("/shop")},
		"restored":              {request: "/account/password/forgot", status: 200, around: restore("/shop")},
		"nothing of ours":       {request: "/account/password/ada@example.com", status: 404},
		"a path that is a lie":  {request: "/ada@example.com/forgot", status: 404},
		"unknown, in its place": {request: "/shop/account/password/x/forgot", status: 404},
	} {
		t.Run(name, func(t *testing.T) {
			var events []passwd.Event
			kit := passwdtest.New(t, passwd.Config{
				Links:    passwd.Links{Base: "https://app.example.com/shop/account/password"},
				Observer: passwd.ObserverFunc(func(_ context.Context, e passwd.Event) { events = append(events, e) }),
			})
			h, err := passwdhttp.Pages(passwdhttp.Config{Service: kit.Service})
			if err != nil {
				t.Fatal(err)
			}
			if test.around != nil {
				h = test.around(h)
			}
			for range 2 {
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, httptest.NewRequest("GET", test.request, nil)); w.Code != test.status {
					t.Errorf("status %d, want %d", w.Code, test.status)
				}
			}
			if test.below == "" {
				if len(events) > 0 {
					t.Errorf("events %v", events)
				}
				return
			}
			want := `requests come in below "` + test.below + `", and the handler serves "/shop/account/password/": mount it there, ` +
				`outside of http.StripPrefix; if a proxy strips a prefix, put it back with passwdhttp.RestorePrefix`
			if len(events) != 1 || events[0].Name != passwd.EventMisrouted || events[0].Err.Error() != want {
				t.Errorf("events %v", events)
			}
		})
	}
}

func strip(prefix string) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler { return http.StripPrefix(prefix, h) }
}

func restore(prefix string) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler { return passwdhttp.RestorePrefix(prefix, h) }
}

func TestRestorePrefix(t *testing.T) {
	sees := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(r.URL.RequestURI())) })
	for prefix, want := range map[string]string{"/shop": "/shop/a%2Fb?c=d", "/my shop": "/my%20shop/a%2Fb?c=d"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/a%2Fb?c=d", nil)
		if passwdhttp.RestorePrefix(prefix, sees).ServeHTTP(w, r); w.Body.String() != want || r.URL.Path != "/a/b" {
			t.Errorf("%s: %s; the request has %s", prefix, w.Body, r.URL.Path)
		}
	}
	for _, bad := range []string{"", "shop", "/shop/", "/", "/a//b", "/../x"} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, "RestorePrefix") {
					t.Errorf("%q: panic %q", bad, text)
				}
			}()
			passwdhttp.RestorePrefix(bad, sees)
		}()
	}
}
