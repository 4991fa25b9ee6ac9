package browsertest_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/spa"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session"
)

// A single-page app on another origin than the API goes through its flows, by links that
// lead to its routes, with bearer tokens that are refreshed: the recipe of docs/spa.md. A
// page of a third origin gets nowhere, and the log says whose it is.
func TestSinglePageApp(t *testing.T) {
	if testing.Short() {
		t.Skip("drives a browser")
	}
	script := appScript(t)
	var service http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { service.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(`<!doctype html><html lang="en"><title>App</title><script>const HOST = "` + server.URL + `", API = HOST + "/password/api/v1/";` + script + `</script>`))
	})
	own, other := httptest.NewServer(page), httptest.NewServer(page)
	t.Cleanup(own.Close)
	t.Cleanup(other.Close)
	app := "http://" + net.JoinHostPort("localhost", own.URL[strings.LastIndex(own.URL, ":")+1:])

	store, keys := memstore.New(), passwd.RandomKeys()
	kit := passwdtest.New(t, passwd.Config{Store: store, Keys: keys, Links: passwd.Links{
		Base: server.URL + "/password", Reset: app + "/#/reset", Cancel: app + "/#/cancel", Forgot: app + "/#/forgot",
	}})
	const current, second, third, fourth = "velvet tuba 7491 lantern", "mantine gearwheel 1843", "quartz plum 5520 ladder", "walnut prism 3391 harbor"
	kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, current)
	sessions, err := session.New(session.Config{Store: store, Keys: keys, Now: kit.Clock.Now, AccessTTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if service, err = spa.API(kit.Service, sessions, app); err != nil {
		t.Fatal(err)
	}

	b := open(t, chrome.Options{})
	b.Allow("status of 401", "status of 403", "status of 422", "CORS policy", "ERR_FAILED", "issue CorsIssue")
	b.Visit(app + "/")
	// does returns "done", the code of the problem, or what was thrown.
	does := func(call string) string {
		return chrome.Await[string](b, call+`.then(() => "done", (e) => e.code ?? String(e))`)
	}
	want := func(call, result string) {
		t.Helper()
		if got := does(call); got != result {
			t.Errorf("%s: %s, want %s", call, got, result)
		}
	}
	want(`app.policy()`, "done")
	want(`app.change("x", "`+second+`")`, "unauthenticated")
	want(`app.signIn("ada", "wrong")`, "wrong_credentials")
	want(`app.signIn("ada", "`+current+`")`, "done")
	want(`app.check("short")`, "done")
	want(`app.change("`+current+`", "short")`, "password_rejected")

	kit.Clock.Advance(2 * time.Minute) // the access token is too old: three requests, one refresh
	if got := chrome.Await[string](b, `Promise.all([app.check("a"), app.check("b"), app.check("c")]).then(() => "done", (e) => e.code ?? String(e))`); got != "done" {
		t.Errorf("after the access token: %s", got)
	}
	want(`app.change("`+current+`", "`+second+`")`, "done")

	leads := func(kind passwd.MessageKind) {
		t.Helper()
		for _, m := range kit.Deliver(t) {
			if m.Kind == kind {
				b.Visit("about:blank")
				b.Visit(m.Link)
				return
			}
		}
		t.Fatalf("no %s", kind)
	}
	want(`app.forgot("ada")`, "done")
	leads(passwd.MessageResetLink)
	if got := chrome.Eval[string](b, `(() => { window.at = route(); return at.path + " " + location.hash; })()`); got != "/reset #/reset" {
		t.Errorf("the link leads to %s", got)
	}
	want(`app.checkLink(at.token)`, "done")
	want(`app.reset(at.token, "`+third+`")`, "done")
	want(`app.reset(at.token, "`+third+`")`, "invalid_token")

	code := chrome.Await[string](b, `app.forgotCode("ada").then((id) => { window.request = id; return id; })`)
	if len(code) != 43 {
		t.Errorf("the request is %q", code)
	}
	for _, m := range kit.Deliver(t) {
		if m.Kind == passwd.MessageResetCode {
			want(`app.redeem(request, "`+string(m.Code)+`").then((token) => app.reset(token, "`+fourth+`"))`, "done")
		}
	}
	leads(passwd.MessagePasswordReset)
	chrome.Eval[bool](b, `(() => { window.at = route(); return true; })()`)
	want(`app.cancel(at.token)`, "done")

	b.Visit(other.URL + "/")
	if got := does(`app.forgot("ada")`); !strings.Contains(got, "TypeError") {
		t.Errorf("another origin: %s", got)
	}
	plain := `fetch(API + "forgot", { method: "POST", mode: "no-cors", body: "{}" }).then(() => "sent")`
	if got := chrome.Await[string](b, plain); got != "sent" {
		t.Errorf("without a preflight: %s", got)
	}
	refused := kit.Events.Named(passwd.EventCrossOriginRejected)
	if len(refused) == 0 || !strings.Contains(refused[len(refused)-1].Err.Error(), other.URL) {
		t.Errorf("events: %v", refused)
	}
}

// appScript is the script of examples/spa, which the page here has as well.
func appScript(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile("../../examples/spa/app.js")
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// The document shows what has been run.
func TestSinglePageDocument(t *testing.T) {
	document, err := os.ReadFile("../../docs/spa.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("spa/spa.go")
	if err != nil {
		t.Fatal(err)
	}
	part := regexp.MustCompile(`(?s)// docs:spa-api\n(.*?)\n// docs:end`).FindStringSubmatch(string(source))[1]
	for language, code := range map[string]string{"go": part, "js": appScript(t)} {
		if !strings.Contains(string(document), "```"+language+"\n"+strings.TrimSpace(code)+"\n```\n") {
			t.Errorf("docs/spa.md does not have the %s to the letter", language)
		}
	}
}
