//go:build unix

package main

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/pwhash"
)

// process is a server in a process of its own.
type process struct {
	*running
	cmd *exec.Cmd
}

// spawn starts a server process on a database.
func spawn(t *testing.T, url string, args ...string) *process {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	out, in := io.Pipe()
	stderr := new(lockedBuffer)
	cmd := exec.Command(path, append([]string{"-addr", "127.0.0.1:0", "-db", url}, args...)...)
	cmd.Stdout, cmd.Stderr = in, stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{&running{t: t, url: url, stderr: stderr}, cmd}
	t.Cleanup(func() { p.kill() })
	if p.origin = awaitOrigin(out); p.origin == "" {
		t.Fatalf("the server did not start: %s", stderr)
	}
	return p
}

// kill ends the process as a power failure would.
func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// people adds accounts user0, user1, … to a database, with the same password.
func people(t *testing.T, url string, n int, password string) {
	t.Helper()
	h, err := pwhash.Argon2id{}.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	peopleOf(t, url, n, h)
}

// peopleOf has them take the hashes by turns.
func peopleOf(t *testing.T, url string, n int, hashes ...passwd.Hash) {
	t.Helper()
	db := open(t, url)
	err := db.alone(t.Context(), func(tx *sql.Tx) error {
		for i := range n {
			d := demoAccount{id: firstPerson + int64(i), username: fmt.Sprint("user", i), email: fmt.Sprintf("user%d@example.com", i)}
			if err := insertUser(t.Context(), tx, db.dialect, d, string(hashes[i%len(hashes)]), time.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// firstPerson is the id of user0.
const firstPerson = 1000

// peakMemory is the most memory that the process has had resident, in MiB.
func (p *process) peakMemory() int {
	p.t.Helper()
	peak, err := testrun.PeakMemory(p.cmd.Process.Pid)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.t.Skip("no /proc here: ", err)
	case err != nil:
		p.t.Fatal(err)
	}
	return int(peak >> 20)
}
