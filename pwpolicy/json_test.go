package pwpolicy_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/pwpolicy"
)

// ofHost is a rule of a host's own, with parameters and something that is none.
type ofHost struct {
	Words  []string `json:"words"`
	Strict bool     `json:"strict,omitempty"`
	Limit  struct {
		Ratio float64 `json:"ratio"`
	} `json:"limit"`
	source string
}

func (ofHost) Name() string                     { return "of_host" }
func (ofHost) Phase() pwpolicy.Phase            { return pwpolicy.PhaseLocal }
func (ofHost) Describe() []pwpolicy.Requirement { return nil }
func (ofHost) Check(context.Context, *pwpolicy.Candidate) ([]pwpolicy.Violation, error) {
	return nil, nil
}

func (r ofHost) Validate() error {
	if r.Limit.Ratio > 1 {
		return &pwpolicy.ParamError{Param: "limit.ratio", Problem: "is more than 1"}
	}
	if len(r.Words) > 3 {
		return errors.New("has too many words")
	}
	return nil
}

// hostRules is a set whose rules need more than their parameters.
func hostRules(source string) pwpolicy.RuleSet {
	return pwpolicy.RuleSet{"of_host": func(params json.RawMessage) (pwpolicy.Rule, error) {
		r := ofHost{source: source}
		err := pwpolicy.DecodeParams(params, &r)
		return r, err
	}}
}

