package foreign

import (
	"crypto/sha1"
	"encoding/base64"
	"hash"
	"strings"
)

// LDAP servers (RFC 2307 and what grew from it) and Dovecot put the name of a
// scheme in braces.
func ldapScheme(s string) (scheme, value string, ok bool) {
	end := strings.IndexByte(s, '}')
	if end < 2 || end > 20 || s[0] != '{' {
		return "", "", false
	}
	return s[1:end], s[end+1:], true
}

// ldapDigest takes a name in any case: Spring writes {ssha} as well.
func ldapDigest(scheme string) (func() hash.Hash, bool) {
	switch name := strings.ToLower(scheme); name {
	case "md5", "sha256", "sha384", "sha512":
		return digestNamed(name)
	case "sha":
		return sha1.New, true
	}
	return nil, false
}

// parseLDAPSalted reads {SSHA}, {SSHA256}, {SSHA384}, {SSHA512} and {SMD5}: base64
// of the digest over password and salt, and the salt.
func parseLDAPSalted(s string, h *Hasher) (stored, error) {
	scheme, value, ok := ldapScheme(s)
	if !ok || scheme[0]|0x20 != 's' {
		return stored{}, errFormat
	}
	newHash, known := ldapDigest(scheme[1:])
	if !known {
		return stored{}, errFormat
	}
	b, ok := padded(value)
	size := newHash().Size()
	if !ok || len(b) <= size {
		return stored{}, malformed("tag and salt")
	}
	blank := "{" + scheme + "}" + base64.StdEncoding.EncodeToString(blanked(b, size))
	return digestHash(newHash, "", string(b[size:]), b[:size], blank)
}

// parseLDAPUnsalted reads {SHA}, {SHA256}, {SHA384}, {SHA512} and {MD5} in base64.
func parseLDAPUnsalted(s string, h *Hasher) (stored, error) {
	scheme, value, ok := ldapScheme(s)
	if !ok {
		return stored{}, errFormat
	}
	newHash, known := ldapDigest(scheme)
	tag, ok := padded(value)
	if !known || !ok {
		return stored{}, errFormat
	}
	return digestHash(newHash, "", "", tag, "{"+scheme+"}"+base64Zeros(tag))
}

// parseLDAPPBKDF2 reads OpenLDAP's pw-pbkdf2 and Passlib's: {PBKDF2-SHA256} (also
// -SHA1, -SHA512, or SHA-1 without a name) and rounds$salt$tag.
func parseLDAPPBKDF2(s string, h *Hasher) (stored, error) {
	scheme, value, ok := ldapScheme(s)
	suffix, isPBKDF2 := strings.CutPrefix(scheme, "PBKDF2")
	f, split := fields(value, "", 3)
	if !ok || !isPBKDF2 || !split {
		return stored{}, errFormat
	}
	return roundsSaltTag(strings.ToLower(suffix), f, h)
}

// parseDovecotPBKDF2 reads {PBKDF2}$1$salt$rounds$hex: SHA-1, and the salt is text.
func parseDovecotPBKDF2(s string, h *Hasher) (stored, error) {
	scheme, value, ok := ldapScheme(s)
	f, split := fields(value, "$1$", 3)
	if !ok || scheme != "PBKDF2" || !split {
		return stored{}, errFormat
	}
	rounds, ok1 := number(f[1])
	tag, ok2 := hexBytes(f[2])
	if !ok1 || !ok2 || len(tag) != sha1.Size {
		return stored{}, errFormat
	}
	return pbkdf2Hash(h, sha1.New, rounds, []byte(f[0]), tag)
}

// parseLDAPArgon2 reads OpenLDAP's {ARGON2} and Dovecot's {ARGON2I}, {ARGON2ID}.
func parseLDAPArgon2(s string, h *Hasher) (stored, error) {
	scheme, value, ok := ldapScheme(s)
	if !ok {
		return stored{}, errFormat
	}
	switch scheme {
	case "ARGON2", "ARGON2I", "ARGON2ID":
		return parsePHCArgon2(value, h)
	}
	return stored{}, errFormat
}

// parseLDAPCrypt reads {CRYPT} before a hash of crypt(3), and Dovecot's names for
// the kinds of it.
func parseLDAPCrypt(s string, h *Hasher) (stored, error) {
	scheme, value, ok := ldapScheme(s)
	if !ok {
		return stored{}, errFormat
	}
	switch scheme {
	case "CRYPT", "BLF-CRYPT", "SHA512-CRYPT", "SHA256-CRYPT", "MD5-CRYPT":
	default:
		return stored{}, errFormat
	}
	mark := s[:len(s)-len(value)]
	if strings.HasPrefix(value, "$2") {
		return behind(s, mark, parseBcrypt, h)
	}
	return behind(s, mark, parseUnixCrypt, h)
}
