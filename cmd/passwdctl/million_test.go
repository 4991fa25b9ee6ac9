//go:build unix

package main

import (
	"bufio"
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/sqlstore"
)

// Many rows are imported by a process that is killed at random ten times, and then runs to its end:
// each row is written once and none is lost, and memory does not grow with the rows. It takes 20,000
// rows in .ci/run, and a million in .ci/long.
func TestImportManyKilled(t *testing.T) {
	testrun.NeedCI(t)
	rows, kills := testrun.Size(0, 20_000, 1_000_000), testrun.Size(0, 3, 10)
	binary := filepath.Join(t.TempDir(), "passwdctl")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	export := filepath.Join(t.TempDir(), "users.csv")
	writeExport(t, export, rows)
	hosts(t, "bigint", func(t *testing.T, h *host) {
		h.fillUsers(t, rows)
		args := []string{"import", export, "--config", h.config, "--write", "--json"}
		began := time.Now()
		for i := range kills {
			cmd := exec.Command(binary, args...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(100+rand.IntN(900*min(rows/100_000+1, 4))) * time.Millisecond)
			cmd.Process.Kill()
			if err := cmd.Wait(); err == nil {
				t.Logf("run %d had ended before it was killed", i)
			}
		}
		killed := time.Since(began)

		out, took, memory := runBinary(t, binary, args...)
		got := decode[imported](t, out)
		if got.Rows != rows || got.Written+got.Present != rows || got.Skipped != 0 {
			t.Errorf("%+v", got)
		}
		t.Logf("import: %d rows were there after %d kills in %s; the rest, %d, in %s: %.0f rows/s, %d MiB at most",
			got.Present, kills, killed.Round(time.Millisecond), got.Written, took.Round(time.Millisecond), float64(rows)/took.Seconds(), memory>>20)

		n := 0
		for u, err := range h.table(t).users(t.Context(), "", false) {
			if err != nil {
				t.Fatal(err)
			}
			i, err := strconv.Atoi(u.ref.ID)
			if err != nil || u.hash != fakeBcrypt(i) {
				t.Fatalf("user %s has %q", u.ref.ID, string(u.hash))
			}
			n++
		}
		if n != rows {
			t.Errorf("%d users", n)
		}

		out, took, inspecting := runBinary(t, binary, "hashes", "inspect", "--config", h.config, "--json")
		if c := decode[census](t, out); c.Rows != rows || c.Empty != 0 || len(c.Kinds) != 1 {
			t.Errorf("%+v", c)
		}
		t.Logf("inspect: %d rows in %s: %.0f rows/s, %d MiB at most", rows, took.Round(time.Millisecond), float64(rows)/took.Seconds(), inspecting>>20)
		if bound := int64(96 << 20); memory > bound || inspecting > bound {
			t.Errorf("%d and %d bytes of memory, want at most %d", memory, inspecting, bound)
		}
	})
}

// runBinary returns what a process wrote, how long it took, and the most memory that it held, as far
// as Linux tells. What rusage has is at least what the process held that started it.
func runBinary(t *testing.T, binary string, args ...string) (out string, took time.Duration, memory int64) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v: %v %s", args, err, stderr.String())
			}
			return stdout.String(), time.Since(began), memory
		case <-tick.C:
			if peak, err := testrun.PeakMemory(cmd.Process.Pid); err == nil { // it may have ended
				memory = max(memory, peak)
			}
		}
	}
}

// fakeBcrypt has the syntax of a hash of cost 10, and is one of no password.
func fakeBcrypt(i int) pwhash.Hash {
	sum := sha512.Sum512([]byte(strconv.Itoa(i)))
	text := base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").EncodeToString(sum[:])
	return pwhash.Hash("$2b$10$" + text[:21] + "." + text[22:52] + ".")
}

func writeExport(t *testing.T, path string, rows int) {
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "id,hash")
	for i := 1; i <= rows; i++ {
		fmt.Fprintf(w, "%d,%s\n", i, string(fakeBcrypt(i)))
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// fillUsers makes users with the ids from 1 and no hash.
func (h *host) fillUsers(t *testing.T, rows int) {
	switch h.dialect {
	case sqlstore.PostgreSQL:
		h.exec(t, fmt.Sprintf("INSERT INTO users (id) SELECT * FROM generate_series(1, %d)", rows))
	case sqlstore.MySQL:
		h.exec(t, fmt.Sprintf("INSERT INTO users (id) SELECT seq FROM seq_1_to_%d", rows))
	default:
		h.exec(t, fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO users (id) SELECT i FROM n", rows))
	}
}
