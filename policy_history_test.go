package passwd_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwpolicy"
)

// historic is a service with a history of 4, and ada's last passwords, of which
// the oldest has a hash by another algorithm.
func historic(t *testing.T) (*passwdtest.Kit, passwd.Ref, counting) {
	t.Helper()
	cfg := passwd.Config{Policy: policyOf(t, pwpolicy.Length{}, pwpolicy.NotReused{Last: 4})}
	h := counting{"old:", new(int), new(error)}
	cfg.Hasher = h
	old := passwdtest.New(t, cfg)
	a := ada()
	a.Hash = "old:the first password"
	ref := old.Add(t, a, "")
	if err := change(old, ref, "the first password", "the second password"); err != nil {
		t.Fatal(err)
	}
	h.name = "new:"
	cfg.Hasher, cfg.Store = h, old.Store
	kit := passwdtest.New(t, cfg)
	kit.Store.Update(ref, func(a *passwd.Account) { a.Hash = "new:the second password" }) // rehashed at sign-in
	for _, next := range []string{"the third password", "the fourth password"} {
		if err := change(kit, ref, strings.TrimPrefix(string(account(t, kit, ref).Hash), "new:"), next); err != nil {
			t.Fatal(err)
		}
	}
	kit.Deliver(t)
	*h.verified = 0
	return kit, ref, h
}

func TestHistorySurvivesAChangeOfAlgorithm(t *testing.T) {
	kit, ref, h := historic(t)
	before := len(kit.Events.Named(passwd.EventHashNotJudged))
	for _, c := range []struct {
		next     string
		reused   bool
		verified int
	}{
		{"the fourth password", true, 1}, // the current one is known: only its own verification
		{"the third password", true, 2},
		{"the second password", true, 3},
		{"a password in between", false, 4},
	} {
		*h.verified = 0
		err := change(kit, ref, "the fourth password", c.next)
		if _, rejected := errors.AsType[*passwd.PolicyError](err); rejected != c.reused || err != nil && !rejected {
			t.Errorf("%s: %v", c.next, err)
		}
		if *h.verified != c.verified {
			t.Errorf("%s: %d hashes verified, want %d", c.next, *h.verified, c.verified)
		}
	}
	skipped := kit.Events.Named(passwd.EventHashNotJudged)[before:]
	if len(skipped) != 1 || skipped[0].Account != ref || !errors.Is(skipped[0].Err, pwhash.ErrFormat) {
		t.Errorf("skipped %+v", skipped)
	}
}

// TestHistoryFailsClosed holds that a hasher which is down is no reason to pass
// over the history (I10).
func TestHistoryFailsClosed(t *testing.T) {
	kit, _, h := historic(t)
	token := resetToken(t, kit, "ada")
	*h.down = errDown
	_, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: "a password in between"})
	wantErr(t, err, passwd.ErrUnavailable)
	*h.down = nil
	if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: "a password in between"}); err != nil {
		t.Error(err) // the token was not spent
	}
}

// TestResetOfAHashNobodyCanJudge holds that an account whose current hash is of
// no use can be reset: there is no other way back.
func TestResetOfAHashNobodyCanJudge(t *testing.T) {
	for _, lost := range []passwd.Hash{"lost:", "dear:"} {
		kit, ref, _ := historic(t)
		kit.Store.Update(ref, func(a *passwd.Account) { a.Hash, a.Must = lost, passwd.Administrator })
		if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: resetToken(t, kit, "ada"), New: newPassword}); err != nil {
			t.Fatal(err)
		}
		mustSignIn(t, kit, "ada", newPassword)
	}
}

// P6: the current password is compared in the form that is hashed.
func TestTheCurrentPasswordInAnotherForm(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{Policy: policyOf(t, pwpolicy.Length{}, pwpolicy.NotReused{Last: 1})})
	ref := kit.Add(t, ada(), "caf\u00e9 au lait froid")
	wantViolation(t, change(kit, ref, "cafe\u0301 au lait froid", "caf\u00e9 au lait froid"), pwpolicy.Reused)
}

// TestCheckIsNoOracle holds that a check while typing cannot be used to guess the
// current password, whatever a host's rule asks.
func TestCheckIsNoOracle(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{Policy: policyOf(t, asking{})})
	ref := kit.Add(t, ada(), adaPassword)
	report, err := kit.Service.Check(ctx, passwd.Check{Account: ref, Password: adaPassword})
	if err != nil || len(report.Violations) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
	wantViolation(t, change(kit, ref, adaPassword, adaPassword), "banned_word")
}

// counting is a hasher that counts, takes only what begins with its name, and
// fails if told to.
type counting struct {
	name     string
	verified *int
	down     *error
}

func (h counting) Hash(_ context.Context, password string) (passwd.Hash, error) {
	return passwd.Hash(h.name + password), nil
}

func (h counting) Verify(_ context.Context, hash passwd.Hash, password string) (pwhash.Verdict, error) {
	*h.verified++
	if *h.down != nil {
		return pwhash.Verdict{}, *h.down
	}
	if strings.HasPrefix(string(hash), "dear:") {
		return pwhash.Verdict{}, &pwhash.BoundsError{Param: "m", Value: 1 << 30, Max: 1 << 20}
	}
	rest, ours := strings.CutPrefix(string(hash), h.name)
	if !ours {
		return pwhash.Verdict{}, pwhash.ErrFormat
	}
	return pwhash.Verdict{Match: rest == password}, nil
}

// asking is a rule that asks for the current password in the wrong phase.
type asking struct{ bannedWord }

func (asking) Check(ctx context.Context, c *pwpolicy.Candidate) ([]pwpolicy.Violation, error) {
	same, err := c.IsCurrent(ctx)
	if !same {
		return nil, err
	}
	return []pwpolicy.Violation{{Code: "banned_word"}}, err
}
