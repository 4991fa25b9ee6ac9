package passwd_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestNothingGlobal reads the library's own source (I12): no init function, no
// look at the environment, no package variable that is written to.
func TestNothingGlobal(t *testing.T) {
	files := token.NewFileSet()
	packages := map[string][]*ast.File{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == "examples" || path == "bench" || d.Name() == "dbtest" || d.Name() == "exchange" || d.Name() == "testrun" || d.Name() == "cmd" || d.Name() == "gen" || d.Name() == "testdata" || len(path) > 1 && d.Name()[0] == '.'):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		packages[filepath.Dir(path)] = append(packages[filepath.Dir(path)], f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 5 {
		t.Fatalf("%d packages only", len(packages))
	}
	for _, source := range packages {
		globals := map[string]bool{}
		for _, f := range source {
			for _, d := range f.Decls {
				if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
					for _, spec := range g.Specs {
						for _, name := range spec.(*ast.ValueSpec).Names {
							globals[name.Name] = name.Name != "_"
						}
					}
				}
			}
		}
		for _, f := range source {
			ast.Inspect(f, func(n ast.Node) bool {
				at := ""
				switch n := n.(type) {
				case *ast.FuncDecl:
					if n.Recv == nil && n.Name.Name == "init" {
						at = "an init function"
					}
				case *ast.SelectorExpr:
					if x, ok := n.X.(*ast.Ident); ok && x.Name == "os" && strings.Contains(n.Sel.Name+" ", "nv ") {
						at = "a look at the environment"
					}
				case *ast.AssignStmt:
					for _, left := range n.Lhs {
						for {
							if index, ok := left.(*ast.IndexExpr); ok {
								left = index.X
								continue
							}
							break
						}
						if name, ok := left.(*ast.Ident); ok && n.Tok != token.DEFINE && globals[name.Name] {
							at = "a write to package variable " + name.Name + " (or something of its name)"
						}
					}
				}
				if at != "" {
					t.Errorf("%s: %s", files.Position(n.Pos()), at)
				}
				return true
			})
		}
	}
}
