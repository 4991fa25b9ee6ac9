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
	Accept []Format      // what else Verify reads: names and one-line schemes; nothing that is not listed
	Custom []Custom      // what else, in code; after what is in Accept
	Bounds pwhash.Bounds // what a foreign hash may cost

	// Argon2Key computes Argon2. nil: that of Base, if Base is a [pwhash.Argon2id],
	// or else x/crypto, which has neither Argon2d nor version 16: hashes of these are
	// refused then, with [pwhash.ErrFormat].
	Argon2Key pwhash.Argon2Key `json:"-"`

	DevisePepper      string         // config.pepper; required with Devise
	FlaskSecuritySalt string         // SECURITY_PASSWORD_SALT; required with FlaskSecurity
	SpringSecret      string         // of Spring's Pbkdf2PasswordEncoder and StandardPasswordEncoder; "" is their default
	SchemeSecret      string         // what a scheme calls secret, as CakePHP's Security.salt; required with one that does
	Firebase          FirebaseParams // of the project whose rows are accepted as FirebaseExport; required with it

	// Latin1 has a password that is not ASCII, and does not match, tried once more as
	// ISO 8859-1, for rows of stacks that ran in it. Such a password then takes
	// twice the time to be wrong.
	Latin1 bool
}

var _ pwhash.Hasher = Hasher{}

func (h Hasher) withDefaults() Hasher {
	if h.Base == nil {
		h.Base = pwhash.Argon2id{}
	}
	return h
}

