package pwpolicy_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/pwpolicy"
)

// A policy without the service: what it asks for, what it holds against a password, and
// both in the reader's language.
func Example_withoutTheService() {
	policy, words := pwpolicy.WithSecondFactor(), locale.Match("de-AT", "en")
	fmt.Println(words.Describe(policy.Requirements())[0])
	ada := pwpolicy.Subject{Logins: []pwpolicy.Attribute{{Name: "username", Value: "lovelace"}}}
	for _, typed := range []string{"short", "Lovelace1815", "walnuts, teapots"} {
		violations, err := policy.Check(context.Background(), pwpolicy.NewCandidate(typed, ada), pwpolicy.PhaseBreach)
		fmt.Println(words.Violations(violations), err)
	}
	// Output:
	// Mindestens 8 Zeichen.
	// [Verwenden Sie mindestens 8 Zeichen. Dieses Passwort ist sehr verbreitet und leicht zu erraten.] <nil>
	// [Das Passwort ist Ihrem Benutzernamen zu ähnlich.] <nil>
	// [] <nil>
}

// A tenant's policy, as an administrator wrote it into a table.
func ExampleParse() {
	policy, err := pwpolicy.Parse([]byte(`{
		"version": 1,
		"rules": {
			"length":      {"min": 12, "max": 100},
			"not_common":  {},
			"not_similar": {"context": ["Difference Engines Ltd"]},
			"sequence":    {"max": 4, "keyboard": true},
			"not_reused":  {"last": 5}
		}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	candidate := pwpolicy.NewCandidate("Lovelace-asdfgh", pwpolicy.Subject{Personal: []pwpolicy.Attribute{{Name: "family_name", Value: "Lovelace"}}})
	violations, err := policy.Check(context.Background(), candidate, pwpolicy.PhaseEstimate)
	fmt.Println(violations, err)

	_, err = pwpolicy.Parse([]byte(`{"version": 1, "rules": {"length": {"min": 7}}}`))
	fmt.Println(err)
	_, err = pwpolicy.Parse([]byte(`{"version": 1, "rules": {"length": {}, "not_reused": {"last": 5, "lsat": 3}}}`))
	fmt.Println(err)
	// Output:
	// [{similar map[attribute:family_name]} {sequence map[max:4]}] <nil>
	// pwpolicy: rules.length.min: 7 is under 8 (see insecure_min_length)
	// pwpolicy: rules.not_reused.lsat: is unknown
}

// What the presets are made of.
func ExamplePolicy_MarshalJSON() {
	for _, p := range []pwpolicy.Policy{pwpolicy.NIST(), pwpolicy.WithSecondFactor(), pwpolicy.Conventional(), pwpolicy.InsecureNoRules()} {
		form, err := json.Marshal(p)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(string(form))
	}
	// Output:
	// {"version":1,"rules":{"length":{},"not_common":{},"not_similar":{},"strength":{"min_bits":25}}}
	// {"version":1,"rules":{"length":{"min":8},"not_common":{},"not_similar":{},"strength":{"min_bits":20}}}
	// {"version":1,"rules":{"not_similar":{},"length":{"min":8},"not_common":{},"not_numeric":{},"classes":{"upper":1,"lower":1,"digit":1,"symbol":1},"strength":{"min_bits":20,"as_too_common":true}}}
	// {"version":1,"insecure_no_length":true,"rules":{}}
}
