package model

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/passwd-go/passwd"
)

func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, norm.NFC.String(strings.TrimSpace(s)))
}

func validLogin(l passwd.Login) bool {
	kinds := []passwd.LoginKind{passwd.AnyKind, passwd.Username, passwd.Email, passwd.Mobile}
	return slices.Contains(kinds, l.Kind) && len(l.Value) <= 512 && fold(l.Value) != "" && !strings.Contains(l.Value, "\x00")
}

// rank is how well a login names an account: 0 by a confirmed address, 1 by its
// username, 2 by an address that nobody has confirmed, 3 not at all.
func (a *Account) rank(kind passwd.LoginKind, text string) int {
	by := func(k passwd.LoginKind, own string) bool {
		return (kind == passwd.AnyKind || kind == k) && fold(own) == text
	}
	email, mobile := by(passwd.Email, a.Email), by(passwd.Mobile, a.Mobile)
	switch {
	case email && a.EmailConfirmed, mobile && a.MobileConfirmed:
		return 0
	case by(passwd.Username, a.Username):
		return 1
	case email, mobile:
		return 2
	}
	return 3
}

// matches returns the accounts that a login names, in the order of their ids. The
// first rank with a match decides; accounts that are not open count only where no
// open one matches in any rank.
func (m *Model) matches(l passwd.Login) []*Account {
	if m.Present.KindsInTurn {
		return m.kindsInTurn(l)
	}
	for _, open := range []bool{true, false} {
		for rank := range 3 {
			var found []*Account
			for _, a := range m.sorted() {
				if m.get(a.Ref) != nil && a.Ref.Tenant == l.Tenant && a.open() == open && a.rank(l.Kind, fold(l.Value)) == rank {
					found = append(found, a)
				}
			}
			if found != nil {
				return found
			}
		}
	}
	return nil
}

// one returns the account that a login names, nil if that is none or several.
func (m *Model) one(l passwd.Login) *Account {
	if found := m.matches(l); len(found) == 1 {
		return found[0]
	}
	return nil
}

// kindsInTurn is how the service matches until it goes by rank: the kinds that the
// login looks like, whoever is open or confirmed. Then this goes.
func (m *Model) kindsInTurn(l passwd.Login) (found []*Account) {
	text := fold(l.Value)
	kinds := []passwd.LoginKind{l.Kind}
	if l.Kind == passwd.AnyKind {
		switch digits := strings.TrimPrefix(text, "+"); {
		case strings.Contains(text, "@"):
			kinds[0] = passwd.Email
		case digits != text, strings.Trim(digits, "0123456789") == "":
			kinds = []passwd.LoginKind{passwd.Mobile, passwd.Username}
		default:
			kinds[0] = passwd.Username
		}
	}
	for _, kind := range kinds {
		for _, a := range m.sorted() {
			own := map[passwd.LoginKind]string{passwd.Username: a.Username, passwd.Email: a.Email, passwd.Mobile: a.Mobile}[kind]
			if m.get(a.Ref) != nil && a.Ref.Tenant == l.Tenant && fold(own) == text {
				found = append(found, a)
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}
