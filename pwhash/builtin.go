package pwhash

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
)

// builtin is what the hashers of this package have in common. Each of them reads
// the hashes of all, so that a service that changes its algorithm locks nobody
// out.
type builtin struct {
	scheme *scheme
	costs  costs
	bounds Bounds
	pepper Pepper
	argon2 Argon2Key
	only   bool // reads no hash of another scheme
}

func (b builtin) validate() error {
	if err := b.bounds.Validate(); err != nil {
		return err
	}
	if err := b.pepper.validate(); err != nil {
		return err
	}
	return b.scheme.check(b.costs, b.bounds)
}

// hash makes a hash with a new salt.
func (b builtin) hash(ctx context.Context, password string) (Hash, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if b.scheme.refuses(password) {
		return "", errors.New("pwhash: password ends in a NUL")
	}
	h := phc{scheme: b.scheme, costs: b.costs, salt: make([]byte, saltSize)}
	rand.Read(h.salt)
	var err error
	if h.tag, err = b.derive(h, password, tagSize); err != nil {
		return "", fmt.Errorf("pwhash: %s: %w", b.scheme.name, err)
	}
	if h, err = b.pepper.seal(h); err != nil {
		return "", err
	}
	return Hash(h.String()), nil
}

// parse takes a stored hash apart and checks every bound. Of bcrypt, what it
// returns has no scheme.
func (b builtin) parse(stored Hash) (h phc, err error) {
	if err := within("length", uint64(len(stored)), 0, maxHashLength); err != nil {
		return phc{}, err
	}
	if stored == "" {
		return phc{}, &FormatError{Problem: Empty}
	}
	h, err = parseKnown(string(stored), b.bounds)
	if trimmed := strings.TrimSpace(string(stored)); err != nil && trimmed != string(stored) {
		if inside, trimmedErr := parseKnown(trimmed, b.bounds); trimmedErr == nil {
			return phc{}, &FormatError{Problem: WhiteSpace, Formats: []string{inside.name()}}
		}
	}
	if err == nil && b.only && h.scheme != b.scheme {
		err = &FormatError{Problem: NotAccepted, Formats: []string{h.name()}}
	}
	return h, err
}

func parseKnown(s string, b Bounds) (phc, error) {
	if strings.HasPrefix(s, "$2") {
		return phc{}, checkBcrypt(s, b)
	}
	return parsePHC(s, b)
}

// refuses reports whether a scheme takes a password for another one: HMAC fills its
// key up with NULs, so one more at the end changes nothing.
func (s *scheme) refuses(password string) bool {
	return s.pads && strings.HasSuffix(password, "\x00")
}

func (b builtin) verify(ctx context.Context, stored Hash, password string) (Verdict, error) {
	if err := ctx.Err(); err != nil {
		return Verdict{}, err
	}
	h, err := b.parse(stored)
	if err != nil {
		return Verdict{}, err
	}
	if h.scheme == nil {
		match := matchesBcrypt(string(stored), password)
		return Verdict{Match: match, Stale: match}, nil
	}
	want, err := b.pepper.open(h)
	if err != nil {
		return Verdict{}, err
	}
	tag, err := b.derive(h, password, len(want))
	if err != nil {
		return Verdict{}, fmt.Errorf("pwhash: %s: %w", h.scheme.name, err)
	}
	if subtle.ConstantTimeCompare(tag, want) != 1 || h.scheme.refuses(password) {
		return Verdict{}, nil
	}
	return Verdict{Match: true, Stale: b.stale(h)}, nil
}

// derive computes the tag of a password with the scheme, costs and salt of h.
func (b builtin) derive(h phc, password string, size int) ([]byte, error) {
	if h.scheme != &argon2Scheme {
		return h.scheme.derive(password, h.costs, h.salt, size)
	}
	kib, passes, lanes := h.costs[0], h.costs[1], h.costs[2]
	return b.argon2.Compute(Argon2VariantID, Argon2Version, []byte(password), h.salt, uint32(passes), uint32(kib), uint8(lanes), uint32(size))
}

// stale reports whether a hash made now would be better.
func (b builtin) stale(h phc) bool {
	tag := len(h.tag)
	if h.keyID != "" {
		tag -= sealSize
	}
	return h.scheme != b.scheme || h.keyID != b.pepper.Current.ID ||
		len(h.salt) < saltSize || tag < tagSize || b.scheme.weaker(h.costs, b.costs)
}

func orDefault[T uint8 | uint32](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}
