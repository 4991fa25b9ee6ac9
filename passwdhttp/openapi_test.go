package passwdhttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/exchange"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
)

// recorded has the exchanges with the API written down, where somebody asks for
// it: internal/dbtest holds all of them against the document.
func recorded(h http.Handler) http.Handler {
	return exchange.Record(h, exchange.Mount{Document: "api", Base: strings.TrimSuffix(api, "/")},
		exchange.Mount{Document: "api", Base: base + "/api"}) // other versions: there are none
}

// fetch gets the document as anybody can.
func (s *site) fetch(method string, edits ...func(*http.Request)) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, request(method, "openapi.json", "", edits...))
	return w
}

// The document is for everybody, other sites included, and says where it holds.
func TestOpenAPI(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	got := s.fetch("GET", header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://editor.example"))
	equal(t, "status", got.Code, 200)
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff", "Set-Cookie": "",
	} {
		equal(t, name, got.Header().Get(name), want)
	}
	var doc struct {
		OpenAPI string
		Servers []struct{ URL string }
		Paths   map[string]map[string]any
	}
	if err := json.Unmarshal(got.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	here := request("GET", "openapi.json", "").URL
	server, err := here.Parse(doc.Servers[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "server", server.Path+"/", api)
	equal(t, "version", strings.HasPrefix(doc.OpenAPI, "3.1."), true)

	described := map[string][]string{}
	for path, item := range doc.Paths {
		methods := slices.DeleteFunc(slices.Sorted(maps.Keys(item)), func(key string) bool { return strings.HasPrefix(key, "x-") || key == "head" })
		if _, get := item["get"]; get != (item["head"] != nil) {
			t.Errorf("%s: GET without HEAD, or HEAD without GET", path)
		}
		for _, m := range methods {
			full := strings.TrimSuffix(api, "/") + path
			described[full] = append(described[full], strings.ToUpper(m))
		}
	}
	equal(t, "routes", described, passwdhttp.APIRoutes(everything(s.Service)))

	head := s.fetch("HEAD")
	equal(t, "HEAD", head.Code, 200)
	equal(t, "length", head.Header().Get("Content-Length"), got.Header().Get("Content-Length"))
	s.do(t, request("POST", "openapi.json", "{}"), nil).want(t, 405, "method_not_allowed")
}

// The codes of the document are those of the table: a new code is a change of the
// document, and so of the contract.
func TestOpenAPICodes(t *testing.T) {
	var doc struct {
		Components struct {
			Schemas struct{ ProblemCode struct{ Enum []passwd.Code } }
		}
	}
	if err := json.Unmarshal(newSite(t, passwd.Config{}, passwdhttp.Config{}).fetch("GET").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	got := doc.Components.Schemas.ProblemCode.Enum
	for _, code := range got {
		if passwdhttp.StatusOf(code) == 0 {
			t.Errorf("%s has no status", code)
		}
	}
	equal(t, "codes", slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(endpoint.Codes())))
}

// Every endpoint refuses what another site has a browser send.
func TestCrossOriginEverywhere(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	for _, p := range posts {
		s.do(t, request("POST", p.path, object(p.fields, "", ""), header("Sec-Fetch-Site", "cross-site")), nil).want(t, 403, "cross_origin")
	}
}

// troubledStore fails on demand.
type troubledStore struct {
	*memstore.Store
	peek, apply error
}

func (s *troubledStore) Peek(ctx context.Context, ref passwd.TokenRef, now time.Time) (passwd.TokenRecord, error) {
	if s.peek != nil {
		return passwd.TokenRecord{}, s.peek
	}
	return s.Store.Peek(ctx, ref, now)
}

func (s *troubledStore) Apply(ctx context.Context, w passwd.Write) (int64, error) {
	if s.apply != nil {
		return 0, s.apply
	}
	return s.Store.Apply(ctx, w)
}

// A store that cannot be asked makes no token invalid (I10).
func TestTokensThatCannotBeRead(t *testing.T) {
	store := &troubledStore{Store: memstore.New()}
	s := newSite(t, passwd.Config{Store: store}, passwdhttp.Config{})
	s.Kit.Store = store.Store
	s.ada(t)
	token := s.link(t, "ada")
	store.peek = errors.New("dial tcp 10.0.0.5:5432")
	for path, field := range map[string]string{"change-required": "ticket", "reset": "token", "reset/check": "token", "cancel": "token", "policy": "token", "invitation": "token", "invitation/check": "token"} {
		body := map[string]string{field: token}
		if path == "reset" || path == "change-required" || path == "invitation" {
			body["new_password"] = next
		}
		s.post(t, path, body).want(t, 503, "unavailable")
	}
	store.peek = nil
	s.post(t, "reset", map[string]string{"token": token, "new_password": next}).want(t, 204, "")
}

// Whoever others keep overtaking is told so, and may try again.
func TestOvertaken(t *testing.T) {
	store := &troubledStore{Store: memstore.New()}
	s := newSite(t, passwd.Config{Store: store}, passwdhttp.Config{})
	s.Kit.Store = store.Store
	s.ada(t)
	s.post(t, "change", map[string]string{"current_password": current, "new_password": next}, bearer(s.signIn(t, "ada", current))).want(t, 204, "")
	token, session := tokenOf(t, s.Deliver(t)[0].Link), s.signIn(t, "ada", next)

	store.apply = passwd.ErrConflict
	s.post(t, "change", map[string]string{"current_password": next, "new_password": current}, bearer(session)).want(t, 409, "conflict")
	s.post(t, "cancel", map[string]string{"token": token}).want(t, 409, "conflict")
	store.apply = nil
	s.post(t, "cancel", map[string]string{"token": token}).want(t, 204, "")
}

// Guesses at codes are counted for the address, whosever request they are at.
func TestCodesThrottled(t *testing.T) {
	s := newSite(t, passwd.Config{Limits: passwd.Limits{Address: passwd.Limit{Free: 3, Window: time.Minute}}}, passwdhttp.Config{})
	guess := map[string]string{"request_id": strings.Repeat("x", 43), "code": "12345678"}
	for range 3 {
		s.post(t, "reset/code", guess).want(t, 422, "invalid_token")
	}
	s.post(t, "reset/code", guess).want(t, 429, "rate_limited")
}

// A host that lets a session do nothing yet is asked before the policy is shown,
// by GET and HEAD alike.
func TestPolicyOfASessionThatMayNothing(t *testing.T) {
	var fail error
	s := newSite(t, passwd.Config{}, passwdhttp.Config{
		Authenticate: func(*http.Request) (passwdhttp.Principal, error) { return passwdhttp.Principal{}, fail },
	})
	for _, tc := range []struct {
		err    error
		status int
	}{{passwd.ErrChangeRequired, 403}, {passwd.ErrSecondFactor, 403}, {errors.New("sessions are down"), 503}} {
		fail = tc.err
		for _, method := range []string{"GET", "HEAD"} {
			if got := s.do(t, request(method, "policy", ""), nil); got.Code != tc.status {
				t.Errorf("%s: %v: %d", method, fail, got.Code)
			}
		}
	}
}
