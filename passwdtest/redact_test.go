package passwdtest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/redacttest"
	"github.com/passwd-go/passwd/passwdtest"
)

func TestRedacted(t *testing.T) { // I7
	kit := passwdtest.New(t, passwd.Config{})
	if err := kit.Mail.Notify(t.Context(), passwd.Message{Link: redacttest.Canary}); err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{kit, kit.Mail, []any{kit.Mail}} {
		if shown := fmt.Sprintf("%v %+v %#v", v, v, v); strings.Contains(shown, redacttest.Canary) {
			t.Errorf("%T: %s", v, shown)
		}
	}
}
