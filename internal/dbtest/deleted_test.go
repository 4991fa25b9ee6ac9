package dbtest_test

import (
	"testing"

	"github.com/passwd-go/passwd"
)

// Whoever registers with the id of a user whom the host has deleted without Forget is
// not told which passwords that user has had.
func TestHistoryOfDeletedUser(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			h := s.newHost(t, s.open(t), usual)
			a := h.user("1")
			if _, err := h.store.Apply(t.Context(), replacement(a, "$test$new")); err != nil {
				t.Fatal(err)
			}
			if hashes, err := h.store.History(t.Context(), a.Ref, 10); err != nil || len(hashes) != 1 {
				t.Fatalf("%d hashes of the user, %v", len(hashes), err)
			}
			h.exec("DELETE FROM " + s.quoted(usual.Table))
			if hashes, err := h.store.History(t.Context(), a.Ref, 10); err != passwd.ErrNotFound {
				t.Errorf("%d hashes of a deleted user, %v; want ErrNotFound", len(hashes), err)
			}
		})
	}
}
