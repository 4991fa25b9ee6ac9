package passwd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPartsStaySmall keeps out of every importer what only some need: servers,
// templates, databases, drivers, the testing package, zxcvbn-go (whose import alone
// costs 40 ms of start-up), and of the wings each other and the service.
func TestPartsStaySmall(t *testing.T) {
	const module = "github.com/passwd-go/passwd"
	heavy := []string{"net/http", "html/template", "text/template", "database/sql", "testing", "os/exec", "net/smtp"}
	tests := []struct {
		pkg     string
		modules []string // import path prefixes of what it may need
		own     []string // packages of this module, beside internal ones
	}{
		{".", []string{"golang.org/x/crypto/", "golang.org/x/text/", "golang.org/x/sys/", "github.com/google/uuid"}, []string{module + "/pwhash", module + "/pwpolicy"}},
		{"./pwhash", []string{"golang.org/x/crypto/", "golang.org/x/sys/", "golang.org/x/text/unicode/norm", "golang.org/x/text/transform"}, nil},
		{"./pwpolicy", []string{"golang.org/x/text/"}, nil},
	}
	for _, tt := range tests {
		out, err := exec.Command("go", "list", "-deps", tt.pkg).Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		deps := strings.Fields(string(out))
		if len(deps) < 40 {
			t.Fatalf("go list named %d packages only", len(deps))
		}
		self := strings.TrimSuffix(module+strings.TrimPrefix(tt.pkg, "."), "/")
		for _, dep := range deps {
			host, _, _ := strings.Cut(dep, "/")
			allowed := false
			switch {
			case dep == self:
				allowed = true
			case !strings.Contains(host, "."): // of the standard library
				allowed = !slices.Contains(heavy, dep)
			case dep == module || strings.HasPrefix(dep, module+"/"):
				allowed = slices.Contains(tt.own, dep) || strings.Contains(dep+"/", "/internal/")
			default:
				allowed = slices.ContainsFunc(tt.modules, func(m string) bool { return strings.HasPrefix(dep, m) })
			}
			if !allowed {
				t.Errorf("%s imports %s", tt.pkg, dep)
			}
		}
	}
}

// TestRootStaysSmall keeps the service readable in one sitting: what grows over this
// belongs into a package of its own, or wants fewer concepts.
func TestRootStaysSmall(t *testing.T) {
	const maxFiles, maxLines, maxTypes = 32, 350, 70
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	exported := regexp.MustCompile(`(?m)^type ([A-Z]\w*)`)
	files, types := 0, map[string]bool{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files++
		if lines := strings.Count(string(text), "\n"); lines > maxLines {
			t.Errorf("%s has %d lines, more than %d", path, lines, maxLines)
		}
		for _, m := range exported.FindAllStringSubmatch(string(text), -1) {
			types[m[1]] = true
		}
	}
	if files > maxFiles {
		t.Errorf("%d files, more than %d", files, maxFiles)
	}
	if len(types) > maxTypes {
		t.Errorf("%d exported types, more than %d", len(types), maxTypes)
	}
	if len(types) < 40 {
		t.Errorf("%d exported types were found", len(types))
	}
}
