package passwd_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// testIndex is what the tests of all modules are called and cite.
type testIndex struct {
	named    map[string]*namedTest // by "folder: Test"
	comments []citation
}

type namedTest struct {
	ids      []string        // cited in its comment or in it
	literals map[string]bool // of its file, for the names of subtests
}

// citation is a comment with ids in it.
type citation struct {
	at  string
	ids []string
}

// find returns the ids that a test or one of its subtests cites.
func (x testIndex) find(folder, name string) (ids []string, ok bool) {
	if test, ok := x.named[folder+": "+name]; ok {
		return test.ids, true
	}
	whole, sub, ok := strings.Cut(name, "/")
	test, known := x.named[folder+": "+whole]
	if !ok || !known || !test.literals[sub] && !test.literals[strings.ReplaceAll(sub, "_", " ")] {
		return nil, false
	}
	return test.ids, true
}

// readTests reads every test of the repository, those of nested modules included,
// and the cases of package storetest, which say what they guard.
func readTests(t *testing.T) testIndex {
	t.Helper()
	if _, err := os.Stat("internal/dbtest/go.mod"); err != nil {
		t.Skip("the nested modules are not here: this is a part of the repository")
	}
	x := testIndex{named: map[string]*namedTest{}}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch name := d.Name(); {
		case d.IsDir() && (name == "testdata" || name == "node_modules" || len(path) > 1 && name[0] == '.'):
			return fs.SkipDir
		case strings.HasSuffix(name, "_test.go"):
			return x.readFile(path)
		case strings.HasSuffix(name, ".go") && filepath.Dir(path) == "storetest":
			return x.readCases(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (x *testIndex) readFile(path string) error {
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	literals := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				literals[s] = true
			}
		}
		return true
	})
	folder := filepath.ToSlash(filepath.Dir(path))
	if folder == "." {
		folder = "passwd"
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || !regexp.MustCompile(`^(Test|Fuzz|Example)`).MatchString(fn.Name.Name) {
			continue
		}
		test := &namedTest{ids: idsIn(fn.Doc.Text()), literals: literals}
		for _, c := range f.Comments {
			if fn.Pos() <= c.Pos() && c.End() <= fn.End() {
				test.ids = append(test.ids, idsIn(c.Text())...)
			}
		}
		x.named[folder+": "+fn.Name.Name] = test
	}
	for _, c := range f.Comments {
		if ids := idsIn(c.Text()); len(ids) > 0 {
			x.comments = append(x.comments, citation{files.Position(c.Pos()).String(), ids})
		}
	}
	return nil
}

// readCases reads literals with a name and what they guard.
func (x *testIndex) readCases(path string) error {
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		fields := map[string]string{}
		for _, e := range lit.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				key, _ := kv.Key.(*ast.Ident)
				value, _ := kv.Value.(*ast.BasicLit)
				if key != nil && value != nil {
					fields[key.Name], _ = strconv.Unquote(value.Value)
				}
			}
		}
		if fields["name"] != "" && fields["guards"] != "" {
			ids := idsIn(fields["guards"])
			x.named["storetest: Run/"+fields["name"]] = &namedTest{ids: ids}
			x.comments = append(x.comments, citation{files.Position(lit.Pos()).String(), ids})
		}
		return true
	})
	return nil
}

var idOf = regexp.MustCompile(`\b([PBHTFRSMWLE])(\d{1,2})(?:[–-]([PBHTFRSMWLE])?(\d{1,2}))?\b`)

// idsIn returns the ids in a text, those of a range, as in "W1–W4", one by one.
func idsIn(text string) (ids []string) {
	for _, m := range idOf.FindAllStringSubmatch(text, -1) {
		first, _ := strconv.Atoi(m[2])
		last := first
		if m[3] == "" || m[3] == m[1] {
			last = max(first, atoi(m[4]))
		}
		for n := first; n <= last; n++ {
			ids = append(ids, m[1]+strconv.Itoa(n))
		}
		if m[3] != "" && m[3] != m[1] { // two ids and no range
			ids = append(ids, m[3]+m[4])
		}
	}
	return ids
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
