package passwdhttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
	"github.com/passwd-go/passwd/session"
)

// foreignSessions are those of a host that has its own, which know little: as scs and
// gorilla do, once somebody has noted whose they are.
type foreignSessions struct {
	mu   sync.Mutex
	all  []session.Session
	fail error
}

func (f *foreignSessions) List(_ context.Context, account passwd.Ref) ([]session.Session, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var own []session.Session
	for _, s := range f.all {
		if s.Account == account {
			own = append(own, s)
		}
	}
	return own, f.fail
}

func (f *foreignSessions) End(_ context.Context, account passwd.Ref, id string) error {
	_, err := f.delete(func(s session.Session) bool { return s.Account == account && s.ID == id })
	return err
}

func (f *foreignSessions) EndOthers(_ context.Context, account passwd.Ref, keep string) (int, error) {
	return f.delete(func(s session.Session) bool { return s.Account == account && s.ID != keep })
}

func (f *foreignSessions) delete(which func(session.Session) bool) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.all)
	if f.fail == nil {
		f.all = slices.DeleteFunc(f.all, which)
	}
	return before - len(f.all), f.fail
}

// devicesOf reads one page of devices.
func (s *site) devicesOf(t *testing.T, query string, edits ...func(*http.Request)) (names []string, next string) {
	t.Helper()
	got := s.do(t, request("GET", "devices"+query, "", edits...), nil)
	got.want(t, 200, "")
	var page struct {
		Devices []struct {
			ID, Name string
			This     bool
		}
		Next string
	}
	if err := json.Unmarshal(got.Body.Bytes(), &page); err != nil {
		t.Fatal(err)
	}
	names = []string{}
	for _, d := range page.Devices {
		name := d.Name
		if d.This {
			name = "this: " + name
		}
		names = append(names, name)
	}
	return names, page.Next
}

// cookieOf sends a session of the manager, as the browsers of these hosts do.
func cookieOf(pair session.Pair) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "session", Value: string(pair.Access)}) }
}

func TestDevicesAPI(t *testing.T) {
	d := newDevices(t, passwd.Links{}, passwdhttp.Config{})
	d.Add(t, passwd.Account{Username: "bob", Email: "bob@example.com"}, current)
	bobs := d.start(t, "bob", session.Info{DeviceName: "of somebody else"})
	old := d.start(t, "ada", bare)
	d.Clock.Advance(10 * time.Minute)
	own := d.start(t, "ada", laptop)
	d.Clock.Advance(10 * time.Minute)
	mobile := d.start(t, "ada", phone)
	d.Clock.Advance(10 * time.Second)

	got := d.do(t, request("GET", "devices", "", cookieOf(own)), nil)
	got.want(t, 200, "")
	var page struct{ Devices []map[string]any }
	if err := json.Unmarshal(got.Body.Bytes(), &page); err != nil {
		t.Fatal(err)
	}
	used := own.Session.CreatedAt.Add(10*time.Minute + 10*time.Second) // now
	equal(t, "first", page.Devices[0], map[string]any{
		"id": own.Session.ID, "this": true, "name": "Work laptop", "client": "web", "address": "192.0.2.7",
		"user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0",
		"created_at": own.Session.CreatedAt.Format(time.RFC3339), "used_at": used.Format(time.RFC3339),
		"expires_at": used.Add(14 * 24 * time.Hour).Format(time.RFC3339),
	})
	names, next := d.devicesOf(t, "", cookieOf(own))
	equal(t, "devices", names, []string{"this: Work laptop", "<b>phone</b> & more", "Unknown device"})
	equal(t, "next", next, "")
	names, _ = d.devicesOf(t, "", cookieOf(own), header("Accept-Language", "de"))
	equal(t, "language", names[2], "Unbekanntes Gerät")

	end := func(id string) { d.post(t, "devices/end", map[string]string{"id": id}, cookieOf(own)).want(t, 204, "") }
	end(mobile.Session.ID)
	end(mobile.Session.ID) // it may have signed out meanwhile
	end(bobs.Session.ID)
	end("others")
	equal(t, "ended", []bool{d.lives(t, mobile), d.lives(t, bobs), d.lives(t, old), d.lives(t, own)}, []bool{false, true, true, true})
	d.start(t, "ada", phone)
	others := d.do(t, request("POST", "devices/end-others", "{}", cookieOf(own)), nil)
	others.want(t, 200, "")
	equal(t, "others", others.Body.String(), "{\"ended\":2}\n")
	equal(t, "ended", []bool{d.lives(t, bobs), d.lives(t, old), d.lives(t, own)}, []bool{true, false, true})

	// For nobody, and for who may only change the password, there is none of it (F7).
	requests := []struct{ method, path, body string }{
		{"GET", "devices", ""}, {"HEAD", "devices", ""}, {"POST", "devices/end", `{"id":"x"}`}, {"POST", "devices/end-others", "{}"},
	}
	for _, r := range requests {
		d.do(t, request(r.method, r.path, r.body), nil).want(t, 401, "unauthenticated")
	}
	if err := d.Service.RequireChange(t.Context(), passwd.RequireChange{Account: d.account}); err != nil {
		t.Fatal(err)
	}
	for _, r := range requests {
		d.do(t, request(r.method, r.path, r.body, cookieOf(own)), nil).want(t, 403, "password_change_required")
	}
}

