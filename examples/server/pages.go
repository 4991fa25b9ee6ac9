package main

import (
	"context"
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
	Name    string // "" if nobody is signed in
	Next    string // where a sign-in leads
	Problem string
	Base    string
	Mails   []mail
}

func (s *site) home(w http.ResponseWriter, r *http.Request) {
	v := view{Base: mount}
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
	if err := s.sessions.end(r); err != nil {
		s.broken(w, r, err)
		return
	}
	setCookie(w, "")
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

var pages = template.Must(template.New("pages").Parse(`
{{define "top"}}<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.}}</title>
<h1>{{.}}</h1>
{{end}}

{{define "home"}}{{template "top" "Demo"}}
{{if .Name}}<p>Signed in as {{.Name}}.</p>
<form method="post" action="/sign-out"><button>Sign out</button></form>
{{else}}<p>Nobody is signed in.</p>
{{end}}<ul>
<li><a href="/sign-in">Sign in</a></li>
<li><a href="{{.Base}}/api/v1/policy">What a password must be like</a></li>
<li><a href="{{.Base}}/change">Change the password</a></li>
<li><a href="{{.Base}}/devices">Your devices</a></li>
<li><a href="{{.Base}}/forgot">Forgot the password</a>, or <a href="{{.Base}}/forgot/code">by a code</a></li>
<li><a href="/dev/">Mail that was sent</a>, and <a href="/dev/messages">as JSON</a></li>
<li><a href="/dev/events">Events</a></li>
<li><a href="/dev/whoami">Who am I</a></li>
</ul>
{{end}}

{{define "sign-in"}}{{template "top" "Sign in"}}
{{with .Problem}}<p role="alert">{{.}}</p>
{{end}}<form method="post" action="/sign-in">
<input type="hidden" name="next" value="{{.Next}}">
<p><label>Username, e-mail address or mobile number
<input name="login" autocomplete="username" autocapitalize="none" spellcheck="false" required></label></p>
<p><label>Password
<input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button>Sign in</button></p>
</form>
<p><a href="{{.Base}}/forgot">Forgot the password?</a></p>
{{end}}

{{define "mailbox"}}{{template "top" "Mail that was sent"}}
{{range .Mails}}<article>
<h2>{{if .Subject}}{{.Subject}}{{else}}{{.Kind}}{{end}}</h2>
<p>{{.Channel}} to {{.To}}</p>
<pre>{{.Text}}</pre>
<p><a href="{{.Link}}">{{.Link}}</a></p>
</article>
{{else}}<p>Nothing yet.</p>
{{end}}{{end}}
`))
