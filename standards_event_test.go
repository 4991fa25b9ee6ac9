package passwd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// L1: each outcome, good or bad, is one event, which says when, from where, whose
// account where that is known, and why.
func TestEveryOutcomeIsOneEvent(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	spent := resetToken(t, kit, "ada")
	var reset, request, ticket passwd.Token
	var code passwd.OneTimeCode
	byLogin := func(current, next string) error {
		_, err := kit.Service.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: login("ada"), Current: current, New: next, Always: true, Client: home})
		return err
	}
	for _, step := range []struct {
		what    string
		do      func() error
		want    string // name, outcome, reason or method
		unknown bool   // it is about no account
	}{
		{"sign-in", func() error { _, err := signIn(kit, "ada", adaPassword); return err }, "sign_in.succeeded success", false},
		{"wrong password", func() error { _, err := signIn(kit, "ada", "wrong"); return err }, "sign_in.failed failure wrong_password", false},
		{"unknown login", func() error { _, err := signIn(kit, "nobody", "wrong"); return err }, "sign_in.failed failure unknown", true},
		{"change, wrong current password", func() error {
			_, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: "wrong", New: newPassword, Client: home})
			return err
		}, "password.change_failed failure wrong_password change", false},
		{"change, refused by the policy", func() error {
			_, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: "short", Client: home})
			return err
		}, "password.change_failed failure password_rejected change", false},
		{"change", func() error {
			_, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: newPassword, Client: home})
			return err
		}, "password.changed success change", false},
		{"dead link", func() error {
			_, err := kit.Service.Reset(ctx, passwd.Reset{Token: spent, New: adaPassword, Client: home})
			return err
		}, "password.reset_token_rejected failure superseded", false},
		{"unknown link", func() error {
			_, err := kit.Service.Reset(ctx, passwd.Reset{Token: passwd.Token(strings.Repeat("A", 43)), New: adaPassword, Client: home})
			return err
		}, "password.reset_token_rejected failure unknown", true},
		{"request of a link", func() error {
			return kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: home})
		}, "password.reset_requested success", true},
		{"delivery", func() error { reset = kit.Deliver(t)[2].Token; return nil },
			"notification.sent success|notification.sent success|notification.sent success", false},
		{"reset", func() error {
			_, err := kit.Service.Reset(ctx, passwd.Reset{Token: reset, New: adaPassword, Client: home})
			return err
		}, "password.changed success reset", false},
		{"the link once more", func() error {
			_, err := kit.Service.Reset(ctx, passwd.Reset{Token: reset, New: newPassword, Client: home})
			return err
		}, "password.reset_token_rejected failure spent", false},
		{"request of a code", func() (err error) {
			request, err = kit.Service.RequestCode(ctx, passwd.RequestCode{Login: login("ada"), Client: home})
			return err
		}, "password.reset_requested success", true},
		{"delivery of the code", func() error { code = kit.Deliver(t)[2].Code; return nil },
			"notification.sent success|notification.sent success|notification.sent success", false},
		{"wrong code", func() error {
			_, err := kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: otherCode(code), Client: home})
			return err
		}, "password.reset_token_rejected failure wrong_code", false},
		{"need for a change", func() error {
			return kit.Service.RequireChange(ctx, passwd.RequireChange{Account: ref, Reason: passwd.Administrator, Client: home})
		}, "password.change_required success administrator", false},
		{"sign-in that must change", func() error {
			in, err := signIn(kit, "ada", adaPassword)
			if err == nil {
				ticket, err = kit.Service.Ticket(ctx, in)
			}
			return err
		}, "sign_in.succeeded success administrator", false},
		{"forced change", func() error {
			_, err := kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: newPassword, Client: home})
			return err
		}, "password.changed success forced", false},
		{"the ticket once more", func() error {
			_, err := kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: adaPassword, Client: home})
			return err
		}, "password.reset_token_rejected failure spent", false},
		{"change by login, wrong password", func() error { return byLogin("wrong", adaPassword) }, "sign_in.failed failure wrong_password", false},
		{"change by login", func() error { return byLogin(newPassword, adaPassword) }, "password.changed success change", false},
		{"issued password", func() error {
			_, err := kit.Service.IssueTemporary(ctx, passwd.IssueTemporary{Account: ref, Client: home})
			return err
		}, "password.changed success temporary", false},
		{"suspension", func() error {
			return kit.Service.MarkCompromised(ctx, passwd.MarkCompromised{Account: ref, Client: home})
		}, "password.suspended success", false},
		{"sign-in when suspended", func() error { _, err := signIn(kit, "ada", adaPassword); return err }, "sign_in.failed failure wrong_password", false},
		{"revocation", func() error {
			_, err := kit.Service.Revoke(ctx, passwd.Revoke{Account: ref, Client: home})
			return err
		}, "password.sessions_revoked success", false},
	} {
		before := len(kit.Events.All())
		_ = step.do() // whether it worked is what the event says
		var got []string
		for _, e := range kit.Events.All()[before:] {
			fields := []string{string(e.Name), e.Outcome}
			for _, s := range []string{e.Reason, string(e.Method)} {
				if s != "" {
					fields = append(fields, s)
				}
			}
			got = append(got, strings.Join(fields, " "))
			if !e.Time.Equal(kit.Clock.Now()) || e.Time.Location() != time.UTC {
				t.Errorf("%s: at %v", step.what, e.Time)
			}
			if e.Client.Addr != home.Addr && e.Name != passwd.EventNotificationSent {
				t.Errorf("%s: from %v", step.what, e.Client.Addr)
			}
			if (e.Account == ref) == step.unknown {
				t.Errorf("%s: account %+v", step.what, e.Account)
			}
		}
		if all := strings.Join(got, "|"); all != step.want {
			t.Errorf("%s: got %q, want %q", step.what, all, step.want)
		}
	}
}

