package pwhash

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// Bounds is what a stored hash may cost before Verify refuses to compute it. A
// field that is 0 has its default. Raise one where more expensive hashes are known
// to be stored; any sign-in can then cost that much.
//
// Its methods check the costs of one hash, for a host's own hashers; their error
// is a [*BoundsError].
type Bounds struct {
	Argon2KiB       uint32 // memory; 0: 262144 (256 MiB). Dovecot writes 1 GiB
	Argon2Passes    uint32 // 0: 16
	Argon2Lanes     uint8  // 0: 16
	Argon2KiBPasses uint64 // memory times passes; 0: 1048576 (1 GiB)
	ScryptBytes     uint64 // memory, 128·N·r; 0: 256 MiB
	ScryptParallel  uint32 // p; 0: 16
	ScryptWork      uint64 // memory times p; 0: 1 GiB
	PBKDF2Rounds    uint32 // 0: 10,000,000
	BcryptCost      uint8  // 0: 15, and 31 at most
	CryptRounds     uint32 // of $5$, $6$ and $sha1$; 0: 5,000,000
	PhpassLog2      uint8  // base-2 logarithm of the rounds of phpass and Drupal 7; 0: 20, and 30 at most
}

// BoundsError says that a stored hash asks for more than its [Bounds], or for so
// little that it would protect nothing.
type BoundsError struct {
	Param    string // "m" (KiB), "t", "p", "m*t", "N", "r", "N*r*p" (bytes), "rounds", "cost"; or "salt", "tag", "length" (bytes)
	Value    uint64 // what the hash has
	Min, Max uint64 // what is accepted
}

func (e *BoundsError) Error() string {
	return fmt.Sprintf("pwhash: stored hash has %s %d, accepted is %d to %d", e.Param, e.Value, e.Min, e.Max)
}

// Validate reports bounds that are out of range themselves.
func (b Bounds) Validate() error {
	if b.BcryptCost > 31 {
		return errors.New("pwhash: Bounds.BcryptCost is over 31")
	}
	if b.PhpassLog2 > 30 {
		return errors.New("pwhash: Bounds.PhpassLog2 is over 30")
	}
	if max := uint64(1) << 40; b.ScryptBytes > max || b.ScryptWork > max {
		return fmt.Errorf("pwhash: Bounds.ScryptBytes or ScryptWork is over %d", max)
	}
	return nil
}

// Argon2 is for Argon2 of any variant: RFC 9106 wants 8 blocks of 1 KiB for every
// lane.
func (b Bounds) Argon2(kib, passes, lanes uint64) error {
	if err := within("p", lanes, 1, or(b.Argon2Lanes, 16)); err != nil {
		return err
	}
	if err := within("m", kib, 8*lanes, or(b.Argon2KiB, 256<<10)); err != nil {
		return err
	}
	if err := within("t", passes, 1, or(b.Argon2Passes, 16)); err != nil {
		return err
	}
	return within("m*t", kib*passes, 1, or(b.Argon2KiBPasses, 1<<20))
}

// Scrypt is for scrypt (RFC 7914). N must be a power of two, 2 or more; otherwise
// it is ErrFormat.
func (b Bounds) Scrypt(n, r, p uint64) error {
	if n < 2 || n&(n-1) != 0 {
		return ErrFormat
	}
	if err := within("p", p, 1, or(b.ScryptParallel, 16)); err != nil {
		return err
	}
	if err := within("r", r, 1, 256); err != nil {
		return err
	}
	if err := within("N", n, 2, or(b.ScryptBytes, 256<<20)/(128*r)); err != nil {
		return err
	}
	if max := or(b.ScryptWork, 1<<30); p > max/(128*n*r) { // the product may be over 64 bits
		high, work := bits.Mul64(128*n*r, p)
		if high > 0 {
			work = math.MaxUint64
		}
		return &BoundsError{Param: "N*r*p", Value: work, Min: 1, Max: max}
	}
	return nil
}

// PBKDF2 is for PBKDF2 with any hash function.
func (b Bounds) PBKDF2(rounds uint64) error {
	return within("rounds", rounds, 1, or(b.PBKDF2Rounds, 10_000_000))
}

// Bcrypt is for bcrypt and what is built on it.
func (b Bounds) Bcrypt(cost uint64) error {
	return within("cost", cost, minBcryptCost, or(b.BcryptCost, 15))
}

// Crypt is for the iterated hashes of crypt(3), which take at least min rounds.
func (b Bounds) Crypt(rounds, min uint64) error {
	return within("rounds", rounds, min, or(b.CryptRounds, 5_000_000))
}

// Phpass is for phpass and Drupal 7, with the base-2 logarithm of their rounds.
func (b Bounds) Phpass(log2 uint64) error {
	return within("rounds", log2, 7, or(b.PhpassLog2, 20))
}

// within returns a [*BoundsError] unless min ≤ value ≤ max.
func within(param string, value, min, max uint64) error {
	if value < min || value > max {
		return &BoundsError{Param: param, Value: value, Min: min, Max: max}
	}
	return nil
}

func or[T uint8 | uint32 | uint64](value T, otherwise uint64) uint64 {
	if value == 0 {
		return otherwise
	}
	return uint64(value)
}
