package passwd_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// found returns the codes that a policy holds against a password.
func found(t *testing.T, p passwd.Policy, password string, a passwd.Account) string {
	t.Helper()
	violations, err := p.Check(ctx, passwd.NewCandidate(password, a), passwd.PhaseHistory)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, v := range violations {
		code := string(v.Code)
		if class, ok := v.Params["class"]; ok {
			code += fmt.Sprint(":", class)
		}
		codes = append(codes, code)
	}
	return strings.Join(codes, " ")
}

func TestPresets(t *testing.T) {
	for _, c := range []struct {
		policy   passwd.Policy
		password string
		want     string
	}{
		{passwd.Policy{}, strings.Repeat("a", 14), "too_short"}, // P1
		{passwd.Policy{}, strings.Repeat("a", 15), ""},          // P5: no composition
		{passwd.Policy{}, strings.Repeat("7", 15), ""},
		{passwd.Policy{}, strings.Repeat("\U0001F511", 14), "too_short"}, // P2: 56 bytes
		{passwd.Policy{}, strings.Repeat("\U0001F511", 15), ""},
		{passwd.Policy{}, strings.Repeat("\U0001F511", 64), ""},                           // P3: 256 bytes
		{passwd.Policy{}, strings.Repeat("e\u0301", 8), "too_short"},                      // 16 runes, 8 in NFC
		{passwd.Policy{}, "\U0001F468\u200D\U0001F469\u200D\U0001F467 and a dog too", ""}, // P6: ZWJ
		{passwd.Policy{}, "spaces  are  fine", ""},
		{passwd.Policy{}, strings.Repeat("a", 4096), ""},
		{passwd.Policy{}, strings.Repeat("a", 4097), "too_long"},
		{passwd.Policy{}, "", "too_short"},
		{passwd.Policy{}, "a NUL \x00 in the middle", "invalid_encoding"},
		{passwd.Policy{}, "bad \xff UTF-8 in the middle", "invalid_encoding"},
		{passwd.Policy{}, "a replacement \uFFFD character", "invalid_encoding"},
		{passwd.Policy{}, "ADA.lovelace@example.com", "same_as_login"},
		{passwd.Policy{}, "Countess.Lovelace", "same_as_login"},
		{passwd.WithSecondFactor(), "1234567", "too_short"},
		{passwd.WithSecondFactor(), "12345678", ""},
		{passwd.Conventional(), "Ab1!", "too_short"},
		{passwd.Conventional(), "abcdefgh", "missing_class:upper missing_class:digit missing_class:symbol"},
		{passwd.Conventional(), "Abcdefg1!", ""},
		{passwd.Conventional(), "1234-5678", "missing_class:upper missing_class:lower numeric"},
		{passwd.Conventional(), "\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668", "missing_class:upper missing_class:lower missing_class:symbol numeric"},
		{passwd.Conventional(), "\u0645\u0641\u062A\u0627\u062D-\u0661\u0662", ""}, // letters without case
		{passwd.InsecureNoRules(), "1", ""},
		{passwd.InsecureNoRules(), "", "too_short"},
	} {
		a := passwd.Account{Username: "countess.lovelace", Email: "Ada.Lovelace@example.com"}
		if got := found(t, c.policy, c.password, a); got != c.want {
			t.Errorf("%.20q… of %d bytes: got %q, want %q", c.password, len(c.password), got, c.want)
		}
	}
}

func TestNewPolicyRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules []passwd.Rule
	}{
		{"nil", []passwd.Rule{nil}},
		{"twice", []passwd.Rule{passwd.Length{}, passwd.Length{Min: 20}}},
		{"under 8", []passwd.Rule{passwd.Length{Min: 7}}},
		{"max under 64", []passwd.Rule{passwd.Length{Max: 63}}},
		{"min over max", []passwd.Rule{passwd.Length{Min: 65, Max: 64}}},
		{"negative", []passwd.Rule{passwd.Length{Min: -1}}},
		{"no class", []passwd.Rule{passwd.Classes{}}},
		{"too many classes", []passwd.Rule{passwd.Classes{Upper: 40, Lower: 40}}},
		{"negative class", []passwd.Rule{passwd.Classes{Upper: -1, Lower: 2}}},
		{"no history", []passwd.Rule{passwd.NotReused{}}},
		{"long history", []passwd.Rule{passwd.NotReused{Last: 25}}},
	} {
		if _, err := passwd.NewPolicy(c.rules...); err == nil {
			t.Errorf("%s: accepted", c.name)
		}
	}
}

