package passwd_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
)

const day = 24 * time.Hour

// change is a change of ada's own choice.
func change(kit *passwdtest.Kit, r passwd.Ref, current, next string) error {
	_, err := kit.Service.Change(ctx, passwd.Change{Account: r, Current: current, New: next})
	return err
}

func TestMinAge(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{Policy: policyOf(t, pwpolicy.Length{}, pwpolicy.MinAge{Hours: 24})})
	ref := kit.Add(t, ada(), adaPassword)
	if err := change(kit, ref, adaPassword, newPassword); err != nil {
		t.Fatalf("the age is not known: %v", err)
	}
	for _, c := range []struct {
		later time.Duration
		left  int
	}{{0, 24}, {time.Second, 24}, {22*time.Hour + 59*time.Minute, 2}, {time.Hour - time.Second, 1}} {
		kit.Clock.Advance(c.later)
		err := change(kit, ref, newPassword, adaPassword)
		wantViolation(t, err, pwpolicy.TooYoung)
		report, err := kit.Service.Check(ctx, passwd.Check{Password: adaPassword, Account: ref})
		if err != nil || len(report.Violations) != 1 || report.Violations[0].Params["hours_left"] != c.left {
			t.Errorf("%v later: %v, %v, want %d hours left", c.later, report.Violations, err, c.left)
		}
		_, err = kit.Service.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: login("ada"), Current: newPassword, New: adaPassword, Always: true})
		wantViolation(t, err, pwpolicy.TooYoung)
	}
	kit.Clock.Advance(time.Minute)
	if err := change(kit, ref, newPassword, adaPassword); err != nil {
		t.Error(err)
	}
	kit.Clock.Advance(-time.Hour) // set back: it must not take 25 hours
	if err := change(kit, ref, adaPassword, newPassword); err != nil {
		t.Error(err)
	}
}

// TestMinAgeExempts holds that the minimum age delays nothing but a change by
// choice: a stolen or forgotten password is replaced at once (I11).
func TestMinAgeExempts(t *testing.T) {
	policy := policyOf(t, pwpolicy.Length{}, pwpolicy.MinAge{Hours: 24})
	fresh := func(t *testing.T) (*passwdtest.Kit, passwd.Ref) {
		kit := passwdtest.New(t, passwd.Config{Policy: policy})
		ref := kit.Add(t, ada(), "a password before the current one")
		if err := change(kit, ref, "a password before the current one", adaPassword); err != nil {
			t.Fatal(err)
		}
		wantViolation(t, change(kit, ref, adaPassword, newPassword), pwpolicy.TooYoung)
		kit.Deliver(t)
		return kit, ref
	}
	t.Run("reset", func(t *testing.T) {
		kit, _ := fresh(t)
		token := resetToken(t, kit, "ada")
		report, err := kit.Service.Check(ctx, passwd.Check{Password: newPassword, Token: token})
		if err != nil || len(report.Violations) > 0 {
			t.Errorf("check: %v, %v", report, err)
		}
		if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: newPassword}); err != nil {
			t.Error(err)
		}
	})
	t.Run("forced by an administrator", func(t *testing.T) {
		kit, ref := fresh(t)
		if err := kit.Service.RequireChange(ctx, passwd.RequireChange{Account: ref, Reason: passwd.Administrator}); err != nil {
			t.Fatal(err)
		}
		if err := change(kit, ref, adaPassword, newPassword); err != nil {
			t.Error(err)
		}
	})
	t.Run("temporary", func(t *testing.T) {
		kit, ref := fresh(t)
		issued, err := kit.Service.IssueTemporary(ctx, passwd.IssueTemporary{Account: ref})
		if err != nil {
			t.Fatal(err)
		}
		ticket, err := kit.Service.Ticket(ctx, mustSignIn(t, kit, "ada", issued.Password))
		if err != nil {
			t.Fatal(err)
		}
		report, err := kit.Service.Check(ctx, passwd.Check{Password: newPassword, Ticket: ticket})
		if err != nil || len(report.Violations) > 0 {
			t.Errorf("check: %v, %v", report, err)
		}
		if _, err := kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: newPassword}); err != nil {
			t.Error(err)
		}
	})
}

// aged is a service whose passwords grow old, and ada's, written now.
func aged(t *testing.T, rule pwpolicy.MaxAge) (*passwdtest.Kit, passwd.Ref) {
	t.Helper()
	kit := passwdtest.New(t, passwd.Config{Policy: policyOf(t, pwpolicy.Length{}, rule)})
	a := ada()
	a.ChangedAt = kit.Clock.Now()
	return kit, kit.Add(t, a, adaPassword)
}

