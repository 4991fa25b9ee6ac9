package pwpolicy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/passwd-go/passwd/pwpolicy"
)

// TestPresetsEstimate holds what each preset says of what is little more than
// common.
func TestPresetsEstimate(t *testing.T) {
	for _, c := range []struct {
		policy   pwpolicy.Policy
		password string
		want     string
	}{
		{pwpolicy.NIST(), "Summer2026Summer2026", "too_weak"},
		{pwpolicy.NIST(), "correct horse battery staple", "too_weak"},
		{pwpolicy.NIST(), "correct horse battery staple and a teapot", ""},
		{pwpolicy.NIST(), "passwordpassword", "too_common too_weak"}, // all at once
		{pwpolicy.NIST(), "Password1!", "too_short too_weak"},
		{pwpolicy.WithSecondFactor(), "Summer2026!", "too_weak"},
		{pwpolicy.WithSecondFactor(), "!QAZ2wsx", "too_common too_weak"},
		{pwpolicy.WithSecondFactor(), "3edc$RFV", "too_weak"},
		{pwpolicy.WithSecondFactor(), "v7$Kq!pW", ""},
		{pwpolicy.Conventional(), "Summer2026!", "too_common"},
		{pwpolicy.Conventional(), "Password1!", "too_common"},
		{pwpolicy.Conventional(), "summer2026!", "missing_class:upper"}, // the five rules first
		{pwpolicy.Conventional(), "v7$Kq!pW", ""},
		{pwpolicy.Recommended(), "Summer2026Summer2026", "too_weak"},
		{pwpolicy.Recommended(), "pumice cruelly vegan", ""},
	} {
		if got := found(t, c.policy, c.password, account{Username: "countess"}); got != c.want {
			t.Errorf("%q: got %q, want %q", c.password, got, c.want)
		}
	}
}

// TestTheDocumentedPasswords holds that passwords which are in use elsewhere in
// this project's documents are accepted where these say so.
func TestTheDocumentedPasswords(t *testing.T) {
	shared := policyOf(t, pwpolicy.Length{Min: 15}, pwpolicy.NotCommon{})
	for _, c := range []struct {
		policy   pwpolicy.Policy
		password string
	}{
		{pwpolicy.NIST(), "Analytical-Engine-1843"}, {pwpolicy.NIST(), "nanosecond wire 11.8 inches"}, {pwpolicy.NIST(), "مفتاح طويل جدا للبيت"},
		{pwpolicy.NIST(), "Other-Brand-Pass-1"}, {pwpolicy.NIST(), "Old-Bread-and-Butter-9"},
		{pwpolicy.Conventional(), "Wonder!and-1865"}, {pwpolicy.Conventional(), "Castor&Pollux-12"},
		{shared, "SaverPassword1234!"}, {policyOf(t, pwpolicy.Length{Min: 8}), "password123"},
	} {
		if got := found(t, c.policy, c.password, account{}); got != "" {
			t.Errorf("%q: %s", c.password, got)
		}
	}
}

func TestStrengthSaysWhy(t *testing.T) {
	rule := pwpolicy.Strength{MinBits: 28}
	for password, want := range map[string]string{
		"Summer2026!":      "[{too_weak map[min_bits:28 reasons:[word date] weak:common_word_with_year]}]",
		"p4$$w0rd":         "[{too_weak map[min_bits:28 reasons:[common_password substitutions] weak:common_password]}]",
		"Countess.1":       "[{too_weak map[min_bits:28 reasons:[personal] weak:personal]}]",
		"!QAZ2wsx#EDC4rfv": "[{too_weak map[min_bits:28 reasons:[keyboard] weak:keyboard_walk]}]",
		"qdzvnxkwtrbmplh":  "[]", // P5: letters alone are well
	} {
		violations, err := rule.Check(ctx, candidate(password, account{Username: "countess"}))
		if got := fmt.Sprint(violations); got != want || err != nil {
			t.Errorf("%q: %s, %v, want %s", password, got, err, want)
		}
	}
	if found, err := (pwpolicy.Strength{}).Check(ctx, candidate("password", account{})); found != nil || err != nil {
		t.Errorf("the advisory rule: %v, %v", found, err)
	}
}

