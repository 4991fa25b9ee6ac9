package estimate_test

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

// BenchmarkEstimate measures what people type, as a share of one Argon2id hash of
// the default parameters in the same run.
func BenchmarkEstimate(b *testing.B) {
	hash := medianHash(b)
	for _, password := range []string{
		"P4ssw0rd!", "Summer2024!", "correct horse battery", "v7$Kq!pW2z^mXb0R", "herd code caps idle stag grub", "дождь шёл над старой крышей",
		"550e8400-e29b-41d4-a716-446655440000",
	} {
		b.Run(fmt.Sprintf("%.8s/%d", password, len(password)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				at2026.Estimate(password, caseOwner...)
			}
			b.ReportMetric(100*float64(b.Elapsed())/float64(b.N)/float64(hash), "%-of-a-hash")
		})
	}
}

// BenchmarkWorstInput looks for the input that costs most, by changing what has
// cost most so far, and reports its share of one hash.
func BenchmarkWorstInput(b *testing.B) {
	hash := medianHash(b)
	for _, length := range []int{8, 64, 4096} {
		for _, known := range [][]string{nil, manyValues()} {
			b.Run(fmt.Sprintf("%d/known=%d", length, len(known)), func(b *testing.B) {
				worst := climb(length, known)
				b.ReportAllocs()
				for b.Loop() {
					at2026.Estimate(worst, known...)
				}
				each := float64(b.Elapsed()) / float64(b.N)
				b.ReportMetric(each/float64(time.Millisecond), "ms")
				b.ReportMetric(100*each/float64(hash), "%-of-a-hash")
			})
		}
	}
}

// manyValues are what many attributes and their parts may hold.
func manyValues() []string {
	var known []string
	for n := range 34 {
		known = append(known, strings.Repeat("i", n+1), strings.Repeat("l", n+1))
	}
	return known
}

// pieces are what costly inputs are made of.
var pieces = []string{
	"a", "1", "|", "7", "4@8({[<3", "qwepoiasd", "qwertyuiop", "password", "p4$$w0rd", "drowssap", "12/12/1990", "19901990", "1i7l", "0o5s",
	"abcde", "97531", "й", "密", "\u0301", "\u200b", "\ufdfa", "\u1e69\u0323", "Ab", "0o", "love", "marie", "the", "\xff", "í", "\U0001F1E6",
	"onetwothree", "tobeornottobe", "1q2w3e", "a1", "iloveyou", "привет", "한", "👩\u200d🚀",
}

// climb returns a costly input of so many bytes.
func climb(length int, known []string) string {
	rng := rand.New(rand.NewPCG(uint64(length), uint64(len(known))))
	cost := func(s string) time.Duration {
		least := time.Hour
		for range 3 {
			began := time.Now()
			at2026.Estimate(s, known...)
			least = min(least, time.Since(began))
		}
		return least
	}
	var worst string
	var most time.Duration
	try := func(s string) {
		if c := cost(s); c > most {
			worst, most = s, c
		}
	}
	for _, p := range pieces {
		try(strings.Repeat(p, length/len(p)+1)[:length])
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

// TestAllocationCeiling bounds the work on hostile input by what does not depend on
// the machine, and holds that length beyond what is looked at costs nothing but
// being read once (I8).
func TestAllocationCeiling(t *testing.T) {
	known := manyValues()
	for _, piece := range pieces {
		s := strings.Repeat(piece, 4096/len(piece))
		if n := testing.AllocsPerRun(3, func() { at2026.Estimate(s, known...) }); n > 3000 {
			t.Errorf("%q…: %.0f allocations", piece, n)
		}
		if a, b := at2026.Estimate(s), at2026.Estimate(s+strings.Repeat(piece, 1<<20/len(piece))); a.Bits != b.Bits && len(s)%len(piece) == 0 && len(s) == 4096 {
			t.Errorf("%q…: %.1f bits of 4 KiB, %.1f of 1 MiB", piece, a.Bits, b.Bits)
		}
	}
}

// TestNothingStaysOnTheHeap holds that an estimate keeps nothing, and that no table
// was built on the way.
func TestNothingStaysOnTheHeap(t *testing.T) {
	at2026.Estimate("warm up")
	var before, after uint64
	before = heap(t)
	for range 100 {
		at2026.Estimate("Sunshine2026! and more", caseOwner...)
	}
	after = heap(t)
	if after > before+64<<10 {
		t.Errorf("%d bytes stay", after-before)
	}
}
