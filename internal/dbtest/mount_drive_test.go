package dbtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
)

const (
	mount     = "/account/password/"
	mountAPI  = mount + "api/v1/"
	formMedia = "application/x-www-form-urlencoded"
	jsonMedia = "application/json"
)

// browser talks to one server and keeps its cookies, also Secure ones: the tests
// speak plain http. Whatever is answered is written down, to be compared with what
// the other frameworks answer.
type browser struct {
	t       *testing.T
	shop    *openedShop
	origin  string
	cookies map[string]string
	sealed  string // what the last page's form was shown for
	log     strings.Builder
}

var sealedField = regexp.MustCompile(`name="form" value="([^"]*)"`)

// request is one request. A body needs a media type.
type request struct {
	method, path, media, body string
	header                    http.Header
}

type answer struct {
	*http.Response
	body string
}

func (b *browser) do(r request) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), r.method, b.origin+r.path, strings.NewReader(r.body))
	if err != nil {
		b.t.Fatal(err)
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	if r.media != "" {
		req.Header.Set("Content-Type", r.media)
	}
	for _, name := range slices.Sorted(mapKeys(b.cookies)) {
		req.AddCookie(&http.Cookie{Name: name, Value: b.cookies[name]})
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	a := answer{res, string(body)}
	if found := sealedField.FindStringSubmatch(a.body); found != nil {
		b.sealed = found[1]
	}
	written := a.written()
	if r.path == "/sign-in" && a.StatusCode >= 400 { // the host's own, which each framework words as it does
		written = fmt.Sprintln(a.StatusCode)
	}
	fmt.Fprintf(&b.log, "%s %s\n%s", r.method, random.ReplaceAllString(r.path, "…"), written)
	return a
}

func mapKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// random matches tokens, which differ from run to run.
var random = regexp.MustCompile(`[A-Za-z0-9_-]{22,}(\.[A-Za-z0-9_-]{20,})*`)

// hostPolicy is what the host's middleware sets. It is on answers of the library that
// have no policy of their own, and must not be on the others.
const hostPolicy = "no-referrer"

// transport headers are the server's business: how long a body is, and when it was.
var transport = []string{"Connection", "Content-Length", "Date", "Server", "Transfer-Encoding", "Set-Cookie"}

// written is all of an answer but what the server adds and what is random.
func (a answer) written() string {
	var lines []string
	for name, values := range a.Header {
		if !slices.Contains(transport, name) && !(name == "Referrer-Policy" && slices.Equal(values, []string{hostPolicy})) {
			lines = append(lines, fmt.Sprintf("%s: %q", name, values))
		}
	}
	for _, c := range a.Cookies() {
		lines = append(lines, fmt.Sprintf("cookie %s set %t path %s age %d http %t secure %t site %d domain %q",
			c.Name, c.Value != "", c.Path, c.MaxAge, c.HttpOnly, c.Secure, c.SameSite, c.Domain))
	}
	slices.Sort(lines)
	return fmt.Sprintf("%d\n%s\n%s\n\n", a.StatusCode, strings.Join(lines, "\n"), random.ReplaceAllString(a.body, "…"))
}

func form(pairs ...string) (media, body string) {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return formMedia, values.Encode()
}

func object(pairs ...string) (media, body string) {
	members := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		members[pairs[i]] = pairs[i+1]
	}
	data, _ := json.Marshal(members)
	return jsonMedia, string(data)
}

func (b *browser) get(path string) answer { return b.do(request{method: "GET", path: path}) }

func (b *browser) post(path string, media, body string) answer {
	return b.do(request{method: "POST", path: path, media: media, body: body})
}

// postForm and postJSON spare the callers two variables.
func (b *browser) postForm(path string, pairs ...string) answer {
	media, body := form(append(pairs, "form", b.sealed)...)
	return b.post(path, media, body)
}

func (b *browser) postJSON(path string, pairs ...string) answer {
	media, body := object(pairs...)
	return b.post(path, media, body)
}

func (b *browser) signIn(login, password string) answer {
	return b.postForm("/sign-in", "login", login, "password", password)
}

