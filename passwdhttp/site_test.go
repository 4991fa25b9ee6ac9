package passwdhttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/session"
)

const (
	base    = "/account/password"
	api     = base + "/api/v1/"
	current = "Analytical-Engine-1843"
	next    = "difference engine no. 2"
)

// site is a host with the library mounted. Its sessions are bearer tokens.
type site struct {
	*passwdtest.Kit
	handler http.Handler

	mu       sync.Mutex
	sessions map[string]passwdhttp.Principal
	secrets  []string // everything submitted
}

// newSite mounts the API as a host does. What it is given of a configuration is
// kept, and Authenticate filled in.
func newSite(t *testing.T, svc passwd.Config, cfg passwdhttp.Config) *site {
	t.Helper()
	s := &site{Kit: passwdtest.New(t, svc), sessions: map[string]passwdhttp.Principal{}}
	cfg.Service, cfg.SignUp = s.Service, true
	if cfg.Authenticate == nil {
		cfg.Authenticate = s.authenticate
	}
	optional := everything(s.Service)
	if cfg.SignedIn == nil {
		cfg.SignedIn = optional.SignedIn
	}
	if cfg.SignOut == nil {
		cfg.SignOut = optional.SignOut
	}
	if cfg.Sessions == nil {
		cfg.Sessions = optional.Sessions
	}
	h, err := passwdhttp.API(cfg)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(base+"/api/", h)
	mux.Handle("/.well-known/change-password", passwdhttp.WellKnown(cfg))
	s.handler = recorded(mux)
	t.Cleanup(func() { s.checkEvents(t) })
	return s
}

func nobody(*http.Request) (passwdhttp.Principal, error) {
	return passwdhttp.Principal{}, passwd.ErrUnauthenticated
}

// everything is a configuration with all that has to be asked for, and nothing in it.
func everything(svc *passwd.Service) passwdhttp.Config {
	return passwdhttp.Config{
		Service: svc, SignOut: signOut, Sessions: new(foreignSessions), SignUp: true, Authenticate: nobody,
		SignedIn: func(http.ResponseWriter, *http.Request, passwd.SignedIn) error { return nil },
	}
}

func (s *site) authenticate(r *http.Request) (passwdhttp.Principal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.sessions[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if !ok {
		return p, passwd.ErrUnauthenticated
	}
	return p, nil
}

// ada adds an account with the password current.
func (s *site) ada(t *testing.T) passwd.Ref {
	t.Helper()
	return s.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com", Mobile: "15550000001"}, current)
}

// signIn opens a session and returns its bearer token.
func (s *site) signIn(t *testing.T, login, password string) string {
	t.Helper()
	in, err := s.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: login}, Password: password})
	if err != nil {
		t.Fatalf("sign-in of %s: %v", login, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	bearer := fmt.Sprintf("session-%d", len(s.sessions))
	s.sessions[bearer] = passwdhttp.Principal{Account: in.Account, Epoch: in.Epoch, Session: bearer}
	return bearer
}

// opens reports whether a password opens an account.
func (s *site) opens(t *testing.T, login, password string) bool {
	t.Helper()
	_, err := s.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: login}, Password: password})
	if err != nil && !errors.Is(err, passwd.ErrWrongCredentials) {
		t.Fatalf("sign-in of %s: %v", login, err)
	}
	return err == nil
}

// link asks for a reset link and returns its token.
func (s *site) link(t *testing.T, login string) string {
	t.Helper()
	if err := s.Service.RequestReset(t.Context(), passwd.RequestReset{Login: passwd.Login{Value: login}}); err != nil {
		t.Fatal(err)
	}
	for _, m := range s.Deliver(t) {
		if m.Kind == passwd.MessageResetLink {
			return string(m.Token)
		}
	}
	t.Fatalf("no link for %s", login)
	return ""
}

// ticket makes the account change its password and returns the proof of its next
// sign-in.
func (s *site) ticket(t *testing.T, r passwd.Ref, login, password string) string {
	t.Helper()
	if err := s.Service.RequireChange(t.Context(), passwd.RequireChange{Account: r, Reason: passwd.Administrator}); err != nil {
		t.Fatal(err)
	}
	in, err := s.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: login}, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := s.Service.Ticket(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return string(ticket)
}

// reply is an answer that has passed the checks of do.
type reply struct {
	*httptest.ResponseRecorder
	problem problem
}

type problem struct {
	Type, Title, Detail, Code string
	Status                    int
	Errors                    []struct {
		Pointer, Code, Detail string
		Params                map[string]any
	}
}

