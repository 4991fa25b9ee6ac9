package passwd_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
)

var errDown = errors.New("the cable is out, and here is a secret of the database")

// fuse fails the n-th call that passes it; 0 never.
type fuse struct {
	calls, blowAt atomic.Int64
	names         []string
}

func (f *fuse) pass(name string) error {
	f.names = append(f.names, name)
	if f.calls.Add(1) == f.blowAt.Load() {
		return errDown
	}
	return nil
}

func (f *fuse) arm(n int64) {
	f.calls.Store(0)
	f.blowAt.Store(n)
	f.names = nil
}

// fusedStore is a memstore behind a fuse.
type fusedStore struct {
	*memstore.Store
	*fuse
}

func (s fusedStore) Get(ctx context.Context, r passwd.Ref) (passwd.Account, error) {
	if err := s.pass("Get"); err != nil {
		return passwd.Account{}, err
	}
	return s.Store.Get(ctx, r)
}

func (s fusedStore) Find(ctx context.Context, l passwd.Login, max int) ([]passwd.Account, error) {
	if err := s.pass("Find"); err != nil {
		return nil, err
	}
	return s.Store.Find(ctx, l, max)
}

func (s fusedStore) Apply(ctx context.Context, w passwd.Write) (int64, error) {
	if err := s.pass("Apply"); err != nil {
		return 0, err
	}
	return s.Store.Apply(ctx, w)
}

func (s fusedStore) Rehash(ctx context.Context, r passwd.Ref, old, new passwd.Hash) (bool, error) {
	if err := s.pass("Rehash"); err != nil {
		return false, err
	}
	return s.Store.Rehash(ctx, r, old, new)
}

func (s fusedStore) History(ctx context.Context, r passwd.Ref, n int) ([]passwd.Hash, error) {
	if err := s.pass("History"); err != nil {
		return nil, err
	}
	return s.Store.History(ctx, r, n)
}

func (s fusedStore) Forget(ctx context.Context, r passwd.Ref) error {
	if err := s.pass("Forget"); err != nil {
		return err
	}
	return s.Store.Forget(ctx, r)
}

func (s fusedStore) Issue(ctx context.Context, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
	if err := s.pass("Issue"); err != nil {
		return err
	}
	return s.Store.Issue(ctx, t, maxLive, consume)
}

func (s fusedStore) Peek(ctx context.Context, ref passwd.TokenRef, now time.Time) (passwd.TokenRecord, error) {
	if err := s.pass("Peek"); err != nil {
		return passwd.TokenRecord{}, err
	}
	return s.Store.Peek(ctx, ref, now)
}

func (s fusedStore) Attempt(ctx context.Context, ref passwd.TokenRef, max int, now time.Time) (passwd.TokenRecord, error) {
	if err := s.pass("Attempt"); err != nil {
		return passwd.TokenRecord{}, err
	}
	return s.Store.Attempt(ctx, ref, max, now)
}

func (s fusedStore) Put(ctx context.Context, j passwd.Job) error {
	if err := s.pass("Put"); err != nil {
		return err
	}
	return s.Store.Put(ctx, j)
}

// fusedLimiter is a limiter behind a fuse.
type fusedLimiter struct {
	passwd.Limiter
	*fuse
}

func (l fusedLimiter) Do(ctx context.Context, now time.Time, steps ...passwd.Step) ([]passwd.Taken, error) {
	if err := l.pass("Do"); err != nil {
		return nil, err
	}
	return l.Limiter.Do(ctx, now, steps...)
}

// fixture is a world in which every flow can run.
type fixture struct {
	kit     *passwdtest.Kit
	ref     passwd.Ref // signs in with adaPassword
	forced  passwd.Ref // "grace", must change
	reset   passwd.Token
	request passwd.Token
	code    passwd.OneTimeCode
	cancel  passwd.Token
	in      passwd.SignedIn // of grace
	ticket  passwd.Token
	first   passwd.Ref // has no password yet
	invited passwd.Token
}

const graceFirst = "nanosecond wire 11.8 inches"

func newFixture(t *testing.T, cfg passwd.Config, store *memstore.Store) fixture {
	t.Helper()
	policy, err := pwpolicy.New(pwpolicy.Length{}, pwpolicy.NotLogin{}, pwpolicy.NotReused{Last: 3})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Policy = policy
	kit := passwdtest.New(t, cfg)
	if store != nil { // it is behind a fuse
		kit.Store = store
	}
	f := fixture{kit: kit}
	f.ref = kit.Add(t, ada(), "the very first password")
	f.forced = kit.Add(t, passwd.Account{Username: "grace", Email: "grace@example.com"}, graceFirst)
	if _, err := kit.Service.Change(ctx, passwd.Change{Account: f.ref, Current: "the very first password", New: adaPassword}); err != nil {
		t.Fatal(err)
	}
	f.first = kit.Add(t, passwd.Account{Username: "joan", Email: "joan@example.com"}, "")
	f.cancel = cancelToken(t, kit.Deliver(t)[0])
	if err := kit.Service.Invite(ctx, f.first, passwd.AnyChannel, home); err != nil {
		t.Fatal(err)
	}
	f.invited = kit.DeliverOne(t).Token
	f.reset = resetToken(t, kit, "ada")
	f.request, f.code = requestCode(t, kit, "ada")
	if err := kit.Service.RequireChange(ctx, passwd.RequireChange{Account: f.forced, Reason: passwd.Administrator}); err != nil {
		t.Fatal(err)
	}
	f.in = mustSignIn(t, kit, "grace", graceFirst)
	if f.ticket, err = kit.Service.Ticket(ctx, f.in); err != nil {
		t.Fatal(err)
	}
	mustSignIn(t, kit, "ada", adaPassword)
	return f
}

