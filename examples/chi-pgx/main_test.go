package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/passwd-go/passwd"
)

const first, second, third = "notes on the analytical engine", "weaving algebraical patterns", "a loom for flowers and leaves"

// site is the app on a database of its own.
type site struct {
	t    *testing.T
	app  *app
	url  string
	mu   sync.Mutex
	mail []string // "to text"
}

// database makes an empty one, which goes with the test.
func database(t *testing.T) *pgxpool.Pool {
	t.Helper()
	address := os.Getenv("PASSWD_TEST_POSTGRES")
	if address == "" {
		address = "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable"
	}
	admin, err := pgx.Connect(t.Context(), address)
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("PASSWD_TEST_REQUIRE"), ","), "postgres") {
			t.Fatalf("postgres is required: %v", err)
		}
		t.Skipf("needs postgres: %v", err)
	}
	name := fmt.Sprintf("passwd_chi_%d", os.Getpid())
	if _, err := admin.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		admin.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		admin.Close(context.Background())
	})
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.Database = name
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t}
	pool := database(t)
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	a, err := newApp(t.Context(), pool, server.URL, func(to, text string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mail = append(s.mail, to+" "+text)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.store.Close() })
	handler, s.app, s.url = a.routes(), a, server.URL
	return s
}

// sent delivers what is queued and takes the mail; it has to be one for the address, of
// the kind. It returns the link.
func (s *site) sent(to, kind string) string {
	s.t.Helper()
	if _, err := s.app.service.Work(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	mail := s.mail
	s.mail = nil
	for _, m := range mail {
		if link, ok := strings.CutPrefix(m, to+" "+kind); ok {
			return strings.TrimSpace(link)
		}
	}
	s.t.Fatalf("no %s to %s in %q", kind, to, mail)
	return ""
}

// browser keeps cookies.
type browser struct {
	*site
	client http.Client
}

func (s *site) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{site: s, client: http.Client{Jar: jar, Transport: wantsPages{}}}
}

// wantsPages asks for HTML, as browsers do.
type wantsPages struct{}

func (wantsPages) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Accept", "text/html")
	return http.DefaultTransport.RoundTrip(r)
}

// get follows redirects and returns where they lead, and the page.
func (b *browser) get(path string) (at, page string) {
	b.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = b.url + path
	}
	return b.read(b.client.Get(path))
}

func (b *browser) read(reply *http.Response, err error) (at, page string) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if leads := refresh.FindSubmatch(body); leads != nil {
		return b.get(string(leads[1]))
	}
	return fmt.Sprint(reply.StatusCode, " ", reply.Request.URL.Path), string(body)
}

// refresh is how a page leads on that was reached by a form.
var refresh = regexp.MustCompile(`http-equiv="refresh" content="0; url=([^"]+)"`)

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// fill gets a page of the library's, and sends its form with the values.
func (b *browser) fill(path string, values ...string) (at, page string) {
	b.t.Helper()
	_, form := b.get(path)
	for _, field := range hidden.FindAllStringSubmatch(form, -1) {
		values = append(values, field[1], strings.ReplaceAll(field[2], "&#43;", "+"))
	}
	if strings.HasPrefix(path, "http") { // a link has led to a form at another path
		u, err := url.Parse(path)
		if err != nil {
			b.t.Fatal(err)
		}
		path = u.Path
		if strings.HasSuffix(path, "/reset") || strings.HasSuffix(path, "/invite") && strings.HasPrefix(path, "/account/") {
			path += "/new"
		}
	}
	return b.post(path, values...)
}

func (b *browser) post(path string, values ...string) (at, page string) {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(values); i += 2 {
		form.Set(values[i], values[i+1])
	}
	return b.read(b.client.PostForm(b.url+path, form))
}

func (b *browser) want(what, want string, at, page string) string {
	b.t.Helper()
	if got := at + " " + page; !strings.HasPrefix(got, want) {
		b.t.Fatalf("%s: %.900s\nwant %s", what, got, want)
	}
	return page
}

func (b *browser) wantHome(what, email string) {
	b.t.Helper()
	at, page := b.get("/")
	if email == "" {
		b.want(what, "200 /account/password/signin", at, page)
	} else {
		b.want(what, "200 / Hello, "+email, at, page)
	}
}

func (b *browser) signIn(email, password string) (at, page string) {
	b.t.Helper()
	return b.fill("/account/password/signin", "login", email, "password", password)
}

