package dbtest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwpolicy"
)

// oldProgram is the host's program from before: it knows the column and bcrypt, and
// nothing of the library.
type oldProgram struct {
	on *server
	db *sql.DB
}

func (p oldProgram) hash(t testing.TB, id string) string {
	t.Helper()
	var hash string
	q := "SELECT password_hash FROM users WHERE tenant = 'north' AND id = " + p.on.placeholders(1)
	if err := p.db.QueryRowContext(t.Context(), q, id).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	return hash
}

func (p oldProgram) signIn(t testing.TB, id, password string) bool {
	return bcrypt.CompareHashAndPassword([]byte(p.hash(t, id)), []byte(password)) == nil
}

// save writes a hash as an ORM saves a row: whatever is there.
func (p oldProgram) save(t testing.TB, id, hash string) {
	t.Helper()
	q := "UPDATE users SET password_hash = " + p.on.placeholders(1) + " WHERE tenant = 'north' AND id = " + p.on.second()
	if _, err := p.db.ExecContext(t.Context(), q, hash, id); err != nil {
		t.Error(err)
	}
}

func (p oldProgram) change(t testing.TB, id, password string) {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Error(err)
	}
	p.save(t, id, string(hash))
}

// second is the placeholder after the first.
func (s *server) second() string { return s.placeholders(2)[len(s.placeholders(1))+2:] }

// rollout is a host that runs two programs on one table.
type rollout struct {
	t    *testing.T
	kit  *passwdtest.Kit
	old  oldProgram
	host *host
}

func newRollout(t *testing.T, s *server) *rollout {
	h := s.newHost(t, s.open(t), usual)
	policy, err := pwpolicy.New(pwpolicy.Length{Min: 8}, pwpolicy.NotReused{Last: 2})
	if err != nil {
		t.Fatal(err)
	}
	unlimited := passwd.Limit{Free: 1 << 20, Window: 1 << 40}
	kit := passwdtest.New(t, passwd.Config{
		Store: h.store, Hasher: pwhash.InsecureBcrypt{Cost: bcrypt.MinCost}, Policy: policy,
		Limits: passwd.Limits{SignIn: unlimited, Address: unlimited, ResetRequests: unlimited, Messages: unlimited, Redeem: unlimited},
	})
	return &rollout{t, kit, oldProgram{s, h.db}, h}
}

func clientOf(n int) passwd.Client {
	return passwd.Client{Addr: netip.AddrFrom4([4]byte{198, 51, 100, byte(n)})}
}

func (r *rollout) login(n int) passwd.Login {
	return passwd.Login{Tenant: "north", Kind: passwd.Username, Value: fmt.Sprint("user", n)}
}

func (r *rollout) signIn(n int, password string) (passwd.SignedIn, error) {
	return r.kit.Service.SignIn(r.t.Context(), passwd.SignIn{Login: r.login(n), Password: password, Client: clientOf(n)})
}

func (r *rollout) change(ctx context.Context, n int, current, next string) error {
	_, err := r.kit.Service.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: r.login(n), Current: current, New: next, Always: true, Client: clientOf(n)})
	return err
}

// While the old program runs beside the new one, whatever password was acknowledged
// last opens at both, none that is older opens at either, and what the new program had
// stamped before the old one's write is dead at the next look. After the switch the
// hashes are replaced at sign-in, and nobody is signed out by that.
func TestRollingDeployment(t *testing.T) {
	const accounts = 10
	operations := testrun.Size(25, 100, 100) // of each
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r := newRollout(t, s)
			final := make([]string, accounts+1)
			var wg sync.WaitGroup
			for n := 1; n <= accounts; n++ {
				a := newcomer(fmt.Sprint(n))
				if err := s.seed(t.Context(), r.host.db, usual, a); err != nil {
					t.Fatal(err)
				}
				wg.Go(func() { final[n] = r.mixed(n, operations) })
			}
			wg.Wait()
			if t.Failed() {
				return
			}

			// The switch.
			after := passwdtest.New(t, passwd.Config{Store: r.host.store, Hasher: pwhash.Argon2id{}})
			for n := 1; n <= accounts; n++ {
				in, err := r.signIn(n, final[n])
				if err != nil {
					t.Fatalf("%d: %v", n, err)
				}
				again, err := after.Service.SignIn(t.Context(), passwd.SignIn{Login: r.login(n), Password: final[n], Client: clientOf(n)})
				if err != nil || again.Epoch != in.Epoch {
					t.Errorf("%d: after the switch: %v, epoch %d, was %d", n, err, again.Epoch, in.Epoch)
				}
				if h := r.old.hash(t, fmt.Sprint(n)); h[:9] != "$argon2id" {
					t.Errorf("%d: the hash is still %.4s", n, h)
				}
				if _, err := after.Service.Live(t.Context(), in.Account, in.Epoch); err != nil {
					t.Errorf("%d: a better hash has signed somebody out: %v", n, err)
				}
			}
		})
	}
}

