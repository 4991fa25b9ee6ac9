package passwd_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

const firstPassword = "the very first password"

// paths are all the ways to a new password. Each is prepared for an account whose
// password is adaPassword and was firstPassword, and may be tried again and again.
var paths = map[string]func(t *testing.T, kit *passwdtest.Kit, ref passwd.Ref) (set func(next string) error){
	"change": func(_ *testing.T, kit *passwdtest.Kit, ref passwd.Ref) func(string) error {
		return func(next string) error { return change(kit, ref, adaPassword, next) }
	},
	"change by login": func(_ *testing.T, kit *passwdtest.Kit, _ passwd.Ref) func(string) error {
		return func(next string) error {
			_, err := kit.Service.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: login("ada"), Current: adaPassword, New: next, When: passwd.Always})
			return err
		}
	},
	"change by login, forced": func(t *testing.T, kit *passwdtest.Kit, ref passwd.Ref) func(string) error {
		if err := kit.Service.RequireChange(ctx, passwd.RequireChange{Account: ref, Reason: passwd.Outdated}); err != nil {
			t.Fatal(err)
		}
		return func(next string) error {
			_, err := kit.Service.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: login("ada"), Current: adaPassword, New: next})
			return err
		}
	},
	"ticket": func(t *testing.T, kit *passwdtest.Kit, ref passwd.Ref) func(string) error {
		if err := kit.Service.RequireChange(ctx, passwd.RequireChange{Account: ref, Reason: passwd.Administrator}); err != nil {
			t.Fatal(err)
		}
		return withTicket(t, kit, adaPassword)
	},
	"temporary password": func(t *testing.T, kit *passwdtest.Kit, ref passwd.Ref) func(string) error {
		issued, err := kit.Service.IssueTemporary(ctx, passwd.IssueTemporary{Account: ref})
		if err != nil {
			t.Fatal(err)
		}
		set := withTicket(t, kit, issued.Password)
		wantViolation(t, set(issued.Password), passwd.Reused) // T9
		return set
	},
	"link": func(t *testing.T, kit *passwdtest.Kit, _ passwd.Ref) func(string) error {
		return withToken(kit, resetToken(t, kit, "ada"))
	},
	"code": func(t *testing.T, kit *passwdtest.Kit, _ passwd.Ref) func(string) error {
		request, code := requestCode(t, kit, "ada")
		token, err := kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: code})
		if err != nil {
			t.Fatal(err)
		}
		return withToken(kit, token)
	},
	"registration": func(_ *testing.T, kit *passwdtest.Kit, _ passwd.Ref) func(string) error {
		return func(next string) error {
			a := lovelace()
			a.Ref.ID = "not yet"
			_, err := kit.Service.NewHash(ctx, a, next)
			return err
		}
	},
}

func withTicket(t *testing.T, kit *passwdtest.Kit, current string) func(string) error {
	t.Helper()
	ticket, err := kit.Service.Ticket(ctx, mustSignIn(t, kit, "ada", current))
	if err != nil {
		t.Fatal(err)
	}
	return func(next string) error {
		_, err := kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: next})
		return err
	}
}

func withToken(kit *passwdtest.Kit, token passwd.Token) func(string) error {
	return func(next string) error {
		_, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: next})
		return err
	}
}

// lovelace is ada with a family name.
func lovelace() passwd.Account {
	a := ada()
	a.Personal = []passwd.Attribute{{Name: "family_name", Value: "Lovelace"}}
	return a
}

