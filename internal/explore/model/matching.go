package model

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/passwd-go/passwd"
)

// unlike are characters that would become ASCII, and those that stand in for them
// meanwhile.
var (
	unlike = strings.NewReplacer("\u212a", "\ue000", "\u037e", "\ue001", "\u1fef", "\ue002")
	again  = strings.NewReplacer("\ue000", "\u212a", "\ue001", "\u037e", "\ue002", "\u1fef")
)

// fold returns the compared form: without what cannot be seen around it, in NFC, ASCII
// letters in lower case.
func fold(s string) string {
	s = strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	return again.Replace(strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, norm.NFC.String(unlike.Replace(s))))
}

func validLogin(l passwd.Login) bool {
	kinds := []passwd.LoginKind{passwd.AnyKind, passwd.Username, passwd.Email, passwd.Mobile}
	return slices.Contains(kinds, l.Kind) && len(l.Value) <= 512 && fold(l.Value) != "" && !strings.Contains(l.Value, "\x00")
}

// looksLike is whether a text has the shape of a kind.
func looksLike(k passwd.LoginKind, text string) bool {
	switch k {
	case passwd.Email:
		return strings.Contains(text, "@")
	case passwd.Mobile:
		return strings.Trim(text, "+0123456789 .-/()") == ""
	}
	return true
}

// rank is how well a login names an account: 0 by a confirmed address, 1 by its
// username, 2 by an address that nobody has confirmed, 3 not at all.
func (a *Account) rank(kind passwd.LoginKind, text string) int {
	by := func(k passwd.LoginKind, own string) bool {
		return (kind == k || kind == passwd.AnyKind && looksLike(k, text)) && fold(own) == text
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
