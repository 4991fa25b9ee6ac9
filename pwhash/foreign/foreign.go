package foreign

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/passwd-go/passwd/pwhash"
)

// Hasher is a [pwhash.Hasher] that also verifies the hashes of other stacks. It
// makes none of them: Hash is that of Base, and a foreign hash that matches is
// always stale, so that the service replaces it at sign-in.
//
// A Hasher must not be changed while it is in use.
type Hasher struct {
	Base   pwhash.Hasher // makes new hashes, and reads its own; nil: the zero pwhash.Argon2id
	Accept []Format      // what else Verify reads; nothing that is not listed
	Bounds pwhash.Bounds // what a foreign hash may cost

	// Argon2Key computes Argon2. nil: that of Base, if Base is a [pwhash.Argon2id],
	// or else x/crypto, which has neither Argon2d nor version 16: hashes of these are
	// refused then, with [pwhash.ErrFormat].
	Argon2Key pwhash.Argon2Key `json:"-"`

	DevisePepper      string // config.pepper; required with Devise
	FlaskSecuritySalt string // SECURITY_PASSWORD_SALT; required with FlaskSecurity
	SpringSecret      string // of Spring's Pbkdf2PasswordEncoder and StandardPasswordEncoder; "" is their default
}

var _ pwhash.Hasher = Hasher{}

func (h Hasher) withDefaults() Hasher {
	if h.Base == nil {
		h.Base = pwhash.Argon2id{}
	}
	return h
}

// Validate reports formats that do not exist, secrets that are missing, bounds
// out of range, and what Base holds against itself. [passwd.New] calls it.
func (h Hasher) Validate() error {
	for _, f := range h.Accept {
		if f != Wrapped && parserOf(f) == nil {
			return fmt.Errorf("foreign: Accept has %q, which is no format", string(f))
		}
	}
	if slices.Contains(h.Accept, Devise) && h.DevisePepper == "" {
		return errors.New("foreign: Accept has Devise, but DevisePepper is empty: without a pepper, it is Bcrypt")
	}
	if slices.Contains(h.Accept, FlaskSecurity) && h.FlaskSecuritySalt == "" {
		return errors.New("foreign: Accept has FlaskSecurity, but FlaskSecuritySalt is empty")
	}
	if slices.Contains(h.Accept, Argon2d) && h.argon2Key() == nil {
		return errors.New("foreign: Accept has Argon2d, but Argon2Key is nil, and x/crypto does not have it")
	}
	if err := h.Bounds.Validate(); err != nil {
		return err
	}
	if base, ok := h.Base.(interface{ Validate() error }); ok {
		return base.Validate()
	}
	return nil
}

// Hash makes a hash with Base.
func (h Hasher) Hash(ctx context.Context, password string) (pwhash.Hash, error) {
	return h.withDefaults().Base.Hash(ctx, password)
}

// Verify compares a password with a hash of Base, or of a format in Accept. Base
// is asked first, and the formats only if it has an error: what it makes itself is
// never foreign. With what begins with "$2" it is the other way round, as the
// formats of bcrypt take passwords over 72 bytes like the stacks that wrote them.
//
// No work begins for a hash that is over 1 KiB long (4 KiB if it is Keycloak's or
// wrapped), malformed, or over a bound. Its errors are [pwhash.ErrFormat] for
// what neither Base nor Accept knows, a [*pwhash.BoundsError], and those of
// Base; none contains any of the hash. A password over 4 KiB matches nothing
// foreign. A computation that has begun runs to its end.
func (h Hasher) Verify(ctx context.Context, stored pwhash.Hash, password string) (pwhash.Verdict, error) {
	h = h.withDefaults()
	if err := ctx.Err(); err != nil {
		return pwhash.Verdict{}, err
	}
	s := string(stored)
	if err := within("length", uint64(len(s)), 0, maxLongLength); err != nil {
		return pwhash.Verdict{}, err
	}
	if !strings.HasPrefix(s, "$2") {
		v, err := h.Base.Verify(ctx, stored, password)
		if err == nil || ctx.Err() != nil {
			return v, err
		}
		if v, known, err := h.verify(ctx, s, password); known {
			return v, err
		}
		return v, err
	}
	if v, known, err := h.verify(ctx, s, password); known {
		return v, err
	}
	return h.Base.Verify(ctx, stored, password)
}

// verify tries the formats that are accepted. Several may fit: the syntax of
// bcrypt does not tell what it is of.
func (h Hasher) verify(ctx context.Context, s, password string) (v pwhash.Verdict, known bool, err error) {
	var beyond error
	for _, f := range h.Accept {
		if f == Wrapped {
			if w, ok := parseWrapped(s); ok {
				v, err = w.verify(ctx, &h, password)
				return v, true, err
			}
			continue
		}
		p, err := parseFormat(f, s, &h)
		if outOfBounds(err) || err == errArgon2Key {
			beyond = err
		}
		if err != nil {
			continue
		}
		known = true
		match, err := p.matches(password)
		if match || err != nil {
			return pwhash.Verdict{Match: match, Stale: match}, true, err
		}
	}
	if !known && beyond != nil {
		return pwhash.Verdict{}, true, beyond
	}
	return pwhash.Verdict{}, known, nil
}

// parseFormat is the parser of a format, behind what holds for all of them.
func parseFormat(f Format, s string, h *Hasher) (stored, error) {
	parse := parserOf(f)
	if parse == nil || f != Keycloak && (len(s) > maxLength || strings.ContainsAny(s, "\r\n")) {
		return stored{}, errFormat
	}
	return parse(s, h)
}

func (p stored) matches(password string) (bool, error) {
	if len(password) > maxPassword {
		return false, nil
	}
	if p.match != nil {
		return p.match(password), nil
	}
	tag, err := p.derive(password)
	if err != nil {
		return false, fmt.Errorf("foreign: %w", err)
	}
	return subtle.ConstantTimeCompare(tag, p.tag) == 1, nil
}

// Detect names the format of a hash, as far as its syntax tells: $2b$ is Bcrypt
// whatever was hashed, and $P$ is Phpass whoever wrote it. It is for counting what
// is in a table before a migration. A hash that is over a bound has its format all
// the same; one that is malformed has none.
func Detect(hash pwhash.Hash) (Format, bool) {
	s := string(hash)
	if len(s) > maxLongLength {
		return "", false
	}
	if _, ok := parseWrapped(s); ok {
		return Wrapped, true
	}
	h := Hasher{}.withDefaults()
	for _, f := range formats {
		if _, err := parseFormat(f.name, s, &h); err == nil || outOfBounds(err) || err == errArgon2Key {
			return f.name, true
		}
	}
	return "", false
}
