package tour

import (
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
	"github.com/passwd-go/passwd/session"
)

var confirm, fragments, ready = stage.Options{Confirm: true}, stage.Options{Fragments: true}, stage.Options{Ready: true}

// Stops returns all stops.
func Stops() []Stop {
	return []Stop{
		{"change", "change", stage.Options{}, func(g *guide) { g.signIn(); g.page("/change") }},
		{"change-empty", "change", stage.Options{}, func(g *guide) { g.signIn(); g.page("/change"); g.fill() }},
		{"change-rejected", "change", stage.Options{}, func(g *guide) {
			g.signIn()
			g.page("/change")
			g.fill("current_password", stage.Current, "new_password", "password1")
		}},
		{"change-stopped", "change", stage.Options{}, func(g *guide) {
			g.signIn()
			g.wear()
			g.page("/change")
			g.fill("current_password", stage.Current, "new_password", stage.Next)
		}},
		{"change-easy", "change", stage.Options{Lenient: true}, func(g *guide) { g.signIn(); g.page("/change"); g.typed("passwordpassword1") }},
		{"change-weak", "change", stage.Options{}, func(g *guide) { g.signIn(); g.page("/change"); g.typed("ada1843") }},
		{"change-strong", "change", stage.Options{}, func(g *guide) {
			g.signIn()
			g.page("/change")
			g.typed(stage.Next)
			g.Do(g.Click(`button[aria-controls="new_password"]`, 1))
		}},
		{"change-notes", "change", stage.Options{}, func(g *guide) { g.signIn(); g.page("/change"); g.typed("ada1843\u200b ") }},
		{"change-noted", "change", stage.Options{}, func(g *guide) {
			g.signIn()
			g.page("/change")
			g.fill("current_password", stage.Current, "new_password", "ada@example.com ")
		}},
		{"change-twice", "change", confirm, func(g *guide) {
			g.signIn()
			g.page("/change")
			g.fill("current_password", stage.Current, "new_password", stage.Next, "confirm_password", "another")
		}},
		{"sign_in", "sign_in", ready, func(g *guide) { g.page("/signin?next=%2Forders") }},
		{"sign_in-empty", "sign_in", ready, func(g *guide) { g.page("/signin"); g.fill() }},
		{"sign_in-wrong", "sign_in", ready, func(g *guide) { g.page("/signin"); g.fill("login", "ada", "password", "a guess") }},
		{"sign_in-email", "sign_in", stage.Options{Ready: true, Email: true}, func(g *guide) { g.page("/signin"); g.fill("password", "a guess") }},
		{"sign_in-busy", "sign_in", ready, func(g *guide) {
			g.page("/signin")
			g.guess()
			g.fill("login", "ada", "password", stage.Current)
		}},
		{"sign_in-late", "sign_in", ready, func(g *guide) {
			issued, err := g.h.Service.IssueTemporary(g.ctx, passwd.IssueTemporary{Account: g.h.Ada, TTL: time.Hour})
			g.must(err)
			g.h.Clock.Advance(2 * time.Hour)
			g.page("/signin")
			g.fill("login", "ada", "password", issued.Password)
		}},
		{"sign_in-forced", "forced", ready, func(g *guide) { g.mustChange(); g.page("/signin"); g.fill("login", "ada", "password", stage.Current) }},
		{"forced", "forced", stage.Options{}, func(g *guide) { g.ticket() }},
		{"forced-temporary", "forced", stage.Options{}, func(g *guide) { g.temporary() }},
		{"forced-rejected", "forced", stage.Options{}, func(g *guide) { g.ticket(); g.fill("new_password", "short") }},
		{"forced-session", "forced", stage.Options{}, func(g *guide) { g.signIn(); g.mustChange(); g.page("/forced?next=%2Forders") }},
		{"forgot", "forgot", stage.Options{}, func(g *guide) { g.page("/forgot") }},
		{"forgot-email", "forgot", stage.Options{Email: true}, func(g *guide) { g.page("/forgot"); g.fill() }},
		{"forgot-busy", "forgot", stage.Options{}, func(g *guide) { g.flood(); g.page("/forgot"); g.fill("login", "ada@example.com") }},
		{"forgot-empty", "forgot", stage.Options{}, func(g *guide) { g.page("/forgot"); g.fill() }},
		{"sent", "sent", stage.Options{}, func(g *guide) { g.page("/forgot"); g.fill("login", "ada") }},
		{"forgot_code", "forgot_code", stage.Options{}, func(g *guide) { g.page("/forgot/code") }},
		{"forgot_code-empty", "forgot_code", stage.Options{}, func(g *guide) { g.page("/forgot/code"); g.fill() }},
		{"reset_code", "reset_code", stage.Options{}, func(g *guide) { g.code() }},
		{"reset_code-wrong", "reset_code", stage.Options{}, func(g *guide) { g.code(); g.fill("code", "1234 5678") }},
		{"reset_code-over", "expired", stage.Options{}, func(g *guide) {
			g.code()
			for range 5 {
				g.Refill("code", "1234 5678")
				g.Send()
			}
		}},
		{"reset", "reset", stage.Options{}, func(g *guide) { g.Visit(g.mail(passwd.MessageResetLink).Link) }},
		{"reset-other", "reset", stage.Options{SignOut: true}, func(g *guide) {
			g.signInGrace()
			g.Visit(g.mail(passwd.MessageResetLink).Link)
		}},
		{"reset-rejected", "reset", stage.Options{}, func(g *guide) {
			g.Visit(g.mail(passwd.MessageResetLink).Link)
			g.fill("new_password", "ada@example.com")
		}},
		{"reset-weak", "reset", stage.Options{}, func(g *guide) {
			g.Visit(g.mail(passwd.MessageResetLink).Link)
			g.typed("11111111")
		}},
		{"invitation", "invitation", stage.Options{}, func(g *guide) { g.Visit(g.invited()) }},
		{"done-invitation", "done", stage.Options{}, func(g *guide) { g.Visit(g.invited()); g.fill("new_password", stage.Next) }},
		{"no_password", "expired", stage.Options{}, func(g *guide) {
			g.signIn()
			g.must(g.h.KeepFromPasswords(g.h.Ada))
			g.page("/change")
		}},
		{"done", "done", stage.Options{}, func(g *guide) {
			g.signIn()
			g.page("/change")
			g.fill("current_password", stage.Current, "new_password", stage.Next)
		}},
		{"done-reset", "done", stage.Options{}, func(g *guide) {
			g.Visit(g.mail(passwd.MessageResetLink).Link)
			g.fill("new_password", stage.Next)
		}},
		{"done-noted", "done", stage.Options{Lenient: true}, func(g *guide) {
			g.Visit(g.mail(passwd.MessageResetLink).Link)
			g.fill("new_password", "passwordpassword1 ")
		}},
		{"done-other", "done", stage.Options{SignOut: true}, func(g *guide) {
			g.signInGrace()
			g.Visit(g.mail(passwd.MessageResetLink).Link)
			g.Fill("new_password", stage.Next)
			g.Follow("main > form button.submit")
		}},
		{"done-nothing", "done", stage.Options{}, func(g *guide) { g.page("/done") }},
		{"done-kept", "done", stage.Options{}, func(g *guide) {
			g.Visit(g.mail(passwd.MessagePasswordChanged).Link)
			g.Follow(".second button")
		}},
		{"done-cancel", "done", stage.Options{}, func(g *guide) { g.Visit(g.mail(passwd.MessagePasswordChanged).Link); g.fill() }},
		{"expired", "expired", stage.Options{}, func(g *guide) {
			link := g.mail(passwd.MessageResetLink).Link
			g.h.Clock.Advance(2 * time.Hour)
			g.Visit(link)
		}},
		{"stale", "expired", stage.Options{}, func(g *guide) {
			g.signIn()
			g.page("/change")
			g.signInGrace()
			g.fill("current_password", stage.Current, "new_password", stage.Next)
		}},
		{"expired-code", "expired", stage.Options{}, func(g *guide) { g.page("/reset/code") }},
		{"expired-ticket", "expired", stage.Options{}, func(g *guide) { g.page("/forced") }},
		{"cancel", "cancel", stage.Options{}, func(g *guide) { g.Visit(g.mail(passwd.MessagePasswordChanged).Link) }},
		{"error", "error", stage.Options{}, func(g *guide) { g.page("/nothing") }},
		{"error-signed-out", "error", stage.Options{}, func(g *guide) { g.signIn(); g.page("/change"); g.Forget(); g.fill() }},
		{"devices", "devices", stage.Options{}, func(g *guide) { g.others(); g.signIn(); g.page("/devices") }},
		{"devices-ended", "devices", stage.Options{}, func(g *guide) {
			g.others()
			g.signIn()
			g.page("/devices")
			g.Leave(g.Click(".devices button", 1))
		}},
		{"devices-long", "devices", stage.Options{}, func(g *guide) {
			g.signIn()
			_, err := g.h.Start(g.ctx, stage.Current, session.Info{
				DeviceName: strings.Repeat("W", 128), From: passwd.Client{UserAgent: strings.Repeat("x", 256)},
			})
			g.must(err)
			g.page("/devices")
		}},
		{"devices-ready", "devices", stage.Options{Ready: true, SignOut: true}, func(g *guide) { g.others(); g.signIn(); g.page("/devices") }},
		{"devices-one", "devices", stage.Options{}, func(g *guide) { g.signIn(); g.page("/devices") }},
		{"landing", "landing", fragments, func(g *guide) { g.withoutScript(g.mail(passwd.MessageResetLink).Link) }},
		{"landing-cancel", "landing", fragments, func(g *guide) { g.withoutScript(g.mail(passwd.MessagePasswordChanged).Link) }},
	}
}
