package wire_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/wiretest"
	"github.com/passwd-go/passwd/wire"
)

type constructor interface {
	Handler() (http.Handler, error)
}

// A configuration that cannot work is refused at once, and its error names the
// field.
func TestConfigIsChecked(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	c := wire.Config{Service: w.Service}
	clients := wire.StaticClients{}
	who := wire.Bearer(w.Sessions)
	for want, format := range map[string]constructor{
		"Grant.Service":                           wire.Grant{Clients: clients, Sessions: w.Sessions},
		"Grant.Clients":                           wire.Grant{Config: c, Sessions: w.Sessions},
		"Grant.Sessions":                          wire.Grant{Config: c, Clients: clients},
		"Grant.Base":                              wire.Grant{Config: c, Clients: clients, Sessions: w.Sessions, Base: "api"},
		"Profile.Service":                         wire.Profile{Clients: clients, Authenticate: who},
		"Profile.Clients":                         wire.Profile{Config: c, Authenticate: who},
		"Profile.Authenticate":                    wire.Profile{Config: c, Clients: clients},
		"SignIn.Service":                          wire.SignIn{Issuer: "x", Keys: w.Keys},
		"Issuer":                                  wire.SignIn{Config: c, Keys: w.Keys},
		"SignIn: jwt: Config.Keys.Current":        wire.SignIn{Config: c, Issuer: "x"},
		"Remind.Service":                          wire.Remind{Clients: clients, Keys: w.Keys},
		"Remind.Clients":                          wire.Remind{Config: c, Keys: w.Keys},
		"Remind: jwt: Config.Keys.Current":        wire.Remind{Config: c, Clients: clients},
		"Remind: jwt: Config.TTL":                 wire.Remind{Config: c, Clients: clients, Keys: w.Keys, TokenTTL: time.Second / 2},
		"Brand.Service":                           wire.Brand{Clients: clients, Keys: w.Keys},
		"Brand.Clients":                           wire.Brand{Config: c, Keys: w.Keys},
		"Brand, mobile: jwt: Config.Keys.Current": wire.Brand{Config: c, Clients: clients},
		"Brand, web: jwt: Config.TTL":             wire.Brand{Config: c, Clients: clients, Keys: w.Keys, WebTTL: -1},
	} {
		if h, err := format.Handler(); err == nil || h != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// Routes begin where the host says: below Base, or at the root when the host
// takes the base off.
func TestBase(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	make := func(base string) http.Handler {
		h, err := wire.Brand{Config: wire.Config{Service: w.Service}, Base: base, Clients: wire.StaticClients{}, Keys: w.Keys}.Handler()
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	for _, tc := range []struct {
		base   string
		h      http.Handler
		path   string
		status int
	}{
		{"/a/b", make("/a/b"), "/a/b/password/change", 415},
		{"/a/b", make("/a/b/"), "/a/b/password/change", 415},
		{"/a/b", make("/a/b"), "/password/change", 404},
		{"/a/b", make("/a/b"), "/a/b/password/change/", 404},
		{"", make(""), "/password/change", 415},
		{"/a/b", http.StripPrefix("/a/b", make("")), "/a/b/password/change", 415},
		{"", make("/"), "/web/password/validate", 415},
	} {
		rec := httptest.NewRecorder()
		recorded("brand", tc.base, tc.h).ServeHTTP(rec, httptest.NewRequest("POST", tc.path, nil))
		if rec.Code != tc.status {
			t.Errorf("%s: %d", tc.path, rec.Code)
		}
	}
}

// brokenClients cannot answer.
type brokenClients struct{}

var errRegistry = errors.New("registry at 10.0.0.1 is down")

func (brokenClients) PublicClient(context.Context, string) error { return errRegistry }
func (brokenClients) APIKey(context.Context, string) error       { return errRegistry }
func (brokenClients) ClientCredentials(context.Context, string, string) error {
	return errRegistry
}
func (brokenClients) Brand(context.Context, string) (string, error) { return "", errRegistry }

// A registry that is down is unavailable, and nobody gets in (I10).
func TestClientsThatCannotAnswer(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	c := wire.Config{Service: w.Service, ClientAddr: func(*http.Request) netip.Addr { return netip.MustParseAddr("203.0.113.9") }}
	for _, tc := range []struct {
		name       string
		format     constructor
		path, body string
	}{
		{"grant", wire.Grant{Config: c, Clients: brokenClients{}, Sessions: w.Sessions}, "/token", strings.ReplaceAll(formats[1].wrong, "wrong", "Old-Bread-and-Butter-9")},
		{"profile", wire.Profile{Config: c, Clients: brokenClients{}, Authenticate: wire.Bearer(w.Sessions)}, "/user/forgot-password", `{"email":"alice"}`},
		{"remind", wire.Remind{Config: c, Clients: brokenClients{}, Keys: w.Keys}, "/oauth/token", `{"grant_type":"client_credentials","client_id":"a","client_secret":"b"}`},
		{"brand", wire.Brand{Config: c, Clients: brokenClients{}, Keys: w.Keys}, "/password/validate", formats[5].wrong},
	} {
		h, err := tc.format.Handler()
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", tc.path, strings.NewReader(tc.body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("apikey", "x")
		before := len(w.Events.Named(passwd.EventUnavailable))
		rec := httptest.NewRecorder()
		recorded(tc.name, "", h).ServeHTTP(rec, r)
		if rec.Code != 503 || rec.Header().Get("Retry-After") != "5" || strings.Contains(rec.Body.String(), "10.0.0.1") {
			t.Errorf("%s: %d %v %s", tc.path, rec.Code, rec.Header(), rec.Body)
		}
		if events := w.Events.Named(passwd.EventUnavailable); len(events) != before+1 || !errors.Is(events[before].Err, errRegistry) {
			t.Errorf("%s: events %+v", tc.path, events)
		}
	}
}

// A guess at the secret of an application is an event, with its address.
func TestUnknownClientIsObserved(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	r := httptest.NewRequest("POST", "/v1/oauth/token", strings.NewReader("grant_type=client_credentials&client_id=demo-app&client_secret=guess"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := w.Do(r); got.Code != 401 {
		t.Fatalf("%d", got.Code)
	}
	events := w.Events.Named(passwd.EventInputRejected)
	if len(events) != 1 || events[0].Reason != "unknown_client" || events[0].Client.Addr.String() != "192.0.2.7" {
		t.Errorf("%+v", events)
	}
}

// profileOf mounts a profile and returns a way to change a password there.
func profileOf(t *testing.T, w *wiretest.World, p wire.Profile) func(password, next string) *httptest.ResponseRecorder {
	t.Helper()
	p.Config, p.Tenant = wire.Config{Service: w.Service}, "profile"
	p.Clients = wire.StaticClients{APIKeys: []wire.SecretDigest{wire.DigestOf("k")}}
	h, err := p.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return func(password, next string) *httptest.ResponseRecorder {
		body, err := json.Marshal(map[string]string{"old_password": password, "new_password": next, "confirm_password": next})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", "/user/profile/change-password", strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("apikey", "k")
		r.Header.Set("Authorization", "Bearer of-the-host")
		rec := httptest.NewRecorder()
		recorded("profile", "", h).ServeHTTP(rec, r)
		return rec
	}
}

// A host with tokens of its own says whose they are, and stamps anew the one that
// made the change; the epoch is compared for it.
func TestProfileWithTheHostsOwnTokens(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	in, err := w.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Tenant: "profile", Value: "alice"}, Password: "Wonder!and-1865"})
	if err != nil {
		t.Fatal(err)
	}
	who := wire.Principal{Account: in.Account, Epoch: in.Epoch}
	var failed error
	var renewed error
	change := profileOf(t, w, wire.Profile{
		Authenticate: func(r *http.Request) (wire.Principal, error) {
			if r.Header.Get("Authorization") != "Bearer of-the-host" {
				t.Errorf("Authorization %q", r.Header.Get("Authorization"))
			}
			return who, failed
		},
		Renew: func(_ *http.Request, done passwd.Written) error {
			if renewed == nil {
				who.Epoch = done.Epoch
			}
			return renewed
		},
	})
	want := func(got *httptest.ResponseRecorder, status int) {
		t.Helper()
		if got.Code != status {
			t.Fatalf("%d %s, want %d", got.Code, got.Body, status)
		}
	}
	want(change("Wonder!and-1865", "Looking-Gl4ss"), 200)
	want(change("Looking-Gl4ss", "Jabber+w0cky!"), 200)
	renewed = errors.New("token store is down")
	want(change("Jabber+w0cky!", "Ch3shire Grin"), 200) // the password has been changed
	if events := w.Events.Named(passwd.EventAfterWriteFailed); len(events) != 1 || events[0].Reason != "renew" || !errors.Is(events[0].Err, renewed) {
		t.Errorf("%+v", events)
	}
	want(change("Ch3shire Grin", "Looking-Gl4ss"), 401) // of an earlier epoch
	failed = errors.New("database of the host is down")
	want(change("Ch3shire Grin", "Looking-Gl4ss"), 503)
	failed, who = nil, wire.Principal{}
	want(change("Ch3shire Grin", "Looking-Gl4ss"), 401)
	if !w.Opens(t, passwd.Login{Tenant: "profile", Value: "alice"}, "Ch3shire Grin") {
		t.Error("the password is not the one last set")
	}
}

// A suspended password keeps no token good.
func TestProfileOfASuspendedAccount(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	ref := passwd.Ref{Tenant: "profile", ID: "21"}
	if err := w.Service.MarkCompromised(t.Context(), passwd.MarkCompromised{Account: ref}); err != nil {
		t.Fatal(err)
	}
	a, err := w.Store.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	change := profileOf(t, w, wire.Profile{Authenticate: func(*http.Request) (wire.Principal, error) {
		return wire.Principal{Account: ref, Epoch: a.Epoch}, nil
	}})
	if got := change("Wonder!and-1865", "Looking-Gl4ss"); got.Code != 401 || got.Header().Get("WWW-Authenticate") != `Bearer realm="password", error="invalid_token"` {
		t.Errorf("%d %v %s", got.Code, got.Header(), got.Body)
	}
}

// Without sessions stay_logged_in is without effect, and no session token good.
func TestSignInWithoutSessions(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	c := w.SignIn
	c.Sessions, c.Base = nil, "/api/auth"
	h, err := c.Handler()
	if err != nil {
		t.Fatal(err)
	}
	w.Handler = recorded("signin", "/api/auth", h)
	status, reply := post(t, w, "/api/auth/changePasswordAfterSignin", map[string]any{
		"username": "st.huber", "old_password": "Password1234!", "new_password": "SaverPassword1234!", "stay_logged_in": true,
	})
	if status != 200 || len(reply) != 1 {
		t.Errorf("%d %v", status, reply)
	}
	status, reply = post(t, w, "/api/auth/IamLoggedIn", map[string]any{"session_token": strings.Repeat("0", 64)})
	if status != 400 || reply["error_code"] != "session_token_incorrect" {
		t.Errorf("%d %v", status, reply)
	}
}

// A host may let its own sites in.
func TestCrossOriginIsTheHosts(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	own := http.NewCrossOriginProtection()
	if err := own.AddTrustedOrigin("https://app.example.com"); err != nil {
		t.Fatal(err)
	}
	h, err := wire.Brand{Config: wire.Config{Service: w.Service, CrossOrigin: own}, Clients: wire.StaticClients{}, Keys: w.Keys}.Handler()
	if err != nil {
		t.Fatal(err)
	}
	for origin, status := range map[string]int{"https://app.example.com": 415, "https://evil.example": 403} {
		r := httptest.NewRequest("POST", "/password/change", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		rec := httptest.NewRecorder()
		recorded("brand", "", h).ServeHTTP(rec, r)
		if rec.Code != status {
			t.Errorf("%s: %d", origin, rec.Code)
		}
	}
}
