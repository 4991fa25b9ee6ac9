package sqlstore

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"github.com/passwd-go/passwd"
)

// The stamp of a row of ours is its last write's alone: a random number, by which a
// commit that was lost sight of is found. It also has a print of the hash as it was then,
// by which a hash is told that somebody else has written since, and whether the epoch has
// been raised. Stamps of earlier releases are below stampPrints and know neither; those
// that Forget leaves are below 0.
const (
	stampPrints = 1 << 62 // it has a print
	stampRaised = 1 << 61
	printAt     = 33 // so many bits are random, but for the first, which is for touch
	printBits   = 28
)

func newStamp(h passwd.Hash, raised bool) int64 {
	var b [8]byte
	rand.Read(b[:])
	random := int64(binary.BigEndian.Uint64(b[:]) >> (65 - printAt))
	if raised {
		random |= stampRaised
	}
	return stampPrints | print(h)<<printAt | random
}

// print is one of 2^28: so seldom does a hash pass for another.
func print(h passwd.Hash) int64 {
	sum := sha256.Sum256([]byte("print of " + h))
	return int64(binary.BigEndian.Uint64(sum[:8]) >> (64 - printBits))
}

// printed are the first stamps with the print of a hash.
func printed(h passwd.Hash) (plain, raised int64) {
	return stampPrints | print(h)<<printAt, stampPrints | stampRaised | print(h)<<printAt
}

// outside reports whether a hash is another than the one at the time of a stamp.
func outside(stamp int64, h passwd.Hash) bool {
	return stamp >= stampPrints && stamp>>printAt&(1<<printBits-1) != print(h)
}

// epochAt is the epoch of an account, of which one is stored.
func epochAt(stored, stamp int64, h passwd.Hash) int64 {
	if outside(stamp, h) {
		return passwd.OutsideEpoch(stored, h)
	}
	return stored
}

// wasRaised reports whether the epoch was raised, as far as a stamp knows.
func wasRaised(stamp int64) bool { return stamp < stampPrints || stamp&stampRaised != 0 }

// printedIn is the condition that a stamp has a print, whose first stamps, as printed
// has them, are parameters.
func printedIn(plain, raised string) string {
	last := strconv.Itoa(1<<printAt - 1)
	return `stamp BETWEEN ` + plain + ` AND ` + plain + ` + ` + last + ` OR stamp BETWEEN ` + raised + ` AND ` + raised + ` + ` + last
}

// unwritten is the condition that a stamp is the account's own, and that nobody else is
// known to have written the hash since.
func unwritten(plain, raised string) string {
	return `stamp > 0 AND (stamp < ` + strconv.Itoa(stampPrints) + ` OR ` + printedIn(plain, raised) + `)`
}
