package passwd_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
)

func TestChange(t *testing.T) { // F1
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	in := mustSignIn(t, kit, "ada", adaPassword)
	link := resetToken(t, kit, "ada")

	_, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: "wrong", New: newPassword})
	wantErr(t, err, passwd.ErrWrongPassword)
	_, err = kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: "short"})
	wantViolation(t, err, pwpolicy.TooShort)
	_, err = kit.Service.Change(ctx, passwd.Change{Account: passwd.Ref{ID: "none"}, Current: adaPassword, New: newPassword})
	wantErr(t, err, passwd.ErrEnded)
	if _, err := kit.Service.Live(ctx, ref, in.Epoch); err != nil {
		t.Fatalf("something was written: %v", err)
	}

	w, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: newPassword, Client: home})
	if err != nil {
		t.Fatal(err)
	}
	want := passwd.Written{Account: ref, Epoch: in.Epoch + 1, Method: passwd.MethodChange, At: kit.Clock.Now()}
	if w != want {
		t.Errorf("written %+v, want %+v", w, want)
	}
	if a := account(t, kit, ref); !a.ChangedAt.Equal(kit.Clock.Now()) {
		t.Errorf("changed at %v", a.ChangedAt)
	}
	_, err = kit.Service.Live(ctx, ref, in.Epoch)
	wantErr(t, err, passwd.ErrEnded)
	if _, err := kit.Service.Live(ctx, ref, w.Epoch); err != nil {
		t.Errorf("the caller's own session, stamped anew: %v", err)
	}
	wantErr(t, kit.Service.CheckReset(ctx, passwd.CheckReset{Token: link}), passwd.ErrTokenInvalid) // T7
	if sent := kit.Deliver(t); len(sent) != 2 || sent[0].Kind != passwd.MessagePasswordChanged {
		t.Errorf("notices %+v", sent)
	}
	mustSignIn(t, kit, "ada", newPassword)
}

func TestChangeRefusesWhatMayNotSignIn(t *testing.T) {
	for name, edit := range map[string]func(*passwd.Account){
		"disabled":   func(a *passwd.Account) { a.Disabled = true },
		"not active": func(a *passwd.Account) { a.Active = false },
		"no hash":    func(a *passwd.Account) { a.Hash = "" },
	} {
		t.Run(name, func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{})
			ref := kit.Add(t, ada(), adaPassword)
			kit.Store.Update(ref, edit)
			_, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: newPassword})
			wantErr(t, err, passwd.ErrWrongPassword)
		})
	}
}

func TestGuessesOfTheCurrentPasswordAreLimited(t *testing.T) { // F1
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	for range 10 {
		_, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: "wrong", New: newPassword})
		wantErr(t, err, passwd.ErrWrongPassword)
	}
	_, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: newPassword})
	wantErr(t, err, passwd.ErrRateLimited)
	mustSignIn(t, kit, "ada", adaPassword) // a count of its own
	kit.Clock.Advance(time.Second)
	if _, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: newPassword}); err != nil {
		t.Error(err)
	}
}

func TestChangeByLogin(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	change := func(current, next string, always bool) error {
		_, err := kit.Service.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: login("ada"), Current: current, New: next, Always: always, Client: home})
		return err
	}
	wantErr(t, change("wrong", newPassword, false), passwd.ErrWrongCredentials)
	wantErr(t, change(adaPassword, newPassword, false), passwd.ErrNoChangeNeeded)
	wantErr(t, change(adaPassword, "short", false), passwd.ErrNoChangeNeeded) // need before policy
	if err := change(adaPassword, newPassword, true); err != nil {
		t.Fatal(err)
	}
	if err := kit.Service.RequireChange(ctx, passwd.RequireChange{Account: ref, Reason: passwd.Administrator}); err != nil {
		t.Fatal(err)
	}
	wantViolation(t, change(newPassword, newPassword, false), pwpolicy.SimilarCurrent) // T9
	if err := change(newPassword, adaPassword, false); err != nil {
		t.Fatal(err)
	}
	if in := mustSignIn(t, kit, "ada", adaPassword); in.Must != passwd.NoReason {
		t.Errorf("must still change: %s", in.Must)
	}
}

