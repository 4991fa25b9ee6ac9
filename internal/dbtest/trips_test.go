package dbtest_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/sqlstore"
)

// trips are the round trips of a flow: statements, BEGIN, COMMIT and ROLLBACK; and how
// many of them end in a commit.
type trips struct{ all, commits int }

// atMost are the bounds of the flows, on SQLite, PostgreSQL and MariaDB.
var atMost = map[string][3]trips{
	"sign-in, the first ever":        {{11, 4}, {11, 4}, {10, 4}},
	"sign-in, right":                 {{5, 2}, {5, 2}, {5, 2}},
	"session started":                {{5, 1}, {5, 1}, {5, 1}},
	"sign-in with a session started": {{10, 3}, {10, 3}, {10, 3}},
	"session check, with Live":       {{1, 0}, {2, 0}, {2, 0}},
	"Live":                           {{1, 0}, {1, 0}, {1, 0}},
	"session refreshed":              {{11, 1}, {10, 1}, {10, 1}},
	"sign-in, wrong":                 {{5, 2}, {5, 2}, {5, 2}},
	"sign-in, wrong again":           {{5, 2}, {5, 2}, {5, 2}},
	"sign-in, right after wrong":     {{5, 2}, {5, 2}, {5, 2}},
	"sign-in, unknown login":         {{5, 2}, {5, 2}, {5, 2}},
	"change":                         {{12, 3}, {6, 3}, {12, 3}},
	"a notice delivered":             {{4, 2}, {2, 2}, {4, 2}},
	"forgot":                         {{2, 2}, {2, 2}, {3, 2}},
	"a link delivered":               {{13, 4}, {6, 4}, {12, 4}},
	"reset":                          {{15, 3}, {8, 3}, {16, 3}},
	"forgot, for a code":             {{2, 2}, {2, 2}, {3, 2}},
	"a code delivered":               {{19, 5}, {7, 5}, {17, 5}},
	"code":                           {{11, 3}, {8, 3}, {10, 3}},
	"redeem, after a code":           {{15, 3}, {8, 3}, {15, 3}},
	"session check, of numbers":      {{1, 0}, {1, 0}, {1, 0}},
}

// TestRoundTrips counts, at the driver, what each flow asks of the database, with the
// store as limiter and queue. Statements are prepared already, as they are soon after
// the start of a program. It logs what each flow takes, and fails where that is more
// than it was.
func TestRoundTrips(t *testing.T) {
	for n, s := range []*server{onSQLite, onPostgres, onMariaDB} {
		t.Run(s.name, func(t *testing.T) {
			_, r := s.recordedPair(t)
			f := newFlows(t, s, pooled(t, sql.OpenDB(r)), usual)
			f.all(func(_ string, flow func()) { flow() }) // connections and statements are new
			count := func(name string, flow func()) {
				t.Helper()
				r.reset()
				flow()
				got, texts := r.trips()
				most := atMost[name][n]
				t.Logf("trips: %-36s %2d, of which %d commits", name, got.all, got.commits)
				if got.all > most.all || got.commits > most.commits {
					t.Errorf("%s: %d round trips and %d commits, want at most %d and %d:\n%s",
						name, got.all, got.commits, most.all, most.commits, texts)
				}
			}
			f.all(count)

			numbers := usual
			numbers.Table, numbers.Tenant = "people", ""
			_, r = s.recordedPair(t)
			f = newFlows(t, s, pooled(t, sql.OpenDB(r)), numbers)
			f.sessions.Check(t.Context(), strings.Repeat("0", 64)) // prepares
			f.checks(count)
		})
	}
}

// reset forgets what was recorded.
func (r *recorder) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps, r.rollbacks = nil, 0
}

// trips counts what was recorded since. A statement that writes, outside BEGIN and
// COMMIT, is a commit too.
func (r *recorder) trips() (n trips, texts string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	inside := false
	for _, s := range r.steps {
		switch {
		case s.text == "" && s.reads:
			inside = true
			texts += "\tBEGIN\n"
		case s.text == "":
			inside = false
			n.commits++
			texts += "\tCOMMIT\n"
		default:
			if !inside && !strings.HasPrefix(s.text, "SELECT") {
				n.commits++
			}
			texts += "\t" + strings.Join(strings.Fields(s.text), " ") + "\n"
		}
	}
	n.all = len(r.steps) + r.rollbacks
	return n, texts
}

// flows are those of one service.
type flows struct {
	t        *testing.T
	h        *host
	svc      *passwd.Service
	sessions *session.Manager
	mail     *passwdtest.Mailbox
	client   passwd.Client
	users    int
}

