package passwd

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwpolicy"
)

// Ref names one account of one tenant. The tenant "" is a value like any
// other; it never means "all tenants".
type Ref struct {
	Tenant string
	ID     string // in the store's canonical form; "" names nobody
}

// Reason says why an account must change its password; "" means it need not.
type Reason string

// The reasons for a forced change.
const (
	NoReason      Reason = ""
	Temporary     Reason = "temporary"     // signed in with an issued password (ASVS 6.4.1)
	Expired       Reason = "expired"       // older than the policy allows
	Administrator Reason = "administrator" // somebody asked for it
	Outdated      Reason = "policy"        // set under a policy that has become stricter
	// Compromised suspends the password: even the right one is refused, and only
	// a reset by mail or SMS brings the account back. A change unlocked by a
	// leaked password would hand the account to whoever holds the leak.
	Compromised Reason = "compromised"
)

// Channel is the way a message travels.
type Channel string

// The channels. AnyChannel lets the address that the login names decide, then
// the account's first e-mail address, then its first mobile number.
const (
	AnyChannel   Channel = ""
	EmailChannel Channel = "email"
	SMSChannel   Channel = "sms"
)

// Address is a confirmed address of an account: one that its owner has proved
// to hold. Messages go to no other.
type Address struct {
	Channel Channel // EmailChannel or SMSChannel
	Value   string  // a bare e-mail address, or a number as the Notifier takes it
}

// Account is the host's user as the library sees it.
type Account struct {
	Ref      Ref
	Username string // as it was chosen; "" if there is none, as of the next two
	Email    string
	Mobile   string               // as the host writes numbers: it is compared by Fold alone
	Personal []pwpolicy.Attribute // what else a password must not resemble
	Locale   string               // BCP 47 tag for messages; "" leaves the choice to the notifier
	Address  []Address            // confirmed addresses, the preferred one first
	// Columns are what else the host wants to know in Config.PolicyFor, Admit and Links.For
	// without asking its database again, by name; nil if the store has none. The service
	// does not look at them.
	Columns map[string]string

	Hash      Hash      // "" means that there is no password yet
	Epoch     int64     // security generation; 0 until the first Apply or Issue needs one
	ChangedAt time.Time // of the last password write; zero when unknown
	Must      Reason    // why it must change its password, or ""
	MustUntil time.Time // a temporary password is dead from then on; zero: no limit

	Active   bool // activated; false answers ErrNotActivated to the right password
	Disabled bool // closed by the host; answers like a wrong password
	// NoPassword says that the account must not have a password of its own, as where its
	// owner signs in through the identity provider of an organization: none is set, no
	// link or code is sent, and one that is stored opens nothing.
	NoPassword bool

	// Outside says that somebody else than the library has written the hash since it last
	// did, or has put a row with another in the place of a deleted one. Epoch is then
	// [OutsideEpoch], so that nothing that was stamped before is good, ChangedAt and
	// MustUntil are zero, and the next Apply makes that the account's epoch.
	Outside bool
	// Raised says that the epoch was raised since the account got its first one, or that
	// the hash was written from outside meanwhile. Where a store does not know, it is true.
	Raised bool
}

// OutsideEpoch is for stores: the epoch of an account whose hash is not the one that it
// had after the last Apply or Rehash of it, in place of the one that it had then. It is
// greater by up to 2^32, for every hash by another number. An account without an epoch
// stays without.
func OutsideEpoch(epoch int64, h Hash) int64 {
	if epoch == 0 {
		return 0
	}
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(h), uint64(epoch)))
	return epoch + 1 + int64(binary.BigEndian.Uint32(sum[:4]))
}

// FromOutside is for stores: the account as read when its hash was written from outside.
func (a Account) FromOutside() Account {
	if a.Epoch == 0 {
		return a
	}
	a.Epoch, a.Outside, a.Raised = OutsideEpoch(a.Epoch, a.Hash), true, true
	a.ChangedAt, a.MustUntil = time.Time{}, time.Time{}
	return a
}

// identifier returns the attribute of the account that logins of the kind name.
func (a Account) identifier(kind LoginKind) string {
	switch kind {
	case Username:
		return a.Username
	case Email:
		return a.Email
	case Mobile:
		return a.Mobile
	}
	return ""
}

// Store keeps accounts, credentials and tokens. It is one interface because
// only one store can promise that a new hash, a raised epoch and a consumed
// token are a single step; hosts read, and may implement, its three parts.
//
// Every method is one atomic step: it happens wholly or not at all, also when
// the context ends or the process dies in the middle. Every method is safe for
// concurrent use by many goroutines and, for a shared database, processes.
// Slices and structs that pass in or out are never retained or shared.
// Absence is [ErrNotFound], never a zero value with a nil error. Times are
// passed in, in UTC and to the microsecond; a store never asks a clock.
// A [Hash] hides itself from encoders, as from everything that prints: a store that
// writes text or JSON converts it to a string first.
// Package storetest holds this contract as tests.
type Store interface {
	Accounts
	Credentials
	Tokens
}