func TestRequirements(t *testing.T) {
	got := fmt.Sprint(passwd.Conventional().Requirements())
	want := "[{too_short map[min:8]} {missing_class map[class:upper min:1]} {missing_class map[class:lower min:1]} " +
		"{missing_class map[class:digit min:1]} {missing_class map[class:symbol min:1]} {numeric map[]} {same_as_login map[]}]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// hostRule is a rule of the host's own.
type hostRule struct {
	phase passwd.Phase
	ran   *int
	err   error
}

func (hostRule) Name() string                   { return "host" }
func (r hostRule) Phase() passwd.Phase          { return r.phase }
func (hostRule) Describe() []passwd.Requirement { return nil }
func (r hostRule) Check(context.Context, *passwd.Candidate) ([]passwd.Violation, error) {
	*r.ran++
	return []passwd.Violation{{Code: "host"}}, r.err
}

func TestExpensiveRulesComeLast(t *testing.T) {
	for _, c := range []struct {
		phase    passwd.Phase
		password string
		ran      int
	}{
		{passwd.PhaseLocal, "short", 1},
		{passwd.PhaseEstimate, "short", 1},
		{passwd.PhaseBreach, "short", 0},
		{passwd.PhaseHistory, "short", 0},
		{passwd.PhaseHistory, "a long enough password", 1},
		{passwd.PhaseLocal, "\xff", 0},
	} {
		ran := 0
		p, err := passwd.NewPolicy(hostRule{phase: c.phase, ran: &ran}, passwd.Length{})
		if err != nil {
			t.Fatal(err)
		}
		found(t, p, c.password, passwd.Account{})
		if ran != c.ran {
			t.Errorf("phase %d, %q: ran %d times, want %d", c.phase, c.password, ran, c.ran)
		}
	}
}

func TestARuleThatCannotDecide(t *testing.T) { // I10: fails closed
	ran := 0
	p, err := passwd.NewPolicy(hostRule{err: errDown, ran: &ran})
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

// TestEveryPathAsksThePolicy holds that no path skips a rule (I1).
func TestEveryPathAsksThePolicy(t *testing.T) {
	paths := map[string]func(f fixture, next string) error{
		"change": func(f fixture, next string) error {
			_, err := f.kit.Service.Change(ctx, passwd.Change{Account: f.ref, Current: adaPassword, New: next})
			return err
		},
		"change by login": func(f fixture, next string) error {
			_, err := f.kit.Service.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: login("ada"), Current: adaPassword, New: next, When: passwd.Always})
			return err
		},
		"ticket": func(f fixture, next string) error {
			_, err := f.kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: f.ticket, New: next})
			return err
		},
		"link": func(f fixture, next string) error {
			_, err := f.kit.Service.Reset(ctx, passwd.Reset{Token: f.reset, New: next})
			return err
		},
		"code": func(f fixture, next string) error {
			token, err := f.kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: f.request, Code: f.code})
			if err != nil {
				return err
			}
			_, err = f.kit.Service.Reset(ctx, passwd.Reset{Token: token, New: next})
			return err
		},
		"registration": func(f fixture, next string) error {
			_, err := f.kit.Service.NewHash(ctx, passwd.Account{Ref: passwd.Ref{ID: "77"}, Username: "a-long-username", Email: "x@example.com"}, next)
			return err
		},
	}
	for name, set := range paths {
		for _, bad := range []string{"", "short", "fourteen chars", "\xffbad UTF-8 that is long", "with \x00 NUL, long enough", strings.Repeat("long", 2000)} {
			f := newFixture(t, passwd.Config{}, nil)
			err := set(f, bad)
			if _, ok := errors.AsType[*passwd.PolicyError](err); !ok {
				t.Errorf("%s accepts %.16q: %v", name, bad, err)
			}
		}
		if err := set(newFixture(t, passwd.Config{}, nil), newPassword); err != nil {
			t.Errorf("%s refuses a good password: %v", name, err)
		}
	}
}
