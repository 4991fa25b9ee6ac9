package examples_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// block is a fenced block of a document.
type block struct {
	line     int    // of its first line, from 1
	language string // "" is commands and output
	file     string // that stands above it, as `main.go`:
	text     string
}

var (
	fence     = regexp.MustCompile("^([ \t]*)```([a-z]*)$")
	fileAbove = regexp.MustCompile("^`([a-z_]+\\.go)`:$")
)

// document reads a document of the repository, by its path from the root.
func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks returns the fenced blocks of a text. One that is indented, in a list, is
// returned as if it were not.
func blocks(t *testing.T, text string) (found []block) {
	t.Helper()
	var open *block
	indent, above := "", ""
	for n, line := range strings.Split(text, "\n") {
		m := fence.FindStringSubmatch(line)
		switch {
		case open == nil && m != nil:
			open, indent = &block{line: n + 2, language: m[2]}, m[1]
			if f := fileAbove.FindStringSubmatch(above); f != nil {
				open.file = f[1]
			}
		case open != nil && line == indent+"```":
			found = append(found, *open)
			open, above = nil, ""
		case open != nil:
			open.text += strings.TrimPrefix(line, indent) + "\n"
		case strings.TrimSpace(line) != "":
			above = line
		}
	}
	if open != nil {
		t.Fatalf("the block of line %d has no end", open.line)
	}
	return found
}

// only returns the text of the blocks of one language.
func only(language string, all []block) (texts []string) {
	for _, b := range all {
		if b.language == language {
			texts = append(texts, b.text)
		}
	}
	return texts
}

// overlay puts a main.go into folders of this module without writing there. It
// returns the file for "go build -overlay".
func overlay(t *testing.T, files map[string]string) (list string) {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	temporary, replace := t.TempDir(), map[string]string{}
	for folder, source := range files {
		file := filepath.Join(temporary, folder+".go")
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(here, folder, "main.go")] = file
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	list = filepath.Join(temporary, "overlay.json")
	if err := os.WriteFile(list, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return list
}

// shell is a POSIX shell that keeps its folder and variables from one run to the next.
type shell struct {
	in  io.Writer
	out *bufio.Reader
}

// newShell starts one. Its curl shows no progress, and ends each reply with a new line.
func newShell(t *testing.T, folder string, env ...string) *shell {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("needs a POSIX shell: ", err)
	}
	cmd := exec.Command("sh")
	cmd.Dir, cmd.Env = folder, append(os.Environ(), env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	s := &shell{in, bufio.NewReader(out)}
	s.run(t, "set -e; exec 2>&1\ncurl() { command curl -sS --max-time 600 \"$@\" && echo; }")
	return s
}

// run runs commands, each of which has to succeed, and returns what they print.
func (s *shell) run(t *testing.T, commands string) (output string) {
	t.Helper()
	const end = "-- end of the commands --\n"
	if _, err := io.WriteString(s.in, commands+"\necho '"+end[:len(end)-1]+"'\n"); err != nil {
		t.Fatal(err)
	}
	for {
		line, err := s.out.ReadString('\n')
		if err != nil { // it has left
			t.Fatalf("%s\n%s%s%v", commands, output, line, err)
		}
		if line == end {
			return output
		}
		output += line
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
