package foreign

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"hash"
)

// parseASPNETIdentity reads the base64 of ASP.NET's PasswordHasher. Version 2: a
// byte 0, 16 of salt, 32 of key. Version 3: a byte 1, then in four bytes each the
// PRF, the rounds and the length of the salt, then salt and key.
func parseASPNETIdentity(s string, h *Hasher) (stored, error) {
	b, ok := padded(s)
	if !ok || len(b) == 0 {
		return stored{}, errFormat
	}
	switch b[0] {
	case 0:
		if len(b) == 1+16+32 {
			return pbkdf2Hash(h, sha1.New, 1000, b[1:17], b[17:])
		}
	case 1:
		if len(b) >= 13+16+16 {
			return aspnetVersion3(b[1:], h)
		}
	}
	return stored{}, errFormat
}

func aspnetVersion3(b []byte, h *Hasher) (stored, error) {
	prf, rounds, size := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	b = b[12:]
	if size < 16 || uint64(size)+16 > uint64(len(b)) {
		return stored{}, errFormat
	}
	salt, key := b[:size], b[size:]
	var newHash func() hash.Hash
	switch prf {
	case 0:
		newHash = sha1.New
	case 1:
		newHash = sha256.New
	case 2:
		newHash = sha512.New
	default:
		return stored{}, errFormat
	}
	return pbkdf2Hash(h, newHash, uint64(rounds), salt, key)
}
