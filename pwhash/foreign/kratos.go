package foreign

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha3"
	"encoding/base64"
	"hash"
	"strings"

	//lint:ignore SA1019 hashes made with it exist
	"golang.org/x/crypto/md4"
)

// parseKratosScrypt reads $scrypt$ln=N,…: N itself, not its logarithm, and padded
// base64. No N is as small as any logarithm is.
func parseKratosScrypt(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "$scrypt$", 3)
	if !ok {
		return stored{}, errFormat
	}
	costs, ok1 := assignments(f[0], "ln", "r", "p")
	salt, ok2 := padded(f[1])
	tag, ok3 := padded(f[2])
	if !ok1 || !ok2 || !ok3 || costs[0] < 64 {
		return stored{}, errFormat
	}
	return scryptHash(h, costs[0], costs[1], costs[2], salt, tag)
}

// parseKratosPBKDF2 reads $pbkdf2-sha256$i=…,l=…$salt$tag, for which the PHC
// format serves other programs too.
func parseKratosPBKDF2(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "$pbkdf2-", 4)
	if !ok || f[0] == "md5" {
		return stored{}, errFormat
	}
	prf, ok1 := digestNamed(f[0])
	switch f[0] { // what Kratos calls sha224 and sha384 here is SHA-3
	case "sha224":
		prf = func() hash.Hash { return sha3.New224() }
	case "sha384":
		prf = func() hash.Hash { return sha3.New384() }
	}
	costs, ok2 := assignments(f[1], "i", "l")
	salt, ok3 := unpadded(f[2])
	tag, ok4 := unpadded(f[3])
	if !ok1 || !ok2 || !ok3 || !ok4 || costs[1] != uint64(len(tag)) {
		return stored{}, errFormat
	}
	return pbkdf2Hash(h, prf, costs[0], salt, tag)
}

// parseKratosCrypt reads the hashes of crypt(3) under longer names.
func parseKratosCrypt(s string, h *Hasher) (stored, error) {
	for _, name := range [][2]string{{"$md5-crypt$", "$1$"}, {"$sha256-crypt$", "$5$"}, {"$sha512-crypt$", "$6$"}} {
		if rest, ok := strings.CutPrefix(s, name[0]); ok {
			return parseUnixCrypt(name[1]+rest, h)
		}
	}
	return stored{}, errFormat
}

// parseKratosDigest reads $sha256$pf=template$salt$tag (also md5, sha1, sha512),
// all three in base64. The template, as {SALT}{PASSWORD}, says what is hashed.
func parseKratosDigest(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "$", 4)
	if !ok {
		return stored{}, errFormat
	}
	encoded, ok := strings.CutPrefix(f[1], "pf=")
	newHash, known := digestNamed(f[0])
	template, ok1 := padded(encoded)
	salt, ok2 := padded(f[2])
	tag, ok3 := padded(f[3])
	if !ok || !known || !ok1 || !ok2 || !ok3 || len(tag) != newHash().Size() {
		return stored{}, errFormat
	}
	// Short, as each mark can stand for 4 KiB of password.
	if len(template) > 128 || len(salt) > 128 || !strings.Contains(string(template), "{PASSWORD}") {
		return stored{}, errFormat
	}
	blank := "$" + f[0] + "$" + f[1] + "$" + f[2] + "$" + base64Zeros(tag)
	return stored{tag: tag, blank: blank, derive: func(password string) ([]byte, error) {
		marks := strings.NewReplacer("{SALT}", string(salt), "{PASSWORD}", password)
		return digest(newHash, marks.Replace(string(template))), nil
	}}, nil
}

// parseKratosMD5 reads $md5$ and an unsalted MD5 in base64.
func parseKratosMD5(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "$md5$", 1)
	if !ok {
		return stored{}, errFormat
	}
	tag, ok := padded(f[0])
	if !ok {
		return stored{}, errFormat
	}
	return digestHash(md5.New, "", "", tag, "$md5$"+base64Zeros(tag))
}

// parseKratosHMAC reads $hmac-sha256$tag$key: base64 of the tag in hex, and of the
// key, which takes the place of a salt.
func parseKratosHMAC(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "$hmac-", 3)
	if !ok {
		return stored{}, errFormat
	}
	newHash, known := digestNamed(f[0])
	if f[0] == "md4" {
		newHash, known = md4.New, true
	}
	digits, ok1 := padded(f[1])
	key, ok2 := padded(f[2])
	tag, ok3 := hexBytes(string(digits))
	if !known || !ok1 || !ok2 || !ok3 || len(key) == 0 || len(tag) != newHash().Size() {
		return stored{}, errFormat
	}
	blank := "$hmac-" + f[0] + "$" + base64.StdEncoding.EncodeToString([]byte(zeros(string(digits)))) + "$" + f[2]
	return stored{tag: tag, blank: blank, derive: func(password string) ([]byte, error) {
		return keyed(newHash, key, password), nil
	}}, nil
}

func keyed(newHash func() hash.Hash, key []byte, message string) []byte {
	mac := hmac.New(newHash, key)
	mac.Write([]byte(message))
	return mac.Sum(nil)
}

func base64Zeros(tag []byte) string {
	return base64.StdEncoding.EncodeToString(make([]byte, len(tag)))
}
