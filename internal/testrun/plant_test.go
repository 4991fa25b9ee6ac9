package testrun_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/passwd-go/passwd/internal/testrun"
)

func TestPlant(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.go")
	if err := os.WriteFile(file, []byte("package a // right\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	listing, err := os.ReadFile(testrun.Plant(t, file, "right", "wrong"))
	if err != nil {
		t.Fatal(err)
	}
	var overlay struct{ Replace map[string]string }
	if err := json.Unmarshal(listing, &overlay); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(overlay.Replace[file])
	if err != nil || string(got) != "package a // wrong\n" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestPeakMemory(t *testing.T) {
	own, err := testrun.PeakMemory(os.Getpid())
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("only Linux tells: ", err)
	}
	if err != nil || own < 1<<20 || own > 1<<40 {
		t.Errorf("%d bytes, %v", own, err)
	}
	if _, err := testrun.PeakMemory(1 << 30); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of nobody: %v", err)
	}
}
