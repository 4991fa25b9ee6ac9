package passwd_test

import (
	"fmt"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// Nobody takes an account from its owner by registering the owner's address, or a
// name that looks like it, unconfirmed or inactive: each case signs in,
// and resets, as the account of the name in want; "" is nobody.
func TestMatchingByRank(t *testing.T) {
	confirmed := func(a passwd.Account) passwd.Account { return a }
	unconfirmed := func(a passwd.Account) passwd.Account { a.Address = []passwd.Address{}; return a }
	disabled := func(a passwd.Account) passwd.Account { a.Disabled = true; return a }
	user := func(id string, edit func(passwd.Account) passwd.Account, a passwd.Account) passwd.Account {
		a.Ref = passwd.Ref{ID: id}
		return edit(a)
	}
	const mail, number = "ada@example.com", "+15550000001"
	tests := []struct {
		name     string
		accounts []passwd.Account
		typed    string
		want     string
	}{
		{"unconfirmed twin", []passwd.Account{
			user("twin", unconfirmed, passwd.Account{Username: "a", Email: mail}), user("owner", confirmed, passwd.Account{Username: "b", Email: mail}),
		}, mail, "owner"},
		{"unconfirmed mobile twin", []passwd.Account{
			user("twin", unconfirmed, passwd.Account{Username: "a", Mobile: number}), user("owner", confirmed, passwd.Account{Username: "b", Mobile: number}),
		}, number, "owner"},
		{"disabled twin", []passwd.Account{
			user("twin", disabled, passwd.Account{Username: "a", Email: mail}), user("owner", confirmed, passwd.Account{Username: "b", Email: mail}),
		}, mail, "owner"},
		{"disabled and confirmed against active and not", []passwd.Account{
			user("twin", disabled, passwd.Account{Username: "a", Email: mail}), user("owner", unconfirmed, passwd.Account{Username: "b", Email: mail}),
		}, mail, "owner"},
		{"username with @", []passwd.Account{user("owner", confirmed, passwd.Account{Username: "ada@work"})}, "ada@work", "owner"},
		{"username that is another's address", []passwd.Account{
			user("thief", confirmed, passwd.Account{Username: mail}), user("owner", confirmed, passwd.Account{Username: "b", Email: mail}),
		}, mail, "owner"},
		{"username before an address nobody has confirmed", []passwd.Account{
			user("owner", confirmed, passwd.Account{Username: mail}), user("thief", unconfirmed, passwd.Account{Username: "b", Email: mail}),
		}, mail, "owner"},
		{"a number as a username", []passwd.Account{user("owner", confirmed, passwd.Account{Username: "1843"})}, "1843", "owner"},
		{"several of a rank", []passwd.Account{
			user("1", confirmed, passwd.Account{Username: "a", Email: mail}), user("2", confirmed, passwd.Account{Username: "b", Email: mail}),
		}, mail, ""},
		{"pasted", []passwd.Account{user("owner", confirmed, passwd.Account{Username: "ada"})}, "\u2066ada\u2069\u200b", "owner"},
		{"KELVIN SIGN", []passwd.Account{user("owner", confirmed, passwd.Account{Username: "kim"})}, "\u212aim", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{})
			for _, a := range tt.accounts {
				kit.Add(t, a, adaPassword)
			}
			in, err := kit.Service.SignIn(ctx, passwd.SignIn{Login: login(tt.typed), Password: adaPassword, Client: home})
			if in.Account.ID != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("signed in as %q, %v", in.Account.ID, err)
			}
		})
	}
}

// A flood of unconfirmed twins hides nobody.
func TestManyTwins(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	for i := range 40 {
		kit.Add(t, passwd.Account{Ref: passwd.Ref{ID: fmt.Sprint(100 + i)}, Username: fmt.Sprint("twin", i), Email: "ada@example.com", Address: []passwd.Address{}}, newPassword)
	}
	kit.Add(t, passwd.Account{Ref: passwd.Ref{ID: "999"}, Username: "ada", Email: "ada@example.com"}, adaPassword)
	mustSignIn(t, kit, "ada@example.com", adaPassword)
}
