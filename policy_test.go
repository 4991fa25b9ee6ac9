package passwd_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
)

func TestScore(t *testing.T) {
	ran := 0
	rule := scored{hostRule{phase: pwpolicy.PhaseEstimate, ran: &ran}}
	for _, c := range []struct {
		policy pwpolicy.Policy
		want   string
	}{
		{policyOf(t, pwpolicy.Length{}), "none"},
		{policyOf(t, rule), "4"},
	} {
		kit := passwdtest.New(t, passwd.Config{Policy: c.policy})
		report, err := kit.Service.Check(ctx, passwd.Check{Account: kit.Add(t, ada(), adaPassword), Password: newPassword})
		got := "none"
		if report.Score != nil {
			got = fmt.Sprint(*report.Score)
		}
		if err != nil || got != c.want {
			t.Errorf("score %s, %v, want %s", got, err, c.want)
		}
	}
}

func TestARuleThatCannotDecide(t *testing.T) { // I10: fails closed
	ran := 0
	p, err := pwpolicy.New(hostRule{err: errDown, ran: &ran})
	if err != nil {
		t.Fatal(err)
	}
	kit := passwdtest.New(t, passwd.Config{Policy: p})
	ref := kit.Add(t, ada(), adaPassword)
	_, err = kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: newPassword})
	wantErr(t, err, passwd.ErrUnavailable)
	wantErr(t, err, errDown)
	if _, isPolicy := errors.AsType[*passwd.PolicyError](err); isPolicy {
		t.Error("the password was blamed")
	}
	mustSignIn(t, kit, "ada", adaPassword)
}
