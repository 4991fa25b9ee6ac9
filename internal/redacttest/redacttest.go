// Package redacttest is for tests: it holds the structs of a package to printing
// no secret, whatever prints them (I7).
package redacttest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Canary is the secret that Check looks for. It is long enough for a key.
const Canary = "canary-in-the-coal-mine-of-1986-"

// TB is what Check needs of a *testing.T.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// Check finds the exported structs in the Go files of a folder that have a field
// which by its name may hold a secret. Each must be among the values, unless
// harmless, which is keyed "Type.Field", says why the field is none; and no value may
// show its secrets when it is printed, logged or marshaled.
//
// Of a struct by value such fields are filled with Canary. One by pointer is taken as
// it is: made by the caller, with Canary for its secrets.
func Check(t TB, dir string, harmless map[string]string, values ...any) {
	t.Helper()
	given := map[string]bool{}
	for _, v := range values {
		given[nameOf(v)] = true
	}
	fields, err := suspects(dir)
	if err != nil || len(fields) == 0 {
		t.Errorf("%s: %d fields to look at: %v", dir, len(fields), err)
	}
	for _, f := range fields {
		if structure, _, _ := strings.Cut(f, "."); !given[structure] && harmless[f] == "" {
			t.Errorf("%s may hold a secret: let %s redact itself and be among the values, or say why it is harmless", f, structure)
		}
	}
	for f := range harmless {
		if !slices.Contains(fields, f) {
			t.Errorf("%s is said to be harmless, and is no field that may hold a secret", f)
		}
	}
	for _, v := range values {
		for how, shown := range prints(filled(v, harmless)) {
			if leaks(shown) {
				t.Errorf("%s shows its secret by %s: %s", nameOf(v), how, shown)
			}
		}
	}
}

func nameOf(v any) string {
	typ := reflect.TypeOf(v)
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	return typ.Name()
}

// secretive are the names of fields that may hold a secret.
var secretive = regexp.MustCompile(`(?i)passw|secret|token|code|key|current|^new|link|previous|refresh|access|ticket|cookie|credential|pepper|salt|seed|sealed|hash|bearer`)

// open are types that hold no secret whatever the name of the field: numbers,
// times, functions, and the codes of violations.
var open = regexp.MustCompile(`^(bool|u?int(8|16|32|64)?|float64|time\.\w+|func\(.*|.*ViolationCode)$`)

// suspects returns the fields, "Type.Field", that may hold a secret.
func suspects(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var found []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || !spec.Name.IsExported() {
				return true
			}
			structure, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			for _, field := range structure.Fields.List {
				for _, name := range field.Names {
					if secretive.MatchString(name.Name) && !open.MatchString(types.ExprString(field.Type)) {
						found = append(found, spec.Name.Name+"."+name.Name)
					}
				}
			}
			return true
		})
	}
	return found, nil
}

// filled returns a copy of a struct with Canary in all that may hold a secret.
func filled(v any, harmless map[string]string) any {
	typ := reflect.TypeOf(v)
	if typ.Kind() != reflect.Struct {
		return v
	}
	copied := reflect.New(typ).Elem()
	fill(copied, false, harmless)
	return copied.Interface()
}

func fill(v reflect.Value, secret bool, harmless map[string]string) {
	switch v.Kind() {
	case reflect.String:
		if secret {
			v.SetString(Canary)
		}
	case reflect.Slice:
		one := reflect.New(v.Type().Elem()).Elem()
		if secret && one.Kind() == reflect.Uint8 {
			v.SetBytes([]byte(Canary))
		} else if secret {
			fill(one, true, harmless)
			v.Set(reflect.Append(v, one))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if field.IsExported() && harmless[v.Type().Name()+"."+field.Name] == "" {
				fill(v.Field(i), secret || secretive.MatchString(field.Name), harmless)
			}
		}
	}
}

// prints shows a value in every way that it may get into a log.
func prints(v any) map[string]string {
	shown := map[string]string{}
	pointer := v
	if typ := reflect.TypeOf(v); typ.Kind() == reflect.Struct {
		p := reflect.New(typ)
		p.Elem().Set(reflect.ValueOf(v))
		pointer = p.Interface()
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown[verb] = fmt.Sprintf(verb, v)
		shown[verb+" of a pointer"] = fmt.Sprintf(verb, pointer)
		shown[verb+" in a slice"] = fmt.Sprintf(verb, []any{v})
		shown[verb+" in a struct"] = fmt.Sprintf(verb, struct{ Field any }{v})
	}
	shown["Sprint"] = fmt.Sprint(v)
	shown["an error"] = fmt.Errorf("failed: %v", v).Error()
	data, err := json.Marshal(v)
	shown["JSON"] = fmt.Sprintf("%s %v", data, err)
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("text", "value", v, "pointer", pointer)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("JSON", "value", v, "pointer", pointer, slog.Group("group", "value", v))
	shown["slog"] = logged.String()
	return shown
}

// numbers are bytes of a key, as %v and %#v have them.
var numbers = regexp.MustCompile(`(\d{1,3} ){15}|(0x[0-9a-f]{1,2}, ){15}`)

// leaks reports whether the canary is there, as it is, as numbers, or encoded; or
// what looks like a key that was derived of it.
func leaks(shown string) bool {
	if numbers.MatchString(shown) {
		return true
	}
	for _, form := range []string{
		Canary,
		hex.EncodeToString([]byte(Canary)), base64.StdEncoding.EncodeToString([]byte(Canary))[:40],
	} {
		if strings.Contains(strings.ToLower(shown), strings.ToLower(form)) {
			return true
		}
	}
	return false
}
