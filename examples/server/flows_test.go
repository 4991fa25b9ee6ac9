package main

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	adaPassword = "Analytical-Engine-1843"
	newPassword = "seventeen new herons"
)

func TestChange(t *testing.T) { onEach(t, testChange) }

func testChange(t *testing.T, s *running) {
	own, other := s.signIn("", "ada", adaPassword), s.signIn("", "ADA@example.com", adaPassword)
	change := func(bearer, current, next string) reply {
		return s.post(api+"change", bearer, "current_password", current, "new_password", next)
	}
	s.want(change("", adaPassword, newPassword), http.StatusUnauthorized, "unauthenticated")
	s.want(change(own, "not it", newPassword), http.StatusForbidden, "wrong_password")
	s.want(change(own, adaPassword, "short"), http.StatusUnprocessableEntity, "password_rejected")
	if !s.alive(own) || !s.alive(other) {
		t.Fatal("a refused change ended a session")
	}
	s.want(change(own, adaPassword, newPassword), http.StatusNoContent, "")
	if !s.alive(own) {
		t.Error("the session that changed the password is dead")
	}
	if s.alive(other) { // I5
		t.Error("another session survived the change")
	}
	s.want(s.post("/dev/sign-in", "", "tenant", "", "login", "ada", "password", adaPassword), http.StatusUnauthorized, "wrong_credentials")
	s.signIn("", "ada", newPassword)
	s.mail("ada@example.com", "password_changed", 1)
	s.mail("15550000001", "password_changed", 1)
	s.want(change(own, newPassword, newPassword+" again"), http.StatusNoContent, "")
}

// TestBrowser is the same with the site's own form and cookie.
func TestBrowser(t *testing.T) { onEach(t, testBrowser) }

