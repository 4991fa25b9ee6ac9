package wire_test

import (
	"flag"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/wiretest"
	"github.com/passwd-go/passwd/memstore"
)

var update = flag.Bool("update", false, "fill in the replies that scripts under testdata/wire leave empty")

func open(_ testing.TB, accounts ...passwd.Account) wiretest.Store {
	s := memstore.New()
	for _, a := range accounts {
		a.Must = passwd.NoReason
		s.Set(a)
	}
	return s
}

// TestGolden compares recorded exchanges byte for byte: every documented example
// and error, and what the descriptions leave to us.
func TestGolden(t *testing.T) { wiretest.Run(t, "../testdata/wire", open, *update) }
