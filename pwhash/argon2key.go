package pwhash

import (
	"fmt"

	"golang.org/x/crypto/argon2"
)

// Argon2Key computes the tag of Argon2 (RFC 9106), length bytes of it. The variant
// is the RFC's type: [Argon2VariantD], [Argon2VariantI] or [Argon2VariantID]. The
// version is [Argon2Version], or [Argon2Version10] for hashes from before the RFC.
// It returns an error for what it cannot compute.
//
// It is called by several goroutines at once, with parameters that are within the
// Bounds, and must not keep or change password and salt. Its result must be that of
// every other implementation: hashes are stored for years. Package fastargon2 has
// one, in a module of its own.
type Argon2Key func(variant, version uint32, password, salt []byte, passes, kib uint32, lanes uint8, length uint32) ([]byte, error)

// The variants and versions of Argon2.
const (
	Argon2VariantD  uint32 = 0
	Argon2VariantI  uint32 = 1
	Argon2VariantID uint32 = 2

	Argon2Version   uint32 = 0x13 // RFC 9106
	Argon2Version10 uint32 = 0x10 // only read, and only by package foreign
)

// argon2Key is the Argon2Key of x/crypto.
func argon2Key(variant, version uint32, password, salt []byte, passes, kib uint32, lanes uint8, length uint32) ([]byte, error) {
	if version == Argon2Version {
		switch variant {
		case Argon2VariantI:
			return argon2.Key(password, salt, passes, kib, lanes, length), nil
		case Argon2VariantID:
			return argon2.IDKey(password, salt, passes, kib, lanes, length), nil
		}
	}
	return nil, fmt.Errorf("%w: x/crypto has no variant %d of version %d of Argon2", ErrFormat, variant, version)
}

// Compute calls the function, or x/crypto if it is nil, which has only Argon2i and
// Argon2id of version 19: anything else is then an error that wraps [ErrFormat]. A
// result that is not length bytes is an error as well.
func (k Argon2Key) Compute(variant, version uint32, password, salt []byte, passes, kib uint32, lanes uint8, length uint32) ([]byte, error) {
	if k == nil {
		k = argon2Key
	}
	tag, err := k(variant, version, password, salt, passes, kib, lanes, length)
	if err == nil && uint64(len(tag)) != uint64(length) {
		err = fmt.Errorf("pwhash: Argon2Key returned %d bytes for %d", len(tag), length)
	}
	return tag, err
}
