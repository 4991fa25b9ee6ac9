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
	f := strings.Split(s, "$")
	name, ok := strings.CutPrefix(f[0], "pbkdf2_")
	if !ok {
		return stored{}, errFormat
	}
	var prf func() hash.Hash
	switch name {
	case "sha256":
		prf = sha256.New
	case "sha1":
		prf = sha1.New
	default:
		return stored{}, malformed("digest")
	}
	if len(f) != 4 {
		return stored{}, malformed("")
	}
	var r reader
	rounds, tag := r.number("rounds", f[1]), r.padded("tag", f[3])
	r.check("tag", len(tag) == prf().Size())
	if r.err != nil {
		return stored{}, r.err
	}
	return pbkdf2Hash(h, prf, rounds, []byte(f[2]), tag)
}

func parseDjangoScrypt(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "scrypt$", 5)
	if !ok {
		return stored{}, errFormat
	}
	var read reader
	n, r, p := read.number("N", f[0]), read.number("r", f[2]), read.number("p", f[3])
	tag := read.padded("tag", f[4])
	if read.err != nil {
		return stored{}, read.err
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
	newHash, _ := digestNamed(f[0])
	tag, ok := hexBytes(f[2])
	if !ok || len(tag) != newHash().Size() {
		return stored{}, malformed("tag")
	}
	return digestHash(newHash, f[1], "", tag, f[0]+"$"+f[1]+"$"+zeros(f[2]))
}
