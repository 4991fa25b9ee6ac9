//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/passwd-go/passwd/internal/testrun"
)

// cluster is a database server of a test's own, which may be stopped and started
// again on the same files and port.
type cluster struct {
	t     *testing.T
	url   string // of an empty database
	args  []string
	as    *syscall.Credential // nil is whoever runs the test
	log   *os.File
	fast  os.Signal // ends it in order
	crash os.Signal // and this does not

	cmd *exec.Cmd
}

// startPostgres makes and starts a PostgreSQL. It skips the test where there is none.
func startPostgres(t *testing.T) *cluster {
	t.Helper()
	programs, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	slices.Sort(programs)
	initdb, err := exec.LookPath("initdb")
	if err != nil && len(programs) > 0 {
		initdb, err = filepath.Join(filepath.Dir(programs[len(programs)-1]), "initdb"), nil
	}
	unavailable(t, "postgres", err)

	c, folder := newCluster(t, "postgres")
	data, port := filepath.Join(folder, "data"), freePort(t)
	c.fast, c.crash = os.Interrupt, syscall.SIGQUIT // "fast" and "immediate"
	c.url = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	c.run(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-N")
	c.args = []string{filepath.Join(filepath.Dir(initdb), "postgres"), "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", ""}
	c.start()
	return c
}

// startMariaDB makes and starts a MariaDB.
func startMariaDB(t *testing.T) *cluster {
	t.Helper()
	install, err := exec.LookPath("mariadb-install-db")
	unavailable(t, "mariadb", err)
	program, err := exec.LookPath("mariadbd")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/mariadbd")
	}
	unavailable(t, "mariadb", err)

	c, folder := newCluster(t, "mysql")
	data, port := filepath.Join(folder, "data"), freePort(t)
	c.fast, c.crash = syscall.SIGTERM, os.Kill
	c.url = fmt.Sprintf("mysql://root@127.0.0.1:%d/test", port)
	c.run(install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal")
	c.args = []string{program, "--no-defaults", "--datadir=" + data, "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(port),
		"--socket=" + filepath.Join(folder, "socket"), "--pid-file=" + filepath.Join(folder, "pid")}
	c.start()
	return c
}

// newCluster makes a folder for a server, which never runs as root.
func newCluster(t *testing.T, name string) (c *cluster, folder string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "passwd-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	c = &cluster{t: t}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if c.log, err = os.Create(filepath.Join(folder, "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.log.Close() })
	if os.Getuid() != 0 {
		return c, folder
	}
	u, err := user.Lookup(name)
	unavailable(t, name, err)
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	c.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	if err := os.Chown(folder, uid, gid); err != nil {
		t.Fatal(err)
	}
	return c, folder
}

// freePort returns a port that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

func (c *cluster) command(args ...string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = filepath.Dir(c.log.Name())
	// A mariadbd that starts deletes what it takes for temporary tables of one that crashed.
	cmd.Env = append(os.Environ(), "TMPDIR="+cmd.Dir)
	cmd.Stdout, cmd.Stderr = c.log, c.log
	// In a group of its own: a signal from the terminal is for the test alone.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as, Setpgid: true}
	return cmd
}

func (c *cluster) run(args ...string) {
	c.t.Helper()
	if err := c.command(args...).Run(); err != nil {
		c.fatal(err)
	}
}

func (c *cluster) fatal(err error) {
	c.t.Helper()
	said, _ := os.ReadFile(c.log.Name())
	c.t.Fatalf("%v: %s", err, said)
}

// start starts the server and waits until it answers.
func (c *cluster) start() {
	c.t.Helper()
	c.cmd = c.command(c.args...)
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	cmd := c.cmd
	c.t.Cleanup(func() { cmd.Process.Signal(c.crash); cmd.Wait() })
	ctx, cancel := context.WithTimeout(c.t.Context(), testrun.Patience(c.t))
	defer cancel()
	for {
		err := c.ping(ctx)
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			c.fatal(errors.Join(ctx.Err(), err))
		}
		pause(ctx, 50*time.Millisecond)
	}
}

func (c *cluster) ping(ctx context.Context) error {
	db, err := connect(c.url)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.PingContext(ctx)
}

// stop ends the server by a signal and waits until it is gone.
func (c *cluster) stop(signal os.Signal) {
	c.t.Helper()
	c.signal(signal)
	c.cmd.Wait() // a crash is no failure here
}

func (c *cluster) signal(s os.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}
