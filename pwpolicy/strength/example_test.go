package strength_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/passwd-go/passwd/pwpolicy"
	"github.com/passwd-go/passwd/pwpolicy/strength"
)

// What a page shows while a password is typed.
func ExampleEstimate() {
	for _, password := range []string{"P4ssw0rd", "ada-lovelace-ada", "pumice cruelly vegan"} {
		r := strength.Estimate(password, "Ada Lovelace")
		fmt.Printf("%d %4.1f bits %v\n", r.Score, r.Bits, r.Reasons)
	}
	_ = json.NewEncoder(os.Stdout).Encode(strength.Estimate("drowssapdrowssap"))
	// Output:
	// 0  3.0 bits [common_password substitutions]
	// 2 26.6 bits [personal]
	// 4 54.6 bits [word name]
	// {"score":0,"bits":7.644,"reasons":["common_password","reversed","repeat"],"feedback":["add_words","avoid_common","avoid_reversal","avoid_repeats"]}
}

// A policy that also refuses what is easy to guess.
func ExampleRecommended() {
	policy := strength.Recommended()
	for _, password := range []string{"passwordpassword", "pumice cruelly vegan"} {
		violations, err := policy.Check(context.Background(), pwpolicy.NewCandidate(password, pwpolicy.Subject{}), pwpolicy.PhaseEstimate)
		fmt.Println(violations, err)
	}
	// Output:
	// [{too_common map[]} {too_weak map[min_bits:28 reasons:[common_password repeat]]}] <nil>
	// [] <nil>
}
