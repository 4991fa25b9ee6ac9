package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The assembly in the tree is what the generator writes.
func TestGenerated(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"block_amd64.s", "block_amd64.go"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", ".", "-out", filepath.Join(folder, "block_amd64.s"), "-stubs", filepath.Join(folder, "block_amd64.go"), "-pkg", "fastargon2")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{"block_amd64.s", "block_amd64.go"} {
		got := code(t, filepath.Join(folder, name))
		if want := code(t, filepath.Join("../..", name)); !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator writes: run go generate", name)
		}
	}
}

// code is a file without its first line, which has the command that made it.
func code(t *testing.T, path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(b, []byte("\n"))
	return rest
}