func testBrowser(t *testing.T, s *running) {
	browser := func() *http.Client {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		return &http.Client{Jar: jar}
	}
	send := func(c *http.Client, path, kind, body string) reply {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.origin+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Origin", s.origin)
		return do(t, c, req)
	}
	signIn := func(c *http.Client, password string) reply {
		form := url.Values{"login": {"ada"}, "password": {password}}
		return send(c, "/sign-in", "application/x-www-form-urlencoded", form.Encode())
	}
	home := func(c *http.Client) string {
		res, err := http.NewRequestWithContext(t.Context(), "GET", s.origin+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		return do(t, c, res).body
	}
	const hello = "Signed in as Ada Lovelace"

	own, other := browser(), browser()
	if r := signIn(own, "not it"); r.status != http.StatusUnauthorized || !strings.Contains(r.body, "Login or password is wrong") {
		t.Fatalf("wrong password: %d %s", r.status, r.body)
	}
	for _, c := range []*http.Client{own, other} {
		if r := signIn(c, adaPassword); !strings.Contains(r.body, hello) {
			t.Fatalf("sign-in: %d %s", r.status, r.body)
		}
	}
	site := must(url.Parse(s.origin))
	before := own.Jar.Cookies(site)
	s.want(send(own, api+"change", "application/json", object("current_password", adaPassword, "new_password", newPassword)), http.StatusNoContent, "")
	if !strings.Contains(home(own), hello) {
		t.Error("the session that changed the password is dead")
	}
	if strings.Contains(home(other), hello) { // I5
		t.Error("another session survived the change")
	}
	after := own.Jar.Cookies(site)
	if r := send(own, "/sign-out", "application/x-www-form-urlencoded", ""); r.status != http.StatusOK || strings.Contains(r.body, hello) {
		t.Errorf("sign-out: %d %s", r.status, r.body)
	}
	for when, cookies := range map[string][]*http.Cookie{"before the change": before, "before the sign-out": after} {
		thief := browser()
		thief.Jar.SetCookies(site, cookies)
		if strings.Contains(home(thief), hello) {
			t.Errorf("the cookie from %s is still good", when)
		}
	}
	for _, c := range []struct {
		login, password, says string
		status                int
	}{
		{"", "", "Login or password is wrong", http.StatusUnauthorized},
		{"grace", "nanosecond wire 11.8 inches", "Choose a new password", http.StatusOK},
	} {
		form := url.Values{"login": {c.login}, "password": {c.password}}
		r := send(browser(), "/sign-in", "application/x-www-form-urlencoded", form.Encode())
		if r.status != c.status || !strings.Contains(r.body, c.says) || r.header.Get("Set-Cookie") != "" {
			t.Errorf("%q: %d %s", c.login, r.status, r.body)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestResetByLink(t *testing.T) { onEach(t, testResetByLink) }

func testResetByLink(t *testing.T, s *running) {
	session := s.signIn("", "ada", adaPassword)
	known := s.post(api+"forgot", "", "login", "ada@example.com")
	unknown := s.post(api+"forgot", "", "login", "nobody@example.com")
	s.want(known, http.StatusAccepted, "")
	if unknown.status != known.status || unknown.body != known.body { // I6
		t.Errorf("unknown login: %d %s, known: %d %s", unknown.status, unknown.body, known.status, known.body)
	}
	m := s.mail("ada@example.com", "reset_link", 1)
	if m.Link != s.origin+mount+"/reset?token="+m.Token || m.User == "" || m.Code != "" || m.Locale != "en" || m.Channel != "email" {
		t.Fatalf("message: %+v", m)
	}
	if !strings.Contains(m.Text, m.Link) || !strings.Contains(m.HTML, m.Link) || m.Subject == "" {
		t.Errorf("a part of the mail is without the link: %+v", m)
	}
	reset := func(next string) reply { return s.post(api+"reset", "", "token", m.Token, "new_password", next) }
	s.want(s.post(api+"reset/check", "", "token", m.Token), http.StatusNoContent, "")
	s.want(reset("short"), http.StatusUnprocessableEntity, "password_rejected")
	s.want(reset(newPassword), http.StatusNoContent, "") // I4: the refusal has burned nothing
	s.want(reset(newPassword+"!"), http.StatusUnprocessableEntity, "invalid_token")
	s.want(s.post(api+"reset/check", "", "token", m.Token), http.StatusUnprocessableEntity, "invalid_token")
	if s.alive(session) {
		t.Error("a session survived the reset")
	}
	s.signIn("", "ada", newPassword)
	s.mail("15550000001", "password_reset", 1)
	for _, m := range s.mails() {
		if m.To == "nobody@example.com" {
			t.Error("a mail went to an address that is nobody's")
		}
	}
}

func TestResetByCode(t *testing.T) { onEach(t, testResetByCode) }

func testResetByCode(t *testing.T, s *running) {
	r := s.post(api+"forgot/code", "", "login", "15550000001")
	s.want(r, http.StatusAccepted, "")
	request := r.field("request_id")
	if unknown := s.post(api+"forgot/code", "", "login", "15559999999"); len(unknown.field("request_id")) != len(request) {
		t.Errorf("unknown login: %s", unknown.body)
	}
	m := s.mail("15550000001", "reset_code", 1)
	if m.Channel != "sms" || m.Token != "" || len(m.Code) != 8 || !strings.Contains(m.Text, m.Code) || strings.Contains(m.Link, "token") {
		t.Fatalf("message: %+v", m)
	}
	right, err := strconv.Atoi(m.Code)
	if err != nil {
		t.Fatal(err)
	}
	wrong := strconv.Itoa(100_000_000 + (right+1)%100_000_000)[1:]
	s.want(s.post(api+"reset/code", "", "request_id", request, "code", wrong), http.StatusUnprocessableEntity, "invalid_token")
	r = s.post(api+"reset/code", "", "request_id", request, "code", m.Code)
	s.want(r, http.StatusOK, "")
	s.want(s.post(api+"reset", "", "token", r.field("token"), "new_password", newPassword), http.StatusNoContent, "")
	s.signIn("", "ada", newPassword)
}

func TestMustChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ tenant, login, current, refused, next string }{
		{"", "grace", "nanosecond wire 11.8 inches", "nanosecond wire 11.8 inches", newPassword},
		{"", "temp", "Temporary-Pass-77", "Temporary-Pass-77", newPassword}, // T9: not made permanent
		{"callcenter", "st.huber", "Password1234!", "SaverPass123!", "SaverPassword1234!"},
	} {
		t.Run(c.login, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			ticket := s.ticket(c.tenant, c.login, c.current)
			change := func(next string) reply {
				return s.post(api+"change-required", "", "ticket", ticket, "new_password", next)
			}
			s.want(change(c.refused), http.StatusUnprocessableEntity, "password_rejected")
			s.want(change(c.next), http.StatusNoContent, "")
			s.want(change(c.next+"!"), http.StatusUnprocessableEntity, "invalid_token")
			s.signIn(c.tenant, c.login, c.next)
		})
	}
}

func TestTemporaryPasswordExpires(t *testing.T) { onEach(t, testTemporaryPasswordExpires) }

func testTemporaryPasswordExpires(t *testing.T, s *running) {
	micros, err := strconv.ParseInt(s.column(`SELECT must_until FROM passwd_account WHERE must = 'temporary'`), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(time.UnixMicro(micros)); left < 23*time.Hour || left > 24*time.Hour {
		t.Errorf("expires in %v, want 24 h after the seeding", left)
	}
}

// TestNotMe is about an owner who was told of a change, and a thief who goes on
// changing: the link of the first notice still ends it.
func TestNotMe(t *testing.T) { onEach(t, testNotMe) }

func testNotMe(t *testing.T, s *running) {
	thief := s.signIn("", "ada", adaPassword)
	for i, next := range []string{"the first of the thief", "the second of the thief"} {
		current := []string{adaPassword, "the first of the thief"}[i]
		s.want(s.post(api+"change", thief, "current_password", current, "new_password", next), http.StatusNoContent, "")
	}
	m := s.mail("ada@example.com", "password_changed", 1)
	token, found := strings.CutPrefix(m.Link, s.origin+mount+"/cancel?token=")
	if !found || m.Token != "" || m.User != "" || m.Code != "" {
		t.Fatalf("message: %+v", m)
	}
	s.want(s.post(api+"cancel", "", "token", token), http.StatusNoContent, "")
	s.want(s.post(api+"cancel", "", "token", token), http.StatusUnprocessableEntity, "invalid_token")
	if s.alive(thief) {
		t.Error("the thief's session is alive")
	}
	s.want(s.post("/dev/sign-in", "", "login", "ada", "password", "the second of the thief"), http.StatusUnauthorized, "wrong_credentials")
	s.mail("ada@example.com", "suspended", 1)
	s.want(s.post(api+"forgot", "", "login", "ada"), http.StatusAccepted, "")
	link := s.mail("ada@example.com", "reset_link", 1)
	s.want(s.post(api+"reset", "", "token", link.Token, "new_password", newPassword), http.StatusNoContent, "")
	s.signIn("", "ada", newPassword)
}

func TestBcryptIsUpgraded(t *testing.T) {
	t.Parallel()
	for _, k := range kinds(t) {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			testBcryptIsUpgraded(t, serveWith(t, options{addr: "127.0.0.1:0", database: k.seeded(t)}))
		})
	}
}

