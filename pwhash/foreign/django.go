package foreign

import (
	"crypto/sha1"
	"crypto/sha256"
	"hash"
	"strings"
)

// Django writes algorithm$…$salt$digest. Its salts are text: they are hashed as
// they stand, and not decoded.

func parseDjangoPBKDF2(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "pbkdf2_", 4)
	if !ok {
		return stored{}, errFormat
	}
	var prf func() hash.Hash
	switch f[0] {
	case "sha256":
		prf = sha256.New
	case "sha1":
		prf = sha1.New
	default:
		return stored{}, errFormat
	}
	rounds, ok1 := number(f[1])
	tag, ok2 := padded(f[3])
	if !ok1 || !ok2 || len(tag) != prf().Size() {
		return stored{}, errFormat
	}
	return pbkdf2Hash(h, prf, rounds, []byte(f[2]), tag)
}

func parseDjangoScrypt(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "scrypt$", 5)
	if !ok {
		return stored{}, errFormat
	}
	n, ok1 := number(f[0])
	r, ok2 := number(f[2])
	p, ok3 := number(f[3])
	tag, ok4 := padded(f[4])
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return stored{}, errFormat
	}
	return scryptHash(h, n, r, p, []byte(f[1]), tag)
}

func parseDjangoArgon2(s string, h *Hasher) (stored, error) {
	inner, ok := strings.CutPrefix(s, "argon2$argon2")
	if !ok {
		return stored{}, errFormat
	}
	return parsePHCArgon2("$argon2"+inner, h)
}

func parseDjangoBcrypt(s string, h *Hasher) (stored, error) {
	inner, ok := strings.CutPrefix(s, "bcrypt$")
	if !ok {
		return stored{}, errFormat
	}
	return parseBcrypt(inner, h)
}

// parseDjangoBcryptSHA256 reads bcrypt of the hex SHA-256 of a password.
func parseDjangoBcryptSHA256(s string, h *Hasher) (stored, error) {
	inner, ok := strings.CutPrefix(s, "bcrypt_sha256$")
	if !ok {
		return stored{}, errFormat
	}
	return bcryptOver(inner, h, sha256Hex)
}

// parseDjangoDigest reads sha1$salt$hex and md5$salt$hex.
func parseDjangoDigest(s string, h *Hasher) (stored, error) { return djangoDigest(s, true) }

// parseDjangoUnsalted reads sha1$$hex and md5$$hex.
func parseDjangoUnsalted(s string, h *Hasher) (stored, error) { return djangoDigest(s, false) }

func djangoDigest(s string, salted bool) (stored, error) {
	f, ok := fields(s, "", 3)
	if !ok || f[0] != "sha1" && f[0] != "md5" || (f[1] != "") != salted {
		return stored{}, errFormat
	}
	tag, ok := hexBytes(f[2])
	if !ok {
		return stored{}, errFormat
	}
	newHash, _ := digestNamed(f[0])
	return digestHash(newHash, f[1], "", tag, f[0]+"$"+f[1]+"$"+zeros(f[2]))
}