func TestMaxAge(t *testing.T) {
	kit, ref := aged(t, pwpolicy.MaxAge{Days: 90, WarnDays: 14, GraceDays: 7})
	written := kit.Clock.Now()
	in := mustSignIn(t, kit, "ada", adaPassword)
	for _, c := range []struct {
		age      time.Duration
		must     passwd.Reason
		changeBy time.Time
	}{
		{76*day - time.Second, "", time.Time{}},
		{76 * day, "", written.Add(97 * day)},
		{90 * day, "", written.Add(97 * day)}, // grace
		{97*day - time.Second, "", written.Add(97 * day)},
		{97 * day, passwd.Expired, time.Time{}},
		{1000 * day, passwd.Expired, time.Time{}},
	} {
		kit.Clock.Advance(written.Add(c.age).Sub(kit.Clock.Now()))
		if _, err := signIn(kit, "ada", "wrong"); err == nil || account(t, kit, ref).Must != passwd.NoReason && c.must == "" {
			t.Errorf("after %v, a wrong password: %v", c.age, err)
		}
		got := mustSignIn(t, kit, "ada", adaPassword)
		if got.Must != c.must || !got.ChangeBy.Equal(c.changeBy) || got.Epoch != in.Epoch {
			t.Errorf("after %v: %+v", c.age, got)
		}
		if live, err := kit.Service.Live(ctx, ref, in.Epoch); err != nil || live != c.must {
			t.Errorf("after %v: live %q, %v", c.age, live, err)
		}
	}
	if seen := kit.Events.Named(passwd.EventChangeRequired); len(seen) != 1 || seen[0].Reason != string(passwd.Expired) {
		t.Errorf("marked %d times: %+v", len(seen), seen)
	}
	ticket, err := kit.Service.Ticket(ctx, mustSignIn(t, kit, "ada", adaPassword))
	if err != nil {
		t.Fatal(err)
	}
	_, err = kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: adaPassword})
	wantViolation(t, err, pwpolicy.Reused)
	if _, err = kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: newPassword}); err != nil {
		t.Fatal(err)
	}
	if got := mustSignIn(t, kit, "ada", newPassword); got.Must != "" || !got.ChangeBy.IsZero() {
		t.Errorf("a loop: %+v", got)
	}
}

// TestMaxAgeUnderAFloor holds that of two ages the shorter counts.
func TestMaxAgeUnderAFloor(t *testing.T) {
	for _, days := range [][2]int{{30, 90}, {90, 30}} {
		kit := passwdtest.New(t, passwd.Config{
			PolicyFloor: policyOf(t, pwpolicy.MaxAge{Days: days[0], WarnDays: 5}),
			Policy:      policyOf(t, pwpolicy.Length{}, pwpolicy.MaxAge{Days: days[1], WarnDays: 5}),
		})
		a := ada()
		a.ChangedAt = kit.Clock.Now()
		kit.Add(t, a, adaPassword)
		kit.Clock.Advance(26 * day)
		if in := mustSignIn(t, kit, "ada", adaPassword); in.Must != "" || !in.ChangeBy.Equal(a.ChangedAt.Add(30*day)) {
			t.Errorf("%v: %+v", days, in)
		}
		kit.Clock.Advance(4 * day)
		if in := mustSignIn(t, kit, "ada", adaPassword); in.Must != passwd.Expired {
			t.Errorf("%v: %+v", days, in)
		}
	}
}

// TestMaxAgeByLogin holds that an over-age password is a need for a change, seen
// by whichever path comes first.
func TestMaxAgeByLogin(t *testing.T) {
	kit, _ := aged(t, pwpolicy.MaxAge{Days: 90})
	byLogin := func(next string) (passwd.Written, error) {
		return kit.Service.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: login("ada"), Current: adaPassword, New: next})
	}
	kit.Clock.Advance(90*day - time.Second)
	_, err := byLogin(newPassword)
	wantErr(t, err, passwd.ErrNoChangeNeeded)
	kit.Clock.Advance(time.Second)
	_, err = byLogin(adaPassword)
	wantViolation(t, err, pwpolicy.Reused)
	if w, err := byLogin(newPassword); err != nil || w.Method != passwd.MethodForced {
		t.Errorf("%+v, %v", w, err)
	}
}

// P11: without the rule a password never grows old, and neither does one of
// which nobody knows when it was written.
func TestPasswordsDoNotGrowOld(t *testing.T) {
	kit, _ := aged(t, pwpolicy.MaxAge{Days: 1})
	unknown := ada()
	unknown.Username, unknown.Email, unknown.Mobile = "unknown", "", ""
	kit.Add(t, unknown, adaPassword)
	nist := passwdtest.New(t, passwd.Config{})
	a := ada()
	a.ChangedAt = nist.Clock.Now()
	nist.Add(t, a, adaPassword)
	for _, clock := range []*passwdtest.Clock{kit.Clock, nist.Clock} {
		clock.Advance(3653 * day)
	}
	if in := mustSignIn(t, kit, "unknown", adaPassword); in.Must != "" || !in.ChangeBy.IsZero() {
		t.Errorf("unknown age: %+v", in)
	}
	if in := mustSignIn(t, nist, "ada", adaPassword); in.Must != "" || !in.ChangeBy.IsZero() {
		t.Errorf("NIST after ten years: %+v", in)
	}
}

