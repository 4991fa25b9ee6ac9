package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/sqlstore"
)

// demoKey is in the source so that two servers on one database agree. A real key
// is 32 random bytes that only the deployment knows.
const demoKey = "a public key, for nothing but demos"

// mount is where the library's pages and API are.
const mount = "/account/password"

// site is the app.
type site struct {
	db       *database
	store    *sqlstore.Store
	service  *passwd.Service
	sessions sessions
	formats  formats
	mailbox  mailbox
	events   *eventLog
	log      *log.Logger
	origin   string
	limits   *noLimits // nil unless it was asked for
	handler  http.Handler
}

func newSite(ctx context.Context, o options, db *database, origin string, stderr io.Writer) (*site, error) {
	letters, err := newMailbox(db, o.smtp)
	if err != nil {
		return nil, err
	}
	s := &site{db: db, mailbox: letters, log: log.New(stderr, "", log.LstdFlags), origin: origin}
	s.events = newEventLog(db, s.log)
	store, err := sqlstore.New(db.DB, sqlstore.Config{Dialect: db.name, Users: usersMapping})
	if err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx); err != nil {
		return nil, err
	}
	if err := store.Verify(ctx); err != nil {
		return nil, err
	}
	if err := seed(ctx, db, store, o.hasher, time.Now()); err != nil {
		return nil, err
	}
	s.store = store
	if s.service, err = s.newService(o, store); err != nil {
		return nil, err
	}
	if s.sessions, err = newSessions(store, s.service); err != nil {
		return nil, err
	}
	if s.formats, err = s.newFormats(o, store); err != nil {
		return nil, err
	}
	s.handler, err = s.routes()
	return s, err
}

func (s *site) newService(o options, store passwd.Store) (*passwd.Service, error) {
	policies, err := tenantPolicies()
	if err != nil {
		return nil, err
	}
	c := passwd.Config{
		Store:     store,
		Keys:      passwd.Keys{Current: []byte(demoKey)},
		Notify:    s.mailbox,
		Links:     passwd.Links{Base: s.origin + mount, InsecureHTTP: o.insecure},
		PolicyFor: policyFor(policies),
		Observer:  s.events,
		Hasher:    o.hasher,
		Dummies:   o.dummies,
		JobLease:  5 * time.Second,
	}
	if o.noLimits {
		s.limits = new(noLimits)
		c.Limiter = s.limits
	}
	return passwd.New(c)
}

func (s *site) routes() (http.Handler, error) {
	faces := s.faces()
	api, err := passwdhttp.API(faces)
	if err != nil {
		return nil, err
	}
	pages, err := passwdhttp.Pages(faces)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(mount+"/", pages)
	mux.Handle(mount+"/api/", api)
	mux.Handle("/.well-known/change-password", passwdhttp.WellKnown(faces))
	for path, format := range s.formats.handlers {
		mux.Handle(path, format)
	}

	own := http.NewServeMux()
	own.HandleFunc("GET /{$}", s.home)
	own.HandleFunc("GET /sign-in", s.signInForm)
	own.HandleFunc("POST /sign-in", s.signIn)
	own.HandleFunc("POST /sign-out", s.signOut)
	own.HandleFunc("GET /sign-up", s.signUpForm)
	own.HandleFunc("POST /sign-up", s.signUp)
	own.HandleFunc("POST /dev/sign-in", s.devSignIn)
	own.HandleFunc("GET /dev/invite", s.inviteForm)
	own.HandleFunc("POST /dev/invite", s.devInvite)
	own.HandleFunc("GET /dev/messages", s.devMessages)
	own.HandleFunc("GET /dev/{$}", s.devMailbox)
	own.HandleFunc("GET /dev/mail/{number}", s.devMail)
	own.HandleFunc("GET /dev/mail.js", asset("mail.js", "text/javascript; charset=utf-8"))
	own.HandleFunc("GET /style.css", asset("style.css", "text/css; charset=utf-8"))
	own.HandleFunc("GET /dev/events", s.devEvents)
	own.HandleFunc("GET /dev/whoami", s.devWhoami)
	own.HandleFunc("GET /dev/openapi/{document}", s.devOpenAPI)
	mux.Handle("/", guarded(own))
	return bounded(mux), nil
}

// faces is what the library's pages and API have in common.
func (s *site) faces() passwdhttp.Config {
	return passwdhttp.Config{
		Service: s.service, Authenticate: s.authenticate, Renew: s.sessions.renew, Sessions: s.sessions.Manager,
		SignOut: s.endSession, SignedIn: s.sessions.begin, // the ready sign-in, beside the app's own
		SignUp: true,
		Name:   "Demo", SignInURL: "/sign-in", InsecureCookies: strings.HasPrefix(s.origin, "http:"),
	}
}

// guarded is what all of the app's own answers have in common: forms come from
// our own pages, bodies are small, and nothing is cached or framed.
func guarded(next http.Handler) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; frame-src 'self'; "+
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "strict-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
		next.ServeHTTP(w, r)
	})
}

// patience is how long a request may take. A database that does not answer would
// have it wait for ever.
const patience = 20 * time.Second

func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// clientOf tells the library where a request comes from.
func clientOf(r *http.Request) passwd.Client { return passwdhttp.ClientOf(passwdhttp.Config{}, r) }

// greeting tells whoever started the server how to go on.
func (s *site) greeting() string {
	api := s.origin + mount + "/api/v1"
	return fmt.Sprintf(`listening on %[1]s

%[2]s
curl -i %[1]s/dev/sign-in -H 'Content-Type: application/json' -d '{"tenant":"","login":"ada","password":"Analytical-Engine-1843"}'
curl -i %[3]s/forgot -H 'Content-Type: application/json' -d '{"login":"ada@example.com"}'
curl -i %[1]s/dev/messages
`, s.origin, accountTable(), api)
}
