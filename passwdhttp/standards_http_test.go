package passwdhttp_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

// W3, W4, W7: every route answers every method, sent well or badly, with headers
// that have nothing kept, sniffed, framed or told to other sites. A 401, and nothing
// else, has a challenge.
func TestEveryRouteHasItsHeaders(t *testing.T) {
	w := newWalk(t, fragmentLinks, "__Host-")
	statuses := map[int]int{}
	check := func(r *http.Request, page bool) {
		t.Helper()
		got := httptest.NewRecorder()
		w.handler.ServeHTTP(got, r)
		statuses[got.Code]++
		name := fmt.Sprintf("%s %s: %d", r.Method, r.URL.Path, got.Code)
		h := got.Header()
		want := map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
		if page {
			want["Referrer-Policy"] = "strict-origin" // no path, and so no token; "no-referrer" would hide the Origin that W2 needs
		}
		for header, value := range want {
			if all := h.Values(header); len(all) != 1 || all[0] != value {
				t.Errorf("%s: %s %q, want %q", name, header, all, value)
			}
		}
		if policy := h.Get("Content-Security-Policy"); page && (!strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'")) {
			t.Errorf("%s: policy %q", name, policy)
		}
		if (h.Get("WWW-Authenticate") != "") != (got.Code == http.StatusUnauthorized) {
			t.Errorf("%s: challenge %q", name, h.Get("WWW-Authenticate"))
		}
	}
	stranger := w.browser()
	w.each(t, true, func(method, path string) {
		if strings.HasSuffix(path, "/openapi.json") || strings.Contains(path, "/assets/") {
			return // the same for everybody, and may be kept
		}
		page := !strings.HasPrefix(path, api)
		for _, wrong := range []string{method, "HEAD", "DELETE", "PATCH", "OPTIONS"} {
			check(w.request(wrong, path), page)
		}
		check(w.request(method, path+"/nothing"), page)
		// Signed out, and with a body that is none.
		signedOut := w.request(method, path)
		signedOut.Header.Del("Cookie")
		check(signedOut, page)
		check(stranger.request(method, path, nil), page)
		crossed := w.request(method, path)
		crossed.Header.Set("Sec-Fetch-Site", "cross-site")
		check(crossed, page)
	})
	for _, status := range []int{200, 303, 401, 403, 404, 405, 415, 422} {
		if statuses[status] == 0 {
			t.Errorf("no answer is %d: %v", status, statuses)
		}
	}
}

// F4: a reset signs nobody in, by whichever face, although the host's sessions are
// the library's own: the browser has no cookie that it had not before, the app no
// token, and the account no session.
func TestResetSignsNobodyIn(t *testing.T) {
	d := newDevices(t, passwd.Links{}, passwdhttp.Config{})
	d.start(t, "ada", phone)
	b := d.browser()
	b.get(t, "reset?token="+d.link(t, "ada"))
	p := b.post(t, "reset/new", map[string]string{"new_password": next}).want(t, 303, "/done?after=reset")
	for _, c := range p.Result().Cookies() {
		if c.Name == "__Host-passwd-done" {
			continue // what the next page tells, and nothing that opens anything
		}
		if c.MaxAge >= 0 || c.Value != "" {
			t.Errorf("the reset sets %s", c.Name)
		}
	}
	b.get(t, "change").want(t, 303, "/sign-in?next=%2Faccount%2Fpassword%2Fchange")

	got := d.post(t, "reset", map[string]string{"token": d.link(t, "ada"), "new_password": "a third and other password"})
	got.want(t, 204, "")
	equal(t, "cookies of the API", len(got.Result().Cookies()), 0)
	equal(t, "body of the API", got.Body.Len(), 0)
	sessions, err := d.manager.List(t.Context(), d.account)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "sessions", len(sessions), 0)
}

