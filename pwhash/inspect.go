package pwhash

import (
	"strings"
)

// Info is what a stored hash says about itself.
type Info struct {
	Format string // "argon2id", "scrypt", "pbkdf2-sha256", "bcrypt", or the name of another hasher's format
	Cost   string // its parameters as they stand in the hash: "m=19456,t=2,p=1"
	KeyID  string // of the pepper it is keyed with, or ""
	Memory int64  // bytes held while it is verified, as far as they matter
	Stale  bool   // it verifies, and is replaced when its owner signs in
}

// Inspector is a [Hasher] that can tell what a stored hash is. All hashers of this
// module are. A service bounds the memory of its hashing only with one.
type Inspector interface {
	Hasher
	// Inspect computes no hash. Its errors are those of Verify; with ErrPepperKey,
	// the rest is filled in nevertheless.
	Inspect(h Hash) (Info, error)
}

func (b builtin) inspect(stored Hash) (Info, error) {
	h, err := b.parse(stored)
	if err != nil {
		return Info{}, err
	}
	if h.scheme == nil {
		cost := strings.TrimPrefix(string(stored[4:6]), "0")
		return Info{Format: "bcrypt", Cost: "cost=" + cost, Memory: bcryptMemory, Stale: true}, nil
	}
	info := Info{Format: h.scheme.name, Cost: h.cost(), KeyID: h.keyID, Memory: h.scheme.memory(h.costs), Stale: b.stale(h)}
	_, err = b.pepper.open(h)
	return info, err
}
