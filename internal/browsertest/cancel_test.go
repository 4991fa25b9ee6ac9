package browsertest_test

import (
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
)

// "This was not me", which a scanner has opened before.
func TestCancel(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		thief := open(t, o)
		signIn(thief, h, stage.Current)
		thief.Visit(h.Origin + changePage)
		thief.Fill("current_password", stage.Current)
		thief.Fill("new_password", stage.Next)
		thief.Send()

		m := deliver(t, h, passwd.MessagePasswordChanged)
		scan(t, h, m.Link, "Was this you?", mount+"/cancel")
		works(t, h, stage.Next)

		b := open(t, o)
		fromMail(b, h)
		b.Want("Was this you?", mount+"/cancel")
		_, token, _ := strings.Cut(m.Link, "token=")
		b.Silent(token, m.Link)
		b.Send()
		b.Want("Your account has been locked", mount+"/done?after=cancel")
		thief.Visit(h.Origin + "/")
		thief.Want("Nobody", "/")
		signIn(thief, h, stage.Next)
		thief.Want("Not signed in", "/sign-in")

		b.Back()
		if b.Where().Heading == "Was this you?" {
			b.Send()
		}
		b.Want("This link no longer works", mount+"/cancel")
		b.Visit(h.Origin + mount + "/done?after=cancel")
		b.Follow("a.submit")
		b.Want("Forgot your password?", mount+"/forgot")
		b.Fill("login", "ada")
		b.Send()
		deliver(t, h, passwd.MessageResetLink)
		fromMail(b, h)
		b.Fill("new_password", "mountain orchestra 1912")
		b.Send()
		b.Want("Your password has been changed", mount+"/done?after=reset")
		works(t, h, "mountain orchestra 1912", stage.Current, stage.Next)
		b.Only(h.Origin, h.Elsewhere)
		thief.Only(h.Origin)
	})
}
