package passwdhttp_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/passwdhttp"
)

func TestChangePage(t *testing.T) { // P13, W10
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	b := s.signedIn(t)
	p := b.get(t, "change").want(t, 200, "Change your password")
	equal(t, "fields", p.fields(), []string{"current_password", "new_password"})

	old := p.input(t, "current_password")
	equal(t, "type", old["type"], "password")
	equal(t, "autocomplete", old["autocomplete"], "current-password")
	fresh := p.input(t, "new_password")
	equal(t, "autocomplete", fresh["autocomplete"], "new-password")
	equal(t, "minlength", fresh["minlength"], "15")
	equal(t, "passwordrules", fresh["passwordrules"], "minlength: 15; allowed: ascii-printable;")
	equal(t, "hint", fresh["aria-describedby"], "new_password-hint")
	equal(t, "spellcheck", fresh["spellcheck"], "false")
	_, novalidate := p.all("form")[0].attrs["novalidate"]
	equal(t, "novalidate", novalidate, true)

	b.post(t, "change", map[string]string{"current_password": current, "new_password": next}).want(t, 303, "/done?after=forced")
	equal(t, "new password", s.opens(t, "ada", next), true)
	equal(t, "old password", s.opens(t, "ada", current), false)
	// The session is dead, as nobody renewed it.
	b.get(t, "change").want(t, 401, "Not signed in")
}

func TestChangePageRenews(t *testing.T) {
	for _, after := range []string{"", "/orders"} {
		var s *site
		s = newPages(t, passwd.Config{}, passwdhttp.Config{
			AfterChange: after,
			Renew:       func(w http.ResponseWriter, r *http.Request, d passwd.Written) error { return s.renew(w, r, d) },
		})
		s.ada(t)
		b := s.signedIn(t)
		b.post(t, "change", map[string]string{"current_password": current, "new_password": next}).want(t, 303, "/done")
		p := b.get(t, "done").want(t, 200, "Your password has been changed")
		if after != "" {
			p.onward(t, after)
		}
		// The form of now, with the old password: it is wrong, and nothing is changed.
		b.post(t, "change", map[string]string{"current_password": current, "new_password": next}).want(t, 422, "Change your password")
		equal(t, "new password", s.opens(t, "ada", next), true)
	}
}

func TestChangePageErrors(t *testing.T) { // P10
	s := newPages(t, passwd.Config{}, passwdhttp.Config{ConfirmField: true})
	s.ada(t)
	b := s.signedIn(t)
	for _, tc := range []struct {
		name, current, next, confirm string
		wrong                        map[string]string
	}{
		{"empty", "", "", "", map[string]string{
			"current_password": "Enter your current password.", "new_password": "Enter a new password.",
			"confirm_password": "Enter the new password again."}},
		{"spaces are a password", current, "   ", "   ", map[string]string{"new_password": ""}},
		{"different", current, next, next + "!", map[string]string{"confirm_password": "The two passwords don’t match."}},
		{"wrong", current + "!", next, next, map[string]string{"current_password": "The current password is wrong."}},
		{"short", current, "plum quartz 9", "plum quartz 9", map[string]string{"new_password": "Use at least 15 characters."}},
		{"not UTF-8", current, "difference \xff engine 2", "difference \xff engine 2", map[string]string{
			"new_password": "The password contains a character that cannot be used."}},
		{"own name", current, "ada@example.com", "ada@example.com", map[string]string{"new_password": ""}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := b.post(t, "change", map[string]string{"current_password": tc.current, "new_password": tc.next, "confirm_password": tc.confirm})
			p.want(t, 422, "Change your password")
			got := p.summary(t)
			delete(got, "")
			equal(t, "fields", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(tc.wrong)))
			for id, text := range tc.wrong {
				if text != "" { // else which sentences is the policy's business
					equal(t, "problem with "+id, got[id], text)
				}
				in := p.input(t, id)
				equal(t, "aria-invalid", in["aria-invalid"], "true")
				// What a password does not meet is marked in the list of what is asked for.
				marked := id == "new_password" && strings.Contains(p.Body.String(), `class="unmet"`)
				if !marked && !strings.HasSuffix(in["aria-describedby"], id+"-error") {
					t.Errorf("%s is described by %q", id, in["aria-describedby"])
				}
			}
		})
	}
	equal(t, "password", s.opens(t, "ada", current), true)
}