// request makes a request of the API with a JSON body; edits come after.
func request(method, path, body string, edits ...func(*http.Request)) *http.Request {
	if !strings.HasPrefix(path, "/") {
		path = api + path
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.RemoteAddr = "192.0.2.7:4711"
	for _, edit := range edits {
		edit(r)
	}
	return r
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func bearer(token string) func(*http.Request) { return header("Authorization", "Bearer "+token) }

func (s *site) post(t *testing.T, path string, body map[string]string, edits ...func(*http.Request)) reply {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return s.do(t, request("POST", path, string(data), edits...), body)
}

// do makes a request and checks what holds for every answer: its headers (W3,
// W4, W7), its shape (W6), and that it repeats nothing submitted (I7).
func (s *site) do(t *testing.T, r *http.Request, submitted map[string]string) reply {
	t.Helper()
	for _, v := range submitted {
		if len(v) > 5 {
			s.secrets = append(s.secrets, v)
		}
	}
	w := httptest.NewRecorder()
	before := len(s.Events.All())
	s.handler.ServeHTTP(w, r)
	got := reply{ResponseRecorder: w}
	name := fmt.Sprintf("%s %s: %d", r.Method, r.URL.Path, w.Code)
	for _, e := range s.Events.All()[before:] {
		if e.Name != passwd.EventUnavailable && e.Name != session.EventEnded && !e.Client.Addr.IsValid() {
			t.Errorf("%s: event %s does not say where from", name, e.Name)
		}
	}
	h := w.Header()
	if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: headers %v", name, h)
	}
	if (h.Get("WWW-Authenticate") != "") != (w.Code == 401) {
		t.Errorf("%s: WWW-Authenticate %q", name, h.Get("WWW-Authenticate"))
	}
	if (h.Get("Retry-After") != "") != (w.Code == 429 || w.Code == 503) {
		t.Errorf("%s: Retry-After %q", name, h.Get("Retry-After"))
	}
	whole := w.Body.String() + fmt.Sprint(h)
	for _, secret := range s.secrets {
		if strings.Contains(whole, secret) {
			t.Errorf("%s: repeats %q", name, secret)
		}
	}
	switch {
	case w.Code >= 400:
		if h.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: Content-Type %q", name, h.Get("Content-Type"))
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got.problem); err != nil {
			t.Fatalf("%s: %v in %s", name, err, w.Body)
		}
		p := got.problem
		if p.Status != w.Code || p.Type != "urn:passwd:problem:"+p.Code || p.Title == "" || p.Detail == "" {
			t.Errorf("%s: problem %+v", name, p)
		}
		for _, e := range p.Errors {
			if !strings.HasPrefix(e.Pointer, "#/") && (e.Pointer != "#" || e.Code != "unknown") || e.Code == "" || e.Detail == "" || e.Params == nil {
				t.Errorf("%s: error %+v", name, e)
			}
		}
	case w.Code == 204 || w.Code == 303:
		if w.Body.Len() > 0 {
			t.Errorf("%s: body %q", name, w.Body)
		}
	default:
		if h.Get("Content-Type") != "application/json" {
			t.Errorf("%s: Content-Type %q", name, h.Get("Content-Type"))
		}
	}
	return got
}

// want checks the status and, of an error, the code.
func (r reply) want(t *testing.T, status int, code string) {
	t.Helper()
	if r.Code != status || r.problem.Code != code {
		t.Fatalf("got %d %q, want %d %q: %s", r.Code, r.problem.Code, status, code, r.Body)
	}
}

// member returns a string of the body.
func (r reply) member(t *testing.T, name string) string {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal(r.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	v, ok := body[name].(string)
	if !ok || v == "" {
		t.Fatalf("no %s in %s", name, r.Body)
	}
	return v
}

// checkEvents looks for what was submitted in everything the observer saw (I7).
func (s *site) checkEvents(t *testing.T) {
	for _, e := range s.Events.All() {
		e.Client = passwd.Client{}
		line := fmt.Sprintf("%+v", e)
		for _, secret := range s.secrets {
			if strings.Contains(line, secret) {
				t.Errorf("event %s has %q in it", e.Name, secret)
			}
		}
	}
}

// tokenOf returns the token in the query of a link.
func tokenOf(t testing.TB, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	if u.Query().Get("token") == "" {
		t.Fatalf("no token in a link to %s", u.Path)
	}
	return u.Query().Get("token")
}

// recordingStore remembers the last write.
type recordingStore struct {
	*memstore.Store
	last passwd.Write
}

func (r *recordingStore) Apply(ctx context.Context, w passwd.Write) (int64, error) {
	r.last = w
	return r.Store.Apply(ctx, w)
}

// faultyLimiter fails on demand.
type faultyLimiter struct {
	passwd.Limiter
	fail error
}

func (l *faultyLimiter) Do(ctx context.Context, now time.Time, steps ...passwd.Step) ([]passwd.Taken, error) {
	if l.fail != nil {
		return nil, l.fail
	}
	return l.Limiter.Do(ctx, now, steps...)
}

// faultyHasher fails on demand.
type faultyHasher struct {
	passwdtest.Hasher
	fail error
}

func (h *faultyHasher) Verify(ctx context.Context, hash passwd.Hash, password string) (pwhash.Verdict, error) {
	if h.fail != nil {
		return pwhash.Verdict{}, h.fail
	}
	return h.Hasher.Verify(ctx, hash, password)
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