// P13: managers know each field by its token, nothing is refused that they fill in
// or that is pasted, and there is a button that shows what was typed.
func TestManagersKnowEveryField(t *testing.T) {
	var s *site
	s = newPages(t, passwd.Config{}, passwdhttp.Config{
		ConfirmField: true,
		Authenticate: func(r *http.Request) (passwdhttp.Principal, error) {
			p, err := s.byCookie(r)
			p.Username = "ada"
			return p, err
		},
	})
	ada := s.ada(t)
	in, reset, code, ticket := s.signedIn(t), s.browser(), s.browser(), s.browser()
	reset.get(t, "reset?token="+s.link(t, "ada"))
	code.post(t, "forgot/code", map[string]string{"login": "ada"})
	ticket.set(&http.Cookie{Name: "__Host-passwd-ticket", Value: s.ticket(t, ada, "ada", current), Path: "/", Secure: true})
	tokens := map[string]string{
		"username": "username", "current_password": "current-password", "new_password": "new-password", "confirm_password": "new-password",
		"login": "username", "code": "one-time-code",
	}
	seen := map[string]bool{}
	for name, p := range map[string]*page{
		"change": in.get(t, "change"), "forgot": in.get(t, "forgot"), "forgot by code": in.get(t, "forgot/code"),
		"reset": reset.get(t, "reset/new"), "code": code.get(t, "reset/code"), "forced": ticket.get(t, "forced"),
	} {
		equal(t, name, p.Code, 200)
		for _, n := range p.all("input") {
			if n.attrs["type"] == "hidden" {
				continue
			}
			id := n.attrs["id"]
			seen[id] = true
			equal(t, name+", token of "+id, n.attrs["autocomplete"], tokens[id])
			if password := strings.HasSuffix(id, "_password"); password != (n.attrs["type"] == "password") {
				t.Errorf("%s: %s is of type %s", name, id, n.attrs["type"])
			}
			for _, attr := range []string{"maxlength", "pattern", "onpaste", "oncopy", "ondrop", "oninput", "onkeydown"} {
				if value, has := n.attrs[attr]; has {
					t.Errorf("%s: %s has %s=%q", name, id, attr, value)
				}
			}
		}
		shown := 0
		for _, n := range p.all("button") {
			if n.attrs["data-show"] != "" {
				shown++
			}
		}
		if passwords := strings.Count(p.Body.String(), `type="password"`); (shown > 0) != (passwords > 0) {
			t.Errorf("%s: %d buttons that show %d passwords", name, shown, passwords)
		}
	}
	for id := range tokens {
		if !seen[id] {
			t.Errorf("no page has the field %s", id)
		}
	}
	scripts, err := os.ReadDir("assets")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, f := range scripts {
		text, err := os.ReadFile("assets/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f.Name(), ".js") {
			read++
			if found := regexp.MustCompile(`(?i)["'](paste|copy|cut|drop|beforeinput|keydown|keypress)["']|on(paste|copy|cut|drop)\b`).Find(text); found != nil {
				t.Errorf("%s listens to %s", f.Name(), found)
			}
		}
	}
	equal(t, "scripts", read > 0, true)
}

// W6: an error tells what kind of error it is, the same in the body as in the
// status, and nothing of its cause, wherever that was.
func TestErrorsTellNoCause(t *testing.T) {
	const cause = "dial tcp 10.0.0.4:6379: password authentication failed for user app"
	hasher, limiter := &faultyHasher{}, &faultyLimiter{Limiter: passwd.NewMemoryLimiter(0)}
	d := newPages(t, passwd.Config{Hasher: hasher, Limiter: limiter}, passwdhttp.Config{})
	d.ada(t)
	session := d.signIn(t, "ada", current)
	b := d.browser()
	b.set(&http.Cookie{Name: "session", Value: session, Path: "/", Secure: true})
	change := map[string]string{"current_password": current, "new_password": next}
	byCookie := header("Cookie", "session="+session)
	failures := 0
	for name, fail := range map[string]func(error){
		"limiter": func(err error) { limiter.fail = err },
		"hasher":  func(err error) { hasher.fail = err },
	} {
		fail(errors.New(cause))
		answers := map[string]string{}
		for _, path := range []string{"change", "forgot", "forgot/code", "check"} {
			body := map[string]map[string]string{
				"change": change, "forgot": {"login": "ada@example.com"}, "forgot/code": {"login": "ada@example.com"}, "check": {"password": next},
			}[path]
			got := d.post(t, path, body, byCookie) // checks the shape, and the status in it
			if got.Code >= 400 {
				got.want(t, 503, "unavailable")
				failures++
			}
			answers["API "+path] = got.Body.String() + fmt.Sprint(got.Header())
		}
		for path, fields := range map[string]map[string]string{"change": change, "forgot": {"login": "ada"}, "forgot/code": {"login": "ada"}} {
			p := b.post(t, path, fields)
			if p.Code >= 400 {
				equal(t, name+", page "+path, p.Code, 503)
				failures++
			}
			answers["page "+path] = p.Body.String() + fmt.Sprint(p.Header())
		}
		fail(nil)
		for where, answer := range answers {
			for _, part := range []string{"10.0.0.4", "dial", "authentication failed", "goroutine", ".go:"} {
				if strings.Contains(answer, part) {
					t.Errorf("%s, %s: tells %q: %s", name, where, part, answer)
				}
			}
		}
	}
	if failures < 8 {
		t.Errorf("only %d answers were failures", failures)
	}
	equal(t, "password", d.opens(t, "ada", current), true)
}
