package pwhash

import (
	"context"
	"fmt"
)

// Argon2id is the default [Hasher]: Argon2id (RFC 9106, version 19) for new
// hashes, written as PHC strings with a salt of 16 bytes and a tag of 32. A field
// that is 0 has its default; the zero value is 19 MiB, 2 passes, 1 lane (OWASP),
// and [RFC9106] has the parameters that the RFC recommends. One call holds KiB of
// memory while it runs.
//
// Costs below the floors of ASVS 5.0 appendix C are refused: 47104 KiB with one
// pass, 19456 with two, 12288 with three or more. So are costs that Verify would
// not accept. See Validate.
//
// # What it verifies
//
// Argon2id, [Scrypt] and [PBKDF2] all verify the hashes of each other, and bcrypt
// ($2a$, $2b$, $2y$), which none of them makes. A hash of any algorithm but the hasher's
// own is always stale. To change the algorithm of a service, put the other hasher into
// Config.Hasher: everybody can still sign in, and gets a new hash when they do.
//
// As bcrypt ignores what follows the 72nd byte, a longer password never matches
// such a hash, and its owner needs a reset. Where another stack may have hashed longer
// passwords, [foreign.Bcrypt] verifies them as that stack did.
//
// Verify does no work for a hash that is over 1 KiB long, malformed, or over one
// of the Bounds. Its errors are ErrFormat, a [*BoundsError], ErrPepperKey
// and the context's; none contains any of the hash. A computation that has begun
// runs to its end.
//
// [foreign.Bcrypt]: https://pkg.go.dev/github.com/passwd-go/passwd/pwhash/foreign#Bcrypt
type Argon2id struct {
	KiB    uint32 // memory; 0: 19456
	Passes uint32 // 0: 2
	Lanes  uint8  // 0: 1, as parallel requests already fill the cores

	// Key computes the tags, of new hashes and of stored ones, in place of x/crypto.
	// Everything else stays the same: bounds, pepper, what is stale.
	Key    Argon2Key `json:"-"`
	Pepper Pepper    // keys that are not in the database; the zero value is none
	Bounds Bounds    // what a stored hash may cost
	// InsecureCosts takes costs below the floors. It is for tests.
	InsecureCosts bool
}

// RFC9106 returns the second choice of RFC 9106 §4, for where memory is
// constrained: 64 MiB, 3 passes, 4 lanes. It takes about 6 times as long as the
// zero Argon2id; the first choice of the RFC takes 2 GiB.
func RFC9106() Argon2id { return Argon2id{KiB: 64 << 10, Passes: 3, Lanes: 4} }

var _ Inspector = Argon2id{}

func (a Argon2id) withDefaults() Argon2id {
	orDefault(&a.KiB, 19456)
	orDefault(&a.Passes, 2)
	orDefault(&a.Lanes, 1)
	return a
}

func (a Argon2id) builtin() builtin {
	a = a.withDefaults()
	return builtin{
		scheme: &argon2Scheme, costs: costs{uint64(a.KiB), uint64(a.Passes), uint64(a.Lanes)},
		bounds: a.Bounds, pepper: a.Pepper, argon2: a.Key,
	}
}

// Validate reports costs that are too low to protect a password, or too high to be
// verified, bounds out of range, and an invalid pepper. passwd.New calls it, and Hash
// fails with its error.
func (a Argon2id) Validate() error {
	a = a.withDefaults()
	floor := uint32(12288)
	switch a.Passes {
	case 1:
		floor = 47104
	case 2:
		floor = 19456
	}
	if a.KiB < floor && !a.InsecureCosts {
		return fmt.Errorf("pwhash: Argon2id: %d KiB is too little with Passes %d: at least %d", a.KiB, a.Passes, floor)
	}
	return a.builtin().validate()
}

// Hash makes a hash with a new salt.
func (a Argon2id) Hash(ctx context.Context, password string) (Hash, error) {
	if err := a.Validate(); err != nil {
		return "", err
	}
	return a.builtin().hash(ctx, password)
}

// Verify compares a password with a stored hash. One of Argon2id is stale if it
// took less memory, or less memory times passes, than a has, if its salt or tag is
// shorter, or if it is not keyed with the current pepper; a more expensive one is not.
func (a Argon2id) Verify(ctx context.Context, h Hash, password string) (Verdict, error) {
	return a.builtin().verify(ctx, h, password)
}

// Inspect tells what a stored hash is, without computing it.
func (a Argon2id) Inspect(h Hash) (Info, error) { return a.builtin().inspect(h) }

var argon2Scheme = scheme{
	name: "argon2id", version: "v=19$", params: []string{"m=", "t=", "p="},

	check: func(c costs, b Bounds) error { return b.Argon2(c[0], c[1], c[2]) },
	weaker: func(stored, wanted costs) bool {
		return stored[0] < wanted[0] || stored[0]*stored[1] < wanted[0]*wanted[1]
	},
	memory: func(c costs) int64 { return int64(c[0]) << 10 },
}