func TestSignInURL(t *testing.T) {
	for sign, want := range map[string]string{
		"/sign-in":                       "/sign-in?next=%2Faccount%2Fpassword%2Fchange",
		"https://id.example.com/in?x=1":  "https://id.example.com/in?next=%2Faccount%2Fpassword%2Fchange&x=1",
		"/sign-in?next=%2Felsewhere&x=1": "/sign-in?next=%2Faccount%2Fpassword%2Fchange&x=1",
	} {
		s := newPages(t, passwd.Config{}, passwdhttp.Config{SignInURL: sign})
		s.browser().get(t, "change").want(t, 303, want)
		// A form must not lead to another origin: form-action would stop it unseen.
		p := s.browser().post(t, "change", map[string]string{"current_password": current, "new_password": next}).want(t, 401, "Not signed in")
		equal(t, "links", p.links(), []string{sign})
	}
}

func TestForgotToDone(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{SignInURL: "/sign-in"})
	s.ada(t)
	b := s.browser()
	p := b.get(t, "forgot").want(t, 200, "Forgot your password?")
	equal(t, "autocomplete", p.input(t, "login")["autocomplete"], "username")
	b.post(t, "forgot", map[string]string{"login": "ada@example.com"}).want(t, 303, "/forgot/sent").follow(t).want(t, 200, "Check your email or phone")
	link := s.Deliver(t)[0].Link
	u, _ := url.Parse(link)

	// Scanners open the link first (W1, I4).
	for range 3 {
		scanner := s.browser()
		scanner.get(t, u.RequestURI()).want(t, 303, "/reset/new").follow(t).want(t, 200, "Set a new password")
		scanner.do(t, scanner.request("HEAD", u.RequestURI(), nil), nil)
		scanner.do(t, scanner.request("HEAD", "reset/new", nil), nil)
	}
	p = b.get(t, u.RequestURI()).want(t, 303, "/reset/new").follow(t).want(t, 200, "Set a new password")
	equal(t, "fields", p.fields(), []string{"new_password"})
	equal(t, "cookie", b.cookie("__Host-passwd-reset"), u.Query().Get("token"))

	// A rejected password burns nothing (I4).
	b.post(t, "reset/new", map[string]string{"new_password": "short one"}).want(t, 422, "Set a new password")
	b.post(t, "reset/new", map[string]string{}).want(t, 422, "Set a new password")
	p = b.post(t, "reset/new", map[string]string{"new_password": next}).want(t, 303, "/done?after=reset")
	equal(t, "cookie", b.cookie("__Host-passwd-reset"), "")
	equal(t, "links", p.follow(t).want(t, 200, "Your password has been changed").links(), []string{"/sign-in"})
	equal(t, "signed in (F4)", b.cookie("session"), "")
	equal(t, "new password", s.opens(t, "ada", next), true)

	// Back, the form again, the link again: nothing happens any more.
	again := map[string]string{"new_password": "a third and other password"}
	b.post(t, "reset/new", again).want(t, 422, "This link no longer works")
	p = b.get(t, u.RequestURI()).want(t, 303, "/reset/new").follow(t).want(t, 422, "This link no longer works")
	equal(t, "links", p.links(), []string{base + "/forgot", "/sign-in"})
	equal(t, "fields", len(p.fields()), 0)
	b.post(t, "reset/new", again).want(t, 422, "This link no longer works")
	equal(t, "new password", s.opens(t, "ada", next), true)
}

func TestDeadLinks(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	token := s.link(t, "ada")
	s.Clock.Advance(2 * time.Hour)
	for name, query := range map[string]string{
		"expired": "?token=" + token, "unknown": "?token=" + strings.Repeat("A", 43), "empty": "?token=", "none": "",
		"twice": "?token=" + token + "&token=" + token, "long": "?token=" + strings.Repeat("A", 4000),
		"odd": "?token=" + url.QueryEscape("\"; Domain=evil.example\r\nX: y"),
	} {
		t.Run(name, func(t *testing.T) {
			b := s.browser()
			b.get(t, "reset"+query).want(t, 303, "/reset/new").follow(t).want(t, 422, "This link no longer works")
			b.post(t, "reset/new", map[string]string{"new_password": next}).want(t, 422, "This link no longer works")
			if name != "expired" && name != "unknown" {
				equal(t, "cookie", b.cookie("__Host-passwd-reset"), "")
			}
		})
	}
}

