package passwdhttp

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

// CookieSessions keeps who is signed in for a host that has no sessions yet: package
// session holds them, and browsers have one token in a cookie. It returns c with
// Authenticate, SignedIn, Renew, Resume, SignOut and Sessions filled in, of which the
// host calls Authenticate and SignOut in its own handlers; the rest of c must be filled
// in before.
//
//	config, err := passwdhttp.CookieSessions(passwdhttp.Config{Service: svc}, session.Config{Store: store, Keys: keys})
//
// A browser has no use for refresh tokens, so AccessTTL is MaxAge if it is 0: a session
// ends after MaxAge, or after IdleTTL without use. Observe is that of the service if it
// is nil. After a change, and with each sign-in, a browser gets a new session and a new
// token, and the old one ends. The cookie is HttpOnly, SameSite=Lax and, but for
// InsecureCookies, Secure with the prefix "__Host-"; it lasts as long as MaxAge. A cookie of
// a session that has ended is nobody's: its owner sees what everybody sees.
//
// The pages name the account if Store is that of the service, as it should be. The errors
// are those of session.New and of [API].
func CookieSessions(c Config, s session.Config) (Config, error) {
	if err := c.validate(); err != nil {
		return Config{}, err
	}
	s.MaxAge = cmp.Or(s.MaxAge, 30*24*time.Hour)
	s.AccessTTL = cmp.Or(s.AccessTTL, s.MaxAge)
	if s.Observe == nil {
		s.Observe = c.Service.Observe
	}
	manager, err := session.New(s)
	if err != nil {
		return Config{}, err
	}
	f := cookieSessions{c, manager, cookie{"passwd-session", s.MaxAge}}
	c.Authenticate, c.SignedIn, c.SignOut, c.Sessions = f.authenticate, f.begin, f.end, manager
	c.Renew = func(w http.ResponseWriter, r *http.Request, done passwd.Written) error {
		return f.begin(w, r, passwd.SignedIn{Account: done.Account, Epoch: done.Epoch})
	}
	c.Resume = c.Renew
	c.accounts, _ = s.Store.(passwd.Accounts)
	return c, nil
}

// signedIn is that of Config, with the name that the account is known by: the pages show
// it, and password managers file the new password under it.
func (p *pages) signedIn(r *http.Request) (Principal, passwd.Reason, error) {
	who, must, err := p.Config.signedIn(r)
	if err == nil && who.Username == "" && p.accounts != nil {
		a, err := p.accounts.Get(r.Context(), who.Account)
		if err != nil { // the page does without, and whoever needs the account says so
			return who, must, nil
		}
		who.Username, _ = p.nameOf(a)
	}
	return who, must, err
}

type cookieSessions struct {
	config  Config
	manager *session.Manager
	cookie  cookie
}

func (f cookieSessions) authenticate(r *http.Request) (Principal, error) {
	token := f.config.kept(r, f.cookie)
	if token == "" {
		return Principal{}, passwd.ErrUnauthenticated
	}
	who, err := Checked(f.manager.Check(r.Context(), string(token)))
	if errors.Is(err, passwd.ErrEnded) {
		err = passwd.ErrUnauthenticated
	}
	return who, err
}

// begin opens a session in place of the one that the browser may have had.
func (f cookieSessions) begin(w http.ResponseWriter, r *http.Request, in passwd.SignedIn) error {
	pair, err := f.manager.Start(r.Context(), in, session.Info{From: f.config.face().Client(r)})
	if err != nil {
		return err
	}
	if err := f.forget(r); err != nil {
		return err
	}
	f.config.keep(w, f.cookie, passwd.Token(pair.Access))
	return nil
}

func (f cookieSessions) end(w http.ResponseWriter, r *http.Request) error {
	if err := f.forget(r); err != nil {
		return err
	}
	f.config.drop(w, f.cookie)
	return nil
}

func (f cookieSessions) forget(r *http.Request) error {
	token := f.config.kept(r, f.cookie)
	if token == "" {
		return nil
	}
	return f.manager.SignOut(r.Context(), string(token))
}
