package foreign

import (
	"crypto/md5"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"strings"
)

// parsePhpass reads the portable hashes of phpass: "$P$" or (phpBB) "$H$", a
// character for the logarithm of the rounds, 8 of salt and 22 of MD5.
func parsePhpass(s string, h *Hasher) (stored, error) {
	if !strings.HasPrefix(s, "$P$") && !strings.HasPrefix(s, "$H$") {
		return stored{}, errFormat
	}
	if len(s) != 34 {
		return stored{}, malformed("length")
	}
	return stretched(s, h, md5.New)
}

// parseDrupal7 reads "$S$", which is phpass with SHA-512 and cut to 55
// characters, and what an upgrade from Drupal 6 made: a "U" before a hash over
// the hex MD5 of the password.
func parseDrupal7(s string, h *Hasher) (stored, error) {
	inner, upgraded := strings.CutPrefix(s, "U")
	var p stored
	var err error
	switch {
	case strings.HasPrefix(inner, "$S$") && len(inner) == 55:
		p, err = stretched(inner, h, sha512.New)
	case upgraded:
		p, err = parsePhpass(inner, h)
	default:
		err = errFormat
	}
	if err != nil || !upgraded {
		return p, err
	}
	derive := p.derive
	return stored{tag: p.tag, price: p.price, derive: func(password string) ([]byte, error) {
		sum := md5.Sum([]byte(password))
		return derive(hex.EncodeToString(sum[:]))
	}}, nil
}

// stretched is the scheme of phpass: H(salt, password), then 2^n times
// H(digest, password).
func stretched(s string, h *Hasher, newHash func() hash.Hash) (stored, error) {
	if !only(s[3:], itoa64) {
		return stored{}, errFormat
	}
	log2 := uint64(strings.IndexByte(itoa64, s[3]))
	if err := h.Bounds.Phpass(log2); err != nil {
		return stored{}, err
	}
	salt, tag := s[4:12], s[12:]
	blank := s[:12] + strings.Repeat(".", len(tag))
	return stored{tag: []byte(tag), blank: blank, price: roundsOf(1 << log2), derive: func(password string) ([]byte, error) {
		rounds := uint64(1) << log2
		if tooLong(password, rounds) {
			return nil, nil
		}
		digest := newHash()
		sum := make([]byte, 0, digest.Size())
		digest.Write([]byte(salt))
		digest.Write([]byte(password))
		sum = digest.Sum(sum)
		for range rounds {
			digest.Reset()
			digest.Write(sum)
			digest.Write([]byte(password))
			sum = digest.Sum(sum[:0])
		}
		return encode64(sum)[:len(tag)], nil
	}}, nil
}
