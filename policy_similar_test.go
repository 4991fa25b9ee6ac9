package passwd_test

import (
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
)

func TestNotSimilarToTheCurrentPassword(t *testing.T) {
	const current = "Trebuchet of 1066, Hastings"
	kit := passwdtest.New(t, passwd.Config{Policy: policyOf(t, pwpolicy.Length{}, pwpolicy.NotSimilar{})})
	ref := kit.Add(t, ada(), current)
	change := func(next string) error {
		_, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: current, New: next})
		return err
	}
	wantViolation(t, change("Trebuchet of 1067, Hastings"), pwpolicy.SimilarCurrent)
	wantViolation(t, change("hastings-trebuchet-1066"), pwpolicy.SimilarCurrent)
	if err := change("lantern ocelot brisket"); err != nil {
		t.Error(err)
	}
}