func TestForcedChange(t *testing.T) { // F7, T9
	for _, reason := range []passwd.Reason{passwd.Expired, passwd.Administrator, passwd.Outdated} {
		t.Run(string(reason), func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{})
			ref := kit.Add(t, ada(), adaPassword)
			own := mustSignIn(t, kit, "ada", adaPassword)
			if _, err := kit.Service.Ticket(ctx, own); !errors.Is(err, passwd.ErrNoChangeNeeded) {
				t.Errorf("ticket without need: %v", err)
			}
			if err := kit.Service.RequireChange(ctx, passwd.RequireChange{Account: ref, Reason: reason}); err != nil {
				t.Fatal(err)
			}
			if must, err := kit.Service.Live(ctx, ref, own.Epoch); err != nil || must != reason {
				t.Errorf("live: %q, %v", must, err)
			}
			in := mustSignIn(t, kit, "ada", adaPassword)
			if in.Must != reason {
				t.Errorf("must %q", in.Must)
			}
			ticket, err := kit.Service.Ticket(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			_, err = kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: adaPassword})
			wantViolation(t, err, pwpolicy.Reused) // T9
			_, err = kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: "short"})
			wantViolation(t, err, pwpolicy.TooShort)
			w, err := kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: newPassword})
			if err != nil || w.Method != passwd.MethodForced {
				t.Fatalf("%+v, %v", w, err)
			}
			_, err = kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: adaPassword})
			wantErr(t, err, passwd.ErrTokenInvalid)
			if in := mustSignIn(t, kit, "ada", newPassword); in.Must != passwd.NoReason {
				t.Errorf("must still change: %s", in.Must)
			}
		})
	}
}

func TestTicketLife(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	require := func(r passwd.Reason) {
		t.Helper()
		if err := kit.Service.RequireChange(ctx, passwd.RequireChange{Account: ref, Reason: r}); err != nil {
			t.Fatal(err)
		}
	}
	require(passwd.Administrator)
	in := mustSignIn(t, kit, "ada", adaPassword)
	ticket, err := kit.Service.Ticket(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	kit.Clock.Advance(10 * time.Minute)
	_, err = kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: newPassword})
	wantErr(t, err, passwd.ErrTokenInvalid)

	if ticket, err = kit.Service.Ticket(ctx, in); err != nil {
		t.Fatal(err)
	}
	// Lifted: the ticket has nothing left to do.
	if err := kit.Service.LiftChange(ctx, passwd.LiftChange{Account: ref}); err != nil {
		t.Fatal(err)
	}
	if n := len(kit.Events.Named(passwd.EventChangeLifted)); n != 1 {
		t.Errorf("%d events of it", n)
	}
	_, err = kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: newPassword})
	wantErr(t, err, passwd.ErrTokenInvalid)

	require(passwd.Administrator)
	if _, err := kit.Service.Revoke(ctx, passwd.Revoke{Account: ref}); err != nil {
		t.Fatal(err)
	}
	_, err = kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: newPassword})
	wantErr(t, err, passwd.ErrTokenInvalid)
	_, err = kit.Service.Ticket(ctx, in)
	wantErr(t, err, passwd.ErrEnded)
}

