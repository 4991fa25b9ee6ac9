package foreign_test

import (
	"testing"

	"github.com/passwd-go/passwd/internal/redacttest"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

func TestRedacted(t *testing.T) { // I7
	h := foreign.Hasher{
		DevisePepper: redacttest.Canary, FlaskSecuritySalt: redacttest.Canary, SpringSecret: redacttest.Canary, SchemeSecret: redacttest.Canary,
		Firebase: foreign.FirebaseParams{SignerKey: redacttest.Canary, SaltSeparator: redacttest.Canary},
	}
	w, err := foreign.NewWrapper(t.Context(), foreign.Hasher{SchemeSecret: redacttest.Canary}, foreign.MD5Crypt)
	if err != nil {
		t.Fatal(err)
	}
	redacttest.Check(t, ".", nil, foreign.Hasher{}, &h, foreign.FirebaseParams{}, foreign.Probe{}, w)
}