// Forgot answers the same for every login (I6, F3).
func TestForgotSame(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	s.Add(t, passwd.Account{Username: "closed", Email: "closed@example.com", Disabled: true}, current)
	for _, path := range []string{"forgot", "forgot/code"} {
		var first http.Header
		for _, login := range []string{"ada@example.com", "nobody@example.com", "closed", "ada"} {
			p := s.browser().post(t, path, map[string]string{"login": login})
			h := p.Header().Clone()
			if path == "forgot/code" {
				equal(t, "cookies", len(h.Values("Set-Cookie")), 1)
				h.Del("Set-Cookie") // the same but for the request
			}
			if first == nil {
				first = h
			}
			equal(t, path+" "+login, h, first)
		}
	}
	for _, login := range []string{"", "  ", strings.Repeat("x", 5000)} {
		p := s.browser().post(t, "forgot", map[string]string{"login": login}).want(t, 422, "Forgot your password?")
		equal(t, "problem", p.summary(t)["login"], "Enter your username, email address or phone number.")
	}
}

// inArabicDigits writes a code as a keyboard may.
func inArabicDigits(code string) string {
	return strings.Map(func(r rune) rune { return '٠' + r - '0' }, code)
}

func TestCodePages(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	b := s.browser()
	b.get(t, "reset/code").want(t, 422, "Too much time has passed")
	b.get(t, "forgot/code").want(t, 200, "Reset your password with a code")
	p := b.post(t, "forgot/code", map[string]string{"login": "ada"}).want(t, 303, "/reset/code").follow(t).want(t, 200, "Enter the code")
	in := p.input(t, "code")
	equal(t, "autocomplete", in["autocomplete"], "one-time-code")
	equal(t, "inputmode", in["inputmode"], "numeric")
	equal(t, "type", in["type"], "text")

	code := string(s.Deliver(t)[0].Code)
	wrong := "12345678"
	if code == wrong {
		wrong = "87654321"
	}
	p = b.post(t, "reset/code", map[string]string{"code": wrong}).want(t, 422, "Enter the code")
	if p.summary(t)["code"] == "" {
		t.Errorf("no problem with the code in %s", p.Body)
	}
	b.post(t, "reset/code", map[string]string{"code": " "}).want(t, 422, "Enter the code")
	b.post(t, "reset/code", map[string]string{"code": "\u2068" + inArabicDigits(code[:4]) + "\u00a0" + inArabicDigits(code[4:]) + "\u2069"}).want(t, 303, "/reset/new").follow(t).want(t, 200, "Set a new password")
	equal(t, "request", b.cookie("__Host-passwd-code"), "")
	b.post(t, "reset/new", map[string]string{"new_password": next}).want(t, 303, "/done?after=reset")
	equal(t, "new password", s.opens(t, "ada", next), true)
}

