package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	driver "github.com/go-sql-driver/mysql"
	"github.com/passwd-go/passwd"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

const first, second, third = "notes on the analytical engine", "weaving algebraical patterns", "a loom for flowers and leaves"

// site is the app on a database of its own.
type site struct {
	t    *testing.T
	app  *app
	api  string
	mu   sync.Mutex
	mail []string // "to text"
}

// database makes an empty one, which goes with the test.
func database(t *testing.T) *gorm.DB {
	t.Helper()
	address := os.Getenv("PASSWD_TEST_MARIADB")
	if address == "" {
		address = "root@tcp(127.0.0.1:3306)/test"
	}
	config, err := driver.ParseDSN(address)
	if err != nil {
		t.Fatal(err)
	}
	config.DBName = ""
	admin, err := sql.Open("mysql", config.FormatDSN())
	if err == nil {
		err = admin.PingContext(t.Context())
	}
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("PASSWD_TEST_REQUIRE"), ","), "mariadb") {
			t.Fatalf("mariadb is required: %v", err)
		}
		t.Skipf("needs mariadb: %v", err)
	}
	config.DBName, config.ParseTime = fmt.Sprintf("passwd_spa_%d", os.Getpid()), true
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+config.DBName); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		admin.ExecContext(context.Background(), "DROP DATABASE "+config.DBName)
		admin.Close()
	})
	db, err := gorm.Open(mysql.Open(config.FormatDSN()), &gorm.Config{TranslateError: true, Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if pool, err := db.DB(); err == nil {
			pool.Close()
		}
	})
	return db
}

const origin = "https://shop.example.com"

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t}
	db := database(t)
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	a, err := newApp(t.Context(), db, origin, server.URL, func(to, text string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mail = append(s.mail, to+" "+text)
	})
	if err != nil {
		t.Fatal(err)
	}
	handler, s.app, s.api = a.routes(), a, server.URL
	return s
}

// sent delivers what is queued and takes the mail; it has to be one for the address, of
// the kind. It returns the token of its link, which has to lead to the route, or the code.
func (s *site) sent(to, kind, route string) string {
	s.t.Helper()
	if _, err := s.app.service.Work(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	mail := s.mail
	s.mail = nil
	for _, m := range mail {
		text, ok := strings.CutPrefix(m, to+" "+kind)
		if text = strings.TrimSpace(text); !ok {
			continue
		}
		if route == "" {
			return text
		}
		token, ok := strings.CutPrefix(text, origin+"/#"+route+"?token=")
		if token, _ = url.QueryUnescape(token); ok && token != "" {
			return token
		}
	}
	s.t.Fatalf("no %s to %s in %q", kind, to, mail)
	return ""
}

// device is an app that keeps tokens.
type device struct {
	*site
	access, refresh string
	reply           map[string]any
}

func (s *site) device() *device { return &device{site: s} }

type body = map[string]string

// ask returns "200", or the status and code of a problem: "401 wrong_credentials".
func (d *device) ask(method, path, bearer string, in body) string {
	d.t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		d.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.api+path, bytes.NewReader(text))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", origin)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer reply.Body.Close()
	if got := reply.Header.Get("Access-Control-Allow-Origin"); got != origin {
		d.t.Errorf("%s: the page may not read the reply", path)
	}
	d.reply = map[string]any{}
	json.NewDecoder(reply.Body).Decode(&d.reply)
	if token, ok := d.reply["access_token"].(string); ok {
		d.access, d.refresh = token, d.reply["refresh_token"].(string)
	}
	code, _ := d.reply["code"].(string)
	return strings.TrimSpace(fmt.Sprint(reply.StatusCode, " ", code))
}

const api = "/password/api/v1/"

func (d *device) want(what, want, path string, in body) {
	d.t.Helper()
	method := http.MethodPost
	if in == nil {
		method = http.MethodGet
	}
	if got := d.ask(method, path, d.access, in); got != want {
		d.t.Fatalf("%s: %s %v, want %s", what, got, d.reply, want)
	}
}