// flows is every flow that reads or writes a store, each one successful.
var flows = []struct {
	name   string
	writes bool
	run    func(ctx context.Context, f fixture) error
}{
	{"SignIn", false, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.SignIn(ctx, passwd.SignIn{Login: login("ada"), Password: adaPassword, Client: home})
		return err
	}},
	{"Ticket", false, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.Ticket(ctx, f.in)
		return err
	}},
	{"Live", false, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.Live(ctx, f.in.Account, f.in.Epoch)
		return err
	}},
	{"Change", true, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.Change(ctx, passwd.Change{Account: f.ref, Current: adaPassword, New: newPassword, Client: home})
		return err
	}},
	{"ChangeByLogin", true, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: login("ada"), Current: adaPassword, New: newPassword, Always: true, Client: home})
		return err
	}},
	{"ChangeWithTicket", true, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: f.ticket, New: newPassword, Client: home})
		return err
	}},
	{"RequestReset", false, func(ctx context.Context, f fixture) error {
		return f.kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("grace"), Client: home})
	}},
	{"RequestCode", false, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.RequestCode(ctx, passwd.RequestCode{Login: login("grace"), Client: home})
		return err
	}},
	{"RedeemCode", false, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: f.request, Code: f.code, Client: home})
		return err
	}},
	{"CheckReset", false, func(ctx context.Context, f fixture) error {
		return f.kit.Service.CheckReset(ctx, passwd.CheckReset{Token: f.reset, For: passwd.Holder{Login: login("ada")}})
	}},
	{"Reset", true, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.Reset(ctx, passwd.Reset{Token: f.reset, New: newPassword, For: passwd.Holder{Login: login("ada")}, Client: home})
		return err
	}},
	{"CancelReset", true, func(ctx context.Context, f fixture) error {
		return f.kit.Service.CancelReset(ctx, passwd.CancelReset{Token: f.cancel, Client: home})
	}},
	{"RequireChange", true, func(ctx context.Context, f fixture) error {
		return f.kit.Service.RequireChange(ctx, passwd.RequireChange{Account: f.ref, Reason: passwd.Expired})
	}},
	{"MarkCompromised", true, func(ctx context.Context, f fixture) error {
		return f.kit.Service.MarkCompromised(ctx, passwd.MarkCompromised{Account: f.ref})
	}},
	{"IssueTemporary", true, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.IssueTemporary(ctx, passwd.IssueTemporary{Account: f.ref})
		return err
	}},
	{"NewHash", false, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.NewHash(ctx, passwd.Account{Ref: passwd.Ref{ID: "99"}, Username: "new"}, newPassword)
		return err
	}},
	{"SetFirst", true, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.SetFirst(ctx, f.first, newPassword, home)
		return err
	}},
	{"Invite", false, func(ctx context.Context, f fixture) error {
		return f.kit.Service.Invite(ctx, f.first, passwd.EmailChannel, home)
	}},
	{"SendReset", false, func(ctx context.Context, f fixture) error {
		return f.kit.Service.SendReset(ctx, f.ref, passwd.SMSChannel, home)
	}},
	{"AcceptInvitation", true, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.AcceptInvitation(ctx, passwd.Reset{Token: f.invited, New: newPassword, Client: home})
		return err
	}},
	{"Check", false, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.Check(ctx, passwd.Check{Token: f.reset, Password: newPassword})
		return err
	}},
	{"Check at sign-up", false, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.Check(ctx, passwd.Check{SignUp: &passwd.Account{Username: "new"}, Password: newPassword})
		return err
	}},
	{"Requirements", false, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.Requirements(ctx, passwd.Account{Ref: f.ref})
		return err
	}},
	{"Revoke", true, func(ctx context.Context, f fixture) error {
		_, err := f.kit.Service.Revoke(ctx, passwd.Revoke{Account: f.ref})
		return err
	}},
	{"Forget", true, func(ctx context.Context, f fixture) error { return f.kit.Service.Forget(ctx, f.ref) }},
}