// mixed has both programs sign in to an account and change its password, and returns
// the password that was acknowledged last.
func (r *rollout) mixed(n, operations int) string {
	t, id := r.t, fmt.Sprint(n)
	random := rand.New(rand.NewPCG(uint64(n), 2026))
	ref := passwd.Ref{Tenant: "north", ID: id}
	current, before := fmt.Sprint("first of ", id), "never was one"
	r.old.change(t, id, current)
	var session passwd.SignedIn
	for i := range operations {
		switch random.IntN(4) {
		case 0:
			if !r.old.signIn(t, id, current) || r.old.signIn(t, id, before) {
				t.Errorf("%s, %d: the old program knows another password", id, i)
			}
		case 1:
			in, err := r.signIn(n, current)
			if err != nil {
				t.Errorf("%s, %d: the new program: %v", id, i, err)
			}
			if _, err := r.signIn(n, before); !errors.Is(err, passwd.ErrWrongCredentials) {
				t.Errorf("%s, %d: an earlier password at the new program: %v", id, i, err)
			}
			if session.Epoch != 0 && session.Epoch != in.Epoch {
				t.Errorf("%s, %d: a sign-in has moved the epoch", id, i)
			}
			session = in
		case 2:
			next := fmt.Sprintf("old %s number %d", id, i)
			r.old.change(t, id, next)
			before, current = current, next
			if _, err := r.kit.Service.Live(t.Context(), ref, session.Epoch); !errors.Is(err, passwd.ErrEnded) {
				t.Errorf("%s, %d: a session outlives the old program's write: %v", id, i, err)
			}
			session = passwd.SignedIn{}
		default:
			next := fmt.Sprintf("new %s number %d", id, i)
			if err := r.change(t.Context(), n, current, next); err != nil {
				t.Errorf("%s, %d: change: %v", id, i, err)
			}
			before, current = current, next
			if _, err := r.kit.Service.Live(t.Context(), ref, session.Epoch); !errors.Is(err, passwd.ErrEnded) {
				t.Errorf("%s, %d: a session outlives a change: %v", id, i, err)
			}
			session = passwd.SignedIn{}
		}
	}
	return current
}

// Where both programs change one password at once, what was acknowledged last is there:
// the new program never writes over what it has not read.
func TestRollingChangesAtOnce(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r := newRollout(t, s)
			if err := s.seed(t.Context(), r.host.db, usual, newcomer("1")); err != nil {
				t.Fatal(err)
			}
			current := "the very first"
			r.old.change(t, "1", current)
			for round := range 20 {
				byOld, byNew := fmt.Sprint("by the old program ", round), fmt.Sprint("by the new program ", round)
				var refused error
				var wg sync.WaitGroup
				wg.Go(func() { r.old.change(t, "1", byOld) })
				wg.Go(func() { refused = r.change(t.Context(), 1, current, byNew) })
				wg.Wait()
				_, opensOld := r.signIn(1, byOld)
				_, opensNew := r.signIn(1, byNew)
				switch {
				case opensOld == nil && opensNew != nil: // the old program was the last, and is acknowledged
					current = byOld
				case opensNew == nil && opensOld != nil && refused == nil:
					current = byNew
				default:
					t.Fatalf("round %d: change: %v; the old one's opens: %v, the new one's: %v", round, refused, opensOld, opensNew)
				}
				if !r.old.signIn(t, "1", current) {
					t.Fatalf("round %d: only one program knows the password", round)
				}
			}
		})
	}
}

