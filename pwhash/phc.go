package pwhash

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

// ErrFormat says that a stored hash is malformed, or of a format that the
// hasher does not know.
var ErrFormat = errors.New("pwhash: stored hash is malformed or of an unknown format")

const (
	maxHashLength = 1 << 10
	minSalt       = 8
	maxSalt       = 64
	minTag        = 16
	maxTag        = 64
	saltSize      = 16 // of new hashes
	tagSize       = 32
)

// costs are the parameters of a scheme, in the order in which it writes them;
// what it does not have is 0.
type costs [3]uint64

// scheme is an algorithm whose hashes are PHC strings.
type scheme struct {
	name    string
	version string // with its "$", or ""
	params  []string
	pads    bool // a NUL at the end of a password changes nothing, as in every HMAC
	check   func(c costs, b Bounds) error
	weaker  func(stored, wanted costs) bool
	memory  func(c costs) int64 // bytes held while it computes
	// derive is nil for Argon2: builtin.derive has that.
	derive func(password string, c costs, salt []byte, size int) ([]byte, error)
}

// phc is a hash of a scheme, taken apart.
type phc struct {
	scheme *scheme
	costs  costs
	keyID  string // of the pepper that the tag is sealed with, or ""
	salt   []byte
	tag    []byte
}

// phcBase64 is the base64 of PHC strings: unpadded, and one spelling for every
// value. It skips line ends, which parsePHC refuses first.
var phcBase64 = base64.RawStdEncoding.Strict()

// String returns the PHC string. It is the one spelling that parsePHC takes.
func (h phc) String() string { return h.head() + phcBase64.EncodeToString(h.tag) }

// head is what stands before the tag.
func (h phc) head() string {
	return "$" + h.scheme.name + "$" + h.scheme.version + h.params() + "$" + phcBase64.EncodeToString(h.salt) + "$"
}

func (h phc) params() string {
	s := h.cost()
	if h.keyID != "" {
		s += keyIDParam + h.keyID
	}
	return s
}

func (h phc) cost() string {
	var b strings.Builder
	for i, name := range h.scheme.params {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(name)
		b.WriteString(strconv.FormatUint(h.costs[i], 10))
	}
	return b.String()
}

const keyIDParam = ",keyid="

// parsePHC takes apart the PHC string of a scheme, with all its parameters in
// their order and at most a keyid besides, and checks every bound. It is
// ErrFormat for every other string.
func parsePHC(s string, b Bounds) (phc, error) {
	if strings.ContainsAny(s, "\r\n") {
		return phc{}, ErrFormat
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(s, "$"), "$")
	h := phc{scheme: schemeNamed(name)}
	if h.scheme == nil || s[0] != '$' {
		return phc{}, ErrFormat
	}
	rest, ok := strings.CutPrefix(rest, h.scheme.version)
	fields := strings.SplitN(rest, "$", 4)
	if !ok || len(fields) != 3 {
		return phc{}, h.malformed("")
	}
	params, keyID, keyed := strings.Cut(fields[0], keyIDParam)
	if h.keyID = keyID; keyed && !validKeyID(keyID) {
		return phc{}, h.malformed("keyid")
	}
	if h.costs, ok = parseCosts(params, h.scheme.params); !ok {
		return phc{}, h.malformed("parameters")
	}
	if err := h.scheme.check(h.costs, b); err != nil {
		return phc{}, err
	}
	var err error
	if h.salt, err = phcBase64.DecodeString(fields[1]); err != nil {
		return phc{}, h.malformed("salt")
	}
	if h.tag, err = phcBase64.DecodeString(fields[2]); err != nil {
		return phc{}, h.malformed("tag")
	}
	return h, h.checkSizes()
}

// name is that of the scheme. What is taken apart and has none is of bcrypt.
func (h phc) name() string {
	if h.scheme == nil {
		return "bcrypt"
	}
	return h.scheme.name
}

func (h phc) malformed(field string) error {
	return &FormatError{Problem: Malformed, Formats: []string{h.name()}, Field: field}
}

func (h phc) checkSizes() error {
	if err := within("salt", uint64(len(h.salt)), minSalt, maxSalt); err != nil {
		return err
	}
	seal := uint64(0)
	if h.keyID != "" {
		seal = sealSize
	}
	return within("tag", uint64(len(h.tag)), minTag+seal, maxTag+seal)
}

// parseCosts reads these parameters, in this order and none besides: decimal
// numbers of up to 32 bits without a sign or a leading zero.
func parseCosts(s string, names []string) (c costs, ok bool) {
	params := strings.SplitN(s, ",", len(names)+1)
	if len(params) != len(names) {
		return costs{}, false
	}
	for i, name := range names {
		digits, ok := strings.CutPrefix(params[i], name)
		n, err := strconv.ParseUint(digits, 10, 32) // takes no sign
		if !ok || err != nil || len(digits) > 1 && digits[0] == '0' {
			return costs{}, false
		}
		c[i] = n
	}
	return c, true
}

// schemeNamed is nil for a name that is none.
func schemeNamed(name string) *scheme {
	switch name {
	case argon2Scheme.name:
		return &argon2Scheme
	case scryptScheme.name:
		return &scryptScheme
	case pbkdf2Scheme.name:
		return &pbkdf2Scheme
	}
	return nil
}
