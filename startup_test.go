package passwd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestStartUp measures what importing the library adds to a program before main
// begins: the initialisation of every package that comes with it.
func TestStartUp(t *testing.T) {
	if os.Getenv("PASSWD_TEST_LONG") == "" {
		t.Skip("measures: set PASSWD_TEST_LONG to run it")
	}
	with := initTimes(t, `package main

import (
	"fmt"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
)

func main() { fmt.Println(passwd.CodeOf(nil), memstore.New() != nil) }
`)
	without := initTimes(t, `package main

import "fmt"

func main() { fmt.Println() }
`)
	added := 0.0
	for name, ms := range with {
		if _, there := without[name]; !there {
			added += ms
		}
	}
	t.Logf("%d packages with initialisation against %d, %.3f ms added", len(with), len(without), added)
	if added >= 1 {
		t.Errorf("%.3f ms added", added)
	}
}

// initTimes builds a program as a part of this module and returns how long each
// package took to initialise, in milliseconds: the least of 5 runs.
func initTimes(t *testing.T, source string) map[string]float64 {
	t.Helper()
	folder := t.TempDir()
	file, program := filepath.Join(folder, "main.go"), filepath.Join(folder, "program")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", program, file).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	least := map[string]float64{}
	for range 5 {
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
		trace, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(trace)) {
			// init golang.org/x/text/unicode/norm @0.41 ms, 0.006 ms clock, 0 bytes, 0 allocs
			fields := strings.Fields(line)
			if len(fields) < 5 || fields[0] != "init" {
				continue
			}
			ms, err := strconv.ParseFloat(fields[4], 64)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if old, there := least[fields[1]]; !there || ms < old {
				least[fields[1]] = ms
			}
		}
	}
	return least
}
