package dbtest_test

import (
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/internal/wiretest"
)

// TestWire runs the recorded exchanges of the wire formats over a database: the
// replies do not depend on the store.
func TestWire(t *testing.T) {
	testrun.NotWithRace(t)
	wiretest.Run(t, "../../testdata/wire", func(t testing.TB, accounts ...passwd.Account) wiretest.Store {
		h := newHost(t, usual)
		if err := h.seed(t.Context(), h.db, accounts...); err != nil {
			t.Fatal(err)
		}
		return h.store
	}, false)
}
