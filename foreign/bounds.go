package foreign

import (
	"errors"
	"fmt"

	"github.com/passwd-go/passwd"
)

// Bounds is what a stored hash may ask for before Verify refuses to compute it.
// A field that is 0 has its default. Raise one for a stack that is known to write
// dearer hashes; every sign-in can then cost as much.
type Bounds struct {
	Argon2KiB       uint32 // memory; 0: 262144 (256 MiB). Dovecot writes 1 GiB
	Argon2Passes    uint32 // 0: 16
	Argon2Lanes     uint8  // 0: 16
	Argon2KiBPasses uint64 // memory times passes; 0: 1048576 (1 GiB)
	BcryptCost      uint8  // 0: 15, and 31 at most
	ScryptBytes     uint64 // memory, 128·N·r; 0: 256 MiB
	ScryptParallel  uint32 // p; 0: 16
	ScryptWork      uint64 // memory times p; 0: 1 GiB
	PBKDF2Rounds    uint32 // 0: 10,000,000
	CryptRounds     uint32 // of $5$, $6$ and $sha1$; 0: 5,000,000
	PhpassLog2      uint8  // base-2 logarithm of the rounds of phpass and Drupal 7; 0: 20, and 30 at most
}

const (
	maxLength     = 1 << 10 // bytes of a stored hash
	maxLongLength = 4 << 10 // of one that is JSON, or wrapped
	maxPassword   = 4 << 10

	minTag  = 16
	maxTag  = 64
	maxSalt = 512

	// maxHashed is what an iterated hash may read in all rounds. It matters for the
	// schemes that read the whole password in every round.
	maxHashed = 1 << 30
)

func (b Bounds) withDefaults() Bounds {
	orDefault(&b.Argon2KiB, 256<<10)
	orDefault(&b.Argon2Passes, 16)
	orDefault(&b.Argon2Lanes, 16)
	orDefault(&b.Argon2KiBPasses, 1<<20)
	orDefault(&b.BcryptCost, 15)
	orDefault(&b.ScryptBytes, 256<<20)
	orDefault(&b.ScryptParallel, 16)
	orDefault(&b.ScryptWork, 1<<30)
	orDefault(&b.PBKDF2Rounds, 10_000_000)
	orDefault(&b.CryptRounds, 5_000_000)
	orDefault(&b.PhpassLog2, 20)
	return b
}

func orDefault[T uint8 | uint32 | uint64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

func (b Bounds) validate() error {
	if b.BcryptCost > 31 {
		return errors.New("foreign: Bounds.BcryptCost is over 31")
	}
	if b.PhpassLog2 > 30 {
		return errors.New("foreign: Bounds.PhpassLog2 is over 30")
	}
	if max := uint64(1) << 40; b.ScryptBytes > max || b.ScryptWork > max {
		return fmt.Errorf("foreign: Bounds.ScryptBytes or ScryptWork is over %d", max)
	}
	return nil
}

func within(param string, value, least, most uint64) error {
	if value < least || value > most {
		return &passwd.HashBoundsError{Param: param, Value: value, Min: least, Max: most}
	}
	return nil
}

func outOfBounds(err error) bool {
	_, ok := errors.AsType[*passwd.HashBoundsError](err)
	return ok
}

// tooLong reports that a password would make an iterated hash read more than it
// may. No user types one.
func tooLong(password string, rounds uint64) bool {
	return rounds*uint64(len(password)+maxTag) > maxHashed
}
