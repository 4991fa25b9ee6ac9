package jwt_test

import (
	"context"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/redacttest"
	"github.com/passwd-go/passwd/session/jwt"
)

func TestRedacted(t *testing.T) { // I7
	for _, algorithm := range []jwt.Algorithm{jwt.HS256, jwt.EdDSA} {
		a, err := jwt.New(jwt.Config{
			Purpose: "test", Issuer: "test", Algorithm: algorithm, Keys: passwd.Keys{Current: []byte(redacttest.Canary)},
			Live: func(context.Context, passwd.Ref, int64) (passwd.Reason, error) { return "", nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		redacttest.Check(t, ".", nil, jwt.Config{}, a, &a.VerificationKeys()[0], &jwt.VerificationKey{Key: []byte(redacttest.Canary)})
	}
}
