package foreign

import (
	"crypto/sha1"
	"crypto/sha512"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// parseAtlassian reads {PKCS5S2}: base64 of 16 bytes of salt and 32 of PBKDF2 with
// SHA-1 and 10,000 rounds.
func parseAtlassian(s string, h *Hasher) (stored, error) {
	value, ok := strings.CutPrefix(s, "{PKCS5S2}")
	b, ok1 := padded(value)
	if !ok || !ok1 || len(b) != 48 {
		return stored{}, errFormat
	}
	return pbkdf2Hash(h, sha1.New, 10_000, b[:16], b[16:])
}

// parseGRUB reads grub.pbkdf2.sha512.rounds.salt.tag, in hex.
func parseGRUB(s string, h *Hasher) (stored, error) {
	value, ok := strings.CutPrefix(s, "grub.pbkdf2.sha512.")
	f := strings.SplitN(value, ".", 4)
	if !ok || len(f) != 3 {
		return stored{}, errFormat
	}
	rounds, ok1 := number(f[0])
	salt, ok2 := hexBytes(f[1])
	tag, ok3 := hexBytes(f[2])
	if !ok1 || !ok2 || !ok3 {
		return stored{}, errFormat
	}
	return pbkdf2Hash(h, sha512.New, rounds, salt, tag)
}

// parseMediaWiki reads :pbkdf2:sha512:rounds:length:salt:tag, the same around an older hash,
// and :argon2:.
func parseMediaWiki(s string, h *Hasher) (stored, error) {
	value, ok := strings.CutPrefix(s, ":pbkdf2:")
	if p, err := parseMediaWikiArgon2(s, h); err != errFormat {
		return p, err
	}
	if p, err := parseMediaWikiLayered(s, h); err != errFormat {
		return p, err
	}
	f := strings.SplitN(value, ":", 6)
	if !ok || len(f) != 5 || f[0] == "md5" {
		return stored{}, errFormat
	}
	prf, ok1 := digestNamed(f[0])
	rounds, ok2 := number(f[1])
	size, ok3 := number(f[2])
	salt, ok4 := padded(f[3])
	tag, ok5 := padded(f[4])
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || size != uint64(len(tag)) {
		return stored{}, errFormat
	}
	return pbkdf2Hash(h, prf, rounds, salt, tag)
}

// parseBetterAuth reads salt:tag in hex: scrypt with N 16384, r 16 and p 1 over
// the password in NFKC. The hex of the salt is hashed, not what it stands for.
func parseBetterAuth(s string, h *Hasher) (stored, error) {
	salt, digits, ok := strings.Cut(s, ":")
	raw, ok1 := hexBytes(salt)
	tag, ok2 := hexBytes(digits)
	if !ok || !ok1 || !ok2 || len(raw) != 16 || len(tag) != 64 {
		return stored{}, errFormat
	}
	p, err := scryptHash(h, 16384, 16, 1, []byte(salt), tag)
	if err != nil {
		return stored{}, err
	}
	return stored{tag: tag, price: p.price, derive: func(password string) ([]byte, error) {
		return p.derive(norm.NFKC.String(password))
	}}, nil
}