func (d *device) wantMe(what, email string) {
	d.t.Helper()
	if email == "" {
		d.want(what, "401 unauthenticated", "/me", nil)
		return
	}
	d.want(what, "200", "/me", nil)
	if d.reply["email"] != email {
		d.t.Errorf("%s: %v", what, d.reply)
	}
}

// TestLifeOfAPassword goes through all that the app has, on a real database.
func TestLifeOfAPassword(t *testing.T) {
	s := newSite(t)
	ada := s.device()
	ada.want("a weak password", "422 password_rejected", "/sign-up", body{"email": "Ada@Example.com", "name": "Ada Lovelace", "password": "short"})
	if !strings.Contains(fmt.Sprint(ada.reply), "#/password") {
		t.Errorf("it says %v", ada.reply)
	}
	var n int64
	if err := s.app.db.Model(&user{}).Count(&n).Error; err != nil || n != 0 {
		t.Errorf("%d users without a password (%v)", n, err)
	}
	ada.want("sign-up", "200", "/sign-up", body{"email": "Ada@Example.com", "name": "Ada Lovelace", "password": first})
	ada.wantMe("after it", "ada@example.com")
	s.device().want("once more", "409 login_taken", "/sign-up", body{"email": "ADA@example.com", "name": "Eve", "password": second})
	s.device().want("no JSON that is one", "400 malformed_request", "/sign-up", body{"email": strings.Repeat("a", 70<<10)})
	confirm := s.sent("ada@example.com", "confirm_email", "/confirm")
	ada.want("it is confirmed", "204", "/email/confirm", body{"token": confirm})

	ada.want("change", "204", api+"change", body{"current_password": first, "new_password": second})
	s.sent("ada@example.com", "password_changed", "/cancel")
	ada.wantMe("after the change", "ada@example.com")
	if got := ada.ask(http.MethodPost, "/refresh", ada.refresh, body{}); got != "200" {
		t.Errorf("refresh: %s", got)
	}
	ada.wantMe("with a fresh token", "ada@example.com")
	if got := ada.ask(http.MethodPost, "/refresh", ada.access, body{}); got == "200" {
		t.Error("an access token refreshes")
	}

	phone := s.device()
	phone.want("the old password", "401 wrong_credentials", api+"signin", body{"login": "ADA@EXAMPLE.COM", "password": first})
	phone.want("the new password", "200", api+"signin", body{"login": "ADA@EXAMPLE.COM", "password": second})
	ada.want("devices", "200", api+"devices", nil)
	ada.want("the other devices are ended", "200", api+"devices/end-others", body{})
	phone.wantMe("on a device that was ended", "")

	phone = s.device()
	phone.want("forgot", "202", api+"forgot", body{"login": "ada@example.com"})
	link := s.sent("ada@example.com", "reset_link", "/reset")
	phone.want("the link is good", "204", api+"reset/check", body{"token": link})
	phone.want("reset", "204", api+"reset", body{"token": link, "new_password": third})
	s.sent("ada@example.com", "password_reset", "/cancel")
	ada.wantMe("after a reset elsewhere", "")
	phone.want("forgot, by a code", "202", api+"forgot/code", body{"login": "ada@example.com"})
	phone.want("the code", "200", api+"reset/code", body{"request_id": phone.reply["request_id"].(string), "code": s.sent("ada@example.com", "reset_code", "")})
	phone.want("reset", "204", api+"reset", body{"token": phone.reply["token"].(string), "new_password": second})
	cancel := s.sent("ada@example.com", "password_reset", "/cancel")
	phone.want("it was not her", "204", api+"cancel", body{"token": cancel})
	phone.want("with what a stranger has set", "401 wrong_credentials", api+"signin", body{"login": "ada@example.com", "password": second})
	phone.want("forgot", "202", api+"forgot", body{"login": "ada@example.com"})
	phone.want("reset", "204", api+"reset", body{"token": s.sent("ada@example.com", "reset_link", "/reset"), "new_password": third})

	var u user
	if err := s.app.db.First(&u).Error; err != nil {
		t.Fatal(err)
	}
	must := passwd.RequireChange{Account: u.ref(), Reason: passwd.Administrator}
	phone.want("sign-in", "200", api+"signin", body{"login": "ada@example.com", "password": third})
	if err := s.app.service.RequireChange(t.Context(), must); err != nil {
		t.Fatal(err)
	}
	phone.want("the app's own, for who must change it", "403 password_change_required", "/me", nil)
	phone.want("who must change it", "403 password_change_required", api+"signin", body{"login": "ada@example.com", "password": third})
	phone.want("forced change", "204", api+"change-required", body{"ticket": phone.reply["ticket"].(string), "new_password": first})
	phone.want("sign-in", "200", api+"signin", body{"login": "ada@example.com", "password": first})
	phone.wantMe("after the forced change", "ada@example.com")

	phone.want("another address, with a wrong password", "401 wrong_credentials", "/email", body{"email": "countess@example.com", "password": second})
	phone.want("another address", "204", "/email", body{"email": "countess@example.com", "password": first})
	confirm = s.sent("countess@example.com", "confirm_email", "/confirm")
	phone.want("confirmed", "204", "/email/confirm", body{"token": confirm})
	s.sent("ada@example.com", "email_changed", "")
	phone.wantMe("after another address", "")
	phone.want("confirmed twice", "422 invalid_token", "/email/confirm", body{"token": confirm})
	phone.want("by the new address", "200", api+"signin", body{"login": "countess@example.com", "password": first})
	// What GORM has read earlier does not bring an old hash back.
	if err := s.app.db.Save(&user{ID: u.ID, Email: "countess@example.com", Name: "Ada King", EmailVerifiedAt: u.EmailVerifiedAt, PasswordHash: u.PasswordHash}).Error; err != nil {
		t.Fatal(err)
	}
	phone.want("after Save", "200", api+"signin", body{"login": "countess@example.com", "password": first})

	phone.want("deletion, with a wrong password", "401 wrong_credentials", "/delete", body{"password": second})
	phone.want("deletion", "204", "/delete", body{"password": first})
	phone.wantMe("who is deleted", "")
	phone.want("sign-in", "401 wrong_credentials", api+"signin", body{"login": "countess@example.com", "password": first})
	phone.want("the address is free again", "200", "/sign-up", body{"email": "countess@example.com", "name": "Another", "password": first})
	phone.want("sign-out", "204", api+"signout", body{})
	phone.wantMe("after it", "")

	s.device().want("an invitation by nobody", "401 unauthenticated", "/invite", body{"email": "grace@example.com", "name": "Grace Hopper"})
	root := s.device()
	root.want("the administrator", "200", "/sign-up", body{"email": "root@example.com", "name": "Root", "password": first})
	root.want("an invitation", "204", "/invite", body{"email": "grace@example.com", "name": "Grace Hopper"})
	root.want("once more", "409 login_taken", "/invite", body{"email": "grace@example.com", "name": "Grace Hopper"})
	grace := s.device()
	grace.want("it is accepted", "204", api+"invitation", body{"token": s.sent("grace@example.com", "invitation", "/welcome"), "new_password": second})
	grace.want("with her first password", "200", api+"signin", body{"login": "grace@example.com", "password": second})
	grace.want("an invitation by her", "401 unauthenticated", "/invite", body{"email": "eve@example.com", "name": "Eve"})
	s.device().want("deletion by nobody", "401 unauthenticated", "/delete", body{"password": first})
}

// A page of another origin gets nothing that it can read, and sends nothing.
func TestAnotherOrigin(t *testing.T) {
	s := newSite(t)
	for method, want := range map[string]int{http.MethodPost: http.StatusForbidden, http.MethodOptions: 0} {
		r, err := http.NewRequestWithContext(t.Context(), method, s.api+api+"forgot", strings.NewReader(`{"login":"ada@example.com"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", "https://other.example.com")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		reply, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		reply.Body.Close()
		if want != 0 && reply.StatusCode != want || reply.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v", method, reply.StatusCode, reply.Header)
		}
	}
}
