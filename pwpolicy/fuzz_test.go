package pwpolicy_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/passwd-go/passwd/pwpolicy"
)

// FuzzParsePolicy holds that no data makes the parser panic, and that a policy
// which it accepts is the same after being written and read again, and judges
// without an error.
func FuzzParsePolicy(f *testing.F) {
	for _, seed := range []string{
		everyRule,
		`{"version":1,"rules":{"length":{"min":8,"max":64},"not_reused":{"last":24}}}`,
		`{"version":1,"insecure_no_length":true,"rules":{"characters":{"allowed":"ab\u00e9","required":[{"characters":"a","min":3}]}}}`,
		`{"version":1,"rules":{"length":{"insecure_min_length":1},"not_similar":{"context":[]},"not_common":{}}}`,
		`{"version":1,"version":1}`, `[[[{"a":[{"a":{"a":1,"a":2}}]}]]]`, `{"version":1,"rules":{"length":{"min":1e2}}}`, "null", "\"\xff\"",
	} {
		f.Add([]byte(seed), "walnuts in teapots")
	}
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		p, err := pwpolicy.Parse(data, hostRules("x"))
		if err != nil {
			return
		}
		form, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := pwpolicy.Parse(form, hostRules("x"))
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		second, err := json.Marshal(again)
		if err != nil || string(second) != string(form) {
			t.Fatalf("%s became %s, %v", form, second, err)
		}
		first, err1 := p.Check(ctx, candidate(password, person()), pwpolicy.PhaseHistory)
		other, err2 := again.Check(ctx, candidate(password, person()), pwpolicy.PhaseHistory)
		if err1 != nil || err2 != nil || !reflect.DeepEqual(first, other) {
			t.Fatalf("%s: %v, %v; again %v, %v", form, first, err1, other, err2)
		}
	})
}

// FuzzRules holds that no password, personal data or earlier password makes a
// rule panic, fail, or report what it did not describe, and that a rule finds the
// same again.
func FuzzRules(f *testing.F) {
	f.Add("walnuts in teapots", "Lovelace", "analytical engine 1843")
	f.Add("aaaa", "a", "aaab")
	f.Add("e\u0301\u0323ß１２３４ אבג 가각 🔑\u200d🔑", "\u200d", "")
	f.Add("\xff", "\xff", "\xff")
	policies := make([]pwpolicy.Policy, len(every()))
	for i, r := range every() {
		policies[i] = policyOf(f, r)
	}
	f.Fuzz(func(t *testing.T, password, personal, username string) {
		a := person()
		a.Username = username
		a.Personal = append(a.Personal, pwpolicy.Attribute{Name: "fuzzed", Value: personal})
		for _, p := range policies {
			first, err := p.Check(ctx, candidate(password, a), pwpolicy.PhaseHistory)
			if err != nil {
				t.Fatal(err)
			}
			second, err := p.Check(ctx, candidate(password, a), pwpolicy.PhaseHistory)
			if err != nil || !reflect.DeepEqual(first, second) {
				t.Fatalf("%v, then %v, %v", first, second, err)
			}
			described := map[pwpolicy.Code]bool{pwpolicy.TooShort: true, pwpolicy.TooLong: true, pwpolicy.InvalidEncoding: true}
			for _, r := range p.Requirements() {
				described[r.Code] = true
			}
			for _, v := range first {
				if !described[v.Code] {
					t.Fatalf("%s was not described", v.Code)
				}
			}
		}
	})
}
