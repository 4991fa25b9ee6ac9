package redacttest_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/redacttest"
)

type recorder struct{ errors []string }

func (*recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

type Login struct{ Name, Password string }

type sealed struct{ password []byte }

type quiet struct{ Password string }

func (quiet) String() string               { return "-" }
func (quiet) Format(f fmt.State, _ rune)   { io.WriteString(f, "-") }
func (quiet) MarshalText() ([]byte, error) { return []byte("-"), nil }

// A struct that is new, or that prints what it holds, is found in every form.
func TestFinds(t *testing.T) {
	const dir = "testdata/leaky"
	check := func(harmless map[string]string, values ...any) string {
		r := &recorder{}
		redacttest.Check(r, dir, harmless, values...)
		return strings.Join(r.errors, "\n")
	}
	if got := check(nil); !strings.Contains(got, "Login.Password may hold a secret") || strings.Contains(got, "Count") {
		t.Errorf("a struct that is new: %s", got)
	}
	got := check(nil, Login{})
	for _, how := range []string{"%v", "%+v", "%#v", "%x", "%s in a slice", "JSON", "slog", "an error"} {
		if !strings.Contains(got, "shows its secret by "+how+":") {
			t.Errorf("not found: %s in %s", how, got)
		}
	}
	if got := check(map[string]string{"Login.Password": "a test"}, &sealed{[]byte(redacttest.Canary)}); !strings.Contains(got, "by %+v:") || !strings.Contains(got, "by %#v:") {
		t.Errorf("bytes behind a pointer: %s", got)
	}
	if got := check(map[string]string{"Login.Password": "a test"}, quiet{}); got != "" {
		t.Errorf("what redacts itself: %s", got)
	}
	if got := check(map[string]string{"Login.Password": "a test", "Login.Gone": "?"}); !strings.Contains(got, "Login.Gone") {
		t.Errorf("an excuse for nothing: %s", got)
	}
}