// What the old program writes ends the new one's links too, and a row that it has read
// before a change and saves after it brings no earlier password back.
func TestOldProgramWritesPast(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r := newRollout(t, s)
			a := newcomer("1")
			a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Email}}
			if err := s.seed(t.Context(), r.host.db, usual, a); err != nil {
				t.Fatal(err)
			}
			r.old.change(t, "1", "the very first")
			if err := r.kit.Service.RequestReset(t.Context(), passwd.RequestReset{Login: r.login(1), Client: clientOf(1)}); err != nil {
				t.Fatal(err)
			}
			link := r.kit.DeliverOne(t)
			r.old.change(t, "1", "the old one's second")
			if err := r.kit.Service.CheckReset(t.Context(), passwd.CheckReset{Token: link.Token}); !errors.Is(err, passwd.ErrTokenInvalid) {
				t.Errorf("a link outlives the old program's write: %v", err)
			}
			if _, err := r.signIn(1, "the old one's second"); err != nil {
				t.Fatal(err)
			}
			if e := r.kit.Events.Named(passwd.EventChangedOutside); len(e) != 1 || e[0].Account != a.Ref {
				t.Errorf("events %+v", e)
			}

			stale := r.old.hash(t, "1")
			if err := r.change(t.Context(), 1, "the old one's second", "the new one's third"); err != nil {
				t.Fatal(err)
			}
			r.old.save(t, "1", stale)
			for _, password := range []string{"the old one's second", "the new one's third"} {
				if _, err := r.signIn(1, password); !errors.Is(err, passwd.ErrWrongCredentials) {
					t.Errorf("%q, after an earlier hash was saved back: %v", password, err)
				}
			}
			if e := r.kit.Events.Named(passwd.EventWrittenBack); len(e) != 1 || e[0].Account != a.Ref {
				t.Errorf("events %+v", e)
			}
			told := 0
			for _, m := range r.kit.Deliver(t) {
				if m.Kind == passwd.MessageSuspended {
					told++
				}
			}
			if told != 1 {
				t.Errorf("the owner is told %d times", told)
			}
			if err := r.kit.Service.RequestReset(t.Context(), passwd.RequestReset{Login: r.login(1), Client: clientOf(1)}); err != nil {
				t.Fatal(err)
			}
			if _, err := r.kit.Service.Reset(t.Context(), passwd.Reset{Token: r.kit.DeliverOne(t).Token, New: "the new one's fourth"}); err != nil {
				t.Fatal(err)
			}
			if _, err := r.signIn(1, "the new one's fourth"); err != nil {
				t.Errorf("after a reset: %v", err)
			}
		})
	}
}

// Sessions from before are live until the library ends what the account has open.
func TestUnstampedSessions(t *testing.T) {
	clock := passwdtest.NewClock()
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), usual)
			until := clock.Now().AddDate(0, 1, 0)
			kit := passwdtest.New(t, passwd.Config{Store: h.store, InsecureAcceptUnstamped: until})
			live := func(id string) bool {
				t.Helper()
				_, err := kit.Service.Live(t.Context(), passwd.Ref{Tenant: "north", ID: id}, 0)
				if err != nil && !errors.Is(err, passwd.ErrEnded) {
					t.Fatal(err)
				}
				return err == nil
			}
			for i, end := range []func(a passwd.Account) error{
				func(a passwd.Account) error {
					_, err := kit.Service.Revoke(t.Context(), passwd.Revoke{Account: a.Ref})
					return err
				},
				func(a passwd.Account) error {
					return kit.Service.MarkCompromised(t.Context(), passwd.MarkCompromised{Account: a.Ref})
				},
				func(a passwd.Account) error {
					_, err := kit.Service.IssueTemporary(t.Context(), passwd.IssueTemporary{Account: a.Ref})
					return err
				},
				func(passwd.Account) error { kit.Clock.Advance(32 * 24 * 3600e9); return nil },
			} {
				a := h.user(fmt.Sprint(i + 1))
				hash, err := passwdtest.Hasher{}.Hash(t.Context(), "the password of before")
				if err != nil {
					t.Fatal(err)
				}
				a.Hash = hash
				if err := s.seed(t.Context(), h.db, usual, a); err != nil {
					t.Fatal(err)
				}
				if !live(a.Ref.ID) {
					t.Errorf("%d: a session of before is not live", i)
				}
				in, err := kit.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Tenant: "north", Value: a.Username}, Password: "the password of before"})
				if err != nil {
					t.Fatal(err)
				}
				if !live(a.Ref.ID) {
					t.Errorf("%d: a sign-in elsewhere has ended it", i)
				}
				if err := end(a); err != nil {
					t.Fatal(err)
				}
				if live(a.Ref.ID) {
					t.Errorf("%d: it is live still", i)
				}
				_ = in
			}
			strict := passwdtest.New(t, passwd.Config{Store: h.store})
			a := h.user("9")
			if _, err := strict.Service.Live(t.Context(), a.Ref, 0); !errors.Is(err, passwd.ErrEnded) {
				t.Errorf("without InsecureAcceptUnstamped: %v", err)
			}
		})
	}
}
