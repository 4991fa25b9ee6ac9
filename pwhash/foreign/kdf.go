package foreign

import (
	"crypto/pbkdf2"
	"fmt"
	"hash"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/scrypt"
)

func checkSaltAndTag(salt, tag []byte) error {
	if err := within("salt", uint64(len(salt)), 1, maxSalt); err != nil {
		return err
	}
	return within("tag", uint64(len(tag)), minTag, maxTag)
}

func pbkdf2Hash(h *Hasher, prf func() hash.Hash, rounds uint64, salt, tag []byte) (stored, error) {
	if err := h.Bounds.PBKDF2(rounds); err != nil {
		return stored{}, err
	}
	if err := checkSaltAndTag(salt, tag); err != nil {
		return stored{}, err
	}
	return stored{tag: tag, price: roundsOf(rounds), derive: func(password string) ([]byte, error) {
		return pbkdf2.Key(prf, password, salt, int(rounds), len(tag))
	}}, nil
}

func scryptHash(h *Hasher, n, r, p uint64, salt, tag []byte) (stored, error) {
	if err := h.Bounds.Scrypt(n, r, p); err != nil {
		return stored{}, err
	}
	if err := checkSaltAndTag(salt, tag); err != nil {
		return stored{}, err
	}
	costs := price{fmt.Sprintf("N=%d,r=%d,p=%d", n, r, p), 128 * n * r}
	return stored{tag: tag, price: costs, derive: func(password string) ([]byte, error) {
		return scrypt.Key([]byte(password), salt, int(n), int(r), int(p), len(tag))
	}}, nil
}

type argon2Costs struct{ kib, passes, lanes uint64 }

// argon2Hash is Argon2 of version 19, variant "i" or "id"; x/crypto has no other.
func argon2Hash(h *Hasher, variant string, c argon2Costs, salt, tag []byte) (stored, error) {
	key := argon2.IDKey
	switch variant {
	case "id":
	case "i":
		key = argon2.Key
	default:
		return stored{}, errFormat
	}
	if err := h.Bounds.Argon2(c.kib, c.passes, c.lanes); err != nil {
		return stored{}, err
	}
	if err := within("salt", uint64(len(salt)), 8, maxSalt); err != nil {
		return stored{}, err
	}
	if err := within("tag", uint64(len(tag)), minTag, maxTag); err != nil {
		return stored{}, err
	}
	costs := price{fmt.Sprintf("m=%d,t=%d,p=%d", c.kib, c.passes, c.lanes), c.kib << 10}
	return stored{tag: tag, price: costs, derive: func(password string) ([]byte, error) {
		return key([]byte(password), salt, uint32(c.passes), uint32(c.kib), uint8(c.lanes), uint32(len(tag))), nil
	}}, nil
}

// parsePHCArgon2 reads $argon2id$v=19$m=…,t=…,p=…$salt$tag, and $argon2i$ alike.
func parsePHCArgon2(s string, h *Hasher) (stored, error) {
	if !strings.HasPrefix(s, "$argon2") {
		return stored{}, errFormat
	}
	f, ok := fields(s, "$argon2", 5)
	if !ok {
		return stored{}, malformed("")
	}
	var r reader
	r.check("version", f[1] == "v=19")
	costs := r.assignments(f[2], "m", "t", "p")
	salt, tag := r.unpadded("salt", f[3]), r.unpadded("tag", f[4])
	if r.err != nil {
		return stored{}, r.err
	}
	return argon2Hash(h, f[0], argon2Costs{costs[0], costs[1], costs[2]}, salt, tag)
}

func parseArgon2id(s string, h *Hasher) (stored, error) { return parsePrefixed(s, "$argon2id$", h) }

func parseArgon2i(s string, h *Hasher) (stored, error) { return parsePrefixed(s, "$argon2i$", h) }

func parsePrefixed(s, prefix string, h *Hasher) (stored, error) {
	if !strings.HasPrefix(s, prefix) {
		return stored{}, errFormat
	}
	return parsePHCArgon2(s, h)
}