func testBcryptIsUpgraded(t *testing.T, s *running) {
	const query = `SELECT password_hash FROM users WHERE login = 'rails'`
	if h := s.column(query); !strings.HasPrefix(h, "$2a$10$") {
		t.Fatal("the hash is not bcrypt with cost 10 to begin with")
	}
	first := s.signIn("", "rails", "legacy bcrypt row")
	if h := s.column(query); !strings.HasPrefix(h, "$argon2id$") {
		t.Error("the sign-in has not upgraded the hash")
	}
	s.signIn("", "rails", "legacy bcrypt row")
	if !s.alive(first) {
		t.Error("a better hash of the same password ended a session")
	}
}

func TestTwoServersAgree(t *testing.T) { onEach(t, testTwoServersAgree) }

func testTwoServersAgree(t *testing.T, one *running) {
	two := serveOn(t, one.url)
	own, other := one.signIn("", "ada", adaPassword), two.signIn("", "ada", adaPassword)
	if !two.alive(own) || !one.alive(other) {
		t.Fatal("a session of one server is nothing to the other")
	}
	one.want(two.post(api+"change", own, "current_password", adaPassword, "new_password", newPassword), http.StatusNoContent, "")
	if !one.alive(own) || one.alive(other) {
		t.Error("a change at one server is not known to the other")
	}
	one.want(one.post(api+"forgot", "", "login", "ada"), http.StatusAccepted, "")
	m := two.mail("ada@example.com", "reset_link", 1)
	one.want(two.post(api+"reset", "", "token", m.Token, "new_password", newPassword+" 2"), http.StatusNoContent, "")
	one.want(one.post(api+"reset", "", "token", m.Token, "new_password", newPassword+" 3"), http.StatusUnprocessableEntity, "invalid_token")
	one.signIn("", "ada", newPassword+" 2")
	for _, to := range []string{"ada@example.com", "15550000001"} { // the last that are sent
		one.mail(to, "password_changed", 1)
		one.mail(to, "password_reset", 1)
	}
	if !slices.Equal(one.mails(), two.mails()) {
		t.Error("the servers show different mail")
	}
}

