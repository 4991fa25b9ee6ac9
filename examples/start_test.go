package examples_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// start runs a server command and returns where it says that it listens. The
// server is told to stop when the test ends.
func start(t *testing.T, name string, args ...string) (origin string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	ownGroup(cmd) // "go run" does not pass a signal on to what it runs
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		interrupt(cmd)
		cmd.Wait()
	})
	r := bufio.NewReader(out)
	line, err := r.ReadString('\n')
	origin, found := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !found {
		t.Fatalf("%s printed %q: %v", name, line, err)
	}
	go io.Copy(io.Discard, r)
	return origin
}
