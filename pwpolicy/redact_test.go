package pwpolicy_test

import (
	"testing"

	"github.com/passwd-go/passwd/internal/redacttest"
	"github.com/passwd-go/passwd/pwpolicy"
)

func TestRedacted(t *testing.T) { // I7
	const code = "is the code of a rule"
	redacttest.Check(t, ".", map[string]string{"Violation.Code": code, "Requirement.Code": code},
		pwpolicy.Subject{}, pwpolicy.NewCandidate(redacttest.Canary, pwpolicy.Subject{Current: redacttest.Canary}))
}
