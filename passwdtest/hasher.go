package passwdtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwhash"
)

// Hasher is a salted SHA-256, for tests only: it takes a microsecond, and so
// does each guess at what it made. A hash it did not make is pwhash.ErrFormat.
type Hasher struct{}

const hashPrefix = "$insecure-test$"

// Hash makes a hash with a salt of 8 random bytes.
func (Hasher) Hash(_ context.Context, password string) (passwd.Hash, error) {
	salt := make([]byte, 8)
	rand.Read(salt)
	return passwd.Hash(hashPrefix + hex.EncodeToString(salt) + "$" + digest(hex.EncodeToString(salt), password)), nil
}

// Verify compares a password with a hash.
func (Hasher) Verify(_ context.Context, h passwd.Hash, password string) (pwhash.Verdict, error) {
	rest, ours := strings.CutPrefix(string(h), hashPrefix)
	salt, want, cut := strings.Cut(rest, "$")
	if !ours || !cut {
		return pwhash.Verdict{}, fmt.Errorf("passwdtest: not made for tests: %w", pwhash.ErrFormat)
	}
	match := subtle.ConstantTimeCompare([]byte(want), []byte(digest(salt, password))) == 1
	return pwhash.Verdict{Match: match}, nil
}

func digest(salt, password string) string {
	sum := sha256.Sum256([]byte(salt + password))
	return hex.EncodeToString(sum[:])
}
