package passwdhttp_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
)

// No page has a token in it, nor does a redirect, whichever of them a browser
// brings in cookies or sends in forms (I7): every route, in the middle of
// everything.
func TestNoRouteTellsTokens(t *testing.T) {
	w := newWalk(t, fragmentLinks, "__Host-")
	w.each(t, true, func(method, path string) {
		if strings.HasPrefix(path, api) {
			return // by do of the API's own tests
		}
		for _, query := range []string{"", "?token=" + w.tokens[0] + "&user=" + w.tokens[1], "?after=one&next=%2F"} {
			r := w.request(method, path)
			r.URL.RawQuery = strings.TrimPrefix(query, "?")
			got := httptest.NewRecorder()
			w.handler.ServeHTTP(got, r)
			told := got.Body.String() + fmt.Sprint(got.Header()["Location"], got.Header()["Link"], got.Header()["Refresh"])
			for _, token := range w.tokens {
				if strings.Contains(told, token) {
					t.Errorf("%s %s%s: %d has a token in it", method, path, query, got.Code)
				}
			}
			if got.Code >= 500 {
				t.Errorf("%s %s%s: %d", method, path, query, got.Code)
			}
		}
	})
}

// asked is what a server was asked.
type asked struct{ line, referer, body string }

// journey is a real server, with all the logs that a host keeps.
type journey struct {
	*passwdtest.Kit
	server *httptest.Server
	client *http.Client

	mu   sync.Mutex
	logs bytes.Buffer
	all  []asked
}

func (j *journey) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.logs.Write(line)
}

func newJourney(t *testing.T, fragments bool) *journey {
	t.Helper()
	j := &journey{}
	mux := http.NewServeMux()
	access := log.New(j, "access ", 0)
	j.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		j.mu.Lock()
		j.all = append(j.all, asked{r.Method + " " + r.RequestURI, r.Referer(), string(body)})
		j.mu.Unlock()
		mux.ServeHTTP(w, r)
		access.Printf("%s %s %q", r.Method, passwdhttp.RedactURL(r.URL), r.Referer())
	}))
	j.server.Config.ErrorLog = log.New(j, "server ", 0)
	j.server.StartTLS()
	t.Cleanup(j.server.Close)
	j.Kit = passwdtest.New(t, passwd.Config{
		Links:    passwd.Links{Base: j.server.URL + base, FragmentNeedsJavaScript: fragments},
		Observer: passwd.SlogObserver(slog.New(slog.NewJSONHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))),
	})
	j.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, current)
	cfg := passwdhttp.Config{Service: j.Service}
	pages, err := passwdhttp.Pages(cfg)
	if err != nil {
		t.Fatal(err)
	}
	api, err := passwdhttp.API(cfg)
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle(base+"/", pages)
	mux.Handle(base+"/api/", api)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	j.client = j.server.Client()
	j.client.Jar = jar
	// net/http knows nothing of policies on referrers: browsers do what redirects say.
	j.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.Response.Header.Get("Referrer-Policy") == "strict-origin" {
			r.Header.Set("Referer", j.server.URL+"/")
		}
		return nil
	}
	return j
}

var references = regexp.MustCompile(`(?:href|src)="([^"#]+)"`)

