package testrun

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Plant returns a file for go test's -overlay, in which one text of a Go file, whose path is
// absolute, is in place of another. It is an error of the test if the other is not there
// exactly once.
func Plant(t testing.TB, file, old, with string) (overlay string) {
	t.Helper()
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(whole), old); n != 1 {
		t.Errorf("%s has the text %q %d times, want it once", file, old, n)
	}
	folder := t.TempDir()
	faulty, overlay := filepath.Join(folder, "faulty.go"), filepath.Join(folder, "overlay.json")
	listing, err := json.Marshal(map[string]any{"Replace": map[string]string{file: faulty}})
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string][]byte{faulty: []byte(strings.Replace(string(whole), old, with, 1)), overlay: listing} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return overlay
}
