package passwd_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestRootStaysSmall keeps out of every importer what only some need: servers,
// templates, databases, drivers, the testing package, and zxcvbn-go, whose import
// alone costs 40 ms of start-up.
func TestRootStaysSmall(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 50 {
		t.Fatalf("go list named %d packages only", len(deps))
	}
	forbidden := []string{"net/http", "html/template", "text/template", "database/sql", "testing", "os/exec", "net/smtp"}
	for _, dep := range deps {
		for _, f := range forbidden {
			if dep == f {
				t.Errorf("the root package imports %s", dep)
			}
		}
		if host, _, _ := strings.Cut(dep, "/"); !strings.Contains(host, ".") {
			continue // of the standard library
		}
		known := false
		for _, prefix := range []string{"github.com/passwd-go/passwd", "golang.org/x/crypto/", "golang.org/x/text/", "golang.org/x/sys/", "github.com/google/uuid"} {
			known = known || strings.HasPrefix(dep, prefix)
		}
		if !known || strings.HasPrefix(dep, "github.com/passwd-go/passwd/") && !strings.HasPrefix(dep, "github.com/passwd-go/passwd/internal/") {
			t.Errorf("the root package imports %s", dep)
		}
	}
}
