package pwpolicy

import (
	"context"
	"time"
)

// Subject is the account that a password is for, as far as rules need to know it.
// Every field may be empty: the zero Subject is somebody about whom nothing is known.
type Subject struct {
	// Logins are what its owner signs in with, named "username", "email" and
	// "mobile".
	Logins []Attribute
	// Personal are further attributes that a password must not resemble.
	Personal []Attribute
	// Context are words that all accounts have in common, such as the host name of
	// the service and the tenant (P8).
	Context []string

	// Occasion is how the password comes to be set.
	Occasion Occasion
	// Current is the current password in clear, in NFC, where its owner has typed it in
	// this very request and it was found to be right; "" otherwise.
	Current string
	// ChangedAt is when the current password was set. Zero: not known, or none.
	ChangedAt time.Time
	// Now is the time of the check. Zero: time.Now().
	Now time.Time
	// Past answers what passwords the account has had. Nil: none that is known.
	Past Past
}

// Attribute is a piece of personal data that a password must not resemble. A
// violation may name it ("first_name"); its value is never repeated.
type Attribute struct {
	Name  string
	Value string
}

// Past answers questions about the passwords that an account has and had, never by
// a hash. An answer may cost one hash computation for each password that is
// compared. An implementation is used by one goroutine at a time.
type Past interface {
	// IsCurrent reports whether a password, in NFC, is the current one.
	IsCurrent(ctx context.Context, password string) (bool, error)
	// IsEarlier reports whether it is one of the last n that were replaced.
	IsEarlier(ctx context.Context, password string, n int) (bool, error)
}

// Occasion is how a password comes to be set.
type Occasion string

// The occasions.
const (
	OccasionRegistration Occasion = ""          // the first password of an account
	OccasionChange       Occasion = "change"    // its owner's choice
	OccasionForced       Occasion = "forced"    // its owner must change it in order to sign in
	OccasionReset        Occasion = "reset"     // forgotten
	OccasionIssued       Occasion = "temporary" // made by the service for its owner to change
)
