package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
)

// grace is whom all is written to.
var grace = passwd.Ref{Tenant: "north", ID: "grace"}

const (
	writerMark  = "CUSTOM_STORE_WRITER"
	kills       = 10
	mostWritten = 20 // before a kill
)

func hashNo(n int) passwd.Hash { return passwd.Hash(fmt.Sprintf("$hash$%d", n)) }

func tokenNo(n int) passwd.TokenRef {
	return passwd.TokenRef{Purpose: passwd.PurposeReset, Digest: sha256.Sum256([]byte(strconv.Itoa(n)))}
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// write makes the nth world out of the one before it. Of a world are the nth hash, with
// the one before it in the history, and the nth token, live at the nth epoch alone,
// with the one before it spent: a mixture of two worlds is recognised.
func write(ctx context.Context, s *Store, n int) error {
	a, err := s.Get(ctx, grace)
	if err != nil {
		return err
	}
	consumed := tokenNo(n - 1)
	_, err = s.Apply(ctx, passwd.Write{
		Account: grace, IfHash: hashNo(n - 1), IfEpoch: a.Epoch, NewHash: hashNo(n), History: 1, Now: noon,
		Consume: &consumed,
		Issue:   &passwd.TokenRecord{TokenRef: tokenNo(n), Account: grace, Epoch: a.Epoch, IssuedAt: noon, ExpiresAt: noon.Add(time.Hour)},
	})
	return err
}

// found tells which world a store is in. It fails for none, and for a mixture.
func found(t *testing.T, s *Store) (n int) {
	t.Helper()
	a, err := s.Get(t.Context(), grace)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(string(a.Hash), "$hash$%d", &n); err != nil {
		t.Fatal(err)
	}
	history, err := s.History(t.Context(), grace, 10)
	if err != nil || n > 0 && (len(history) != 1 || history[0] != hashNo(n-1)) || n == 0 && len(history) != 0 {
		t.Fatalf("world %d has a history of another one: %d hashes (%v)", n, len(history), err)
	}
	for i := max(0, n-1); i <= n+1; i++ {
		if _, err := s.Peek(t.Context(), tokenNo(i), noon); (err == nil) != (i == n) {
			t.Fatalf("in world %d, token %d: %v", n, i, err)
		}
	}
	return n
}

// beginning makes world 0.
func beginning(t *testing.T, folder string) *Store {
	t.Helper()
	s, _ := open(t, folder)
	err := errors.Join(
		s.Put(t.Context(), passwd.Account{Ref: grace, Username: "grace", Hash: hashNo(0), Active: true}),
		s.Issue(t.Context(), passwd.TokenRecord{TokenRef: tokenNo(0), Account: grace, IssuedAt: noon, ExpiresAt: noon.Add(time.Hour)}, 0, nil),
	)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Whatever a crash leaves of a write, down to a single byte, the folder opens in the
// old world, and the next write makes the new one.
func TestEveryCut(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := beginning(t, folder)
	file := filepath.Join(folder, fileName(grace))
	before := content(t, file)
	if err := errors.Join(write(t.Context(), s, 1), s.Close()); err != nil {
		t.Fatal(err)
	}
	after := content(t, file)
	put(t, file, before)
	left := append(slices.Clone(after), "more"...) // the last cuts are of a longer file
	for cut := range len(left) + 1 {
		put(t, filepath.Join(folder, unfinished), left[:cut])
		s, _ := open(t, folder)
		if n := found(t, s); n != 0 {
			t.Fatalf("cut at byte %d: world %d, want the old one", cut, n)
		}
		if cut%200 == 0 || cut == len(left) { // not each: a write waits for the disk
			if err := errors.Join(write(t.Context(), s, 1), s.Close()); err != nil {
				t.Fatalf("cut at byte %d: the next write: %v", cut, err)
			}
			if s, _ = open(t, folder); found(t, s) != 1 {
				t.Fatalf("cut at byte %d: the next write is not there after it", cut)
			}
			put(t, file, before)
		}
		s.Close()
	}
}

// TestKill kills a process that writes as fast as it can, again and again. What it
// was told is done is there; what it was not told is there as a whole, or not at all.
func TestKill(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	beginning(t, folder).Close()
	last := 0
	for range kills {
		told := writeUntilKilled(t, folder, rand.IntN(mostWritten))
		s, _ := open(t, folder)
		n := found(t, s)
		s.Close()
		if n != told && n != told+1 || told <= last {
			t.Fatalf("world %d, after the writer told of %d, and began at %d", n, told, last)
		}
		last = n
	}
}

// writeUntilKilled starts a writer, kills it once it has told of so many writes, and
// returns the last one that it has told of.
func writeUntilKilled(t *testing.T, folder string, writes int) (told int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWriter$")
	cmd.Env = append(os.Environ(), writerMark+"="+folder)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for seen := 0; lines.Scan(); seen++ {
		n, err := strconv.Atoi(strings.TrimSpace(lines.Text()))
		if err != nil {
			t.Fatalf("the writer says %q", lines.Text())
		}
		told = n
		if seen == writes {
			cmd.Process.Kill() // and on to what it said before it died
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the writer has ended by itself")
	}
	return told
}

// TestWriter is the other process of TestKill, and nothing by itself.
func TestWriter(t *testing.T) {
	folder := os.Getenv(writerMark)
	if folder == "" {
		t.Skip("the other process of TestKill")
	}
	s, _ := open(t, folder)
	for n := found(t, s) + 1; ; n++ {
		if err := write(t.Context(), s, n); err != nil {
			t.Fatal(err)
		}
		fmt.Println(n)
	}
}

func content(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func put(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
