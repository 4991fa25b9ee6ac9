package dbtest_test

import (
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/wire"
)

// docs:host
// shop is a host: it knows who is signed in, and has the library's handlers.
type shop struct {
	service  *passwd.Service
	config   passwdhttp.Config
	sessions sessions // cookie → account and epoch

	pages, api, wellKnown, remind http.Handler
	enforce                       func(http.Handler) http.Handler
}

func newShop(svc *passwd.Service, clients wire.Clients, keys passwd.Keys) (_ *shop, err error) {
	s := &shop{service: svc}
	s.config = passwdhttp.Config{
		Service: svc, Authenticate: s.authenticate, Renew: s.renew, SignInURL: "/sign-in",
		// The proxies' own networks. Without proxies, leave it out.
		ClientAddr: passwdhttp.TrustedProxies(netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")),
	}
	if s.pages, err = passwdhttp.Pages(s.config); err != nil {
		return nil, err
	}
	if s.api, err = passwdhttp.API(s.config); err != nil {
		return nil, err
	}
	format := wire.Remind{Base: "/v1", Clients: clients, Keys: keys}
	format.Service, format.ClientAddr = svc, s.config.ClientAddr
	if s.remind, err = format.Handler(); err != nil {
		return nil, err
	}
	s.wellKnown = passwdhttp.WellKnown(s.config)
	s.enforce = passwdhttp.Enforce(s.config, "/sign-in", "/sign-out", "/assets/", "/v1/")
	return s, nil
}

// authenticate tells the library who is signed in. It reads the request and nothing
// else, so it is right in every framework.
func (s *shop) authenticate(r *http.Request) (passwdhttp.Principal, error) {
	cookie, err := r.Cookie("session")
	if err != nil {
		return passwdhttp.Principal{}, passwd.ErrUnauthenticated
	}
	found, ok := s.sessions.find(cookie.Value)
	if !ok {
		return passwdhttp.Principal{}, passwd.ErrUnauthenticated
	}
	return passwdhttp.Principal{Account: found.account, Epoch: found.epoch}, nil
}

// renew gives whoever changed their password a new session, with the new epoch. All
// others of the account are dead by then.
func (s *shop) renew(w http.ResponseWriter, r *http.Request, written passwd.Written) error {
	if cookie, err := r.Cookie("session"); err == nil {
		s.sessions.end(cookie.Value)
	}
	http.SetCookie(w, s.sessions.begin(written.Account, written.Epoch))
	return nil
}

// signIn is the host's own. An account that must change its password gets no session,
// but the page where it does.
func (s *shop) signIn(w http.ResponseWriter, r *http.Request) {
	in, err := s.service.SignIn(r.Context(), passwd.SignIn{
		Login: passwd.Login{Value: r.PostFormValue("login")}, Password: r.PostFormValue("password"),
		Client: passwd.Client{Addr: s.config.ClientAddr(r), UserAgent: r.UserAgent()},
	})
	if err != nil {
		http.Error(w, "Please try again.", statusOf(err))
		return
	}
	if in.Must == passwd.NoReason {
		http.SetCookie(w, s.sessions.begin(in.Account, in.Epoch))
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	ticket, err := s.service.Ticket(r.Context(), in) // a second factor has been checked by now
	if err != nil {
		http.Error(w, "Please try again.", statusOf(err))
		return
	}
	passwdhttp.BeginForced(s.config, w, r, ticket, "/orders")
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, passwd.ErrWrongCredentials):
		return http.StatusUnauthorized
	case errors.Is(err, passwd.ErrRateLimited):
		return http.StatusTooManyRequests
	}
	return http.StatusServiceUnavailable
}

// docs:end

// docs:catch-all
// app serves the single-page app for every path that nothing else has, but leaves
// /.well-known/ alone: password managers look for a path there that cannot exist.
func (s *shop) app(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/.well-known/") || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusOK) // gin has put 404 there
	io.WriteString(w, "<!doctype html><title>Shop</title>")
}

// docs:end

type visit struct {
	account passwd.Ref
	epoch   int64
}

type sessions struct {
	mu   sync.Mutex
	open map[string]visit
}

func (s *sessions) begin(account passwd.Ref, epoch int64) *http.Cookie {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[string]visit{}
	}
	id := rand.Text()
	s.open[id] = visit{account, epoch}
	return &http.Cookie{Name: "session", Value: id, Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode}
}

func (s *sessions) find(id string) (visit, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.open[id]
	return found, ok
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
}

// orders is a page of the host's, for who is signed in.
func (s *shop) orders(w http.ResponseWriter, r *http.Request) {
	if _, err := s.authenticate(r); err != nil {
		http.Error(w, "Please sign in.", http.StatusUnauthorized)
		return
	}
	io.WriteString(w, "No orders yet.")
}

// headers is what hosts have around everything. The pages have a policy of their
// own, which must prevail: with this one browsers send "Origin: null" with a form.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

const (
	adaPassword   = "Analytical-Engine-1843"
	gracePassword = "nanosecond wire 11.8 inches"
	newPassword   = "difference engine no. 2"
	lastPassword  = "compiling without a net 1952"
	appSecret     = "the secret of an application"
)

// openedShop is a shop of two accounts, of whom grace must change her password.
type openedShop struct {
	*shop
	*passwdtest.Kit
	ada, grace passwd.Ref
}

func openShop(t testing.TB, cfg passwd.Config) *openedShop {
	t.Helper()
	cfg.Keys = passwd.Keys{Current: []byte("the 32 bytes that replicas share")}
	o := &openedShop{Kit: passwdtest.New(t, cfg)}
	o.ada = o.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, adaPassword)
	o.grace = o.Add(t, passwd.Account{Username: "grace", Email: "grace@example.com"}, gracePassword)
	o.mustChange(t, o.grace)
	clients := wire.StaticClients{Credentials: map[string]wire.SecretDigest{"app": wire.DigestOf(appSecret)}}
	var err error
	if o.shop, err = newShop(o.Service, clients, cfg.Keys); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *openedShop) mustChange(t testing.TB, r passwd.Ref) {
	t.Helper()
	if err := o.Service.RequireChange(t.Context(), passwd.RequireChange{Account: r, Reason: passwd.Administrator}); err != nil {
		t.Fatal(err)
	}
}
