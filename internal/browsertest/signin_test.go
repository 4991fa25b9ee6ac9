package browsertest_test

import (
	"testing"

	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
)

// ready signs in on the ready page, which is open.
func ready(b *chrome.Tab, password string) {
	b.Fill("login", "ada")
	b.Fill("password", password)
	b.Send()
}

// The ready page takes people where they were going, and is not in their way again.
func TestReadySignIn(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{Ready: true})
		b := open(t, o)
		b.Visit(h.Origin + changePage)
		b.Want("Sign in", mount+"/signin?next=%2Faccount%2Fpassword%2Fchange")
		ready(b, "a guess")
		b.Want("Sign in", mount+"/signin?next=%2Faccount%2Fpassword%2Fchange")
		if got := chrome.Eval[string](b, `document.getElementById("login").value`); got != "ada" {
			t.Errorf("the login has become %q", got)
		}
		if got := chrome.Eval[string](b, `document.getElementById("password").value`); got != "" {
			t.Errorf("the password is still there")
		}
		b.Refill("login", "ada")
		b.Fill("password", stage.Current)
		b.Leave(b.Click(chrome.Submit, 1))
		b.Poll(`location.pathname === "` + changePage + `" && document.readyState === "complete"`)
		b.Want("Change your password", changePage)
		b.Visit(h.Origin + "/")
		b.Want("Welcome", "/")
		works(t, h, stage.Current)
		b.Only(h.Origin)
	})
}

// Beside the ready sign-in is a way out.
func TestReadySignOut(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{Ready: true, SignOut: true})
		b := open(t, o)
		b.Visit(h.Origin + mount + "/signin?next=%2Faccount%2Fpassword%2Fdevices")
		b.Fill("login", "ada")
		b.Fill("password", stage.Current)
		b.Leave(b.Click(chrome.Submit, 1))
		b.Poll(`location.pathname === "` + mount + `/devices" && document.readyState === "complete"`)
		b.Follow(".devices button.submit")
		b.Want("Sign in", mount+"/signin")
		b.Visit(h.Origin + "/")
		b.Want("Nobody", "/")
		b.Only(h.Origin)
	})
}

// The page that a sign-in leads to may redirect to another origin, as one of OAuth does.
func TestReadySignInElsewhere(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{Ready: true})
		b := open(t, o)
		b.Visit(h.Origin + mount + "/signin?next=%2Faway")
		b.Fill("login", "ada")
		b.Fill("password", stage.Current)
		b.Leave(b.Click(chrome.Submit, 1))
		b.Poll(`location.pathname === "` + stage.LetterPath + `" && document.readyState === "complete"`)
		b.Want("Mail", stage.LetterPath)
		b.Only(h.Origin, h.Elsewhere)
	})
}

// Who must change the password does so, and goes on signed in.
func TestReadySignInForced(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{Ready: true, Resume: true})
		mustChange(t, h)
		b := open(t, o)
		b.Visit(h.Origin + mount + "/signin?next=%2Forders")
		ready(b, stage.Current)
		b.Want("Choose a new password", mount+"/forced?next=%2Forders")
		b.Visit(h.Origin + stage.HeldPath)
		b.Want("Nobody", stage.HeldPath)
		b.Visit(h.Origin + mount + "/forced?next=%2Forders")
		b.Fill("new_password", stage.Next)
		b.Leave(b.Click(chrome.Submit, 1))
		b.Poll(`location.pathname === "` + stage.HeldPath + `" && document.readyState === "complete"`)
		b.Want("Welcome", stage.HeldPath)
		works(t, h, stage.Next, stage.Current)
		b.Only(h.Origin)
	})
}
