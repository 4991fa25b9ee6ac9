package passwdhttp_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session"
)

// deviceSite is a host whose sessions are those of a manager: browsers have the
// access token in a cookie.
type deviceSite struct {
	*site
	manager *session.Manager
	store   *failingSessions
	account passwd.Ref
}

// failingSessions fails on demand.
type failingSessions struct {
	*memstore.Store
	list, end error
}

func (f *failingSessions) ListSessions(ctx context.Context, r passwd.Ref, now time.Time) ([]session.Record, error) {
	if f.list != nil {
		return nil, f.list
	}
	return f.Store.ListSessions(ctx, r, now)
}

func (f *failingSessions) EndSessions(ctx context.Context, r passwd.Ref, which session.Filter) (int, error) {
	if f.end != nil {
		return 0, f.end
	}
	return f.Store.EndSessions(ctx, r, which)
}

func newDevices(t *testing.T, links passwd.Links, cfg passwdhttp.Config) *deviceSite {
	t.Helper()
	memory, keys, clock := memstore.New(), passwd.RandomKeys(), passwdtest.NewClock()
	d := &deviceSite{store: &failingSessions{Store: memory}}
	var err error
	if d.manager, err = session.New(session.Config{Store: d.store, Keys: keys, Now: clock.Now}); err != nil {
		t.Fatal(err)
	}
	cfg.Sessions = d.manager
	if cfg.Authenticate == nil {
		cfg.Authenticate = d.byToken
	}
	if cfg.SignInURL == "" {
		cfg.SignInURL = "/sign-in"
	}
	d.site = newPages(t, passwd.Config{Store: memory, Keys: keys, Now: clock.Now, Links: links}, cfg)
	d.Clock = clock
	d.account = d.ada(t)
	return d
}

func (d *deviceSite) byToken(r *http.Request) (passwdhttp.Principal, error) {
	c, err := r.Cookie("session")
	if err != nil {
		return passwdhttp.Principal{}, passwd.ErrUnauthenticated
	}
	s, err := d.manager.Check(r.Context(), c.Value)
	if err != nil && !errors.Is(err, passwd.ErrChangeRequired) {
		return passwdhttp.Principal{}, err
	}
	return passwdhttp.Principal{Account: s.Account, Epoch: s.Epoch, Session: s.ID, Username: "ada"}, nil
}

// start signs in on a device.
func (d *deviceSite) start(t *testing.T, login string, info session.Info) session.Pair {
	t.Helper()
	in, err := d.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: login}, Password: current})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := d.manager.Start(t.Context(), in, info)
	if err != nil {
		t.Fatal(err)
	}
	d.secrets = append(d.secrets, string(pair.Access), string(pair.Refresh))
	return pair
}

// browserOf has a browser with a session.
func (d *deviceSite) browserOf(pair session.Pair) *browser {
	b := d.browser()
	b.set(&http.Cookie{Name: "session", Value: string(pair.Access), Path: "/", Secure: true})
	return b
}

// lives reports whether a session is live.
func (d *deviceSite) lives(t *testing.T, pair session.Pair) bool {
	t.Helper()
	all, err := d.manager.List(t.Context(), pair.Session.Account)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(all, func(s session.Session) bool { return s.ID == pair.Session.ID })
}