func TestTemporaryPassword(t *testing.T) { // T9, F6
	kit := passwdtest.New(t, passwd.Config{Policy: pwpolicy.Conventional()})
	ref := kit.Add(t, ada(), adaPassword)
	own := mustSignIn(t, kit, "ada", adaPassword)
	issued, err := kit.Service.IssueTemporary(ctx, passwd.IssueTemporary{Account: ref, Client: home})
	if err != nil {
		t.Fatal(err)
	}
	if len(issued.Password) < 20 || !issued.Until.Equal(kit.Clock.Now().Add(24*time.Hour)) {
		t.Errorf("issued %d characters until %v", len(issued.Password), issued.Until)
	}
	sent := kit.Deliver(t)
	if len(sent) != 2 || sent[0].Kind != passwd.MessageTemporaryPassword || strings.Contains(sent[0].Link, issued.Password) {
		t.Errorf("notices %+v", sent)
	}
	_, err = kit.Service.Live(ctx, ref, own.Epoch)
	wantErr(t, err, passwd.ErrEnded)
	_, err = signIn(kit, "ada", adaPassword)
	wantErr(t, err, passwd.ErrWrongCredentials)

	in := mustSignIn(t, kit, "ada", issued.Password)
	if in.Must != passwd.Temporary {
		t.Fatalf("must %q", in.Must)
	}
	ticket, err := kit.Service.Ticket(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	_, err = kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: issued.Password})
	wantViolation(t, err, pwpolicy.Reused)

	// An administrator's flag, or none, does not make it a lasting password.
	if err := kit.Service.RequireChange(ctx, passwd.RequireChange{Account: ref}); err != nil {
		t.Fatal(err)
	}
	if err := kit.Service.LiftChange(ctx, passwd.LiftChange{Account: ref}); err != nil {
		t.Fatal(err)
	}
	kit.Clock.Advance(24*time.Hour - time.Microsecond)
	mustSignIn(t, kit, "ada", issued.Password)
	kit.Clock.Advance(time.Microsecond)
	_, err = signIn(kit, "ada", issued.Password)
	wantErr(t, err, passwd.ErrTemporaryExpired)
	_, err = signIn(kit, "ada", "wrong")
	if err != passwd.ErrWrongCredentials {
		t.Errorf("wrong password: %v", err)
	}
	_, err = kit.Service.Change(ctx, passwd.Change{Account: ref, Current: issued.Password, New: newPassword})
	wantErr(t, err, passwd.ErrWrongPassword)
	token := resetToken(t, kit, "ada")
	if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: "Another-Engine-1822"}); err != nil {
		t.Fatal(err)
	}
}

func TestTemporaryPasswordConforms(t *testing.T) {
	long, err := pwpolicy.New(pwpolicy.Length{Min: 90}, pwpolicy.Classes{Digit: 9, Symbol: 9, Upper: 9, Lower: 9})
	if err != nil {
		t.Fatal(err)
	}
	impossible, err := pwpolicy.New(pwpolicy.Length{InsecureMinLength: 1, InsecureMaxLength: 4})
	if err != nil {
		t.Fatal(err)
	}
	kit := passwdtest.New(t, passwd.Config{Policy: long})
	issued, err := kit.Service.IssueTemporary(ctx, passwd.IssueTemporary{Account: kit.Add(t, ada(), adaPassword)})
	if err != nil || len(issued.Password) < 90 {
		t.Errorf("%d characters, %v", len(issued.Password), err)
	}
	kit = passwdtest.New(t, passwd.Config{Policy: impossible})
	_, err = kit.Service.IssueTemporary(ctx, passwd.IssueTemporary{Account: kit.Add(t, ada(), adaPassword)})
	wantViolation(t, err, pwpolicy.TooLong)
}

func TestCompromised(t *testing.T) { // P11, conflict 16
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	in := mustSignIn(t, kit, "ada", adaPassword)
	link := resetToken(t, kit, "ada")
	if err := kit.Service.MarkCompromised(ctx, passwd.MarkCompromised{Account: ref}); err != nil {
		t.Fatal(err)
	}
	wantErr(t, kit.Service.CheckReset(ctx, passwd.CheckReset{Token: link}), passwd.ErrTokenInvalid)
	_, err := kit.Service.Live(ctx, ref, in.Epoch)
	wantErr(t, err, passwd.ErrEnded)
	_, err = kit.Service.Ticket(ctx, passwd.SignedIn{Account: ref, Epoch: account(t, kit, ref).Epoch, Must: passwd.Compromised})
	wantErr(t, err, passwd.ErrEnded)
	_, err = kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: newPassword})
	wantErr(t, err, passwd.ErrWrongPassword)
	// A milder requirement does not unlock it.
	if err := kit.Service.RequireChange(ctx, passwd.RequireChange{Account: ref}); err != nil {
		t.Fatal(err)
	}
	if err := kit.Service.LiftChange(ctx, passwd.LiftChange{Account: ref}); err != nil {
		t.Fatal(err)
	}
	_, err = signIn(kit, "ada", adaPassword)
	wantErr(t, err, passwd.ErrWrongCredentials)
	kit.Deliver(t)
	token := resetToken(t, kit, "ada")
	if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: newPassword}); err != nil {
		t.Fatal(err)
	}
	mustSignIn(t, kit, "ada", newPassword)
}