// Pages hold every device once, whatever comes and goes between two of them.
func TestDevicesAPIPages(t *testing.T) {
	f := new(foreignSessions)
	s := newSite(t, passwd.Config{}, passwdhttp.Config{Sessions: f})
	ada := s.ada(t)
	token := s.signIn(t, "ada", current)
	at := func(minute int) time.Time { return s.Clock.Now().Add(time.Duration(minute) * time.Minute) }
	var want []string
	for i := range 45 {
		name := fmt.Sprint("device ", i)
		f.all = append(f.all, session.Session{ID: fmt.Sprintf("%02d", i), Account: ada, DeviceName: name, UsedAt: at(-i / 2)})
		want = append(want, name)
	}
	f.all = append(f.all, session.Session{ID: token, Account: ada, DeviceName: "own", UsedAt: at(-100)}, session.Session{ID: "x", Account: passwd.Ref{ID: "9"}, DeviceName: "of another"})
	for _, limit := range []int{0, 1, 7, 46, 100} {
		var got []string
		query, pages := url.Values{}, 0
		if limit > 0 {
			query.Set("limit", fmt.Sprint(limit))
		}
		for {
			names, next := s.devicesOf(t, "?"+query.Encode(), bearer(token))
			got, pages = append(got, names...), pages+1
			if next == "" {
				break
			}
			query.Set("after", next)
		}
		equal(t, fmt.Sprint("limit ", limit), got, append([]string{"this: own"}, want...))
		if limit == 0 {
			equal(t, "pages", pages, 3)
		}
	}
	_, next := s.devicesOf(t, "?limit=10", bearer(token))
	f.all[20].UsedAt = at(1)           // used now: it was to come, and has moved to the front
	f.all = slices.Delete(f.all, 8, 9) // the one that the page has ended with
	names, _ := s.devicesOf(t, "?limit=3&after="+next, bearer(token))
	equal(t, "after a change", names, []string{"device 9", "device 10", "device 11"})

	for _, query := range []string{"?limit=0", "?limit=101", "?limit=x", "?after=x", "?after=%20"} {
		s.do(t, request("GET", "devices"+query, "", bearer(token)), nil).want(t, 400, "malformed_request")
		s.do(t, request("HEAD", "devices"+query, "", bearer(token)), nil).want(t, 400, "malformed_request")
	}
	equal(t, "HEAD", s.do(t, request("HEAD", "devices", "", bearer(token)), nil).Code, 200)
}

