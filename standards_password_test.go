package passwd_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
)

// P2, P3, P4: passwords of 64 characters and more are set and sign in, and every
// character of them counts; what is too long is told, not cut.
func TestLongPasswordsAreWhole(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{Hasher: cheapArgon2})
	ref := kit.Add(t, ada(), "")
	token := resetToken(t, kit, "ada")
	var keys string
	for i := range rune(63) {
		keys += string(0x1F400 + i*37%64)
	}
	longest := strings.Repeat("so many words ", 292) + "ended up" // 4,096 bytes
	if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: keys + "\U0001F5DD"}); err != nil {
		t.Fatal(err)
	}
	current := keys + "\U0001F5DD" // 256 bytes
	for _, next := range []string{longest, keys + strings.Repeat("\U0001F5DD", 9)} {
		mustSignIn(t, kit, "ada", current)
		runes := []rune(current)
		for _, wrong := range []string{current + "x", string(runes[:len(runes)-1]), string(runes[1:]), current[:72]} {
			if _, err := signIn(kit, "ada", wrong); err != passwd.ErrWrongCredentials {
				t.Errorf("%d characters in place of %d: %v", len([]rune(wrong)), len(runes), err)
			}
		}
		if err := change(kit, ref, current, next); err != nil {
			t.Fatalf("%d bytes: %v", len(next), err)
		}
		current = next
	}
	wantViolation(t, change(kit, ref, current, longest+"x"), pwpolicy.TooLong)
	mustSignIn(t, kit, "ada", current)
}

// P6: any text is a password. Only what is the same text in two encodings is the
// same password: nothing is taken for something that merely looks like it.
func TestEveryCharacterIsItself(t *testing.T) {
	for name, c := range map[string]struct {
		password string
		wrong    []string
	}{
		"ligature":   {"\uFB01ve wizards jump quickly", []string{"five wizards jump quickly"}},
		"full width": {"\uFF41nalytical engine 1843", []string{"analytical engine 1843"}},
		"spaces":     {"  two  spaces\u00A0and a tab\t ", []string{"two  spaces\u00A0and a tab", "  two  spaces and a tab\t ", " two spaces\u00A0and a tab\t "}},
		"joined":     {"\U0001F468\u200D\U0001F469\u200D\U0001F467 and a dog too", []string{"\U0001F468\U0001F469\U0001F467 and a dog too"}},
		"ASCII":      {"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", []string{"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}"}},
		"no case":    {"\u0645\u0641\u062A\u0627\u062D \u0627\u0644\u0628\u064A\u062A \u0627\u0644\u0642\u062F\u064A\u0645", []string{"\u0645\u0641\u062A\u0627\u062D \u0627\u0644\u0628\u064A\u062A \u0627\u0644\u0642\u062F\u064A"}},
	} {
		t.Run(name, func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{})
			ref := kit.Add(t, passwd.Account{Username: "grace"}, graceFirst)
			if err := change(kit, ref, graceFirst, c.password); err != nil {
				t.Fatal(err)
			}
			mustSignIn(t, kit, "grace", c.password)
			for _, wrong := range c.wrong {
				if _, err := signIn(kit, "grace", wrong); err != passwd.ErrWrongCredentials {
					t.Errorf("%q signs in: %v", wrong, err)
				}
			}
		})
	}
}

// P12: neither the types of the library nor its tables have a place for a hint or
// for a question that is asked in place of a password.
func TestNoHintsAndQuestions(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)hint|question|answer|remind_?me|mother|maiden|secret_?word`)
	fields, columns := 0, 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		switch {
		case d.IsDir() && (name == "testdata" || name == "examples" || name == "bench" || len(path) > 1 && name[0] == '.'):
			return fs.SkipDir
		case strings.HasSuffix(name, ".sql"):
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for line := range strings.Lines(string(text)) {
				line, _, _ = strings.Cut(line, "--")
				if columns++; forbidden.MatchString(line) {
					t.Errorf("%s: %s", path, line)
				}
			}
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				s, ok := n.(*ast.StructType)
				if !ok {
					return true
				}
				for _, field := range s.Fields.List {
					for _, id := range field.Names {
						ofForm := path == "passwdhttp/views.go" && id.Name == "Hint" // what the policy asks for, beside a field
						if fields++; id.IsExported() && forbidden.MatchString(id.Name) && !ofForm {
							t.Errorf("%s has a field %s", path, id.Name)
						}
					}
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if fields < 300 || columns < 100 {
		t.Fatalf("read %d fields and %d lines of SQL only", fields, columns)
	}
}
