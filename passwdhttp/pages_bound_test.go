package passwdhttp_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
)

// A form that is not bound to what the browser has now, or to another page, changes
// nothing, and says so.
func TestFormsAreBound(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	ada := s.ada(t)
	s.Add(t, passwd.Account{Username: "grace", Email: "grace@example.com"}, current)
	adas, graces := s.browser(), s.browser()
	adas.set(&http.Cookie{Name: "session", Value: s.signIn(t, "ada", current), Path: "/", Secure: true})
	graces.set(&http.Cookie{Name: "session", Value: s.signIn(t, "grace", current), Path: "/", Secure: true})
	for _, b := range []*browser{adas, graces} {
		login := map[*browser]string{adas: "ada", graces: "grace"}[b]
		b.get(t, "reset?token="+s.link(t, login))
		b.post(t, "forgot/code", map[string]string{"login": login})
	}
	cancels := map[*browser]string{adas: s.notice(t, "bob"), graces: s.notice(t, "eve")}
	for b, link := range cancels {
		b.get(t, link)
	}
	for path, fields := range map[string]map[string]string{
		"change":     {"current_password": current, "new_password": next},
		"reset/new":  {"new_password": next},
		"reset/code": {"code": "12345678"},
		"cancel":     {},
	} {
		for name, form := range map[string]string{
			"none": "", "made up": "AAAA", "of another account": adas.bound(t, path), "of another page": graces.bound(t, "reset/new"),
		} {
			if path == "reset/new" && name == "of another page" {
				form = graces.bound(t, "change")
			}
			fields["form"] = form
			p := graces.send(t, path, fields)
			if p.Code != 409 || !strings.Contains(p.Body.String(), "Nothing has been changed.") {
				t.Errorf("%s, %s: %d %s", path, name, p.Code, p.Body)
			}
			equal(t, path+", "+name+": what may be typed into", len(p.fields()), 0)
			graces.get(t, path).want(t, 200, p.b.get(t, path).text("h1")) // it is said once
		}
	}
	for _, login := range []string{"ada", "grace"} {
		equal(t, login, s.opens(t, login, current), true)
	}
	equal(t, "bob", s.opens(t, "bob", next), true)
	equal(t, "eve", s.opens(t, "eve", next), true)

	// The ticket of one, and the form of another's.
	forced := s.browser()
	forced.set(&http.Cookie{Name: "__Host-passwd-ticket", Value: s.ticket(t, ada, "ada", current), Path: "/", Secure: true})
	form := forced.bound(t, "forced")
	forced.set(&http.Cookie{Name: "__Host-passwd-ticket", Value: s.ticket(t, ada, "ada", current), Path: "/", Secure: true})
	forced.send(t, "forced", map[string]string{"form": form, "new_password": next}).want(t, 409, "Open the page again")
	equal(t, "ada", s.opens(t, "ada", current), true)
}