var (
	laptop = session.Info{Client: "web", DeviceName: "Work laptop", From: passwd.Client{
		Addr: netip.MustParseAddr("192.0.2.7"), UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0"}}
	phone = session.Info{Client: "app", DeviceName: "<b>phone</b> & more", From: passwd.Client{
		Addr: netip.MustParseAddr("2001:db8::7"), UserAgent: "Example/2.1 (Android)"}}
	bare = session.Info{}
)

func TestDevicesPage(t *testing.T) {
	d := newDevices(t, passwd.Links{}, passwdhttp.Config{})
	d.Add(t, passwd.Account{Username: "bob", Email: "bob@example.com"}, current)
	d.start(t, "bob", session.Info{Client: "web", DeviceName: "of somebody else"})
	old := d.start(t, "ada", bare)
	d.Clock.Advance(time.Hour)
	mobile := d.start(t, "ada", phone)
	d.Clock.Advance(90 * time.Minute)
	own := d.start(t, "ada", laptop)
	b := d.browserOf(own)

	p := b.get(t, "devices").want(t, 200, "Your devices")
	var names []string
	for _, n := range p.all("h2") {
		names = append(names, n.text)
	}
	equal(t, "devices, the one used last first", names, []string{"Work laptop", "<b>phone</b> & more", "Unknown device"})
	rows := p.all("li")[:3]
	equal(t, "this one is marked", strings.Contains(rows[0].text, "This device"), true)
	equal(t, "others are not", strings.Contains(rows[1].text+rows[2].text, "This device"), false)
	for i, texts := range [][]string{
		{"web", "192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0", "2026-03-01 14:30 UTC"},
		{"app", "2001:db8::7", "Example/2.1 (Android)", "2026-03-01 13:00 UTC"},
		{"2026-03-01 12:00 UTC"},
	} {
		for _, text := range texts {
			if !strings.Contains(rows[i].text, text) {
				t.Errorf("%q does not have %q", rows[i].text, text)
			}
		}
	}
	var times []string
	for _, n := range p.all("time") {
		times = append(times, n.attrs["datetime"])
		equal(t, "direction of a time", n.attrs["dir"], "ltr")
	}
	equal(t, "times", times, []string{
		"2026-03-01T14:30:00Z", "2026-03-01T14:30:00Z", "2026-03-01T13:00:00Z", "2026-03-01T13:00:00Z",
		"2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"})
	equal(t, "what can be ended", p.hidden("end"), []string{mobile.Session.ID, old.Session.ID, "others"})
	for _, f := range p.all("form") {
		equal(t, "action", f.attrs["action"], base+"/devices")
		equal(t, "method", f.attrs["method"], "post")
	}
	equal(t, "link from the change page", slices.Contains(b.get(t, "change").links(), base+"/devices"), true)
}

// hidden returns the values of the hidden fields of a name.
func (p *page) hidden(name string) []string {
	var values []string
	for _, n := range p.all("input") {
		if n.attrs["type"] == "hidden" && n.attrs["name"] == name {
			values = append(values, n.attrs["value"])
		}
	}
	return values
}

func TestEndDevice(t *testing.T) { // S2
	d := newDevices(t, passwd.Links{}, passwdhttp.Config{})
	mobile, own, third := d.start(t, "ada", phone), d.start(t, "ada", laptop), d.start(t, "ada", bare)
	b := d.browserOf(own)
	for range 2 { // sent twice: the second finds nothing to end
		p := b.post(t, "devices", map[string]string{"end": mobile.Session.ID}).want(t, 303, "/devices?after=one")
		p = p.follow(t).want(t, 200, "Your devices")
		equal(t, "what has been done", p.text("p"), "The device has been signed out.")
		equal(t, "what is left", p.hidden("end"), []string{third.Session.ID, "others"})
	}
	equal(t, "phone, laptop, third", []bool{d.lives(t, mobile), d.lives(t, own), d.lives(t, third)}, []bool{false, true, true})
	if _, err := d.manager.Refresh(t.Context(), string(mobile.Refresh), passwd.Client{}); !errors.Is(err, passwd.ErrEnded) {
		t.Errorf("refresh of what has been ended: %v", err)
	}
	d.browserOf(mobile).get(t, "devices").want(t, 303, "/sign-in?next=%2Faccount%2Fpassword%2Fdevices")
}

func TestEndOtherDevices(t *testing.T) { // S2
	d := newDevices(t, passwd.Links{}, passwdhttp.Config{})
	d.Add(t, passwd.Account{Username: "bob", Email: "bob@example.com"}, current)
	bobs := d.start(t, "bob", laptop)
	mobile, own, third := d.start(t, "ada", phone), d.start(t, "ada", laptop), d.start(t, "ada", bare)
	b := d.browserOf(own)
	p := b.post(t, "devices", map[string]string{"end": "others"}).want(t, 303, "/devices?after=others").follow(t)
	equal(t, "what has been done", p.text("p"), "All other devices have been signed out.")
	equal(t, "what can be ended", len(p.hidden("end")), 0)
	equal(t, "forms", len(p.all("form")), 0)
	equal(t, "live", []bool{d.lives(t, mobile), d.lives(t, third), d.lives(t, own), d.lives(t, bobs)}, []bool{false, false, true, true})
}

// Whatever is sent as an ID, nothing ends but a session of the account that asks.
func TestEndNobodyElses(t *testing.T) {
	d := newDevices(t, passwd.Links{}, passwdhttp.Config{})
	d.Add(t, passwd.Account{Username: "bob", Email: "bob@example.com"}, current)
	bobs := d.start(t, "bob", laptop)
	mobile, own := d.start(t, "ada", phone), d.start(t, "ada", laptop)
	b := d.browserOf(own)
	for _, id := range []string{
		bobs.Session.ID, string(bobs.Access), string(mobile.Access), string(mobile.Refresh), strings.ToUpper(mobile.Session.ID),
		mobile.Session.ID + " ", "x", "\x00", "\xff\xfe", "' OR 1=1 --", strings.Repeat("x", 9000), "OTHERS",
	} {
		b.post(t, "devices", map[string]string{"end": id}).want(t, 303, "/devices?after=one")
	}
	for _, in := range []map[string]string{nil, {"end": ""}} {
		p := b.post(t, "devices", in).want(t, 422, "Your devices")
		equal(t, "problem", strings.Contains(p.summary(t)[""], "Choose the device to sign out."), true)
	}
	r := b.request("POST", "devices?end="+mobile.Session.ID, map[string]string{"form": b.bound(t, "devices")})
	b.do(t, r, nil).want(t, 422, "Your devices")
	equal(t, "live", []bool{d.lives(t, bobs), d.lives(t, mobile), d.lives(t, own)}, []bool{true, true, true})
}

// The own session has no button, but nothing breaks if its ID is sent.
func TestEndOwnDevice(t *testing.T) {
	d := newDevices(t, passwd.Links{}, passwdhttp.Config{})
	d.start(t, "ada", phone) // without another, there is no form
	own := d.start(t, "ada", laptop)
	b := d.browserOf(own)
	b.post(t, "devices", map[string]string{"end": own.Session.ID}).want(t, 303, "/devices?after=one").
		follow(t).want(t, 303, "/sign-in?next=%2Faccount%2Fpassword%2Fdevices")
	equal(t, "lives", d.lives(t, own), false)
}

func TestDevicesSignedOut(t *testing.T) {
	d := newDevices(t, passwd.Links{}, passwdhttp.Config{})
	mobile := d.start(t, "ada", phone)
	d.browser().get(t, "devices").want(t, 303, "/sign-in?next=%2Faccount%2Fpassword%2Fdevices")
	for _, which := range []string{mobile.Session.ID, "others"} {
		d.browser().post(t, "devices", map[string]string{"end": which}).want(t, 401, "Not signed in")
	}
	equal(t, "lives", d.lives(t, mobile), true)
}

// A session that must change the password first does nothing else (F7).
func TestDevicesForced(t *testing.T) {
	d := newDevices(t, passwd.Links{}, passwdhttp.Config{})
	mobile, own := d.start(t, "ada", phone), d.start(t, "ada", laptop)
	if err := d.Service.RequireChange(t.Context(), passwd.RequireChange{Account: d.account, Reason: passwd.Administrator}); err != nil {
		t.Fatal(err)
	}
	b := d.browserOf(own)
	b.get(t, "devices").want(t, 303, "/forced?next=%2Faccount%2Fpassword%2Fdevices").follow(t).want(t, 200, "Choose a new password")
	b.post(t, "devices", map[string]string{"end": mobile.Session.ID}).want(t, 403, "Password change required")
	for _, path := range []string{"change", "forced"} {
		equal(t, "links on "+path, b.get(t, path).links(), []string{base + "/forgot"})
	}
	equal(t, "lives", d.lives(t, mobile), true)
}

// The session that changes the password goes on, in the same store, and no other.
func TestDevicesAfterChange(t *testing.T) {
	d := newDevices(t, passwd.Links{}, passwdhttp.Config{})
	mobile, own := d.start(t, "ada", phone), d.start(t, "ada", laptop)
	b := d.browserOf(own)
	b.post(t, "change", map[string]string{"current_password": current, "new_password": next}).want(t, 303, "/done").
		follow(t).want(t, 200, "Your password has been changed")
	equal(t, "live", []bool{d.lives(t, mobile), d.lives(t, own)}, []bool{false, true})
	equal(t, "devices", len(b.get(t, "devices").want(t, 200, "Your devices").all("h2")), 1)

	other := d.browserOf(mobile)
	other.post(t, "change", map[string]string{"current_password": next, "new_password": current}).want(t, 401, "Not signed in")
	d.store.list = errors.New("down") // nobody knows whether the session goes on
	b.post(t, "change", map[string]string{"current_password": next, "new_password": current}).want(t, 303, "/done?after=forced")
}

// Without a manager there is neither the page nor a link to it.
func TestNoDevices(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	b := s.signedIn(t)
	b.get(t, "devices").want(t, 404, "Not found")
	b.post(t, "devices", map[string]string{"end": "others"}).want(t, 404, "Not found")
	equal(t, "links", b.get(t, "change").links(), []string{base + "/forgot"})
}

// A host that does not say which session asks has none marked, and cannot spare it.
func TestDevicesWithoutOwn(t *testing.T) {
	var d *deviceSite
	d = newDevices(t, passwd.Links{}, passwdhttp.Config{
		Authenticate: func(r *http.Request) (passwdhttp.Principal, error) {
			p, err := d.byToken(r)
			p.Session = ""
			return p, err
		},
	})
	mobile, own := d.start(t, "ada", phone), d.start(t, "ada", laptop)
	b := d.browserOf(own)
	p := b.get(t, "devices")
	equal(t, "what can be ended", p.hidden("end"), []string{mobile.Session.ID, own.Session.ID})
	equal(t, "marked", strings.Contains(p.Body.String(), "This device"), false)
	b.post(t, "devices", map[string]string{"end": "others"}).want(t, 422, "Your devices")
	equal(t, "live", []bool{d.lives(t, mobile), d.lives(t, own)}, []bool{true, true})
}

// A store that is down shows and ends nothing, and says so (I10).
func TestDevicesUnavailable(t *testing.T) {
	d := newDevices(t, passwd.Links{}, passwdhttp.Config{})
	mobile, own := d.start(t, "ada", phone), d.start(t, "ada", laptop)
	b := d.browserOf(own)
	form := b.bound(t, "devices")
	down := errors.New("dial tcp 10.0.0.4:5432: refused")
	d.store.list = down
	p := b.get(t, "devices").want(t, 503, "Temporarily unavailable")
	b.post(t, "devices", map[string]string{"end": mobile.Session.ID, "form": form}).want(t, 503, "Temporarily unavailable")
	d.store.list, d.store.end = nil, down
	for _, which := range []string{mobile.Session.ID, "others"} {
		b.post(t, "devices", map[string]string{"end": which}).want(t, 503, "Temporarily unavailable")
	}
	if strings.Contains(p.Body.String(), "10.0.0.4") {
		t.Errorf("the page tells the cause: %s", p.Body)
	}
	equal(t, "lives", d.lives(t, mobile), true)
}

// The page speaks every language, with times that mean the same in all of them.
func TestDevicesSpeak(t *testing.T) {
	d := newDevices(t, passwd.Links{}, passwdhttp.Config{})
	d.start(t, "ada", phone)
	d.start(t, "ada", bare)
	b := d.browserOf(d.start(t, "ada", laptop))
	seen := map[string]bool{}
	for _, words := range locale.Printers() {
		b.language = words.Language()
		for _, end := range []string{"", "x", "others"} { // what is said, once
			target := "devices"
			if end == "others" {
				d.start(t, "ada", phone)
				d.start(t, "ada", bare)
			}
			if end != "" {
				target = strings.TrimPrefix(b.post(t, "devices", map[string]string{"end": end}).Header().Get("Location"), base+"/")
			}
			p := b.get(t, target).want(t, 200, words.Label("devices_title"))
			if end == "others" {
				equal(t, "said", strings.Contains(p.text("main"), words.Text("devices_ended")), true)
				d.start(t, "ada", phone)
				d.start(t, "ada", bare)
				continue
			}
			equal(t, "times", strings.Count(p.Body.String(), "2026-03-01 12:00 UTC"), 6)
			text := p.text("main")
			for _, key := range []string{
				"this_device", "unknown_device", "device_client", "device_agent", "device_addr", "device_begun", "device_used",
				"submit_end", "submit_end_others",
			} {
				if !strings.Contains(text, words.Label(key)) {
					t.Errorf("%s: no %s in %s", words.Language(), key, text)
				}
			}
			if seen[text] {
				t.Errorf("%s: %s is there already", words.Language(), target)
			}
			seen[text] = true
		}
		p := b.post(t, "devices", nil).want(t, 422, words.Label("devices_title"))
		if !strings.Contains(p.summary(t)[""], words.Text("required_device")) {
			t.Errorf("%s: %v", words.Language(), p.summary(t))
		}
	}
}
