package passwd

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrHashFormat says that a stored hash is malformed, or of a format that the
// hasher does not know.
var ErrHashFormat = errors.New("passwd: stored hash is malformed or of an unknown format")

// HashBoundsError says that a stored hash has a parameter which the hasher does
// not accept: it would cost too much, or protect nothing.
type HashBoundsError struct {
	Param    string // "m" (KiB), "t", "p", "m*t", "cost", or "salt", "tag", "length" (bytes)
	Value    uint64
	Min, Max uint64
}

func (e *HashBoundsError) Error() string {
	return fmt.Sprintf("passwd: stored hash has %s %d, accepted is %d to %d", e.Param, e.Value, e.Min, e.Max)
}

func within(param string, value, least, most uint64) error {
	if value < least || value > most {
		return &HashBoundsError{Param: param, Value: value, Min: least, Max: most}
	}
	return nil
}

// What a stored hash may ask for.
const (
	maxHashLength = 1 << 10
	maxKiB        = 256 << 10
	maxPasses     = 16
	maxLanes      = 16
	maxKiBPasses  = 1 << 20 // what all passes write together: 1 GiB
	minSalt       = 8
	maxSalt       = 64
	minTag        = 16
	maxTag        = 64
	minBcryptCost = 4
	maxBcryptCost = 15
)

// checkCosts holds the parameters of Argon2id against the bounds. RFC 9106 wants
// 8 blocks of 1 KiB for every lane.
func checkCosts(kib, passes, lanes uint32) error {
	if err := within("p", uint64(lanes), 1, maxLanes); err != nil {
		return err
	}
	if err := within("m", uint64(kib), 8*uint64(lanes), maxKiB); err != nil {
		return err
	}
	if err := within("t", uint64(passes), 1, maxPasses); err != nil {
		return err
	}
	return within("m*t", uint64(kib)*uint64(passes), 1, maxKiBPasses)
}

// argon2Hash is an Argon2id hash of version 19, taken apart.
type argon2Hash struct {
	kib, passes uint32
	lanes       uint8
	salt, tag   []byte
}

// phcBase64 is the base64 of PHC strings: unpadded, and one spelling for every
// value. It skips line ends, which parseArgon2 refuses first.
var phcBase64 = base64.RawStdEncoding.Strict()

// String returns the PHC string. It is the one spelling that parseArgon2 takes.
func (h argon2Hash) String() string {
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", h.kib, h.passes, h.lanes,
		phcBase64.EncodeToString(h.salt), phcBase64.EncodeToString(h.tag))
}

// parseArgon2 takes apart a PHC string of Argon2id, version 19, with all its
// parameters in the order m, t, p and nothing besides, and checks every bound.
func parseArgon2(s string) (argon2Hash, error) {
	fields := strings.SplitN(s, "$", 7)
	if len(fields) != 6 || fields[0] != "" || fields[1] != "argon2id" || fields[2] != "v=19" ||
		strings.ContainsAny(s, "\r\n") {
		return argon2Hash{}, ErrHashFormat
	}
	params := strings.SplitN(fields[3], ",", 4)
	if len(params) != 3 {
		return argon2Hash{}, ErrHashFormat
	}
	var costs [3]uint32
	for i, name := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(params[i], name)
		n, err := strconv.ParseUint(digits, 10, 32) // takes no sign
		if !ok || err != nil || len(digits) > 1 && digits[0] == '0' {
			return argon2Hash{}, ErrHashFormat
		}
		costs[i] = uint32(n)
	}
	if err := checkCosts(costs[0], costs[1], costs[2]); err != nil {
		return argon2Hash{}, err
	}
	h := argon2Hash{kib: costs[0], passes: costs[1], lanes: uint8(costs[2])}

	var err error
	if h.salt, err = phcBase64.DecodeString(fields[4]); err != nil {
		return argon2Hash{}, ErrHashFormat
	}
	if h.tag, err = phcBase64.DecodeString(fields[5]); err != nil {
		return argon2Hash{}, ErrHashFormat
	}
	if err := within("salt", uint64(len(h.salt)), minSalt, maxSalt); err != nil {
		return argon2Hash{}, err
	}
	if err := within("tag", uint64(len(h.tag)), minTag, maxTag); err != nil {
		return argon2Hash{}, err
	}
	return h, nil
}

// bcryptAlphabet is the base64 of bcrypt, in the order of its values.
const bcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// checkBcrypt accepts "$2b$" (or a, or y), two digits of cost, "$", and 22
// characters of salt and 31 of digest, both without stray bits at the end: what
// the bcrypt package takes beyond that is nobody's hash.
func checkBcrypt(s string) error {
	if len(s) != 60 || s[:2] != "$2" || !strings.Contains("aby", s[2:3]) || s[3] != '$' || s[6] != '$' {
		return ErrHashFormat
	}
	for _, c := range s[7:] {
		if !strings.ContainsRune(bcryptAlphabet, c) {
			return ErrHashFormat
		}
	}
	// 16 bytes of salt leave 4 bits of the last character unused, 23 of digest 2.
	if strings.IndexByte(bcryptAlphabet, s[28])%16 != 0 || strings.IndexByte(bcryptAlphabet, s[59])%4 != 0 {
		return ErrHashFormat
	}
	cost, err := strconv.ParseUint(s[4:6], 10, 8)
	if err != nil {
		return ErrHashFormat
	}
	return within("cost", cost, minBcryptCost, maxBcryptCost)
}
