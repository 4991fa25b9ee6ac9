package locale_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTemplatesAreNotLinked builds a program that renders nothing: what executes
// templates, and with it every method that reflection might call, is not in it.
// That is 3 MB of those who import this package for its other words.
func TestTemplatesAreNotLinked(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	binary := filepath.Join(t.TempDir(), "silent")
	if out, err := exec.Command("go", "build", "-o", binary, "./testdata/silent").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	symbols, err := exec.Command("go", "tool", "nm", binary).Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(symbols), "passwd/locale.Match") {
		t.Fatal("nm does not tell what is in the program")
	}
	for _, symbol := range []string{"text/template.(*state).evalCall", "html/template.(*Template).Execute", "passwd/locale.NewRenderer"} {
		if strings.Contains(string(symbols), symbol) {
			t.Errorf("%s is linked", symbol)
		}
	}
}
