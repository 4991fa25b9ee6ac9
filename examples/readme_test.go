package examples_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// frames are what stands around the README's Go blocks after the first, in their order.
var frames = []string{`package main

import (
	"context"
	"fmt"
	"log"

	"github.com/passwd-go/passwd/pwhash"
)

func main() {
	ctx, typed := context.Background(), "a password"
	stored := pwhash.Hash("$2b$05$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK")
%s
	if err != nil || !ok {
		log.Fatal(err)
	}
	fmt.Println(verdict.Match, len(stored))
}
`, `package main

import (
	"context"
	"log"

	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/pwpolicy"
)

func main() {
	ctx, typed, subject := context.Background(), "short", pwpolicy.Subject{}
%s
	if err != nil || len(sentences) == 0 {
		log.Fatal(sentences, err)
	}
}
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
`, `package main

import (
	"log"

	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/smtpmail"
)

func main() {
	const secret = "a password"
%s
	_ = mailer
}
`}

// TestReadmePrograms compiles the README's Go and runs what can be run.
func TestReadmePrograms(t *testing.T) {
	code := only("go", blocks(t, document(t, "README.md")))
	if len(code) != len(frames)+1 {
		t.Fatalf("the README has %d Go blocks, want %d", len(code), len(frames)+1)
	}
	for i, c := range code[1:] {
		folder := t.TempDir()
		program := filepath.Join(folder, "program")
		list := overlay(t, map[string]string{"readme": fmt.Sprintf(frames[i], c)})
		if out, err := exec.Command("go", "build", "-overlay", list, "-o", program, "./readme").CombinedOutput(); err != nil {
			t.Fatalf("block %d does not compile: %v\n%s", i+2, err, out)
		}
		if out, err := exec.Command(program).CombinedOutput(); err != nil {
			t.Errorf("block %d: %v\n%s", i+2, err, out)
		}
	}
}

// The first block is what the quickstart runs: that has a test of its own.
func TestTwentyLines(t *testing.T) {
	block := only("go", blocks(t, document(t, "README.md")))[0]
	program, err := os.ReadFile("quickstart/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(block, "\n"); n > 20 {
		t.Errorf("it has %d lines", n)
	}
	indented := "\t" + strings.ReplaceAll(strings.TrimSuffix(block, "\n"), "\n", "\n\t") + "\n"
	if !strings.Contains(string(program), indented) {
		t.Errorf("the quickstart has other lines than the README:\n%s", block)
	}
}

// TestReadmeCommands runs the README's commands as they stand: the server, and
// the curl lines against it. "go test work" is what runs this test.
func TestReadmeCommands(t *testing.T) {
	commands := only("", blocks(t, document(t, "README.md")))
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
