package passwd_test

import (
	"context"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/pwpolicy"
)

func policyOf(t testing.TB, rules ...pwpolicy.Rule) pwpolicy.Policy {
	t.Helper()
	p, err := pwpolicy.New(rules...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// codesOf names violations: "too_short missing_class:upper".
func codesOf(violations []pwpolicy.Violation) string {
	var codes []string
	for _, v := range violations {
		code := string(v.Code)
		if class, ok := v.Params["class"].(string); ok {
			code += ":" + class
		}
		codes = append(codes, code)
	}
	return strings.Join(codes, " ")
}

// hostRule is a rule of the host's own, which refuses everything.
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

// scored is a rule that gives one score to all.
type scored struct{ hostRule }

func (scored) Score(c *pwpolicy.Candidate) int { return min(c.Length()/5, 4) }
