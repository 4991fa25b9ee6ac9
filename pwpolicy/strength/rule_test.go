package strength_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/pwpolicy"
	"github.com/passwd-go/passwd/pwpolicy/strength"
)

var ctx = context.Background()

func ada() pwpolicy.Subject {
	return pwpolicy.Subject{
		Logins:   []pwpolicy.Attribute{{Name: "username", Value: "countess"}, {Name: "email", Value: "ada.lovelace@example.com"}},
		Personal: []pwpolicy.Attribute{{Name: "company", Value: "Analytical Engines"}},
	}
}

func check(t *testing.T, p pwpolicy.Policy, password string, last pwpolicy.Phase) []pwpolicy.Violation {
	t.Helper()
	found, err := p.Check(ctx, pwpolicy.NewCandidate(password, ada()), last)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestRecommended(t *testing.T) {
	for _, c := range []struct{ password, want string }{
		{"passwordpassword", "[{too_common map[]} {too_weak map[min_bits:28 reasons:[common_password repeat]]}]"},
		{"Lovelace.Countess.1", "[{similar map[attribute:username]} {too_weak map[min_bits:28 reasons:[personal]]}]"},
		{"aaaaaaaaaaaaaaa", "[{too_common map[]} {too_weak map[min_bits:28 reasons:[repeat]]}]"},
		{"password", "[{too_short map[min:15]} {too_common map[]} {too_weak map[min_bits:28 reasons:[common_password]]}]"}, // all at once
		{"correct horse battery staple", "[]"},
		{"qdzvnxkwtrbmplh", "[]"}, // P5: letters alone are well
	} {
		if got := fmt.Sprint(check(t, strength.Recommended(), c.password, pwpolicy.PhaseEstimate)); got != c.want {
			t.Errorf("%q: %s, want %s", c.password, got, c.want)
		}
	}
	if got := check(t, strength.Recommended(), "passwordpassword", pwpolicy.PhaseLocal); strings.Contains(fmt.Sprint(got), "too_weak") {
		t.Errorf("the local phase estimates: %v", got)
	}
}

// TestRecommendedIsNISTAndMore holds that no rule of the default policy is
// missing from the recommended one.
func TestRecommendedIsNISTAndMore(t *testing.T) {
	var nist, recommended struct{ Rules map[string]json.RawMessage }
	for p, to := range map[*pwpolicy.Policy]any{{}: &nist, new(strength.Recommended()): &recommended} {
		data, err := json.Marshal(*p)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, to); err != nil {
			t.Fatal(err)
		}
	}
	if len(nist.Rules) < 2 || len(recommended.Rules) != len(nist.Rules)+1 {
		t.Errorf("%d rules, want the %d of NIST and one more", len(recommended.Rules), len(nist.Rules))
	}
	for name, params := range nist.Rules {
		if string(recommended.Rules[name]) != string(params) {
			t.Errorf("rule %s is %s, in NIST %s", name, recommended.Rules[name], params)
		}
	}
}

func TestAdvisory(t *testing.T) {
	p, err := pwpolicy.New(strength.Rule{})
	if err != nil {
		t.Fatal(err)
	}
	if found := check(t, p, "password", pwpolicy.PhaseHistory); len(found) > 0 {
		t.Errorf("refuses: %v", found)
	}
	if n := len(p.Requirements()); n > 0 {
		t.Errorf("asks for %d things", n)
	}
	r := strength.Rule{}.Estimate(pwpolicy.NewCandidate("Lovelace", ada()))
	if r.Score != 0 || fmt.Sprint(r.Reasons) != "[personal]" {
		t.Errorf("estimate %v", r)
	}
}

func TestRuleRefusesBounds(t *testing.T) {
	for _, bits := range []float64{-1, 65, math.NaN(), math.Inf(1), math.Inf(-1)} {
		_, err := pwpolicy.New(strength.Rule{MinBits: bits})
		if e, ok := errors.AsType[*pwpolicy.ParamError](err); !ok || !strings.Contains(e.Param, "min_bits") {
			t.Errorf("%v: error %v", bits, err)
		}
	}
}

func TestPolicyAsData(t *testing.T) {
	const text = `{"version":1,"rules":{"length":{},"strength":{"min_bits":30.5}}}`
	p, err := pwpolicy.Parse([]byte(text), strength.Rules())
	if err != nil {
		t.Fatal(err)
	}
	if back, err := json.Marshal(p); err != nil || string(back) != text {
		t.Errorf("%s, %v", back, err)
	}
	if got := fmt.Sprint(p.Requirements()); got != "[{too_short map[min:15]} {too_weak map[min_bits:30.5]}]" {
		t.Error(got)
	}
	for _, bad := range []string{`{"min_bits":-1}`, `{"min_bits":"28"}`, `{"MinBits":28}`, `{"meter":{}}`, `{"Meter":{}}`, `{"min_bits":1e999}`, `null`} {
		_, err := pwpolicy.Parse([]byte(`{"version":1,"rules":{"length":{},"strength":`+bad+`}}`), strength.Rules())
		if err == nil || !strings.Contains(err.Error(), "rules.strength") {
			t.Errorf("%s: error %v", bad, err)
		}
	}
}

func TestTheStricterOfTwo(t *testing.T) {
	low, high := strength.Rule{MinBits: 20}, strength.Rule{MinBits: 30}
	for _, pair := range [][2]strength.Rule{{low, high}, {high, low}} {
		if r, ok := pair[0].Both(pair[1]); !ok || r.(strength.Rule).MinBits != 30 {
			t.Errorf("%v and %v: %v, %t", pair[0], pair[1], r, ok)
		}
	}
	if _, ok := low.Both(pwpolicy.NotLogin{}); ok {
		t.Error("combines with another rule")
	}
}