func TestFirstPassword(t *testing.T) { // an account that has none gets it by a reset
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), "")
	token := resetToken(t, kit, "ada")
	if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: newPassword}); err != nil {
		t.Fatal(err)
	}
	mustSignIn(t, kit, "ada", newPassword)
}

func TestForget(t *testing.T) { // a reused id inherits nothing
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	in := mustSignIn(t, kit, "ada", adaPassword)
	link := resetToken(t, kit, "ada")
	kit.Store.Delete(ref)
	if err := kit.Service.Forget(ctx, ref); err != nil {
		t.Fatal(err)
	}
	next := ada()
	next.Ref = ref
	kit.Add(t, next, "password of the next")
	_, err := kit.Service.Live(ctx, ref, in.Epoch)
	wantErr(t, err, passwd.ErrEnded)
	mustSignIn(t, kit, "ada", "password of the next")
	_, err = kit.Service.Live(ctx, ref, in.Epoch)
	wantErr(t, err, passwd.ErrEnded)
	wantErr(t, kit.Service.CheckReset(ctx, passwd.CheckReset{Token: link}), passwd.ErrTokenInvalid)
}

func TestHistory(t *testing.T) {
	policy, err := pwpolicy.New(pwpolicy.Length{}, pwpolicy.NotReused{Last: 3})
	if err != nil {
		t.Fatal(err)
	}
	kit := passwdtest.New(t, passwd.Config{Policy: policy})
	ref := kit.Add(t, ada(), adaPassword)
	current := adaPassword
	change := func(next string) error {
		_, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: current, New: next})
		if err == nil {
			current = next
		}
		return err
	}
	wantViolation(t, change(adaPassword), pwpolicy.Reused)
	for _, next := range []string{"second password of ada", "third password of ada"} {
		if err := change(next); err != nil {
			t.Fatal(err)
		}
	}
	for _, used := range []string{adaPassword, "second password of ada", "third password of ada"} {
		wantViolation(t, change(used), pwpolicy.Reused)
	}
	if err := change("fourth password of ada"); err != nil {
		t.Fatal(err)
	}
	if err := change(adaPassword); err != nil {
		t.Errorf("the fourth last: %v", err)
	}
}

func TestRequirementsOfAccounts(t *testing.T) { // of the account as it is stored
	strict, err := pwpolicy.New(pwpolicy.Length{Min: 40})
	if err != nil {
		t.Fatal(err)
	}
	kit := passwdtest.New(t, passwd.Config{PolicyFor: func(_ context.Context, a passwd.Account) (pwpolicy.Policy, error) {
		if a.Locale == "en" {
			return strict, nil
		}
		return pwpolicy.Policy{}, nil
	}})
	ref := kit.Add(t, ada(), adaPassword)
	for _, c := range []struct {
		account passwd.Account
		min     int
	}{
		{passwd.Account{Ref: ref}, 40},
		{passwd.Account{Ref: passwd.Ref{ID: "none"}}, 15},
		{passwd.Account{Locale: "en"}, 40},
		{passwd.Account{}, 15},
	} {
		all, err := kit.Service.Requirements(ctx, c.account)
		if err != nil || all[0].Params["min"] != c.min {
			t.Errorf("%+v: %v, %v, want %d", c.account, all, err, c.min)
		}
	}
}
