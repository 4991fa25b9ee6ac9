package main

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

// What is under /dev/ is there for whoever tries the demo out. None of it belongs
// into a real app.

// devSignIn gives a bearer for a login and a password, in any tenant.
func (s *site) devSignIn(w http.ResponseWriter, r *http.Request) {
	var body struct{ Tenant, Login, Password *string }
	if p := decode(r, &body); p != nil {
		p.write(w)
		return
	}
	if body.Login == nil || body.Password == nil {
		problem{Status: http.StatusBadRequest, Code: "malformed_request"}.write(w)
		return
	}
	login := passwd.Login{Value: *body.Login}
	if body.Tenant != nil {
		login.Tenant = *body.Tenant
	}
	in, err := s.service.SignIn(r.Context(), passwd.SignIn{Login: login, Password: *body.Password, Client: clientOf(r)})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if in.Must != passwd.NoReason {
		s.devTicket(w, r, in)
		return
	}
	pair, err := s.sessions.Start(r.Context(), in, session.Info{Client: otherClient, From: clientOf(r)})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"access_token": string(pair.Access)})
}

// devTicket gives whoever must change the password first what that takes.
func (s *site) devTicket(w http.ResponseWriter, r *http.Request, in passwd.SignedIn) {
	ticket, err := s.service.Ticket(r.Context(), in)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	problem{
		Status: http.StatusForbidden,
		Code:   string(passwd.CodePasswordChangeRequired),
		Ticket: string(ticket),
	}.write(w)
}

func (s *site) devWhoami(w http.ResponseWriter, r *http.Request) {
	account, err := s.account(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"tenant": account.Tenant, "account": account.ID})
}

func (s *site) devMessages(w http.ResponseWriter, r *http.Request) {
	all, err := s.mailbox.all(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, all)
}

// devMailbox shows what was sent, the latest first.
func (s *site) devMailbox(w http.ResponseWriter, r *http.Request) {
	all, err := s.mailbox.all(r.Context())
	if err != nil {
		s.broken(w, r, err)
		return
	}
	v := view{}
	for i, m := range slices.Backward(all) {
		v.Mails = append(v.Mails, shown{m, i + 1})
	}
	s.render(w, r, http.StatusOK, "mailbox", v)
}

// devMail serves a mail as a mail program shows it: in a frame of its own, which runs
// nothing and loads nothing, with links that open in the whole window.
func (s *site) devMail(w http.ResponseWriter, r *http.Request) {
	all, err := s.mailbox.all(r.Context())
	if err != nil {
		s.broken(w, r, err)
		return
	}
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil || n < 1 || n > len(all) || all[n-1].HTML == "" {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; "+
		"sandbox allow-same-origin allow-top-navigation-by-user-activation")
	h.Set("Content-Type", "text/html; charset=utf-8")
	io.WriteString(w, strings.Replace(all[n-1].HTML, "<head>", `<head><base target="_top">`, 1))
}

func (s *site) devEvents(w http.ResponseWriter, r *http.Request) {
	all, err := s.events.all(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, all)
}

// devOpenAPI serves the description of a wire format: /dev/openapi/grant.json.
func (s *site) devOpenAPI(w http.ResponseWriter, r *http.Request) {
	name, isJSON := strings.CutSuffix(r.PathValue("document"), ".json")
	document, known := s.formats.openAPI[name]
	if !known || !isJSON {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(document)
}
