package locale_test

import (
	"testing"

	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/pwpolicy"
)

func TestPasswordRules(t *testing.T) { // W10
	policy := func(rules ...pwpolicy.Rule) []pwpolicy.Requirement {
		p, err := pwpolicy.New(rules...)
		if err != nil {
			t.Fatal(err)
		}
		return p.Requirements()
	}
	require := func(code pwpolicy.Code, name string, value any) pwpolicy.Requirement {
		return pwpolicy.Requirement{Code: code, Params: params{name: value}}
	}
	const upperLower = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for name, tc := range map[string]struct {
		requirements []pwpolicy.Requirement
		want         string
		minLength    int
	}{
		"NIST":         {pwpolicy.NIST().Requirements(), "minlength: 15; allowed: ascii-printable;", 15},
		"conventional": {pwpolicy.Conventional().Requirements(), "minlength: 8; required: upper; required: lower; required: digit; required: special; allowed: ascii-printable;", 8},
		"nothing":      {nil, "allowed: ascii-printable;", 0},
		"maximum":      {policy(pwpolicy.Length{Max: 64}), "minlength: 15; maxlength: 64; allowed: ascii-printable;", 15},
		"low maximum":  {policy(pwpolicy.Length{Min: 8, InsecureMaxLength: 20}), "minlength: 8; allowed: ascii-printable;", 8}, // P3
		"one class":    {policy(pwpolicy.Classes{Digit: 2}), "required: digit; allowed: ascii-printable;", 0},
		"runs":         {policy(pwpolicy.Repeated{Max: 3}, pwpolicy.Sequence{Max: 4}), "max-consecutive: 3; allowed: ascii-printable;", 0},
		"from JSON":    {[]pwpolicy.Requirement{require(pwpolicy.TooShort, "min", 12.0)}, "minlength: 12; allowed: ascii-printable;", 12},
		"strictest": {[]pwpolicy.Requirement{
			require(pwpolicy.TooShort, "min", 12), require(pwpolicy.TooShort, "min", int64(9)), require(pwpolicy.TooLong, "max", 100),
			require(pwpolicy.TooLong, "max", 80), require(pwpolicy.TooRepeated, "max", 2), require(pwpolicy.TooRepeated, "max", 5),
		}, "minlength: 12; maxlength: 80; max-consecutive: 2; allowed: ascii-printable;", 12},
		"unknown class": {[]pwpolicy.Requirement{require(pwpolicy.MissingClass, "class", "emoji; maxlength: 1")}, "allowed: ascii-printable;", 0},
		"no class":      {[]pwpolicy.Requirement{require(pwpolicy.MissingClass, "class", []string{"upper"})}, "allowed: ascii-printable;", 0},
		"wrong types":   {[]pwpolicy.Requirement{require(pwpolicy.TooShort, "min", "8; allowed: [a]"), require(pwpolicy.TooLong, "max", nil), require(pwpolicy.ForbiddenCharacters, "allowed", 7)}, "allowed: ascii-printable;", 0},
		"own code":      {[]pwpolicy.Requirement{require("of_a_host", "min", 20), require("of_a_host", "characters", "x")}, "allowed: ascii-printable;", 0},

		"allowed set":     {policy(pwpolicy.Characters{Allowed: upperLower + "0123456789-_]#"}), "allowed: upper, lower, digit, [-#_]];", 0},
		"forbidden set":   {policy(pwpolicy.Characters{Forbidden: "<>"}), "allowed: upper, lower, digit, [- !\"#$%&'()*+,./:;=?@[\\^_`{|}~]];", 0},
		"forbidden class": {policy(pwpolicy.Characters{Forbidden: "0123456789"}), "allowed: upper, lower, special;", 0},
		"class cut short": {
			policy(pwpolicy.Classes{Symbol: 1}, pwpolicy.Characters{Allowed: upperLower + "!?é"}),
			"required: [!?]; allowed: upper, lower, [!?];", 0,
		},
		"required set": {
			policy(pwpolicy.Characters{Required: []pwpolicy.RequiredSet{{Characters: "#+é-", Min: 2}}}),
			"required: [-#+]; allowed: ascii-printable;", 0,
		},
		"nothing in ASCII": {
			policy(pwpolicy.Characters{Allowed: "éàü", Required: []pwpolicy.RequiredSet{{Characters: "é", Min: 1}}}),
			"allowed: unicode;", 0,
		},
	} {
		if got := locale.PasswordRules(tc.requirements); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
		if got := locale.MinLength(tc.requirements); got != tc.minLength {
			t.Errorf("%s: %d, want %d", name, got, tc.minLength)
		}
	}
}
