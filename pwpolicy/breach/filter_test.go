package breach_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/pwpolicy/breach"
)

// build returns the bytes of a filter.
func build(t testing.TB, c breach.BuildConfig) []byte {
	t.Helper()
	if c.Path == "" {
		c.Path = filepath.Join(t.TempDir(), "filter")
	}
	if _, err := breach.BuildFilter(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	return read(t, c.Path)
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newFilter(t testing.TB, b []byte) *breach.Filter {
	t.Helper()
	f, err := breach.NewFilter(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestFilterFindsEach: every password of the corpus is found, and of others no more
// than asked for. Sizes lie on both sides of powers of two, where the layout
// changes.
func TestFilterFindsEach(t *testing.T) {
	for _, c := range []struct{ n, bits int }{
		{1, 16}, {2, 4}, {3, 32}, {255, 10}, {256, 16}, {257, 16}, {1000, 8}, {8191, 16}, {8192, 10}, {8193, 32}, {10_000, 10},
	} {
		b := build(t, breach.BuildConfig{From: openFile(t, join(corpus(c.n), "\n")), Bits: c.bits})
		f := newFilter(t, b)
		if err := f.Verify(context.Background()); err != nil {
			t.Fatal(err)
		}
		for i := range c.n {
			expect(t, f, known(i), 1)
		}
		info := f.Info()
		limit := 1 / float64(uint64(1)<<c.bits)
		if info.FalsePositive > limit || info.FalsePositive < limit/2.2 && c.n > 64 {
			t.Errorf("%d entries, %d bits: says %v of others are found, want up to %v", c.n, c.bits, info.FalsePositive, limit)
		}
		if info.Entries > uint64(c.n) || float64(info.Entries) < float64(c.n)*(1-2*limit) || info.MinCount != 1 || info.Bytes != int64(len(b)) {
			t.Errorf("%d entries: %+v", c.n, info)
		}
		const tries = 5_000
		mistakes := 0
		for i := range tries {
			got, err := f.Lookup(context.Background(), unknown(i))
			if err != nil {
				t.Fatal(err)
			}
			if got.Outcome == breach.Found {
				mistakes++
			}
		}
		if float64(mistakes) > 3+1.7*limit*tries {
			t.Errorf("%d entries, %d bits: %d of %d others are found", c.n, c.bits, mistakes, tries)
		}
	}
}

// TestFilterSize holds the sizes that the documentation gives.
func TestFilterSize(t *testing.T) {
	for _, n := range []int{1 << 14, 1<<14 + 1000, 25_000} {
		file := openFile(t, synthetic(n))
		for bits, want := range map[int][2]float64{10: {1.4, 1.7}, 16: {2.2, 2.5}, 20: {2.7, 3.0}, 24: {3.2, 3.5}} {
			got := float64(len(build(t, breach.BuildConfig{From: file, Bits: bits}))) / float64(n)
			t.Logf("%d entries, %d bits: %.2f bytes per entry", n, bits, got)
			if got < want[0] || got > want[1] {
				t.Errorf("%d entries, %d bits: %.2f bytes per entry, want %v", n, bits, got, want)
			}
		}
	}
}

func TestFilterMinCount(t *testing.T) {
	f := newFilter(t, build(t, breach.BuildConfig{From: openFile(t, join(corpus(1000), "\n")), MinCount: 90}))
	for i := range 1000 {
		want := 0
		if counted(i) >= 90 {
			want = 90
		}
		expect(t, f, known(i), want)
	}
	if f.MaxThreshold() != 90 || f.Info().MinCount != 90 {
		t.Errorf("%d, %+v", f.MaxThreshold(), f.Info())
	}
}

func TestFilterNTLM(t *testing.T) {
	text := "8846F7EAEE8FB117AD06BDD830B7586C:12\n"
	file, err := breach.NewFile(strings.NewReader(text), int64(len(text)), breach.NTLM)
	if err != nil {
		t.Fatal(err)
	}
	f := newFilter(t, build(t, breach.BuildConfig{From: file}))
	expect(t, f, "password", 1)
	expect(t, f, "Password", 0)
	if f.Info().Algorithm != breach.NTLM {
		t.Error(f.Info())
	}
}

// TestFilterDamaged turns every byte of a filter over, one at a time: it is
// refused, or Verify reports it, and no lookup of a password that is in it says
// "not found".
func TestFilterDamaged(t *testing.T) {
	const n = 300
	b := build(t, breach.BuildConfig{From: openFile(t, join(corpus(n), "\n"))})
	for i := range b {
		b[i] ^= 0x55
		f, err := breach.NewFilter(bytes.NewReader(b), int64(len(b)))
		switch {
		case err != nil:
			if !errors.Is(err, breach.ErrCorrupt) {
				t.Fatalf("byte %d: %v", i, err)
			}
		default:
			if err := f.Verify(context.Background()); !errors.Is(err, breach.ErrCorrupt) {
				t.Fatalf("byte %d: Verify: %v, want ErrCorrupt", i, err)
			}
			for k := i % 7; k < n; k += 7 {
				got, err := f.Lookup(context.Background(), known(k))
				if got.Outcome == breach.NotFound || (err != nil) != (got.Outcome == breach.Unavailable) {
					t.Fatalf("byte %d: %+v, %v", i, got, err)
				}
				if err != nil && !(errors.Is(err, breach.ErrUnavailable) && errors.Is(err, breach.ErrCorrupt)) {
					t.Fatalf("byte %d: %v", i, err)
				}
			}
		}
		b[i] ^= 0x55
	}
}

func TestFilterRefused(t *testing.T) {
	whole := build(t, breach.BuildConfig{From: openFile(t, join(corpus(300), "\n"))})
	for n := range whole {
		if _, err := breach.NewFilter(bytes.NewReader(whole[:n]), int64(n)); !errors.Is(err, breach.ErrCorrupt) {
			t.Fatalf("cut off at byte %d: %v, want ErrCorrupt", n, err)
		}
	}
	longer := append(bytes.Clone(whole), 0)
	version := bytes.Clone(whole)
	version[8]++
	for _, c := range []struct {
		bytes []byte
		want  string
	}{
		{nil, "no filter"}, {whole[:63], "no filter"}, {synthetic(10), "no filter"},
		{whole[:len(whole)-1], "bytes instead of"}, {longer, "bytes instead of"}, {version, "version 2, not 1"},
	} {
		path := filepath.Join(t.TempDir(), "filter")
		if err := os.WriteFile(path, c.bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := breach.OpenFilter(path)
		if !errors.Is(err, breach.ErrCorrupt) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v, want ErrCorrupt about %q and the path", err, c.want)
		}
	}
	if _, err := breach.OpenFilter(t.TempDir()); err == nil {
		t.Error("a directory was opened")
	}
}

func TestFilterFailsLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "filter")
	build(t, breach.BuildConfig{From: openFile(t, join(corpus(300), "\n")), Path: path})
	f, err := breach.OpenFilter(path)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, f, known(0), 1)
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	if err := expectUnavailable(t, f, known(0)); !errors.Is(err, breach.ErrCorrupt) {
		t.Errorf("cut off: %v, want ErrCorrupt", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := expectUnavailable(t, f, known(0)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: %v, want os.ErrClosed", err)
	}
}

// FuzzFilter: no panic, no unbounded work, whatever the file; the checksums of the
// header and of the first buckets are made right, so that what they guard is read.
func FuzzFilter(f *testing.F) {
	for _, n := range []int{1, 20, 600} {
		f.Add(build(f, breach.BuildConfig{From: openFile(f, join(corpus(n), "\n"))}))
	}
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 64+16+6 {
			b = append(b, make([]byte, 64+16+6)...)
		}
		b = bytes.Clone(b)
		buckets := uint64(1) << (b[11] % 4)
		if data := 64 + 8*(buckets+1); data+6*buckets <= uint64(len(b)) {
			b[11] %= 4
			binary.LittleEndian.PutUint64(b[32:], uint64(len(b))-data)
			for i := range buckets {
				begin, end := binary.LittleEndian.Uint64(b[64+8*i:]), binary.LittleEndian.Uint64(b[72+8*i:])
				if begin+6 <= end && end <= uint64(len(b))-data {
					sum := crc32.Checksum(binary.LittleEndian.AppendUint64(nil, i), castagnoli)
					binary.LittleEndian.PutUint32(b[data+begin:], crc32.Update(sum, castagnoli, b[data+begin+4:data+end]))
				}
			}
		}
		binary.LittleEndian.PutUint32(b[60:], crc32.Checksum(b[:60], castagnoli))
		filter, err := breach.NewFilter(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !errors.Is(err, breach.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		for i := range 8 {
			got, err := filter.Lookup(context.Background(), known(i))
			if (err == nil) != (got.Outcome != breach.Unavailable) || err != nil && !errors.Is(err, breach.ErrCorrupt) {
				t.Fatalf("%+v with %v", got, err)
			}
		}
		if err := filter.Verify(context.Background()); err != nil && !errors.Is(err, breach.ErrCorrupt) {
			t.Fatal(err)
		}
	})
}
