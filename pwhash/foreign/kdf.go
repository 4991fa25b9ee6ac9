package foreign

import (
	"crypto/pbkdf2"
	"fmt"
	"hash"
	"slices"
	"strings"

	"github.com/passwd-go/passwd/pwhash"
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

// argon2Hash is Argon2 of variant "d", "i" or "id". Without Argon2Key, a hash of
// Argon2d or version 16 is malformed, or else one that cannot be computed.
func argon2Hash(h *Hasher, variant string, version uint32, c argon2Costs, salt, tag []byte) (stored, error) {
	number, ok := map[string]uint32{"d": pwhash.Argon2VariantD, "i": pwhash.Argon2VariantI, "id": pwhash.Argon2VariantID}[variant]
	if !ok {
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
	key := h.argon2Key()
	if key == nil && (number == pwhash.Argon2VariantD || version != pwhash.Argon2Version) {
		return stored{}, errArgon2Key
	}
	costs := price{fmt.Sprintf("m=%d,t=%d,p=%d", c.kib, c.passes, c.lanes), c.kib << 10}
	return stored{tag: tag, price: costs, derive: func(password string) ([]byte, error) {
		return key.Compute(number, version, []byte(password), salt, uint32(c.passes), uint32(c.kib), uint8(c.lanes), uint32(len(tag)))
	}}, nil
}

// argon2Key is what computes Argon2, nil for x/crypto.
func (h *Hasher) argon2Key() pwhash.Argon2Key {
	if base, ok := h.Base.(pwhash.Argon2id); ok && h.Argon2Key == nil {
		return base.Key
	}
	return h.Argon2Key
}

// parsePHCArgon2 reads $argon2id$v=19$m=…,t=…,p=…$salt$tag, and the other variants
// alike. Without v=, the version is 16.
func parsePHCArgon2(s string, h *Hasher) (stored, error) {
	if !strings.HasPrefix(s, "$argon2") {
		return stored{}, errFormat
	}
	f, ok := fields(s, "$argon2", 5)
	version := pwhash.Argon2Version
	switch {
	case ok && f[1] == "v=19":
	case ok && f[1] == "v=16":
		version = pwhash.Argon2Version10
	case len(f) == 4:
		version = pwhash.Argon2Version10
		f, ok = slices.Insert(f, 1, ""), true
	case ok:
		return stored{}, malformed("version")
	}
	if !ok {
		return stored{}, malformed("")
	}
	var r reader
	costs := r.assignments(f[2], "m", "t", "p")
	salt, tag := r.unpadded("salt", f[3]), r.unpadded("tag", f[4])
	if r.err != nil {
		return stored{}, r.err
	}
	return argon2Hash(h, f[0], version, argon2Costs{costs[0], costs[1], costs[2]}, salt, tag)
}

func parseArgon2id(s string, h *Hasher) (stored, error) { return parsePrefixed(s, "$argon2id$", h) }

func parseArgon2d(s string, h *Hasher) (stored, error) { return parsePrefixed(s, "$argon2d$", h) }

func parseArgon2i(s string, h *Hasher) (stored, error) { return parsePrefixed(s, "$argon2i$", h) }

func parsePrefixed(s, prefix string, h *Hasher) (stored, error) {
	if !strings.HasPrefix(s, prefix) {
		return stored{}, errFormat
	}
	return parsePHCArgon2(s, h)
}
