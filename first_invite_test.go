package passwd_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
)

// invited sends an invitation and returns its token.
func invited(t *testing.T, kit *passwdtest.Kit, ref passwd.Ref) passwd.Token {
	t.Helper()
	if err := kit.Service.Invite(ctx, ref, passwd.AnyChannel, home); err != nil {
		t.Fatal(err)
	}
	m := kit.DeliverOne(t)
	if m.Kind != passwd.MessageInvitation || m.To != "grace@example.com" || m.Client != (passwd.Client{}) {
		t.Fatalf("message %q to %q, of %+v", m.Kind, m.To, m.Client)
	}
	if !strings.HasPrefix(m.Link, "https://app.example.com/account/password/invite?token=") || !strings.HasSuffix(m.Link, string(m.Token)) {
		t.Fatal("the link does not lead to the page with the token")
	}
	return m.Token
}

func accept(kit *passwdtest.Kit, token passwd.Token, password string) error {
	_, err := kit.Service.AcceptInvitation(ctx, passwd.Reset{Token: token, New: password, Client: home})
	return err
}

// An invitation gives an account its first password, once, and is worth nothing to
// anything else.
func TestInvitation(t *testing.T) { // I1, I4
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, grace(), "")
	token := invited(t, kit, ref)
	if e := kit.Events.Named(passwd.EventInvited); len(e) != 1 || e[0].Account != ref || e[0].Client != home {
		t.Errorf("events %+v", e)
	}
	if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: graceFirst}); !errors.Is(err, passwd.ErrTokenInvalid) {
		t.Errorf("as a reset link: %v", err)
	}
	if a, err := kit.Service.TokenAccount(ctx, passwd.PurposeInvitation, token, home); err != nil || a.Ref != ref {
		t.Errorf("whose it is: %v, %v", a.Ref, err)
	}
	report, err := kit.Service.Check(ctx, passwd.Check{Invitation: token, Password: "short"})
	if err != nil || len(report.Violations) == 0 {
		t.Errorf("check: %+v, %v", report, err)
	}
	wantViolation(t, accept(kit, token, "short"), pwpolicy.TooShort)
	if err := accept(kit, token, graceFirst); err != nil {
		t.Fatal(err)
	}
	mustSignIn(t, kit, "grace", graceFirst)
	if m := kit.DeliverOne(t); m.Kind != passwd.MessagePasswordReset {
		t.Errorf("its owner is told by a %q", m.Kind)
	}
	wantErr(t, accept(kit, token, newPassword), passwd.ErrTokenInvalid)
	wantErr(t, kit.Service.Invite(ctx, ref, passwd.AnyChannel, home), passwd.ErrConflict)
}

