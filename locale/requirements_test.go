package locale_test

import (
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
)

func TestPasswordRules(t *testing.T) { // W10
	policy := func(rules ...passwd.Rule) []passwd.Requirement {
		p, err := passwd.NewPolicy(rules...)
		if err != nil {
			t.Fatal(err)
		}
		return p.Requirements()
	}
	require := func(code passwd.ViolationCode, name string, value any) passwd.Requirement {
		return passwd.Requirement{Code: code, Params: params{name: value}}
	}
	const upperLower = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for name, tc := range map[string]struct {
		requirements []passwd.Requirement
		want         string
		minLength    int
	}{
		"NIST":         {passwd.NIST().Requirements(), "minlength: 15; allowed: ascii-printable;", 15},
		"conventional": {passwd.Conventional().Requirements(), "minlength: 8; required: upper; required: lower; required: digit; required: special; allowed: ascii-printable;", 8},
		"nothing":      {nil, "allowed: ascii-printable;", 0},
		"maximum":      {policy(passwd.Length{Max: 64}), "minlength: 15; maxlength: 64; allowed: ascii-printable;", 15},
		"low maximum":  {policy(passwd.Length{Min: 8, InsecureMaxLength: 20}), "minlength: 8; allowed: ascii-printable;", 8}, // P3
		"one class":    {policy(passwd.Classes{Digit: 2}), "required: digit; allowed: ascii-printable;", 0},
		"runs":         {policy(passwd.Repeated{Max: 3}, passwd.Sequence{Max: 4}), "max-consecutive: 3; allowed: ascii-printable;", 0},
		"from JSON":    {[]passwd.Requirement{require(passwd.TooShort, "min", 12.0)}, "minlength: 12; allowed: ascii-printable;", 12},
		"strictest": {[]passwd.Requirement{
			require(passwd.TooShort, "min", 12), require(passwd.TooShort, "min", int64(9)), require(passwd.TooLong, "max", 100),
			require(passwd.TooLong, "max", 80), require(passwd.TooRepeated, "max", 2), require(passwd.TooRepeated, "max", 5),
		}, "minlength: 12; maxlength: 80; max-consecutive: 2; allowed: ascii-printable;", 12},
		"unknown class": {[]passwd.Requirement{require(passwd.MissingClass, "class", "emoji; maxlength: 1")}, "allowed: ascii-printable;", 0},
		"no class":      {[]passwd.Requirement{require(passwd.MissingClass, "class", []string{"upper"})}, "allowed: ascii-printable;", 0},
		"wrong types":   {[]passwd.Requirement{require(passwd.TooShort, "min", "8; allowed: [a]"), require(passwd.TooLong, "max", nil), require(passwd.ForbiddenCharacters, "allowed", 7)}, "allowed: ascii-printable;", 0},
		"own code":      {[]passwd.Requirement{require("of_a_host", "min", 20), require("of_a_host", "characters", "x")}, "allowed: ascii-printable;", 0},

		"allowed set":     {policy(passwd.Characters{Allowed: upperLower + "0123456789-_]#"}), "allowed: upper, lower, digit, [-#_]];", 0},
		"forbidden set":   {policy(passwd.Characters{Forbidden: "<>"}), "allowed: upper, lower, digit, [- !\"#$%&'()*+,./:;=?@[\\^_`{|}~]];", 0},
		"forbidden class": {policy(passwd.Characters{Forbidden: "0123456789"}), "allowed: upper, lower, special;", 0},
		"class cut short": {
			policy(passwd.Classes{Symbol: 1}, passwd.Characters{Allowed: upperLower + "!?é"}),
			"required: [!?]; allowed: upper, lower, [!?];", 0,
		},
		"required set": {
			policy(passwd.Characters{Required: []passwd.RequiredSet{{Characters: "#+é-", Min: 2}}}),
			"required: [-#+]; allowed: ascii-printable;", 0,
		},
		"nothing in ASCII": {
			policy(passwd.Characters{Allowed: "éàü", Required: []passwd.RequiredSet{{Characters: "é", Min: 1}}}),
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
