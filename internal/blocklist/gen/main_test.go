package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/passwd-go/passwd/internal/blocklist"
)

func TestRunRefusesOtherArchives(t *testing.T) {
	dir := t.TempDir()
	other, out := filepath.Join(dir, "other.tgz"), filepath.Join(dir, "common.txt")
	if err := os.WriteFile(other, []byte("not the archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(other, out); err == nil {
		t.Error("accepted")
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a list was written")
	}
}

// TestRunMakesTheList makes the list again where the archive is at hand.
func TestRunMakesTheList(t *testing.T) {
	archive := os.Getenv("PASSWD_TEST_ZXCVBN_TS")
	if archive == "" {
		t.Skip("set PASSWD_TEST_ZXCVBN_TS to the archive that npm pack writes")
	}
	out := filepath.Join(t.TempDir(), "common.txt")
	if err := run(archive, out); err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if string(made) != blocklist.Common().Text() {
		t.Error("another list than common.txt")
	}
}
