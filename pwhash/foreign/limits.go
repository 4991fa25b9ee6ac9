package foreign

import (
	"errors"

	"github.com/passwd-go/passwd/internal/normal"
	"github.com/passwd-go/passwd/pwhash"
)

const (
	maxLength     = 1 << 10 // bytes of a stored hash
	maxLongLength = 4 << 10 // of one that is JSON, or wrapped
	maxPassword   = normal.MaxPassword

	minTag  = 16
	maxTag  = 64
	maxSalt = 512

	// maxHashed is what an iterated hash may read in all rounds. It matters for the
	// schemes that read the whole password in every round.
	maxHashed = 1 << 30
)

// within bounds the sizes of what a hash is made of; its costs are up to Bounds.
func within(param string, value, min, max uint64) error {
	if value < min || value > max {
		return &pwhash.BoundsError{Param: param, Value: value, Min: min, Max: max}
	}
	return nil
}

func outOfBounds(err error) bool {
	_, ok := errors.AsType[*pwhash.BoundsError](err)
	return ok
}

// tooLong reports that a password would make an iterated hash read more than it
// may. No user types one.
func tooLong(password string, rounds uint64) bool {
	return rounds*uint64(len(password)+maxTag) > maxHashed
}
