package browsertest_test

import (
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
)

// linkOf asks for a link for somebody, and returns it.
func linkOf(t *testing.T, h *stage.Host, login string) string {
	t.Helper()
	if err := h.Service.RequestReset(t.Context(), passwd.RequestReset{Login: passwd.Login{Value: login}}); err != nil {
		t.Fatal(err)
	}
	return deliver(t, h, passwd.MessageResetLink).Link
}

// opens reports whether a password opens an account.
func opens(t *testing.T, h *stage.Host, login, password string) bool {
	t.Helper()
	_, err := h.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: login}, Password: password})
	return err == nil
}

// two starts a host with ada and grace.
func two(t *testing.T, o stage.Options) *stage.Host {
	t.Helper()
	h := host(t, o)
	if err := h.AddGrace(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}

const shownFor = `document.getElementById("username").value`

// Two links in two tabs of one browser: the form of the first writes neither the
// account of the second, whose token is in the cookie now, nor any.
func TestTwoLinks(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := two(t, stage.Options{})
		first := open(t, o)
		first.Visit(linkOf(t, h, "ada"))
		if got := chrome.Eval[string](first, shownFor); got != "ada" {
			t.Errorf("shown for %q", got)
		}
		second := beside(t, first, o)
		second.Visit(linkOf(t, h, "grace"))
		if got := chrome.Eval[string](second, shownFor); got != "grace" {
			t.Errorf("shown for %q", got)
		}
		first.Allow("status of 409")
		first.Fill("new_password", stage.Next)
		first.Send()
		first.Want("Please open the link again", newPage)
		if got := first.Status(); got != 409 {
			t.Errorf("status %d", got)
		}
		if !opens(t, h, "ada", stage.Current) || !opens(t, h, "grace", stage.Current) {
			t.Error("a password was changed")
		}
		first.Back() // asks nothing
		second.Fill("new_password", stage.Next)
		second.Send()
		second.Want("Your password has been changed", mount+"/done?after=reset")
		if !opens(t, h, "ada", stage.Current) || !opens(t, h, "grace", stage.Next) {
			t.Error("not grace's password was changed")
		}
		first.Only(h.Origin)
		second.Only(h.Origin)
	})
}

// beside opens another tab with the cookies of one.
func beside(t *testing.T, b *chrome.Tab, o chrome.Options) *chrome.Tab {
	t.Helper()
	other := b.Beside(t, o)
	t.Cleanup(func() {
		for _, line := range other.Unexpected() {
			t.Errorf("browser: %s", line)
		}
	})
	return other
}

// A form that was shown to one, and sent when another is signed in, changes nobody's
// password: that of a change, of a forced one, and of devices.
func TestAnotherSignsIn(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := two(t, stage.Options{})
		b := open(t, o)
		b.Allow("status of 409")
		as := func(name string) {
			access, err := h.StartAs(t.Context(), name, stage.Current)
			if err != nil {
				t.Fatal(err)
			}
			b.SetCookie(h.Origin, "session", access)
		}
		as("ada")
		b.Visit(h.Origin + changePage)
		as("grace")
		b.Fill("current_password", stage.Current)
		b.Fill("new_password", stage.Next)
		b.Send()
		b.Want("Open the page again", changePage)
		b.Follow("a.submit")
		b.Want("Change your password", changePage)
		if got := chrome.Eval[string](b, shownFor); got != "grace" {
			t.Errorf("shown for %q", got)
		}

		as("ada")
		as("ada") // two sessions, so that there is one to end
		b.Visit(h.Origin + devicesPage)
		as("grace")
		b.Follow("main > form button")
		b.Want("Open the page again", devicesPage)
		all, err := h.Sessions.List(t.Context(), h.Ada)
		if err != nil || len(all) != 3 {
			t.Errorf("%d sessions, %v", len(all), err)
		}
		for _, name := range []string{"ada", "grace"} {
			if !opens(t, h, name, stage.Current) {
				t.Errorf("%s's password was changed", name)
			}
		}
		b.Only(h.Origin)
	})
}

// Who is signed in and opens the link of another is told so, and may sign out there;
// what is said in the end is true of both.
func TestLinkOfAnother(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		for _, leave := range []bool{false, true} {
			h := two(t, stage.Options{SignOut: true})
			b := open(t, o)
			access, err := h.StartAs(t.Context(), "grace", stage.Current)
			if err != nil {
				t.Fatal(err)
			}
			b.SetCookie(h.Origin, "session", access)
			b.Visit(linkOf(t, h, "ada"))
			text := func() string {
				return strings.NewReplacer("\u2068", "", "\u2069", "").Replace(chrome.Eval[string](b, `document.querySelector("main").textContent`))
			}
			if got := text(); !strings.Contains(got, "You are signed in here as grace. What you set on this page is the password of ada.") {
				t.Errorf("the page says %q", got)
			}
			if leave {
				b.Follow(".notice button")
				b.Want("Set a new password", newPage)
				if got := text(); strings.Contains(got, "grace") {
					t.Errorf("the page says %q", got)
				}
			}
			b.Fill("new_password", stage.Next)
			b.Follow("main > form button.submit")
			b.Want(map[bool]string{false: "The password has been changed", true: "Your password has been changed"}[leave], mount+"/done?after=reset")
			want := "The password of ada has been changed, and that account has been signed out on all devices. You are still signed in here as grace."
			if leave {
				want = "You have been signed out on all devices. Sign in with your new password."
			}
			if got := text(); !strings.Contains(got, want) {
				t.Errorf("the page says %q", got)
			}
			b.Visit(h.Origin + "/")
			b.Want(map[bool]string{false: "Welcome", true: "Nobody"}[leave], "/")
			b.Only(h.Origin)
		}
	})
}

// No link has a page say what has not happened.
func TestDoneSaysNothingFalse(t *testing.T) {
	h := host(t, stage.Options{})
	b := open(t, chrome.Options{})
	for _, query := range []string{"", "?after=reset", "?after=forced", "?after=cancel", "?after=kept", "?after=unneeded"} {
		b.Visit(h.Origin + mount + "/done" + query)
		b.Want("Nothing new to show", mount+"/done"+query)
	}
	signIn(b, h, stage.Current)
	b.Visit(h.Origin + devicesPage + "?after=others")
	if n := chrome.Eval[int](b, `document.querySelectorAll(".said").length`); n != 0 {
		t.Error("devices that were not signed out are said to be")
	}
}

// "Was this you?" names the account, and takes yes for an answer.
func TestItWasMe(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		if _, err := h.Service.Change(t.Context(), passwd.Change{Account: h.Ada, Current: stage.Current, New: stage.Next}); err != nil {
			t.Fatal(err)
		}
		b.Visit(deliver(t, h, passwd.MessagePasswordChanged).Link)
		b.Want("Was this you?", mount+"/cancel")
		if got := chrome.Eval[string](b, `document.querySelector("main").textContent`); !strings.Contains(got, "ada") {
			t.Errorf("the page says %q", got)
		}
		b.Follow(".second button")
		b.Want("Thank you", mount+"/done?after=kept")
		works(t, h, stage.Next)
		b.Only(h.Origin)
	})
}
