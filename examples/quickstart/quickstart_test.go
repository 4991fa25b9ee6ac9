//go:build unix

package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/testrun"
)

const password = "Analytical-Engine-1843"

// TestQuickstart builds the program, and does what people do with such an app.
func TestQuickstart(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "quickstart")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), testrun.Patience(t))
	defer cancel()
	cmd := exec.CommandContext(ctx, binary)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	origin := find(t, lines, `^open (http://127\.0\.0\.1:\d+)/ and sign in as ada, `+password+`$`)
	b := &browser{t: t, origin: origin, cookies: map[string]string{}}
	const mount, next, last = "/account/password", "Difference-Engine-1822", "Tabulating-Machine-1890"
	signIn := func(password string) string {
		return b.form(mount+"/signin", url.Values{"login": {"ada"}, "password": {password}, "next": {"/"}})
	}

	// Nobody, a wrong password, and ada.
	b.want("home of nobody", b.get("/"), "303 "+mount+"/signin")
	b.want("wrong password", signIn("not it at all"), "303 "+mount+"/signin?next=%2F")
	b.want("sign-in", signIn(password), "303 "+mount+"/done?after=signin")
	b.want("home", b.get("/"), "200 Hello, account 1\n")
	b.want("well-known", b.get("/.well-known/change-password"), "303 "+mount+"/change")

	// A change keeps her signed in here, and signs her out elsewhere.
	elsewhere := &browser{t: t, origin: origin, cookies: maps.Clone(b.cookies)}
	b.want("change", b.form(mount+"/change", url.Values{"current_password": {password}, "new_password": {next}}), "303 "+mount+"/done")
	b.want("home after a change", b.get("/"), "200 Hello, account 1\n")
	b.want("the cookie of before", elsewhere.get("/"), "303 "+mount+"/signin")
	b.want("devices", b.json("GET", mount+"/api/v1/devices", ""), "200 1 device")

	// A reset ends all sessions.
	b.want("forgot", b.form(mount+"/forgot", url.Values{"login": {"ada"}}), "303 "+mount+"/forgot/sent")
	link, err := url.Parse(find(t, lines, `^reset_link to ada@example\.com: (\S+)$`))
	if err != nil {
		t.Fatal(err)
	}
	token := link.Query().Get("token")
	b.want("reset", b.json("POST", mount+"/api/v1/reset", fmt.Sprintf(`{"token": %q, "new_password": %q}`, token, last)), "204 ")
	b.want("home after a reset", b.get("/"), "303 "+mount+"/signin")
	b.want("sign-in by the API", b.json("POST", mount+"/api/v1/signin", fmt.Sprintf(`{"login": "ada", "password": %q}`, last)), "204 ")
	b.want("home", b.get("/"), "200 Hello, account 1\n")

	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // to the end, before Wait closes the pipe
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it did not end cleanly: %v", err)
	}
}

// TestLines holds the program to what its first comment says.
func TestLines(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	n := strings.Count(string(source), "\n")
	if want := fmt.Sprintf("// %d lines: ", n); !strings.HasPrefix(string(source), want) || n >= 60 {
		t.Errorf("it has %d lines, and does not begin with %q, or has 60 or more", n, want)
	}
}

// find reads on until a line matches and returns the first group.
func find(t *testing.T, lines *bufio.Scanner, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for lines.Scan() {
		if m := re.FindStringSubmatch(lines.Text()); m != nil {
			return m[1]
		}
	}
	t.Fatalf("no line matches %s", pattern)
	return ""
}

// browser keeps cookies, and sends them over plain http as browsers do to this machine.
type browser struct {
	t       *testing.T
	origin  string
	cookies map[string]string
}

func (b *browser) want(what, got, want string) {
	b.t.Helper()
	if got != want {
		b.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func (b *browser) get(path string) string { return b.do("GET", path, "", "") }

// form fills in the form of a page.
func (b *browser) form(path string, fields url.Values) string {
	b.t.Helper()
	shown := regexp.MustCompile(`name="form" value="([^"]*)"`).FindStringSubmatch(b.get(path))
	if shown != nil {
		fields.Set("form", shown[1])
	}
	return b.do("POST", path, "application/x-www-form-urlencoded", fields.Encode())
}

func (b *browser) json(method, path, body string) string {
	b.t.Helper()
	got := b.do(method, path, "application/json", body)
	if n := strings.Count(got, `"id":`); n > 0 {
		return fmt.Sprintf("%s %d device", got[:3], n)
	}
	return got
}

// do returns the status and where the reply leads, or what it says.
func (b *browser) do(method, path, contentType, body string) string {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.origin+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	for name, value := range b.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return fmt.Sprint(res.StatusCode, " ", cmp.Or(res.Header.Get("Location"), string(text)))
}