// TestLifeOfAPassword goes through all that the app has, on a real database.
func TestLifeOfAPassword(t *testing.T) {
	s := newSite(t)
	ada := s.browser()

	at, page := ada.post("/sign-up", "email", "Ada@Example.com", "name", "Ada Lovelace", "password", "short")
	ada.want("a weak password", "422 /sign-up", at, page)
	if !strings.Contains(page, "too_short") || !strings.Contains(page, `"#/password"`) {
		t.Errorf("it says %s", page)
	}
	var n int
	if err := s.app.pool.QueryRow(t.Context(), "SELECT count(*) FROM users").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d users without a password (%v)", n, err)
	}
	at, page = ada.post("/sign-up", "email", "Ada@Example.com", "name", "Ada Lovelace", "password", first)
	ada.want("sign-up", "200 / Hello, ada@example.com", at, page)
	at, page = s.browser().post("/sign-up", "email", "ADA@example.com", "name", "Eve", "password", second)
	ada.want("once more", "409 /sign-up", at, page)
	if !strings.Contains(page, "login_taken") {
		t.Errorf("a taken address: %s", page)
	}

	confirm := s.sent("ada@example.com", "confirm_email")
	at, page = ada.get(confirm)
	ada.want("the link is opened", "200 /email/confirm", at, page)
	at, page = ada.fill(confirm)
	ada.want("it is confirmed", "200 / Hello", at, page)

	at, page = ada.fill("/account/password/change", "current_password", first, "new_password", second)
	ada.want("change", "200 /account/password/done", at, page)
	s.sent("ada@example.com", "password_changed")
	ada.wantHome("after the change", "ada@example.com")

	phone := s.browser()
	at, page = phone.signIn("ADA@EXAMPLE.COM", first)
	phone.want("the old password", "422 /account/password/signin", at, page)
	at, page = phone.signIn("ADA@EXAMPLE.COM", second)
	phone.want("the new password", "200 / Hello, ada@example.com", at, page)

	at, page = ada.fill("/account/password/devices")
	ada.want("the other devices are ended", "200 /account/password/devices", at, page)
	phone.wantHome("on a device that was ended", "")

	at, page = s.browser().fill("/account/password/forgot", "login", "ada@example.com")
	ada.want("forgot", "200 /account/password/forgot/sent", at, page)
	at, page = phone.fill(s.sent("ada@example.com", "reset_link"), "new_password", third)
	phone.want("reset", "200 /account/password/done", at, page)
	s.sent("ada@example.com", "password_reset")
	ada.wantHome("after a reset elsewhere", "")
	at, page = ada.signIn("ada@example.com", third)
	ada.want("after the reset", "200 / Hello", at, page)

	var id string
	if err := s.app.pool.QueryRow(t.Context(), "SELECT id::text FROM users").Scan(&id); err != nil {
		t.Fatal(err)
	}
	must := passwd.RequireChange{Account: passwd.Ref{ID: id}, Reason: passwd.Administrator}
	if err := s.app.service.RequireChange(t.Context(), must); err != nil {
		t.Fatal(err)
	}
	at, page = phone.signIn("ada@example.com", third)
	phone.want("who must change it", "200 /account/password/forced", at, page)
	at, page = phone.fill("/account/password/forced", "new_password", first)
	phone.want("forced change", "200 ", at, page)
	phone.wantHome("after the forced change", "ada@example.com")
	s.sent("ada@example.com", "password_changed")

	at, page = phone.post("/email", "email", "countess@example.com", "password", "a wrong password")
	phone.want("another address, with a wrong password", "401 /email", at, page)
	at, page = phone.post("/email", "email", "countess@example.com", "password", first)
	phone.want("another address", "200 / Hello, ada@example.com", at, page)
	confirm = s.sent("countess@example.com", "confirm_email")
	at, page = s.browser().fill(confirm)
	phone.want("confirmed", "200 /account/password/signin", at, page)
	s.sent("ada@example.com", "email_changed")
	phone.wantHome("after another address", "")
	at, page = s.browser().fill(confirm)
	phone.want("confirmed twice", "422 /email/confirm", at, page)
	at, page = phone.signIn("countess@example.com", first)
	phone.want("by the new address", "200 / Hello, countess@example.com", at, page)

	at, page = phone.post("/delete", "password", first)
	phone.want("deletion", "200 /account/password/signin", at, page)
	at, page = phone.signIn("countess@example.com", first)
	phone.want("who is deleted", "422 /account/password/signin", at, page)
	at, page = phone.post("/sign-up", "email", "countess@example.com", "name", "Another", "password", first)
	phone.want("the address is free again", "200 / Hello, countess@example.com", at, page)
	at, page = phone.post("/sign-out")
	phone.want("sign-out", "200 /account/password/signin", at, page)

	at, page = phone.post("/invite", "email", "grace@example.com", "name", "Grace Hopper")
	phone.want("an invitation by nobody", "401 /invite", at, page)
	root := s.browser()
	at, page = root.post("/sign-up", "email", "root@example.com", "name", "Root", "password", first)
	root.want("the administrator", "200 / Hello", at, page)
	at, page = root.post("/invite", "email", "grace@example.com", "name", "Grace Hopper")
	root.want("an invitation", "200 / Hello, root", at, page)
	grace := s.browser()
	at, page = grace.fill(s.sent("grace@example.com", "invitation"), "new_password", second)
	grace.want("it is accepted", "200 /account/password/done", at, page)
	at, page = grace.signIn("grace@example.com", second)
	grace.want("with her first password", "200 / Hello, grace@example.com", at, page)

	resp, err := s.browser().client.Post(s.url+"/delete", "application/x-www-form-urlencoded", nil)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("deletion by nobody: %v, %v", resp, err)
	}
}