func TestForcedByTicket(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{SignInURL: "/sign-in"})
	ada := s.ada(t)
	begin := func(b *browser, next string) *httptest.ResponseRecorder {
		ticket := s.ticket(t, ada, "ada", current)
		w := httptest.NewRecorder()
		r := b.request("POST", "/sign-in", nil)
		passwdhttp.BeginForced(passwdhttp.Config{Service: s.Service}, w, r, passwd.Token(ticket), next)
		b.jar.SetCookies(r.URL, w.Result().Cookies())
		s.secrets = append(s.secrets, ticket)
		return w
	}
	b := s.browser()
	w := begin(b, "//evil.example/")
	equal(t, "unsafe next", w.Header().Get("Location"), base+"/forced")
	w = begin(b, "/orders?page=2")
	equal(t, "status", w.Code, 303)
	equal(t, "Cache-Control", w.Header().Get("Cache-Control"), "no-store")
	p := b.get(t, w.Header().Get("Location")).want(t, 200, "Choose a new password")
	equal(t, "fields", p.fields(), []string{"new_password"})
	var hidden string
	for _, n := range p.all("input") {
		if n.attrs["name"] == "next" {
			hidden = n.attrs["value"]
		}
	}
	equal(t, "next", hidden, "/orders?page=2")

	b.post(t, "forced", map[string]string{"new_password": "short one", "next": hidden}).want(t, 422, "Choose a new password")
	b.post(t, "forced", map[string]string{"new_password": "", "next": hidden}).want(t, 422, "Choose a new password")
	p = b.post(t, "forced", map[string]string{"new_password": next, "next": hidden})
	p.want(t, 303, "/done?after=forced&next=%2Forders%3Fpage%3D2")
	equal(t, "links", p.follow(t).links(), []string{"/sign-in?next=%2Forders%3Fpage%3D2"})
	equal(t, "cookie", b.cookie("__Host-passwd-ticket"), "")
	equal(t, "new password", s.opens(t, "ada", next), true)
	b.post(t, "forced", map[string]string{"new_password": current}).want(t, 422, "Too much time has passed")

	s.Clock.Advance(time.Minute)
	in, err := s.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: next})
	if err != nil || in.Must != "" {
		t.Fatalf("%+v, %v", in, err)
	}
}

func TestForcedTicketExpires(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	ada := s.ada(t)
	ticket := s.ticket(t, ada, "ada", current)
	for _, call := range []func(b *browser) *page{
		func(b *browser) *page { return b.get(t, "forced?next=/orders") },
		func(b *browser) *page { return b.post(t, "forced", map[string]string{"new_password": next}) },
	} {
		b := s.browser()
		b.set(&http.Cookie{Name: "__Host-passwd-ticket", Value: ticket, Path: "/", Secure: true})
		b.get(t, "forced").want(t, 200, "Choose a new password")
		s.Clock.Advance(11 * time.Minute)
		call(b).want(t, 422, "Too much time has passed")
		equal(t, "cookie", b.cookie("__Host-passwd-ticket"), "")
		ticket = s.ticket(t, ada, "ada", current)
	}
	s.browser().get(t, "forced").want(t, 422, "Too much time has passed")
}

func TestForcedBySession(t *testing.T) {
	var s *site
	s = newPages(t, passwd.Config{}, passwdhttp.Config{
		Renew: func(w http.ResponseWriter, r *http.Request, d passwd.Written) error { return s.renew(w, r, d) },
	})
	ada := s.ada(t)
	b := s.signedIn(t)
	b.get(t, "forced?next=%2Forders").want(t, 303, "/orders")
	b.get(t, "forced?next=%2F%2Fevil.example").want(t, 303, "/change")
	if err := s.Service.RequireChange(t.Context(), passwd.RequireChange{Account: ada, Reason: passwd.Expired}); err != nil {
		t.Fatal(err)
	}
	p := b.get(t, "forced?next=%2Forders").want(t, 200, "Choose a new password")
	equal(t, "fields", p.fields(), []string{"current_password", "new_password"})
	if !strings.Contains(p.Body.String(), "Your password is too old.") {
		t.Errorf("no reason in %s", p.Body)
	}
	in := map[string]string{"current_password": current, "new_password": next, "next": "/orders"}
	b.post(t, "forced", map[string]string{"current_password": "wrong-password-1", "new_password": next}).want(t, 422, "Choose a new password")
	in["form"] = b.bound(t, "forced")
	b.post(t, "forced", in).want(t, 303, "/done").follow(t).onward(t, "/orders")
	b.post(t, "forced", in).want(t, 303, "/done").follow(t).onward(t, "/orders") // sent twice
	in["new_password"] = "another password altogether"
	b.post(t, "forced", in).want(t, 303, "/done?after=unneeded").follow(t).onward(t, "/orders")
	in["next"] = "https://evil.example/"
	b.post(t, "forced", in).want(t, 303, "/done?after=unneeded").follow(t).onward(t, base+"/change")
	equal(t, "new password", s.opens(t, "ada", next), true)
}

