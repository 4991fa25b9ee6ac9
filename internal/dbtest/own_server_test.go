//go:build unix

package dbtest_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/passwd-go/passwd/internal/testrun"
)

// ownServer is a server program of a test's own, in a folder and on a port that go
// with the test. What it serves is looked for on 127.0.0.1 alone.
type ownServer struct {
	t      testing.TB
	folder string
	port   int
	as     *syscall.Credential // nil is whoever runs the test
	crash  os.Signal           // ends it at once
	cmd    *exec.Cmd
}

// newOwnServer makes the folder, of the system's user who runs such servers when root
// runs the test.
func newOwnServer(t testing.TB, name string) *ownServer {
	t.Helper()
	folder, err := os.MkdirTemp("", "passwd-"+name+"-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	s := &ownServer{t: t, folder: folder, port: freePort(t), crash: os.Kill}
	if os.Getuid() != 0 {
		return s
	}
	u, err := user.Lookup(name)
	unavailable(t, name, err)
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	if err := os.Chown(folder, uid, gid); err != nil {
		t.Fatal(err)
	}
	return s
}

// freePort returns a port that nobody listens on, below those that connections get by
// themselves: one of these may take it before the server does.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 15000 + rand.IntN(15000)
		ln, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
		if err == nil {
			ln.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// program finds an executable by its name, or at one of the places where
// distributions hide it; the test is skipped where there is none.
func program(t testing.TB, requirement, name string, places ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	for i := 0; err != nil && i < len(places); i++ {
		if found, _ := filepath.Glob(places[i]); len(found) > 0 {
			path, err = found[len(found)-1], nil
		}
	}
	unavailable(t, requirement, err)
	return path
}

func (s *ownServer) file(name string) string { return filepath.Join(s.folder, name) }

func (s *ownServer) write(name, content string) string {
	s.t.Helper()
	if err := os.WriteFile(s.file(name), []byte(content), 0o644); err != nil {
		s.t.Fatal(err)
	}
	return s.file(name)
}

func (s *ownServer) command(args ...string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = s.folder
	// A mariadbd that starts deletes what it takes for temporary tables of one that crashed.
	cmd.Env = append(os.Environ(), "TMPDIR="+s.folder)
	// In a group of its own: a signal from the terminal is for the test alone.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as, Setpgid: true}
	return cmd
}

// run runs a program to its end.
func (s *ownServer) run(args ...string) {
	s.t.Helper()
	if out, err := s.command(args...).CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v: %s", args[0], err, out)
	}
}

// start starts the server; it is ended with the test, or by stop.
func (s *ownServer) start(args ...string) {
	s.t.Helper()
	log, err := os.OpenFile(s.file("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	cmd := s.command(args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.cmd = cmd
	s.t.Cleanup(func() {
		cmd.Process.Signal(s.crash)
		cmd.Wait()
		if s.t.Failed() {
			s.t.Logf("%s on port %d says: %s", filepath.Base(args[0]), s.port, s.said())
		}
	})
}

// stop ends the server and waits until it is gone.
func (s *ownServer) stop(signal os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
	s.cmd.Wait()
}

// answers waits until a database answers.
func (s *ownServer) answers(db *sql.DB) {
	s.t.Helper()
	var err error
	testrun.Until(s.t, func() bool {
		err = db.PingContext(context.WithoutCancel(s.t.Context()))
		return err == nil
	}, func() string {
		return err.Error() + "\n" + s.said()
	})
}

// said is the end of the server's log.
func (s *ownServer) said() string {
	log, _ := os.ReadFile(s.file("log"))
	return string(log[max(0, len(log)-4000):])
}
