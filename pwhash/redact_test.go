package pwhash_test

import (
	"testing"

	"github.com/passwd-go/passwd/internal/redacttest"
	"github.com/passwd-go/passwd/pwhash"
)

func TestRedacted(t *testing.T) { // I7
	redacttest.Check(t, ".", map[string]string{"Info.KeyID": "names a key"},
		pwhash.Argon2id{}, pwhash.PBKDF2{}, pwhash.Scrypt{}, pwhash.Pepper{}, pwhash.PepperKey{})
}