func TestParsePolicyRefuses(t *testing.T) {
	misnamed := pwpolicy.RuleSet{"other": pwpolicy.RuleOf[pwpolicy.NotLogin], "none": func(json.RawMessage) (pwpolicy.Rule, error) { return nil, nil }}
	rules := func(members string) string {
		return `{"version":1,"insecure_no_length":true,"rules":{` + members + `}}`
	}
	for _, c := range []struct{ policy, want string }{
		{``, "is not JSON"},
		{`{"version":1,"rules":{"length":{}}`, "is not JSON"},
		{`{"version":1,"rules":{"length":{}}} {}`, "is not JSON"},
		{`[]`, "is not an object"},
		{`null`, "is null"},
		{`{"rules":{"length":{}}}`, "version: 0 is not 1"},
		{`{"version":2,"rules":{"length":{}}}`, "version: 2 is not 1"},
		{`{"version":"1","rules":{"length":{}}}`, "version: is not a whole number in range"},
		{`{"version":1}`, "rules: is missing"},
		{`{"version":1,"rules":null}`, "rules: is null"},
		{`{"version":1,"rules":[]}`, "rules: is not an object"},
		{`{"version":1,"rules":{}}`, "rules.length: is missing (see insecure_no_length)"},
		{`{"version":1,"rules":{"length":{}},"insecure_no_length":true}`, "insecure_no_length: contradicts rules.length"},
		{`{"version":1,"rules":{"length":{}},"name":"x"}`, "name: is unknown"},
		{`{"Version":1,"rules":{"length":{}}}`, "Version: is unknown"},
		{`{"version":1,"version":1,"rules":{"length":{}}}`, "version: is there twice"},
		{`{"version":1,"rules":{"length":{"min":15},"not_login":{},"length":{"min":8}}}`, "rules.length: is there twice"},
		{rules(`"length":{"min":15,"\u006din":8}`), "rules.length.min: is there twice"},
		{rules(`"of_host":{"words":[],"limit":{"ratio":0,"ratio":1}}`), "rules.of_host.limit.ratio: is there twice"},
		{rules(`"of_host":{"words":[[{}],[{"a":1,"a":2}]]}`), "rules.of_host.words[1][0].a: is there twice"},
		{rules(`"lenght":{}`), "rules.lenght: is unknown: known are characters, classes, length,"},
		{rules(`"length":15`), "rules.length: is not an object"},
		{rules(`"length":null`), "rules.length: is not an object"},
		{rules(`"length":{"Min":15}`), "rules.length.Min: is unknown"},
		{rules(`"length":{"min":null}`), "rules.length.min: is null"},
		{rules(`"length":{"min":"15"}`), "rules.length.min: is not a whole number in range"},
		{rules(`"length":{"min":15.5}`), "rules.length.min: is not a whole number in range"},
		{rules(`"length":{"min":99999999999999999999}`), "rules.length.min: is not a whole number in range"},
		{rules(`"length":{"min":7}`), "rules.length.min: 7 is under 8 (see insecure_min_length)"},
		{rules(`"length":{"max":63}`), "rules.length.max: 63 is under 64 (see insecure_max_length)"},
		{rules(`"length":{"min":70,"max":65}`), "rules.length.min: 70 is more than max 65"},
		{rules(`"length":{"min":8,"insecure_min_length":6}`), "rules.length.min: is there with insecure_min_length"},
		{rules(`"length":{"max":64,"insecure_max_length":6}`), "rules.length.max: is there with insecure_max_length"},
		{rules(`"length":{"min":5000}`), "rules.length.min: 5000 is not within 0 to 4096"},
		{rules(`"length":{"insecure_max_length":-1}`), "rules.length.insecure_max_length: -1 is not"},
		{rules(`"not_login":{"x":1}`), "rules.not_login.x: is unknown"},
		{rules(`"classes":{"digit":65}`), "rules.classes.digit: 65 is not within"},
		{rules(`"repeated":{}`), "rules.repeated.max: 0 is not within 2 to 63"},
		{rules(`"sequence":{"max":1}`), "rules.sequence.max: 1 is not within 2 to 63"},
		{rules(`"sequence":{"max":3,"keyboard":"yes"}`), "rules.sequence.keyboard: is not true or false"},
		{rules(`"not_reused":{"last":25}`), "rules.not_reused.last: 25 is not within 1 to 24"},
		{rules(`"min_age":{"hours":721}`), "rules.min_age.hours: 721 is not"},
		{rules(`"max_age":{"days":0}`), "rules.max_age.days: 0 is not"},
		{rules(`"max_age":{"days":30,"warn_days":30}`), "rules.max_age.warn_days: 30 is not"},
		{rules(`"max_age":{"days":30,"grace_days":366}`), "rules.max_age.grace_days: 366 is not"},
		{rules(`"max_age":{"days":2},"min_age":{"hours":48}`), "rules.min_age.hours: 48 is not less than the 2 days of max_age"},
		{rules(`"characters":{}`), "rules.characters.allowed: is missing"},
		{rules(`"characters":{"forbidden":"aba"}`), "rules.characters.forbidden: has a character twice"},
		{rules(`"characters":{"forbidden":"\u212b"}`), "rules.characters.forbidden: has a character twice, or one that NFC replaces"},
		{rules(`"characters":{"forbidden":"\ud800"}`), "rules.characters.forbidden: has U+FFFD or half a surrogate pair"},
		{rules(`"characters":{"forbidden":"\u0000"}`), "rules.characters.forbidden: has characters that no password can have"},
		{rules(`"characters":{"allowed":"ab","forbidden":"bc"}`), "rules.characters.forbidden: has characters that are allowed"},
		{rules(`"characters":{"required":[{"characters":"xyz","min":1}],"forbidden":"zyx"}`), "rules.characters.required[0].characters: has no character that is allowed"},
		{rules(`"characters":{"required":[{"characters":"xyz"}]}`), "rules.characters.required[0].min: 0 is not"},
		{rules(`"characters":{"required":[{"characters":"x","min":1},{"characters":"","min":1}]}`), "rules.characters.required[1].characters: is empty"},
		{rules(`"characters":{"required":[{"characters":"x","min":"1"}]}`), "rules.characters.required[0].min: is not a whole number in range"},
		{rules(`"characters":{"required":{}}`), "rules.characters.required: is not an array"},
		{rules(`"classes":{"digit":1},"characters":{"forbidden":"0123456789"}`), "rules.classes.digit: 1 are asked for, and characters allows none"},
		{rules(`"classes":{"upper":1},"characters":{"allowed":"abc123"}`), "rules.classes.upper: 1 are asked for, and characters allows none"},
		{rules(`"not_numeric":{},"characters":{"allowed":"0123456789"}`), "rules.not_numeric: characters allows nothing but digits"},
		{`{"version":1,"rules":{"length":{"insecure_min_length":1,"insecure_max_length":3},"classes":{"upper":1,"lower":1,"digit":1,"symbol":1}}}`, "rules.classes: 4 characters are asked for, more than the 3 of length.max"},
		{rules(`"of_host":{"words":[1]}`), "rules.of_host.words[0]: is not a string"},
		{rules(`"of_host":{"limit":{"ratio":"x"}}`), "rules.of_host.limit.ratio: is not a number"},
		{rules(`"of_host":{"source":"x"}`), "rules.of_host.source: is unknown"},
		{rules(`"of_host":{"limit":{"ratio":1.5}}`), "rules.of_host.limit.ratio: is more than 1"},
		{rules(`"of_host":{"words":["a","b","c","d"]}`), "rules.of_host: has too many words"},
		{rules(`"other":{}`), "rules.other: was decoded as a rule of another name"},
		{rules(`"none":{}`), "rules.none: was decoded as a rule of another name"},
		{rules("\"a\xff\":{}"), "is not valid UTF-8"},
		{rules(`"":{}`), "has no name"},
		{strings.Repeat("[", 1<<18) + strings.Repeat("]", 1<<18), "bytes of JSON are more than"},
		{strings.Repeat("[", 9000) + strings.Repeat("]", 9000), "is not an object"},
	} {
		_, err := pwpolicy.Parse([]byte(c.policy), hostRules("x"), misnamed)
		if err == nil || !strings.HasPrefix(err.Error(), "pwpolicy: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.100s:\n got %v\nwant %s", c.policy, err, c.want)
		}
	}
	for name, sets := range map[string][]pwpolicy.RuleSet{
		"another name in its place": {{"length": pwpolicy.RuleOf[pwpolicy.NotLogin]}},
		"two sets":                  {hostRules("a"), hostRules("b")},
		"no decoder":                {{"mine": nil}},
	} {
		if _, err := pwpolicy.Parse([]byte(`{"version":1,"rules":{"length":{}}}`), sets...); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// everyRule is a policy with all that can be written down.
const everyRule = `{"version":1,"rules":{` +
	`"length":{"min":12,"max":100},` +
	`"classes":{"upper":1,"digit":2},` +
	`"not_numeric":{},` +
	`"not_login":{},` +
	`"not_common":{"trim":true},` +
	`"not_similar":{"context":["Difference Engines Ltd"]},` +
	`"repeated":{"max":3},` +
	`"sequence":{"max":4,"keyboard":true},` +
	`"characters":{"forbidden":"\u003c\u003e\"\\é","required":[{"characters":"!?","min":1}]},` +
	`"min_age":{"hours":24},` +
	`"max_age":{"days":90,"warn_days":14,"grace_days":7},` +
	`"of_host":{"words":["a"],"strict":true,"limit":{"ratio":0.5}},` +
	`"not_reused":{"last":5}}}`

func TestPolicyRoundTrip(t *testing.T) {
	for _, form := range []string{
		everyRule,
		`{"version":1,"rules":{"not_login":{},"length":{}}}`, // the order stays
		`{"version":1,"rules":{"length":{"insecure_min_length":6,"insecure_max_length":20}}}`,
		`{"version":1,"insecure_no_length":true,"rules":{}}`,
	} {
		p, err := pwpolicy.Parse([]byte(form), hostRules("source"))
		if err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(p)
		if err != nil || string(again) != form {
			t.Errorf("got  %s, %v\nwant %s", again, err, form)
		}
	}
	for name, p := range map[string]pwpolicy.Policy{
		"zero": {}, "NIST": pwpolicy.NIST(), "second factor": pwpolicy.WithSecondFactor(),
		"conventional": pwpolicy.Conventional(), "no rules": pwpolicy.InsecureNoRules(),
	} {
		form, err := json.Marshal(map[string]any{"policy": p})
		if err != nil {
			t.Fatal(err)
		}
		var back struct{ Policy pwpolicy.Policy }
		if err := json.Unmarshal(form, &back); err != nil {
			t.Fatal(err)
		}
		if name == "zero" {
			p = pwpolicy.NIST()
		}
		if !reflect.DeepEqual(back.Policy, p) {
			t.Errorf("%s is another after %s", name, form)
		}
	}
}

func TestParsedRulesAreComplete(t *testing.T) {
	p, err := pwpolicy.Parse([]byte(everyRule), hostRules("source"))
	if err != nil {
		t.Fatal(err)
	}
	want := ofHost{Words: []string{"a"}, Strict: true, source: "source"}
	want.Limit.Ratio = 0.5
	made, err := pwpolicy.New(
		pwpolicy.Length{Min: 12, Max: 100}, pwpolicy.Classes{Upper: 1, Digit: 2}, pwpolicy.NotNumeric{}, pwpolicy.NotLogin{},
		pwpolicy.NotCommon{Trim: true}, pwpolicy.NotSimilar{Context: []string{"Difference Engines Ltd"}},
		pwpolicy.Repeated{Max: 3}, pwpolicy.Sequence{Max: 4, Keyboard: true},
		pwpolicy.Characters{Forbidden: `<>"\é`, Required: []pwpolicy.RequiredSet{{Characters: "!?", Min: 1}}},
		pwpolicy.MinAge{Hours: 24}, pwpolicy.MaxAge{Days: 90, WarnDays: 14, GraceDays: 7}, want, pwpolicy.NotReused{Last: 5},
	)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(p, made) {
		t.Errorf("got  %+v\nwant %+v", p, made)
	}
}

// A host gives a built-in rule what cannot stand in JSON.
func TestARuleSetTakesTheBuiltInPlace(t *testing.T) {
	list, err := pwpolicy.NewBlocklist(strings.NewReader("a password of our own\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := pwpolicy.Parse([]byte(`{"version":1,"rules":{"length":{},"not_common":{"trim":true}}}`), pwpolicy.RuleSet{
		"not_common": func(params json.RawMessage) (pwpolicy.Rule, error) {
			r := pwpolicy.NotCommon{Lists: []*pwpolicy.Blocklist{list}}
			err := pwpolicy.DecodeParams(params, &r)
			return r, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := found(t, p, "A password of our own 99", account{}); got != "too_common" {
		t.Errorf("found %q", got)
	}
}

func TestMarshalNeedsAnObject(t *testing.T) {
	p, err := pwpolicy.New(listRule{"a"})
	if err != nil {
		t.Fatal(err)
	}
	if form, err := json.Marshal(p); err == nil {
		t.Errorf("marshalled to %s", form)
	}
	twice, err := policyOf(t, listRule{"a"}).Over(policyOf(t, listRule{"b"}))
	if err != nil {
		t.Fatal(err)
	}
	if form, err := json.Marshal(twice); err == nil {
		t.Errorf("marshalled to %s", form)
	}
	sets, err := policyOf(t, pwpolicy.Characters{Forbidden: "a"}).Over(policyOf(t, pwpolicy.Characters{Forbidden: "b"}))
	if err != nil {
		t.Fatal(err)
	}
	if form, err := json.Marshal(sets); err == nil {
		t.Errorf("marshalled to %s", form)
	}
	var q pwpolicy.Policy
	if err := json.Unmarshal([]byte(`null`), &q); err == nil {
		t.Error("null is no policy")
	}
}

// listRule is a rule whose JSON is an array.
type listRule []string

func (listRule) Name() string                     { return "list" }
func (listRule) Phase() pwpolicy.Phase            { return pwpolicy.PhaseLocal }
func (listRule) Describe() []pwpolicy.Requirement { return nil }
func (listRule) Check(context.Context, *pwpolicy.Candidate) ([]pwpolicy.Violation, error) {
	return nil, nil
}

func TestDecodeParamsNeedsAStruct(t *testing.T) {
	n := 0
	for _, to := range []any{nil, n, &n, ofHost{}, (*ofHost)(nil)} {
		if err := pwpolicy.DecodeParams(json.RawMessage(`{}`), to); err == nil {
			t.Errorf("decoded into a %T", to)
		}
	}
}