// wants checks the status and, if one is given, the Location or the code in the body.
func (b *browser) wants(a answer, status int, more string) {
	b.t.Helper()
	if a.StatusCode != status {
		b.t.Fatalf("%s %s: %d, want %d: %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.body[:min(len(a.body), 300)])
	}
	switch {
	case more == "":
	case status >= 300 && status < 400:
		if got := a.Header.Get("Location"); got != more {
			b.t.Fatalf("%s %s: leads to %q, want %q", a.Request.Method, a.Request.URL.Path, got, more)
		}
	case !strings.Contains(a.body, more):
		b.t.Fatalf("%s %s: no %q in %s", a.Request.Method, a.Request.URL.Path, more, a.body)
	}
}

// link returns the path and query of the link in the message that is due.
func (b *browser) link(kind passwd.MessageKind) string {
	b.t.Helper()
	for _, m := range b.shop.Deliver(b.t) {
		if m.Kind == kind {
			u, err := url.Parse(m.Link)
			if err != nil {
				b.t.Fatal(err)
			}
			if u.Scheme+"://"+u.Host != "https://app.example.com" {
				b.t.Errorf("the link leads to %s://%s", u.Scheme, u.Host)
			}
			return u.RequestURI()
		}
	}
	b.t.Fatalf("no message of kind %s", kind)
	return ""
}

// TestMount drives a shop in every framework, over HTTP, and compares what they
// answer: to the letter, but for what the server adds.
func TestMount(t *testing.T) {
	var want []string
	for _, f := range frameworks {
		t.Run(f.name, func(t *testing.T) {
			var got []string
			for _, drive := range drives {
				t.Run(drive.name, func(t *testing.T) {
					shop := openShop(t, passwd.Config{})
					b := &browser{t: t, shop: shop, origin: f.serve(t, shop.shop), cookies: map[string]string{}}
					drive.run(b)
					got = append(got, b.log.String())
				})
			}
			if want == nil {
				want = got
			}
			for i, drive := range drives {
				if i < len(got) && i < len(want) && got[i] != want[i] {
					t.Errorf("%s: differs from net/http: %s", drive.name, difference(got[i], want[i]))
				}
			}
		})
	}
}

// difference shows the first line that is not the same.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d, after\n%s\ngot  %s\nwant %s", i, strings.Join(g[max(0, i-12):i], "\n"), g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

var drives = []struct {
	name string
	run  func(*browser)
}{
	{"change by page", func(b *browser) {
		b.wants(b.get(mount+"change"), 303, "/sign-in?next=%2Faccount%2Fpassword%2Fchange")
		b.wants(b.signIn("ada", "not the one"), 401, "")
		b.wants(b.signIn("ada", adaPassword), 303, "/")
		b.wants(b.get("/orders"), 200, "No orders")
		first := b.cookies["session"]
		b.wants(b.get(mount+"change"), 200, "<form")
		head := b.do(request{method: "HEAD", path: mount + "change"})
		if b.wants(head, 200, ""); head.body != "" || !strings.HasPrefix(head.Header.Get("Content-Type"), "text/html") {
			b.t.Errorf("HEAD: %q and headers %v", head.body, head.Header)
		}
		b.wants(b.postForm(mount+"change", "current_password", "not the one", "new_password", newPassword), 303, mount+"change")
		b.wants(b.get(mount+"change"), 422, "Error:")
		b.wants(b.postForm(mount+"change", "current_password", adaPassword, "new_password", newPassword), 303, mount+"done")
		if b.cookies["session"] == first {
			b.t.Error("the session was not renewed")
		}
		b.wants(b.get(mount+"done"), 200, "")
		b.wants(b.get("/orders"), 200, "No orders")
		b.cookies["session"] = first
		b.wants(b.get(mount+"change"), 303, "/sign-in?next=%2Faccount%2Fpassword%2Fchange")
		clear(b.cookies)
		b.wants(b.signIn("ada", adaPassword), 401, "")
		b.wants(b.signIn("ada", newPassword), 303, "/")
	}},
	{"change by API", func(b *browser) {
		b.wants(b.postJSON(mountAPI+"change", "current_password", adaPassword, "new_password", newPassword), 401, "unauthenticated")
		b.wants(b.signIn("ada", adaPassword), 303, "/")
		b.wants(b.postJSON(mountAPI+"change", "current_password", "not the one", "new_password", newPassword), 403, "wrong_password")
		b.wants(b.postJSON(mountAPI+"change", "current_password", adaPassword, "new_password", "short"), 422, "password_rejected")
		if a := b.postJSON(mountAPI+"change", "current_password", adaPassword, "new_password", newPassword); a.body != "" {
			b.t.Errorf("a body: %q", a.body)
		} else {
			b.wants(a, 204, "")
		}
		b.wants(b.get("/orders"), 200, "No orders")
		b.wants(b.get(mountAPI+"policy"), 200, "passwordrules")
	}},
	{"reset", func(b *browser) {
		known := b.postJSON(mountAPI+"forgot", "login", "ada")
		b.wants(known, 202, "detail")
		link := b.link(passwd.MessageResetLink)
		unknown := b.postJSON(mountAPI+"forgot", "login", "nobody")
		if known.written() != unknown.written() {
			b.t.Error("an unknown login is answered otherwise")
		}
		b.wants(b.do(request{method: "HEAD", path: link}), 303, mount+"reset/new")
		clear(b.cookies)
		b.wants(b.get(link), 303, mount+"reset/new")
		if b.cookies["__Host-passwd-reset"] == "" {
			b.t.Fatal("no cookie")
		}
		b.wants(b.get(mount+"reset/new"), 200, "<form")
		b.wants(b.postForm(mount+"reset/new", "new_password", "short"), 303, mount+"reset/new")
		b.wants(b.get(mount+"reset/new"), 422, "Error:")
		b.wants(b.postForm(mount+"reset/new", "new_password", newPassword), 303, mount+"done?after=reset")
		if b.cookies["__Host-passwd-reset"] != "" {
			b.t.Error("the cookie stays")
		}
		b.wants(b.get(mount+"done?after=reset"), 200, "/sign-in")
		b.wants(b.signIn("ada", newPassword), 303, "/")
		b.wants(b.get(link), 303, mount+"reset/new")
		b.wants(b.get(mount+"reset/new"), 422, "")
	}},
	{"this was not me", func(b *browser) {
		b.wants(b.signIn("ada", adaPassword), 303, "/")
		b.wants(b.get(mount+"change"), 200, "<form")
		b.wants(b.postForm(mount+"change", "current_password", adaPassword, "new_password", newPassword), 303, mount+"done")
		link := b.link(passwd.MessagePasswordChanged)
		b.wants(b.get(link), 303, mount+"cancel")
		b.wants(b.get(mount+"cancel"), 200, "<form")
		a := b.postForm(mount + "cancel")
		b.wants(a, 303, mount+"done?after=cancel")
		taken := slices.DeleteFunc(a.Cookies(), func(c *http.Cookie) bool { return c.MaxAge >= 0 })
		if len(taken) != 2 {
			b.t.Errorf("cookies taken away: %v, want 2", taken)
		}
	}},
	{"forced by ticket", func(b *browser) {
		b.wants(b.signIn("grace", gracePassword), 303, mount+"forced?next=%2Forders")
		if b.cookies["session"] != "" || b.cookies["__Host-passwd-ticket"] == "" {
			b.t.Fatalf("cookies %v", b.cookies)
		}
		b.wants(b.get("/orders"), 401, "")
		b.wants(b.get(mount+"forced?next=%2Forders"), 200, "<form")
		b.wants(b.postForm(mount+"forced", "new_password", lastPassword, "next", "/orders"), 303, mount+"done?after=forced&next=%2Forders")
		b.wants(b.signIn("grace", lastPassword), 303, "/")
		b.wants(b.get("/orders"), 200, "No orders")
	}},
	{"forced by session", func(b *browser) {
		b.wants(b.signIn("ada", adaPassword), 303, "/")
		b.shop.mustChange(b.t, b.shop.ada)
		page := http.Header{"Accept": {"text/html"}}
		b.wants(b.do(request{method: "GET", path: "/orders?of=2026", header: page}), 303, mount+"forced?next=%2Forders%3Fof%3D2026")
		b.wants(b.do(request{method: "HEAD", path: "/orders", header: page}), 303, mount+"forced?next=%2Forders")
		b.wants(b.get("/orders"), 403, "password_change_required")
		b.wants(b.postJSON("/orders"), 403, "password_change_required")
		b.wants(b.get(mount+"forced"), 200, "<form")
		b.wants(b.get("/.well-known/change-password"), 303, mount+"change")
		b.wants(b.postForm(mount+"forced", "current_password", adaPassword, "new_password", newPassword, "next", "/orders"), 303, mount+"done")
		b.wants(b.get(mount+"done"), 200, `href="/orders"`)
		b.wants(b.do(request{method: "GET", path: "/orders", header: page}), 200, "No orders")
	}},
	{"refusals", func(b *browser) {
		b.wants(b.signIn("ada", adaPassword), 303, "/")
		media, body := form("current_password", adaPassword, "new_password", newPassword)
		foreign := func(header http.Header) answer {
			return b.do(request{method: "POST", path: mount + "change", media: media, body: body, header: header})
		}
		b.wants(foreign(http.Header{"Sec-Fetch-Site": {"cross-site"}}), 403, "")
		b.wants(foreign(http.Header{"Origin": {"https://elsewhere.example"}}), 403, "")
		apiMedia, apiBody := object("current_password", adaPassword, "new_password", newPassword)
		b.wants(b.do(request{
			method: "POST", path: mountAPI + "change", media: apiMedia, body: apiBody,
			header: http.Header{"Sec-Fetch-Site": {"same-site"}},
		}), 403, "cross_origin")

		for path, allow := range map[string]string{
			mount + "change": "GET, HEAD, POST", mount + "done": "GET, HEAD", mountAPI + "change": "POST", mountAPI + "policy": "GET, HEAD, POST",
			"/.well-known/change-password": "GET, HEAD", "/v1/password/remind": "POST",
		} {
			for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS"} {
				before := b.log.Len()
				a := b.do(request{method: method, path: path})
				if a.StatusCode != 405 || a.Header.Get("Allow") != allow {
					b.t.Errorf("%s %s: %d, Allow %q, want %q", method, path, a.StatusCode, a.Header.Get("Allow"), allow)
				}
				b.rewind(before) // a map has no order
			}
		}
		b.wants(b.get(mountAPI+"change"), 405, "method_not_allowed")
		b.wants(b.post(mountAPI+"forgot", jsonMedia, `{"login":"`+strings.Repeat("a", 17<<10)+`"}`), 413, "too_large")
		b.wants(b.post(mount+"forgot", formMedia, "login="+strings.Repeat("a", 17<<10)), 413, "")
		b.wants(b.post(mountAPI+"forgot", "text/plain", `{"login":"ada"}`), 415, "unsupported_media_type")
		b.wants(b.post(mountAPI+"forgot", formMedia, "login=ada"), 415, "unsupported_media_type")
		b.wants(b.post(mount+"forgot", jsonMedia, `{"login":"ada"}`), 415, "")
		b.wants(b.post(mountAPI+"forgot", jsonMedia, `{"login":"ada","login":"grace"}`), 400, "malformed_request")
		b.wants(b.get(mount+"nothing"), 404, "")
		b.wants(b.get(mountAPI+"nothing"), 404, "not_found")
		b.wants(b.get(mount+"Change"), 404, "")
	}},
	{"well-known", func(b *browser) {
		b.wants(b.get("/.well-known/change-password"), 303, mount+"change")
		b.wants(b.do(request{method: "HEAD", path: "/.well-known/change-password"}), 303, mount+"change")
		b.wants(b.get("/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"), 404, "")
		a := b.get("/some/page/of/the/app")
		if b.wants(a, 200, "<title>Shop"); a.Header.Get("Referrer-Policy") != hostPolicy {
			b.t.Errorf("the host's middleware is not around its own pages: %v", a.Header)
		}
		b.wants(b.get("/Account/password/change"), 200, "<title>Shop") // paths have a case
	}},
	{"wire format", func(b *browser) {
		a := b.postForm("/v1/oauth/token", "grant_type", "client_credentials", "client_id", "app", "client_secret", appSecret)
		b.wants(a, 200, "access_token")
		var granted struct {
			Token string `json:"access_token"`
		}
		if err := json.Unmarshal([]byte(a.body), &granted); err != nil {
			b.t.Fatal(err)
		}
		media, body := form("email", "ada@example.com")
		bearer := http.Header{"Authorization": {"Bearer " + granted.Token}}
		b.wants(b.do(request{method: "POST", path: "/v1/password/remind", media: media, body: body, header: bearer}), 200, "reminder_sent")
		b.link(passwd.MessageResetLink)
		b.wants(b.postForm("/v1/password/remind", "email", "ada@example.com"), 401, "unauthorized")
	}},
	{"client address", func(b *browser) {
		behind := http.Header{
			"X-Forwarded-For": {"203.0.113.9, 198.51.100.7, 10.1.2.3"}, "User-Agent": {"a browser"},
			"X-Real-Ip": {"203.0.113.9"}, "Forwarded": {"for=203.0.113.9"}, "X-Forwarded-Host": {"elsewhere.example"},
		}
		media, body := object("login", "ada")
		b.wants(b.do(request{method: "POST", path: mountAPI + "forgot", media: media, body: body, header: behind}), 202, "")
		media, body = form("login", "ada", "password", "not the one")
		b.wants(b.do(request{method: "POST", path: "/sign-in", media: media, body: body, header: behind}), 401, "")
		b.link(passwd.MessageResetLink)
		seen := 0
		for _, e := range b.shop.Events.All() {
			if !e.Client.Addr.IsValid() {
				continue
			}
			if seen++; e.Client.Addr.String() != "198.51.100.7" || e.Client.UserAgent != "a browser" {
				b.t.Errorf("event %s is of %v, %q", e.Name, e.Client.Addr, e.Client.UserAgent)
			}
		}
		if seen < 2 {
			b.t.Errorf("%d events say where from", seen)
		}
		var notice bytes.Buffer
		for _, m := range b.shop.Mail.All() {
			fmt.Fprintf(&notice, "%+v", m)
		}
		if strings.Contains(notice.String(), "elsewhere.example") {
			b.t.Error("a message has the host of a header in it")
		}
	}},
}

// rewind forgets what has been written down since.
func (b *browser) rewind(length int) {
	kept := b.log.String()[:length]
	b.log.Reset()
	b.log.WriteString(kept)
}
