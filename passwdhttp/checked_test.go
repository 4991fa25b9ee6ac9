package passwdhttp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session"
)

// countedStore counts what a request asks of the store to know who is signed in.
type countedStore struct {
	*memstore.Store
	gets, sessions atomic.Int64
}

func (s *countedStore) Get(ctx context.Context, r passwd.Ref) (passwd.Account, error) {
	s.gets.Add(1)
	return s.Store.Get(ctx, r)
}

func (s *countedStore) FindSession(ctx context.Context, t session.TokenRef, now time.Time) (session.Record, passwd.Reason, error) {
	s.sessions.Add(1)
	return s.Store.FindSession(ctx, t, now)
}

// checkedHost is an app behind Enforce whose Authenticate is one line.
type checkedHost struct {
	*passwdtest.Kit
	store   *countedStore
	manager *session.Manager
	pair    session.Pair
	handler http.Handler
	tenant  string
}

func newCheckedHost(t *testing.T) *checkedHost {
	t.Helper()
	h := &checkedHost{store: &countedStore{Store: memstore.New()}, tenant: "north"}
	keys := passwd.RandomKeys()
	h.Kit = passwdtest.New(t, passwd.Config{Store: h.store, Keys: keys})
	h.Kit.Store = h.store.Store
	var err error
	if h.manager, err = session.New(session.Config{Store: h.store, Keys: keys, Now: h.Clock.Now}); err != nil {
		t.Fatal(err)
	}
	h.handler = passwdhttp.Enforce(passwdhttp.Config{
		Service: h.Service,
		Tenant:  func(*http.Request) string { return h.tenant },
		Authenticate: func(r *http.Request) (passwdhttp.Principal, error) {
			return passwdhttp.Checked(h.manager.Check(r.Context(), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")))
		},
	})(app)
	h.Add(t, passwd.Account{Ref: passwd.Ref{Tenant: "north", ID: "1"}, Username: "ada"}, current)
	in, err := h.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Tenant: "north", Value: "ada"}, Password: current})
	if err != nil {
		t.Fatal(err)
	}
	if h.pair, err = h.manager.Start(t.Context(), in, session.Info{}); err != nil {
		t.Fatal(err)
	}
	return h
}

// want notes a failure unless a request is answered so, after one look at the session
// and none at the account.
func (h *checkedHost) want(t *testing.T, what string, status int) {
	t.Helper()
	gets, sessions := h.store.gets.Load(), h.store.sessions.Load()
	r := httptest.NewRequest("GET", "/orders", nil)
	r.Header.Set("Authorization", "Bearer "+string(h.pair.Access))
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	equal(t, what+": status", w.Code, status)
	equal(t, what+": looks at the session", int(h.store.sessions.Load()-sessions), 1)
	equal(t, what+": looks at the account", int(h.store.gets.Load()-gets), 0)
}

// A session whose epoch its manager has compared is looked up once (I5, F7).
func TestCheckedAsksOnce(t *testing.T) {
	h := newCheckedHost(t)
	account := h.pair.Session.Account
	h.want(t, "live", 200)

	h.tenant = "south"
	h.want(t, "at another tenant's door", 401)
	h.tenant = "north"

	if err := h.Service.RequireChange(t.Context(), passwd.RequireChange{Account: account}); err != nil {
		t.Fatal(err)
	}
	h.want(t, "must change", 403)
	if err := h.Service.LiftChange(t.Context(), passwd.LiftChange{Account: account}); err != nil {
		t.Fatal(err)
	}
	h.want(t, "need not any more", 200)
	if _, err := h.Service.Revoke(t.Context(), passwd.Revoke{Account: account}); err != nil {
		t.Fatal(err)
	}
	h.want(t, "revoked", 401)
}

// What is no answer of a check makes nobody signed in.
func TestCheckedTakesNoErrors(t *testing.T) {
	somebody := session.Session{ID: "1", Account: passwd.Ref{ID: "1"}, Epoch: 1}
	for name, tc := range map[string]struct {
		found session.Session
		err   error
	}{
		"ended":                          {somebody, passwd.ErrEnded},
		"unavailable":                    {somebody, passwd.ErrUnavailable},
		"must change, and no word of it": {somebody, passwd.ErrChangeRequired},
		"nothing":                        {session.Session{}, passwd.ErrUnauthenticated},
	} {
		if p, err := passwdhttp.Checked(tc.found, tc.err); err != tc.err || p != (passwdhttp.Principal{}) {
			t.Errorf("%s: %+v, error %v", name, p, err)
		}
	}
	if p, err := passwdhttp.Checked(session.Session{}, nil); err != nil || p.Account.ID != "" {
		t.Errorf("the zero session: %+v, error %v", p, err)
	}
}
