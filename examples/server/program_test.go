//go:build unix

package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	record "github.com/passwd-go/passwd/internal/exchange"
	"github.com/passwd-go/passwd/internal/testrun"
)

var buildFolder string

func TestMain(m *testing.M) {
	// What the tests ask is held against the OpenAPI documents.
	http.DefaultTransport = record.Transport(http.DefaultTransport,
		record.Mount{Document: "api", Base: mount + "/api/v1"}, record.Mount{Document: "grant", Base: "/api"},
		record.Mount{Document: "profile", Base: "/profile/v1"}, record.Mount{Document: "signin", Base: "/api/auth"},
		record.Mount{Document: "remind", Base: "/v1"}, record.Mount{Document: "brand", Base: "/auth/v1"})
	var err error
	if buildFolder, err = os.MkdirTemp("", "passwd-build-"); err != nil {
		panic(err)
	}
	code := m.Run()
	dropSeeded()
	os.RemoveAll(buildFolder)
	os.Exit(code)
}

// program is the server as people run it, built once.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildFolder, "server")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return path, err
})

// start starts the program, whose temporary folder is temp.
func start(t *testing.T, temp string, args ...string) (*exec.Cmd, io.Reader) {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, path, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	cmd.Stderr = new(lockedBuffer)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

// started waits until a program that was started listens.
func started(t *testing.T, cmd *exec.Cmd, out io.Reader) *running {
	t.Helper()
	origin := awaitOrigin(out)
	if origin == "" {
		t.Fatalf("it did not start: %s", cmd.Stderr)
	}
	return &running{t: t, origin: origin}
}

// TestProgram runs it as people do, with a fresh database and real hashes, and
// ends it by a signal.
func TestProgram(t *testing.T) {
	t.Parallel()
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	for _, signal := range signals[:testrun.Size(1, 2, 2)] {
		temp := t.TempDir()
		cmd, out := start(t, temp)
		s := started(t, cmd, out)
		if signal == os.Interrupt { // once is enough
			signInToAll(s)
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v: %s", signal, err, cmd.Stderr)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("%v: the temporary folder still has %v, %v", signal, left, err)
		}
	}
}

// TestKilled is about what survives a kill: accounts, sessions, mail, events.
func TestKilled(t *testing.T) {
	t.Parallel()
	all := kinds(t)
	for _, k := range all[:testrun.Size(1, len(all), len(all))] {
		t.Run(k.name, func(t *testing.T) { testKilled(t, k.fresh(t)) })
	}
}

func testKilled(t *testing.T, url string) {
	temp := t.TempDir()
	early, _ := start(t, temp, "-db", url) // of two at once, one dies somewhere on its way
	cmd, out := start(t, temp, "-db", url)
	early.Process.Kill()
	early.Wait()
	s := started(t, cmd, out)
	bearer := s.signIn("", "ada", adaPassword)
	s.want(s.post(api+"change", bearer, "current_password", adaPassword, "new_password", newPassword), http.StatusNoContent, "")
	s.mail("ada@example.com", "password_changed", 1)
	cmd.Process.Kill()
	cmd.Wait()

	cmd, out = start(t, temp, "-db", url)
	s = started(t, cmd, out)
	if !s.alive(bearer) {
		t.Error("the session is gone")
	}
	s.signIn("", "ada", newPassword)
	s.mail("ada@example.com", "password_changed", 1)
	if events := s.call("GET", "/dev/events", "", ""); !strings.Contains(events.body, `"password.changed"`) {
		t.Error("the event is gone")
	}
	cmd.Process.Kill()
	cmd.Wait()
}

// TestStartedTogether is about two servers that find one database empty.
func TestStartedTogether(t *testing.T) {
	t.Parallel()
	all := kinds(t)
	for _, k := range all[testrun.Size(len(all)-1, 0, 0):] {
		t.Run(k.name, func(t *testing.T) { testStartedTogether(t, k.fresh(t)) })
	}
}

func testStartedTogether(t *testing.T, url string) {
	temp := t.TempDir()
	one, oneOut := start(t, temp, "-db", url)
	two, twoOut := start(t, temp, "-db", url)
	for _, s := range []*running{started(t, one, oneOut), started(t, two, twoOut)} {
		s.signIn("", "ada", adaPassword)
		s.ticket("", "grace", "nanosecond wire 11.8 inches")
	}
	for _, cmd := range []*exec.Cmd{one, two} {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %s", err, cmd.Stderr)
		}
	}
	var n int
	if err := open(t, url).row(t.Context(), `SELECT count(*) FROM users`).Scan(&n); err != nil || n != len(demoAccounts) {
		t.Errorf("%d users, %v, want %d", n, err, len(demoAccounts))
	}
}

// TestRequestIsFinished is about a request that is under way when the server is
// told to stop.
func TestRequestIsFinished(t *testing.T) {
	t.Parallel()
	s := serve(t)
	body := &heldBody{begun: make(chan struct{}), free: make(chan struct{}),
		rest: strings.NewReader(object("login", "ada", "password", adaPassword))}
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.origin+"/dev/sign-in", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Expect", "100-continue") // so that the body is asked for by the handler
	client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute, DisableKeepAlives: true}}
	answer := make(chan reply, 1)
	go func() {
		defer close(answer)
		answer <- do(t, client, req)
	}()
	<-body.begun
	end := make(chan error, 1)
	go func() { end <- s.stop() }()
	for addr := strings.TrimPrefix(s.origin, "http://"); ; {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			break // it accepts no more
		}
		c.Close()
	}
	close(body.free)
	if r := <-answer; r.status != http.StatusOK || r.field("access_token") == "" {
		t.Errorf("status %d: %s", r.status, r.body)
	}
	if err := <-end; err != nil {
		t.Error(err)
	}
}

// heldBody says when it is first read, and ends only when it is let go.
type heldBody struct {
	once        sync.Once
	begun, free chan struct{}
	rest        io.Reader
}

func (b *heldBody) Read(p []byte) (int, error) {
	b.once.Do(func() { close(b.begun) })
	<-b.free
	return b.rest.Read(p)
}