// Validate reports formats that do not exist, schemes that are malformed, secrets
// that are missing, bounds out of range, and what Base holds against itself.
// passwd.New calls it.
func (h Hasher) Validate() error {
	for _, f := range h.Accept {
		if err := h.validateFormat(f); err != nil {
			return err
		}
	}
	for i, c := range h.Custom {
		if c.Name == "" || c.Parse == nil {
			return fmt.Errorf("foreign: Custom[%d] has no name, or no Parse", i)
		}
		twice := slices.ContainsFunc(h.Custom[:i], func(other Custom) bool { return other.Name == c.Name })
		if twice || parserOf(c.Name) != nil || c.Name == Wrapped {
			return fmt.Errorf("foreign: Custom[%d]: the name %q is taken", i, string(c.Name))
		}
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

func (h Hasher) validateFormat(f Format) error {
	if isScheme(f) {
		if _, err := parseScheme(string(f)); err != nil {
			return err
		}
	} else if f != Wrapped && parserOf(f) == nil {
		return fmt.Errorf("foreign: Accept has %q, which is none of Formats and no scheme", string(f))
	}
	if f == Devise && h.DevisePepper == "" {
		return errors.New("foreign: Accept has Devise, but DevisePepper is empty: without a pepper, it is Bcrypt")
	}
	if f == FlaskSecurity && h.FlaskSecuritySalt == "" {
		return errors.New("foreign: Accept has FlaskSecurity, but FlaskSecuritySalt is empty")
	}
	if f == FirebaseExport {
		return h.Firebase.validate()
	}
	if h.SchemeSecret != "" {
		return nil
	}
	for _, line := range linesOf(f) {
		if s, err := parseScheme(line); err == nil && s.uses["secret"] {
			return fmt.Errorf("foreign: Accept has %q, but SchemeSecret is empty", string(f))
		}
	}
	return nil
}

// Hash makes a hash with Base.
func (h Hasher) Hash(ctx context.Context, password string) (pwhash.Hash, error) {
	return h.withDefaults().Base.Hash(ctx, password)
}

// Verify compares a password with a hash of Base, or of a format that is accepted. What
// begins with "$2" is tried with the formats first, as those of bcrypt take passwords
// over 72 bytes like the stacks that wrote them; everything else with Base first.
// Where a hash fits several, all of them are tried, Base and Accept in its order, until one
// matches: $argon2id$ can be of the password, and of its SHA-256.
//
// No work begins for a hash that is over 1 KiB long (4 KiB if it is JSON, of a scheme
// or wrapped), malformed, or over a bound. Its errors are a [*pwhash.FormatError],
// which tells why nothing that is accepted reads it, a [*pwhash.BoundsError], and those
// of Base; none contains any of the hash. A password over 4 KiB matches nothing
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
	if strings.HasPrefix(s, "$2") {
		v, known, err := h.verify(ctx, s, password, false)
		if known && (v.Match || err != nil || slices.Contains(h.Accept, Bcrypt)) {
			return v, err
		}
		v, err = h.Base.Verify(ctx, stored, password)
		if known && !v.Match && ctx.Err() == nil {
			return pwhash.Verdict{}, nil // whatever keeps Base from it
		}
		return v, h.explain(s, err)
	}
	v, baseErr := h.Base.Verify(ctx, stored, password)
	if v.Match || ctx.Err() != nil {
		return v, baseErr
	}
	other, known, err := h.verify(ctx, s, password, baseErr == nil)
	switch {
	case other.Match, known && baseErr != nil:
		return other, err
	case baseErr == nil:
		return v, nil // judged by Base; what is beyond a bound of others is none of theirs
	}
	return v, h.explain(s, baseErr)
}

// verify tries the formats that are accepted. What Base has judged already is tried in ISO 8859-1
// alone.
func (h Hasher) verify(ctx context.Context, s, password string, judged bool) (v pwhash.Verdict, known bool, err error) {
	var beyond error
	for _, f := range h.Accept {
		try, latin1 := password, h.Latin1
		if judged && baseReads[f] {
			if try, latin1 = inLatin1(password); !latin1 || !h.Latin1 {
				continue
			}
			latin1 = false
		}
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
		if match, err := p.matchesAny(try, latin1); match || err != nil {
			return pwhash.Verdict{Match: match, Stale: match}, true, err
		}
	}
	for _, c := range h.Custom {
		p, err := c.parse(s)
		if outOfBounds(err) {
			beyond = err
		}
		if err != nil {
			continue
		}
		known = true
		if match, err := p.matchesAny(password, h.Latin1); match || err != nil {
			return pwhash.Verdict{Match: match, Stale: match}, true, err
		}
	}
	if !known && beyond != nil {
		return pwhash.Verdict{}, true, beyond
	}
	return pwhash.Verdict{}, known, nil
}

// baseReads are formats whose hashes the hashers of package pwhash read alike.
var baseReads = map[Format]bool{Argon2id: true, PasslibScrypt: true, KratosPBKDF2: true}

// parseFormat is the parser of a format, behind what holds for all of them.
func parseFormat(f Format, s string, h *Hasher) (stored, error) {
	parse := parserOf(f)
	if parse == nil || tooLongOrLines(s) && !long(f) {
		return stored{}, errFormat
	}
	return parse(s, h)
}

func tooLongOrLines(s string) bool {
	return len(s) > maxLength || strings.IndexByte(s, '\n') >= 0 || strings.IndexByte(s, '\r') >= 0
}

// long are the formats whose hashes can have line ends, or be over 1 KiB.
func long(f Format) bool {
	return f == Keycloak || f == FirebaseExport || f == PassportLocal || isScheme(f)
}

// matchesAny tries a password as it is, and in ISO 8859-1 if it can be and is to be.
func (p stored) matchesAny(password string, latin1 bool) (bool, error) {
	match, err := p.matches(password)
	if match || err != nil || !latin1 {
		return match, err
	}
	old, ok := inLatin1(password)
	if !ok {
		return false, nil
	}
	return p.matches(old)
}

// inLatin1 is false for what is not UTF-8, is ASCII, or has other characters.
func inLatin1(s string) (string, bool) {
	var b []byte
	for _, r := range s {
		if r > 0xff {
			return "", false
		}
		b = append(b, byte(r))
	}
	return string(b), len(b) < len(s)
}

func (p stored) matches(password string) (bool, error) {
	if len(password) > maxPassword {
		return false, nil
	}
	if p.custom != nil {
		return p.custom(password)
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

// Detect names all formats that a hash can be of, as far as its syntax tells: $2b$ is
// that of Bcrypt whatever was hashed, and 32 hex digits are that of nearly everything.
// Which one it is, only a password that is known can tell: see [Wrapper]. Detect is for
// counting what is in a table before a migration. A hash that is over a bound has its
// formats all the same; one that is malformed has none.
func Detect(hash pwhash.Hash) []Format {
	s := string(hash)
	if len(s) > maxLongLength {
		return nil
	}
	if _, ok := parseWrapped(s); ok {
		return []Format{Wrapped}
	}
	h := Hasher{Firebase: anyProject, SchemeSecret: "any"}.withDefaults()
	var all []Format
	short := !tooLongOrLines(s)
	for _, f := range formats {
		if !short && !long(f.name) {
			continue
		}
		if _, err := f.parse(s, &h); err == nil || outOfBounds(err) || err == errArgon2Key {
			all = append(all, f.name)
		}
	}
	return all
}
