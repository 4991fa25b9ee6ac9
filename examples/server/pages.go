package main

import (
	"context"
	"embed"
	"errors"
	"html/template"
	"io"
	"net/http"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

// view is what the pages show.
type view struct {
	Name     string // "" if nobody is signed in
	Next     string // where a sign-in leads
	Problem  string
	Base     string
	Accounts []account
	Mails    []shown
	Newcomer newcomer // as typed
	Rules    []string // for the password
}

// account is a demo account to try.
type account struct{ Login, Password, Note string }

// shown is a mail, or an SMS without HTML, and its number.
type shown struct {
	mail
	Number int
}

func (s *site) home(w http.ResponseWriter, r *http.Request) {
	v := view{Base: mount, Accounts: ownAccounts()}
	account, err := s.sessions.account(r)
	if err == nil {
		v.Name, err = userName(r.Context(), s.db, account)
	}
	if err != nil && passwd.CodeOf(err) != passwd.CodeUnauthenticated {
		s.broken(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, "home", v)
}

func (s *site) signInForm(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, "sign-in", view{Next: next(r), Base: mount})
}

// signIn is the app's own sign-in: the library compares the password, the session
// is ours. It is for accounts of no tenant.
func (s *site) signIn(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.render(w, r, http.StatusBadRequest, "sign-in", view{Base: mount, Problem: "The form could not be read."})
		return
	}
	in, err := s.service.SignIn(r.Context(), passwd.SignIn{
		Login:    passwd.Login{Value: r.PostForm.Get("login")},
		Password: r.PostForm.Get("password"),
		Client:   clientOf(r),
	})
	if err == nil {
		passwdhttp.KeepDevice(s.faces(), w, in)
	}
	if err == nil && in.Must != passwd.NoReason {
		s.forceChange(w, r, in)
		return
	}
	if err != nil {
		s.refuseSignIn(w, r, err)
		return
	}
	if err := s.sessions.begin(w, r, in); err != nil {
		s.refuseSignIn(w, r, err)
		return
	}
	http.Redirect(w, r, next(r), http.StatusSeeOther)
}

// forceChange sends who must change the password first to the page for that, with
// a ticket and without a session.
func (s *site) forceChange(w http.ResponseWriter, r *http.Request, in passwd.SignedIn) {
	ticket, err := s.service.Ticket(r.Context(), in)
	if err != nil {
		s.refuseSignIn(w, r, err)
		return
	}
	passwdhttp.BeginForced(s.faces(), w, r, ticket, next(r))
}

func (s *site) refuseSignIn(w http.ResponseWriter, r *http.Request, err error) {
	switch passwd.CodeOf(err) {
	case passwd.CodeWrongCredentials, passwd.CodeInvalidRequest:
		s.render(w, r, http.StatusUnauthorized, "sign-in", view{Next: next(r), Base: mount, Problem: "Login or password is wrong."})
	case passwd.CodeRateLimited:
		retryAfter(w, err)
		s.render(w, r, http.StatusTooManyRequests, "sign-in", view{Next: next(r), Base: mount, Problem: "Too many tries. Wait a little."})
	case passwd.CodeBusy:
		retryAfter(w, err)
		s.render(w, r, http.StatusServiceUnavailable, "sign-in", view{Next: next(r), Base: mount, Problem: "The server is busy. Try again in a second."})
	default:
		s.broken(w, r, err)
	}
}

func (s *site) signOut(w http.ResponseWriter, r *http.Request) {
	if err := s.endSession(w, r); err != nil {
		s.broken(w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// broken answers what the client can do nothing about; the cause is for the log.
func (s *site) broken(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, context.Canceled) {
		s.log.Printf("%s: %v", r.Pattern, err)
	}
	if passwd.CodeOf(err) == passwd.CodeUnavailable {
		retryAfter(w, err)
		http.Error(w, "The server cannot answer now. Try again in a second.", http.StatusServiceUnavailable)
		return
	}
	http.Error(w, "Something is wrong with the server.", http.StatusInternalServerError)
}

func (s *site) render(w http.ResponseWriter, r *http.Request, status int, page string, v view) {
	var b strings.Builder
	if err := pages.ExecuteTemplate(&b, page, v); err != nil {
		s.broken(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, b.String())
}

//go:embed assets
var assetFiles embed.FS

var pages = template.Must(template.ParseFS(assetFiles, "assets/*.html"))

// asset serves a file of the app's own pages.
func asset(name, contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		http.ServeFileFS(w, r, assetFiles, "assets/"+name)
	}
}
