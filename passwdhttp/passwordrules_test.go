package passwdhttp_test

import (
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

func TestPasswordRules(t *testing.T) {
	policy := func(rules ...passwd.Rule) []passwd.Requirement {
		p, err := passwd.NewPolicy(rules...)
		if err != nil {
			t.Fatal(err)
		}
		return p.Requirements()
	}
	for name, tc := range map[string]struct {
		requirements []passwd.Requirement
		want         string
	}{
		"NIST":          {passwd.NIST().Requirements(), "minlength: 15; allowed: ascii-printable;"},
		"conventional":  {passwd.Conventional().Requirements(), "minlength: 8; required: upper; required: lower; required: digit; required: special; allowed: ascii-printable;"},
		"no rules":      {passwd.InsecureNoRules().Requirements(), "allowed: ascii-printable;"},
		"maximum":       {policy(passwd.Length{Max: 64}), "minlength: 15; maxlength: 64; allowed: ascii-printable;"},
		"low maximum":   {policy(passwd.Length{Min: 8, InsecureMaxLength: 20}), "minlength: 8; allowed: ascii-printable;"},
		"one class":     {policy(passwd.Classes{Digit: 2}), "required: digit; allowed: ascii-printable;"},
		"from JSON":     {[]passwd.Requirement{{Code: passwd.TooShort, Params: map[string]any{"min": 12.0}}}, "minlength: 12; allowed: ascii-printable;"},
		"strictest":     {[]passwd.Requirement{{Code: passwd.TooShort, Params: map[string]any{"min": 12}}, {Code: passwd.TooShort, Params: map[string]any{"min": int64(9)}}, {Code: passwd.TooLong, Params: map[string]any{"max": 100}}, {Code: passwd.TooLong, Params: map[string]any{"max": 80}}}, "minlength: 12; maxlength: 80; allowed: ascii-printable;"},
		"no class":      {[]passwd.Requirement{{Code: passwd.MissingClass, Params: map[string]any{"class": []string{"upper"}}}}, "allowed: ascii-printable;"},
		"unknown class": {[]passwd.Requirement{{Code: passwd.MissingClass, Params: map[string]any{"class": "emoji; maxlength: 1"}}}, "allowed: ascii-printable;"},
	} {
		if got := passwdhttp.PasswordRules(tc.requirements); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestDescribe(t *testing.T) {
	for _, tc := range []struct {
		code   passwd.ViolationCode
		params map[string]any
		want   string
	}{
		{passwd.TooShort, map[string]any{"min": 1}, "Enter a password."},
		{passwd.TooShort, map[string]any{"min": 8}, "Use at least 8 characters."},
		{passwd.TooLong, map[string]any{"max": 64, "unit": "characters"}, "Use at most 64 characters."},
		{passwd.TooLong, map[string]any{"max": 4096, "unit": "bytes"}, "Use a shorter password."},
		{passwd.InvalidEncoding, nil, "Leave out characters that cannot be stored."},
		{passwd.MissingClass, map[string]any{"class": "digit", "min": 1}, "Use at least one digit."},
		{passwd.MissingClass, map[string]any{"class": "upper", "min": 3}, "Use at least 3 capital letters."},
		{passwd.MissingClass, map[string]any{"class": "symbol", "min": 2}, "Use at least 2 characters that are neither letters nor digits."},
		{passwd.Numeric, nil, "Do not use digits alone."},
		{passwd.SameAsLogin, nil, "Do not use your username, e-mail address or phone number."},
		{passwd.Reused, map[string]any{"depth": 1}, "Do not use your current password."},
		{passwd.Reused, map[string]any{"depth": 5}, "Do not use one of your last 5 passwords."},
		{passwd.MissingClass, map[string]any{"class": []string{"upper"}}, "Use another kind of character as well."},
		{"of_a_host", map[string]any{"x": "y"}, "Choose another password."},
	} {
		if got := passwdhttp.Describe(tc.code, tc.params); got != tc.want {
			t.Errorf("%s %v: %q, want %q", tc.code, tc.params, got, tc.want)
		}
	}
}
