package browsertest_test

import (
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
)

// A code instead of a link: typed wrong, and then as people copy it.
func TestCode(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		b.Visit(h.Origin + mount + "/forgot")
		b.Follow(".links a")
		b.Want("Reset your password with a code", mount+"/forgot/code")
		b.Fill("login", "ada@example.com")
		b.Send()
		b.Want("Enter the code", mount+"/reset/code")
		code := string(deliver(t, h, passwd.MessageResetCode).Code)
		wrong := []byte(code)
		wrong[0] = '0' + (wrong[0]-'0'+1)%10
		b.Fill("code", string(wrong))
		b.Send()
		b.Want("Enter the code", mount+"/reset/code")
		if got := chrome.Eval[string](b, focused); got != "summary" {
			t.Errorf("the focus is on %q", got)
		}
		b.Refill("code", code[:4]+" "+code[4:])
		b.Send()
		b.Want("Set a new password", newPage)
		b.Silent(code, "none")
		b.Fill("new_password", stage.Next)
		b.Send()
		b.Want("Your password has been changed", mount+"/done?after=reset")
		works(t, h, stage.Next, stage.Current)

		b.Visit(h.Origin + mount + "/reset/code")
		b.Follow(".links a")
		b.Want("Reset your password with a code", mount+"/forgot/code")
		b.Only(h.Origin)
	})
}
