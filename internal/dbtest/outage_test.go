package dbtest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session"
)

// TestServerCutWithin cuts the connection at every message of an operation, before it
// gets to the server and before the answer gets back: what the call says is what has
// happened, and an error is that of a fault and never an answer (I2, I10).
func TestServerCutWithin(t *testing.T) {
	testrun.NotWithRace(t)
	for _, s := range []*server{onPostgres, onPQ, onMariaDB} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			through, direct, r := s.relayed(t)
			h := s.newHost(t, direct, usual)
			account := h.everything()
			store := s.store(t, through, usual)
			before := h.contents()
			for _, op := range operations() {
				daily := []string{"Apply"} // its reading back waits for a commit that is still under way
				ci := []string{"Apply", "Issue", "RotateSession", "Put"}
				if !testrun.CI() && !slices.Contains(daily, op.name) || !testrun.Long() && !slices.Contains(ci, op.name) {
					continue
				}
				random := []string{"passwd_account.stamp", op.random}
				h.restore(before)
				if err := op.do(t.Context(), h.store, account); err != nil {
					t.Fatalf("%s: %v", op.name, err)
				}
				undone, done := before.text(random...), h.contents().text(random...)
				cuts, succeeded := 0, 0
				for n, more := 1, true; more && !t.Failed(); n++ {
					more = false
					for _, delivered := range []bool{false, true} {
						h.restore(before)
						if _, err := (&host{t: t, store: store}).readAgain(account.Ref); err != nil { // so that a connection is there
							t.Fatal(err)
						}
						r.arm(n, delivered)
						err := op.do(t.Context(), store, account)
						cut := r.disarm()
						more = more || cut
						r.quiet()
						after := h.contents().text(random...)
						what := fmt.Sprintf("%s, cut at message %d, which got there: %t", op.name, n, delivered)
						if after != undone && after != done {
							t.Errorf("%s: half written (error %v):\n%s", what, err, after)
						}
						if err == nil && after != done {
							t.Errorf("%s: it says that it has happened, and it has not", what)
						}
						if err != nil && op.readBack && after != undone {
							t.Errorf("%s: it has happened, and it says %v", what, err)
						}
						if errors.Is(err, passwd.ErrOutcomeUnknown) && op.readBack {
							t.Errorf("%s: not read back: %v", what, err)
						}
						if err != nil && !unavailable503(err) {
							t.Errorf("%s: %v looks like an answer", what, err)
						}
						if !cut && err != nil {
							t.Errorf("%s: nothing was cut, and yet %v", op.name, err)
						}
						if cut {
							cuts++
						}
						if cut && err == nil {
							succeeded++
						}
					}
				}
				t.Logf("%s: cut %d times, of which it succeeded all the same in %d", op.name, cuts, succeeded)
			}
		})
	}
}

// unavailable503 reports whether a service makes of a store's error what its faces
// answer with 503 unavailable: it is none that means something else.
func unavailable503(err error) bool {
	switch passwd.CodeOf(err) {
	case passwd.CodeInternal, passwd.CodeUnavailable: // a service wraps the former in ErrUnavailable
		return !errors.Is(err, passwd.ErrNotFound)
	}
	return false
}

// TestServerDown stops the server under a whole service: every call and every request
// is answered as unavailable, none succeeds, nothing is told, and when the server is
// back all of it goes on.
func TestServerDown(t *testing.T) {
	for _, s := range []*server{onPostgres, onPQ, onMariaDB} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			through, direct, r := s.relayed(t)
			h := s.newHost(t, direct, usual)
			h.store = s.store(t, through, usual)
			d := newDowntime(t, h)
			before := (&host{t: t, on: s, db: direct, users: usual}).contents().text()
			for name, call := range d.calls() {
				r.stop()
				err := call()
				if code := passwd.CodeOf(err); code != passwd.CodeUnavailable {
					t.Errorf("%s: code %q, error %v", name, code, err)
				}
				if err != nil && strings.Contains(err.Error(), d.account.Email) {
					t.Errorf("%s: the error tells: %v", name, err)
				}
				r.start()
			}
			for path, body := range d.requests() {
				r.stop()
				if reply := d.post(path, body); reply.Code != http.StatusServiceUnavailable || !strings.Contains(reply.Body.String(), `"unavailable"`) {
					t.Errorf("%s: %d %s", path, reply.Code, reply.Body)
				}
				r.start()
			}
			if after := (&host{t: t, on: s, db: direct, users: usual}).contents().text(); after != before {
				t.Errorf("without a server, this was written:\n%s\nwas\n%s", after, before)
			}
			if reply := d.post("change", d.requests()["change"]); reply.Code != http.StatusNoContent {
				t.Errorf("afterwards: %d %s", reply.Code, reply.Body)
			}
			if n := len(d.kit.Events.Named(passwd.EventUnavailable)); n == 0 {
				t.Error("no event says that the store was down")
			}
		})
	}
}

// downtime is a service with all that can be asked of it.
type downtime struct {
	t        *testing.T
	kit      *passwdtest.Kit
	sessions *session.Manager
	api      http.Handler
	account  passwd.Account
	signedIn passwd.SignedIn
	pair     session.Pair
	reset    string // a token
	cancel   string // one of a notice
}

const hers, next = "an old password of hers", "a new one for her account"