func TestCancelPage(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	thief := s.signedIn(t)
	thief.post(t, "change", map[string]string{"current_password": current, "new_password": next})
	u, _ := url.Parse(s.Deliver(t)[0].Link)
	equal(t, "page", u.Path, base+"/cancel")

	b := s.browser()
	for range 3 {
		b.get(t, u.RequestURI()).want(t, 303, "/cancel").follow(t).want(t, 200, "Was this you?")
	}
	equal(t, "GET locks nothing", s.opens(t, "ada", next), true)
	p := b.post(t, "cancel", nil).want(t, 303, "/done?after=cancel").follow(t).want(t, 200, "Your account has been locked")
	equal(t, "links", p.links(), []string{base + "/forgot"})
	equal(t, "password", s.opens(t, "ada", next), false)
	b.post(t, "cancel", nil).want(t, 422, "This link no longer works")
	b.get(t, u.RequestURI()).want(t, 303, "/cancel")
	b.post(t, "cancel", nil).want(t, 422, "This link no longer works")
	s.browser().get(t, "cancel").want(t, 422, "This link no longer works")
}

// notice has another account change its password, and returns the link of the notice.
func (s *site) notice(t *testing.T, name string) string {
	t.Helper()
	r := s.Add(t, passwd.Account{Username: name, Email: name + "@example.com"}, current)
	if _, err := s.Service.Change(t.Context(), passwd.Change{Account: r, Current: current, New: next}); err != nil {
		t.Fatal(err)
	}
	for _, m := range s.Deliver(t) {
		if u, err := url.Parse(m.Link); err == nil && m.Kind == passwd.MessagePasswordChanged && m.To == name+"@example.com" {
			return u.RequestURI()
		}
	}
	t.Fatal("no notice")
	return ""
}

// TestPagesSpeak walks every page and state in every language.
func TestPagesSpeak(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{ConfirmField: true, SignInURL: "/sign-in", Name: "Demo", Logo: "/logo.svg"})
	ada := s.ada(t)
	in := s.signedIn(t)
	reset := s.browser()
	reset.get(t, "reset?token="+s.link(t, "ada"))
	_, invitation := s.invite(t)
	reset.get(t, "invite?token="+invitation)
	ticket := s.browser()
	ticket.set(&http.Cookie{Name: "__Host-passwd-ticket", Value: s.ticket(t, ada, "ada", current), Path: "/", Secure: true})
	code := s.browser()
	code.post(t, "forgot/code", map[string]string{"login": "ada"})
	cancel, done := s.browser(), s.browser()
	for name, b := range map[string]*browser{"bob": cancel, "eve": done} {
		b.get(t, s.notice(t, name))
	}
	done.post(t, "cancel", nil)
	for _, words := range locale.Printers() {
		seen := map[string]string{}
		for name, show := range map[string]func() *page{
			"change":      func() *page { return in.get(t, "change") },
			"forced":      func() *page { return ticket.get(t, "forced") },
			"empty":       func() *page { return in.post(t, "change", nil) },
			"forgot":      func() *page { return in.get(t, "forgot") },
			"sent":        func() *page { return in.get(t, "forgot/sent") },
			"forgot code": func() *page { return in.get(t, "forgot/code") },
			"code":        func() *page { return code.get(t, "reset/code") },
			"no code":     func() *page { return in.get(t, "reset/code") },
			"reset":       func() *page { return reset.get(t, "reset/new") },
			"rejected": func() *page {
				return reset.post(t, "reset/new", map[string]string{"new_password": "x1", "confirm_password": "x1"})
			},
			"invitation": func() *page { return reset.get(t, "invite/new") },
			"expired":    func() *page { return in.get(t, "reset/new") },
			"cancel":     func() *page { return cancel.get(t, "cancel") },
			"done":       func() *page { return in.get(t, "done") },
			"cancelled":  func() *page { return done.get(t, "done?after=cancel") },
			"not found":  func() *page { return in.get(t, "nothing") },
		} {
			for _, b := range []*browser{in, reset, ticket, code, cancel, done} {
				b.language = words.Language()
			}
			p := show()
			html := p.all("html")[0].attrs
			equal(t, "language of "+name, html["lang"], words.Language())
			equal(t, "direction of "+name, html["dir"], words.Direction())
			if other, twice := seen[p.Body.String()]; twice {
				t.Errorf("%s: %s is the same as %s", words.Language(), name, other)
			}
			seen[p.Body.String()] = name
		}
	}
}
