package examples_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// testedElsewhere are the documents whose Go is somebody else's matter: TestAdopting goes through
// one, and internal/dbtest, fastargon2 and TestShownExample hold the blocks of theirs to their sources.
var testedElsewhere = []string{"docs/adopting.md", "docs/chi-pgx-scs.md", "docs/databases.md", "docs/fastargon2.md", "docs/mounting.md", "docs/recipes.md", "docs/spa.md", "docs/users.md"}

// frame is the function around a block: what it is given, and what is done with what
// it has made.
type frame struct{ given, rest string }

const wireGiven = "svc *passwd.Service, store *memstore.Store, clients wire.Clients, keys passwd.Keys, shared wire.Config, " +
	"sessions *session.Manager, mux *http.ServeMux"

// docFrames are those of each document's Go blocks, in their order.
var docFrames = map[string][]frame{
	"docs/migrating.md": {
		{"", "_, _ = users, hasher"},
		{"pepper string", "_, _ = users, hasher"},
		{"", "_, _ = users, hasher"},
		{"", "_, _ = users, hasher"},
	},
	"docs/stores.md": {{
		"t *testing.T, openEmpty, openAgain func(*testing.T) (passwd.Store, error), " +
			"insertUsers func(context.Context, passwd.Store, ...passwd.Account) error, deleteUsers func(context.Context, passwd.Store, ...passwd.Ref) error", "",
	}},
	"docs/api.md": {{"cfg passwdhttp.Config", "_ = cfg"}},
	"docs/pages.md": {{
		"templates fs.FS, assetURL func(string) string, shopOf func(*http.Request) any, csrf struct{ Token func(*http.Request) string }", "_ = pages",
	}},
	"docs/performance.md": {
		{"config passwdhttp.Config, manager *session.Manager, token func(*http.Request) string", ""},
	},
	"docs/wire-formats.md": {
		{wireGivenBut("shared"), "return nil"},
		{"format wire.Remind, mux *http.ServeMux", "return nil"},
		{"apiKey, secret string", "_ = clients"},
		{wireGivenBut("sessions"), "return err"},
		{wireGiven, "return nil"},
		{wireGiven, "_, _ = h, who; return err"},
		{wireGiven, "return nil"},
		{wireGiven, "return nil"},
	},
}

// wireGivenBut leaves out what the block makes itself.
func wireGivenBut(name string) string {
	return regexp.MustCompile(name+` [^,]+, `).ReplaceAllString(wireGiven, "")
}

// A value that is shown by itself is no statement.
var shown = regexp.MustCompile(`(?m)^wire\.`)

