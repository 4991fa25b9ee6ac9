package pwhash_test

import (
	"context"
	"fmt"

	"github.com/passwd-go/passwd/pwhash"
)

// Instead of bcrypt.CompareHashAndPassword: old bcrypt rows verify, and each is
// replaced by Argon2id when its owner signs in. A stored hash that asks for too much
// is refused before any work.
func Example_insteadOfBcrypt() {
	ctx, hasher := context.Background(), pwhash.Argon2id{Bounds: pwhash.Bounds{BcryptCost: 12}}
	stored := pwhash.Hash("$2b$05$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK")
	password, ok := pwhash.Prepare("a") // as typed; not ok is wrong
	verdict, err := hasher.Verify(ctx, stored, password)
	fmt.Println(ok, verdict.Match, err)
	if verdict.Stale {
		stored, err = hasher.Hash(ctx, password) // write it where the row still has the old one
		fmt.Println(string(stored)[:30], err)
	}
	// Output:
	// true true <nil>
	// $argon2id$v=19$m=19456,t=2,p=1 <nil>
}