// Sessions that cannot be asked are an event and unavailable, on page and API; who has
// no name for the session that asks cannot end the others.
func TestForeignSessionsFail(t *testing.T) {
	f := new(foreignSessions)
	s := newPages(t, passwd.Config{}, passwdhttp.Config{Sessions: f})
	ada := s.ada(t)
	b := s.signedIn(t)
	f.all = []session.Session{{ID: "1", Account: ada}}
	p := b.get(t, "devices").want(t, 200, "Your devices") // of one that knows nothing else
	equal(t, "device", p.all("h2")[0].text, "Unknown device")
	asCookie := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "session", Value: b.cookie("session")}) }
	for _, tc := range []struct {
		err    error
		status int
		code   string
	}{{errors.New("dial tcp 10.0.0.7"), 503, "unavailable"}, {passwd.ErrBusy, 503, "busy"}} {
		f.fail = tc.err
		events := len(s.Events.Named(passwd.EventUnavailable))
		s.do(t, request("GET", "devices", "", asCookie), nil).want(t, tc.status, tc.code)
		s.do(t, request("HEAD", "devices", "", asCookie), nil).want(t, tc.status, tc.code)
		s.do(t, request("POST", "devices/end", `{"id":"1"}`, asCookie), nil).want(t, tc.status, tc.code)
		s.do(t, request("POST", "devices/end-others", "{}", asCookie), nil).want(t, tc.status, tc.code)
		equal(t, "page", b.get(t, "devices").Code, tc.status)
		equal(t, "events", len(s.Events.Named(passwd.EventUnavailable))-events, map[string]int{"unavailable": 5, "busy": 0}[tc.code])
	}
	f.fail = nil
	// These sessions have no ID that Authenticate could name.
	s = newSite(t, passwd.Config{}, passwdhttp.Config{Sessions: f, Authenticate: func(*http.Request) (passwdhttp.Principal, error) {
		return passwdhttp.Principal{Account: ada, Epoch: epochOf(t, s, ada)}, nil
	}})
	s.ada(t)
	s.signIn(t, "ada", current)
	s.do(t, request("POST", "devices/end-others", "{}"), nil).want(t, 400, "malformed_request")
}

// adaLonger asks for 20 characters of ada, and for 8 of others.
func adaLonger(_ context.Context, a passwd.Account) (pwpolicy.Policy, error) {
	min := 8
	if a.Username == "ada" {
		min = 20
	}
	return pwpolicy.New(pwpolicy.Length{Min: min})
}

func epochOf(t *testing.T, s *site, r passwd.Ref) int64 {
	t.Helper()
	a, err := s.Store.Get(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return a.Epoch
}

// A reset page shows what is asked of that account's password.
func TestPolicyOfToken(t *testing.T) {
	s := newSite(t, passwd.Config{PolicyFor: adaLonger}, passwdhttp.Config{})
	s.ada(t)
	s.Add(t, passwd.Account{Username: "bob", Email: "bob@example.com"}, current)
	for login, want := range map[string]string{"ada": "minlength: 20;", "bob": "minlength: 8;"} {
		token := s.link(t, login)
		got := s.post(t, "policy", map[string]string{"token": token})
		got.want(t, 200, "")
		equal(t, login, got.member(t, "passwordrules"), want+" allowed: ascii-printable;")
		s.post(t, "reset/check", map[string]string{"token": token}).want(t, 204, "")
	}
	s.post(t, "policy", nil).want(t, 400, "malformed_request")
	s.post(t, "policy", map[string]string{"token": "x", "ticket": "x"}).want(t, 400, "malformed_request")
	for _, token := range []string{"", "x", "NHl3kSpAs2yA-BRVggKKhHDXBWeVXXxWOwSK8iQKHtw"} {
		s.post(t, "policy", map[string]string{"token": token}).want(t, 422, "invalid_token")
	}
}

// So do the pages of a forced change and of an invitation, whose account has no password
// that another could be compared with.
func TestPolicyOfOtherTokens(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	ref := s.ada(t)
	if err := s.Service.RequireChange(t.Context(), passwd.RequireChange{Account: ref}); err != nil {
		t.Fatal(err)
	}
	in, err := s.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: current})
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := s.Service.Ticket(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	_, invitation := s.invite(t)
	for member, token := range map[string]string{"ticket": string(ticket), "invitation": invitation} {
		for range 2 { // it is not spent
			got := s.post(t, "policy", map[string]string{member: token})
			got.want(t, 200, "")
			if asks := strings.Contains(got.Body.String(), "similar_current"); asks != (member == "ticket") {
				t.Errorf("%s: asks about the current password: %t", member, asks)
			}
		}
		for _, other := range []string{"token", "ticket", "invitation"} {
			if other != member {
				s.post(t, "policy", map[string]string{other: token}).want(t, 422, "invalid_token")
			}
		}
	}
}

