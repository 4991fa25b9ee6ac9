package wire_test

import (
	"testing"

	"github.com/passwd-go/passwd/internal/redacttest"
	"github.com/passwd-go/passwd/wire"
)

func TestRedacted(t *testing.T) { // I7
	const digest = "is a digest of a random secret"
	redacttest.Check(t, ".", map[string]string{"StaticClients.APIKeys": digest, "StaticClients.Credentials": digest},
		wire.Brand{}, wire.Remind{}, wire.SignIn{})
}
