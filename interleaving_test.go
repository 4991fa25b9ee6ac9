package passwd_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwpolicy"
)

// interrupted is a memstore that lets somebody else go first, once, before a call:
// "Apply", "Rehash", "Issue", or, of Get, the n-th.
type interrupted struct {
	*memstore.Store
	before string
	skip   int // so many calls of that name pass
	other  func()
}

func (s *interrupted) pass(call string) {
	if s.other == nil || call != s.before {
		return
	}
	if s.skip--; s.skip < 0 {
		other := s.other
		s.other = nil
		other()
	}
}

func (s *interrupted) Get(ctx context.Context, r passwd.Ref) (passwd.Account, error) {
	s.pass("Get")
	return s.Store.Get(ctx, r)
}

func (s *interrupted) Apply(ctx context.Context, w passwd.Write) (int64, error) {
	s.pass("Apply")
	return s.Store.Apply(ctx, w)
}

func (s *interrupted) Rehash(ctx context.Context, r passwd.Ref, old, new passwd.Hash) (bool, error) {
	s.pass("Rehash")
	return s.Store.Rehash(ctx, r, old, new)
}

func (s *interrupted) Issue(ctx context.Context, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
	s.pass("Issue")
	return s.Store.Issue(ctx, t, maxLive, consume)
}

// stales is a hasher that finds what begins with "old:" worth a better hash.
type stales struct{ passwdtest.Hasher }

func (h stales) Verify(ctx context.Context, p passwd.Hash, password string) (v pwhash.Verdict, err error) {
	fresh, old := strings.CutPrefix(string(p), "old:")
	v, err = h.Hasher.Verify(ctx, passwd.Hash(fresh), password)
	v.Stale = v.Match && old
	return v, err
}

// meeting is two services over one store: what the second does is interrupted by the
// first.
type meeting struct {
	*passwdtest.Kit // the first
	second          *passwdtest.Kit
	store           *interrupted
	ref             passwd.Ref
}

func meet(t *testing.T, cfg passwd.Config) *meeting {
	t.Helper()
	m := &meeting{store: &interrupted{Store: memstore.New()}}
	cfg.Keys, cfg.Hasher = passwd.RandomKeys(), stales{}
	cfg.Store = m.store.Store
	m.Kit = passwdtest.New(t, cfg)
	cfg.Store, cfg.Now = m.store, m.Clock.Now
	m.second = passwdtest.New(t, cfg)
	m.ref = m.Add(t, ada(), adaPassword)
	return m
}

func (m *meeting) edit(f func(*passwd.Account)) { m.Store.Update(m.ref, f) }

func (m *meeting) interrupt(before string, skip int, other func()) {
	m.store.before, m.store.skip, m.store.other = before, skip, other
}

// done fails the test unless the interruption has taken place.
func (m *meeting) done(t *testing.T) {
	t.Helper()
	if m.store.other != nil {
		t.Fatalf("no %s was interrupted", m.store.before)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A revocation keeps what the account must do as it is then, not as it was read.
func TestRevokeBesideRequireAndLift(t *testing.T) { // I2, I3
	m := meet(t, passwd.Config{})
	m.interrupt("Apply", 0, func() {
		must(t, m.Service.RequireChange(ctx, passwd.RequireChange{Account: m.ref}))
	})
	_, err := m.second.Service.Revoke(ctx, passwd.Revoke{Account: m.ref})
	must(t, err)
	m.done(t)
	if a := account(t, m.Kit, m.ref); a.Must != passwd.Administrator {
		t.Errorf("required beside it: must %q", a.Must)
	}
	m.interrupt("Apply", 0, func() { must(t, m.Service.LiftChange(ctx, passwd.LiftChange{Account: m.ref})) })
	_, err = m.second.Service.Revoke(ctx, passwd.Revoke{Account: m.ref})
	must(t, err)
	m.done(t)
	if a := account(t, m.Kit, m.ref); a.Must != passwd.NoReason {
		t.Errorf("lifted beside it: must %q", a.Must)
	}
}

// Whoever reads an account again asks again whether it may be used.
func TestSuspendedBesideTheFirstEpoch(t *testing.T) { // I3, I5
	aging := passwd.Config{Policy: policyOf(t, pwpolicy.Length{}, pwpolicy.MaxAge{Days: 1})}
	for _, aged := range []bool{false, true} {
		m := meet(t, aging)
		if aged {
			m.edit(func(a *passwd.Account) { a.ChangedAt = m.Clock.Now().Add(-2 * day) })
		}
		suspend := func() {
			must(t, m.Service.MarkCompromised(ctx, passwd.MarkCompromised{Account: m.ref}))
		}
		m.interrupt("Apply", 0, suspend)
		_, err := signIn(m.second, "ada", adaPassword)
		wantErr(t, err, passwd.ErrWrongCredentials)
		m.done(t)

		m = meet(t, aging)
		if aged {
			m.edit(func(a *passwd.Account) { a.ChangedAt = m.Clock.Now().Add(-2 * day) })
		}
		m.interrupt("Apply", 0, suspend)
		_, err = m.second.Service.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: login("ada"), Current: adaPassword, New: newPassword, Always: true})
		wantErr(t, err, passwd.ErrWrongCredentials)
		m.done(t)
		if a := account(t, m.Kit, m.ref); a.Must != passwd.Compromised {
			t.Errorf("aged %t: the leaked password has lifted the suspension", aged)
		}
	}
}

