package passwd_test

import (
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// What a request brings about is told in its language, where the account has none; what
// others do to an account is not told in theirs.
func TestLocaleOfRequests(t *testing.T) {
	for name, tc := range map[string]struct {
		account, asked string
		do             func(t *testing.T, kit *passwdtest.Kit, r passwd.Ref, c passwd.Client)
		want           string
	}{
		"link":                 {"", "de", requestLink, "de"},
		"link, own language":   {"ar", "de", requestLink, "ar"},
		"link, no language":    {"", "", requestLink, ""},
		"link, not a language": {"", "de\r\nBcc: x", requestLink, ""},
		"link, too long":       {"", strings.Repeat("a", 36), requestLink, ""},
		"code": {"", "de", func(t *testing.T, kit *passwdtest.Kit, _ passwd.Ref, c passwd.Client) {
			if _, err := kit.Service.RequestCode(t.Context(), passwd.RequestCode{Login: login("ada"), Client: c}); err != nil {
				t.Fatal(err)
			}
		}, "de"},
		"change": {"", "de", func(t *testing.T, kit *passwdtest.Kit, r passwd.Ref, c passwd.Client) {
			_, err := kit.Service.Change(t.Context(), passwd.Change{Account: r, Current: adaPassword, New: newPassword, Client: c})
			if err != nil {
				t.Fatal(err)
			}
		}, "de"},
		"temporary password": {"", "de", func(t *testing.T, kit *passwdtest.Kit, r passwd.Ref, c passwd.Client) {
			if _, err := kit.Service.IssueTemporary(t.Context(), passwd.IssueTemporary{Account: r, Client: c}); err != nil {
				t.Fatal(err)
			}
		}, ""},
		"suspension": {"", "de", func(t *testing.T, kit *passwdtest.Kit, r passwd.Ref, c passwd.Client) {
			if err := kit.Service.MarkCompromised(t.Context(), passwd.MarkCompromised{Account: r, Client: c}); err != nil {
				t.Fatal(err)
			}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{})
			r := kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com", Locale: tc.account}, adaPassword)
			c := passwd.Client{Locale: tc.asked}
			tc.do(t, kit, r, c)
			messages := kit.Deliver(t)
			if len(messages) != 1 || messages[0].Locale != tc.want {
				t.Errorf("%d messages, the first in %q, want %q", len(messages), messages[0].Locale, tc.want)
			}
		})
	}
}

func requestLink(t *testing.T, kit *passwdtest.Kit, _ passwd.Ref, c passwd.Client) {
	t.Helper()
	if err := kit.Service.RequestReset(t.Context(), passwd.RequestReset{Login: login("ada"), Client: c}); err != nil {
		t.Fatal(err)
	}
}
