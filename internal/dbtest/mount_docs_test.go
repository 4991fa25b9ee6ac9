package dbtest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const mountDocument = "../../docs/mounting.md"

// TestShownCode compares the code of documents with the code that the tests here drive:
// what is between "// docs:name" and "// docs:end" is all there, once, and nothing else is.
func TestShownCode(t *testing.T) {
	for document, sources := range map[string]string{mountDocument: "mount_*_test.go", "../../docs/databases.md": "database_*_test.go", "../../docs/recipes.md": "recipe_*_test.go"} {
		t.Run(filepath.Base(document), func(t *testing.T) { compareShown(t, document, sources) })
	}
}

func compareShown(t *testing.T, name, sources string) {
	files, err := filepath.Glob(sources)
	if err != nil {
		t.Fatal(err)
	}
	source := map[string]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range regexp.MustCompile(`(?ms)^// docs:(\S+)\n(.*?)^// docs:end$`).FindAllStringSubmatch(string(data), -1) {
			if _, twice := source[part[1]]; twice {
				t.Errorf("%s: there are two parts named %s", file, part[1])
			}
			source[part[1]] = strings.TrimSpace(part[2])
		}
		if starts := strings.Count(string(data), "\n// docs:"); starts%2 != 0 {
			t.Errorf("%s: a part of the document has no end", file)
		}
	}
	if len(source) < 3 {
		t.Fatalf("only %d parts were found", len(source))
	}

	document, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]int{}
	blocks := regexp.MustCompile("(?ms)^```(.*?)\n(.*?)^```$").FindAllStringSubmatch(string(document), -1)
	if fences := len(regexp.MustCompile("(?m)^```").FindAllString(string(document), -1)); fences != 2*len(blocks) {
		t.Errorf("%d fences for %d blocks", fences, len(blocks))
	}
	for _, block := range blocks {
		language, code := block[1], strings.TrimSpace(block[2])
		first, _, _ := strings.Cut(code, "\n")
		if language != "go" {
			t.Errorf("the block that begins %q is no Go: nothing drives it", first)
			continue
		}
		found := ""
		for name, part := range source {
			if part == code {
				found = name
			}
		}
		if found == "" {
			t.Errorf("the block that begins %q is not in the tests to the letter", first)
		}
		shown[found]++
	}
	for name := range source {
		if shown[name] != 1 {
			t.Errorf("the part %s is shown %d times, want once", name, shown[name])
		}
	}
}

// Every framework that is driven has a heading and a row of the table, and the
// document speaks of no other.
func TestMountDocumentFrameworks(t *testing.T) {
	document, err := os.ReadFile(mountDocument)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, row := range regexp.MustCompile(`(?m)^\| \[(.*?)\]`).FindAllStringSubmatch(string(document), -1) {
		rows = append(rows, strings.Fields(row[1])[0])
	}
	var names []string
	for _, f := range frameworks {
		names = append(names, f.name)
	}
	if !slices.Equal(rows, names) {
		t.Errorf("the table has %v, the tests drive %v", rows, names)
	}
	headings := regexp.MustCompile(`(?m)^## .*$`).FindAllString(string(document), -1)
	for _, name := range names {
		if !slices.Contains(headings, "## "+name) {
			t.Errorf("no heading for %s", name)
		}
	}
	modules, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	versions := regexp.MustCompile(`(?m)^\| \[\S+ (v\d\S*)\]\(https://(?:pkg\.go\.dev/)?([^)]*)\)`).FindAllStringSubmatch(string(document), -1)
	if len(versions) != len(names)-1 {
		t.Errorf("%d rows tell a version, want all but net/http", len(versions))
	}
	for _, v := range versions {
		if !strings.Contains(string(modules), v[2]+" "+v[1]) {
			t.Errorf("the tests do not use %s %s", v[2], v[1])
		}
	}
}
