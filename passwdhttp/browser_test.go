package passwdhttp_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

const origin = "https://app.example.com"

// newPages mounts pages and API as a host does whose sessions are cookies.
func newPages(t *testing.T, svc passwd.Config, cfg passwdhttp.Config) *site {
	t.Helper()
	s := newSite(t, svc, passwdhttp.Config{})
	cfg.Service = s.Service
	if cfg.Authenticate == nil {
		cfg.Authenticate = s.byCookie
	}
	s.mount(t, cfg)
	return s
}

func (s *site) byCookie(r *http.Request) (passwdhttp.Principal, error) {
	c, err := r.Cookie("session")
	if err != nil {
		return passwdhttp.Principal{}, passwd.ErrUnauthenticated
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[c.Value], nil
}

// renew gives the session of a cookie a new name and the new epoch.
func (s *site) renew(w http.ResponseWriter, r *http.Request, done passwd.Written) error {
	c, err := r.Cookie("session")
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.sessions[c.Value]
	delete(s.sessions, c.Value)
	p.Epoch = done.Epoch
	s.sessions["renewed"] = p
	http.SetCookie(w, &http.Cookie{Name: "session", Value: "renewed", Path: "/"})
	return nil
}

// browser keeps cookies, follows no redirect by itself, and sends forms as
// browsers do.
type browser struct {
	s        *site
	jar      http.CookieJar
	language string
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // unreachable: there are no options
	}
	return &browser{s: s, jar: jar}
}

// signedIn opens a session in a browser.
func (s *site) signedIn(t *testing.T) *browser {
	t.Helper()
	b := s.browser()
	b.set(&http.Cookie{Name: "session", Value: s.signIn(t, "ada", current), Path: "/", Secure: true})
	return b
}

func (b *browser) set(c *http.Cookie) {
	u, _ := url.Parse(origin)
	b.jar.SetCookies(u, []*http.Cookie{c})
}

func (b *browser) cookie(name string) string {
	u, _ := url.Parse(origin)
	for _, c := range b.jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *browser) get(t *testing.T, target string) *page {
	t.Helper()
	return b.do(t, b.request("GET", target, nil), nil)
}

// post fills in the form of a page and sends it. What is wrong with a form comes by a
// redirect to the page itself, which is followed.
func (b *browser) post(t *testing.T, target string, fields map[string]string) *page {
	t.Helper()
	if _, given := fields["form"]; !given {
		if bound := b.bound(t, target); bound != "" {
			fields = maps.Clone(fields)
			if fields == nil {
				fields = map[string]string{}
			}
			fields["form"] = bound
		}
	}
	return b.send(t, target, fields)
}

// send sends a form as it is given, and follows where that leads back to its page.
func (b *browser) send(t *testing.T, target string, fields map[string]string) *page {
	t.Helper()
	r := b.request("POST", target, fields)
	p := b.do(t, r, fields)
	if path, query, _ := strings.Cut(p.Header().Get("Location"), "?"); p.Code == http.StatusSeeOther && path == r.URL.Path && !strings.HasPrefix(query, "after=") {
		return p.follow(t)
	}
	return p
}

// bound returns what binds the form of a page; "" if it has none now.
func (b *browser) bound(t *testing.T, target string) string {
	t.Helper()
	r := b.request("GET", target, nil)
	w := httptest.NewRecorder()
	b.s.handler.ServeHTTP(w, r)
	b.jar.SetCookies(r.URL, w.Result().Cookies())
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		return ""
	}
	return hidden(parse(t, w.Body.String()), "form")
}

// hiddenIn is hidden, in a page as it is sent.
func hiddenIn(html, name string) string {
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(html)
	if found == nil {
		return ""
	}
	return found[1]
}

// hidden returns the value of the first hidden field of a name.
func hidden(nodes []node, name string) string {
	for _, n := range nodes {
		if n.name == "input" && n.attrs["type"] == "hidden" && n.attrs["name"] == name {
			return n.attrs["value"]
		}
	}
	return ""
}

func (b *browser) request(method, target string, fields map[string]string) *http.Request {
	if !strings.HasPrefix(target, "/") {
		target = base + "/" + target
	}
	form := url.Values{}
	for name, value := range fields {
		form.Set(name, value)
	}
	r := httptest.NewRequest(method, origin+target, strings.NewReader(form.Encode()))
	r.RemoteAddr = "192.0.2.7:4711"
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if b.language != "" {
		r.Header.Set("Accept-Language", b.language)
	}
	for _, c := range b.jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	return r
}

var typedAgain = regexp.MustCompile(`<input type="[a-z]+" id="(login|code)" [^>]*>`)

// page is an answer that has passed the checks of do.
type page struct {
	*httptest.ResponseRecorder
	nodes []node
	b     *browser
}

