package wire_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/exchange"
	"github.com/passwd-go/passwd/internal/wiretest"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/wire"
)

// recorded has the exchanges with a format written down, where somebody asks for
// it: internal/dbtest holds all of them against the format's document.
func recorded(format, base string, h http.Handler) http.Handler {
	return exchange.Record(h, exchange.Mount{Document: format, Base: base})
}

// documents returns the document of each format.
func documents(base string, localize bool) map[string][]byte {
	return map[string][]byte{
		"grant":   wire.Grant{Base: base}.OpenAPI(),
		"profile": wire.Profile{Base: base, Localize: localize}.OpenAPI(),
		"signin":  wire.SignIn{Base: base, Localize: localize}.OpenAPI(),
		"remind":  wire.Remind{Base: base, Localize: localize}.OpenAPI(),
		"brand":   wire.Brand{Base: base, Localize: localize}.OpenAPI(),
	}
}

// openAPI is what the tests look at in a document.
type openAPI struct {
	OpenAPI string
	Servers []struct{ URL string }
	Paths   map[string]map[string]any
}

func parse(t *testing.T, name string, text []byte) openAPI {
	t.Helper()
	var doc openAPI
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return doc
}

// The server of a document is where the host has mounted the format, and the rest
// does not depend on it.
func TestOpenAPIServer(t *testing.T) {
	for base, want := range map[string]string{
		"/api": "/api", "/api/": "/api", "": "/", "/": "/", "/a b/{c}/ü": "/a%20b/%7Bc%7D/%C3%BC", `/"]}`: "/%22%5D%7D",
	} {
		for _, localize := range []bool{false, true} {
			for name, text := range documents(base, localize) {
				doc := parse(t, name, text)
				if !strings.HasPrefix(doc.OpenAPI, "3.1.") || len(doc.Servers) != 1 || doc.Servers[0].URL != want || len(doc.Paths) == 0 {
					t.Errorf("%s at %q: %s, servers %v, %d paths", name, base, doc.OpenAPI, doc.Servers, len(doc.Paths))
				}
			}
		}
	}
}

// Texts that follow the language are fixed in no document of a host that has them
// do so, and fixed in all others.
func TestOpenAPILocalize(t *testing.T) {
	const english = "There were too many requests"
	fixed, free := documents("", false), documents("", true)
	for name := range fixed {
		if !strings.Contains(string(fixed[name]), english) {
			t.Errorf("%s: the texts are not fixed", name)
		}
		if localized := name != "grant"; strings.Contains(string(free[name]), english) == localized {
			t.Errorf("%s: with Localize, says %q: %t", name, english, localized)
		}
		if strings.Contains(string(free[name]), "x-english\":") {
			t.Errorf("%s: a mark is left over", name)
		}
	}
}

// routesOf returns the paths that the source of a format gives handlers to.
func routesOf(t *testing.T, format string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), format+".go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if m, ok := n.Type.(*ast.MapType); ok && fmt.Sprint(m.Value) == "&{endpoint Methods}" {
				for _, e := range n.Elts {
					paths = append(paths, unquote(t, e.(*ast.KeyValueExpr).Key))
				}
			}
		case *ast.BinaryExpr: // below(c.Base)+"oauth/token"
			if call, ok := n.X.(*ast.CallExpr); ok && fmt.Sprint(call.Fun) == "below" {
				paths = append(paths, unquote(t, n.Y))
			}
		}
		return true
	})
	slices.Sort(paths)
	return paths
}

func unquote(t *testing.T, e ast.Expr) string {
	t.Helper()
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		t.Fatalf("%v is no literal", e)
	}
	path, err := strconv.Unquote(lit.Value)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// described returns the paths of a document, and those they also have.
func described(doc openAPI) []string {
	var paths []string
	for path, item := range doc.Paths {
		paths = append(paths, strings.TrimPrefix(path, "/"))
		if also, ok := item["x-also"].(string); ok {
			paths = append(paths, strings.TrimPrefix(also, "/"))
		}
	}
	slices.Sort(paths)
	return paths
}

// Each route is in the document of its format, and each path there is a route.
func TestOpenAPIRoutes(t *testing.T) {
	for name, text := range documents("", false) {
		got, want := described(parse(t, name, text)), routesOf(t, name)
		if !slices.Equal(got, want) || len(want) < 2 {
			t.Errorf("%s: the document has %q, the routes are %q", name, got, want)
		}
	}
}