// TestEveryStoreCallMayFail walks every flow with a store, and then a limiter,
// that fails at its first call, its second, and so on. Each failure must be an
// error of the documented code and leave the accounts as they were, and the flow
// must succeed afterwards (I2, I10, F8).
func TestEveryStoreCallMayFail(t *testing.T) {
	for _, flow := range flows {
		for _, part := range []string{"store", "limiter"} {
			t.Run(flow.name+"/"+part, func(t *testing.T) {
				for n := int64(1); ; n++ {
					if !failAt(t, flow.name, flow.run, part, n) {
						return
					}
				}
			})
		}
	}
}

// failAt runs a flow whose n-th call of a part fails, and reports whether there
// was an n-th call.
func failAt(t *testing.T, flow string, run func(context.Context, fixture) error, part string, n int64) bool {
	t.Helper()
	store, fuse := memstore.New(), &fuse{}
	cfg := passwd.Config{Store: store, Limiter: passwd.NewMemoryLimiter(0)}
	if part == "store" {
		cfg.Store = fusedStore{store, fuse}
	} else {
		cfg.Limiter = fusedLimiter{cfg.Limiter, fuse}
	}
	f := newFixture(t, cfg, store)
	before := snapshot(t, f)
	if (flow == "Reset" || flow == "AcceptInvitation") && part == "limiter" && n == 2 {
		return false // what a reset forgives comes after its commit, as well as it can
	}
	fuse.arm(n)
	err := run(ctx, f)
	if fuse.calls.Load() < n {
		if err != nil {
			t.Errorf("with nothing failing: %v", err)
		}
		return false
	}
	at := fmt.Sprintf("call %d, %s", n, fuse.names[n-1])
	fuse.arm(0)
	if passwd.CodeOf(err) != passwd.CodeUnavailable || !errors.Is(err, errDown) {
		t.Errorf("%s: error %v", at, err)
	}
	if after := snapshot(t, f); !reflect.DeepEqual(before, after) {
		t.Errorf("%s: changed\n%+v to\n%+v", at, before, after)
	}
	if events := f.kit.Events.Named(passwd.EventUnavailable); len(events) != 1 || !errors.Is(events[0].Err, errDown) {
		t.Errorf("%s: %d events", at, len(events))
	}
	f.kit.Clock.Advance(time.Hour / 12) // a guess that was counted may have to wait
	if err := run(ctx, f); err != nil {
		t.Errorf("%s: afterwards: %v", at, err)
	}
	return true
}

func snapshot(t *testing.T, f fixture) []passwd.Account {
	t.Helper()
	first := account(t, f.kit, f.first)
	first.Epoch = 0 // it may have got its first one, which changes nothing
	return []passwd.Account{account(t, f.kit, f.ref), account(t, f.kit, f.forced), first}
}

func TestCancelledContextChangesNothing(t *testing.T) {
	gone, cancel := context.WithCancel(ctx)
	cancel()
	for _, flow := range flows {
		t.Run(flow.name, func(t *testing.T) {
			store := memstore.New()
			f := newFixture(t, passwd.Config{Store: store, Hasher: gentle{}}, store)
			before := snapshot(t, f)
			err := flow.run(gone, f)
			if flow.name == "NewHash" || flow.name == "Check at sign-up" { // reads no store: whether it looks at the context is the hasher's affair
				return
			}
			wantErr(t, err, context.Canceled)
			if after := snapshot(t, f); !reflect.DeepEqual(before, after) {
				t.Errorf("changed %+v to %+v", before, after)
			}
		})
	}
}

type gentle struct{ passwdtest.Hasher }

// TestNoSecretInSight plants recognisable secrets, runs every flow, and looks
// for them in everything that is logged, observed or kept (I7, L2).
func TestNoSecretInSight(t *testing.T) {
	store := memstore.New()
	var log strings.Builder
	events := &passwdtest.Events{}
	f := newFixture(t, passwd.Config{Store: store, Observer: passwd.ObserverFunc(func(ctx context.Context, e passwd.Event) {
		events.Observe(ctx, e)
		passwd.SlogObserver(textLogger(&log)).Observe(ctx, e)
	})}, store)
	for _, flow := range flows {
		if err := flow.run(ctx, f); err != nil {
			fmt.Fprintf(&log, "%v %+v %#v\n", err, err, err)
		}
	}
	secrets := []string{adaPassword, newPassword, graceFirst, string(f.reset), string(f.invited), string(f.request), string(f.code), string(f.cancel), string(f.ticket)}
	for _, e := range events.All() {
		fmt.Fprintf(&log, "%v %+v %#v\n", e, e, e)
	}
	for _, m := range f.kit.Mail.All() {
		m.Link = ""
		fmt.Fprintf(&log, "%+v %#v\n", m, m)
	}
	fmt.Fprintf(&log, "%v %q %x %#v %s", f.ticket, f.ticket, f.ticket, f.code, account(t, f.kit, f.forced).Hash)
	for _, secret := range secrets {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q… is in sight", secret[:4])
		}
	}
	if strings.Contains(log.String(), "$insecure-test$") {
		t.Error("a hash is in sight")
	}
}
