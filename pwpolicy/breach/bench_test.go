package breach_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/passwd-go/passwd/pwpolicy/breach"
)

const benchRows = 1_000_000

// lookups measures lookups of passwords that are not in the corpus: what nearly
// all are, and the most work.
func lookups(b *testing.B, s breach.Source) {
	b.Helper()
	passwords := make([]string, 4096)
	for i := range passwords {
		passwords[i] = unknown(i)
	}
	ctx := context.Background()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := s.Lookup(ctx, passwords[i%len(passwords)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFile(b *testing.B) {
	path := filepath.Join(b.TempDir(), "corpus.txt")
	if err := os.WriteFile(path, synthetic(benchRows), 0o600); err != nil {
		b.Fatal(err)
	}
	f, err := breach.OpenFile(path, breach.SHA1)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	lookups(b, f)
}

func BenchmarkFilter(b *testing.B) {
	path := filepath.Join(b.TempDir(), "filter")
	inMemory := newFilter(b, build(b, breach.BuildConfig{From: openFile(b, synthetic(benchRows)), Path: path}))
	b.Run("read", func(b *testing.B) {
		f, err := breach.OpenFilter(path)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		lookups(b, f)
		b.ReportMetric(float64(f.Info().Bytes)/benchRows, "B/entry")
	})
	b.Run("memory", func(b *testing.B) { lookups(b, inMemory) }) // as when mapped
}

func BenchmarkBuildFilter(b *testing.B) {
	file := openFile(b, synthetic(benchRows))
	for i := 0; b.Loop(); i++ {
		path := filepath.Join(b.TempDir(), "filter")
		if _, err := breach.BuildFilter(context.Background(), breach.BuildConfig{From: file, Path: path}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
}

// BenchmarkRange measures a client whose answers, of 1,900 rows, come from the
// cache or without a network.
func BenchmarkRange(b *testing.B) {
	var body []byte
	for i := range 1900 {
		body = fmt.Appendf(body, "%035X:%d\r\n", i*7919, i)
	}
	s := transport(func(*http.Request) (*http.Response, error) { return reply(200, string(body)), nil })
	for name, prefixes := range map[string]int{"cached": 1, "asked": -1} {
		b.Run(name, func(b *testing.B) {
			r, err := breach.NewRange(breach.RangeConfig{UserAgent: "bench", Transport: s, CachePrefixes: prefixes})
			if err != nil {
				b.Fatal(err)
			}
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Lookup(ctx, "password"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