// node is an element with the text in it.
type node struct {
	name  string
	attrs map[string]string
	text  string
}

// do makes a request and checks what holds for every page: its headers, that
// nothing submitted and no token is in it (I7), and that its HTML makes sense.
func (b *browser) do(t *testing.T, r *http.Request, submitted map[string]string) *page {
	t.Helper()
	for name, v := range submitted {
		if len(v) > 5 && name != "next" && name != "end" && name != "form" {
			b.s.secrets = append(b.s.secrets, v)
		}
	}
	if token := r.URL.Query().Get("token"); len(token) > 5 {
		b.s.secrets = append(b.s.secrets, token)
	}
	w := httptest.NewRecorder()
	b.s.handler.ServeHTTP(w, r)
	b.jar.SetCookies(r.URL, w.Result().Cookies())
	p := &page{ResponseRecorder: w, b: b}
	name := fmt.Sprintf("%s %s: %d", r.Method, r.URL.Path, w.Code)
	h := w.Header()
	for header, want := range map[string]string{
		"Cache-Control":          "no-store",
		"Referrer-Policy":        "strict-origin",
		"X-Content-Type-Options": "nosniff",
		"X-Robots-Tag":           "noindex",
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
			"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	} {
		if got := h.Values(header); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %s %q", name, header, got)
		}
	}
	for _, c := range w.Result().Cookies() {
		if strings.Contains(c.Name, "passwd") && (!strings.HasPrefix(c.Name, "__Host-") || !c.HttpOnly || !c.Secure ||
			c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "") {
			t.Errorf("%s: cookie %v", name, c)
		}
	}
	// A login or a code that something is wrong with may be put right.
	whole := typedAgain.ReplaceAllString(w.Body.String(), "") + h.Get("Location")
	for _, secret := range b.s.secrets {
		if strings.Contains(whole, secret) {
			t.Errorf("%s: has %q in it", name, secret)
		}
	}
	if w.Code == http.StatusSeeOther {
		if w.Body.Len() > 0 {
			t.Errorf("%s: body %q", name, w.Body)
		}
		return p
	}
	if (h.Get("WWW-Authenticate") != "") != (w.Code == 401) {
		t.Errorf("%s: WWW-Authenticate %q", name, h.Get("WWW-Authenticate"))
	}
	if got := h.Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Fatalf("%s: Content-Type %q: %s", name, got, w.Body)
	}
	if h.Get("Content-Language") == "" || h.Get("Vary") != "Accept-Language" {
		t.Errorf("%s: headers %v", name, h)
	}
	p.nodes = parse(t, w.Body.String())
	p.inspect(t, name)
	return p
}

// parse reads HTML whose void elements are the only ones left open.
func parse(t *testing.T, html string) []node {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(html))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var nodes []node
	var open []int
	for {
		token, err := d.Token()
		if err == io.EOF {
			return nodes
		}
		if err != nil {
			t.Fatalf("%v in %s", err, html)
		}
		switch token := token.(type) {
		case xml.StartElement:
			n := node{name: token.Name.Local, attrs: map[string]string{}}
			for _, a := range token.Attr {
				if _, twice := n.attrs[a.Name.Local]; twice {
					t.Errorf("%s has %s twice", n.name, a.Name.Local)
				}
				n.attrs[a.Name.Local] = a.Value
			}
			open = append(open, len(nodes))
			nodes = append(nodes, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			for _, i := range open {
				nodes[i].text += string(token)
			}
		}
	}
}

func (p *page) all(name string) []node {
	var found []node
	for _, n := range p.nodes {
		if n.name == name {
			found = append(found, n)
		}
	}
	return found
}

func (p *page) text(name string) string {
	if all := p.all(name); len(all) > 0 {
		return strings.TrimSpace(all[0].text)
	}
	return ""
}

// input returns the attributes of a field.
func (p *page) input(t *testing.T, id string) map[string]string {
	t.Helper()
	for _, n := range p.all("input") {
		if n.attrs["id"] == id {
			return n.attrs
		}
	}
	t.Fatalf("no field %s in %s", id, p.Body)
	return nil
}

// fields returns the names of the fields that are to be filled in.
func (p *page) fields() []string {
	var names []string
	for _, n := range p.all("input") {
		_, hidden := n.attrs["hidden"]
		if _, readonly := n.attrs["readonly"]; !hidden && !readonly && n.attrs["type"] != "hidden" {
			names = append(names, n.attrs["name"])
		}
	}
	return names
}

// links returns where the page leads.
func (p *page) links() []string {
	var all []string
	for _, n := range p.all("a") {
		all = append(all, n.attrs["href"])
	}
	return all
}

