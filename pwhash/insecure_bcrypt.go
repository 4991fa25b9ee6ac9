package pwhash

import (
	"cmp"
	"context"
	"fmt"

	"github.com/passwd-go/passwd/pwhash/internal/form"
	"golang.org/x/crypto/bcrypt"
)

// InsecureBcrypt is a [Hasher] that makes bcrypt hashes, "$2a$12$…". It is for as long as
// a program from before, which can read nothing else, runs beside one with this library. It
// costs what bcrypt costs: anybody with a copy of the table
// guesses far cheaper than against [Argon2id], and a password has 72 bytes at most, so
// that passwd rejects longer ones as too long. When the last of these programs is gone,
// Argon2id takes its place, and replaces each hash at its owner's next sign-in.
//
// Verify reads what [Argon2id] reads, with the same bounds and errors.
type InsecureBcrypt struct {
	Cost   int    // 4 to Bounds.BcryptCost; 0: 12. That of the other program, so that neither replaces the other's
	Bounds Bounds // what a stored hash may cost
}

var _ Inspector = InsecureBcrypt{}

func (b InsecureBcrypt) cost() int { return cmp.Or(b.Cost, 12) }

// Validate reports a cost that bcrypt does not have, or that is beyond the bounds.
// passwd.New calls it, and Hash fails with its error.
func (b InsecureBcrypt) Validate() error {
	if err := b.Bounds.Bcrypt(uint64(max(b.cost(), 0))); err != nil {
		return fmt.Errorf("pwhash: InsecureBcrypt: Cost: %w", err)
	}
	return nil
}

// MaxPassword is how many bytes of a password bcrypt reads. passwd rejects longer ones.
func (InsecureBcrypt) MaxPassword() int { return bcryptLimit }

// Hash makes a hash with a new salt. A password of more than 72 bytes is an error.
func (b InsecureBcrypt) Hash(ctx context.Context, password string) (Hash, error) {
	if err := b.Validate(); err != nil {
		return "", err
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	h, err := bcrypt.GenerateFromPassword([]byte(password), b.cost())
	if err != nil {
		return "", fmt.Errorf("pwhash: InsecureBcrypt: %w", err)
	}
	return Hash(h), nil
}

// Verify compares a password with a stored hash. One of bcrypt is stale if its cost is
// lower; any other that Argon2id reads is not.
func (b InsecureBcrypt) Verify(ctx context.Context, h Hash, password string) (Verdict, error) {
	v, err := Argon2id{Bounds: b.Bounds}.Verify(ctx, h, password)
	cost, is := form.BcryptCost(string(h), "aby")
	v.Stale = v.Match && is && cost < uint64(b.cost())
	return v, err
}

// Inspect tells what a stored hash is, without computing it.
func (b InsecureBcrypt) Inspect(h Hash) (Info, error) {
	info, err := Argon2id{Bounds: b.Bounds}.Inspect(h)
	cost, is := form.BcryptCost(string(h), "aby")
	info.Stale = is && cost < uint64(b.cost())
	return info, err
}