// The first sign-in after a migration, sent twice at once, opens the account twice.
func TestFirstSignInTwice(t *testing.T) {
	for _, before := range []string{"Rehash", "Apply"} {
		m := meet(t, passwd.Config{})
		m.edit(func(a *passwd.Account) { a.Hash = "old:" + a.Hash })
		var first passwd.SignedIn
		m.interrupt(before, 0, func() { first = mustSignIn(t, m.Kit, "ada", adaPassword) })
		second := mustSignIn(t, m.second, "ada", adaPassword)
		m.done(t)
		if first.Epoch != second.Epoch {
			t.Errorf("before %s: epochs %d and %d", before, first.Epoch, second.Epoch)
		}
	}
}

func TestIssueTemporaryBesideARehash(t *testing.T) {
	m := meet(t, passwd.Config{})
	m.edit(func(a *passwd.Account) { a.Hash = "old:" + a.Hash })
	m.interrupt("Apply", 0, func() { mustSignIn(t, m.Kit, "ada", adaPassword) })
	issued, err := m.second.Service.IssueTemporary(ctx, passwd.IssueTemporary{Account: m.ref})
	must(t, err)
	m.done(t)
	if in := mustSignIn(t, m.Kit, "ada", issued.Password); in.Must != passwd.Temporary {
		t.Errorf("must %q", in.Must)
	}
}

// What an account must do is judged again with it: the rule that an issued or leaked
// password is no new one (T9), and whether a ticket is good for anything.
func TestJudgedAgain(t *testing.T) { // I1
	m := meet(t, passwd.Config{Policy: policyOf(t, pwpolicy.Length{})})
	m.interrupt("Apply", 1, func() { // the first is the epoch
		must(t, m.Service.RequireChange(ctx, passwd.RequireChange{Account: m.ref}))
	})
	_, err := m.second.Service.Change(ctx, passwd.Change{Account: m.ref, Current: adaPassword, New: adaPassword})
	m.done(t)
	wantViolation(t, err, pwpolicy.Reused)

	ticket, err := m.Service.Ticket(ctx, mustSignIn(t, m.Kit, "ada", adaPassword))
	must(t, err)
	m.interrupt("Apply", 0, func() { must(t, m.Service.LiftChange(ctx, passwd.LiftChange{Account: m.ref})) })
	_, err = m.second.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: newPassword})
	m.done(t)
	wantErr(t, err, passwd.ErrTokenInvalid)
	m.interrupt("Apply", 0, func() { must(t, m.Service.RequireChange(ctx, passwd.RequireChange{Account: m.ref})) })
	w, err := m.second.Service.Change(ctx, passwd.Change{Account: m.ref, Current: adaPassword, New: newPassword})
	must(t, err)
	m.done(t)
	if w.Method != passwd.MethodForced {
		t.Errorf("method %q", w.Method)
	}
}