// TestEventsHoldNoSecret is I7, over everything that a life of a password has.
func TestEventsHoldNoSecret(t *testing.T) { onEach(t, testEventsHoldNoSecret) }

func testEventsHoldNoSecret(t *testing.T, s *running) {
	bearer := s.signIn("", "ada@example.com", adaPassword)
	s.post("/dev/sign-in", "", "login", "nobody@example.com", "password", "guess of nobody")
	s.post(api+"change", bearer, "current_password", "a wrong guess", "new_password", newPassword)
	s.want(s.post(api+"change", bearer, "current_password", adaPassword, "new_password", newPassword), http.StatusNoContent, "")
	s.post(api+"forgot", "", "login", "ada@example.com")
	link := s.mail("ada@example.com", "reset_link", 1)
	request := s.post(api+"forgot/code", "", "login", "15550000001").field("request_id")
	code := s.mail("15550000001", "reset_code", 1)
	s.want(s.post(api+"reset", "", "token", link.Token, "new_password", newPassword+" 2"), http.StatusNoContent, "")
	s.post(api+"reset", "", "token", link.Token, "new_password", newPassword+" 3")
	ticket := s.ticket("", "grace", "nanosecond wire 11.8 inches")
	notice := s.mail("ada@example.com", "password_reset", 1)

	events := s.call("GET", "/dev/events", "", "")
	s.want(events, http.StatusOK, "")
	for _, name := range []string{"sign_in.succeeded", "sign_in.failed", "password.changed", "password.change_failed", "password.reset_requested", "password.reset_token_rejected", "notification.sent"} {
		if !strings.Contains(events.body, `"`+name+`"`) {
			t.Errorf("no event %s", name)
		}
	}
	_, cancel, _ := strings.Cut(notice.Link, "token=")
	for _, secret := range []string{
		adaPassword, newPassword, "guess of nobody", "a wrong guess", "nobody@example.com", "ada@example.com", "15550000001",
		link.Token, link.User, request, code.Code, ticket, bearer, cancel, "$argon2id$",
	} {
		if secret == "" || strings.Contains(events.body, secret) {
			t.Errorf("the events hold %q", secret)
		}
		if strings.Contains(s.stderr.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// TestMeter is what a page shows while a password is typed: what the local rules
// say, and how strong it is.
func TestMeter(t *testing.T) { onEach(t, testMeter) }

func testMeter(t *testing.T, s *running) {
	bearer := s.signIn("", "ada", adaPassword)
	for password, want := range map[string]string{
		"short":                       `{"ok":false,"violations":[{"code":"too_short","params":{"min":15},"detail":"Use at least 15 characters."},`,
		"Ada.Lovelace.1815!":          `{"ok":false,"violations":[{"code":"similar","params":{"attribute":"full_name"},`,
		"passwordpassword":            `{"ok":false,"violations":[{"code":"too_common","params":{},`,
		adaPassword:                   `{"ok":true,"violations":[],"score":`, // it must not tell which is the current one
		"seventeen herons play chess": `{"ok":true,"violations":[],"score":4}`,
	} {
		r := s.post(api+"check", bearer, "password", password)
		s.want(r, http.StatusOK, "")
		if !strings.HasPrefix(r.body, want) {
			t.Errorf("%q: %s", password, r.body)
		}
	}
}
