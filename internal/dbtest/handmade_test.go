package dbtest_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/sqlstore"
)

// TestHandMade measures the flows of a service, with 16 clients and a hash that costs
// nothing, against what a host writes by hand as tutorials have it: a look-up, a table of
// failures, a table of sessions, a table of tokens. Neither sends a message. It is a
// measurement, and logs how many times as fast the service is.
func TestHandMade(t *testing.T) {
	testrun.NeedLong(t)
	for _, s := range []*server{onSQLite, onPostgres} {
		t.Run(s.name, func(t *testing.T) {
			db := s.open(t)
			ours, theirs := newServiceSide(t, s, db), newHandMade(t, s, db)
			for n := range handUsers {
				a := passwd.Account{Ref: passwd.Ref{ID: fmt.Sprint(n + 1)}, Email: handEmail(n), Active: true}
				a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Email}}
				a.Hash, _ = passwdtest.Hasher{}.Hash(t.Context(), firstPassword)
				if err := s.seed(t.Context(), db, handTable, a); err != nil {
					t.Fatal(err)
				}
			}
			mustExec(t, db, "CREATE INDEX people_email ON people (lower(email))")
			for i, name := range handFlows {
				var ratios, rates []float64
				for range 3 {
					mine := rate(t, ours.flows()[i])
					other := rate(t, theirs.flows()[i])
					ratios, rates = append(ratios, mine/other), append(rates, mine)
				}
				slices.Sort(ratios)
				slices.Sort(rates)
				t.Logf("hand: %-7s %-28s %6.0f/s, %.2f of what is made by hand", s.name, name, rates[1], ratios[1])
			}
		})
	}
}

const (
	handUsers   = 4000
	handClients = 16
)

var (
	handFlows = []string{"sign-in, right, and a session", "sign-in, wrong", "session check", "change", "forgot", "reset"}
	handTable = sqlstore.Users{
		Table: "people", ID: "id", IDType: sqlstore.BigInt, Email: "email", Hash: "password_hash", Active: "active",
	}
)

func handEmail(n int) string { return fmt.Sprint("person", n%handUsers, "@example.com") }

// flow runs once, for a client, for the nth time.
type flow func(ctx context.Context, client, n int) error

// rate is how often a flow runs in a second with all clients.
func rate(t *testing.T, f flow) float64 {
	var done, n atomic.Int64
	var clients sync.WaitGroup
	run := func(d time.Duration) {
		end := time.Now().Add(d)
		for c := range handClients {
			clients.Go(func() {
				for time.Now().Before(end) {
					if err := f(t.Context(), c, int(n.Add(1))); errors.Is(err, errNoMore) {
						return
					} else if err != nil {
						t.Error(err)
						return
					}
					done.Add(1)
				}
			})
		}
		clients.Wait()
	}
	run(100 * time.Millisecond)
	done.Store(0)
	begin := time.Now()
	run(time.Second)
	return float64(done.Load()) / time.Since(begin).Seconds()
}

var errNoMore = errors.New("nothing more to do")

// serviceSide is the library's.
type serviceSide struct {
	t        *testing.T
	svc      *passwd.Service
	sessions *session.Manager
	mail     *passwdtest.Mailbox
	pairs    [handClients]session.Pair
	password [handClients]int
	links    []passwd.Token
	next     atomic.Int64
	asked    atomic.Int64
}