// Accounts finds the host's users.
type Accounts interface {
	// Get returns the account that r names, or ErrNotFound. An id that cannot
	// be one of the store's (letters where it counts) is ErrNotFound as well.
	Get(ctx context.Context, r Ref) (Account, error)

	// Find returns up to max accounts of l.Tenant whose attribute of l.Kind,
	// which is never AnyKind here, has the compared form l.Value, which is
	// already folded by [Fold]. The order is stable. What no attribute can be (with a NUL,
	// no UTF-8, 10,000 bytes) matches none, and is no error. A store whose comparison is
	// looser may return more than match: the core compares again. No match is an
	// empty slice with a nil error: it is a normal answer, not an absence.
	Find(ctx context.Context, l Login, max int) ([]Account, error)
}

// Credentials writes what guards an account.
type Credentials interface {
	// Apply makes one Write and returns the account's epoch after it. It fails
	// with ErrNotFound when there is no such account, with ErrConflict unless the
	// account still has IfHash, IfEpoch and IfMust, and with ErrTokenInvalid unless the
	// token to consume is live and the account's; nothing of the write remains
	// then. ErrOutcomeUnknown says that the store lost sight of a commit and could
	// not read back what became of it.
	Apply(ctx context.Context, w Write) (epoch int64, err error)

	// Rehash replaces old with a better hash of the same password and reports
	// whether it did: false means that the account no longer has old, and nothing
	// is changed. ErrNotFound when there is no such account. The epoch, the history and the time of change stay.
	Rehash(ctx context.Context, r Ref, old, new Hash) (bool, error)

	// History returns up to n replaced hashes of the account, newest first. The
	// current hash is not among them. The store has no bound of its own. ErrNotFound when
	// there is no such account.
	History(ctx context.Context, r Ref, n int) ([]Hash, error)

	// Forget removes everything that the library keeps about the account: epoch, time of
	// change, tokens, sessions, history. The next epoch starts anew at a random number. While
	// the host's row exists, Must and MustUntil stay, for to forget must not lift a
	// suspension; they go with the row, and a reused id inherits nothing. Forgetting
	// an unknown account is not an error.
	Forget(ctx context.Context, r Ref) error
}

// Tokens keeps digests of what was sent to people. A token is live when it is
// unspent, not expired (at ExpiresAt it is), and its Epoch is 0 or the current
// epoch of its account.
type Tokens interface {
	// Issue stores t. When consume is set, that other token of the same account
	// is spent in the same step; ErrTokenInvalid and no change unless it is live.
	// With maxLive live tokens of the same account, purpose and requester, t not
	// counted, the oldest of these by IssuedAt is spent in the same step, so that
	// nobody ends another requester's; if t is the oldest, it is ErrTooManyTokens and
	// no change. maxLive 0 sets no bound. ErrNotFound when there is no such account; else
	// ErrTokenInvalid when another account has a token of that purpose and digest; else
	// ErrConflict unless t.Epoch is 0 or the
	// account's current epoch. Issuing a record again, as a retried job does, changes
	// nothing and succeeds while the first is live; afterwards, or with another Address,
	// it is ErrTokenInvalid.
	// All this is judged as of t.IssuedAt.
	Issue(ctx context.Context, t TokenRecord, maxLive int, consume *TokenRef) error

	// Peek returns the live token that ref names and changes nothing. One that is not live is
	// ErrTokenInvalid, with its record if there is one, for the audit. One of before the account
	// was [Account.Outside] may be returned as live: callers compare its Epoch with the account's.
	Peek(ctx context.Context, ref TokenRef, now time.Time) (TokenRecord, error)

	// Attempt counts one attempt at a live token and returns the record with that
	// attempt counted; it is committed before Attempt returns and survives the
	// caller. A token with max attempts behind it is ErrTokenInvalid; whoever made
	// the last of them may still consume it. Other errors as of Peek.
	Attempt(ctx context.Context, ref TokenRef, max int, now time.Time) (TokenRecord, error)

	// Purge deletes up to batch tokens that expired before the given time, spent or not, and
	// whatever else of the store's outlived its use by then, and reports how many
	// it deleted and whether there may be more.
	Purge(ctx context.Context, before time.Time, batch int) (n int, more bool, err error)
}

