package browsertest_test

import (
	"html/template"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/strength"
)

const (
	mount   = "/account/password"
	current = "Analytical-Engine-1843"
	next    = "difference engine no. 2"
)

// site is a host with pages and API, and a web mail on another site.
type site struct {
	*passwdtest.Kit
	origin, mail string
	ada          passwd.Ref

	mu       sync.Mutex
	sessions map[string]passwdhttp.Principal
	letter   string // the link in the mail that is open
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{sessions: map[string]passwdhttp.Principal{}}
	mux := http.NewServeMux()
	app := httptest.NewServer(mux)
	t.Cleanup(app.Close)
	s.origin = app.URL
	s.Kit = passwdtest.New(t, passwd.Config{
		Links:  passwd.Links{Base: s.origin + mount},
		Policy: strength.Recommended(),
	})
	s.ada = s.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, current)

	cfg := passwdhttp.Config{
		Service: s.Service, Authenticate: s.authenticate, Renew: s.renew, SignInURL: "/sign-in", Name: "Demo",
	}
	pages, err := passwdhttp.Pages(cfg)
	if err != nil {
		t.Fatal(err)
	}
	api, err := passwdhttp.API(cfg)
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle(mount+"/", pages)
	mux.Handle(mount+"/api/", api)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /sign-in", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `<!doctype html><title>Sign in</title><h1>Sign in</h1><form method="post">
<input id="login" name="login" autocomplete="username"><input id="password" name="password" type="password" autocomplete="current-password">
<button>Sign in</button></form>`)
	})
	mux.HandleFunc("POST /sign-in", func(w http.ResponseWriter, r *http.Request) { s.signIn(cfg, w, r) })

	mail := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		letterPage.Execute(w, s.letter)
	}))
	t.Cleanup(mail.Close)
	_, port, err := net.SplitHostPort(mail.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s.mail = "http://localhost:" + port // another site than 127.0.0.1
	return s
}

var letterPage = template.Must(template.New("letter").Parse(`<!doctype html><title>Mail</title><h1>Mail</h1><a id="link" href="{{.}}">link</a>`))

func (s *site) authenticate(r *http.Request) (passwdhttp.Principal, error) {
	c, err := r.Cookie("session")
	if err != nil {
		return passwdhttp.Principal{}, passwd.ErrUnauthenticated
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[c.Value], nil
}

func (s *site) renew(_ http.ResponseWriter, r *http.Request, done passwd.Written) error {
	c, err := r.Cookie("session")
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.sessions[c.Value]
	p.Epoch = done.Epoch
	s.sessions[c.Value] = p
	return nil
}

func (s *site) home(w http.ResponseWriter, r *http.Request) {
	p, err := s.authenticate(r)
	if err == nil {
		_, err = s.Service.Live(r.Context(), p.Account, p.Epoch)
	}
	text := "Welcome"
	if err != nil {
		text = "Nobody"
	}
	io.WriteString(w, "<!doctype html><title>Home</title><h1>"+text+"</h1>")
}

// signIn is the host's: a session, or the forced change.
func (s *site) signIn(cfg passwdhttp.Config, w http.ResponseWriter, r *http.Request) {
	in, err := s.Service.SignIn(r.Context(), passwd.SignIn{
		Login: passwd.Login{Value: r.PostFormValue("login")}, Password: r.PostFormValue("password"),
	})
	if err != nil {
		http.Error(w, "no", http.StatusUnauthorized)
		return
	}
	if in.Must != passwd.NoReason {
		ticket, err := s.Service.Ticket(r.Context(), in)
		if err != nil {
			http.Error(w, "no", http.StatusInternalServerError)
			return
		}
		passwdhttp.BeginForced(cfg, w, r, ticket, "/")
		return
	}
	s.mu.Lock()
	id := strings.Repeat("s", len(s.sessions)+1)
	s.sessions[id] = passwdhttp.Principal{Account: in.Account, Epoch: in.Epoch, Username: "ada"}
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "session", Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// deliver opens the link that has been sent in the web mail.
func (s *site) deliver(t *testing.T) (link string, token passwd.Token) {
	t.Helper()
	for _, m := range s.Deliver(t) {
		if m.Kind == passwd.MessageResetLink {
			s.mu.Lock()
			s.letter = m.Link
			s.mu.Unlock()
			return m.Link, m.Token
		}
	}
	t.Fatal("no link was sent")
	return "", ""
}
