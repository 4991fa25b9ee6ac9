package passwd_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
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
			_, err := kit.Service.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: login("ada"), Current: adaPassword, New: next, Always: true})
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
		wantViolation(t, set(issued.Password), pwpolicy.Reused) // T9
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
	"sign-up": func(t *testing.T, kit *passwdtest.Kit, _ passwd.Ref) func(string) error {
		a := lovelace()
		a.Ref.ID, a.Username = "new", "lady-ada"
		kit.Add(t, a, "")
		return func(next string) error {
			_, err := kit.Service.SetFirst(ctx, passwd.Ref{ID: "new"}, next, home)
			return err
		}
	},
	"invitation": func(t *testing.T, kit *passwdtest.Kit, _ passwd.Ref) func(string) error {
		a := lovelace()
		a.Ref.ID, a.Username = "new", "lady-ada"
		kit.Add(t, a, "")
		if err := kit.Service.Invite(ctx, passwd.Ref{ID: "new"}, passwd.AnyChannel, home); err != nil {
			t.Fatal(err)
		}
		token := kit.DeliverOne(t).Token
		return func(next string) error {
			_, err := kit.Service.AcceptInvitation(ctx, passwd.Reset{Token: token, New: next})
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
	a.Personal = []pwpolicy.Attribute{{Name: "family_name", Value: "Lovelace"}}
	return a
}

// TestEveryPathAsksThePolicy holds that no path skips a rule (I1, P7), that a refused
// password costs neither token nor ticket (I4), and that nothing is written.
func TestEveryPathAsksThePolicy(t *testing.T) {
	policy := policyOf(t,
		pwpolicy.Length{Max: 100}, pwpolicy.NotCommon{}, pwpolicy.NotSimilar{}, pwpolicy.NotLogin{}, pwpolicy.NotNumeric{},
		pwpolicy.Repeated{Max: 5}, pwpolicy.Sequence{Max: 5}, pwpolicy.Characters{Forbidden: "<>"}, bannedWord{}, pwpolicy.NotReused{Last: 4},
	)
	bad := []struct {
		password string
		code     pwpolicy.Code
	}{
		{"", pwpolicy.TooShort},
		{"short", pwpolicy.TooShort},
		{"walnut teapots", pwpolicy.TooShort}, // 14
		{strings.Repeat("long ", 21), pwpolicy.TooLong},
		{strings.Repeat("long", 2000), pwpolicy.TooLong},
		{"\xffbad UTF-8 that is long", pwpolicy.InvalidEncoding},
		{"with \x00 NUL, long enough", pwpolicy.InvalidEncoding},
		{"QwertyuiopAsdfghjkl", pwpolicy.TooCommon},
		{"L0velace-ecalevol", pwpolicy.Similar},
		{"ADA@example.com", pwpolicy.SameAsLogin},
		{"8301-7492-5560-3187", pwpolicy.Numeric},
		{"walnuts in teapotssssss", pwpolicy.TooRepeated},
		{"walnuts in teapots efghij", pwpolicy.TooSequential},
		{"walnuts <in> teapots", pwpolicy.ForbiddenCharacters},
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
			if name != "registration" && name != "sign-up" && name != "invitation" { // which have none before

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

func (bannedWord) Name() string                     { return "banned_word" }
func (bannedWord) Phase() pwpolicy.Phase            { return pwpolicy.PhaseLocal }
func (bannedWord) Describe() []pwpolicy.Requirement { return nil }
func (bannedWord) Check(_ context.Context, c *pwpolicy.Candidate) ([]pwpolicy.Violation, error) {
	if strings.Contains(c.Password(), "banned") {
		return []pwpolicy.Violation{{Code: "banned_word"}}, nil
	}
	return nil, nil
}

// TestIssuedPasswordsAskThePolicy holds the same for the one password that nobody
// chooses: what the rules refuse is not issued.
func TestIssuedPasswordsAskThePolicy(t *testing.T) {
	for _, phase := range []pwpolicy.Phase{pwpolicy.PhaseLocal, pwpolicy.PhaseEstimate, pwpolicy.PhaseBreach, pwpolicy.PhaseHistory} {
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
	want := map[string]pwpolicy.Occasion{
		"change": pwpolicy.OccasionChange, "change by login": pwpolicy.OccasionChange, "change by login, forced": pwpolicy.OccasionForced,
		"ticket": pwpolicy.OccasionForced, "temporary password": pwpolicy.OccasionForced, "link": pwpolicy.OccasionReset,
		"code": pwpolicy.OccasionReset, "registration": "", "sign-up": "", "invitation": "",
	}
	for name, prepare := range paths {
		var seen pwpolicy.Occasion
		var words []string
		var current bool
		rule := ruleFunc(func(c *pwpolicy.Candidate) {
			subject := c.Subject()
			seen, words, current = subject.Occasion, subject.Context, subject.Current != ""
		})
		kit := passwdtest.New(t, passwd.Config{Policy: policyOf(t, rule)})
		if err := prepare(t, kit, kit.Add(t, ada(), adaPassword))(newPassword); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if seen != want[name] || strings.Join(words, " ") != "app.example.com" || current != strings.HasPrefix(name, "change") {
			t.Errorf("%s: occasion %q, words %q, current known: %v", name, seen, words, current)
		}
	}
}

// ruleFunc is a rule that looks and accepts.
type ruleFunc func(c *pwpolicy.Candidate)

func (ruleFunc) Name() string                     { return "look" }
func (ruleFunc) Phase() pwpolicy.Phase            { return pwpolicy.PhaseLocal }
func (ruleFunc) Describe() []pwpolicy.Requirement { return nil }
func (f ruleFunc) Check(_ context.Context, c *pwpolicy.Candidate) ([]pwpolicy.Violation, error) {
	f(c)
	return nil, nil
}