// TestMaxAgeKeepsTheStricterReason holds that age never takes the place of
// another reason, and that a policy which cannot be had lets nobody in (I10).
func TestMaxAgeKeepsTheStricterReason(t *testing.T) {
	kit, ref := aged(t, pwpolicy.MaxAge{Days: 1})
	if err := kit.Service.RequireChange(ctx, passwd.RequireChange{Account: ref, Reason: passwd.Administrator}); err != nil {
		t.Fatal(err)
	}
	kit.Clock.Advance(2 * day)
	if in := mustSignIn(t, kit, "ada", adaPassword); in.Must != passwd.Administrator {
		t.Errorf("must %q", in.Must)
	}
	down := passwdtest.New(t, passwd.Config{PolicyFor: func(context.Context, passwd.Account) (pwpolicy.Policy, error) {
		return pwpolicy.Policy{}, errDown
	}})
	a := ada()
	a.ChangedAt = down.Clock.Now()
	down.Add(t, a, adaPassword)
	_, err := signIn(down, "ada", adaPassword)
	wantErr(t, err, passwd.ErrUnavailable)
}

// TestFirstEpochRacesExpiry holds that an account without an epoch, over age, can
// sign in although another sign-in gives it one in between.
func TestFirstEpochRacesExpiry(t *testing.T) {
	kit, ref := aged(t, pwpolicy.MaxAge{Days: 1})
	kit.Clock.Advance(2 * day)
	if e := account(t, kit, ref).Epoch; e != 0 {
		t.Fatalf("epoch %d before the test", e)
	}
	first := true
	racing := passwdtest.New(t, passwd.Config{
		Store: kit.Store, Now: kit.Clock.Now,
		PolicyFor: func(context.Context, passwd.Account) (pwpolicy.Policy, error) {
			if first {
				first = false
				mustSignIn(t, kit, "ada", adaPassword)
			}
			return policyOf(t, pwpolicy.Length{}, pwpolicy.MaxAge{Days: 1}), nil
		},
	})
	if in := mustSignIn(t, racing, "ada", adaPassword); in.Must != passwd.Expired || in.Epoch != account(t, kit, ref).Epoch {
		t.Errorf("%+v", in)
	}
}

// TestExpiryAsksAgain holds that a sign-in which finds the account changed by
// somebody else, in between, asks again whether the password opens it (I3, I5).
func TestExpiryAsksAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		between func(*passwdtest.Kit, passwd.Ref) error
		want    error
		must    passwd.Reason // of the account then
	}{
		"revoked": {func(kit *passwdtest.Kit, r passwd.Ref) error {
			_, err := kit.Service.Revoke(ctx, passwd.Revoke{Account: r})
			return err
		}, nil, passwd.Expired},
		"must change it anyway": {func(kit *passwdtest.Kit, r passwd.Ref) error {
			return kit.Service.RequireChange(ctx, passwd.RequireChange{Account: r})
		}, nil, passwd.Administrator},
		"written by the host": {func(kit *passwdtest.Kit, r passwd.Ref) error {
			h, err := passwdtest.Hasher{}.Hash(ctx, newPassword)
			kit.Store.Update(r, func(a *passwd.Account) { a.Hash = h })
			return err
		}, passwd.ErrWrongCredentials, passwd.NoReason},
		"suspended": {func(kit *passwdtest.Kit, r passwd.Ref) error {
			return kit.Service.MarkCompromised(ctx, passwd.MarkCompromised{Account: r})
		}, passwd.ErrWrongCredentials, passwd.Compromised},
		"disabled and written to": {func(kit *passwdtest.Kit, r passwd.Ref) error {
			kit.Store.Update(r, func(a *passwd.Account) { a.Disabled = true })
			_, err := kit.Service.Revoke(ctx, passwd.Revoke{Account: r})
			return err
		}, passwd.ErrWrongCredentials, passwd.NoReason},
		"deleted": {func(kit *passwdtest.Kit, r passwd.Ref) error {
			kit.Store.Delete(r)
			return kit.Service.Forget(ctx, r)
		}, passwd.ErrWrongCredentials, ""},
	} {
		for _, pinned := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, pinned %t", name, pinned), func(t *testing.T) {
				kit, ref := aged(t, pwpolicy.MaxAge{Days: 1})
				if pinned {
					mustSignIn(t, kit, "ada", adaPassword)
				}
				kit.Clock.Advance(2 * day)
				var once sync.Once
				racing := passwdtest.New(t, passwd.Config{
					Store: kit.Store, Now: kit.Clock.Now,
					PolicyFor: func(context.Context, passwd.Account) (p pwpolicy.Policy, err error) {
						once.Do(func() { err = tt.between(kit, ref) })
						return policyOf(t, pwpolicy.Length{}, pwpolicy.MaxAge{Days: 1}), err
					},
				})
				in, err := signIn(racing, "ada", adaPassword)
				if tt.want != nil {
					wantErr(t, err, tt.want)
				} else if err != nil || in.Must != tt.must {
					t.Errorf("must %q, error %v; want %q", in.Must, err, tt.must)
				}
				if a, err := kit.Store.Get(ctx, ref); err == nil && (a.Must != tt.must || tt.want == nil && a.Epoch != in.Epoch) {
					t.Errorf("the account has must %q and epoch %d, the sign-in %d", a.Must, a.Epoch, in.Epoch)
				}
			})
		}
	}
}
