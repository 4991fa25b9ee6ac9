package dbtest_test

import (
	"slices"
	"testing"

	"github.com/passwd-go/passwd"
)

// The kinds of login are those of the columns that are mapped.
func TestLoginKinds(t *testing.T) {
	s := servers[0]
	for _, want := range [][]passwd.LoginKind{
		{passwd.Username, passwd.Email, passwd.Mobile}, {passwd.Username, passwd.Email}, {passwd.Email},
	} {
		users := usual
		if !slices.Contains(want, passwd.Username) {
			users.Username = ""
		}
		if !slices.Contains(want, passwd.Mobile) {
			users.Mobile, users.MobileConfirmed = "", ""
		}
		if got := s.newHost(t, s.open(t), users).store.LoginKinds(); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}
