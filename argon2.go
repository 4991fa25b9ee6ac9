package passwd

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// Argon2id is the default [Hasher]: Argon2id (RFC 9106, version 19) for new
// hashes, written as PHC strings with a salt of 16 bytes and a tag of 32. A field
// that is 0 has its default; the zero value is 19 MiB, 2 passes, 1 lane (OWASP),
// and Argon2id{KiB: 65536, Passes: 3, Lanes: 4} is the second choice of RFC 9106.
// One call holds KiB of memory while it runs.
//
// Costs below the floors of ASVS 5.0 appendix C are refused: 47104 KiB with one
// pass, 19456 with two, 12288 with three or more. So are costs that Verify would
// not accept. See Validate.
//
// Verify also reads bcrypt ($2a$, $2b$, $2y$; cost 4 to 15), which is always
// stale. As bcrypt ignores what follows the 72nd byte, a longer password never
// matches such a hash: its owner needs a reset.
//
// Verify does no work for a hash that is over 1 KiB long, malformed, or asks for
// more than 256 MiB, 16 passes, 16 lanes or 1 GiB of memory written in all
// passes. Its errors are ErrHashFormat, a [*HashBoundsError] and the context's;
// none contains any of the hash. A computation that has begun runs to its end.
type Argon2id struct {
	KiB    uint32 // memory; 0: 19456
	Passes uint32 // 0: 2
	Lanes  uint8  // 0: 1, as requests in parallel fill the cores already
}

const (
	saltSize = 16
	tagSize  = 32
)

func (a Argon2id) withDefaults() Argon2id {
	if a.KiB == 0 {
		a.KiB = 19456
	}
	if a.Passes == 0 {
		a.Passes = 2
	}
	if a.Lanes == 0 {
		a.Lanes = 1
	}
	return a
}

// Validate reports costs that are too low to protect a password, or too high to
// be verified. [New] calls it, and Hash fails with its error.
func (a Argon2id) Validate() error {
	a = a.withDefaults()
	floor := uint32(12288)
	switch a.Passes {
	case 1:
		floor = 47104
	case 2:
		floor = 19456
	}
	if a.KiB < floor {
		return fmt.Errorf("passwd: Argon2id: %d KiB is too little with Passes %d: at least %d", a.KiB, a.Passes, floor)
	}
	return checkCosts(a.KiB, a.Passes, uint32(a.Lanes))
}

// Hash makes a hash with a new salt.
func (a Argon2id) Hash(ctx context.Context, password string) (Hash, error) {
	if err := a.Validate(); err != nil {
		return "", err
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	a = a.withDefaults()
	h := argon2Hash{kib: a.KiB, passes: a.Passes, lanes: a.Lanes, salt: make([]byte, saltSize)}
	rand.Read(h.salt)
	h.tag = h.derive(password, tagSize)
	return Hash(h.String()), nil
}

// Verify compares a password with an Argon2id or bcrypt hash. An Argon2id hash
// is stale if it took less memory, or less memory times passes, than a has, or if
// its salt or tag is shorter; a dearer one is not.
func (a Argon2id) Verify(ctx context.Context, h Hash, password string) (Verdict, error) {
	if err := ctx.Err(); err != nil {
		return Verdict{}, err
	}
	if err := within("length", uint64(len(h)), 0, maxHashLength); err != nil {
		return Verdict{}, err
	}
	if strings.HasPrefix(string(h), "$2") {
		return verifyBcrypt(string(h), password)
	}
	stored, err := parseArgon2(string(h))
	if err != nil {
		return Verdict{}, err
	}
	tag := stored.derive(password, uint32(len(stored.tag)))
	if subtle.ConstantTimeCompare(tag, stored.tag) != 1 {
		return Verdict{}, nil
	}
	return Verdict{Match: true, Stale: stored.weakerThan(a.withDefaults())}, nil
}

func (h argon2Hash) derive(password string, size uint32) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.passes, h.kib, h.lanes, size)
}

func (h argon2Hash) weakerThan(a Argon2id) bool {
	return h.kib < a.KiB ||
		uint64(h.kib)*uint64(h.passes) < uint64(a.KiB)*uint64(a.Passes) ||
		len(h.salt) < saltSize || len(h.tag) < tagSize
}

// bcryptLimit is how many bytes of a password bcrypt reads.
const bcryptLimit = 72

func verifyBcrypt(h, password string) (Verdict, error) {
	if err := checkBcrypt(h); err != nil {
		return Verdict{}, err
	}
	err := bcrypt.CompareHashAndPassword([]byte(h), []byte(password))
	// The comparison passes over what follows byte 72, and takes a password that
	// repeats itself after a NUL for the part before it. It is made all the same, so
	// that time does not tell which it was.
	match := err == nil && len(password) <= bcryptLimit && !strings.Contains(password, "\x00")
	return Verdict{Match: match, Stale: match}, nil
}