// An invitation lives for a day, and for a week at most where the host wants that.
func TestInvitationLifetime(t *testing.T) { // T3
	const day = 24 * time.Hour
	for configured, life := range map[time.Duration]time.Duration{0: day, 3 * day: 3 * day, 7 * day: 7 * day} {
		kit := passwdtest.New(t, passwd.Config{InsecureInvitationTTL: configured})
		a := grace()
		a.Mobile = "15550000009"
		ref := kit.Add(t, a, "")
		token := invited(t, kit, ref)
		kit.Clock.Advance(life - time.Microsecond)
		wantViolation(t, accept(kit, token, "short"), pwpolicy.TooShort)
		kit.Clock.Advance(time.Microsecond)
		wantErr(t, accept(kit, token, graceFirst), passwd.ErrTokenInvalid)

		if err := kit.Service.Invite(ctx, ref, passwd.SMSChannel, home); err != nil {
			t.Fatal(err)
		}
		m := kit.DeliverOne(t)
		if m.To != "15550000009" || !m.ExpiresAt.Equal(m.At.Add(10*time.Minute)) {
			t.Errorf("by SMS to %q, valid for %v", m.To, m.ExpiresAt.Sub(m.At))
		}
		kit.Clock.Advance(10 * time.Minute)
		wantErr(t, accept(kit, m.Token, graceFirst), passwd.ErrTokenInvalid)
	}
	for _, bad := range []time.Duration{-1, time.Hour, day, 7*day + 1} {
		_, err := passwd.New(passwd.Config{
			Store: passwdtest.New(t, passwd.Config{}).Store, Keys: passwd.RandomKeys(), Notify: &passwdtest.Mailbox{},
			Links: passwd.Links{Base: "https://app.example.com"}, InsecureInvitationTTL: bad,
		})
		if err == nil || !strings.Contains(err.Error(), "InsecureInvitationTTL") {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

// What ends an invitation, sent or still waiting to be.
func TestInvitationEnds(t *testing.T) {
	ends := map[string]func(kit *passwdtest.Kit, ref passwd.Ref) error{
		"revoked": func(kit *passwdtest.Kit, ref passwd.Ref) error {
			_, err := kit.Service.Revoke(ctx, passwd.Revoke{Account: ref})
			return err
		},
		"set by the host": func(kit *passwdtest.Kit, ref passwd.Ref) error {
			return kit.Store.Update(ref, func(a *passwd.Account) { a.Hash = "$2b$10$of-another-stack" })
		},
		"set by sign-up": func(kit *passwdtest.Kit, ref passwd.Ref) error {
			_, err := kit.Service.SetFirst(ctx, ref, adaPassword, home)
			return err
		},
		"single sign-on": func(kit *passwdtest.Kit, ref passwd.Ref) error {
			return kit.Store.Update(ref, func(a *passwd.Account) { a.NoPassword = true })
		},
		"closed": func(kit *passwdtest.Kit, ref passwd.Ref) error {
			return kit.Store.Update(ref, func(a *passwd.Account) { a.Disabled = true })
		},
		"another address": func(kit *passwdtest.Kit, ref passwd.Ref) error {
			return kit.Store.Update(ref, func(a *passwd.Account) { a.Address = nil })
		},
		"deleted": func(kit *passwdtest.Kit, ref passwd.Ref) error {
			kit.Store.Delete(ref)
			return kit.Service.Forget(ctx, ref)
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{})
			ref := kit.Add(t, grace(), "")
			token := invited(t, kit, ref)
			if err := end(kit, ref); err != nil {
				t.Fatal(err)
			}
			wantErr(t, accept(kit, token, graceFirst), passwd.ErrTokenInvalid)
			if _, err := kit.Service.TokenAccount(ctx, passwd.PurposeInvitation, token, home); !errors.Is(err, passwd.ErrTokenInvalid) {
				t.Errorf("whose it is: %v", err)
			}
		})
		t.Run(name+" before it is sent", func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{})
			ref := kit.Add(t, grace(), "")
			for range 2 { // the second is absorbed by the first
				if err := kit.Service.Invite(ctx, ref, passwd.EmailChannel, home); err != nil {
					t.Fatal(err)
				}
			}
			if err := end(kit, ref); err != nil {
				t.Fatal(err)
			}
			for _, m := range kit.Deliver(t) {
				if m.Kind == passwd.MessageInvitation {
					t.Error("it is sent")
				}
			}
			if dropped := kit.Events.Named(passwd.EventNotificationDropped); len(dropped) != 1 || dropped[0].Account != ref {
				t.Errorf("events %+v", dropped)
			}
		})
	}
}

// Sent again, an invitation takes the place of the one before; two that wait are one.
func TestInvitationSentAgain(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, grace(), "")
	first := invited(t, kit, ref)
	kit.Clock.Advance(time.Minute)
	second := invited(t, kit, ref)
	wantErr(t, accept(kit, first, graceFirst), passwd.ErrTokenInvalid)
	if err := accept(kit, second, graceFirst); err != nil {
		t.Error(err)
	}
}

