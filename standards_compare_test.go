package passwd_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// H7: a secret that somebody sends is compared in constant time, wherever that is
// done, and nowhere byte by byte.
func TestSecretsAreComparedInConstantTime(t *testing.T) {
	constant := map[string]bool{"subtle.ConstantTimeCompare": true, "hmac.Equal": true}
	bytewise := map[string]bool{"bytes.Equal": true, "bytes.Compare": true, "slices.Equal": true, "strings.Compare": true}
	compares := map[string]bool{}
	for _, dir := range []string{".", "pwhash", "pwhash/foreign", "session", "session/jwt", "wire", "passwdhttp"} {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
				continue
			}
			path := filepath.Join(dir, file.Name())
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok {
					continue
				}
				ast.Inspect(fn, func(n ast.Node) bool {
					call, ok := n.(*ast.CallExpr)
					if !ok {
						return true
					}
					called, ok := call.Fun.(*ast.SelectorExpr)
					if !ok {
						return true
					}
					pkg, _ := called.X.(*ast.Ident)
					if pkg == nil {
						return true
					}
					name := pkg.Name + "." + called.Sel.Name
					if bytewise[name] {
						t.Errorf("%s: %s calls %s", path, fn.Name.Name, name)
					}
					if constant[name] {
						compares[filepath.ToSlash(dir)+": "+fn.Name.Name] = true
					}
					return true
				})
			}
		}
	}
	for what, fn := range map[string]string{
		"tags of own hashes": "pwhash: verify", "tags of others' hashes": "pwhash/foreign: matches", "codes": ".: RedeemCode", "user keys": ".: holds",
		"what a JWT is bound to": "session/jwt: mine", "secrets of applications": "wire: fits",
	} {
		if !compares[fn] {
			t.Errorf("%s: not in %s; there are %v", what, fn, compares)
		}
	}
}
