package browsertest_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/passwd-go/passwd"
)

// both runs a test with scripts and without.
func both(t *testing.T, test func(t *testing.T, scripts bool)) {
	for name, scripts := range map[string]bool{"scripts": true, "no scripts": false} {
		t.Run(name, func(t *testing.T) { test(t, scripts) })
	}
}

func (b *tab) signIn(password string) {
	b.t.Helper()
	b.visit(b.s.origin + "/sign-in")
	b.fill("login", "ada")
	b.fill("password", password)
	b.send()
	// The host's own form is none of our business.
	b.mu.Lock()
	b.said = nil
	b.mu.Unlock()
}

func TestChange(t *testing.T) {
	both(t, func(t *testing.T, scripts bool) {
		s := newSite(t)
		b := s.open(t, scripts)
		b.signIn(current)
		b.run(chromedp.EmulateViewport(320, 640))
		b.visit(s.origin + mount + "/change")
		b.want("Change your password", mount+"/change")

		b.fill("current_password", "not the right one")
		b.fill("new_password", "analytical")
		if scripts {
			b.poll(`document.querySelector(".check meter") !== null && document.querySelectorAll(".check li").length > 0`)
			b.run(chromedp.Click(chromedp.CSS(`button[aria-controls="new_password"]`)))
			b.poll(`document.getElementById("new_password").type === "text"`)
		}
		b.send()
		b.want("Change your password", mount+"/change")
		if class := eval[string](b, `document.activeElement.className`); class != "summary" {
			t.Errorf("the focus is on %q", class)
		}
		if eval[string](b, `document.getElementById("current_password").value + document.getElementById("new_password").value`) != "" {
			t.Error("passwords came back")
		}
		b.fill("current_password", current)
		b.fill("new_password", next)
		b.send()
		b.want("Your password has been changed", mount+"/done")
		b.visit(s.origin + "/")
		b.want("Welcome", "/")
		b.quiet()
	})
}

// The link is opened from another site, after a scanner has been there with a
// browser of its own.
func TestReset(t *testing.T) {
	both(t, func(t *testing.T, scripts bool) {
		s := newSite(t)
		b := s.open(t, scripts)
		b.visit(s.origin + mount + "/forgot")
		b.fill("login", "ada@example.com")
		b.send()
		b.want("Look at your messages", mount+"/forgot/sent")
		link, token := s.deliver(t)

		scanner := s.open(t, true)
		scanner.visit(link)
		scanner.want("Set a new password", mount+"/reset/new")

		b.visit(s.mail + "/")
		b.leave("#link")
		b.want("Set a new password", mount+"/reset/new")
		b.run(chromedp.Reload())
		b.want("Set a new password", mount+"/reset/new")
		if html := eval[string](b, `document.documentElement.outerHTML`); strings.Contains(html, string(token)) {
			t.Error("the token is in the page")
		}
		b.fill("new_password", "analytical")
		b.send()
		b.want("Set a new password", mount+"/reset/new")
		b.fill("new_password", next)
		b.send()
		b.want("Your password has been changed", mount+"/done?after=reset")

		// Back, and the link again: nothing to type into any more.
		b.visit(s.mail + "/")
		b.leave("#link")
		b.want("This link no longer works", mount+"/reset/new")
		b.quiet(string(token))
		scanner.quiet(string(token))

		b.signIn(next)
		b.want("Welcome", "/")
	})
}

func TestForced(t *testing.T) {
	both(t, func(t *testing.T, scripts bool) {
		s := newSite(t)
		if err := s.Service.RequireChange(t.Context(), passwd.RequireChange{Account: s.ada, Reason: passwd.Expired}); err != nil {
			t.Fatal(err)
		}
		b := s.open(t, scripts)
		b.signIn(current)
		b.want("Choose a new password", mount+"/forced?next=%2F")
		b.visit(s.origin + "/")
		b.want("Nobody", "/")
		b.visit(s.origin + mount + "/forced")
		b.fill("new_password", next)
		if scripts {
			b.poll(`document.querySelector(".check meter") !== null`)
		}
		b.send()
		b.want("Your password has been changed", mount+"/done?after=forced")
		b.quiet()
		b.signIn(next)
		b.want("Welcome", "/")
	})
}