// An administrator is told what keeps an invitation, or a link, from being sent.
func TestInviteRefuses(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	add := func(edit func(*passwd.Account)) passwd.Ref {
		a := grace()
		ref := kit.Add(t, a, "")
		if err := kit.Store.Update(ref, edit); err != nil {
			t.Fatal(err)
		}
		return ref
	}
	for name, tt := range map[string]struct {
		ref           passwd.Ref
		channel       passwd.Channel
		invite, reset error
	}{
		"nobody":         {passwd.Ref{ID: "404"}, "", passwd.ErrNotFound, passwd.ErrNotFound},
		"a password":     {add(func(a *passwd.Account) { a.Hash = "$2b$10$of-another-stack" }), "", passwd.ErrHasPassword, nil},
		"single sign-on": {add(func(a *passwd.Account) { a.NoPassword = true }), "", passwd.ErrNoPassword, passwd.ErrNoPassword},
		"closed":         {add(func(a *passwd.Account) { a.Disabled = true }), "", passwd.ErrConflict, passwd.ErrConflict},
		"not active":     {add(func(a *passwd.Account) { a.Active = false }), "", passwd.ErrConflict, passwd.ErrConflict},
		"no address":     {add(func(a *passwd.Account) { a.Address = nil }), "", passwd.ErrUndeliverable, passwd.ErrUndeliverable},
		"no mobile":      {add(func(*passwd.Account) {}), passwd.SMSChannel, passwd.ErrUndeliverable, passwd.ErrUndeliverable},
		"no channel":     {add(func(*passwd.Account) {}), "fax", passwd.ErrInvalidRequest, passwd.ErrInvalidRequest},
	} {
		if err := kit.Service.Invite(ctx, tt.ref, tt.channel, home); !errors.Is(err, tt.invite) {
			t.Errorf("%s: Invite: %v", name, err)
		}
		if err := kit.Service.SendReset(ctx, tt.ref, tt.channel, home); !errors.Is(err, tt.reset) {
			t.Errorf("%s: SendReset: %v", name, err)
		}
	}
}

// A reset link that an administrator sends is one like others, but lives for a day.
func TestSendReset(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	send := func() passwd.Token {
		t.Helper()
		if err := kit.Service.SendReset(ctx, ref, passwd.AnyChannel, home); err != nil {
			t.Fatal(err)
		}
		m := kit.DeliverOne(t)
		if m.Kind != passwd.MessageResetLink || m.To != "Ada@example.com" || !m.ExpiresAt.Equal(m.At.Add(24*time.Hour)) {
			t.Fatalf("%q to %q until %v", m.Kind, m.To, m.ExpiresAt)
		}
		return m.Token
	}
	withdrawn := send()
	if _, err := kit.Service.Revoke(ctx, passwd.Revoke{Account: ref}); err != nil {
		t.Fatal(err)
	}
	_, err := kit.Service.Reset(ctx, passwd.Reset{Token: withdrawn, New: newPassword})
	wantErr(t, err, passwd.ErrTokenInvalid)
	token := send()
	kit.Clock.Advance(23 * time.Hour)
	if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: newPassword, Client: home}); err != nil {
		t.Fatal(err)
	}
	mustSignIn(t, kit, "ada", newPassword)
}

// Of an invitation, a reset and a sign-up at once, one sets the password; and of an
// invitation and a deletion, nothing is left half-done.
func TestInvitationRaces(t *testing.T) { // I2, I3, I4
	for range rounds() {
		kit := passwdtest.New(t, passwd.Config{Limits: manyRequests})
		ref := kit.Add(t, grace(), "")
		invitation, reset := invited(t, kit, ref), resetToken(t, kit, "grace")
		passwords := []string{graceFirst, newPassword, adaPassword}
		won := atOnce(t, len(passwords), func(i int) (err error) {
			switch i {
			case 0:
				err = accept(kit, invitation, passwords[i])
			case 1:
				_, err = kit.Service.Reset(ctx, passwd.Reset{Token: reset, New: passwords[i], Client: home})
			default:
				_, err = kit.Service.SetFirst(ctx, ref, passwords[i], home)
			}
			return err
		}, passwd.ErrTokenInvalid, passwd.ErrConflict)
		opens := 0
		for _, password := range passwords {
			if _, err := signIn(kit, "grace", password); err == nil {
				opens++
			}
		}
		if history, err := kit.Store.History(ctx, ref, 10); won != 1 || opens != 1 || len(history) != 0 || err != nil {
			t.Fatalf("%d have set it, %d open, %d hashes were replaced, %v", won, opens, len(history), err)
		}
	}
	for range rounds() {
		kit := passwdtest.New(t, passwd.Config{})
		ref := kit.Add(t, grace(), "")
		token := invited(t, kit, ref)
		atOnce(t, 2, func(i int) error {
			if i == 0 {
				return accept(kit, token, graceFirst)
			}
			kit.Store.Delete(ref)
			return kit.Service.Forget(ctx, ref)
		}, passwd.ErrTokenInvalid)
		if _, err := kit.Store.Get(ctx, ref); !errors.Is(err, passwd.ErrNotFound) {
			t.Fatalf("the account is %v", err)
		}
		wantErr(t, accept(kit, token, newPassword), passwd.ErrTokenInvalid)
		heir := grace()
		heir.Ref = ref
		kit.Add(t, heir, "")
		if a := account(t, kit, ref); a.Hash != "" || !a.ChangedAt.IsZero() || a.Must != passwd.NoReason {
			t.Fatalf("the next owner of the id inherits %+v", a)
		}
		wantErr(t, accept(kit, token, newPassword), passwd.ErrTokenInvalid)
	}
}

