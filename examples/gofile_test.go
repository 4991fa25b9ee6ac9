package examples_test

import (
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// goFile is a file of the adoption guide: it begins whole, and is then changed one
// declaration at a time. Its imports are kept as an editor does.
type goFile struct {
	blank        []string // imports for their effect alone
	names        []string // of the declarations, in their order
	declarations map[string]string
}

// newGoFile takes the text of a whole file, which has to be formatted.
func newGoFile(t *testing.T, source string) *goFile {
	t.Helper()
	if formatted, err := format.Source([]byte(source)); err != nil || string(formatted) != source {
		t.Fatalf("not as gofmt has it (%v):\n%s", err, source)
	}
	f := &goFile{declarations: map[string]string{}}
	f.take(t, source)
	return f
}

// merge takes declarations: each replaces the one of its name, or is new.
func (f *goFile) merge(t *testing.T, declarations string) {
	t.Helper()
	f.take(t, "package main\n\n"+declarations)
}

func (f *goFile) take(t *testing.T, source string) {
	t.Helper()
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, "", source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("%v:\n%s", err, source)
	}
	for _, d := range parsed.Decls {
		name, doc := nameOf(d)
		if name == "import" {
			for _, s := range d.(*ast.GenDecl).Specs {
				if s := s.(*ast.ImportSpec); s.Name != nil {
					f.blank = append(f.blank, s.Name.Name+" "+s.Path.Value)
				}
			}
			continue
		}
		from := d.Pos()
		if doc != nil {
			from = doc.Pos()
		}
		if _, known := f.declarations[name]; !known {
			f.names = append(f.names, name)
		}
		f.declarations[name] = source[files.Position(from).Offset:files.Position(d.End()).Offset]
	}
}

// nameOf returns what a declaration declares: "import", a method with its receiver,
// or the first name.
func nameOf(d ast.Decl) (string, *ast.CommentGroup) {
	if d, ok := d.(*ast.FuncDecl); ok {
		if d.Recv == nil {
			return d.Name.Name, d.Doc
		}
		receiver := d.Recv.List[0].Type
		if pointer, ok := receiver.(*ast.StarExpr); ok {
			receiver = pointer.X
		}
		return receiver.(*ast.Ident).Name + "." + d.Name.Name, d.Doc
	}
	declared := d.(*ast.GenDecl)
	switch s := declared.Specs[0].(type) {
	case *ast.TypeSpec:
		return s.Name.Name, declared.Doc
	case *ast.ValueSpec:
		return s.Names[0].Name, declared.Doc
	}
	return "import", nil
}

// importable is what an editor finds for the code of the guide.
var importable = []string{
	"encoding/json", "html/template", "time",
	"context", "crypto/rand", "database/sql", "errors", "fmt", "log", "net/http", "net/http/httptest", "net/url", "os", "strconv", "strings",
	"sync", "testing", "golang.org/x/crypto/bcrypt", "github.com/passwd-go/passwd", "github.com/passwd-go/passwd/locale",
	"github.com/passwd-go/passwd/passwdhttp", "github.com/passwd-go/passwd/passwdtest", "github.com/passwd-go/passwd/pwhash", "github.com/passwd-go/passwd/pwpolicy", "github.com/passwd-go/passwd/smtpmail",
	"github.com/passwd-go/passwd/sqlstore",
}

// source returns the whole file. More packages may be imported where the guide has
// other things of their names.
func (f *goFile) source(t *testing.T, more ...string) []byte {
	t.Helper()
	var body strings.Builder
	for _, name := range f.names {
		body.WriteString("\n" + f.declarations[name] + "\n")
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), "", "package main\n"+body.String(), 0)
	if err != nil {
		t.Fatal(err)
	}
	imports := slices.Clone(f.blank)
	for _, p := range append(more, importable...) {
		isMissing := func(i *ast.Ident) bool { return i.Name == path.Base(p) }
		if slices.ContainsFunc(parsed.Unresolved, isMissing) {
			imports = append(imports, strconv.Quote(p))
		}
	}
	source, err := format.Source([]byte("package main\n\nimport (\n" + strings.Join(imports, "\n") + "\n)\n" + body.String()))
	if err != nil {
		t.Fatal(err)
	}
	return source
}
