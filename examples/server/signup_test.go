package main

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// visitor is a browser that fills in forms.
type visitor struct {
	*running
	client *http.Client
}

func (s *running) visitor() visitor {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return visitor{s, &http.Client{Jar: jar}}
}

// get follows redirects, as submit does.
func (v visitor) get(address string) reply {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), "GET", address, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	return do(v.t, v.client, req)
}

func (v visitor) submit(path string, fields ...string) reply {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	req, err := http.NewRequestWithContext(v.t.Context(), "POST", v.origin+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return do(v.t, v.client, req)
}

func (v visitor) shows(r reply, status int, text string) {
	v.t.Helper()
	if r.status != status || !strings.Contains(r.body, text) {
		v.t.Errorf("%d, want %d and %q: %s", r.status, status, text, r.body)
	}
}

// hidden is the value of a hidden field of a page.
func hidden(page, name string) string {
	_, rest, _ := strings.Cut(page, `name="`+name+`" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

const marysPassword = "walnut teapots on a shelf"

// Whoever signs up is signed in at once, with a session that lives; what the policy
// rejects leaves no user and no event behind that says otherwise.
func TestSignUp(t *testing.T) { onEach(t, testSignUp) }

func testSignUp(_ *testing.T, s *running) {
	v := s.visitor()
	v.shows(v.get(s.origin+"/sign-up"), http.StatusOK, "15 characters")
	v.shows(v.submit("/sign-up", "name", "Mary", "email", "mary", "password", marysPassword), http.StatusUnprocessableEntity, "are needed")
	v.shows(v.submit("/sign-up", "name", "Mary", "email", "mary@example.com", "password", "short"), http.StatusUnprocessableEntity, "at least 15 characters")
	if n := s.column(`SELECT count(*) FROM users WHERE email = 'mary@example.com'`); n != "0" {
		s.t.Errorf("a rejected password has left %s users", n)
	}
	if events := s.call("GET", "/dev/events", "", "").body; strings.Contains(events, `"password.changed"`) {
		s.t.Errorf("a rejected password was set: %s", events)
	}
	v.shows(v.submit("/sign-up", "name", "Mary", "email", "Mary@Example.com", "password", marysPassword), http.StatusOK, "Signed in as Mary.")
	v.shows(v.get(s.origin+mount+"/change"), http.StatusOK, "current_password")
	s.signIn("", "mary@example.com", marysPassword)
	other := s.visitor()
	other.shows(other.submit("/sign-up", "name", "Mary", "email", "MARY@example.com", "password", "another teapot on a shelf"), http.StatusConflict, "has an account")
	other.shows(other.submit("/sign-up", "name", "Ada", "email", "ada@example.com", "password", "another teapot on a shelf"), http.StatusConflict, "has an account")
	other.shows(other.get(s.origin+"/"), http.StatusOK, "Nobody is signed in")
	if sent := s.mails(); len(sent) != 0 {
		s.t.Errorf("a sign-up has sent %d messages", len(sent))
	}
	if events := s.call("GET", "/dev/events", "", "").body; strings.Count(events, `"method":"first"`) != 2 || !strings.Contains(events, `"password.changed"`) || strings.Contains(s.stderr.String(), "not written") {
		s.t.Errorf("events: %s, %s", events, s.stderr)
	}
}

// The link of an invitation leads to the first password, and on to the sign-in.
func TestInvitation(t *testing.T) { onEach(t, testInvitation) }

func testInvitation(_ *testing.T, s *running) {
	admin := s.visitor()
	admin.shows(admin.get(s.origin+"/dev/invite"), http.StatusOK, "Send the invitation")
	admin.shows(admin.submit("/dev/invite", "name", "", "email", "kay@example.com"), http.StatusUnprocessableEntity, "are needed")
	admin.shows(admin.submit("/dev/invite", "name", "Ada", "email", "ada@example.com"), http.StatusConflict, "has an account")
	admin.shows(admin.submit("/dev/invite", "name", "Kay", "email", "kay@example.com"), http.StatusOK, "<h1>Messages</h1>")
	first := s.mail("kay@example.com", "invitation", 1)
	admin.submit("/dev/invite", "name", "Kay", "email", "kay@example.com") // once more: the first is over
	second := s.mail("kay@example.com", "invitation", 2)
	if first.Token != "" || !strings.HasPrefix(first.Link, s.origin+mount+"/invite?token=") {
		s.t.Errorf("token %q, link %s", first.Token, first.Link)
	}
	if n := s.column(`SELECT count(*) FROM users WHERE email = 'kay@example.com'`); n != "1" {
		s.t.Errorf("%s users", n)
	}
	kay := s.visitor()
	kay.shows(kay.get(first.Link), http.StatusUnprocessableEntity, "no longer works")
	page := kay.get(second.Link)
	kay.shows(page, http.StatusOK, "Set your password")
	kay.shows(kay.submit(mount+"/invite/new", "new_password", marysPassword, "form", hidden(page.body, "form")), http.StatusOK, "Your password has been set")
	kay.shows(kay.submit("/sign-in", "login", "kay@example.com", "password", marysPassword), http.StatusOK, "Signed in as Kay.")
	admin.shows(admin.submit("/dev/invite", "name", "Kay", "email", "kay@example.com"), http.StatusConflict, "has an account")
	s.mail("kay@example.com", "password_reset", 1)
}

// Of many who sign up with one address at once, one has it.
func TestSignUpRace(t *testing.T) { onEach(t, testSignUpRace) }

func testSignUpRace(t *testing.T, s *running) {
	const many = 4
	answers := make(chan int, many)
	for range many {
		go func() {
			status := 0
			client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			res, err := client.PostForm(s.origin+"/sign-up", url.Values{"name": {"Mary"}, "email": {"mary@example.com"}, "password": {marysPassword}})
			if err == nil {
				status = res.StatusCode
				res.Body.Close()
			}
			answers <- status
		}()
	}
	won := 0
	for range many {
		switch status := <-answers; status {
		case http.StatusSeeOther:
			won++
		case http.StatusConflict:
		default:
			t.Errorf("status %d: %s", status, s.stderr)
		}
	}
	if n := s.column(`SELECT count(*) FROM users WHERE email = 'mary@example.com'`); won != 1 || n != "1" {
		t.Errorf("%d are told that they have the address; users: %s", won, n)
	}
}
