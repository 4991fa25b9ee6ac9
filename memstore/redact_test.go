package memstore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/redacttest"
	"github.com/passwd-go/passwd/memstore"
)

func TestRedacted(t *testing.T) { // I7
	s := memstore.New()
	s.Set(passwd.Account{Ref: passwd.Ref{ID: "1"}, Hash: redacttest.Canary})
	if shown := fmt.Sprintf("%v %+v %#v", s, s, []any{s}); strings.Contains(shown, redacttest.Canary) {
		t.Error(shown)
	}
}
