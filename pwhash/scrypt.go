package pwhash

import (
	"context"
	"fmt"

	"golang.org/x/crypto/scrypt"
)

// Scrypt is a [Hasher] that makes hashes with scrypt (RFC 7914), written as PHC
// strings: $scrypt$ln=17,r=8,p=1$salt$tag, with a salt of 16 bytes and a tag of
// 32. A field that is 0 has its default. One call holds 128·2^LogN·R bytes, 128
// MiB by default, while it runs.
//
// Costs below the floors of ASVS 5.0 appendix C are refused: R below 8, or LogN
// below 17 with P 1, 16 with P 2, 15 with more.
//
// Verify reads what [Argon2id] reads, with the same bounds and errors.
type Scrypt struct {
	LogN uint8  // base-2 logarithm of N; 0: 17
	R    uint32 // 0: 8
	P    uint32 // 0: 1

	Pepper Pepper // keys that are not in the database; the zero value is none
	Bounds Bounds // what a stored hash may cost
	// InsecureCosts takes costs below the floors. It is for tests.
	InsecureCosts bool
}

var _ Inspector = Scrypt{}

func (s Scrypt) withDefaults() Scrypt {
	orDefault(&s.LogN, 17)
	orDefault(&s.R, 8)
	orDefault(&s.P, 1)
	return s
}

func (s Scrypt) builtin() builtin {
	s = s.withDefaults()
	return builtin{
		scheme: &scryptScheme, costs: costs{uint64(s.LogN), uint64(s.R), uint64(s.P)},
		bounds: s.Bounds, pepper: s.Pepper,
	}
}

// Validate reports costs that are too low to protect a password, or too high to be
// verified, bounds out of range, and an invalid pepper. passwd.New calls it, and
// Hash fails with its error.
func (s Scrypt) Validate() error {
	s = s.withDefaults()
	floor := uint8(15)
	switch s.P {
	case 1:
		floor = 17
	case 2:
		floor = 16
	}
	if (s.LogN < floor || s.R < 8) && !s.InsecureCosts {
		return fmt.Errorf("pwhash: Scrypt: LogN %d and R %d are too little with P %d: at least %d and 8", s.LogN, s.R, s.P, floor)
	}
	return s.builtin().validate()
}

// Hash makes a hash with a new salt.
func (s Scrypt) Hash(ctx context.Context, password string) (Hash, error) {
	if err := s.Validate(); err != nil {
		return "", err
	}
	return s.builtin().hash(ctx, password)
}

// Verify compares a password with a stored hash. One of scrypt is stale if it
// took less memory, or less memory times p, than s has, if its salt or tag is
// shorter, or if it is not keyed with the current pepper.
func (s Scrypt) Verify(ctx context.Context, h Hash, password string) (Verdict, error) {
	return s.builtin().verify(ctx, h, password)
}

// Inspect tells what a stored hash is, without computing it.
func (s Scrypt) Inspect(h Hash) (Info, error) { return s.builtin().inspect(h) }

var scryptScheme = scheme{
	name: "scrypt", params: []string{"ln=", "r=", "p="}, pads: true,

	check: func(c costs, b Bounds) error { return b.Scrypt(1<<min(c[0], 63), c[1], c[2]) },
	weaker: func(stored, wanted costs) bool {
		memory := func(c costs) uint64 { return c[1] << c[0] }
		return memory(stored) < memory(wanted) || memory(stored)*stored[2] < memory(wanted)*wanted[2]
	},
	memory: func(c costs) int64 { return int64(128 * c[1] << c[0]) },
	derive: func(password string, c costs, salt []byte, size int) ([]byte, error) {
		return scrypt.Key([]byte(password), salt, 1<<c[0], int(c[1]), int(c[2]), size)
	},
}