// An account that is deleted in the middle of a flow ends it in the flow's own words.
func TestDeletedInTheMiddle(t *testing.T) {
	for name, tt := range map[string]struct {
		before  string
		prepare func(*testing.T, *meeting) func() error
		want    error
	}{
		"sign-in": {"Apply", func(_ *testing.T, m *meeting) func() error {
			return func() error { _, err := signIn(m.second, "ada", adaPassword); return err }
		}, passwd.ErrWrongCredentials},
		"change by login": {"Apply", func(_ *testing.T, m *meeting) func() error {
			return func() error {
				_, err := m.second.Service.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: login("ada"), Current: adaPassword, New: newPassword, Always: true})
				return err
			}
		}, passwd.ErrWrongCredentials},
		"change": {"Apply", func(_ *testing.T, m *meeting) func() error {
			return func() error {
				_, err := m.second.Service.Change(ctx, passwd.Change{Account: m.ref, Current: adaPassword, New: newPassword})
				return err
			}
		}, passwd.ErrEnded},
		"ticket": {"Issue", func(t *testing.T, m *meeting) func() error {
			must(t, m.Service.RequireChange(ctx, passwd.RequireChange{Account: m.ref}))
			in := mustSignIn(t, m.Kit, "ada", adaPassword)
			return func() error { _, err := m.second.Service.Ticket(ctx, in); return err }
		}, passwd.ErrEnded},
		"change with ticket": {"Apply", func(t *testing.T, m *meeting) func() error {
			must(t, m.Service.RequireChange(ctx, passwd.RequireChange{Account: m.ref}))
			ticket, err := m.Service.Ticket(ctx, mustSignIn(t, m.Kit, "ada", adaPassword))
			must(t, err)
			return func() error {
				_, err := m.second.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: newPassword})
				return err
			}
		}, passwd.ErrTokenInvalid},
		"reset": {"Apply", func(t *testing.T, m *meeting) func() error {
			token := resetToken(t, m.Kit, "ada")
			return func() error {
				_, err := m.second.Service.Reset(ctx, passwd.Reset{Token: token, New: newPassword})
				return err
			}
		}, passwd.ErrTokenInvalid},
		"redeem code": {"Issue", func(t *testing.T, m *meeting) func() error {
			request, code := requestCode(t, m.Kit, "ada")
			return func() error {
				_, err := m.second.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: code})
				return err
			}
		}, passwd.ErrTokenInvalid},
		"cancel": {"Apply", func(t *testing.T, m *meeting) func() error {
			_, err := m.Service.Change(ctx, passwd.Change{Account: m.ref, Current: adaPassword, New: newPassword})
			must(t, err)
			token := cancelToken(t, m.Deliver(t)[0])
			return func() error { return m.second.Service.CancelReset(ctx, passwd.CancelReset{Token: token}) }
		}, passwd.ErrTokenInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			m := meet(t, passwd.Config{})
			run := tt.prepare(t, m)
			m.interrupt(tt.before, 0, func() {
				m.Store.Delete(m.ref)
				must(t, m.Service.Forget(ctx, m.ref))
			})
			err := run()
			m.done(t)
			if !errors.Is(err, tt.want) || errors.Is(err, passwd.ErrNotFound) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// A worker that meets a conflict begins anew at once, and drops what nobody can get.
func TestDeliveryBesideAWrite(t *testing.T) {
	m := meet(t, passwd.Config{})
	must(t, m.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: home}))
	m.interrupt("Apply", 0, func() { mustSignIn(t, m.Kit, "ada", adaPassword) })
	if sent := m.second.Deliver(t); len(sent) != 1 {
		t.Errorf("%d links", len(sent))
	}
	m.done(t)
	must(t, m.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: home}))
	m.interrupt("Issue", 0, func() {
		m.Store.Delete(m.ref)
		must(t, m.Service.Forget(ctx, m.ref))
	})
	if sent := m.second.Deliver(t); len(sent) != 0 || len(m.second.Events.Named(passwd.EventNotificationDropped)) != 1 {
		t.Errorf("%d links, events %v", len(sent), m.second.Events.Named(passwd.EventNotificationDropped))
	}
	m.done(t)
}

// A token is held against the account as it was read after it.
func TestForgottenBehindAToken(t *testing.T) {
	m := meet(t, passwd.Config{})
	token := resetToken(t, m.Kit, "ada")
	m.interrupt("Get", 0, func() { must(t, m.Service.Forget(ctx, m.ref)) })
	_, err := m.second.Service.Reset(ctx, passwd.Reset{Token: token, New: newPassword})
	m.done(t)
	wantErr(t, err, passwd.ErrTokenInvalid)
	if a := account(t, m.Kit, m.ref); a.Epoch != 0 {
		t.Error("something was written for a token that is no longer good")
	}
}

// AfterWrite is told the same by the worker as by the request.
func TestAfterWriteEpoch(t *testing.T) { // I2
	var told []passwd.Written
	kit := passwdtest.New(t, passwd.Config{AfterWrite: func(_ context.Context, w passwd.Written) error {
		told = append(told, w)
		return errors.New("not yet")
	}})
	ref := kit.Add(t, ada(), adaPassword)
	w, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: newPassword})
	must(t, err)
	kit.Clock.Advance(2 * time.Minute)
	kit.Deliver(t)
	if len(told) != 2 || told[0] != w || told[1] != w {
		t.Errorf("told %+v, want %+v twice", told, w)
	}
}
