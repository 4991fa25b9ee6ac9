// Package wiretest has what the tests of the documented formats run in: a host
// that mounts all five, the accounts of the demo, and a runner of the recorded
// exchanges under testdata/wire.
package wiretest

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/exchange"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/wire"
)

// Store is what the formats need of a store.
type Store interface {
	passwd.Store
	session.Store
}

// Open returns a fresh store with these accounts in the host's table. Neither
// their Epoch nor their Must is for the host to set.
type Open func(t testing.TB, accounts ...passwd.Account) Store

// Options are what hosts may choose.
type Options struct {
	Reveal       bool // RevealAccounts
	Localize     bool
	SecondFactor bool          // every account has one
	Hasher       pwhash.Hasher // passwdtest.Hasher if nil
}

// World is a host that mounts all five formats as the example server does.
type World struct {
	*passwdtest.Kit
	Store    Store
	Handler  http.Handler
	Keys     passwd.Keys
	Sessions *session.Manager // of grant, and of the bearers of profile
	SignIn   wire.SignIn
	Written  atomic.Int64 // password writes so far

	accounts []passwd.Account
	busy     atomic.Bool
	down     atomic.Bool
}

// The clients of the demo.
const (
	GrantClient = "264ade60a4ca76716a53056cecb171c027586dc722d6cf5ba40b1519de78170910d9ce0602c776f9"
	APIKey      = "demo-apikey"
)

// New makes a world over a fresh store.
func New(t testing.TB, open Open, o Options) *World {
	t.Helper()
	w := &World{Keys: passwd.Keys{Current: []byte("a public key, for nothing but tests")}, accounts: accounts(t)}
	w.Store = open(t, w.accounts...)
	cfg := passwd.Config{
		Store: w.Store, Keys: w.Keys, PolicyFor: policies(t),
		Hasher:  &hasher{Hasher: o.Hasher, busy: &w.busy},
		Limiter: &limiter{Limiter: passwd.NewMemoryLimiter(0), down: &w.down},
		AfterWrite: func(context.Context, passwd.Written) error {
			w.Written.Add(1)
			return nil
		},
	}
	if o.SecondFactor {
		cfg.Admit = func(context.Context, passwd.Account, passwd.Client) error { return passwd.ErrSecondFactor }
	}
	w.Kit = passwdtest.New(t, cfg)
	for _, a := range w.accounts {
		if a.Must != passwd.NoReason {
			w.require(t, a)
		}
	}
	w.Sessions = w.manager(t, session.Config{})
	w.mount(t, o)
	return w
}

func (w *World) require(t testing.TB, a passwd.Account) {
	t.Helper()
	_, err := w.Store.Apply(t.Context(), passwd.Write{Account: a.Ref, IfHash: a.Hash, Must: a.Must, Now: w.Clock.Now()})
	if err != nil {
		t.Fatalf("wiretest: %v", err)
	}
}

func (w *World) manager(t testing.TB, c session.Config) *session.Manager {
	t.Helper()
	c.Store, c.Keys, c.Now, c.Observe = w.Store, w.Keys, w.Clock.Now, w.Service.Observe
	m, err := session.New(c)
	if err != nil {
		t.Fatalf("wiretest: %v", err)
	}
	return m
}

