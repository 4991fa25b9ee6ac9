package stage

import (
	"context"
	"errors"
	"html/template"
	"net/http"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/session"
)

// The host's own sessions and its own two pages.

func (h *Host) authenticate(r *http.Request) (passwdhttp.Principal, error) {
	c, err := r.Cookie("session")
	if err != nil {
		return passwdhttp.Principal{}, passwd.ErrUnauthenticated
	}
	s, err := h.Sessions.Check(r.Context(), c.Value)
	switch {
	case errors.Is(err, passwd.ErrEnded): // they may see what anybody may
		return passwdhttp.Principal{}, passwd.ErrUnauthenticated
	case err != nil && !errors.Is(err, passwd.ErrChangeRequired):
		return passwdhttp.Principal{}, err
	}
	return passwdhttp.Principal{Account: s.Account, Epoch: s.Epoch, Session: s.ID, Username: usernames[s.Account.ID]}, nil
}

// renew has nothing to do: the store has kept the session that changed the
// password.
func (h *Host) renew(http.ResponseWriter, *http.Request, passwd.Written) error { return nil }

// Start signs ada in on a device, and returns what the cookie session has.
func (h *Host) Start(ctx context.Context, password string, info session.Info) (string, error) {
	in, err := h.Service.SignIn(ctx, passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: password})
	if err != nil {
		return "", err
	}
	pair, err := h.Sessions.Start(ctx, in, info)
	return string(pair.Access), err
}

// home is every page of the host's own: it greets who is signed in.
func (h *Host) home(w http.ResponseWriter, r *http.Request) {
	text := "Nobody"
	if p, err := h.authenticate(r); err == nil {
		if _, err := h.Service.Live(r.Context(), p.Account, p.Epoch); err == nil {
			text = "Welcome"
		}
	}
	write(w, "Home", "<h1>"+text+"</h1>")
}

func write(w http.ResponseWriter, title string, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte("<!doctype html><html lang=\"en\"><title>" + title + "</title>" + body))
}

var signInPage = template.Must(template.New("sign-in").Parse(`<!doctype html><html lang="en"><title>Sign in</title><h1>Sign in</h1>
<form method="post">{{with .}}<input type="hidden" name="next" value="{{.}}">{{end}}
<p><label for="login">Username</label> <input id="login" name="login" autocomplete="username">
<p><label for="password">Password</label> <input id="password" name="password" type="password" autocomplete="current-password">
<p><button>Sign in</button></form>`))

func (h *Host) signInForm(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	signInPage.Execute(w, passwdhttp.SafeNext(r.URL.Query().Get("next")))
}

// signIn begins a session, or the forced change.
func (h *Host) signIn(w http.ResponseWriter, r *http.Request) {
	in, err := h.Service.SignIn(r.Context(), passwd.SignIn{
		Login: passwd.Login{Value: r.PostFormValue("login")}, Password: r.PostFormValue("password"),
	})
	if err != nil {
		write(w, "Sign in", "<h1>Not signed in</h1>")
		return
	}
	next := passwdhttp.SafeNext(r.PostFormValue("next"))
	if next == "" {
		next = "/"
	}
	if in.Must != passwd.NoReason {
		ticket, err := h.Service.Ticket(r.Context(), in)
		if err != nil {
			http.Error(w, "no", http.StatusInternalServerError)
			return
		}
		passwdhttp.BeginForced(h.config, w, r, ticket, next)
		return
	}
	pair, err := h.Sessions.Start(r.Context(), in, session.Info{Client: "Web", DeviceName: "This browser"})
	if err != nil {
		http.Error(w, "no", http.StatusInternalServerError)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: "session", Value: string(pair.Access), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, next, http.StatusSeeOther)
}
