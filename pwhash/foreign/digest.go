package foreign

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"hash"
	"strings"
	"unicode/utf16"
)

// digestHash is one fast hash over a prefix, the password and a suffix. It stops
// nobody who has the table: that is what Wrap is for.
func digestHash(newHash func() hash.Hash, prefix, suffix string, tag []byte, blank string) (stored, error) {
	if len(tag) != newHash().Size() {
		return stored{}, errFormat
	}
	return stored{tag: tag, blank: blank, derive: func(password string) ([]byte, error) {
		return digest(newHash, prefix, password, suffix), nil
	}}, nil
}

func digest(newHash func() hash.Hash, parts ...string) []byte {
	d := newHash()
	for _, p := range parts {
		d.Write([]byte(p))
	}
	return d.Sum(nil)
}

// Bare digests in hex are told apart by their length.

func parseHexMD5(s string, h *Hasher) (stored, error)    { return hexDigest(md5.New, s) }
func parseHexSHA1(s string, h *Hasher) (stored, error)   { return hexDigest(sha1.New, s) }
func parseHexSHA256(s string, h *Hasher) (stored, error) { return hexDigest(sha256.New, s) }
func parseHexSHA512(s string, h *Hasher) (stored, error) { return hexDigest(sha512.New, s) }

func hexDigest(newHash func() hash.Hash, s string) (stored, error) {
	tag, ok := hexBytes(s)
	if !ok {
		return stored{}, errFormat
	}
	return digestHash(newHash, "", "", tag, zeros(s))
}

// parseMySQL41 reads "*" and the hex of SHA-1 over SHA-1, of MySQL 4.1's
// PASSWORD().
func parseMySQL41(s string, h *Hasher) (stored, error) {
	digits, ok := strings.CutPrefix(s, "*")
	tag, isHex := hexBytes(digits)
	if !ok || !isHex || len(tag) != sha1.Size {
		return stored{}, errFormat
	}
	return stored{tag: tag, blank: "*" + zeros(digits), derive: func(password string) ([]byte, error) {
		inner := sha1.Sum([]byte(password))
		outer := sha1.Sum(inner[:])
		return outer[:], nil
	}}, nil
}

// parseMSSQL reads SQL Server's 0x0100 (SHA-1) and 0x0200 (SHA-512): 4 bytes of
// salt, then the hash over the password in UTF-16 and the salt.
func parseMSSQL(s string, h *Hasher) (stored, error) {
	digits, ok := strings.CutPrefix(s, "0x")
	b, isHex := hexBytes(digits)
	if !ok || !isHex || len(b) < 6 {
		return stored{}, errFormat
	}
	var newHash func() hash.Hash
	switch [2]byte(b) {
	case [2]byte{1, 0}:
		newHash = sha1.New
	case [2]byte{2, 0}:
		newHash = sha512.New
	default:
		return stored{}, errFormat
	}
	salt, tag := string(b[2:6]), b[6:]
	if b[0] == 1 && len(tag) == 2*sha1.Size {
		tag = tag[:sha1.Size] // SQL Server 2000 has a second one, of the password in upper case
	}
	if len(tag) != newHash().Size() {
		return stored{}, errFormat
	}
	return stored{tag: tag, blank: s[:14] + zeros(s[14:]), derive: func(password string) ([]byte, error) {
		return digest(newHash, string(utf16le(password)), salt), nil
	}}, nil
}

func utf16le(s string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

// parsePlaintext reads passwords that are not hashed at all, behind the marks of
// Spring ({noop}), OpenLDAP, Dovecot and Roundup, in any case.
func parsePlaintext(s string, h *Hasher) (stored, error) {
	password, ok := plaintext(s)
	if !ok {
		return stored{}, errFormat
	}
	// Of hashes of equal length, so that time does not tell the password's length.
	want := sha256.Sum256([]byte(password))
	return stored{tag: want[:], derive: func(password string) ([]byte, error) {
		got := sha256.Sum256([]byte(password))
		return got[:], nil
	}}, nil
}

func plaintext(s string) (string, bool) {
	for _, mark := range []string{"{noop}", "{CLEARTEXT}", "{CLEAR}", "{PLAINTEXT}", "{PLAIN}"} {
		if len(s) >= len(mark) && strings.EqualFold(s[:len(mark)], mark) {
			return s[len(mark):], true
		}
	}
	return "", false
}

// blanked replaces the bytes of a tag, at the start of what base64 hides.
func blanked(b []byte, tag int) []byte {
	b = bytes.Clone(b)
	clear(b[:tag])
	return b
}