func newFlows(t *testing.T, s *server, db *sql.DB, u sqlstore.Users) *flows {
	f := &flows{t: t, h: s.newHost(t, db, u), mail: new(passwdtest.Mailbox), client: passwd.Client{Addr: netip.MustParseAddr("192.0.2.1")}}
	keys := passwd.RandomKeys()
	var err error
	f.svc, err = passwd.New(passwd.Config{
		Store: f.h.store, Keys: keys, Hasher: passwdtest.Hasher{}, Notify: f.mail,
		Links: passwd.Links{Base: "https://app.example.com/password"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if f.sessions, err = session.New(session.Config{Store: f.h.store, Keys: keys}); err != nil {
		t.Fatal(err)
	}
	return f
}

// login is that of a new account, with an e-mail address and a password.
func (f *flows) login() (passwd.Login, passwd.Ref) {
	f.t.Helper()
	f.users++
	a := passwd.Account{
		Ref: passwd.Ref{Tenant: "north", ID: fmt.Sprint(100 + f.users)}, Email: fmt.Sprint("user", f.users, "@example.com"), Active: true,
	}
	a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Email}}
	var err error
	if a.Hash, err = (passwdtest.Hasher{}).Hash(f.t.Context(), firstPassword); err != nil {
		f.t.Fatal(err)
	}
	if f.h.users.Tenant == "" {
		a.Ref.Tenant = ""
	}
	if err := f.h.on.seed(f.t.Context(), f.h.db, f.h.users, a); err != nil {
		f.t.Fatal(err)
	}
	return passwd.Login{Tenant: a.Ref.Tenant, Value: a.Email}, a.Ref
}

const (
	firstPassword  = "correct horse battery"
	secondPassword = "staple violin garden"
)

func (f *flows) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// deliver has all messages delivered, and returns the last.
func (f *flows) deliver() passwd.Message {
	f.t.Helper()
	_, err := f.svc.Work(f.t.Context())
	f.must(err)
	sent := f.mail.All()
	if len(sent) == 0 {
		f.t.Fatal("no message")
	}
	return sent[len(sent)-1]
}

// checks has run check a session where ids are numbers, and there are no tenants.
func (f *flows) checks(run func(name string, flow func())) {
	l, _ := f.login()
	in, err := f.svc.SignIn(f.t.Context(), passwd.SignIn{Login: l, Password: firstPassword, Client: f.client})
	f.must(err)
	pair, err := f.sessions.Start(f.t.Context(), in, session.Info{From: f.client})
	f.must(err)
	run("session check, of numbers", func() {
		_, err := f.sessions.Check(f.t.Context(), string(pair.Access))
		f.must(err)
	})
}

// all has run make each flow, of an account that has signed in from there before.
func (f *flows) all(run func(name string, flow func())) {
	ctx := f.t.Context()
	l, ref := f.login()
	signIn := func() (in passwd.SignedIn) {
		in, err := f.svc.SignIn(ctx, passwd.SignIn{Login: l, Password: firstPassword, Client: f.client})
		f.must(err)
		return in
	}
	wrong := func() {
		if _, err := f.svc.SignIn(ctx, passwd.SignIn{Login: l, Password: "wrong", Client: f.client}); !errors.Is(err, passwd.ErrWrongCredentials) {
			f.t.Fatal(err)
		}
	}
	var in passwd.SignedIn
	run("sign-in, the first ever", func() { in = signIn() })
	run("sign-in, right", func() { in = signIn() })
	var pair session.Pair
	start := func() {
		var err error
		pair, err = f.sessions.Start(ctx, in, session.Info{Client: "web", From: f.client})
		f.must(err)
	}
	run("session started", start)
	run("sign-in with a session started", func() { in = signIn(); start() })
	run("session check, with Live", func() {
		_, err := f.sessions.Check(ctx, string(pair.Access))
		f.must(err)
	})
	run("Live", func() {
		_, err := f.svc.Live(ctx, ref, in.Epoch)
		f.must(err)
	})
	run("session refreshed", func() {
		var err error
		pair, err = f.sessions.Refresh(ctx, string(pair.Refresh), f.client)
		f.must(err)
	})
	run("sign-in, wrong", wrong)
	run("sign-in, wrong again", wrong)
	run("sign-in, right after wrong", func() { signIn() })
	l.Value = "nobody@example.com"
	run("sign-in, unknown login", wrong)

	l, ref = f.login()
	in = signIn()
	start()
	run("change", func() {
		_, err := f.svc.Change(ctx, passwd.Change{Account: ref, Current: firstPassword, New: secondPassword, KeepSession: pair.Session.ID, Client: f.client})
		f.must(err)
	})
	run("a notice delivered", func() { f.deliver() })

	l, _ = f.login()
	in = signIn()
	start()
	run("forgot", func() { f.must(f.svc.RequestReset(ctx, passwd.RequestReset{Login: l, Client: f.client})) })
	run("a link delivered", func() { f.deliver() })
	link := f.deliver().Token
	run("reset", func() {
		_, err := f.svc.Reset(ctx, passwd.Reset{Token: link, New: secondPassword, Client: f.client})
		f.must(err)
	})
	f.deliver()

	var request passwd.Token
	run("forgot, for a code", func() {
		var err error
		request, err = f.svc.RequestCode(ctx, passwd.RequestCode{Login: l, Client: f.client})
		f.must(err)
	})
	run("a code delivered", func() { f.deliver() })
	message := f.deliver()
	var reset passwd.Token
	run("code", func() {
		var err error
		reset, err = f.svc.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: message.Code, Client: f.client})
		f.must(err)
	})
	run("redeem, after a code", func() {
		_, err := f.svc.Reset(ctx, passwd.Reset{Token: reset, New: "window cactus thunder", Client: f.client})
		f.must(err)
	})
	f.deliver()
}
