package passwdhttp_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/pwpolicy"
)

// invite sends an invitation to a new account, and returns its name and the token.
func (s *site) invite(t *testing.T) (passwd.Ref, string) {
	t.Helper()
	ref := s.Add(t, passwd.Account{Username: "grace", Email: "grace@example.com"}, "")
	if err := s.Service.Invite(t.Context(), ref, passwd.AnyChannel, passwd.Client{}); err != nil {
		t.Fatal(err)
	}
	return ref, string(s.DeliverOne(t).Token)
}

// From the link of an invitation to the sign-in, with words of its own.
func TestInvitationPages(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{SignInURL: "/sign-in"})
	_, token := s.invite(t)
	b := s.browser()
	b.get(t, "invite/new").want(t, 422, "This link no longer works")
	for range 3 { // programs open links first (I4)
		s.browser().get(t, "invite?token="+token).want(t, 303, "/invite/new").follow(t).want(t, 200, "Set your password")
	}
	p := b.get(t, "invite?token="+token).want(t, 303, "/invite/new").follow(t).want(t, 200, "Set your password")
	equal(t, "fields", p.fields(), []string{"new_password"})
	equal(t, "whose", p.input(t, "username")["value"], "grace")
	equal(t, "cookie", b.cookie("__Host-passwd-invite"), token)
	for _, past := range []string{"signed out", "current password"} {
		if strings.Contains(p.Body.String(), past) {
			t.Errorf("the page speaks of what there is not: %q", past)
		}
	}
	b.get(t, "reset/new").want(t, 422, "This link no longer works") // it is no reset
	again := map[string]string{"new_password": next, "form": b.bound(t, "invite/new")}
	b.post(t, "invite/new", map[string]string{"new_password": "short one"}).want(t, 422, "Set your password")
	p = b.post(t, "invite/new", again).want(t, 303, "/done?after=set")
	p = p.follow(t).want(t, 200, "Your password has been set")
	equal(t, "links", p.links(), []string{"/sign-in"})
	equal(t, "password", s.opens(t, "grace", next), true)
	b.get(t, "invite?token="+token).want(t, 303, "/invite/new").follow(t).want(t, 422, "This link no longer works")
}

func TestInvitationPagesWithFragments(t *testing.T) {
	s := newPages(t, passwd.Config{Links: fragmentLinks}, passwdhttp.Config{})
	_, token := s.invite(t)
	b := s.browser()
	b.get(t, "invite").landing(t, "Set your password", "/invite/link", "/invite/new")
	b.post(t, "invite/link", map[string]string{"token": token}).want(t, 303, "/invite/new").follow(t).want(t, 200, "Set your password")
	b.post(t, "invite/new", map[string]string{"new_password": next}).want(t, 303, "/done?after=set")
	equal(t, "password", s.opens(t, "grace", next), true)
}

func TestInvitationAPI(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	_, token := s.invite(t)
	s.post(t, "invitation/check", map[string]string{"token": token}).want(t, 204, "")
	s.post(t, "reset/check", map[string]string{"token": token}).want(t, 422, "invalid_token")
	s.post(t, "reset", map[string]string{"token": token, "new_password": next}).want(t, 422, "invalid_token")
	s.post(t, "check", map[string]string{"password": "x", "invitation": token}).want(t, 200, "")
	s.post(t, "check", map[string]string{"password": "x", "invitation": ""}).want(t, 422, "invalid_token")
	s.do(t, request("POST", "check", `{"password":"x","cookie":"invitation"}`), nil).want(t, 422, "invalid_token")
	s.post(t, "check", map[string]string{"password": "x", "invitation": token, "token": token}).want(t, 400, "malformed_request")
	s.post(t, "invitation", map[string]string{"token": token, "new_password": "short"}).want(t, 422, "password_rejected")
	s.post(t, "invitation", map[string]string{"token": token, "new_password": next}).want(t, 204, "")
	equal(t, "password", s.opens(t, "grace", next), true)
	s.post(t, "invitation", map[string]string{"token": token, "new_password": current}).want(t, 422, "invalid_token")
	s.post(t, "invitation/check", map[string]string{"token": token}).want(t, 422, "invalid_token")
}

// Who signs in through an organization is offered no form for a password, and the
// pages say so.
func TestNoPasswordPages(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	ref := s.ada(t)
	b := s.signedIn(t)
	if err := s.Store.Update(ref, func(a *passwd.Account) { a.NoPassword = true }); err != nil {
		t.Fatal(err)
	}
	p := b.get(t, "change").want(t, 200, "No password of its own")
	equal(t, "forms", len(p.all("form")), 0)
	b.post(t, "forgot", map[string]string{"login": "ada"}).want(t, 303, "/forgot/sent") // as for everybody
	equal(t, "messages", len(s.Deliver(t)), 0)
}

func TestNoPasswordAPI(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	ref := s.ada(t)
	session := s.signIn(t, "ada", current)
	if err := s.Store.Update(ref, func(a *passwd.Account) { a.NoPassword = true }); err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"GET", "HEAD"} {
		w := httptest.NewRecorder()
		if s.handler.ServeHTTP(w, request(method, "policy", "", bearer(session))); w.Code != 409 {
			t.Errorf("%s policy: %d", method, w.Code)
		}
	}
	s.post(t, "change", map[string]string{"current_password": current, "new_password": next}, bearer(session)).want(t, 403, "wrong_password")
}

// What a form for a new account needs may be down.
func TestSignUpUnavailable(t *testing.T) {
	s := newSite(t, passwd.Config{PolicyFor: func(context.Context, passwd.Account) (pwpolicy.Policy, error) {
		return pwpolicy.Policy{}, errors.New("down")
	}}, passwdhttp.Config{})
	s.post(t, "signup/check", map[string]string{"password": "walnut teapots"}).want(t, 503, "unavailable")
	for _, method := range []string{"GET", "HEAD"} {
		w := httptest.NewRecorder()
		if s.handler.ServeHTTP(w, request(method, "signup/policy", "")); w.Code != 503 {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
}
