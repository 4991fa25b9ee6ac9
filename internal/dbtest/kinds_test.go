package dbtest_test

import (
	"slices"
	"testing"

	"github.com/passwd-go/passwd"
)

// The kinds of login, and the channels, are those of the columns that are mapped.
func TestLoginKinds(t *testing.T) {
	s := servers[0]
	for _, want := range [][]passwd.LoginKind{
		{passwd.Username, passwd.Email, passwd.Mobile}, {passwd.Username, passwd.Email}, {passwd.Email}, {passwd.Username},
	} {
		users := usual
		if !slices.Contains(want, passwd.Username) {
			users.Username = ""
		}
		if !slices.Contains(want, passwd.Mobile) {
			users.Mobile, users.MobileConfirmed = "", ""
		}
		var channels []passwd.Channel
		if slices.Contains(want, passwd.Email) {
			channels = append(channels, passwd.EmailChannel)
		} else {
			users.Email, users.EmailConfirmed = "", ""
		}
		if users.Mobile != "" {
			channels = append(channels, passwd.SMSChannel)
		}
		store := s.newHost(t, s.open(t), users).store
		if got := store.LoginKinds(); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if got := store.Channels(); !slices.Equal(got, channels) {
			t.Errorf("%v: channels %v, want %v", want, got, channels)
		}
	}
}
