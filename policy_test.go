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
	return codesOf(violations)
}

// codesOf names violations: "too_short missing_class:upper".
func codesOf(violations []passwd.Violation) string {
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
		{passwd.Policy{}, "walnut teapots", "too_short"}, // P1
		{passwd.Policy{}, "walnuts teapots", ""},         // P5: no composition
		{passwd.Policy{}, "830174925560318", ""},
		{passwd.Policy{}, "qwertyuiopasdfghjkl", "too_common"},           // P7
		{passwd.Policy{}, "qwertyuiopasdfghjkl and more", ""},            // the whole password, not parts
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
		{passwd.Policy{}, "ADA.lovelace@example.com", "similar"},
		{passwd.Policy{}, "Countess.Lovelace", "similar"},
		{passwd.Policy{}, "evolALssetnuoc1815", "similar"},
		{passwd.WithSecondFactor(), "teapots", "too_short"},
		{passwd.WithSecondFactor(), "teapot x", ""},
		{passwd.WithSecondFactor(), "12345678", "too_common"},
		{passwd.Conventional(), "Ab1!", "too_short"},
		{passwd.Conventional(), "abcdfegh", "missing_class:upper missing_class:digit missing_class:symbol"},
		{passwd.Conventional(), "Abcdefg1!", ""},
		{passwd.Conventional(), "8317-4925", "numeric missing_class:upper missing_class:lower"},
		{passwd.Conventional(), "\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668", "numeric missing_class:upper missing_class:lower missing_class:symbol"},
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

func TestWith(t *testing.T) {
	p, err := passwd.Policy{}.With(passwd.NotReused{Last: 2}, passwd.NotNumeric{})
	if err != nil {
		t.Fatal(err)
	}
	if got := found(t, p, "8317-4925-6603", passwd.Account{}); got != "too_short numeric" {
		t.Errorf("found %q", got)
	}
	if _, err := p.With(passwd.Length{}); err == nil {
		t.Error("two lengths are accepted")
	}
}

// scored is a rule that gives one score to all.
type scored struct{ hostRule }

func (scored) Score(c *passwd.Candidate) int { return min(c.Length()/5, 4) }

// stingy has another name, and gives less.
type stingy struct{ scored }

func (stingy) Name() string                  { return "stingy" }
func (s stingy) Score(*passwd.Candidate) int { return 2 }

func TestScore(t *testing.T) {
	ran := 0
	rule := scored{hostRule{phase: passwd.PhaseEstimate, ran: &ran}}
	for _, c := range []struct {
		policy passwd.Policy
		want   string
	}{
		{passwd.NIST(), "none"},
		{policyOf(t, rule), "4"},
		{policyOf(t, rule, stingy{rule}), "2"},
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

func TestRequirements(t *testing.T) {
	got := fmt.Sprint(passwd.Conventional().Requirements())
	want := "[{similar map[]} {similar_current map[]} {context_word map[]} {too_short map[min:8]} {too_common map[]} {numeric map[]} " +
		"{missing_class map[class:upper min:1]} {missing_class map[class:lower min:1]} " +
		"{missing_class map[class:digit min:1]} {missing_class map[class:symbol min:1]}]"
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
