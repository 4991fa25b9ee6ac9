package passwd_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwpolicy"
)

// grace has been inserted by the host, and has no password yet.
func grace() passwd.Account {
	return passwd.Account{Username: "grace", Email: "grace@example.com", Personal: []pwpolicy.Attribute{{Name: "name", Value: "Grace Hopper"}}}
}

// The first password begins what every later one goes on with: an epoch that the
// session of the sign-up is good at, an age, and a history.
func TestSetFirst(t *testing.T) { // I1, I5
	const day = 24 * time.Hour
	kit := passwdtest.New(t, passwd.Config{Policy: policyOf(t, pwpolicy.Length{Min: 12}, pwpolicy.NotReused{Last: 3}, pwpolicy.MaxAge{Days: 90})})
	ref := kit.Add(t, grace(), "")
	in, err := kit.Service.SetFirst(ctx, ref, graceFirst, home)
	if err != nil {
		t.Fatal(err)
	}
	if must, err := kit.Service.Live(ctx, ref, in.Epoch); err != nil || must != passwd.NoReason || in.Account != ref || in.Must != passwd.NoReason {
		t.Errorf("the session of the sign-up: %q, %v; %+v", must, err, in)
	}
	if again := mustSignIn(t, kit, "grace", graceFirst); again.Epoch != in.Epoch {
		t.Errorf("the epoch went from %d to %d by a sign-in", in.Epoch, again.Epoch)
	}
	if sent := kit.Deliver(t); len(sent) != 0 {
		t.Errorf("%d messages", len(sent))
	}
	if changed := kit.Events.Named(passwd.EventChanged); len(changed) != 1 || changed[0].Method != passwd.MethodFirst || changed[0].Client != home {
		t.Errorf("events %+v", changed)
	}
	if a := account(t, kit, ref); !a.ChangedAt.Equal(kit.Clock.Now()) {
		t.Errorf("set at %v", a.ChangedAt)
	}
	wantViolation(t, change(kit, ref, graceFirst, graceFirst), pwpolicy.Reused)
	if err := change(kit, ref, graceFirst, newPassword); err != nil {
		t.Fatal(err)
	}
	if _, err := kit.Service.Live(ctx, ref, in.Epoch); !errors.Is(err, passwd.ErrEnded) {
		t.Errorf("the session outlives a change: %v", err)
	}
	wantViolation(t, change(kit, ref, newPassword, graceFirst), pwpolicy.Reused)
	kit.Clock.Advance(91 * day)
	if in := mustSignIn(t, kit, "grace", newPassword); in.Must != passwd.Expired {
		t.Errorf("after 91 days: %q", in.Must)
	}
}

// The device of the sign-up is known: its owner signs in from it although strangers
// have used up all tries.
func TestSetFirstMakesTheDeviceKnown(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, grace(), "")
	in, err := kit.Service.SetFirst(ctx, ref, graceFirst, home)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 25 {
		kit.Service.SignIn(ctx, passwd.SignIn{Login: login("grace"), Password: "wrong", Client: stranger(i)})
	}
	away := stranger(99)
	if _, err := kit.Service.SignIn(ctx, passwd.SignIn{Login: login("grace"), Password: graceFirst, Client: away}); err == nil {
		t.Fatal("the account does not have to wait: this tells nothing")
	}
	away.Device = in.Device
	if _, err := kit.Service.SignIn(ctx, passwd.SignIn{Login: login("grace"), Password: graceFirst, Client: away}); err != nil {
		t.Errorf("from the device of the sign-up: %v", err)
	}
}

// It sets the first password only: whoever has, or has had, one is not given another.
func TestSetFirstRefuses(t *testing.T) {
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		before func(t *testing.T, kit *passwdtest.Kit, ref passwd.Ref)
		want   error
	}{
		"a password": {func(t *testing.T, kit *passwdtest.Kit, ref passwd.Ref) {
			must(t, kit.Store.Update(ref, func(a *passwd.Account) { a.Hash = "$2b$10$of-another-stack" }))
		}, passwd.ErrConflict},
		"set already": {func(t *testing.T, kit *passwdtest.Kit, ref passwd.Ref) {
			_, err := kit.Service.SetFirst(ctx, ref, adaPassword, home)
			must(t, err)
		}, passwd.ErrConflict},
		"taken away by the host": {func(t *testing.T, kit *passwdtest.Kit, ref passwd.Ref) {
			_, err := kit.Service.SetFirst(ctx, ref, adaPassword, home)
			must(t, err)
			must(t, kit.Store.Update(ref, func(a *passwd.Account) { a.Hash = "" }))
		}, passwd.ErrConflict},
		"a history": {func(t *testing.T, kit *passwdtest.Kit, ref passwd.Ref) {
			_, err := kit.Service.SetFirst(ctx, ref, adaPassword, home)
			must(t, err)
			must(t, change(kit, ref, adaPassword, newPassword))
			must(t, kit.Store.Update(ref, func(a *passwd.Account) { a.Hash, a.ChangedAt = "", time.Time{} }))
		}, passwd.ErrConflict},
		"suspended": {func(t *testing.T, kit *passwdtest.Kit, ref passwd.Ref) {
			must(t, kit.Service.MarkCompromised(ctx, passwd.MarkCompromised{Account: ref}))
		}, passwd.ErrConflict},
		"nobody": {func(_ *testing.T, kit *passwdtest.Kit, ref passwd.Ref) { kit.Store.Delete(ref) }, passwd.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{Policy: policyOf(t, pwpolicy.Length{Min: 12}, pwpolicy.NotReused{Last: 3})})
			ref := kit.Add(t, grace(), "")
			tt.before(t, kit, ref)
			before, _ := kit.Store.Get(ctx, ref)
			_, err := kit.Service.SetFirst(ctx, ref, graceFirst, home)
			wantErr(t, err, tt.want)
			if after, _ := kit.Store.Get(ctx, ref); after.Hash != before.Hash || after.Epoch != before.Epoch || after.Must != before.Must {
				t.Errorf("changed to %+v", after)
			}
		})
	}
}

