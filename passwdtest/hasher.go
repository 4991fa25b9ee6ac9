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
)

// Hasher is a salted SHA-256, for tests only: it takes a microsecond, and so
// does each guess at what it made. A hash it did not make is passwd.ErrHashFormat.
type Hasher struct{}

const hashPrefix = "$insecure-test$"

// Hash makes a hash with a salt of 8 random bytes.
func (Hasher) Hash(_ context.Context, password string) (passwd.Hash, error) {
	salt := make([]byte, 8)
	rand.Read(salt)
	return passwd.Hash(hashPrefix + hex.EncodeToString(salt) + "$" + digest(hex.EncodeToString(salt), password)), nil
}

// Verify compares a password with a hash.
func (Hasher) Verify(_ context.Context, h passwd.Hash, password string) (passwd.Verdict, error) {
	rest, ours := strings.CutPrefix(string(h), hashPrefix)
	salt, want, cut := strings.Cut(rest, "$")
	if !ours || !cut {
		return passwd.Verdict{}, fmt.Errorf("passwdtest: not made for tests: %w", passwd.ErrHashFormat)
	}
	match := subtle.ConstantTimeCompare([]byte(want), []byte(digest(salt, password))) == 1
	return passwd.Verdict{Match: match}, nil
}

func digest(salt, password string) string {
	sum := sha256.Sum256([]byte(salt + password))
	return hex.EncodeToString(sum[:])
}