// What a page tells, it has been left by another page of the service: neither a link
// nor what somebody puts into a cookie has it say anything.
func TestNotesCannotBeMadeUp(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	b := s.signedIn(t)
	b.send(t, "change", map[string]string{"form": b.bound(t, "change"), "current_password": "wrong", "new_password": next}).want(t, 422, "Change your password")
	note := `{"p":"done","a":4102444800,"d":"cancel"}`
	other := passwdtest.New(t, passwd.Config{}).Service
	for name, value := range map[string]string{
		"text": "cancel", "of another service": other.SealForm("passwd-done", []byte(note)),
		"for another purpose": s.Service.SealForm("passwd-again", []byte(note)), "too long": strings.Repeat("A", 5000),
		"of another time": s.Service.SealForm("passwd-done", []byte(`{"p":"done","a":1,"d":"cancel"}`)),
		"of another page": s.Service.SealForm("passwd-done", []byte(`{"p":"devices","a":4102444800,"d":"cancel"}`)),
	} {
		b.set(&http.Cookie{Name: "__Host-passwd-done", Value: value, Path: "/", Secure: true})
		for _, after := range []string{"", "?after=cancel", "?after=reset", "?after=kept"} {
			if got := b.get(t, "done"+after).text("h1"); got != "Nothing new to show" {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
}

// A login of one kind is asked for by its name, and no other is taken for it.
func TestLoginKind(t *testing.T) {
	for kind, want := range map[passwd.LoginKind]struct{ label, inputType, required string }{
		passwd.AnyKind:  {"Username, email address or phone number", "text", "Enter your username, email address or phone number."},
		passwd.Username: {"Username", "text", "Enter your username."},
		passwd.Email:    {"Email address", "email", "Enter your email address."},
		passwd.Mobile:   {"Mobile number", "tel", "Enter your mobile number."},
	} {
		s := newPages(t, passwd.Config{}, passwdhttp.Config{LoginKind: kind})
		s.ada(t)
		for _, path := range []string{"forgot", "forgot/code"} {
			b := s.browser()
			p := b.get(t, path)
			equal(t, "label", p.text("label"), want.label)
			equal(t, "type", p.input(t, "login")["type"], want.inputType)
			equal(t, "enterkeyhint", p.input(t, "login")["enterkeyhint"], "send")
			equal(t, "problem", b.post(t, path, nil).summary(t)["login"], want.required)
		}
		logins := map[passwd.LoginKind]string{passwd.Username: "ada", passwd.Email: "ada@example.com", passwd.Mobile: "15550000001"}
		for of, login := range logins {
			s.Clock.Advance(2 * 3600e9)
			s.browser().post(t, "forgot", map[string]string{"login": login}).want(t, 303, "/forgot/sent")
			equal(t, string(kind)+" takes "+login, len(s.Deliver(t)) > 0, kind == passwd.AnyKind || kind == of)
		}
		s.secrets = nil // who has the link may know what the account is called
		b := s.browser()
		b.get(t, "reset?token="+s.link(t, "ada"))
		shown := map[passwd.LoginKind]string{passwd.Email: "ada@example.com", passwd.Mobile: "15550000001"}[kind]
		if shown == "" {
			shown = "ada"
		}
		equal(t, "account", b.get(t, "reset/new").input(t, "username")["value"], shown)
	}
	kit := passwdtest.New(t, passwd.Config{})
	if _, err := passwdhttp.Pages(passwdhttp.Config{Service: kit.Service, LoginKind: "phone"}); err == nil {
		t.Error("an unknown kind was taken")
	}
}

// Without SignOut, who is signed in as another is told so, and that is all; with one
// that fails, nothing is said that is not so.
func TestSignOutThere(t *testing.T) {
	down := errors.New("dial tcp 10.0.0.4:5432: refused")
	for name, signOut := range map[string]func(http.ResponseWriter, *http.Request) error{
		"none": nil, "down": func(http.ResponseWriter, *http.Request) error { return down },
	} {
		s := newPages(t, passwd.Config{}, passwdhttp.Config{SignOut: signOut})
		s.ada(t)
		s.Add(t, passwd.Account{Username: "grace", Email: "grace@example.com"}, current)
		b := s.signedIn(t)
		b.get(t, "reset?token="+s.link(t, "grace"))
		p := b.get(t, "reset/new").want(t, 200, "Set a new password")
		equal(t, name+": said", strings.Contains(p.text("main"), "You are signed in here with another account."), true)
		equal(t, name+": offered", strings.Contains(p.Body.String(), "/sign-out"), signOut != nil)
		if signOut == nil {
			b.send(t, "sign-out", nil).want(t, 404, "Not found")
			continue
		}
		form := hiddenIn(p.Body.String(), "form")
		b.send(t, "sign-out", map[string]string{"form": form, "next": "https://evil.example/"}).want(t, 503, "Temporarily unavailable")
		b.send(t, "sign-out", map[string]string{"form": "", "next": "/elsewhere"}).want(t, 303, "/change")
	}
}

// After a forced change by ticket the host may begin the session that the sign-in was
// for; then it goes on to where that was going.
func TestResume(t *testing.T) {
	var fail error
	s := newPages(t, passwd.Config{}, passwdhttp.Config{
		SignInURL: "/sign-in",
		Resume: func(w http.ResponseWriter, _ *http.Request, written passwd.Written) error {
			if fail == nil {
				http.SetCookie(w, &http.Cookie{Name: "resumed", Value: written.Account.ID, Path: "/"})
			}
			return fail
		},
	})
	ada := s.ada(t)
	for i, password := range []string{next, "a third and other password"} {
		b := s.browser()
		old := map[int]string{0: current, 1: next}[i]
		b.set(&http.Cookie{Name: "__Host-passwd-ticket", Value: s.ticket(t, ada, "ada", old), Path: "/", Secure: true})
		in := map[string]string{"new_password": password, "next": "/orders", "form": b.bound(t, "forced")}
		if i == 1 {
			fail = errors.New("down")
			b.post(t, "forced", in).want(t, 303, "/done?after=forced&next=%2Forders")
			equal(t, "events", len(s.Events.Named(passwd.EventAfterWriteFailed)), 1)
			continue
		}
		b.post(t, "forced", in).want(t, 303, "/done").follow(t).onward(t, "/orders")
		equal(t, "session", b.cookie("resumed"), ada.ID)
	}
}

// The page says why: by ticket as by session.
func TestForcedSaysWhy(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	ada := s.ada(t)
	issued, err := s.Service.IssueTemporary(t.Context(), passwd.IssueTemporary{Account: ada})
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: issued.Password})
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := s.Service.Ticket(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	b.set(&http.Cookie{Name: "__Host-passwd-ticket", Value: string(ticket), Path: "/", Secure: true})
	p := b.get(t, "forced").want(t, 200, "Choose a new password")
	equal(t, "reason", strings.Contains(p.text("main"), "You have signed in with a temporary password."), true)
	equal(t, "account", p.input(t, "username")["value"], "ada")
}

// What cannot be done says how to go on, and how long to wait.
func TestErrorPagesLeadOn(t *testing.T) {
	limiter := &faultyLimiter{Limiter: passwd.NewMemoryLimiter(0)}
	s := newPages(t, passwd.Config{Limiter: limiter}, passwdhttp.Config{HomeURL: "/start", SignInURL: "/sign-in"})
	s.ada(t)
	equal(t, "404", s.browser().get(t, "nothing").want(t, 404, "Not found").links(), []string{"/start"})
	b := s.signedIn(t)
	form := b.bound(t, "reset/code")
	if form != "" {
		t.Errorf("a form without a request: %s", form)
	}
	limiter.fail = errors.New("dial tcp 10.0.0.4:6379")
	p := b.post(t, "forgot", map[string]string{"login": "ada"}).want(t, 503, "Forgot your password?")
	equal(t, "503", p.summary(t)[""], "There is a problem\nTemporarily unavailablePlease try again in 5 seconds.")
	equal(t, "Retry-After", p.Header().Get("Retry-After"), "5")
	equal(t, "login", p.input(t, "login")["value"], "ada")
	u, err := url.Parse(s.browser().get(t, "change").Header().Get("Location"))
	if err != nil || u.Path != "/sign-in" {
		t.Errorf("%v, %v", u, err)
	}
}
