package passwd

import (
	"strconv"
	"strings"

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

// bcryptAlphabet is the base64 of bcrypt, in the order of its values.
const bcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// checkBcrypt accepts "$2b$" (or a, or y), two digits of cost, "$", and 22
// characters of salt and 31 of digest, both without stray bits at the end: what
// the bcrypt package takes beyond that is nobody's hash.
func checkBcrypt(s string, b Bounds) error {
	if len(s) != 60 || s[:2] != "$2" || !strings.Contains("aby", s[2:3]) || s[3] != '$' || s[6] != '$' {
		return ErrHashFormat
	}
	for _, c := range s[7:] {
		if !strings.ContainsRune(bcryptAlphabet, c) {
			return ErrHashFormat
		}
	}
	// 16 bytes of salt leave 4 bits of the last character unused, 23 of digest 2.
	if strings.IndexByte(bcryptAlphabet, s[28])%16 != 0 || strings.IndexByte(bcryptAlphabet, s[59])%4 != 0 {
		return ErrHashFormat
	}
	cost, err := strconv.ParseUint(s[4:6], 10, 8)
	if err != nil {
		return ErrHashFormat
	}
	return within("cost", cost, minBcryptCost, uint64(b.BcryptCost))
}
