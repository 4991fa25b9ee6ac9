package foreign

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
)

// parsePasslibPBKDF2 reads $pbkdf2-sha256$rounds$salt$tag, with -sha512 or (for
// SHA-1) neither.
func parsePasslibPBKDF2(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "$pbkdf2", 4)
	if !ok {
		return stored{}, errFormat
	}
	return roundsSaltTag(f[0], f[1:], h)
}

// roundsSaltTag is PBKDF2 as Passlib writes it, in three fields.
func roundsSaltTag(suffix string, f []string, h *Hasher) (stored, error) {
	var prf func() hash.Hash
	switch suffix {
	case "", "-sha1":
		prf = sha1.New
	case "-sha256":
		prf = sha256.New
	case "-sha512":
		prf = sha512.New
	default:
		return stored{}, errFormat
	}
	var r reader
	rounds, salt, tag := r.number("rounds", f[0]), r.adapted("salt", f[1]), r.adapted("tag", f[2])
	r.check("tag", len(tag) == prf().Size())
	if r.err != nil {
		return stored{}, r.err
	}
	return pbkdf2Hash(h, prf, rounds, salt, tag)
}

// parsePasslibScrypt reads $scrypt$ln=…,r=…,p=…$salt$tag, where ln is the
// logarithm of N.
func parsePasslibScrypt(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "$scrypt$", 3)
	if !ok {
		return stored{}, errFormat
	}
	var r reader
	costs := r.assignments(f[0], "ln", "r", "p")
	salt, tag := r.unpadded("salt", f[1]), r.unpadded("tag", f[2])
	r.check("ln", costs[0] >= 1 && costs[0] < 64)
	if r.err != nil {
		return stored{}, r.err
	}
	return scryptHash(h, 1<<costs[0], costs[1], costs[2], salt, tag)
}