func TestEstimate(t *testing.T) {
	subject := pwpolicy.Subject{
		Logins:   []pwpolicy.Attribute{{Name: "username", Value: "countess"}},
		Personal: []pwpolicy.Attribute{{Name: "company", Value: "Analytical Engines"}},
		Context:  []string{"brightledger"}, Now: time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	for _, c := range []struct{ password, reasons, feedback, weak string }{
		{"countess1!", "[personal]", "[add_words avoid_personal]", "personal"},
		{"engines99", "[personal]", "[add_words avoid_personal]", "personal"},
		{"Brightledger1", "[personal]", "[add_words avoid_personal]", "personal"},
		{"dr0wss@p", "[common_password substitutions reversed]", "[add_words avoid_common avoid_substitutions avoid_reversal]", "common_password"},
		{"summer2061", "[word date]", "[add_words avoid_common avoid_dates]", "common_word_with_year"},
		{"v7$Kq!pW2z^m", "[]", "[]", ""},
	} {
		e := pwpolicy.NewCandidate(c.password, subject).Estimate()
		if fmt.Sprint(e.Reasons) != c.reasons || fmt.Sprint(e.Feedback) != c.feedback || e.Weak != c.weak {
			t.Errorf("%q: %+v", c.password, e)
		}
		if text, err := json.Marshal(e); err != nil || strings.Contains(string(text), c.password) || strings.Contains(string(text), "null") {
			t.Errorf("%q: %s, %v", c.password, text, err)
		}
		for _, code := range append(fmt.Append(nil, e.Reasons), e.Weak...) {
			if r := rune(code); !unicode.IsLower(r) && !strings.ContainsRune("_[] ", r) {
				t.Errorf("%q: code with %q", c.password, r)
			}
		}
	}
	if e := pwpolicy.EstimateOf("lovelace1815", "Lovelace"); e.Weak != "personal" || e.Score > 1 {
		t.Errorf("%+v", e)
	}
}

func TestStrengthRefusesBounds(t *testing.T) {
	for _, bits := range []float64{0, -1, 65, math.NaN(), math.Inf(1), math.Inf(-1)} {
		_, err := pwpolicy.New(pwpolicy.Strength{MinBits: bits})
		if e, ok := errors.AsType[*pwpolicy.ParamError](err); !ok || !strings.Contains(e.Param, "min_bits") {
			t.Errorf("%v: error %v", bits, err)
		}
	}
}

// A rule that refuses nothing has to say so.
func TestStrengthThatRefusesNothing(t *testing.T) {
	for want, rule := range map[string]pwpolicy.Strength{
		"":                                 {InsecureScoreOnly: true},
		"so that nothing would be refused": {},
		"takes its place":                  {MinBits: 9, InsecureScoreOnly: true},
	} {
		if _, err := pwpolicy.New(rule); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", rule, err, want)
		}
	}
}

func TestStrengthAsData(t *testing.T) {
	const text = `{"version":1,"rules":{"length":{},"strength":{"min_bits":30.5}}}`
	p, err := pwpolicy.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if back, err := json.Marshal(p); err != nil || string(back) != text {
		t.Errorf("%s, %v", back, err)
	}
	if got := fmt.Sprint(p.Requirements()); got != "[{too_short map[min:15]} {too_weak map[min_bits:30.5]}]" {
		t.Error(got)
	}
	for _, bad := range []string{`{}`, `{"min_bits":0}`, `{"min_bits":-1}`, `{"min_bits":"28"}`, `{"MinBits":28}`, `{"as_too_common":1}`, `{"min_bits":1e999}`, `null`} {
		_, err := pwpolicy.Parse([]byte(`{"version":1,"rules":{"length":{},"strength":` + bad + `}}`))
		if err == nil || !strings.Contains(err.Error(), "rules.strength") {
			t.Errorf("%s: error %v", bad, err)
		}
	}
}

func TestTheStricterEstimate(t *testing.T) {
	low, high := pwpolicy.Strength{MinBits: 20, AsTooCommon: true}, pwpolicy.Strength{MinBits: 30}
	for _, pair := range [][2]pwpolicy.Strength{{low, high}, {high, low}} {
		if r, ok := pair[0].Both(pair[1]); !ok || r.(pwpolicy.Strength).MinBits != 30 {
			t.Errorf("%v and %v: %v, %t", pair[0], pair[1], r, ok)
		}
	}
	if _, ok := low.Both(pwpolicy.NotLogin{}); ok {
		t.Error("combines with another rule")
	}
}