// L2: what a client says of itself, and what is typed as a login, begins no line of
// its own in a log, and the login is in none.
func TestEventsAreOneLine(t *testing.T) {
	var text, object bytes.Buffer
	handlers := map[string]slog.Handler{"text": slog.NewTextHandler(&text, nil), "JSON": slog.NewJSONHandler(&object, nil)}
	n := 0
	kit := passwdtest.New(t, passwd.Config{Observer: passwd.ObserverFunc(func(ctx context.Context, e passwd.Event) {
		n++
		for _, h := range handlers {
			passwd.SlogObserver(slog.New(h)).Observe(ctx, e)
		}
	})})
	kit.Add(t, ada(), adaPassword)
	const forged = "\r\ntime=2026-03-01 level=INFO msg=sign_in.succeeded user.id=1\u2028\x1b[2J"
	hostile := passwd.Client{Addr: home.Addr, UserAgent: "agent" + forged, RequestID: "request" + forged}
	for _, name := range []string{"ada", "canary-4711" + forged, "canary-4711@example.com" + forged} {
		_, err := kit.Service.SignIn(ctx, passwd.SignIn{Login: login(name), Password: "wrong" + forged, Client: hostile})
		wantErr(t, err, passwd.ErrWrongCredentials)
		if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login(name), Client: hostile}); err != nil {
			t.Fatal(err)
		}
	}
	kit.Deliver(t)
	if n < 6 {
		t.Fatalf("%d events", n)
	}
	for name, log := range map[string]*bytes.Buffer{"text": &text, "JSON": &object} {
		lines := strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n")
		if len(lines) != n || strings.ContainsAny(log.String(), "\r\x1b") {
			t.Errorf("%s: %d lines of %d events", name, len(lines), n)
		}
		if strings.Contains(log.String(), "canary-4711") || !strings.Contains(log.String(), "request") {
			t.Errorf("%s: the login is in it, or the request is not:\n%s", name, log)
		}
		for _, line := range lines {
			if name == "JSON" && !json.Valid([]byte(line)) {
				t.Errorf("no JSON: %s", line)
			}
		}
	}
}
