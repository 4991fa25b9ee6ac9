package examples_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// What a first comment may say: how many lines the file has, and how many of them are
// code.
var (
	allLines  = regexp.MustCompile(`^(\d+) lines: `)
	codeLines = regexp.MustCompile(`(\d+) lines without blank lines and comments`)
)

// TestLines holds the files that tell their length in their first comment to it, and
// has every example tell. The server is an app: it is not told by its length.
func TestLines(t *testing.T) {
	files, err := filepath.Glob("*/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files (%v)", len(files), err)
	}
	told := map[string]bool{"server": true}
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		comment := firstComment(t, name, source)
		for form, want := range map[*regexp.Regexp]int{allLines: strings.Count(string(source), "\n"), codeLines: lines(source)} {
			claim := form.FindStringSubmatch(comment)
			if claim == nil {
				continue
			}
			told[filepath.Dir(name)] = true
			if claim[1] != strconv.Itoa(want) {
				t.Errorf("%s says that it has %s, and has %d", name, strings.TrimSuffix(claim[0], ": "), want)
			}
		}
	}
	for _, name := range files {
		if folder := filepath.Dir(name); !told[folder] {
			told[folder] = true
			t.Errorf("%s: the first comment of no file says how many lines it has", folder)
		}
	}
}

// The example of a test is short: that is its point.
func TestUnitTestingIsShort(t *testing.T) {
	source, err := os.ReadFile("unit-testing/recovery_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := lines(source); n >= 30 {
		t.Errorf("%d lines, want less than 30", n)
	}
}

// named are the lines of an app's own files that name the library, or what it has made.
var named = regexp.MustCompile(`passwd|a\.(service|store|stays|config|begin|end|authenticate|user|withPassword|mount|adopt)\b`)

// TestLinesOfAdoption holds the recipes to what they say an app has more for the library:
// a file, and lines in its own.
func TestLinesOfAdoption(t *testing.T) {
	const most = 120
	for folder, in := range map[string]string{"chi-pgx": "docs/chi-pgx-scs.md", "spa": "docs/spa.md"} {
		code, err := os.ReadFile(folder + "/passwords.go")
		if err != nil {
			t.Fatal(err)
		}
		all := lines(code)
		table := fmt.Sprintf("| `passwords.go`: set-up, sign-in, change, reset, forced change, devices | %d |\n", all)
		for _, file := range []struct{ name, does string }{
			{"host.go", "routes and errors"}, {"users.go", "sign-up, invitation, change of the e-mail address, deletion"},
		} {
			code, err := os.ReadFile(folder + "/" + file.name)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for line := range strings.Lines(string(code)) {
				if named.MatchString(line) && !strings.HasPrefix(strings.TrimSpace(line), "//") {
					n++
				}
			}
			all += n
			table += fmt.Sprintf("| `%s`: %s | %d |\n", file.name, file.does, n)
		}
		table += fmt.Sprintf("| all | %d |\n", all)
		if !strings.Contains(document(t, in), table) || all > most {
			t.Errorf("%s has to say, and all to be %d at most:\n%s", in, most, table)
		}
	}
}

func TestCountOfLines(t *testing.T) {
	for source, want := range map[string]int{
		"package a": 1,
		"// of a\n\npackage a // a\n\n/* b\nc */\n":    1,
		"package a\n\nvar b = `\n\n// c\n`\n":          4, // a blank line is blank in a string, too
		"package a\n\nfunc b() {\n\tc() /*\n*/ }\n":    4,
		"package a\n\nvar (\n\tb = `c` // ` d\n\n)\n":  4,
		"package a\nvar b = \"// c\"\n/* d */ var e f": 3,
	} {
		if got := lines([]byte(source)); got != want {
			t.Errorf("%q: %d lines, want %d", source, got, want)
		}
	}
}

// firstComment returns the first comment of a file, on one line, without the marks.
func firstComment(t *testing.T, name string, source []byte) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Comments) == 0 {
		return ""
	}
	return strings.Join(strings.Fields((&ast.CommentGroup{List: file.Comments[0].List}).Text()), " ")
}

// lines counts the lines of a program on which there is code.
func lines(source []byte) int {
	text := strings.Split(string(source), "\n")
	files := token.NewFileSet()
	file := files.AddFile("", -1, len(source))
	var s scanner.Scanner
	s.Init(file, source, nil, 0) // which passes over comments
	code := map[int]bool{}
	for {
		pos, kind, literal := s.Scan()
		if kind == token.EOF {
			break
		}
		if kind == token.SEMICOLON && literal == "\n" {
			continue // not written
		}
		first := file.Line(pos)
		for n := range strings.Count(literal, "\n") + 1 { // of a string in back quotes
			if strings.TrimSpace(text[first+n-1]) != "" {
				code[first+n] = true
			}
		}
	}
	return len(code)
}
