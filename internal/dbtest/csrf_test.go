package dbtest_test

import (
	"crypto/rand"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gorilla/csrf"
	"github.com/justinas/nosurf"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session"
)

// forgeryGuard is one of the host's that wants a token in every form.
type forgeryGuard struct {
	wrap  func(http.Handler) http.Handler
	token func(*http.Request) []passwdhttp.Hidden
}

// forgeryGuards are the two that hosts have, with the fields that docs/pages.md says.
func forgeryGuards() map[string]forgeryGuard {
	key := make([]byte, 32)
	rand.Read(key)
	return map[string]forgeryGuard{
		"gorilla/csrf": {
			csrf.Protect(key, csrf.Path("/")),
			func(r *http.Request) []passwdhttp.Hidden {
				return []passwdhttp.Hidden{{Name: "gorilla.csrf.Token", Value: csrf.Token(r)}}
			},
		},
		"nosurf": {
			func(next http.Handler) http.Handler {
				h := nosurf.New(next)
				h.SetBaseCookie(http.Cookie{Path: "/", HttpOnly: true, Secure: true})
				h.SetIsTLSFunc(func(r *http.Request) bool { return r.TLS != nil })
				return h
			},
			func(r *http.Request) []passwdhttp.Hidden {
				return []passwdhttp.Hidden{{Name: "csrf_token", Value: nosurf.Token(r)}}
			},
		},
	}
}

// csrfHost is the pages behind a middleware, over TLS, as both want it.
type csrfHost struct {
	*passwdtest.Kit
	t   *testing.T
	url string
	tls *http.Client // of the server, without cookies
}

func newCSRFHost(t *testing.T, m forgeryGuard, fields func(*http.Request) []passwdhttp.Hidden) *csrfHost {
	t.Helper()
	var handler http.Handler
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	store, keys := memstore.New(), passwd.RandomKeys()
	h := &csrfHost{t: t, url: server.URL, tls: server.Client()}
	h.Kit = passwdtest.New(t, passwd.Config{Store: store, Keys: keys, Links: passwd.Links{Base: server.URL + "/account/password"}})
	config, err := passwdhttp.CookieSessions(passwdhttp.Config{Service: h.Service, FormFields: fields}, session.Config{Store: store, Keys: keys, Now: h.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := passwdhttp.Pages(config)
	if err != nil {
		t.Fatal(err)
	}
	handler = m.wrap(pages)
	return h
}

// csrfBrowser keeps cookies, and says where it comes from as browsers do.
type csrfBrowser struct {
	*csrfHost
	client http.Client
}

func (h *csrfHost) browser() *csrfBrowser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &csrfBrowser{h, http.Client{Transport: h.tls.Transport, Jar: jar}}
}

func (b *csrfBrowser) send(method, address, from string, form url.Values) (at, page string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", from)
		r.Header.Set("Referer", from+"/") // the pages' Referrer-Policy is strict-origin
		if from != b.url {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		}
	}
	reply, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return fmt.Sprint(reply.StatusCode, " ", strings.TrimPrefix(reply.Request.URL.Path, "/account/password/")), string(body)
}

var (
	csrfForm   = regexp.MustCompile(`(?s)<form[^>]*>.*?</form>`)
	csrfHidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
	csrfAction = regexp.MustCompile(`action="([^"]+)"`)
)

