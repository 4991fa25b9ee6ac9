package browsertest_test

import (
	"testing"

	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
)

const changePage = mount + "/change"

func TestChange(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		b.Visit(h.Origin + "/.well-known/change-password")
		b.Want("Sign in", "/sign-in?next=%2Faccount%2Fpassword%2Fchange")
		signInHere(b, stage.Current)
		b.Want("Change your password", changePage)

		b.Fill("current_password", "not the right one")
		b.Fill("new_password", "analytical")
		b.Send()
		b.Want("Change your password", changePage)
		if got := b.Where().Title; got != "Error: Change your password – Demo" {
			t.Errorf("title %q", got)
		}
		if got := b.Status(); got != 422 {
			t.Errorf("status %d", got)
		}
		if got := chrome.Eval[string](b, focused); got != "summary" {
			t.Errorf("the focus is on %q", got)
		}
		if chrome.Eval[string](b, `[...document.querySelectorAll("input:not([type=hidden])")].map((e) => e.value).join("")`) != "ada" {
			t.Error("passwords came back")
		}
		b.Fill("current_password", stage.Current)
		b.Fill("new_password", stage.Next)
		b.Send()
		b.Want("Your password has been changed", mount+"/done")
		b.Follow(".links a")
		b.Want("Welcome", "/") // the session goes on
		works(t, h, stage.Next, stage.Current)
		b.Only(h.Origin)
	})
}

// Back to the form, and the form sent again: nothing is written twice (I4).
func TestChangeAndBack(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		signIn(b, h, stage.Current)
		b.Visit(h.Origin + changePage)
		b.Fill("current_password", stage.Current)
		b.Fill("new_password", stage.Next)
		b.Send()
		b.Want("Your password has been changed", mount+"/done")
		b.Back()
		b.Want("Change your password", changePage)
		chrome.Eval[string](b, `document.querySelectorAll("input[type=password]").forEach((e) => { e.value = ""; }) || ""`)
		b.Fill("current_password", stage.Current)
		b.Fill("new_password", stage.Next)
		b.Send()
		b.Want("Change your password", changePage)
		if n := chrome.Eval[int](b, `document.querySelectorAll("#current_password-error").length`); n != 1 {
			t.Error("nothing was said about the current password")
		}
		if n := written(t, h); n != 1 {
			t.Errorf("%d passwords were written", n)
		}
		works(t, h, stage.Next, stage.Current)
		b.Only(h.Origin)
	})
}

// Who clicks again because nothing happens has changed the password once. Without
// scripts the second request finds the old password wrong, or the session of
// before; either way the new password is the one that counts.
func TestDoubleClick(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		b.Allow("status of 401")
		signIn(b, h, stage.Current)
		b.Visit(h.Origin + changePage)
		b.Fill("current_password", stage.Current)
		b.Fill("new_password", stage.Next)
		if o.NoScripts {
			b.Leave(b.Click(chrome.Submit, 2))
		} else {
			// Both in one go, as on a line too slow for the first to lead anywhere.
			b.Leave(b.Script(`for (const button of document.querySelectorAll(".submit")) { button.click(); button.click(); }`))
			b.Poll(`location.pathname.endsWith("/done")`)
			if n := len(h.Asked("POST", "/change")); n != 1 {
				t.Errorf("%d requests", n)
			}
		}
		b.Visit(h.Origin + mount + "/done") // whatever was shown, wait until all of it is
		if n := written(t, h); n != 1 {
			t.Errorf("%d passwords were written", n)
		}
		works(t, h, stage.Next, stage.Current)
		signIn(b, h, stage.Next)
		b.Want("Welcome", "/")
	})
}

// The password that is typed twice, for those who cannot have it shown.
func TestConfirm(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{Confirm: true})
		b := open(t, o)
		signIn(b, h, stage.Current)
		b.Visit(h.Origin + changePage)
		for _, again := range []string{"something else", stage.Next} {
			b.Fill("current_password", stage.Current)
			b.Fill("new_password", stage.Next)
			b.Fill("confirm_password", again)
			b.Send()
		}
		b.Want("Your password has been changed", mount+"/done")
		if n := len(h.Asked("POST", "/change")); n != 2 {
			t.Errorf("%d requests", n)
		}
		b.Only(h.Origin)
	})
}
