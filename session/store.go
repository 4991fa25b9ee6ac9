package session

import (
	"context"
	"crypto/sha256"
	"net/netip"
	"time"

	"github.com/passwd-go/passwd"
)

// Store keeps sessions. It belongs to the passwd.Store that keeps the accounts,
// and is usually the same value: a session ends in the same step that changes
// the password (I2, I5).
//
// Every method is one atomic step, as those of passwd.Store are: it happens
// wholly or not at all, also when the context ends or the process dies in the
// middle; it is safe for concurrent use by many goroutines and processes; times
// are passed in, in UTC and to the microsecond.
//
// A session is live while all of this holds: it is stored; now is before its
// ExpiresAt; its Epoch is the current one of its account; the account exists, is
// Active and is not Disabled. The epochs are compared at each call, since a
// session may be created in the very moment in which the password changes.
//
// Of the methods of its passwd.Store, these touch its sessions:
//
//   - Apply, where it raises the epoch, deletes the account's sessions in the
//     same step: all but the one that Write.KeepSession names, if that is the
//     account's and has the epoch that the write expects. That one gets the new
//     epoch, and nothing else of it changes. A write that fails, or that does not
//     raise the epoch, touches no session.
//   - Forget deletes the account's sessions.
//   - Purge deletes sessions whose ExpiresAt is before the given time, and counts
//     them with the rest towards the batch.
//
// What belongs to a session goes with it: after its end none of its digests,
// the spent ones included, finds anything. Package storetest holds this contract
// as tests.
type Store interface {
	// CreateSession stores r. In the same step it deletes the session of the same
	// Account, Client and Device, if there is one, and then, while max or more live
	// sessions of the same Account and Client are left, the one of them with the
	// earliest IssuedAt (of equals, the one with the smaller ID); max 0 sets no
	// bound. It judges what is live at r.IssuedAt. ErrNotFound if there is no such
	// account; ErrConflict, and no change, unless r.Epoch is the account's current
	// epoch, which is never 0. An ID or digest that is taken is another error.
	CreateSession(ctx context.Context, r Record, max int) error

	// FindSession returns the live session that a token belongs to, and why its
	// account must change its password, read in the same step. An access token
	// finds its session while it is the session's current one; the caller compares
	// AccessUntil. A refresh token finds it even when spent; it is spent unless it
	// is Record.Refresh. Without a live session it is ErrNotFound, with the zero
	// Record.
	FindSession(ctx context.Context, t TokenRef, now time.Time) (Record, passwd.Reason, error)

	// RotateSession replaces the tokens of the live session r.ID, whose refresh
	// token must be r.IfRefresh, and returns the session after that. The replaced
	// refresh token is spent from then on; the replaced access token finds nothing.
	// If r.IfRefresh is a spent token of the session, the session is deleted and
	// the error is ErrReused, with the Record it had. In any other case it is
	// ErrNotFound, with the zero Record, and nothing changes. What is live is
	// judged at r.IssuedAt. Of any number of calls with one IfRefresh, at most one
	// succeeds.
	RotateSession(ctx context.Context, r Rotation) (Record, error)

	// TouchSession sets UsedAt and ExpiresAt of the session, if there is one whose
	// UsedAt is earlier than used; otherwise it changes nothing, which is not an
	// error.
	TouchSession(ctx context.Context, id string, used, expires time.Time) error

	// ListSessions returns the live sessions of the account, the one with the
	// latest UsedAt first and of equals the one with the smaller ID. If there are
	// none, or no such account, it returns an empty slice and a nil error.
	ListSessions(ctx context.Context, account passwd.Ref, now time.Time) ([]Record, error)

	// EndSessions deletes the sessions of the account that the filter selects, and
	// reports how many there were, live or not yet purged. None is not an error.
	EndSessions(ctx context.Context, account passwd.Ref, f Filter) (int, error)
}

// Record is a session as it is stored. Nothing in it can be turned back into a
// token.
type Record struct {
	Session
	// Device names the device among those of the account and client: a digest, of
	// one size whatever the client sends.
	Device      [sha256.Size]byte
	Access      passwd.Digest // of the current access token; no two sessions share one
	Refresh     passwd.Digest // of the current refresh token; no two sessions share one
	IssuedAt    time.Time     // of the current pair
	AccessUntil time.Time     // the current access token is dead from then on
}

// Kind tells an access token from a refresh token.
type Kind string

// The kinds of token.
const (
	Access  Kind = "access"
	Refresh Kind = "refresh"
)

// TokenRef is how a store knows a token.
type TokenRef struct {
	Kind   Kind
	Digest passwd.Digest
}

// Rotation replaces the pair of tokens of a session.
type Rotation struct {
	ID        string
	IfRefresh passwd.Digest // expectation: the current refresh token

	Access      passwd.Digest
	Refresh     passwd.Digest
	IssuedAt    time.Time // also the new UsedAt
	AccessUntil time.Time
	ExpiresAt   time.Time
	Addr        netip.Addr
	UserAgent   string
	// KeepSpent is how many spent refresh tokens of the session to remember at
	// least: the newest ones, including the one spent now.
	KeepSpent int
}

// Filter selects sessions of one account: those that match every field which is
// not "". The zero Filter selects all.
type Filter struct {
	ID     string
	Except string // the ID of a session to spare
	Client string
}

// Selects reports whether the filter selects a session, whose account it does
// not look at.
func (f Filter) Selects(s Session) bool {
	return (f.ID == "" || f.ID == s.ID) && (f.Except == "" || f.Except != s.ID) && (f.Client == "" || f.Client == s.Client)
}

// ErrReused says that a refresh token was used a second time: one of the two
// users was a thief, and the session of both has ended. It is passwd.ErrEnded.
var ErrReused error = reused{}

type reused struct{}

func (reused) Error() string { return "session: spent refresh token was used again" }
func (reused) Unwrap() error { return passwd.ErrEnded }
