package passwd

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/passwd-go/passwd/internal/normal"
)

// LoginKind tells which attribute of an account a [Login] names.
type LoginKind string

// The kinds of login.
const (
	// AnyKind lets the shape of the value decide: with an "@" it is an e-mail
	// address; with a leading "+" or of digits only a mobile number and, where
	// no account has that number, a username; anything else is a username.
	AnyKind  LoginKind = ""
	Username LoginKind = "username"
	Email    LoginKind = "email"
	Mobile   LoginKind = "mobile"
)

// Login is what a person types to say who they are.
type Login struct {
	Tenant string // at most 512 bytes
	Kind   LoginKind
	Value  string // at most 512 bytes of UTF-8 without NUL, as typed; the service folds it
}

// Fold returns the form in which identifiers are compared: outer white space
// trimmed, Unicode normalisation form C, ASCII letters in lower case. All else
// is exact, so "mıke" never finds "mike", on any store.
func Fold(identifier string) string { return normal.Fold(identifier) }

const maxLogin = 512 // bytes; no e-mail address is longer than 320

// checkLogin refuses what cannot be a login, and folds it. The answer depends on
// the text alone.
func checkLogin(l Login) (Login, error) {
	switch l.Kind {
	case AnyKind, Username, Email, Mobile:
	default:
		return l, ErrInvalidRequest
	}
	if len(l.Value) > maxLogin || len(l.Tenant) > maxLogin || !utf8.ValidString(l.Value) || strings.ContainsRune(l.Value, 0) {
		return l, ErrInvalidRequest
	}
	if l.Value = Fold(l.Value); l.Value == "" {
		return l, ErrInvalidRequest
	}
	return l, nil
}

// kinds returns the kinds that a login may be of, in the order they count.
func (l Login) kinds() []LoginKind {
	if l.Kind != AnyKind {
		return []LoginKind{l.Kind}
	}
	switch digits := strings.TrimPrefix(l.Value, "+"); {
	case strings.Contains(l.Value, "@"):
		return []LoginKind{Email}
	case digits != l.Value, strings.Trim(digits, "0123456789") == "":
		return []LoginKind{Mobile, Username}
	}
	return []LoginKind{Username}
}

// enoughMatches is how many accounts are fetched to learn that a login names
// more than one; some for stores whose comparison is looser than ours.
const enoughMatches = 8

// matching returns the accounts that a checked login names: those of the first
// kind that matches, never a union. It asks for every kind in any case, so that
// the work does not tell which one matched.
func (s *Service) matching(ctx context.Context, l Login) ([]Account, error) {
	var first []Account
	for _, kind := range l.kinds() {
		candidates, err := s.store.Find(ctx, Login{Tenant: l.Tenant, Kind: kind, Value: l.Value}, enoughMatches)
		if err != nil {
			return nil, s.fault(ctx, err)
		}
		if first != nil {
			continue
		}
		for _, a := range candidates {
			if a.Ref.Tenant == l.Tenant && !s.foreign(a.Ref) && Fold(a.identifier(kind)) == l.Value {
				first = append(first, a)
			}
		}
	}
	return first, nil
}

// find returns the one account that a checked login names; false if there is
// none, or more than one.
func (s *Service) find(ctx context.Context, l Login) (Account, bool, error) {
	matches, err := s.matching(ctx, l)
	if err != nil || len(matches) != 1 {
		return Account{}, false, err
	}
	return matches[0], true, nil
}
