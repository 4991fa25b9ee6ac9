package foreign

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"github.com/passwd-go/passwd/pwhash"
)

// errFormat says that a string is not a hash of the format that a parser reads.
var errFormat = pwhash.ErrFormat

// errArgon2Key says what is missing for a hash that is well-formed.
var errArgon2Key = fmt.Errorf("%w: Argon2d and version 16 of Argon2 need Hasher.Argon2Key", errFormat)

// stored is a hash taken apart, with every bound checked. It has either a tag
// and a way to derive it anew, or a comparison of its own, or that of a [Custom].
type stored struct {
	tag    []byte
	derive func(password string) ([]byte, error) // as long as tag, or unequal to it
	match  func(password string) bool
	custom func(password string) (bool, error)
	price  price
	blank  string // the hash with its tag overwritten, where guessing is so cheap that Wrap should be used
}

// price is what a hash takes to verify.
type price struct {
	cost   string // the parameters; "" if the format has none
	memory uint64 // bytes
}

func roundsOf(n uint64) price { return price{cost: "rounds=" + strconv.FormatUint(n, 10)} }

// parser reads the hashes of one format. It computes nothing and takes no more
// than a few times the memory of s. Its error is errFormat or, where
// s is of the format, errArgon2Key or a *pwhash.BoundsError.
type parser func(s string, h *Hasher) (stored, error)

// malformed says that a string has the mark of a format and that this field of it
// cannot be read; "" is that the fields are not as many.
func malformed(field string) error {
	return &pwhash.FormatError{Problem: pwhash.Malformed, Field: field}
}

// reader reads the fields of a hash, and remembers the first that is malformed.
type reader struct{ err error }

func (r *reader) check(field string, ok bool) {
	if r.err == nil && !ok {
		r.err = malformed(field)
	}
}

func (r *reader) number(field, s string) uint64 {
	n, ok := number(s)
	r.check(field, ok)
	return n
}

func (r *reader) padded(field, s string) []byte {
	b, ok := padded(s)
	r.check(field, ok)
	return b
}

func (r *reader) unpadded(field, s string) []byte {
	b, ok := unpadded(s)
	r.check(field, ok)
	return b
}

func (r *reader) adapted(field, s string) []byte {
	b, ok := adapted(s)
	r.check(field, ok)
	return b
}

func (r *reader) hex(field, s string) []byte {
	b, ok := hexBytes(s)
	r.check(field, ok)
	return b
}

func (r *reader) assignments(s string, names ...string) []uint64 {
	values, ok := assignments(s, names...)
	r.check("parameters", ok)
	if !ok {
		return make([]uint64, len(names))
	}
	return values
}

// number reads a decimal number as every stack writes it: no sign, no leading
// zero.
func number(s string) (uint64, bool) {
	if len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64) // takes no sign and no underscore in base 10
	return n, err == nil
}

// assignments reads "ln=14,r=8,p=1": these names, in this order, none besides.
func assignments(s string, names ...string) ([]uint64, bool) {
	fields := strings.SplitN(s, ",", len(names)+1)
	if len(fields) != len(names) {
		return nil, false
	}
	values := make([]uint64, len(names))
	for i, name := range names {
		digits, ok := strings.CutPrefix(fields[i], name+"=")
		if !ok {
			return nil, false
		}
		if values[i], ok = number(digits); !ok {
			return nil, false
		}
	}
	return values, true
}

// fields takes off a prefix and splits the rest at "$" into exactly n.
func fields(s, prefix string, n int) ([]string, bool) {
	s, ok := strings.CutPrefix(s, prefix)
	if !ok {
		return nil, false
	}
	f := strings.SplitN(s, "$", n+1)
	return f, len(f) == n
}

// padded and unpadded decode base64 that has one spelling for every value; the
// standard library's decoder passes over line ends.
func padded(s string) ([]byte, bool) { return decode(base64.StdEncoding.Strict(), s) }

func unpadded(s string) ([]byte, bool) { return decode(base64.RawStdEncoding.Strict(), s) }

// adapted decodes Passlib's base64: unpadded, with "." for "+".
func adapted(s string) ([]byte, bool) {
	if strings.Contains(s, "+") {
		return nil, false
	}
	return unpadded(strings.ReplaceAll(s, ".", "+"))
}

func decode(enc *base64.Encoding, s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := enc.DecodeString(s)
	return b, err == nil
}

func hexBytes(s string) ([]byte, bool) {
	b, err := hex.DecodeString(s)
	return b, err == nil
}

// digestNamed is a hash function under the name that most stacks give it.
func digestNamed(name string) (func() hash.Hash, bool) {
	switch name {
	case "md5":
		return md5.New, true
	case "sha1":
		return sha1.New, true
	case "sha224":
		return sha256.New224, true
	case "sha256":
		return sha256.New, true
	case "sha384":
		return sha512.New384, true
	case "sha512":
		return sha512.New, true
	}
	return nil, false
}

// zeros is what takes the place of a tag in the blank of a hash.
func zeros(digits string) string { return strings.Repeat("0", len(digits)) }

// itoa64 is the base64 alphabet of crypt(3), in the order of its values.
const itoa64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// only reports that s consists of characters of an alphabet.
func only(s, alphabet string) bool {
	return strings.Trim(s, alphabet) == ""
}

// little64 appends n characters for the low bits of v, the lowest first.
func little64(dst []byte, v uint32, n int) []byte {
	for range n {
		dst = append(dst, itoa64[v&63])
		v >>= 6
	}
	return dst
}

// encode64 is the base64 of phpass and scrypt's $7$: three bytes at a time, the
// first one lowest.
func encode64(b []byte) []byte {
	var dst []byte
	for ; len(b) >= 3; b = b[3:] {
		dst = little64(dst, uint32(b[0])|uint32(b[1])<<8|uint32(b[2])<<16, 4)
	}
	switch len(b) {
	case 1:
		dst = little64(dst, uint32(b[0]), 2)
	case 2:
		dst = little64(dst, uint32(b[0])|uint32(b[1])<<8, 3)
	}
	return dst
}
