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
	// AnyKind is any of the others that the value has the shape of: a username
	// always, an e-mail address with an "@", a mobile number of nothing but digits,
	// "+" and what people write between them. Which account it names is decided by
	// rank: a confirmed address before a username before an address that is not
	// confirmed. If two accounts have the same rank, nobody signs in.
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

// Fold returns the form in which identifiers are compared: outer white space and
// invisible characters trimmed, Unicode normalisation form C, ASCII letters in lower
// case. Everything else is exact, so "mıke" never finds "mike", and no non-ASCII
// character becomes an ASCII one, on any store.
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

// kinds returns the kinds that a login may be of.
func (l Login) kinds() []LoginKind {
	switch {
	case l.Kind != AnyKind:
		return []LoginKind{l.Kind}
	case strings.Contains(l.Value, "@"):
		return []LoginKind{Email, Username}
	case strings.Trim(l.Value, "+0123456789 .-/()") == "":
		return []LoginKind{Mobile, Username}
	}
	return []LoginKind{Username}
}

// rank is how well a login of a kind names an account that it fits: a confirmed
// address before a username before an address that nobody has confirmed, so that who
// registers somebody else's address takes nothing from its owner.
type rank int

const (
	byConfirmed rank = iota
	byUsername
	byUnconfirmed
	ranks // how many there are
)

func (a Account) rank(kind LoginKind, value string) rank {
	if kind == Username {
		return byUsername
	}
	channel := EmailChannel
	if kind == Mobile {
		channel = SMSChannel
	}
	for _, own := range a.Address {
		if own.Channel == channel && Fold(own.Value) == value {
			return byConfirmed
		}
	}
	return byUnconfirmed
}

// The accounts that are fetched to learn whom a login names: a few, and many where
// there are more than a few, as when somebody registers another's address again and
// again.
const (
	fewMatches  = 8
	manyMatches = 1024
)

// matching returns the accounts that a checked login names: those of the first rank
// that has one, never a union of ranks. Accounts that are not active count only where
// no active one matches in any rank. Where somebody waits for the answer it asks for
// every kind in any case, so that the work does not tell which one matched; unseen is
// work whose time nobody sees.
func (s *Service) matching(ctx context.Context, l Login, unseen bool) ([]Account, error) {
	var active, other [ranks][]Account
	for _, kind := range l.kinds() {
		if unseen && len(active[byConfirmed]) > 0 {
			break // no other kind has a better rank
		}
		candidates, err := s.candidates(ctx, Login{Tenant: l.Tenant, Kind: kind, Value: l.Value})
		if err != nil {
			return nil, err
		}
		for _, a := range candidates {
			if a.Ref.Tenant != l.Tenant || s.foreign(a.Ref) || Fold(a.identifier(kind)) != l.Value {
				continue
			}
			to := &other
			if a.Active && !a.Disabled {
				to = &active
			}
			r := a.rank(kind, l.Value)
			to[r] = append(to[r], a)
		}
	}
	for _, ranked := range [][ranks][]Account{active, other} {
		for _, accounts := range ranked {
			if len(accounts) > 0 {
				return accounts, nil
			}
		}
	}
	return nil, nil
}

func (s *Service) candidates(ctx context.Context, l Login) ([]Account, error) {
	found, err := s.store.Find(ctx, l, fewMatches)
	if err == nil && len(found) == fewMatches {
		found, err = s.store.Find(ctx, l, manyMatches)
	}
	return found, s.fault(ctx, err)
}

// find returns the one account that a checked login names; false if there is
// none, or more than one.
func (s *Service) find(ctx context.Context, l Login) (Account, bool, error) {
	matches, err := s.matching(ctx, l, false)
	if err != nil || len(matches) != 1 {
		return Account{}, false, err
	}
	return matches[0], true, nil
}

// LoginKinds returns what accounts can be found by: what the store says in a method of
// this name, as sqlstore does of the columns that are mapped; every kind, if it has none.
func (s *Service) LoginKinds() []LoginKind {
	if store, ok := s.cfg.Store.(interface{ LoginKinds() []LoginKind }); ok {
		return store.LoginKinds()
	}
	return []LoginKind{Username, Email, Mobile}
}

// Channels returns the ways that messages to accounts can take: what the store says in a
// method of that name, as sqlstore does by its mapping, and otherwise all of them. With
// none, links and codes reach nobody, and the pages offer none.
func (s *Service) Channels() []Channel {
	if store, ok := s.cfg.Store.(interface{ Channels() []Channel }); ok {
		return store.Channels()
	}
	return []Channel{EmailChannel, SMSChannel}
}
