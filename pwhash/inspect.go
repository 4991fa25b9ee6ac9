package pwhash

import (
	"fmt"
	"strings"
)

// Info is what a stored hash says about itself.
type Info struct {
	Format string // "argon2id", "scrypt", "pbkdf2-sha256", "bcrypt", or the name of another hasher's format
	Cost   string // its parameters as they stand in the hash: "m=19456,t=2,p=1"
	KeyID  string // of the pepper it is keyed with, or ""
	Memory int64  // bytes held while it is verified, as far as they matter
	Stale  bool   // it verifies, and is replaced when its owner signs in
}

// Inspector is a [Hasher] that can tell what a stored hash is. All hashers of this
// module are. A service bounds the memory of its hashing only with one.
type Inspector interface {
	Hasher
	// Inspect computes no hash. Its errors are those of Verify; with ErrPepperKey,
	// the rest is filled in nevertheless.
	Inspect(h Hash) (Info, error)
}

func (b builtin) inspect(stored Hash) (Info, error) {
	h, err := b.parse(stored)
	if err != nil {
		return Info{}, err
	}
	if h.scheme == nil {
		cost := strings.TrimPrefix(string(stored[4:6]), "0")
		return Info{Format: "bcrypt", Cost: "cost=" + cost, Memory: bcryptMemory, Stale: true}, nil
	}
	info := Info{Format: h.scheme.name, Cost: h.cost(), KeyID: h.keyID, Memory: h.scheme.memory(h.costs), Stale: b.stale(h)}
	_, err = b.pepper.open(h)
	return info, err
}

// Problem is what is wrong with a stored hash that nobody can sign in with.
type Problem string

const (
	Empty       Problem = "empty"
	WhiteSpace  Problem = "white space"  // before or after it; without, it would be a hash
	NotAccepted Problem = "not accepted" // of a format that the hasher knows and was not told to read
	Malformed   Problem = "malformed"    // of a known format, with a field that is not
	Disabled    Problem = "disabled"     // "!" and what follows, "*", "x": a stack's mark for an account without a password
	Unknown     Problem = "unknown"      // of no format that the hasher knows
)

// FormatError is an [ErrFormat] that tells what is wrong. It has nothing of the hash
// in it.
type FormatError struct {
	Problem Problem
	Formats []string // NotAccepted, WhiteSpace: all that it can be; Malformed: the one that it looks like
	Field   string   // Malformed: "rounds", "salt", "tag" and the like, or "" if the fields are not as many
}

func (e *FormatError) Error() string {
	switch e.Problem {
	case Empty:
		return "pwhash: stored hash is empty"
	case Disabled:
		return "pwhash: stored hash is the mark of an account without a password"
	case WhiteSpace:
		return "pwhash: stored hash has white space around it"
	case NotAccepted:
		return fmt.Sprintf("pwhash: stored hash is of a format that is not accepted: %s", strings.Join(e.Formats, " or "))
	case Malformed:
		if e.Field == "" {
			return fmt.Sprintf("pwhash: stored hash is malformed: %s has other fields", strings.Join(e.Formats, " or "))
		}
		return fmt.Sprintf("pwhash: stored hash is malformed: %s of %s", e.Field, strings.Join(e.Formats, " or "))
	}
	return ErrFormat.Error()
}

// Is makes every FormatError an [ErrFormat].
func (e *FormatError) Is(target error) bool { return target == ErrFormat }
