// 26 lines without blank lines and comments: the app's own functions, from a forgotten
// password to a new one. Nothing sleeps, and no hash takes its time.
package recovery_test

import (
	"testing"

	"github.com/passwd-go/passwd"
	recovery "github.com/passwd-go/passwd/examples/unit-testing"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/passwdtest"
)

func TestRecovery(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, "the old password")
	desk := recovery.Desk{Passwords: kit.Service, Words: locale.Match("en")}

	if err := desk.Forgot(t.Context(), "Ada@Example.com"); err != nil {
		t.Fatal(err)
	}
	link := kit.Deliver(t)[0] // the worker, once
	if wrong, err := desk.Reset(t.Context(), string(link.Token), "too short"); len(wrong) == 0 || err != nil {
		t.Errorf("a short password: %q, %v", wrong, err)
	}
	if wrong, err := desk.Reset(t.Context(), string(link.Token), "a quite different one"); len(wrong) != 0 || err != nil {
		t.Errorf("a good password: %q, %v", wrong, err)
	}
	if mail := kit.Deliver(t); len(mail) != 1 || mail[0].Kind != passwd.MessagePasswordReset {
		t.Errorf("after the reset, %d messages", len(mail))
	}
}
