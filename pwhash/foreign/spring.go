package foreign

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
	"strings"
)

// Spring Security's DelegatingPasswordEncoder puts the id of an encoder in braces
// before what that encoder wrote.

func parseSpringBcrypt(s string, h *Hasher) (stored, error) {
	inner, ok := strings.CutPrefix(s, "{bcrypt}")
	if !ok {
		return stored{}, errFormat
	}
	return parseBcrypt(inner, h)
}

func parseSpringArgon2(s string, h *Hasher) (stored, error) {
	for _, id := range []string{"{argon2@SpringSecurity_v5_8}", "{argon2}"} {
		if inner, ok := strings.CutPrefix(s, id); ok {
			return parsePHCArgon2(inner, h)
		}
	}
	return stored{}, errFormat
}

// parseSpringPBKDF2 reads the hex of salt and key. What it took to derive the key
// is not stored: it follows from the id. Spring appends its secret to the salt.
func parseSpringPBKDF2(s string, h *Hasher) (stored, error) {
	encoder := struct {
		salt   int
		rounds uint64
		prf    func() hash.Hash
	}{16, 310_000, sha256.New}
	digits, ok := strings.CutPrefix(s, "{pbkdf2@SpringSecurity_v5_8}")
	if !ok {
		if digits, ok = strings.CutPrefix(s, "{pbkdf2}"); !ok {
			return stored{}, errFormat
		}
		encoder.salt, encoder.rounds, encoder.prf = 8, 185_000, sha1.New
	}
	b, ok := hexBytes(digits)
	if !ok || len(b) != encoder.salt+32 {
		return stored{}, malformed("salt and tag")
	}
	salt := append(b[:encoder.salt:encoder.salt], h.SpringSecret...)
	return pbkdf2Hash(h, encoder.prf, encoder.rounds, salt, b[encoder.salt:])
}

// parseSpringScrypt reads $params$salt$tag, where params is the hex of log2 N, r
// and p in 16, 8 and 8 bits.
func parseSpringScrypt(s string, h *Hasher) (stored, error) {
	inner, ok := strings.CutPrefix(s, "{scrypt@SpringSecurity_v5_8}")
	if !ok {
		if inner, ok = strings.CutPrefix(s, "{scrypt}"); !ok {
			return stored{}, errFormat
		}
	}
	f, ok := fields(inner, "$", 3)
	if !ok {
		return stored{}, errFormat
	}
	params, err := strconv.ParseUint(f[0], 16, 32)
	log2, r, p := params>>16, params>>8&0xff, params&0xff
	var read reader
	read.check("parameters", err == nil && strconv.FormatUint(params, 16) == f[0] && log2 >= 1 && log2 < 64)
	salt, tag := read.padded("salt", f[1]), read.padded("tag", f[2])
	if read.err != nil {
		return stored{}, read.err
	}
	return scryptHash(h, 1<<log2, r, p, salt, tag)
}

// parseSpringSHA256 reads the StandardPasswordEncoder: hex of 8 bytes of salt and
// a SHA-256 that is 1024 times over salt, secret and password.
func parseSpringSHA256(s string, h *Hasher) (stored, error) {
	digits, ok := strings.CutPrefix(s, "{sha256}")
	b, isHex := hexBytes(digits)
	if !ok || !isHex || len(b) != 8+sha256.Size {
		return stored{}, errFormat
	}
	prefix := string(b[:8]) + h.SpringSecret
	return stored{tag: b[8:], blank: s[:24] + zeros(s[24:]), derive: func(password string) ([]byte, error) {
		sum := sha256.Sum256([]byte(prefix + password))
		for range 1023 {
			sum = sha256.Sum256(sum[:])
		}
		return sum[:], nil
	}}, nil
}

// parseSpringDigest reads the MessageDigestPasswordEncoder: {MD5}, {SHA-1} or
// {SHA-256}, a salt with its braces, and the hex over the password followed by
// the salt with its braces.
func parseSpringDigest(s string, h *Hasher) (stored, error) { return springDigest(s, true) }

// parseSpringUnsalted reads the same from before Spring Security 5, without salt.
func parseSpringUnsalted(s string, h *Hasher) (stored, error) { return springDigest(s, false) }

func springDigest(s string, salted bool) (stored, error) {
	id, rest, ok := strings.Cut(s, "}")
	var newHash func() hash.Hash
	switch id {
	case "{MD5":
		newHash = md5.New
	case "{SHA-1":
		newHash = sha1.New
	case "{SHA-256":
		newHash = sha256.New
	default:
		return stored{}, errFormat
	}
	salt, digits := "", rest
	if strings.HasPrefix(rest, "{") {
		end := strings.IndexByte(rest, '}') + 1
		salt, digits = rest[:end], rest[end:]
	}
	tag, isHex := hexBytes(digits)
	if !ok || !isHex || (len(salt) > len("{}")) != salted {
		return stored{}, errFormat
	}
	return digestHash(newHash, "", salt, tag, id+"}"+salt+hex.EncodeToString(make([]byte, len(tag))))
}

// parseSpringLDAP reads the LdapShaPasswordEncoder's {SSHA}.
func parseSpringLDAP(s string, h *Hasher) (stored, error) {
	return behind(s, "{ldap}", parseLDAPSalted, h)
}

// parseSpringUnsaltedLDAP reads the LdapShaPasswordEncoder's {SHA}.
func parseSpringUnsaltedLDAP(s string, h *Hasher) (stored, error) {
	return behind(s, "{ldap}", parseLDAPUnsalted, h)
}

// behind reads a hash that has another mark before it.
func behind(s, mark string, inner parser, h *Hasher) (stored, error) {
	rest, ok := strings.CutPrefix(s, mark)
	if !ok {
		return stored{}, errFormat
	}
	p, err := inner(rest, h)
	if p.blank != "" {
		p.blank = mark + p.blank
	}
	return p, err
}
