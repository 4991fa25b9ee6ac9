package foreign_test

import (
	"testing"

	"github.com/passwd-go/passwd/internal/redacttest"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

func TestRedacted(t *testing.T) { // I7
	redacttest.Check(t, ".", nil, foreign.Hasher{},
		&foreign.Hasher{DevisePepper: redacttest.Canary, FlaskSecuritySalt: redacttest.Canary, SpringSecret: redacttest.Canary})
}