// Who must not have a password gets none, by no path, is sent nothing that leads to one,
// and one that is stored nevertheless opens nothing.
func TestNoPassword(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	sso := grace()
	sso.NoPassword = true
	ref := kit.Add(t, sso, graceFirst)
	token := func() passwd.Token { // of a time when there was none
		t.Helper()
		if err := kit.Store.Update(ref, func(a *passwd.Account) { a.NoPassword = false }); err != nil {
			t.Fatal(err)
		}
		defer kit.Store.Update(ref, func(a *passwd.Account) { a.NoPassword = true })
		return resetToken(t, kit, "grace")
	}()
	before := account(t, kit, ref)
	for name, tt := range map[string]struct {
		call func() error
		want error
	}{
		"SignIn":   {func() error { _, err := signIn(kit, "grace", graceFirst); return err }, passwd.ErrWrongCredentials},
		"SetFirst": {func() error { _, err := kit.Service.SetFirst(ctx, ref, newPassword, home); return err }, passwd.ErrNoPassword},
		"NewHash":  {func() error { _, err := kit.Service.NewHash(ctx, before, newPassword); return err }, passwd.ErrNoPassword},
		"Change":   {func() error { return change(kit, ref, graceFirst, newPassword) }, passwd.ErrWrongPassword},
		"ChangeByLogin": {func() error {
			_, err := kit.Service.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: login("grace"), Current: graceFirst, New: newPassword, Always: true})
			return err
		}, passwd.ErrWrongCredentials},
		"Reset": {func() error {
			_, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: newPassword})
			return err
		}, passwd.ErrTokenInvalid},
		"CheckReset": {func() error { return kit.Service.CheckReset(ctx, passwd.CheckReset{Token: token}) }, passwd.ErrTokenInvalid},
		"IssueTemporary": {func() error {
			_, err := kit.Service.IssueTemporary(ctx, passwd.IssueTemporary{Account: ref})
			return err
		}, passwd.ErrNoPassword},
		"Requirements": {func() error {
			_, err := kit.Service.Requirements(ctx, passwd.Account{Ref: ref})
			return err
		}, passwd.ErrNoPassword},
		"RequestReset": {func() error {
			return kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("grace"), TellShared: true, Client: home})
		}, nil}, // as for everybody
		"RequestCode": {func() error {
			_, err := kit.Service.RequestCode(ctx, passwd.RequestCode{Login: login("grace@example.com"), Client: home})
			return err
		}, nil},
	} {
		if err := tt.call(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if sent := kit.Deliver(t); len(sent) != 0 {
		t.Errorf("%d messages, the first a %q", len(sent), sent[0].Kind)
	}
	if after := account(t, kit, ref); after.Hash != before.Hash || after.Epoch != before.Epoch {
		t.Error("the account has changed")
	}
	if code := passwd.CodeOf(passwd.ErrNoPassword); code != passwd.CodeNoPassword {
		t.Errorf("code %q", code)
	}
}