// form is the n-th form of a page as it is filled in, and where it is sent.
func (b *csrfBrowser) form(address string, n int, values ...string) (action string, form url.Values) {
	b.t.Helper()
	if !strings.HasPrefix(address, "https:") {
		address = b.url + "/account/password/" + address
	}
	at, page := b.send(http.MethodGet, address, "", nil)
	forms := csrfForm.FindAllString(page, -1)
	if len(forms) <= n {
		b.t.Fatalf("%s leads to %s, with %d forms", address, at, len(forms))
	}
	form = url.Values{}
	for _, field := range csrfHidden.FindAllStringSubmatch(forms[n], -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	for i := 0; i < len(values); i += 2 {
		form.Set(values[i], values[i+1])
	}
	action = b.url + "/account/password/" + strings.TrimPrefix(at, "200 ")
	if to := csrfAction.FindStringSubmatch(forms[n]); to != nil {
		action = b.url + html.UnescapeString(to[1])
	}
	return action, form
}

// fill fills a form in, sends it, and wants to be led somewhere: to what page.
func (b *csrfBrowser) fill(address, leads string, values ...string) string {
	b.t.Helper()
	action, form := b.form(address, 0, values...)
	at, page := b.send(http.MethodPost, action, b.url, form)
	if at != leads {
		b.t.Errorf("%s leads to %s, want %s: %.900s", address, at, leads, page)
	}
	return page
}

func (h *csrfHost) link(kind passwd.MessageKind) passwd.Message {
	h.t.Helper()
	for _, m := range h.Deliver(h.t) {
		if m.Kind == kind {
			return m
		}
	}
	h.t.Fatalf("no %s", kind)
	return passwd.Message{}
}

// The forms pass the middleware that hosts have against forged requests, each of them, and
// do not without their token, or from elsewhere.
func TestForgeryMiddleware(t *testing.T) {
	const first, second, third, fourth, fifth = "velvet tuba 7491 lantern", "mantine gearwheel 1843", "quartz plum 5520 ladder", "walnut prism 3391 harbor", "copper dune 6612 violin"
	for name, m := range forgeryGuards() {
		t.Run(name, func(t *testing.T) {
			h := newCSRFHost(t, m, m.token)
			ref := h.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, first)
			b := h.browser()
			b.fill("signin", "200 done", "login", "ada", "password", first)
			b.fill("change", "200 done", "current_password", first, "new_password", second)
			h.browser().fill("signin", "200 done", "login", "ada", "password", second)
			action, form := b.form("devices", 1) // ends the other one
			if at, page := b.send(http.MethodPost, action, b.url, form); at != "200 devices" {
				t.Errorf("devices leads to %s: %s", at, page)
			}
			b.fill("devices", "200 signin") // signs out
			b.fill("forgot", "200 forgot/sent", "login", "ada")
			h.browser().fill(h.link(passwd.MessageResetLink).Link, "200 done", "new_password", third)
			h.browser().fill(h.link(passwd.MessagePasswordReset).Link, "200 done")

			b = h.browser()
			b.fill("forgot/code", "200 reset/code", "login", "ada")
			b.fill("reset/code", "200 reset/new", "code", string(h.link(passwd.MessageResetCode).Code))
			b.fill("reset/new", "200 done", "new_password", fourth)
			if err := h.Service.RequireChange(t.Context(), passwd.RequireChange{Account: ref, Reason: passwd.Administrator}); err != nil {
				t.Fatal(err)
			}
			b = h.browser()
			b.fill("signin", "200 forced", "login", "ada", "password", fourth)
			again := b.fill("forced", "422 forced", "new_password", "short")
			for _, field := range m.token(httptest.NewRequest(http.MethodGet, "/", nil)) {
				if !regexp.MustCompile(`name="` + field.Name + `" value="[^"]`).MatchString(again) {
					t.Error("the form that is shown again has no token")
				}
			}
			b.fill("forced", "200 done", "new_password", fifth)

			// Without its token, or from elsewhere, nothing passes.
			before := len(h.Mail.All())
			action, form = b.form("forgot", 0, "login", "ada")
			if at, _ := b.send(http.MethodPost, action, "https://elsewhere.example.com", form); !strings.HasPrefix(at, "4") {
				t.Errorf("from elsewhere: %s", at)
			}
			for _, field := range m.token(httptest.NewRequest(http.MethodGet, "/", nil)) {
				form.Del(field.Name)
			}
			if at, _ := b.send(http.MethodPost, action, b.url, form); !strings.HasPrefix(at, "4") {
				t.Errorf("without its token: %s", at)
			}
			h.Deliver(t)
			for _, m := range h.Mail.All()[before:] {
				if m.Kind == passwd.MessageResetLink {
					t.Error("a request has passed")
				}
			}
		})
		t.Run(name+", forgotten", func(t *testing.T) {
			h := newCSRFHost(t, m, nil)
			b := h.browser()
			action, form := b.form("forgot", 0, "login", "ada")
			if at, _ := b.send(http.MethodPost, action, b.url, form); !strings.HasPrefix(at, "4") {
				t.Errorf("without FormFields: %s", at)
			}
		})
	}
}
