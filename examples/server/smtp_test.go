//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/cookiejar"
	netmail "net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/passwd-go/passwd/internal/testrun"
)

// postOffice is an SMTP server that hands on what it takes, or refuses it.
type postOffice struct{ taken chan string }

func (p postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return p, nil }
func (postOffice) Mail(string, *smtp.MailOptions) error          { return nil }
func (postOffice) Rcpt(string, *smtp.RcptOptions) error          { return nil }
func (postOffice) Reset()                                        {}
func (postOffice) Logout() error                                 { return nil }
func (p postOffice) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	p.taken <- string(data)
	return err
}

func openPostOffice(t *testing.T, address string) (postOffice, net.Listener) {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	p := postOffice{make(chan string, 16)}
	srv := smtp.NewServer(p)
	srv.Domain = "localhost"
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return p, ln
}

// TestSMTP asks for a link while the mail server is down, and follows the one that
// arrives when it is up again.
func TestSMTP(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	ln.Close() // nobody is at home
	s := serve(t, "-smtp", "insecure-smtp://"+address)
	s.want(s.post(mount+"/api/v1/forgot", "", "login", "ada"), http.StatusAccepted, "") // which waits for no mail server
	s.await("notification.failed")
	office, _ := openPostOffice(t, address)

	var text string
	select {
	case data := <-office.taken:
		text = plainText(t, data)
	case <-time.After(testrun.Patience(t)):
		t.Fatal("no mail")
	}
	shown := s.mail("ada@example.com", "reset_link", 1)
	if shown.Text != text {
		t.Errorf("sent %q, shown %q", text, shown.Text)
	}
	link, err := url.Parse(regexp.MustCompile(`http://\S+`).FindString(text))
	if err != nil {
		t.Fatal(err)
	}
	s.want(s.post(mount+"/api/v1/reset", "", "token", link.Query().Get("token"), "new_password", "Difference-Engine-1822"), http.StatusNoContent, "")
}

// plainText is the text of a mail with an alternative in HTML.
func plainText(t *testing.T, data string) string {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	part, err := multipart.NewReader(m.Body, params["boundary"]).NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(part))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// await waits for an event of this name.
func (s *running) await(name string) {
	s.t.Helper()
	testrun.Until(s.t, func() bool {
		var all []event
		if err := json.Unmarshal([]byte(s.call("GET", "/dev/events", "", "").body), &all); err != nil {
			s.t.Fatal(err)
		}
		return slices.ContainsFunc(all, func(e event) bool { return e.Name == name })
	}, func() string { return "no event " + name })
}

func TestBadSMTP(t *testing.T) {
	var out lockedBuffer
	if code := execute(t.Context(), []string{"-addr", "127.0.0.1:0", "-smtp", "http://u:hunter2@localhost"}, io.Discard, &out); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if text := out.String(); strings.Count(text, "\n") != 1 || strings.Contains(text, "hunter2") {
		t.Errorf("said %q", text)
	}
}

// TestDevices signs in on two browsers, is led back to the page that asked for it,
// and ends one session from the other.
func TestDevices(t *testing.T) { onEach(t, testDevices) }

func testDevices(t *testing.T, s *running) {
	browser := func() *http.Client {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Jar: jar}
		res, err := client.PostForm(s.origin+"/sign-in?next="+url.QueryEscape(mount+"/devices"), url.Values{"login": {"ada"}, "password": {"Analytical-Engine-1843"}})
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.Request.URL.Path != mount+"/devices" || res.StatusCode != http.StatusOK {
			t.Fatalf("led to %s, %d", res.Request.URL, res.StatusCode)
		}
		return client
	}
	one, other := browser(), browser()
	page := text(t, one, s.origin+mount+"/devices")
	ids := regexp.MustCompile(`name="([a-z]+)" value="([0-9a-f-]{36})"`).FindAllStringSubmatch(page, -1)
	if len(ids) != 1 {
		t.Fatalf("%d sessions can be ended, want that of the other browser:\n%s", len(ids), page)
	}
	bound := regexp.MustCompile(`name="form" value="([^"]+)"`).FindStringSubmatch(page)
	if bound == nil {
		t.Fatalf("the form is bound to nobody:\n%s", page)
	}
	res, err := one.PostForm(s.origin+mount+"/devices", url.Values{"form": {bound[1]}, ids[0][1]: {ids[0][2]}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got := text(t, other, s.origin+"/"); !strings.Contains(got, "Nobody is signed in") {
		t.Error("the other browser is still signed in")
	}
	if got := text(t, one, s.origin+"/"); !strings.Contains(got, "Signed in as") {
		t.Error("this browser was signed out")
	}
}

func text(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestOpenAPI(t *testing.T) {
	s := serve(t)
	for path, want := range map[string]int{
		"/dev/openapi/grant.json": 200, "/dev/openapi/profile.json": 200, "/dev/openapi/signin.json": 200,
		"/dev/openapi/remind.json": 200, "/dev/openapi/brand.json": 200, mount + "/api/v1/openapi.json": 200,
		"/dev/openapi/other.json": 404, "/dev/openapi/grant": 404,
	} {
		got := s.call("GET", path, "", "")
		if got.status != want {
			t.Errorf("%s: %d, want %d", path, got.status, want)
			continue
		}
		var document struct{ OpenAPI string }
		if err := json.Unmarshal([]byte(got.body), &document); want == 200 && (err != nil || document.OpenAPI == "") {
			t.Errorf("%s: %v, version %q", path, errors.Join(err), document.OpenAPI)
		}
	}
}