// inspect checks what holds for every page (P13, WCAG).
func (p *page) inspect(t *testing.T, name string) {
	t.Helper()
	ids, labelled := map[string]bool{}, map[string]bool{}
	for _, n := range p.nodes {
		if id := n.attrs["id"]; id != "" {
			if ids[id] {
				t.Errorf("%s: id %s occurs twice", name, id)
			}
			ids[id] = true
		}
		if n.name == "label" {
			labelled[n.attrs["for"]] = true
		}
		for attr := range n.attrs {
			if strings.HasPrefix(attr, "on") || attr == "style" || attr == "maxlength" || n.attrs[attr] == "off" && attr != "autocorrect" {
				t.Errorf("%s: %s has the attribute %s", name, n.name, attr)
			}
		}
		if slices.Contains([]string{"label", "button", "h1", "h2", "p", "li", "title"}, n.name) && strings.TrimSpace(n.text) == "" {
			t.Errorf("%s: an empty %s", name, n.name)
		}
		if (n.name == "script" || n.name == "style") && (n.attrs["src"] == "" || n.text != "") {
			t.Errorf("%s: inline %s", name, n.name)
		}
	}
	for _, n := range p.nodes {
		for _, id := range strings.Fields(n.attrs["aria-describedby"] + " " + n.attrs["for"] + " " + n.attrs["aria-controls"]) {
			if !ids[id] {
				t.Errorf("%s: %s refers to %s", name, n.name, id)
			}
		}
		if target, fragment := strings.CutPrefix(n.attrs["href"], "#"); fragment && !ids[target] {
			t.Errorf("%s: link to #%s", name, target)
		}
		if _, hidden := n.attrs["hidden"]; n.name == "input" && !hidden && n.attrs["type"] != "hidden" && !labelled[n.attrs["id"]] {
			t.Errorf("%s: %s has no label", name, n.attrs["id"])
		}
		_, readonly := n.attrs["readonly"]
		again := p.Code >= 400 && (n.attrs["id"] == "login" || n.attrs["id"] == "code")
		if value := n.attrs["value"]; n.name == "input" && n.attrs["type"] != "hidden" && !readonly && !again && value != "" {
			t.Errorf("%s: %s is filled in", name, n.attrs["id"])
		}
	}
	html := p.all("html")[0].attrs
	if html["lang"] != p.Header().Get("Content-Language") || html["dir"] == "" {
		t.Errorf("%s: html %v", name, html)
	}
	if len(p.all("h1")) != 1 || len(p.all("main")) != 1 {
		t.Errorf("%s: %d h1, %d main", name, len(p.all("h1")), len(p.all("main")))
	}
	wrong := p.Code >= 400
	if got := strings.HasPrefix(p.text("title"), "Error: "); html["lang"] == "en" && got != wrong {
		t.Errorf("%s: title %q", name, p.text("title"))
	}
}

// summary returns what the page says is wrong, by the links to the fields.
func (p *page) summary(t *testing.T) map[string]string {
	t.Helper()
	for _, n := range p.nodes {
		if n.attrs["role"] != "alert" {
			continue
		}
		if _, focus := n.attrs["autofocus"]; !focus || n.attrs["tabindex"] != "-1" {
			t.Errorf("summary %v does not take the focus", n.attrs)
		}
		all := map[string]string{"": strings.TrimSpace(n.text)}
		for _, link := range p.all("a") {
			if id, ok := strings.CutPrefix(link.attrs["href"], "#"); ok {
				all[id] = link.text
			}
		}
		return all
	}
	t.Fatalf("no summary in %s", p.Body)
	return nil
}

// want checks the status and where the page is, or where it leads.
func (p *page) want(t *testing.T, status int, place string) *page {
	t.Helper()
	got := p.text("h1")
	if status == 303 {
		got = strings.TrimPrefix(p.Header().Get("Location"), base)
	}
	if p.Code != status || got != place {
		t.Fatalf("got %d %q, want %d %q: %s", p.Code, got, status, place, p.Body)
	}
	return p
}

// onward checks where a page leads by itself, and by a link.
func (p *page) onward(t *testing.T, want string) {
	t.Helper()
	got := ""
	for _, n := range p.all("meta") {
		if n.attrs["http-equiv"] == "refresh" {
			got = n.attrs["content"]
		}
	}
	if got != "0; url="+want || !slices.Contains(p.links(), want) {
		t.Errorf("leads on to %q, and by links to %q", got, p.links())
	}
}

// follow goes where the answer leads.
func (p *page) follow(t *testing.T) *page {
	t.Helper()
	if p.Code != 303 {
		t.Fatalf("status %d: %s", p.Code, p.Body)
	}
	return p.b.get(t, p.Header().Get("Location"))
}