func (w *World) mount(t testing.TB, o Options) {
	t.Helper()
	c := wire.Config{Service: w.Service}
	clients := wire.StaticClients{
		Public:      []string{GrantClient, "client-2", "client-3"},
		APIKeys:     []wire.SecretDigest{wire.DigestOf("another key"), wire.DigestOf(APIKey)},
		Credentials: map[string]wire.SecretDigest{"demo-app": wire.DigestOf("demo-secret"), "app two": wire.DigestOf("s:ö%+ €")},
		Brands:      map[string]string{"DocDemo": "DocDemo", "OtherBrand": "OtherBrand"},
	}
	now := w.Clock.Now
	w.SignIn = wire.SignIn{
		Config: c, Base: "/api/auth", Tenant: "callcenter", Issuer: "lumen-jwt", Keys: w.Keys, Now: now, Localize: o.Localize,
		Sessions: w.manager(t, session.Config{AccessTTL: 30 * 24 * time.Hour}),
	}
	mux := http.NewServeMux()
	for pattern, format := range map[string]interface {
		Handler() (http.Handler, error)
	}{
		"/api/": wire.Grant{Config: c, Base: "/api", Tenant: "bakery", Clients: clients, Sessions: w.Sessions},
		"/profile/v1/": wire.Profile{
			Config: c, Base: "/profile/v1", Tenant: "profile", Clients: clients, Authenticate: wire.Bearer(w.Sessions),
			RevealAccounts: o.Reveal, Localize: o.Localize,
		},
		"/api/auth/": w.SignIn,
		"/v1/": wire.Remind{
			Config: c, Base: "/v1", Tenant: "quotes", Clients: clients, Keys: w.Keys, Now: now,
			RevealAccounts: o.Reveal, Localize: o.Localize,
		},
		"/auth/v1/": wire.Brand{Config: c, Base: "/auth/v1", Clients: clients, Keys: w.Keys, Now: now, Localize: o.Localize},
	} {
		h, err := format.Handler()
		if err != nil {
			t.Fatalf("wiretest: %s: %v", pattern, err)
		}
		mux.Handle(pattern, h)
	}
	w.Handler = exchange.Record(mux,
		exchange.Mount{Document: "grant", Base: "/api"}, exchange.Mount{Document: "profile", Base: "/profile/v1"},
		exchange.Mount{Document: "signin", Base: "/api/auth"}, exchange.Mount{Document: "remind", Base: "/v1"},
		exchange.Mount{Document: "brand", Base: "/auth/v1"})
}

// hasher is too busy when it is told to be.
type hasher struct {
	pwhash.Hasher
	busy *atomic.Bool
}

func (h *hasher) inner() pwhash.Hasher {
	if h.Hasher == nil {
		return passwdtest.Hasher{}
	}
	return h.Hasher
}

func (h *hasher) Hash(ctx context.Context, password string) (passwd.Hash, error) {
	if h.busy.Load() {
		return "", passwd.ErrBusy
	}
	return h.inner().Hash(ctx, password)
}

func (h *hasher) Verify(ctx context.Context, stored passwd.Hash, password string) (pwhash.Verdict, error) {
	if h.busy.Load() {
		return pwhash.Verdict{}, passwd.ErrBusy
	}
	return h.inner().Verify(ctx, stored, password)
}

// limiter is down when it is told to be.
type limiter struct {
	passwd.Limiter
	down *atomic.Bool
}

func (l *limiter) Do(ctx context.Context, now time.Time, steps ...passwd.Step) ([]passwd.Taken, error) {
	if l.down.Load() {
		return nil, errors.New("limiter is down")
	}
	return l.Limiter.Do(ctx, now, steps...)
}

// Row is what no failed request may change.
type Row struct {
	Hash      passwd.Hash
	Must      passwd.Reason
	ChangedAt time.Time
}

// Rows returns the accounts as the store has them now.
func (w *World) Rows(t testing.TB) map[passwd.Ref]Row {
	t.Helper()
	rows := make(map[passwd.Ref]Row, len(w.accounts))
	for _, a := range w.accounts {
		now, err := w.Store.Get(context.Background(), a.Ref)
		if err != nil {
			t.Fatalf("wiretest: %v: %v", a.Ref, err)
		}
		rows[a.Ref] = Row{now.Hash, now.Must, now.ChangedAt}
	}
	return rows
}

// Opens reports whether a password is that of an account.
func (w *World) Opens(t testing.TB, l passwd.Login, password string) bool {
	t.Helper()
	_, err := w.Service.SignIn(context.Background(), passwd.SignIn{Login: l, Password: password})
	if err != nil && passwd.CodeOf(err) != passwd.CodeWrongCredentials && passwd.CodeOf(err) != passwd.CodeSecondFactorRequired {
		t.Fatalf("wiretest: %v", err)
	}
	return passwd.CodeOf(err) != passwd.CodeWrongCredentials
}

// Bearer signs in and returns an access token.
func (w *World) Bearer(t testing.TB, l passwd.Login, password string) string {
	t.Helper()
	in, err := w.Service.SignIn(context.Background(), passwd.SignIn{Login: l, Password: password})
	if err != nil {
		t.Fatalf("wiretest: sign-in: %v", err)
	}
	pair, err := w.Sessions.Start(context.Background(), in, session.Info{Client: GrantClient})
	if err != nil {
		t.Fatalf("wiretest: session: %v", err)
	}
	return string(pair.Access)
}
