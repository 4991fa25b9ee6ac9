package limitkey_test

import (
	"testing"

	"github.com/passwd-go/passwd/internal/limitkey"
)

func TestParts(t *testing.T) {
	for key, want := range map[string][2]string{
		"":               {"", ""},
		"plain":          {"", ""},
		"kind:rest":      {"kind", ""},
		"kind:group:one": {"kind", "kind:group"},
		"kind:group:a:b": {"kind", "kind:group"},
		"kind::":         {"kind", "kind:"},
		":":              {"", ""},
	} {
		if kind, group := limitkey.Kind(key), limitkey.Group(key); kind != want[0] || group != want[1] {
			t.Errorf("%q: %q and %q, want %q", key, kind, group, want)
		}
	}
}
