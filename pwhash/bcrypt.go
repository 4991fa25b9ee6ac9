package pwhash

import (
	"strings"

	"github.com/passwd-go/passwd/pwhash/internal/form"
	"golang.org/x/crypto/bcrypt"
)

const (
	minBcryptCost = 4
	bcryptLimit   = 72 // bytes of a password that bcrypt reads
	bcryptMemory  = 4 << 10
)

// matchesBcrypt compares a password with a hash that checkBcrypt accepts. The
// comparison passes over what follows byte 72, and takes a password that repeats
// itself after a NUL for the part before it. It is made all the same, so that time
// does not tell which it was.
func matchesBcrypt(h, password string) bool {
	err := bcrypt.CompareHashAndPassword([]byte(h), []byte(password))
	return err == nil && len(password) <= bcryptLimit && !strings.Contains(password, "\x00")
}

// checkBcrypt accepts "$2b$", or a or y, whose cost is within bounds.
func checkBcrypt(s string, b Bounds) error {
	cost, ok := form.BcryptCost(s, "aby")
	if !ok {
		return &FormatError{Problem: Malformed, Formats: []string{"bcrypt"}}
	}
	return b.Bcrypt(cost)
}