func newDowntime(t *testing.T, h *host) *downtime {
	keys := passwd.RandomKeys()
	d := &downtime{t: t, kit: passwdtest.New(t, passwd.Config{Store: h.store, Keys: keys})}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	a := h.user("1")
	a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Email}}
	hash, err := passwdtest.Hasher{}.Hash(t.Context(), hers)
	check(err)
	a.Hash = hash
	check(h.on.seed(t.Context(), h.db, h.users, a))
	d.account = h.get(a.Ref)
	// A notice first, for the token in it.
	_, err = d.kit.Service.Change(t.Context(), passwd.Change{Account: a.Ref, Current: hers, New: next})
	check(err)
	_, err = d.kit.Service.Change(t.Context(), passwd.Change{Account: a.Ref, Current: next, New: hers + "!"})
	check(err)
	check(d.kit.Service.RequestReset(t.Context(), passwd.RequestReset{Login: d.login()}))
	for _, m := range d.kit.Deliver(t) {
		if m.Token != "" {
			d.reset = string(m.Token)
		} else if _, token, ok := strings.Cut(m.Link, "token="); ok {
			d.cancel, _, _ = strings.Cut(token, "&")
		}
	}
	if d.reset == "" {
		t.Fatal("no reset link has come")
	}
	d.signedIn, err = d.kit.Service.SignIn(t.Context(), d.signIn())
	check(err)
	d.sessions, err = session.New(session.Config{Store: h.store, Keys: keys, Now: d.kit.Clock.Now})
	check(err)
	d.pair, err = d.sessions.Start(t.Context(), d.signedIn, session.Info{Client: "app", Device: "device"})
	check(err)
	d.api, err = passwdhttp.API(passwdhttp.Config{
		Service: d.kit.Service,
		Tenant:  func(*http.Request) string { return "north" },
		Authenticate: func(*http.Request) (passwdhttp.Principal, error) {
			return passwdhttp.Principal{Account: d.signedIn.Account, Epoch: d.signedIn.Epoch}, nil
		},
	})
	check(err)
	return d
}

func (d *downtime) login() passwd.Login { return passwd.Login{Tenant: "north", Value: d.account.Email} }

func (d *downtime) signIn() passwd.SignIn {
	return passwd.SignIn{Login: d.login(), Password: hers + "!", Client: passwd.Client{Addr: netip.MustParseAddr("192.0.2.1")}}
}

func (d *downtime) calls() map[string]func() error {
	ctx, s, r := d.t.Context(), d.kit.Service, d.account.Ref
	bare := func(_ any, err error) error { return err }
	return map[string]func() error{
		"SignIn": func() error { return bare(s.SignIn(ctx, d.signIn())) },
		"Ticket": func() error { return bare(s.Ticket(ctx, d.signedIn)) },
		"Live":   func() error { return bare(s.Live(ctx, r, d.signedIn.Epoch)) },
		"Change": func() error {
			return bare(s.Change(ctx, passwd.Change{Account: r, Current: hers + "!", New: next}))
		},
		"ChangeByLogin": func() error {
			return bare(s.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: d.login(), Current: hers + "!", New: next}))
		},
		"RequestReset":   func() error { return s.RequestReset(ctx, passwd.RequestReset{Login: d.login()}) },
		"RequestCode":    func() error { return bare(s.RequestCode(ctx, passwd.RequestCode{Login: d.login()})) },
		"CheckReset":     func() error { return s.CheckReset(ctx, passwd.CheckReset{Token: passwd.Token(d.reset)}) },
		"Reset":          func() error { return bare(s.Reset(ctx, passwd.Reset{Token: passwd.Token(d.reset), New: next})) },
		"RequireChange":  func() error { return s.RequireChange(ctx, passwd.RequireChange{Account: r}) },
		"IssueTemporary": func() error { return bare(s.IssueTemporary(ctx, passwd.IssueTemporary{Account: r})) },
		"Revoke":         func() error { return bare(s.Revoke(ctx, passwd.Revoke{Account: r})) },
		"Forget":         func() error { return s.Forget(ctx, r) },
		"Work":           func() error { return bare(s.Work(ctx)) },

		"sessions.Start": func() error {
			return bare(d.sessions.Start(ctx, d.signedIn, session.Info{Client: "app", Device: "other"}))
		},
		"sessions.Check":   func() error { return bare(d.sessions.Check(ctx, string(d.pair.Access))) },
		"sessions.Refresh": func() error { return bare(d.sessions.Refresh(ctx, string(d.pair.Refresh), passwd.Client{})) },
		"sessions.List":    func() error { return bare(d.sessions.List(ctx, r)) },
		"sessions.End":     func() error { return d.sessions.End(ctx, r, d.pair.Session.ID) },
		"sessions.SignOut": func() error { return d.sessions.SignOut(ctx, string(d.pair.Access)) },
	}
}

func (d *downtime) requests() map[string]string {
	return map[string]string{
		"change":      `{"current_password":"` + hers + `!","new_password":"` + next + `"}`,
		"forgot":      `{"login":"` + d.account.Email + `"}`,
		"forgot/code": `{"login":"nobody@example.com"}`,
		"reset/check": `{"token":"` + d.reset + `"}`,
		"reset":       `{"token":"` + d.reset + `","new_password":"` + next + `"}`,
		"cancel":      `{"token":"` + d.cancel + `"}`,
	}
}

func (d *downtime) post(path, body string) *httptest.ResponseRecorder {
	ctx, cancel := context.WithTimeout(d.t.Context(), testrun.Patience(d.t))
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, "POST", d.kit.Service.BasePath()+"/api/v1/"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	reply := httptest.NewRecorder()
	d.api.ServeHTTP(reply, r)
	return reply
}