// What every route refuses before anything of its own, it refuses in the shape of
// its format and without asking for anything else.
func TestEveryRouteRefuses(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	bases := map[string]string{"grant": "/api", "profile": "/profile/v1", "signin": "/api/auth", "remind": "/v1", "brand": "/auth/v1"}
	for name, text := range documents("", false) {
		for _, path := range described(parse(t, name, text)) {
			for _, tc := range []struct {
				method, contentType, site, body string
				status                          int
			}{
				{"GET", "", "", "", 405},
				{"OPTIONS", "application/json", "cross-site", "{}", 405},
				{"POST", "application/json", "cross-site", "{}", 403},
				{"POST", "text/plain", "", "{}", 415},
				{"POST", "application/json", "", "{" + strings.Repeat(" ", 16<<10) + "}", 413},
				{"POST", "application/json", "", `{"password":"a","password":"a"}`, 400},
			} {
				r := httptest.NewRequest(tc.method, bases[name]+"/"+path, strings.NewReader(tc.body))
				r.Header.Set("Content-Type", tc.contentType)
				r.Header.Set("Sec-Fetch-Site", tc.site)
				if got := w.Do(r); got.Code != tc.status || got.Header().Get("Allow") != map[int]string{405: "POST"}[tc.status] {
					t.Errorf("%s %s/%s: %d %v %s, want %d", tc.method, name, path, got.Code, got.Header(), got.Body, tc.status)
				}
			}
		}
	}
	for _, e := range w.Events.All() {
		if e.Name != passwd.EventCrossOriginRejected && e.Name != passwd.EventInputRejected {
			t.Errorf("event %s", e.Name)
		}
	}
}

// overtakenStore is one where somebody else always writes first.
type overtakenStore struct {
	wiretest.Store
	overtaken *bool
}

func (s overtakenStore) Apply(ctx context.Context, w passwd.Write) (int64, error) {
	if *s.overtaken {
		return 0, passwd.ErrConflict
	}
	return s.Store.Apply(ctx, w)
}

// A change that others keep overtaking is a conflict, and no failure of who asked.
func TestConflict(t *testing.T) {
	var overtaken bool
	w := wiretest.New(t, func(t testing.TB, a ...passwd.Account) wiretest.Store {
		return overtakenStore{open(t, a...), &overtaken}
	}, wiretest.Options{})
	who := w.Bearer(t, passwd.Login{Tenant: "profile", Value: "alice"}, "Wonder!and-1865")
	id := map[string]any{"identifierType": "MOBILE", "identifierValue": "919999922332", "brand": "DocDemo", "deviceId": "1", "password": "abc123"}
	validated := func(path string) string {
		_, reply := post(t, w, path, id)
		return reply["auth"].(map[string]any)["token"].(string)
	}
	brand := func(path string) map[string]any {
		body := maps.Clone(id)
		body["token"], body["newPassword"], body["confirmPassword"] = validated(path), "Qwerty12345", "Qwerty12345"
		return body
	}
	requests := map[string]map[string]any{
		"/api/change-password": {"grant_type": "password", "client_id": "client-2", "device_name": "d", "device_id": "d",
			"username": "example@domain.com", "password": "Old-Bread-and-Butter-9", "new_password": "password123"},
		"/profile/v1/user/profile/change-password/": {"old_password": "Wonder!and-1865", "new_password": "Looking-Gl4ss", "confirm_password": "Looking-Gl4ss"},
		"/api/auth/changePasswordAfterSignin":       {"username": "st.huber", "old_password": "Password1234!", "new_password": "SaverPassword1234!"},
		"/auth/v1/password/change":                  brand("/auth/v1/password/validate"),
		"/auth/v1/web/password/change":              brand("/auth/v1/web/password/validate"),
		// The first sign-in of an account writes, too.
		"/auth/v1/web/password/validate": {"identifierType": "USERNAME", "identifierValue": "919999922335", "brand": "DocDemo", "password": "abc123"},
	}
	before := w.Rows(t)
	overtaken = true
	for path, body := range requests {
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", path, strings.NewReader(string(data)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("apikey", wiretest.APIKey)
		r.Header.Set("Authorization", "Bearer "+who)
		if got := w.Do(r); got.Code != 409 {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
	if !maps.Equal(w.Rows(t), before) {
		t.Error("an account has changed")
	}
}

// lostSessions is a store that cannot find its sessions.
type lostSessions struct{ wiretest.Store }

func (lostSessions) FindSession(context.Context, session.TokenRef, time.Time) (session.Record, passwd.Reason, error) {
	return session.Record{}, passwd.NoReason, errors.New("dial 10.0.0.1: refused")
}

// Sessions that cannot be read are good for nothing, and it is not their owner
// who is told to sign in again.
func TestSessionsThatCannotBeRead(t *testing.T) {
	w := wiretest.New(t, func(t testing.TB, a ...passwd.Account) wiretest.Store { return lostSessions{open(t, a...)} }, wiretest.Options{})
	status, reply := post(t, w, "/api/auth/IamLoggedIn", map[string]any{"session_token": strings.Repeat("0", 64)})
	if status != 503 || reply["error_code"] != "unavailable" || strings.Contains(fmt.Sprint(reply), "10.0.0.1") {
		t.Errorf("%d %v", status, reply)
	}
}