// Of the API the host may make the reply of a change: new tokens, say.
func TestChangeReply(t *testing.T) {
	var fail error
	renew := func(w http.ResponseWriter, _ *http.Request, done passwd.Written) error {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"epoch":"%d"}`, done.Epoch)
		return fail
	}
	s := newPages(t, passwd.Config{}, passwdhttp.Config{Renew: renew})
	s.ada(t)
	b := s.signedIn(t)
	p := b.post(t, "change", map[string]string{"current_password": current, "new_password": next}).want(t, 303, "/done")
	equal(t, "Content-Type of a page", p.Header().Get("Content-Type"), "")

	api := newSite(t, passwd.Config{}, passwdhttp.Config{Renew: renew})
	ada := api.ada(t)
	change := func(from, to string) reply {
		return api.post(t, "change", map[string]string{"current_password": from, "new_password": to}, bearer(api.signIn(t, "ada", from)))
	}
	got := change(current, next)
	got.want(t, 200, "")
	equal(t, "reply", got.member(t, "epoch"), fmt.Sprint(epochOf(t, api, ada)))
	fail = errors.New("the sessions are down")
	got = change(next, current) // it has been changed
	got.want(t, 204, "")
	equal(t, "Content-Type", got.Header().Get("Content-Type"), "")
	equal(t, "events", len(api.Events.Named(passwd.EventAfterWriteFailed)), 1)
}

// Whatever is asked for, it is a page or refused.
func FuzzDevices(f *testing.F) {
	for _, query := range []string{"", "limit=1", "limit=-1", "after=x", "after=MSAx&limit=2", "after=%zz", "limit=99999999999999999999", "limit=1&limit=2", ";"} {
		f.Add(query)
	}
	kit := passwdtest.New(f, passwd.Config{})
	ada := kit.Add(f, passwd.Account{Username: "ada"}, current)
	in, err := kit.Service.SignIn(f.Context(), passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: current})
	if err != nil {
		f.Fatal(err)
	}
	sessions := new(foreignSessions)
	for i := range 150 {
		sessions.all = append(sessions.all, session.Session{ID: fmt.Sprint(i), Account: ada, UsedAt: kit.Clock.Now().Add(time.Duration(i/3) * time.Second)})
	}
	h, err := passwdhttp.API(passwdhttp.Config{Service: kit.Service, Sessions: sessions, Authenticate: func(*http.Request) (passwdhttp.Principal, error) {
		return passwdhttp.Principal{Account: ada, Epoch: in.Epoch, Session: "7"}, nil
	}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest("GET", api+"devices", nil)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var page struct{ Devices []struct{ ID string } }
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != 200 && w.Code != 400 || len(page.Devices) > 100 {
			t.Errorf("%q: %d, %d devices (%v)", query, w.Code, len(page.Devices), err)
		}
	})
}
