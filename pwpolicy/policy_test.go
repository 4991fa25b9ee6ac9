package pwpolicy_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/pwpolicy"
)

// found returns the codes that a policy holds against a password.
func found(t *testing.T, p pwpolicy.Policy, password string, a account) string {
	t.Helper()
	violations, err := p.Check(ctx, candidate(password, a), pwpolicy.PhaseHistory)
	if err != nil {
		t.Fatal(err)
	}
	return codesOf(violations)
}

// codesOf names violations: "too_short missing_class:upper".
func codesOf(violations []pwpolicy.Violation) string {
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
		policy   pwpolicy.Policy
		password string
		want     string
	}{
		{pwpolicy.Policy{}, "walnut teapots", "too_short"}, // P1
		{pwpolicy.Policy{}, "walnuts teapots", ""},         // P5: no composition
		{pwpolicy.Policy{}, "830174925560318", ""},
		{pwpolicy.Policy{}, "qwertyuiopasdfghjkl", "too_common too_weak"},           // P7
		{pwpolicy.Policy{}, "qwertyuiopasdfghjkl and more", ""},                     // the whole password, not parts
		{pwpolicy.Policy{}, strings.Repeat("\U0001F511", 14), "too_short too_weak"}, // P2: 56 bytes
		{pwpolicy.Policy{}, strings.Repeat("\U0001F511", 15), "too_weak"},
		{pwpolicy.Policy{}, pictures(15), ""},
		{pwpolicy.Policy{}, pictures(64), ""},                                               // P3: 256 bytes
		{pwpolicy.Policy{}, strings.Repeat("e\u0301", 8), "too_short too_weak"},             // 16 runes, 8 in NFC
		{pwpolicy.Policy{}, "\U0001F468\u200D\U0001F469\u200D\U0001F467 and a dog too", ""}, // P6: ZWJ
		{pwpolicy.Policy{}, "spaces  are  fine", ""},
		{pwpolicy.Policy{}, strings.Repeat("a", 4096), "too_weak"},
		{pwpolicy.Policy{}, strings.Repeat("so many words ", 292) + "ended up", ""},
		{pwpolicy.Policy{}, strings.Repeat("a", 4097), "too_long"},
		{pwpolicy.Policy{}, "", "too_short"},
		{pwpolicy.Policy{}, "a NUL \x00 in the middle", "invalid_encoding"},
		{pwpolicy.Policy{}, "bad \xff UTF-8 in the middle", "invalid_encoding"},
		{pwpolicy.Policy{}, "a replacement \uFFFD character", "invalid_encoding"},
		{pwpolicy.Policy{}, "ADA.lovelace@example.com", "similar too_weak"},
		{pwpolicy.Policy{}, "Countess.Lovelace", "similar too_weak"},
		{pwpolicy.Policy{}, "evolALssetnuoc1815", "similar"},
		{pwpolicy.WithSecondFactor(), "teapots", "too_short too_weak"},
		{pwpolicy.WithSecondFactor(), "teapot x", ""},
		{pwpolicy.WithSecondFactor(), "12345678", "too_common too_weak"},
		{pwpolicy.Conventional(), "Ab1!", "too_short"},
		{pwpolicy.Conventional(), "abcdfegh", "missing_class:upper missing_class:digit missing_class:symbol"},
		{pwpolicy.Conventional(), "Abcdefg1!", "too_common"},
		{pwpolicy.Conventional(), "Teapots1!x", ""},
		{pwpolicy.Conventional(), "8317-4925", "numeric missing_class:upper missing_class:lower"},
		{pwpolicy.Conventional(), "\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668", "numeric missing_class:upper missing_class:lower missing_class:symbol"},
		{pwpolicy.Conventional(), "\u0645\u0641\u062A\u0627\u062D-\u0661\u0662", ""}, // letters without case
		{pwpolicy.InsecureNoRules(), "1", ""},
		{pwpolicy.InsecureNoRules(), "", "too_short"},
	} {
		a := account{Username: "countess.lovelace", Email: "Ada.Lovelace@example.com"}
		if got := found(t, c.policy, c.password, a); got != c.want {
			t.Errorf("%.20q… of %d bytes: got %q, want %q", c.password, len(c.password), got, c.want)
		}
	}
}

func TestNewPolicyRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules []pwpolicy.Rule
	}{
		{"nil", []pwpolicy.Rule{nil}},
		{"twice", []pwpolicy.Rule{pwpolicy.Length{}, pwpolicy.Length{Min: 20}}},
		{"under 8", []pwpolicy.Rule{pwpolicy.Length{Min: 7}}},
		{"max under 64", []pwpolicy.Rule{pwpolicy.Length{Max: 63}}},
		{"min over max", []pwpolicy.Rule{pwpolicy.Length{Min: 65, Max: 64}}},
		{"negative", []pwpolicy.Rule{pwpolicy.Length{Min: -1}}},
		{"no class", []pwpolicy.Rule{pwpolicy.Classes{}}},
		{"too many classes", []pwpolicy.Rule{pwpolicy.Classes{Upper: 40, Lower: 40}}},
		{"negative class", []pwpolicy.Rule{pwpolicy.Classes{Upper: -1, Lower: 2}}},
		{"no history", []pwpolicy.Rule{pwpolicy.NotReused{}}},
		{"long history", []pwpolicy.Rule{pwpolicy.NotReused{Last: 25}}},
	} {
		if _, err := pwpolicy.New(c.rules...); err == nil {
			t.Errorf("%s: accepted", c.name)
		}
	}
}

func TestWith(t *testing.T) {
	p, err := pwpolicy.Policy{}.With(pwpolicy.NotReused{Last: 2}, pwpolicy.NotNumeric{})
	if err != nil {
		t.Fatal(err)
	}
	if got := found(t, p, "8317-4925-6603", account{}); got != "too_short numeric" {
		t.Errorf("found %q", got)
	}
	if _, err := p.With(pwpolicy.Length{}); err == nil {
		t.Error("two lengths are accepted")
	}
}

// scored is a rule that gives one score to all.
type scored struct{ hostRule }

func (scored) Score(c *pwpolicy.Candidate) int { return min(c.Length()/5, 4) }

// stingy has another name, and gives less.
type stingy struct{ scored }

func (stingy) Name() string                    { return "stingy" }
func (s stingy) Score(*pwpolicy.Candidate) int { return 2 }

func TestRequirements(t *testing.T) {
	got := fmt.Sprint(pwpolicy.Conventional().Requirements())
	want := "[{similar map[]} {similar_current map[]} {context_word map[]} {too_short map[min:8]} {too_common map[]} {numeric map[]} " +
		"{missing_class map[class:upper min:1]} {missing_class map[class:lower min:1]} " +
		"{missing_class map[class:digit min:1]} {missing_class map[class:symbol min:1]}]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// hostRule is a rule of the host's own.
type hostRule struct {
	phase pwpolicy.Phase
	ran   *int
	err   error
}

func (hostRule) Name() string                     { return "host" }
func (r hostRule) Phase() pwpolicy.Phase          { return r.phase }
func (hostRule) Describe() []pwpolicy.Requirement { return nil }
func (r hostRule) Check(context.Context, *pwpolicy.Candidate) ([]pwpolicy.Violation, error) {
	*r.ran++
	return []pwpolicy.Violation{{Code: "host"}}, r.err
}

func TestExpensiveRulesComeLast(t *testing.T) {
	for _, c := range []struct {
		phase    pwpolicy.Phase
		password string
		ran      int
	}{
		{pwpolicy.PhaseLocal, "short", 1},
		{pwpolicy.PhaseEstimate, "short", 1},
		{pwpolicy.PhaseBreach, "short", 0},
		{pwpolicy.PhaseHistory, "short", 0},
		{pwpolicy.PhaseHistory, "a long enough password", 1},
		{pwpolicy.PhaseLocal, "\xff", 0},
	} {
		ran := 0
		p, err := pwpolicy.New(hostRule{phase: c.phase, ran: &ran}, pwpolicy.Length{})
		if err != nil {
			t.Fatal(err)
		}
		found(t, p, c.password, account{})
		if ran != c.ran {
			t.Errorf("phase %d, %q: ran %d times, want %d", c.phase, c.password, ran, c.ran)
		}
	}
}

// The lowest score counts.
func TestScore(t *testing.T) {
	rule := scored{hostRule{phase: pwpolicy.PhaseEstimate, ran: new(int)}}
	c := candidate("a password of many characters", account{})
	if _, ok := policyOf(t, pwpolicy.Length{}).Score(c); ok {
		t.Error("a policy without an estimate has a score")
	}
	if score, ok := policyOf(t, rule, stingy{rule}).Score(c); !ok || score != 2 {
		t.Errorf("score %d, %t, want 2", score, ok)
	}
}
