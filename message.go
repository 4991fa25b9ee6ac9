package passwd

import (
	"context"
	"net/netip"
	"time"
)

// Client is where a request came from, as far as the host's server knows. It is
// what limits count by and what notices tell the account's owner.
type Client struct {
	Addr      netip.Addr // of the peer; the zero Addr counts as one shared address
	UserAgent string     // cut to 256 bytes
	RequestID string     // the host's own, for its events; cut to 128 bytes
	// Device is the token of [SignedIn] that the client has kept, "" if it has none.
	Device Token `json:"-"`
}

// MessageKind tells what a message is about.
type MessageKind string

// The kinds of message. Notices go to every confirmed address the account had
// when it happened.
const (
	MessageResetLink         MessageKind = "reset_link"         // was asked for
	MessageResetCode         MessageKind = "reset_code"         // was asked for
	MessagePasswordChanged   MessageKind = "password_changed"   // notice
	MessagePasswordReset     MessageKind = "password_reset"     // notice
	MessageTemporaryPassword MessageKind = "temporary_password" // notice that one was issued, without it
	MessageSuspended         MessageKind = "suspended"          // notice
	MessageSignInStopped     MessageKind = "sign_in_stopped"    // notice of Limits.StopAfter consecutive failures
	// MessageSharedAddress answers a request for a link that named an address of
	// several accounts: ask again, by username. Its Account has a tenant and no ID.
	MessageSharedAddress MessageKind = "shared_address"
)

// Message is one message to one address. It holds data, not words; package
// locale, or the host, puts it into the account's language.
type Message struct {
	ID       string // UUID; the same when a delivery is tried again: use it as an idempotency key
	Kind     MessageKind
	Channel  Channel
	To       string // an address from the store, never from a request
	Account  Ref
	Username string
	Locale   string // of the account, "" if it has none

	// Link is the whole link to follow: to the reset page in a reset_link, to "this was
	// not me" in a notice, otherwise to where a reset is requested. Token, User and Code
	// are what a reset_link or reset_code carries, to be typed or for an app.
	Link  string
	Token Token
	User  string // the user key that some formats want besides the token
	Code  OneTimeCode
	Text  string // what a shared_address is told, word for word; "" leaves the words to the notifier

	At        time.Time // when the event that the message reports happened, or was asked for
	ExpiresAt time.Time // of the token, code or temporary password; zero if there is none
	Client    Client    // who did it, or asked for it
}

// Notifier delivers messages. Notify returns nil only when the message
// has been accepted for delivery; any error but ErrUndeliverable has it tried again later
// with the same ID, at growing intervals of up to 10 minutes: a link or code until it
// has expired, a notice for 72 hours. The context ends before the job's lease does.
// Notify may be called concurrently: by the workers of a Run, as many as Config.Deliveries,
// and of the Runs of other replicas.
type Notifier interface {
	Notify(ctx context.Context, m Message) error
}

// NotifierFunc makes a function a Notifier.
type NotifierFunc func(ctx context.Context, m Message) error

// Notify calls f.
func (f NotifierFunc) Notify(ctx context.Context, m Message) error { return f(ctx, m) }
