package main

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/session"
)

// The library's sessions keep track of who is signed in, as the app had none. A browser
// has the access token in a cookie, and other clients send theirs as a bearer. No
// refresh tokens: a session of this app lasts for half a day.

const (
	cookieName  = "demo_session" // over https it would be "__Host-" and Secure
	webClient   = "Browser"
	otherClient = "Other"
	sessionLife = 12 * time.Hour
)

type sessions struct{ *session.Manager }

func newSessions(store session.Store, svc *passwd.Service) (sessions, error) {
	manager, err := session.New(session.Config{
		Store: store, Keys: passwd.Keys{Current: []byte(demoKey)}, Observe: svc.Observe,
		AccessTTL: sessionLife, IdleTTL: sessionLife, MaxAge: sessionLife,
		MaxPerClient: 1000, // everybody plays with the same few accounts
	})
	return sessions{manager}, err
}

// find returns the session of a request, and ErrChangeRequired with that of who must
// change the password. ErrUnauthenticated or ErrEnded if there is none. The tokens of
// the wire formats are in the same tables, and open nothing of the app.
func (s sessions) find(r *http.Request) (session.Session, error) {
	secret, _ := secretOf(r)
	if secret == "" {
		return session.Session{}, passwd.ErrUnauthenticated
	}
	found, err := s.Check(r.Context(), secret)
	if found.Client != webClient && found.Client != otherClient {
		return session.Session{}, cmp.Or(err, passwd.ErrEnded)
	}
	return found, err
}

// account returns who is signed in, and may do more than change their password.
func (s sessions) account(r *http.Request) (passwd.Ref, error) {
	found, err := s.find(r)
	if errors.Is(err, passwd.ErrChangeRequired) {
		err = passwd.ErrUnauthenticated
	}
	return found.Account, err
}

// begin signs a browser in, in place of the session that it may have had before.
func (s sessions) begin(w http.ResponseWriter, r *http.Request, in passwd.SignedIn) error {
	pair, err := s.Start(r.Context(), in, session.Info{Client: webClient, From: clientOf(r)})
	if err != nil {
		return err
	}
	if err := s.end(r); err != nil {
		return err
	}
	setCookie(w, string(pair.Access))
	return nil
}

// renew is called after a change, which has kept the session that asked for it. A
// browser gets a new one all the same: whoever has seen the old cookie is out.
func (s sessions) renew(w http.ResponseWriter, r *http.Request, done passwd.Written) error {
	if _, bearer := secretOf(r); bearer {
		return nil
	}
	return s.begin(w, r, passwd.SignedIn{Account: done.Account, Epoch: done.Epoch})
}

// end forgets the session of a request.
func (s sessions) end(r *http.Request) error {
	secret, _ := secretOf(r)
	if secret == "" {
		return nil
	}
	return s.SignOut(r.Context(), secret)
}

// endSession signs out where another account is asked to: see passwdhttp.Config.SignOut.
func (s *site) endSession(w http.ResponseWriter, r *http.Request) error {
	err := s.sessions.end(r)
	if err == nil {
		setCookie(w, "")
	}
	return err
}

// authenticate tells the library who is signed in.
func (s *site) authenticate(r *http.Request) (passwdhttp.Principal, error) {
	who, err := passwdhttp.Checked(s.sessions.find(r))
	if err == nil {
		who.Username, err = userLogin(r.Context(), s.db, who.Account)
	}
	return who, err
}

// next is where a sign-in leads: back to the page that asked for it.
func next(r *http.Request) string {
	return cmp.Or(passwdhttp.SafeNext(r.FormValue("next")), "/")
}

// secretOf returns the token of a request, that of its bearer if it has one.
func secretOf(r *http.Request) (secret string, bearer bool) {
	if h := r.Header.Get("Authorization"); h != "" {
		scheme, token, _ := strings.Cut(h, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", true
		}
		return strings.TrimSpace(token), true
	}
	c, err := r.Cookie(cookieName)
	if err != nil {
		return "", false
	}
	return c.Value, false
}

func setCookie(w http.ResponseWriter, secret string) {
	c := &http.Cookie{Name: cookieName, Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
