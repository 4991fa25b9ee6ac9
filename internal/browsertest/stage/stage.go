// Package stage is a host with the pages and the API mounted, and another site
// beside it: a web mail, and whatever a hostile site would serve.
package stage

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session"
)

const (
	// Mount is where the pages are.
	Mount = "/account/password"
	// Current is ada's password at first, and Next a good one to change it to.
	Current = "Analytical-Engine-1843"
	Next    = "difference engine no. 2"
	// SignInPath is the host's own page, and HeldPath one for signed-in users.
	SignInPath, HeldPath = "/sign-in", "/orders"
)

// Options say what kind of host it is.
type Options struct {
	// LAN serves both sites over plain http under names of one domain, which
	// browsers take for one site of several origins.
	LAN bool
	// Fragments puts the tokens of links behind a "#".
	Fragments bool
	// SignInElsewhere has people sign in on the other site.
	SignInElsewhere bool
	// Confirm has new passwords typed twice.
	Confirm bool
	// After is where a browser is sent after a change and after a reset.
	After string
	// SignOut has the pages offer to sign out.
	SignOut bool
	// Resume begins a session after a forced change.
	Resume bool
	// Lenient has passwords be of 15 characters, and no more than that asked.
	Lenient bool
	// Ready has people sign in on the ready page.
	Ready bool
	// Email has people sign in with email addresses alone.
	Email bool
}

// Host is the host: Origin is its own, Elsewhere that of the other site.
type Host struct {
	Service   *passwd.Service
	Sessions  *session.Manager
	Clock     *passwdtest.Clock
	Mail      *passwdtest.Mailbox
	Origin    string
	Elsewhere string
	Ada       passwd.Ref

	config   passwdhttp.Config
	store    *memstore.Store
	mu       sync.Mutex
	letter   string // the link in the mail that is open
	until    chan struct{}
	held     string // path whose replies to POST are held
	requests []Request
}

// New starts both sites, until the context ends. Ada's account is there.
func New(ctx context.Context, o Options) (*Host, error) {
	h := &Host{Clock: passwdtest.NewClock(), Mail: &passwdtest.Mailbox{}, store: memstore.New()}
	mux := http.NewServeMux()
	app := httptest.NewServer(h.record(h.slow(mux)))
	elsewhere := httptest.NewServer(h.record(h.elsewhere()))
	context.AfterFunc(ctx, func() { app.Close(); elsewhere.Close() })
	if o.LAN {
		h.Origin, h.Elsewhere = at(app, "app.lan.test"), at(elsewhere, "other.lan.test")
	} else {
		h.Origin, h.Elsewhere = app.URL, at(elsewhere, "localhost") // another site than 127.0.0.1
	}
	keys := passwd.RandomKeys()
	var err error
	h.Service, err = passwd.New(passwd.Config{
		Store: h.store, Keys: keys, Notify: h.Mail, Hasher: passwdtest.Hasher{}, Now: h.Clock.Now,
		Links:  passwd.Links{Base: h.Origin + Mount, InsecureHTTP: o.LAN, FragmentNeedsJavaScript: o.Fragments},
		Policy: policy(o),
	})
	if err != nil {
		return nil, err
	}
	if _, err := h.Service.Work(ctx); err != nil { // from now on it knows that somebody delivers
		return nil, err
	}
	h.Sessions, err = session.New(session.Config{Store: h.store, Keys: keys, AccessTTL: 24 * time.Hour, Now: h.Clock.Now})
	if err != nil {
		return nil, err
	}
	h.config = passwdhttp.Config{
		Service: h.Service, Authenticate: h.authenticate, Renew: h.renew, Sessions: h.Sessions,
		SignInURL: SignInPath, Name: "Demo", ConfirmField: o.Confirm,
	}
	h.configure(o)
	if o.SignInElsewhere {
		h.config.SignInURL = h.Elsewhere + LetterPath
	}
	h.Ada = passwd.Ref{ID: "1"}
	if err := h.SetPassword(ctx, Current); err != nil {
		return nil, err
	}
	return h, h.mount(mux)
}

func at(s *httptest.Server, name string) string {
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		panic(err) // unreachable: it listens on TCP
	}
	return "http://" + net.JoinHostPort(name, port)
}

func (h *Host) mount(mux *http.ServeMux) error {
	pages, err := passwdhttp.Pages(h.config)
	if err != nil {
		return err
	}
	api, err := passwdhttp.API(h.config)
	if err != nil {
		return err
	}
	mux.Handle(Mount+"/", pages)
	mux.Handle(Mount+"/api/", api)
	mux.Handle("GET /.well-known/change-password", passwdhttp.WellKnown(h.config))
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET "+SignInPath, h.signInForm)
	mux.HandleFunc("POST "+SignInPath, h.signIn)
	mux.HandleFunc("GET "+AwayPath, h.away)
	mux.Handle("/", passwdhttp.Enforce(h.config)(http.HandlerFunc(h.home)))
	return nil
}

// SetPassword puts ada's account into the store, as the host itself would.
func (h *Host) SetPassword(ctx context.Context, password string) error {
	hash, err := passwdtest.Hasher{}.Hash(ctx, password)
	if err != nil {
		return err
	}
	h.store.Set(passwd.Account{
		Ref: h.Ada, Username: "ada", Email: "ada@example.com", Hash: hash, Active: true,
		Address: []passwd.Address{{Channel: passwd.EmailChannel, Value: "ada@example.com"}},
	})
	return nil
}

// Deliver sends what is waiting, and returns the last message of a kind.
func (h *Host) Deliver(ctx context.Context, kind passwd.MessageKind) (passwd.Message, error) {
	if _, err := h.Service.Work(ctx); err != nil {
		return passwd.Message{}, err
	}
	all := h.Mail.All()
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Kind == kind {
			h.mu.Lock()
			h.letter = all[i].Link
			h.mu.Unlock()
			return all[i], nil
		}
	}
	return passwd.Message{}, fmt.Errorf("stage: no %s was sent", kind)
}

// Request is what a site was asked, and by whom.
type Request struct {
	Host, Method, URI, Referer, Origin, FetchSite string
	Status                                        int
}

func (h *Host) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.requests = append(h.requests, Request{
			Host: r.Host, Method: r.Method, URI: r.URL.RequestURI(), Referer: r.Referer(),
			Origin: r.Header.Get("Origin"), FetchSite: r.Header.Get("Sec-Fetch-Site"), Status: seen.status,
		})
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Requests returns what both sites have answered, in order.
func (h *Host) Requests() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Request(nil), h.requests...)
}

// Asked returns the requests by a method for a path of the pages.
func (h *Host) Asked(method, page string) []Request {
	var found []Request
	for _, r := range h.Requests() {
		path, _, _ := strings.Cut(r.URI, "?")
		if r.Method == method && path == Mount+page {
			found = append(found, r)
		}
	}
	return found
}