func newServiceSide(t *testing.T, s *server, db *sql.DB) *serviceSide {
	side := &serviceSide{t: t, mail: new(passwdtest.Mailbox)}
	mustExec(t, db, s.createUsers(handTable))
	store, err := sqlstore.New(db, sqlstore.Config{Dialect: s.dialect, Users: handTable, MaxJobs: 1_000_000})
	if err == nil {
		err = store.Migrate(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	keys, many := passwd.RandomKeys(), passwd.Limit{Free: 1_000_000, Window: time.Hour}
	side.svc, err = passwd.New(passwd.Config{
		Store: store, Keys: keys, Hasher: passwdtest.Hasher{}, Notify: side.mail, Policy: pwpolicy.InsecureNoRules(),
		Links: passwd.Links{Base: "https://app.example.com/password"}, HashWaiting: 1000,
		Limits: passwd.Limits{SignIn: many, Account: many, Address: many, ResetRequests: many, Messages: many, Redeem: many},
	})
	if err == nil {
		side.sessions, err = session.New(session.Config{Store: store, Keys: keys})
	}
	if err != nil {
		t.Fatal(err)
	}
	return side
}

func (s *serviceSide) client(c int) passwd.Client {
	return passwd.Client{Addr: netip.AddrFrom4([4]byte{192, 0, 2, byte(c)})}
}

func (s *serviceSide) signIn(ctx context.Context, c, who int, password string) (passwd.SignedIn, error) {
	return s.svc.SignIn(ctx, passwd.SignIn{
		Login: passwd.Login{Kind: passwd.Email, Value: handEmail(who)}, Password: password, Client: s.client(c),
	})
}

func (s *serviceSide) flows() []flow {
	return []flow{
		func(ctx context.Context, c, _ int) error {
			in, err := s.signIn(ctx, c, c, firstPassword)
			if err == nil {
				s.pairs[c], err = s.sessions.Start(ctx, in, session.Info{From: s.client(c)})
			}
			return err
		},
		func(ctx context.Context, c, n int) error {
			if _, err := s.signIn(ctx, c, 100+n%3000, "wrong"); !errors.Is(err, passwd.ErrWrongCredentials) {
				return fmt.Errorf("a wrong password: %w", err)
			}
			return nil
		},
		func(ctx context.Context, c, _ int) error {
			_, err := s.sessions.Check(ctx, string(s.pairs[c].Access))
			return err
		},
		func(ctx context.Context, c, _ int) error {
			old := s.password[c]
			s.password[c]++
			_, err := s.svc.Change(ctx, passwd.Change{
				Account: passwd.Ref{ID: fmt.Sprint(51 + c)}, Current: handPassword(old), New: handPassword(old + 1), Client: s.client(c),
			})
			return err
		},
		func(ctx context.Context, c, _ int) error {
			n := int(s.asked.Add(1))
			return s.svc.RequestReset(ctx, passwd.RequestReset{Login: passwd.Login{Kind: passwd.Email, Value: handEmail(n)}, Client: passwd.Client{
				Addr: netip.AddrFrom4([4]byte{10, byte(n / handUsers >> 8), byte(n / handUsers), byte(c)}),
			}})
		},
		s.reset(),
	}
}

func handPassword(n int) string {
	if n == 0 {
		return firstPassword
	}
	return fmt.Sprint("changed for the time number ", n)
}

// reset makes links first, of which nothing is measured.
func (s *serviceSide) reset() flow {
	var once sync.Once
	return func(ctx context.Context, c, _ int) error {
		once.Do(func() {
			if _, err := s.svc.Work(ctx); err != nil { // what was asked for before
				s.t.Error(err)
			}
			before := len(s.mail.All())
			for n := range 600 {
				s.svc.RequestReset(ctx, passwd.RequestReset{Login: passwd.Login{Kind: passwd.Email, Value: handEmail(1000 + n)}, Client: s.client(c)})
			}
			if _, err := s.svc.Work(ctx); err != nil {
				s.t.Error(err)
			}
			s.links = nil
			for _, m := range s.mail.All()[before:] {
				if m.Kind == passwd.MessageResetLink {
					s.links = append(s.links, m.Token)
				}
			}
			s.next.Store(0)
		})
		n := int(s.next.Add(1)) - 1
		if n >= len(s.links) {
			return errNoMore
		}
		_, err := s.svc.Reset(ctx, passwd.Reset{Token: s.links[n], New: secondPassword, Client: s.client(c)})
		return err
	}
}

// handMade is the host's.
type handMade struct {
	t      *testing.T
	db     *sql.DB
	hasher passwdtest.Hasher

	user, byID, failures, fail, forgive, check, set, open, token, use, spend, endAll string

	tokens   [handClients]string
	password [handClients]int
	asked    atomic.Int64
}

func newHandMade(t *testing.T, s *server, db *sql.DB) *handMade {
	text, integer := "TEXT", "BIGINT"
	mustExec(t, db, "CREATE TABLE hand_failures (login "+text+" PRIMARY KEY, failed "+integer+" NOT NULL, locked_until "+integer+" NOT NULL)")
	mustExec(t, db, "CREATE TABLE hand_sessions (token "+text+" PRIMARY KEY, user_id "+integer+" NOT NULL, data "+text+" NOT NULL, expiry "+integer+" NOT NULL)")
	mustExec(t, db, "CREATE TABLE hand_tokens (token "+text+" PRIMARY KEY, user_id "+integer+" NOT NULL, expiry "+integer+" NOT NULL)")
	mustExec(t, db, "CREATE INDEX hand_sessions_user ON hand_sessions (user_id)")
	ask := func(text string) string {
		for n := 1; strings.Contains(text, "@"); n++ {
			mark := "?"
			if s.dialect == sqlstore.PostgreSQL {
				mark = fmt.Sprint("$", n)
			}
			text = strings.Replace(text, "@", mark, 1)
		}
		return text
	}
	return &handMade{
		t: t, db: db,
		user:     ask("SELECT id, password_hash, active FROM people WHERE lower(email) = lower(@)"),
		byID:     ask("SELECT password_hash FROM people WHERE id = @"),
		failures: ask("SELECT failed, locked_until FROM hand_failures WHERE login = @"),
		fail:     ask("INSERT INTO hand_failures (login, failed, locked_until) VALUES (@, 1, 0) ON CONFLICT (login) DO UPDATE SET failed = hand_failures.failed + 1"),
		forgive:  ask("DELETE FROM hand_failures WHERE login = @"),
		check:    ask("SELECT user_id, data FROM hand_sessions WHERE token = @ AND expiry > @"),
		set:      ask("UPDATE people SET password_hash = @ WHERE id = @"),
		open:     ask("INSERT INTO hand_sessions (token, user_id, data, expiry) VALUES (@, @, @, @)"),
		token:    ask("INSERT INTO hand_tokens (token, user_id, expiry) VALUES (@, @, @)"),
		use:      ask("SELECT user_id FROM hand_tokens WHERE token = @ AND expiry > @"),
		spend:    ask("DELETE FROM hand_tokens WHERE token = @"),
		endAll:   ask("DELETE FROM hand_sessions WHERE user_id = @"),
	}
}

// signIn looks up the user and the failures, verifies, and counts or forgives.
func (h *handMade) signIn(ctx context.Context, who int, password string) (id int64, right bool, err error) {
	var hash string
	var active bool
	if err := h.db.QueryRowContext(ctx, h.user, handEmail(who)).Scan(&id, &hash, &active); err != nil {
		return 0, false, err
	}
	var failed, locked int64
	if err := h.db.QueryRowContext(ctx, h.failures, handEmail(who)).Scan(&failed, &locked); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, false, err
	}
	v, err := h.hasher.Verify(ctx, passwd.Hash(hash), password)
	if err != nil {
		return 0, false, err
	}
	after := h.fail
	if v.Match {
		after = h.forgive
	}
	_, err = h.db.ExecContext(ctx, after, handEmail(who))
	return id, v.Match, err
}

func (h *handMade) flows() []flow {
	later := func() int64 { return time.Now().Add(time.Hour).Unix() }
	return []flow{
		func(ctx context.Context, c, _ int) error {
			id, _, err := h.signIn(ctx, c, firstPassword)
			if err == nil {
				h.tokens[c] = rand.Text()
				_, err = h.db.ExecContext(ctx, h.open, h.tokens[c], id, `{"user":1}`, later())
			}
			return err
		},
		func(ctx context.Context, _, n int) error {
			_, _, err := h.signIn(ctx, 100+n%3000, "wrong")
			return err
		},
		func(ctx context.Context, c, _ int) error {
			var id int64
			var data string
			return h.db.QueryRowContext(ctx, h.check, h.tokens[c], time.Now().Unix()).Scan(&id, &data)
		},
		func(ctx context.Context, c, _ int) error {
			var hash string
			if err := h.db.QueryRowContext(ctx, h.byID, 71+c).Scan(&hash); err != nil {
				return err
			}
			old := h.password[c]
			h.password[c]++
			if _, err := h.hasher.Verify(ctx, passwd.Hash(hash), handPassword(old)); err != nil {
				return err
			}
			return h.replace(ctx, 71+c, handPassword(old+1))
		},
		func(ctx context.Context, _, _ int) error {
			var id int64
			var hash string
			var active bool
			if err := h.db.QueryRowContext(ctx, h.user, handEmail(int(h.asked.Add(1)))).Scan(&id, &hash, &active); err != nil {
				return err
			}
			_, err := h.db.ExecContext(ctx, h.token, rand.Text(), id, later())
			return err
		},
		h.reset(),
	}
}

// replace writes a hash and ends the sessions.
func (h *handMade) replace(ctx context.Context, id int, password string) error {
	hash, err := h.hasher.Hash(ctx, password)
	if err == nil {
		_, err = h.db.ExecContext(ctx, h.set, string(hash), id)
	}
	if err == nil {
		_, err = h.db.ExecContext(ctx, h.endAll, id)
	}
	return err
}

func (h *handMade) reset() flow {
	var once sync.Once
	var next atomic.Int64
	var links []string
	return func(ctx context.Context, _, _ int) error {
		once.Do(func() {
			for n := range 600 {
				links = append(links, rand.Text())
				if _, err := h.db.ExecContext(ctx, h.token, links[n], 2000+n, time.Now().Add(time.Hour).Unix()); err != nil {
					h.t.Error(err)
				}
			}
		})
		n := int(next.Add(1)) - 1
		if n >= len(links) {
			return errNoMore
		}
		var id int
		if err := h.db.QueryRowContext(ctx, h.use, links[n], time.Now().Unix()).Scan(&id); err != nil {
			return err
		}
		if _, err := h.db.ExecContext(ctx, h.spend, links[n]); err != nil {
			return err
		}
		return h.replace(ctx, id, secondPassword)
	}
}
