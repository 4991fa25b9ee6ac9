package strength_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd/pwhash"
)

// BenchmarkEstimate measures what people type.
func BenchmarkEstimate(b *testing.B) {
	for _, password := range []string{"P4ssw0rd!", "Summer2024!", "correct horse battery", "v7$Kq!pW2z^mXb0R"} {
		b.Run(fmt.Sprint(len(password)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				meter.Estimate(password)
			}
		})
	}
}

// BenchmarkWorstInput looks for the input that costs most, by changing what has
// cost most so far, and reports its cost in milliseconds and as a share of one
// Argon2id hash in the same run.
func BenchmarkWorstInput(b *testing.B) {
	hash := medianHash(b)
	var known []string // what 34 attributes and their parts may hold
	for n := range 34 {
		known = append(known, strings.Repeat("i", n+1), strings.Repeat("l", n+1))
	}
	for _, length := range []int{8, 64, 256, 4096} {
		for _, inputs := range [][]string{nil, known} {
			b.Run(fmt.Sprintf("%d/inputs=%d", length, len(inputs)), func(b *testing.B) {
				worst := climb(length, inputs)
				b.ReportAllocs()
				for b.Loop() {
					meter.Estimate(worst, inputs...)
				}
				each := float64(b.Elapsed()) / float64(b.N)
				b.ReportMetric(each/float64(time.Millisecond), "ms")
				b.ReportMetric(100*each/float64(hash), "%-of-a-hash")
			})
		}
	}
}

// climb returns a costly input of so many bytes.
func climb(length int, inputs []string) string {
	rng := rand.New(rand.NewPCG(uint64(length), uint64(len(inputs))))
	pieces := []string{
		"a", "1", "|", "7", "4@8({[<3", "qwepoiasd", "qwertyuiop", "password", "p4$$w0rd", "drowssap", "12/12/1990", "19901990",
		"abcde", "97531", "й", "密", "\u0301", "\u200b", "\ufdfa", "\u1e69\u0323", "Ab", "0o", "love", "marie", "the", "\xff", "í",
	}
	cost := func(s string) time.Duration {
		least := time.Hour
		for range 3 {
			began := time.Now()
			meter.Estimate(s, inputs...)
			least = min(least, time.Since(began))
		}
		return least
	}
	fill := func(s string) string { return strings.Repeat(s, length/len(s)+1)[:length] }
	var worst string
	var most time.Duration
	try := func(s string) {
		if c := cost(s); c > most {
			worst, most = s, c
		}
	}
	for _, p := range pieces {
		try(fill(p))
	}
	for range 600 {
		at, piece := rng.IntN(length), pieces[rng.IntN(len(pieces))]
		to := min(at+1+rng.IntN(8), length)
		switch rng.IntN(3) {
		case 0: // put in
			try((worst[:at] + piece + worst[at:])[:length])
		case 1: // replace
			try((worst[:at] + piece + worst[to:] + worst)[:length])
		case 2: // double
			try((worst[:to] + worst[at:])[:length])
		}
	}
	return worst
}

// medianHash returns what one Argon2id hash of the default parameters takes.
func medianHash(b *testing.B) time.Duration {
	b.Helper()
	times := make([]time.Duration, 21)
	for i := range times {
		began := time.Now()
		if _, err := (pwhash.Argon2id{}).Hash(context.Background(), "correct horse battery"); err != nil {
			b.Fatal(err)
		}
		times[i] = time.Since(began)
	}
	slices.Sort(times)
	return times[len(times)/2]
}
