package stage

import (
	"context"
	"net/http"
	"sync"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
	"github.com/passwd-go/passwd/session"
)

// AwayPath is a page of the host's that redirects to the other site, as one does whose
// sign-in is elsewhere.
const AwayPath = "/away"

// Grace is another account, with the password Current.
var Grace = passwd.Ref{ID: "2"}

var usernames = map[string]string{"1": "ada", "2": "grace"}

// configure sets what the options ask of the pages.
func (h *Host) configure(o Options) {
	h.config.AfterChange, h.config.AfterReset = o.After, o.After
	if o.SignOut {
		h.config.SignOut = h.signOut
	}
	if o.Resume {
		h.config.Resume = h.resume
	}
	if o.Ready {
		h.config.SignedIn, h.config.SignInURL = h.signedIn, ""
	}
	if o.Email {
		h.config.LoginKind = passwd.Email
	}
}

// policy is that of the host: one with a meter, which refuses what is weak or says so.
func policy(o Options) pwpolicy.Policy {
	if !o.Lenient {
		return pwpolicy.Recommended()
	}
	p, err := pwpolicy.New(pwpolicy.Length{Min: 15}, pwpolicy.Strength{InsecureScoreOnly: true})
	if err != nil {
		panic(err) // unreachable
	}
	return p
}

// AddJoan puts an account without a password into the store, and returns its name.
func (h *Host) AddJoan() passwd.Ref {
	joan := passwd.Account{Ref: passwd.Ref{ID: "joan"}, Username: "joan", Email: "joan@example.com", Active: true}
	joan.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: joan.Email}}
	h.store.Set(joan)
	return joan.Ref
}

// KeepFromPasswords makes an account one that must not have a password of its own.
func (h *Host) KeepFromPasswords(r passwd.Ref) error {
	return h.store.Update(r, func(a *passwd.Account) { a.NoPassword = true })
}

// AddGrace puts the other account into the store.
func (h *Host) AddGrace(ctx context.Context) error {
	hash, err := passwdtest.Hasher{}.Hash(ctx, Current)
	if err != nil {
		return err
	}
	h.store.Set(passwd.Account{
		Ref: Grace, Username: "grace", Email: "grace@example.com", Hash: hash, Active: true,
		Address: []passwd.Address{{Channel: passwd.EmailChannel, Value: "grace@example.com"}},
	})
	return nil
}

// StartAs signs somebody in, and returns what the cookie session has.
func (h *Host) StartAs(ctx context.Context, name, password string) (string, error) {
	in, err := h.Service.SignIn(ctx, passwd.SignIn{Login: passwd.Login{Value: name}, Password: password})
	if err != nil {
		return "", err
	}
	pair, err := h.Sessions.Start(ctx, in, session.Info{Client: "Web"})
	return string(pair.Access), err
}

func (h *Host) signOut(w http.ResponseWriter, r *http.Request) error {
	c, err := r.Cookie("session")
	if err != nil {
		return nil
	}
	http.SetCookie(w, &http.Cookie{Name: "session", Path: "/", MaxAge: -1})
	return h.Sessions.SignOut(r.Context(), c.Value)
}

func (h *Host) resume(w http.ResponseWriter, r *http.Request, written passwd.Written) error {
	pair, err := h.Sessions.Start(r.Context(), passwd.SignedIn{Account: written.Account, Epoch: written.Epoch}, session.Info{Client: "Web"})
	if err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{Name: "session", Value: string(pair.Access), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return nil
}

// signedIn begins a session after the ready sign-in.
func (h *Host) signedIn(w http.ResponseWriter, r *http.Request, in passwd.SignedIn) error {
	return h.resume(w, r, passwd.Written{Account: in.Account, Epoch: in.Epoch})
}

func (h *Host) away(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", h.Elsewhere+LetterPath)
	w.WriteHeader(http.StatusFound)
}

// Hold has the reply to the next form of a page held back until it is released, as on a
// slow network: what the form asks for is done.
func (h *Host) Hold(page string) (release func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	until := make(chan struct{})
	h.held, h.until = Mount+page, until
	return sync.OnceFunc(func() { close(until) })
}

func (h *Host) slow(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		var until chan struct{}
		h.mu.Lock()
		if r.Method == http.MethodPost && r.URL.Path == h.held {
			until, h.until, h.held = h.until, nil, ""
		}
		h.mu.Unlock()
		if until != nil {
			select { // headers and body are in a buffer until the handler returns
			case <-until:
			case <-r.Context().Done():
			}
		}
	})
}
