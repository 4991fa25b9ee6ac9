package browsertest_test

import (
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
)

func mustChange(t *testing.T, h *stage.Host) {
	t.Helper()
	err := h.Service.RequireChange(t.Context(), passwd.RequireChange{Account: h.Ada, Reason: passwd.Expired})
	if err != nil {
		t.Fatal(err)
	}
}

// A ticket opens the forced change and nothing else (F7).
func TestForcedByTicket(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		mustChange(t, h)
		b := open(t, o)
		b.Visit(h.Origin + stage.SignInPath + "?next=" + stage.HeldPath)
		signInHere(b, stage.Current)
		b.Want("Choose a new password", mount+"/forced?next=%2Forders")
		for _, path := range []string{stage.HeldPath, "/"} {
			b.Visit(h.Origin + path)
			b.Want("Nobody", path)
		}
		b.Visit(h.Origin + changePage)
		b.Want("Sign in", "/sign-in?next=%2Faccount%2Fpassword%2Fchange")
		b.Visit(h.Origin + mount + "/forced?next=%2Forders")
		b.Fill("new_password", "short")
		b.Send()
		b.Want("Choose a new password", mount+"/forced?next=%2Forders")
		b.Fill("new_password", stage.Next)
		b.Send()
		b.Want("Your password has been changed", mount+"/done?after=forced&next=%2Forders")
		if b.Back() && b.Where().Heading == "Choose a new password" {
			b.Fill("new_password", "something else altogether")
			b.Send()
			b.Want("Too much time has passed", mount+"/forced?next=%2Forders")
		}
		b.Visit(h.Origin + mount + "/done?after=forced&next=%2Forders")
		b.Follow(".links a")
		b.Want("Sign in", "/sign-in?next=%2Forders")
		signInHere(b, stage.Next)
		b.Want("Welcome", stage.HeldPath)
		works(t, h, stage.Next, stage.Current, "something else altogether")
		b.Only(h.Origin)
	})
}

// A session behind Enforce opens the forced change and nothing else, whatever it
// asks for.
func TestForcedByEnforce(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		signIn(b, h, stage.Current)
		b.Want("Welcome", "/")
		mustChange(t, h)
		for path, next := range map[string]string{
			"/": "%2F", stage.HeldPath + "?page=2": "%2Forders%3Fpage%3D2", mount + "/devices": "%2Faccount%2Fpassword%2Fdevices",
		} {
			b.Visit(h.Origin + path)
			b.Want("Choose a new password", mount+"/forced?next="+next)
		}
		if !o.NoScripts {
			b.Allow("status of 403")
			if status := chrome.Await[int](b, `fetch("/orders", {method: "POST", body: "x"}).then((r) => r.status)`); status != 403 {
				t.Errorf("POST: status %d", status)
			}
		}
		b.Visit(h.Origin + mount + "/forced?next=%2Forders%3Fpage%3D2")
		b.Fill("current_password", stage.Current)
		b.Fill("new_password", stage.Next)
		b.Send()
		b.Want("Welcome", "/orders?page=2") // the session goes on, to where it was going
		b.Back()
		b.Visit(h.Origin + mount + "/forced?next=%2Forders")
		b.Want("Welcome", stage.HeldPath) // there is nothing to be forced to
		works(t, h, stage.Next, stage.Current)
		b.Only(h.Origin)
	})
}