// read takes a page and all that it loads or links to, as a browser with a policy
// of strict-origin does. Redirects have been followed.
func (j *journey) read(t *testing.T, page *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	body, err := io.ReadAll(page.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range references.FindAllStringSubmatch(string(body), -1) {
		to, err := page.Request.URL.Parse(strings.ReplaceAll(found[1], "&amp;", "&"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest("GET", to.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Referer", j.server.URL+"/")
		got, err := j.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
	}
	return string(body)
}

func (j *journey) post(path, contentType, body string) (*http.Response, error) {
	r, err := http.NewRequest("POST", j.server.URL+base+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Origin", j.server.URL)
	return j.client.Do(r)
}

// From the mail to the new password, the token is in the request of the link, or in
// what the script posts once, and in no other: neither in a URL, nor in a referrer
// or body, nor in a page. No log has it at all, and passwords neither (I7, ASVS
// 14.2.1, 16.2.5).
func TestTokenIsSeenOnce(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	for _, fragments := range []bool{false, true} {
		t.Run(fmt.Sprintf("fragments %v", fragments), func(t *testing.T) {
			j := newJourney(t, fragments)
			if err := j.Service.RequestReset(t.Context(), passwd.RequestReset{Login: passwd.Login{Value: "ada"}}); err != nil {
				t.Fatal(err)
			}
			m := j.Deliver(t)[0]
			token := string(m.Token)
			var pages []string
			visit := func(page *http.Response, err error) {
				t.Helper()
				pages = append(pages, j.read(t, page, err))
			}
			visit(j.client.Get(m.Link)) // net/http sends no fragment either
			if fragments {
				visit(j.post("/reset/link", form, url.Values{"token": {token}}.Encode()))
			}
			visit(j.client.Get(j.server.URL + base + "/reset/new"))
			visit(j.post("/api/v1/check", "application/json", `{"password":"short one","cookie":"reset"}`))
			first := hiddenIn(pages[len(pages)-2], "form") // before the check
			visit(j.post("/reset/new", form, url.Values{"form": {first}, "new_password": {"short one"}}.Encode()))
			visit(j.post("/reset/new", form, url.Values{"form": {first}, "new_password": {next}}.Encode()))
			if !strings.Contains(pages[len(pages)-1], "Your password has been changed") {
				t.Fatalf("the journey ended on %s", pages[len(pages)-1])
			}
			visit(j.client.Get(m.Link)) // once more: it is spent
			visit(j.post("/reset/new", form, url.Values{"form": {first}, "new_password": {next + "!"}}.Encode()))
			notice := j.Deliver(t)[0]
			_, cancel, _ := strings.Cut(notice.Link, "token=")
			visit(j.client.Get(notice.Link))
			if fragments {
				visit(j.post("/cancel/link", form, url.Values{"token": {cancel}}.Encode()))
			}
			visit(j.post("/cancel", form, url.Values{"form": {hiddenIn(pages[len(pages)-1], "form")}}.Encode()))
			if !strings.Contains(pages[len(pages)-1], "Your account has been locked") {
				t.Fatalf("the journey ended on %s", pages[len(pages)-1])
			}

			seen := map[string][]string{}
			for _, a := range j.all {
				for name, secret := range map[string]string{"token": token, "cancel": cancel} {
					if strings.Contains(a.referer, secret) {
						t.Errorf("%s: referrer %s", a.line, a.referer)
					}
					if strings.Contains(a.line+a.body, secret) {
						path, _, _ := strings.Cut(a.line, "?")
						seen[name] = append(seen[name], path)
					}
				}
			}
			want := map[string][]string{"token": {"GET " + base + "/reset", "GET " + base + "/reset"}, "cancel": {"GET " + base + "/cancel"}}
			if fragments {
				want = map[string][]string{"token": {"POST " + base + "/reset/link"}, "cancel": {"POST " + base + "/cancel/link"}}
			}
			equal(t, "requests with a token", seen, want)

			logs := j.logs.String()
			for name, secret := range map[string]string{
				"token": token, "cancel token": cancel, "password": next, "rejected password": "short one",
			} {
				if strings.Contains(logs, secret) || strings.Contains(logs, url.QueryEscape(secret)) {
					t.Errorf("the %s is in the logs", name)
				}
				if slices.ContainsFunc(pages, func(p string) bool { return strings.Contains(p, secret) }) {
					t.Errorf("the %s is in a page", name)
				}
			}
			for _, line := range []string{"access GET " + base + "/reset", `"password.changed"`} {
				if !strings.Contains(logs, line) {
					t.Errorf("the logs lack %s: nothing has been checked:\n%s", line, logs)
				}
			}
			if redacted := "access GET " + base + "/reset?token=redacted"; !fragments && !strings.Contains(logs, redacted) {
				t.Errorf("the logs lack %s", redacted)
			}
		})
	}
}
