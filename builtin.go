package passwd

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
)

// Bounds is what a stored hash may ask for before Verify refuses to compute it. A
// field that is 0 has its default. Raise one where dearer hashes are known to be
// stored; every sign-in can then cost as much.
type Bounds struct {
	Argon2KiB       uint32 // memory; 0: 262144 (256 MiB)
	Argon2Passes    uint32 // 0: 16
	Argon2Lanes     uint8  // 0: 16
	Argon2KiBPasses uint64 // memory times passes; 0: 1048576 (1 GiB)
	ScryptBytes     uint64 // memory, 128·N·r; 0: 256 MiB
	ScryptParallel  uint32 // p; 0: 16
	ScryptWork      uint64 // memory times p; 0: 1 GiB
	PBKDF2Rounds    uint32 // 0: 10,000,000
	BcryptCost      uint8  // 0: 15, and 31 at most
}

func (b Bounds) withDefaults() Bounds {
	orDefault(&b.Argon2KiB, 256<<10)
	orDefault(&b.Argon2Passes, 16)
	orDefault(&b.Argon2Lanes, 16)
	orDefault(&b.Argon2KiBPasses, 1<<20)
	orDefault(&b.ScryptBytes, 256<<20)
	orDefault(&b.ScryptParallel, 16)
	orDefault(&b.ScryptWork, 1<<30)
	orDefault(&b.PBKDF2Rounds, 10_000_000)
	orDefault(&b.BcryptCost, 15)
	return b
}

func orDefault[T uint8 | uint32 | uint64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

func (b Bounds) validate() error {
	if b.BcryptCost > 31 {
		return errors.New("passwd: Bounds.BcryptCost is over 31")
	}
	if most := uint64(1) << 40; b.ScryptBytes > most || b.ScryptWork > most {
		return fmt.Errorf("passwd: Bounds.ScryptBytes or ScryptWork is over %d", most)
	}
	return nil
}

// builtin is what the hashers of this package have in common. Each of them reads
// the hashes of all, so that a service that changes its algorithm locks nobody
// out.
type builtin struct {
	scheme *scheme
	costs  costs
	bounds Bounds
	pepper Pepper
	only   bool // reads no hash of another scheme
}

func (b builtin) validate() error {
	if err := b.bounds.validate(); err != nil {
		return err
	}
	if err := b.pepper.validate(); err != nil {
		return err
	}
	return b.scheme.check(b.costs, b.bounds.withDefaults())
}

// hash makes a hash with a new salt.
func (b builtin) hash(ctx context.Context, password string) (Hash, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if b.scheme.refuses(password) {
		return "", errors.New("passwd: password ends in a NUL")
	}
	h := phc{scheme: b.scheme, costs: b.costs, salt: make([]byte, saltSize)}
	rand.Read(h.salt)
	var err error
	if h.tag, err = b.scheme.derive(password, h.costs, h.salt, tagSize); err != nil {
		return "", fmt.Errorf("passwd: %s: %w", b.scheme.name, err)
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
	bounds := b.bounds.withDefaults()
	if strings.HasPrefix(string(stored), "$2") {
		err = checkBcrypt(string(stored), bounds)
	} else {
		h, err = parsePHC(string(stored), bounds)
	}
	if err == nil && b.only && h.scheme != b.scheme {
		err = ErrHashFormat
	}
	return h, err
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
	tag, err := h.scheme.derive(password, h.costs, h.salt, len(want))
	if err != nil {
		return Verdict{}, fmt.Errorf("passwd: %s: %w", h.scheme.name, err)
	}
	if subtle.ConstantTimeCompare(tag, want) != 1 || h.scheme.refuses(password) {
		return Verdict{}, nil
	}
	return Verdict{Match: true, Stale: b.stale(h)}, nil
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
