package examples_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var block = regexp.MustCompile("(?s)```([a-z]*)\n(.*?)```")

// blocks returns the README's code of a language; "" is commands and output.
func blocks(t *testing.T, language string) (found []string) {
	t.Helper()
	for _, m := range block.FindAllStringSubmatch(readme(t), -1) {
		if m[1] == language {
			found = append(found, m[2])
		}
	}
	return found
}

// frames are what stands around the README's Go blocks, in their order.
var frames = []string{`package main

import (
	"context"
	"log"
	"net/http"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

func mount(ctx context.Context, mux *http.ServeMux, store passwd.Store, secret []byte, mailer passwd.Notifier, whoIsSignedIn func(*http.Request) (passwdhttp.Principal, error)) {
%s
}

func main() { mount(context.Background(), nil, nil, nil, nil, nil) }
`, `package main

import (
	"context"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

func forgotten(ctx context.Context, t *testing.T) {
%s
	if err != nil {
		t.Fatal(err)
	}
}

func main() { testing.Main(nil, []testing.InternalTest{{Name: "forgotten", F: func(t *testing.T) { forgotten(context.Background(), t) }}}, nil, nil) }
`}

// TestReadmePrograms compiles the README's Go and runs what can be run.
func TestReadmePrograms(t *testing.T) {
	code := blocks(t, "go")
	if len(code) != len(frames) {
		t.Fatalf("the README has %d Go blocks, want %d", len(code), len(frames))
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range code {
		folder := t.TempDir()
		file := filepath.Join(folder, "main.go")
		if err := os.WriteFile(file, fmt.Appendf(nil, frames[i], c), 0o600); err != nil {
			t.Fatal(err)
		}
		// An overlay puts the file into this module without writing there.
		overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(here, "readme", "main.go"): file}})
		if err != nil {
			t.Fatal(err)
		}
		list := filepath.Join(folder, "overlay.json")
		if err := os.WriteFile(list, overlay, 0o600); err != nil {
			t.Fatal(err)
		}
		program := filepath.Join(folder, "program")
		if out, err := exec.Command("go", "build", "-overlay", list, "-o", program, "./readme").CombinedOutput(); err != nil {
			t.Fatalf("block %d does not compile: %v\n%s", i+1, err, out)
		}
		if i == 0 {
			continue // its parts are the reader's
		}
		if out, err := exec.Command(program).CombinedOutput(); err != nil {
			t.Errorf("block %d: %v\n%s", i+1, err, out)
		}
	}
}

// TestReadmeCommands runs the README's commands as they stand: the server, and
// the curl lines against it. "go test work" is what runs this test.
func TestReadmeCommands(t *testing.T) {
	commands := blocks(t, "")
	if commands[0] != "go run ./examples/server\n" || commands[2] != "go test work\n" {
		t.Fatalf("the README's first commands are %q and %q", commands[0], commands[2])
	}
	needCurl(t)
	server := start(t, "go", "run", "./server", "-addr", "127.0.0.1:0")
	for line := range strings.Lines(commands[1]) {
		line = strings.ReplaceAll(strings.TrimSpace(line), "http://127.0.0.1:8080", server)
		out, err := exec.Command("sh", "-c", strings.Replace(line, "curl", "curl -sS --fail-with-body", 1)).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
}

// needCurl skips a test where curl is missing, unless PASSWD_TEST_REQUIRE names it.
func needCurl(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err == nil {
		return
	}
	for _, required := range strings.Split(os.Getenv("PASSWD_TEST_REQUIRE"), ",") {
		if required == "curl" {
			t.Fatal("curl is required and not there")
		}
	}
	t.Skip("needs curl")
}