// TestDocsCompile compiles every Go block of the documents.
func TestDocsCompile(t *testing.T) {
	sources, packages := map[string]string{}, []string{}
	for _, name := range documents(t) {
		if slices.Contains(testedElsewhere, name) || name == "README.md" {
			continue
		}
		code := only("go", blocks(t, document(t, name)))
		if len(code) != len(docFrames[name]) {
			t.Errorf("%s has %d Go blocks, and %d frames", name, len(code), len(docFrames[name]))
			continue
		}
		for i, c := range code {
			f := docFrames[name][i]
			result := ""
			if strings.Contains(f.rest, "return") {
				result = "error"
			}
			file := &goFile{declarations: map[string]string{}}
			file.merge(t, fmt.Sprintf("func block(%s) %s {\n%s\n%s\n}", f.given, result, shown.ReplaceAllString(c, "_ = wire."), f.rest))
			source := file.source(t, "github.com/passwd-go/passwd/pwhash/foreign", "github.com/passwd-go/passwd/memstore",
				"github.com/passwd-go/passwd/session", "github.com/passwd-go/passwd/storetest", "github.com/passwd-go/passwd/wire",
				"context", "encoding/json", "html/template", "io/fs", "net/http", "testing", "time")
			folder := fmt.Sprintf("%s-%d", strings.TrimSuffix(path.Base(name), ".md"), i+1)
			sources[folder] = strings.Replace(string(source), "package main", "package block", 1)
			packages = append(packages, "./"+folder)
		}
	}
	if len(packages) < 12 {
		t.Errorf("%d blocks", len(packages))
	}
	build := exec.Command("go", append([]string{"build", "-overlay", overlay(t, sources)}, packages...)...)
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestShownExample holds the recipes to the examples that they show.
func TestShownExample(t *testing.T) {
	for folder, shown := range map[string]struct {
		in   string
		from string // the heading that the blocks follow
		n    int
	}{
		"chi-pgx": {"docs/chi-pgx-scs.md", "# chi, pgx and scs", 5},
		"spa":     {"docs/spa.md", "## A whole app", 2},
	} {
		var source strings.Builder
		for _, name := range []string{"passwords.go", "users.go"} {
			code, err := os.ReadFile(folder + "/" + name)
			if err != nil {
				t.Fatal(err)
			}
			source.Write(code)
		}
		_, part, _ := strings.Cut(document(t, shown.in), shown.from+"\n")
		all := only("go", blocks(t, part))
		if len(all) < shown.n {
			t.Errorf("%s: %d blocks", shown.in, len(all))
		}
		for _, block := range all {
			if !strings.Contains(source.String(), block) {
				t.Errorf("this is not in examples/%s:\n%s", folder, block)
			}
		}
	}
	script, err := os.ReadFile("spa/app.js")
	if err != nil {
		t.Fatal(err)
	}
	if js := only("js", blocks(t, document(t, "docs/spa.md"))); len(js) != 1 || js[0] != string(script) {
		t.Error("examples/spa/app.js is not the script of docs/spa.md")
	}
}

// withGaps is how many commands of a document cannot be run as they stand: they have
// a "…" where the reader puts what a message or reply had.
var withGaps = map[string]int{"docs/api.md": 1, "docs/wire-formats.md": 4}

// TestDocsCommands runs the curl lines of the documents against the example server.
// Each has to succeed.
func TestDocsCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server")
	}
	needCurl(t)
	server := start(t, "go", "run", "./server", "-addr", "127.0.0.1:0")
	sh := newShell(t, t.TempDir())
	sh.run(t, `curl() { command curl -sS --fail-with-body --max-time 600 "$@" && echo; }
resets() { command curl -s `+server+`/dev/messages | grep -o '"kind":"reset_' | wc -l; }
sleep() { # until the message is there, which may take longer than the document says
	for n in $(seq 300); do
		[ $(resets) -gt $before ] && return
		command sleep 0.1
	done
	return 1
}`)
	for _, name := range slices.Sorted(maps.Keys(withGaps)) {
		curls, gaps := 0, 0
		for _, b := range blocks(t, document(t, name)) {
			if b.language != "sh" {
				continue
			}
			var commands strings.Builder
			for command := range strings.SplitSeq(strings.ReplaceAll(b.text, "\\\n", ""), "\n") {
				switch has := strings.Contains(command, "curl "); {
				case strings.Contains(command, "…"):
					gaps++
					continue
				case has:
					curls++
				}
				commands.WriteString(command + "\n")
			}
			sh.run(t, "before=$(resets)\n"+strings.ReplaceAll(commands.String(), "http://127.0.0.1:8080", server))
		}
		if gaps != withGaps[name] || curls < 10 {
			t.Errorf("%s: %d curl lines were run, and %d have gaps, want %d", name, curls, gaps, withGaps[name])
		}
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`^#{1,6} (.+)$`)
	linked  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// TestDocsLinks follows the links between the documents, and into the source.
func TestDocsLinks(t *testing.T) {
	n := 0
	for _, name := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(prose(document(t, name)), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			n++
			target, fragment, _ := strings.Cut(m[1], "#")
			file := name
			if target != "" {
				file = path.Join(path.Dir(name), target)
			}
			if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(file))); err != nil {
				t.Errorf("%s: there is no %s", name, m[1])
			} else if fragment != "" && !slices.Contains(headings(document(t, file)), fragment) {
				t.Errorf("%s: %s has no heading %q", name, file, fragment)
			}
		}
	}
	if n < 40 {
		t.Errorf("%d links", n)
	}
}

// TestDocsMap holds the map of the documents to them all.
func TestDocsMap(t *testing.T) {
	text := document(t, "docs/README.md")
	for _, name := range documents(t) {
		if base, inside := strings.CutPrefix(name, "docs/"); inside && base != "README.md" && !strings.Contains(text, "("+base) {
			t.Errorf("docs/README.md does not lead to %s", name)
		}
	}
}

func TestHeadings(t *testing.T) {
	got := headings("# The `A` of [b](c.md): d_e\n```sh\n# f\n```\n## G—h, i-j\n## G—h, i-j\n")
	if want := []string{"the-a-of-b-d_e", "gh-i-j", "gh-i-j-1"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// headings returns the names by which GitHub links to the headings of a document.
func headings(text string) (names []string) {
	times := map[string]int{}
	for line := range strings.SplitSeq(prose(text), "\n") {
		m := heading.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, linked.ReplaceAllString(m[1], "$1"))
		if times[name]++; times[name] > 1 {
			name = fmt.Sprintf("%s-%d", name, times[name]-1)
		}
		names = append(names, name)
	}
	return names
}

// prose is a document without its blocks.
func prose(text string) string {
	var kept []string
	inside := false
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			inside = !inside
		} else if !inside {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// documents are the paths of all documents, from the root of the repository.
func documents(t *testing.T) []string {
	t.Helper()
	names := []string{}
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		found, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(pattern)))
		if err != nil || len(found) == 0 {
			t.Fatalf("%d documents are %s (%v)", len(found), pattern, err)
		}
		for _, f := range found {
			names = append(names, strings.TrimPrefix(filepath.ToSlash(f), "../"))
		}
	}
	return names
}