// An account that is not active yet gets its password; what is stamped with the result
// is live once it is active. A need for a change that was there before is met.
func TestSetFirstOfWhoIsNotActive(t *testing.T) { // F7
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, grace(), "")
	active := func(is bool) {
		if err := kit.Store.Update(ref, func(a *passwd.Account) { a.Active = is }); err != nil {
			t.Fatal(err)
		}
	}
	active(false)
	if err := kit.Service.RequireChange(ctx, passwd.RequireChange{Account: ref}); err != nil {
		t.Fatal(err)
	}
	in, err := kit.Service.SetFirst(ctx, ref, graceFirst, home)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kit.Service.Live(ctx, ref, in.Epoch); !errors.Is(err, passwd.ErrEnded) {
		t.Errorf("not active: %v", err)
	}
	active(true)
	if must, err := kit.Service.Live(ctx, ref, in.Epoch); err != nil || must != passwd.NoReason {
		t.Errorf("active: %q, %v", must, err)
	}
}

// Of two who set the first password at once, one does.
func TestSetFirstAtOnce(t *testing.T) { // I3
	for range rounds() {
		kit := passwdtest.New(t, passwd.Config{})
		ref := kit.Add(t, grace(), "")
		passwords := []string{graceFirst, newPassword, adaPassword, "four candles and a fork"}
		results := make([]passwd.SignedIn, len(passwords))
		won := atOnce(t, len(passwords), func(i int) (err error) {
			results[i], err = kit.Service.SetFirst(ctx, ref, passwords[i], home)
			return err
		}, passwd.ErrConflict)
		opens := 0
		for i, password := range passwords {
			in, err := signIn(kit, "grace", password)
			if err != nil {
				continue
			}
			if opens++; results[i].Epoch != in.Epoch {
				t.Errorf("what opens is not what was answered: %d, %d", results[i].Epoch, in.Epoch)
			}
		}
		if won != 1 || opens != 1 {
			t.Fatalf("%d have set it, %d open", won, opens)
		}
	}
}

// A check at sign-up knows what has been typed, and nothing about accounts.
func TestCheckAtSignUp(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{Policy: policyOf(t,
		pwpolicy.Length{Min: 8}, pwpolicy.NotSimilar{}, pwpolicy.NotReused{Last: 3}, pwpolicy.MinAge{Hours: 24})})
	taken := grace()
	kit.Add(t, taken, graceFirst)
	check := func(password string, a *passwd.Account, c passwd.Client) (passwd.Report, error) {
		return kit.Service.Check(ctx, passwd.Check{Password: password, SignUp: a, Client: c})
	}
	for password, want := range map[string]pwpolicy.Code{"short": pwpolicy.TooShort, "gracehopper1": pwpolicy.Similar, "walnut teapots": ""} {
		report, err := check(password, &taken, home)
		switch {
		case err != nil:
			t.Errorf("%q: %v", password, err)
		case want == "" && len(report.Violations) > 0, want != "" && (len(report.Violations) == 0 || report.Violations[0].Code != want):
			t.Errorf("%q: %v", password, report.Violations)
		}
	}
	if _, err := kit.Service.InTenant("north").Check(ctx, passwd.Check{Password: "x", SignUp: &taken, Client: home}); !errors.Is(err, passwd.ErrNotFound) {
		t.Errorf("of another tenant: %v", err)
	}
	for range 60 {
		if _, err := check("walnut teapots", &passwd.Account{}, stranger(1)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := check("walnut teapots", &passwd.Account{Username: "somebody else"}, stranger(1))
	wantErr(t, err, passwd.ErrRateLimited)
	if _, err := check("walnut teapots", &passwd.Account{}, stranger(2)); err != nil {
		t.Errorf("from another network: %v", err)
	}

	all, err := kit.Service.FirstRequirements(ctx, passwd.Account{})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range all {
		if q.Code == pwpolicy.SimilarCurrent || q.Code == pwpolicy.Reused || q.Code == pwpolicy.TooYoung {
			t.Errorf("a first password is asked for %q", q.Code)
		}
	}
	if len(all) < 2 {
		t.Errorf("requirements %v", all)
	}
}

// A hasher that does not read all of a long password is given none, and says so.
func TestPasswordsThatTheHasherDoesNotRead(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{Hasher: pwhash.InsecureBcrypt{Cost: 4}})
	ref := kit.Add(t, grace(), "")
	long := strings.Repeat("walnut teapots ", 5)
	_, err := kit.Service.SetFirst(ctx, ref, long, home)
	wantViolation(t, err, pwpolicy.TooLong)
	report, err := kit.Service.Check(ctx, passwd.Check{Account: ref, Password: long})
	if err != nil || len(report.Violations) != 1 || report.Violations[0].Code != pwpolicy.TooLong {
		t.Errorf("%v, %v", report.Violations, err)
	}
	if _, err := kit.Service.SetFirst(ctx, ref, long[:72], home); err != nil {
		t.Fatal(err)
	}
	mustSignIn(t, kit, "grace", long[:72])
}