// TestEveryPathAsksThePolicy holds that no path skips a rule (I1, P7), that a refused
// password costs neither token nor ticket (I4), and that nothing is written.
func TestEveryPathAsksThePolicy(t *testing.T) {
	policy := policyOf(t,
		passwd.Length{Max: 100}, passwd.NotCommon{}, passwd.NotSimilar{}, passwd.NotLogin{}, passwd.NotNumeric{},
		passwd.Repeated{Max: 5}, passwd.Sequence{Max: 5}, passwd.Characters{Forbidden: "<>"}, bannedWord{}, passwd.NotReused{Last: 4},
	)
	bad := []struct {
		password string
		code     passwd.ViolationCode
	}{
		{"", passwd.TooShort},
		{"short", passwd.TooShort},
		{"walnut teapots", passwd.TooShort}, // 14
		{strings.Repeat("long ", 21), passwd.TooLong},
		{strings.Repeat("long", 2000), passwd.TooLong},
		{"\xffbad UTF-8 that is long", passwd.InvalidEncoding},
		{"with \x00 NUL, long enough", passwd.InvalidEncoding},
		{"QwertyuiopAsdfghjkl", passwd.TooCommon},
		{"L0velace-ecalevol", passwd.Similar},
		{"ADA@example.com", passwd.SameAsLogin},
		{"8301-7492-5560-3187", passwd.Numeric},
		{"walnuts in teapotssssss", passwd.TooRepeated},
		{"walnuts in teapots efghij", passwd.TooSequential},
		{"walnuts <in> teapots", passwd.ForbiddenCharacters},
		{"walnuts in a banned word", "banned_word"},
	}
	for name, prepare := range paths {
		t.Run(name, func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{Policy: policy})
			ref := kit.Add(t, lovelace(), firstPassword)
			if err := change(kit, ref, firstPassword, adaPassword); err != nil {
				t.Fatal(err)
			}
			kit.Deliver(t)
			set := prepare(t, kit, ref)
			before := account(t, kit, ref)
			for _, b := range bad {
				wantViolation(t, set(b.password), b.code)
			}
			if name != "registration" {
				for _, earlier := range []string{firstPassword, adaPassword} {
					if _, ok := errors.AsType[*passwd.PolicyError](set(earlier)); !ok {
						t.Errorf("the earlier password %q is accepted", earlier)
					}
				}
			}
			if after := account(t, kit, ref); after.Hash != before.Hash || after.Epoch != before.Epoch || after.Must != before.Must {
				t.Errorf("changed from %+v to %+v", before, after)
			}
			if err := set("walnuts in teapots"); err != nil {
				t.Errorf("a good password is refused: %v", err)
			}
		})
	}
}

// bannedWord is a rule of the host's own.
type bannedWord struct{}

func (bannedWord) Name() string                   { return "banned_word" }
func (bannedWord) Phase() passwd.Phase            { return passwd.PhaseLocal }
func (bannedWord) Describe() []passwd.Requirement { return nil }
func (bannedWord) Check(_ context.Context, c *passwd.Candidate) ([]passwd.Violation, error) {
	if strings.Contains(c.Password(), "banned") {
		return []passwd.Violation{{Code: "banned_word"}}, nil
	}
	return nil, nil
}

// TestIssuedPasswordsAskThePolicy holds the same for the one password that nobody
// chooses: what the rules refuse is not issued.
func TestIssuedPasswordsAskThePolicy(t *testing.T) {
	for _, phase := range []passwd.Phase{passwd.PhaseLocal, passwd.PhaseEstimate, passwd.PhaseBreach, passwd.PhaseHistory} {
		ran := 0
		kit := passwdtest.New(t, passwd.Config{Policy: policyOf(t, hostRule{phase: phase, ran: &ran})})
		ref := kit.Add(t, ada(), adaPassword)
		before := account(t, kit, ref)
		_, err := kit.Service.IssueTemporary(ctx, passwd.IssueTemporary{Account: ref})
		wantViolation(t, err, "host")
		if after := account(t, kit, ref); ran == 0 || after.Hash != before.Hash {
			t.Errorf("phase %d: asked %d times, hash changed: %v", phase, ran, after.Hash != before.Hash)
		}
	}
}

// TestRulesSeeThePath holds what a rule is told about how a password comes to be
// written, and what everybody's password must not be made of.
func TestRulesSeeThePath(t *testing.T) {
	want := map[string]passwd.Method{
		"change": passwd.MethodChange, "change by login": passwd.MethodChange, "change by login, forced": passwd.MethodForced,
		"ticket": passwd.MethodForced, "temporary password": passwd.MethodForced, "link": passwd.MethodReset,
		"code": passwd.MethodReset, "registration": "",
	}
	for name, prepare := range paths {
		var seen passwd.Method
		var words []string
		var current bool
		rule := ruleFunc(func(c *passwd.Candidate) {
			seen, words = c.Method(), c.Words()
			_, current = c.Current()
		})
		kit := passwdtest.New(t, passwd.Config{Policy: policyOf(t, rule)})
		if err := prepare(t, kit, kit.Add(t, ada(), adaPassword))(newPassword); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if seen != want[name] || strings.Join(words, " ") != "app.example.com" || current != strings.HasPrefix(name, "change") {
			t.Errorf("%s: method %q, words %q, current known: %v", name, seen, words, current)
		}
	}
}

// ruleFunc is a rule that looks and accepts.
type ruleFunc func(c *passwd.Candidate)

func (ruleFunc) Name() string                   { return "look" }
func (ruleFunc) Phase() passwd.Phase            { return passwd.PhaseLocal }
func (ruleFunc) Describe() []passwd.Requirement { return nil }
func (f ruleFunc) Check(_ context.Context, c *passwd.Candidate) ([]passwd.Violation, error) {
	f(c)
	return nil, nil
}
