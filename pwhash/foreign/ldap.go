package foreign

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
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

// ldapEncoding takes Dovecot's .hex and .b64 off the name of a scheme, in any case. Without
// them, hex is what has exactly the digits of a digest.
func ldapEncoding(scheme string) (name, encoding string) {
	name = strings.ToLower(scheme)
	for _, encoding := range []string{".hex", ".b64"} {
		if base, ok := strings.CutSuffix(name, encoding); ok {
			return base, encoding
		}
	}
	return name, ""
}

// ldapValue decodes what is behind a scheme, and makes its blank.
func ldapValue(value, encoding string, size int, salted bool) (b []byte, blank func() string, ok bool) {
	isHex := encoding == ".hex" || encoding == "" && !salted && len(value) == 2*size
	if isHex {
		b, ok = hexBytes(value)
		blank = func() string { return hex.EncodeToString(blanked(b, size)) }
	} else {
		b, ok = padded(value)
		blank = func() string { return base64.StdEncoding.EncodeToString(blanked(b, size)) }
	}
	return b, blank, ok && (len(b) == size && !salted || len(b) > size && salted)
}

func ldapDigest(name string) (func() hash.Hash, bool) {
	switch name {
	case "md5", "sha256", "sha384", "sha512", "sha1":
		return digestNamed(name)
	case "sha":
		return sha1.New, true
	}
	return nil, false
}

// parseLDAPSalted reads {SSHA}, {SSHA256}, {SSHA384}, {SSHA512} and {SMD5}: base64
// (or, behind .hex, hex) of the digest over password and salt, and the salt.
func parseLDAPSalted(s string, h *Hasher) (stored, error) {
	scheme, value, ok := ldapScheme(s)
	name, encoding := ldapEncoding(scheme)
	name, isSalted := strings.CutPrefix(name, "s")
	newHash, known := ldapDigest(name)
	if !ok || !isSalted || !known {
		return stored{}, errFormat
	}
	size := newHash().Size()
	b, blank, ok := ldapValue(value, encoding, size, true)
	if !ok {
		return stored{}, malformed("tag and salt")
	}
	return digestHash(newHash, "", string(b[size:]), b[:size], "{"+scheme+"}"+blank())
}

// parseLDAPUnsalted reads {SHA}, {SHA256}, {SHA384}, {SHA512}, {MD5}, and Dovecot's
// {PLAIN-MD5} in hex and {LDAP-MD5}.
func parseLDAPUnsalted(s string, h *Hasher) (stored, error) {
	scheme, value, ok := ldapScheme(s)
	name, encoding := ldapEncoding(scheme)
	switch name {
	case "plain-md5":
		name = "md5"
		if encoding == "" {
			encoding = ".hex"
		}
	case "ldap-md5":
		name = "md5"
	}
	newHash, known := ldapDigest(name)
	if !ok || !known || strings.HasPrefix(value, "$") {
		return stored{}, errFormat
	}
	tag, blank, ok := ldapValue(value, encoding, newHash().Size(), false)
	if !ok && strings.HasPrefix(value, "{") {
		return stored{}, errFormat // Spring's, with a salt
	}
	if !ok {
		return stored{}, malformed("tag")
	}
	return digestHash(newHash, "", "", tag, "{"+scheme+"}"+blank())
}

// parseLDAPPBKDF2 reads OpenLDAP's pw-pbkdf2, Passlib's and 389 Directory Server's:
// {PBKDF2-SHA256} (also -SHA1, -SHA512, or SHA-1 without a name) and rounds$salt$tag.
func parseLDAPPBKDF2(s string, h *Hasher) (stored, error) {
	if p, err := parse389DS(s, h); err != errFormat {
		return p, err
	}
	scheme, value, ok := ldapScheme(s)
	suffix, isPBKDF2 := strings.CutPrefix(strings.ToLower(scheme), "pbkdf2")
	f, split := fields(value, "", 3)
	if !ok || !isPBKDF2 || !split {
		return stored{}, errFormat
	}
	for i := 1; i < len(f); i++ { // 389 Directory Server has the usual base64
		if b, ok := padded(f[i]); ok {
			f[i] = strings.ReplaceAll(base64.RawStdEncoding.EncodeToString(b), "+", ".")
		}
	}
	return roundsSaltTag(suffix, f, h)
}

// parseDovecotPBKDF2 reads {PBKDF2}$1$salt$rounds$hex: SHA-1, and the salt is text.
func parseDovecotPBKDF2(s string, h *Hasher) (stored, error) {
	scheme, value, ok := ldapScheme(s)
	f, split := fields(value, "$1$", 3)
	if !ok || !strings.EqualFold(scheme, "PBKDF2") || !split {
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
	switch strings.ToUpper(scheme) {
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
	switch strings.ToUpper(scheme) {
	case "CRYPT", "BLF-CRYPT", "SHA512-CRYPT", "SHA256-CRYPT", "MD5-CRYPT":
	case "MD5", "SMD5": // of Dovecot before 1.0
		if !strings.HasPrefix(value, "$1$") {
			return stored{}, errFormat
		}
	default:
		return stored{}, errFormat
	}
	mark := s[:len(s)-len(value)]
	if strings.HasPrefix(value, "$2") {
		return behind(s, mark, parseBcrypt, h)
	}
	return behind(s, mark, parseUnixCrypt, h)
}
