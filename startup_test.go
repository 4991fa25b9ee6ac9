package passwd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestStartUp measures what importing a package adds to a program before main begins,
// with every package that comes with it: less than a millisecond and a megabyte.
func TestStartUp(t *testing.T) {
	if os.Getenv("PASSWD_TEST_LONG") == "" {
		t.Skip("measures: set PASSWD_TEST_LONG to run it")
	}
	// What a program has in any case that serves HTTP and has a database.
	const imports = "package main\n\nimport (\n\t_ \"database/sql\"\n\t_ \"log/slog\"\n\t_ \"net/http\"\n%s)\n\nfunc main() {}\n"
	without := initCosts(t, fmt.Sprintf(imports, ""))
	for _, pkg := range []string{
		"", "/memstore", "/passwdhttp", "/sqlstore", "/locale", "/session", "/session/jwt", "/wire", "/pwhash/foreign",
	} {
		t.Run("passwd"+pkg, func(t *testing.T) {
			var added initCost
			for name, c := range initCosts(t, fmt.Sprintf(imports, "\t_ \"github.com/passwd-go/passwd"+pkg+"\"\n")) {
				if _, there := without[name]; there {
					continue
				}
				if c.ms >= 0.1 || c.bytes >= 100_000 {
					t.Logf("%s: %.3f ms, %d bytes", name, c.ms, c.bytes)
				}
				added.ms += c.ms
				added.bytes += c.bytes
			}
			t.Logf("%.3f ms and %d bytes added", added.ms, added.bytes)
			if added.ms >= 1 || added.bytes >= 1_000_000 {
				t.Error("more than a millisecond or a megabyte")
			}
		})
	}
}

// initCost is what the initialisation of a package takes.
type initCost struct {
	ms    float64
	bytes int64 // allocated
}

// initCosts builds a program as a part of this module and returns what each package
// took to initialise: the least of 7 runs.
func initCosts(t *testing.T, source string) map[string]initCost {
	t.Helper()
	folder := t.TempDir()
	file, program := filepath.Join(folder, "main.go"), filepath.Join(folder, "program")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", program, file).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	least := map[string]initCost{}
	for range 7 {
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
		trace, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(trace)) {
			name, c, ok := parseInit(t, line)
			if old, there := least[name]; ok && (!there || c.ms < old.ms) {
				least[name] = c
			}
		}
	}
	return least
}

// parseInit reads a line of the trace:
//
//	init golang.org/x/text/unicode/norm @0.41 ms, 0.006 ms clock, 0 bytes, 0 allocs
func parseInit(t *testing.T, line string) (name string, c initCost, ok bool) {
	t.Helper()
	fields := strings.Fields(line)
	if len(fields) < 8 || fields[0] != "init" {
		return "", c, false
	}
	var err error
	if c.ms, err = strconv.ParseFloat(fields[4], 64); err == nil {
		c.bytes, err = strconv.ParseInt(fields[7], 10, 64)
	}
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return fields[1], c, true
}
