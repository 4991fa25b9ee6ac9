package main

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd/pwpolicy/breach"
)

func password(i int) string { return fmt.Sprintf("password %d", i) }

func writeCorpus(t *testing.T, n int) string {
	t.Helper()
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf("%X:%d\r\n", sha1.Sum([]byte(password(i))), i+1)
	}
	slices.Sort(rows)
	path := filepath.Join(t.TempDir(), "corpus.txt")
	if err := os.WriteFile(path, []byte(strings.Join(rows, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBuildAndVerify(t *testing.T) {
	in, out := writeCorpus(t, 1000), filepath.Join(t.TempDir(), "pwned.filter")
	var built, verified, shown bytes.Buffer
	if err := run(t.Context(), []string{"-in", in, "-out", out, "-bits", "20", "-min", "11"}, &built, &shown); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"-verify", out}, &verified, io.Discard); err != nil {
		t.Fatal(err)
	}
	if built.String() != verified.String() || !strings.Contains(built.String(), "990 passwords (SHA-1, at least 11 times)") {
		t.Errorf("built: %sverified: %s", &built, &verified)
	}
	if !strings.Contains(shown.String(), "100.0 %") {
		t.Errorf("progress: %q", &shown)
	}
	f, err := breach.OpenFilter(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range 1000 {
		got, err := f.Lookup(t.Context(), password(i))
		if err != nil || (got.Outcome == breach.Found) != (i >= 10) {
			t.Errorf("%q: %+v, %v", password(i), got, err)
		}
	}
}

func TestVerifyDamaged(t *testing.T) {
	in, out := writeCorpus(t, 1000), filepath.Join(t.TempDir(), "pwned.filter")
	if err := run(t.Context(), []string{"-in", in, "-out", out, "-quiet"}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(out, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"-verify", out}, io.Discard, io.Discard); !errors.Is(err, breach.ErrCorrupt) {
		t.Errorf("%v, want ErrCorrupt", err)
	}
}

func TestInterrupted(t *testing.T) {
	in, out := writeCorpus(t, 1000), filepath.Join(t.TempDir(), "pwned.filter")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, []string{"-in", in, "-out", out}, io.Discard, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	if err := run(t.Context(), []string{"-in", in, "-out", out}, io.Discard, io.Discard); err != nil {
		t.Error(err)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		nil, {"-in", "a"}, {"-out", "a"}, {"-in", "a", "-out", "b", "-verify", "c"}, {"-bits", "many"}, {"-in", "a", "-out", "b", "c"}, {"-h"},
	} {
		var said bytes.Buffer
		if err := run(t.Context(), args, io.Discard, &said); !errors.Is(err, flag.ErrHelp) || !strings.Contains(said.String(), "-verify") {
			t.Errorf("%q: %v, %q", args, err, &said)
		}
	}
	none := filepath.Join(t.TempDir(), "none")
	if err := run(t.Context(), []string{"-in", none, "-out", none}, io.Discard, io.Discard); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want os.ErrNotExist", err)
	}
	if err := run(t.Context(), []string{"-in", t.TempDir(), "-out", none}, io.Discard, io.Discard); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty directory: %v, want os.ErrNotExist", err)
	}
}

func TestBar(t *testing.T) {
	now := time.Unix(0, 0)
	var shown bytes.Buffer
	p := newProgress(&shown, func() time.Time { return now })
	p.terminal = true
	now = now.Add(10 * time.Second)
	p.show(breach.BuildProgress{Share: 0.5, Begun: 0.25, Rows: 5e6})
	now = now.Add(time.Millisecond)
	p.show(breach.BuildProgress{Share: 0.6, Begun: 0.25, Rows: 6e6}) // too soon to draw again
	p.show(breach.BuildProgress{Share: 1, Begun: 0.25, Rows: 15e6})
	p.end()
	want := "\r[###############...............]  50.0 %  5.0 M rows  0.5 M/s  20s left " +
		"\r[##############################] 100.0 %  15.0 M rows  1.5 M/s  0s left \n"
	if got := shown.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