// Write is one atomic step on one account. It happens only if the account has
// the hash, the epoch and the need for a change that the writer read.
//
// An account that has no epoch yet gets one by the first Apply, whatever it
// writes: a random number of 52 bits, at least 1, so that what was stamped for a
// deleted account never fits one that reuses its id. A raise adds 1 to it. Of an account
// that is [Account.Outside], IfEpoch and the epoch that is raised are its OutsideEpoch, and
// a write without NewHash sets ChangedAt to Now: the hash is no older.
type Write struct {
	Account Ref
	IfHash  Hash   // expectation: the stored hash, "" for none
	IfEpoch int64  // expectation: the stored epoch, 0 for none yet
	IfMust  Reason // expectation: the stored reason, "" for none

	NewHash Hash // "" keeps the hash; otherwise, also if it equals IfHash, the epoch is raised, ChangedAt is Now
	// Must and MustUntil are always written: "" clears the need for a change.
	Must      Reason
	MustUntil time.Time
	Raise     bool // raise the epoch although the hash stays

	// KeepSession names the one session of the store's own that survives a raised
	// epoch: it is stamped with the new one. "" ends them all. A store without
	// sessions ignores it.
	KeepSession string
	Consume     *TokenRef    // spend this live token of the account
	Issue       *TokenRecord // store this token of the account, ErrTokenInvalid if it is taken; its Epoch is 0, or stamped with the new epoch if it is not
	VoidAll     bool         // also spend the account's tokens of epoch 0, before Issue
	History     int          // with NewHash: how many replaced hashes to keep, the one replaced now included; without, nothing is trimmed
	Jobs        []Job        // only for a store that is also a Queue; see [Queue]
	Now         time.Time    // what all of the write is judged and stamped by
}

// Check is for stores, which call it in the step that makes the write. It returns what
// keeps w from being made on the account as it is then: [ErrConflict] unless that has
// IfHash, IfEpoch and IfMust, and another error if w issues another account's token. Of
// the account it reads Hash, Epoch and Must alone. The tokens are the store's to judge.
func (w Write) Check(now Account) error {
	switch {
	case w.Issue != nil && w.Issue.Account != w.Account:
		return errors.New("passwd: Write.Issue is a token of another account")
	case now.Hash != w.IfHash || now.Epoch != w.IfEpoch || now.Must != w.IfMust:
		return ErrConflict
	}
	return nil
}

// NextEpoch is for stores: the epoch of the account after the write, if it is current
// before it. 0 is that of an account that has none yet, which gets one by NewEpoch.
func (w Write) NextEpoch(current int64) int64 {
	switch {
	case current == 0:
		return NewEpoch()
	case w.NewHash != "" || w.Raise:
		return current + 1
	}
	return current
}

// NewEpoch returns the first epoch of an account: a random number of 52 bits, at least 1.
// See [Write.NextEpoch].
func NewEpoch() int64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return max(1, int64(binary.BigEndian.Uint64(b[:])>>12))
}

// Purpose keeps tokens of one kind from passing as another.
type Purpose string

// The purposes of tokens.
const (
	PurposeReset      Purpose = "reset"      // in a link: sets a new password
	PurposeCode       Purpose = "code"       // a request id, verified by a one-time code
	PurposeTicket     Purpose = "ticket"     // proof of a must-change sign-in
	PurposeCancel     Purpose = "cancel"     // "this was not me"
	PurposeInvitation Purpose = "invitation" // in a link: sets the first password
)

// TokenRef is how a store knows a token: by its purpose and keyed digest.
type TokenRef struct {
	Purpose Purpose
	Digest  Digest
}

// TokenRecord is a token as it is stored. Nothing in it can be turned back into
// the token.
type TokenRecord struct {
	TokenRef
	Account   Ref
	Epoch     int64  // of the account when it was issued; 0 outlives password writes
	Address   Digest // keyed digest of the address it was sent to; zero if none was
	Requester Digest // keyed digest of who asked for it; zero for who is not told apart
	Verifier  Digest // keyed digest of the one-time code, for PurposeCode
	Attempts  int    // counted so far
	IssuedAt  time.Time
	ExpiresAt time.Time // dead from then on
	SpentAt   time.Time // zero while unspent
}

// Live reports whether the token is good at a time, at which its account has the epoch:
// unspent, not expired, and of that epoch or of epoch 0. Attempts are not looked at.
func (t TokenRecord) Live(epoch int64, now time.Time) bool {
	return t.SpentAt.IsZero() && now.Before(t.ExpiresAt) && (t.Epoch == 0 || t.Epoch == epoch)
}

// What stores answer. The core turns them into what callers see.
var (
	// ErrNotFound says that there is no such account.
	ErrNotFound = errors.New("passwd: not found")
	// ErrConflict says that the account was changed concurrently:
	// nothing has changed, and reading it again shows what did.
	ErrConflict = errors.New("passwd: changed by somebody else in the meantime")
	// ErrTokenInvalid says that a token is unknown, expired, spent, superseded or
	// not for this. Which of these is for the audit only.
	ErrTokenInvalid = errors.New("passwd: token is not valid")
	// ErrTooManyTokens says that the account has its quota of live tokens, all of them
	// asked for later than this one.
	ErrTooManyTokens = errors.New("passwd: too many live tokens")
	// ErrOutcomeUnknown says that a commit was lost sight of: the write may or may
	// not have happened. All of it or none of it has.
	ErrOutcomeUnknown = errors.New("passwd: outcome of the write is unknown")
)

// Hash is a stored password hash: [pwhash.Hash], under the name that the store
// contract uses.
type Hash = pwhash.Hash
