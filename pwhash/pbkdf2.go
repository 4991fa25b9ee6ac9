package pwhash

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"fmt"
)

// PBKDF2 is a [Hasher] that makes hashes with PBKDF2-HMAC-SHA256 (RFC 8018) of
// the standard library, for where FIPS 140 must be met; elsewhere [Argon2id] is
// better, as guessing at PBKDF2 takes no memory. Hashes are PHC strings:
// $pbkdf2-sha256$i=600000$salt$tag, with a salt of 16 bytes and a tag of 32.
//
// Under GODEBUG=fips140=only every step of it, that of the pepper included, is
// within the module. The hashes of other algorithms are not; see Only.
//
// Verify reads what [Argon2id] reads, with the same bounds and errors.
type PBKDF2 struct {
	Rounds uint32 // 0: 600,000, which is also the minimum (ASVS 5.0 appendix C)

	// Only refuses the hashes of all other algorithms, with ErrFormat: their
	// owners need a reset.
	Only bool

	Pepper Pepper // keys that are not in the database; the zero value is none
	Bounds Bounds // what a stored hash may cost
	// InsecureCosts takes fewer rounds. It is for tests.
	InsecureCosts bool
}

var _ Inspector = PBKDF2{}

const pbkdf2Rounds = 600_000

func (p PBKDF2) builtin() builtin {
	orDefault(&p.Rounds, pbkdf2Rounds)
	return builtin{scheme: &pbkdf2Scheme, costs: costs{uint64(p.Rounds)}, bounds: p.Bounds, pepper: p.Pepper, only: p.Only}
}

// Validate reports rounds that are too few to protect a password, or too many to
// be verified, bounds out of range, and an invalid pepper. passwd.New calls it,
// and Hash fails with its error.
func (p PBKDF2) Validate() error {
	orDefault(&p.Rounds, pbkdf2Rounds)
	if p.Rounds < pbkdf2Rounds && !p.InsecureCosts {
		return fmt.Errorf("pwhash: PBKDF2: Rounds %d are too few: at least %d", p.Rounds, pbkdf2Rounds)
	}
	return p.builtin().validate()
}

// Hash makes a hash with a new salt.
func (p PBKDF2) Hash(ctx context.Context, password string) (Hash, error) {
	if err := p.Validate(); err != nil {
		return "", err
	}
	return p.builtin().hash(ctx, password)
}

// Verify compares a password with a stored hash. One of PBKDF2 is stale if it
// took fewer rounds than p has, if its salt or tag is shorter, or if it is not
// keyed with the current pepper.
func (p PBKDF2) Verify(ctx context.Context, h Hash, password string) (Verdict, error) {
	return p.builtin().verify(ctx, h, password)
}

// Inspect tells what a stored hash is, without computing it.
func (p PBKDF2) Inspect(h Hash) (Info, error) { return p.builtin().inspect(h) }

var pbkdf2Scheme = scheme{
	name: "pbkdf2-sha256", params: []string{"i="}, pads: true,

	check:  func(c costs, b Bounds) error { return b.PBKDF2(c[0]) },
	weaker: func(stored, wanted costs) bool { return stored[0] < wanted[0] },
	memory: func(costs) int64 { return 0 },
	derive: func(password string, c costs, salt []byte, size int) ([]byte, error) {
		return pbkdf2.Key(sha256.New, password, salt, int(c[0]), size)
	},
}
