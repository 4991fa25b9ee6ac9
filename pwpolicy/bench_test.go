package pwpolicy_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/passwd-go/passwd/pwpolicy"
)

// BenchmarkPolicyCheck measures a whole check by the default policy and reports it
// as a share of one default hash: at most 1 % for an ordinary password, at most 5 %
// for the dearest of those meant to be dear. It is the median check against the fastest
// hash, both of the same run and taken in turns.
func BenchmarkPolicyCheck(b *testing.B) {
	many := person()
	for i := range 31 - len(many.Personal) {
		many.Personal = append(many.Personal, pwpolicy.Attribute{Name: "more", Value: fmt.Sprintf("Attribute %d of Lovelace-%d", i, 1000+i*37)})
	}
	ordinary := func(b *testing.B, password string, a account) {
		b.ReportAllocs()
		var checks, hashes []time.Duration
		for b.Loop() {
			if len(checks)%200 == 0 {
				b.StopTimer()
				hashes = append(hashes, leastHash(b, 1))
				b.StartTimer()
			}
			began := time.Now()
			if _, err := pwpolicy.NIST().Check(ctx, candidate(password, a), pwpolicy.PhaseEstimate); err != nil {
				b.Fatal(err)
			}
			checks = append(checks, time.Since(began))
		}
		b.ReportMetric(100*float64(median(checks))/float64(slices.Min(hashes)), "%-of-a-hash")
	}
	b.Run("ordinary", func(b *testing.B) { ordinary(b, "walnuts,teapots!", person()) })
	for _, n := range []int{64, 256, 4096} {
		for i, password := range hostile(n) {
			b.Run(fmt.Sprintf("hostile/%d/%d", n, i), func(b *testing.B) { ordinary(b, password, many) })
		}
	}
}

// BenchmarkEachRule measures each rule at several lengths, on the sum of the
// passwords that are meant to be dear.
func BenchmarkEachRule(b *testing.B) {
	a := person()
	for _, r := range every() {
		for _, n := range []int{8, 64, 256, 4096} {
			b.Run(fmt.Sprintf("%s/%d", r.Name(), n), func(b *testing.B) {
				b.ReportAllocs()
				passwords := hostile(n)
				for b.Loop() {
					for _, password := range passwords { // a candidate keeps its estimate
						if _, err := r.Check(ctx, candidate(password, a)); err != nil {
							b.Fatal(err)
						}
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(passwords)), "ns/password")
			})
		}
	}
}

// BenchmarkParsePolicy measures what a host pays that keeps policies as data and
// does not keep the parsed ones.
func BenchmarkParsePolicy(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pwpolicy.Parse([]byte(everyRule), hostRules("x")); err != nil {
			b.Fatal(err)
		}
	}
}
