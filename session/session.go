package session

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"github.com/passwd-go/passwd"
)

// Token is an access or refresh token: 256 random bits as 64 lower-case
// hexadecimal digits. It prints and marshals as "[redacted]"; string(t) is the
// token itself.
type Token string

const redacted = "[redacted]"

// String returns "[redacted]", as Format, LogValue and MarshalText do.
func (Token) String() string               { return redacted }
func (Token) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Token) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Session is what was opened by one sign-in on one device. It lives through any
// number of pairs of tokens.
type Session struct {
	// ID is a UUID of version 7. It is not a secret and opens nothing; it is what
	// passwd.Change.KeepSession takes.
	ID      string
	Account passwd.Ref
	Epoch   int64 // of the account, when the session began or was kept

	Client     string // the application, as in Info
	DeviceName string // as in Info, fit for display
	// Addr and UserAgent are those of the last sign-in or refresh.
	Addr      netip.Addr
	UserAgent string

	CreatedAt time.Time
	UsedAt    time.Time // to the minute
	ExpiresAt time.Time // dead from then on, unless it is used before

	// Must, unless "", is why the account may do nothing but change its password. It
	// is of the moment of [Manager.Check], which alone fills it in.
	Must passwd.Reason
}

// Pair is what a client gets. It is not stored anywhere.
type Pair struct {
	Access  Token
	Refresh Token
	// ExpiresIn is for how long the access token is good, in whole seconds: what
	// OAuth calls expires_in.
	ExpiresIn time.Duration
	Session   Session
}

// Info says what a session is opened on.
type Info struct {
	// Client is the application that signs in, of those which the host knows: a
	// name of at most 255 bytes. "" is a name like any other.
	Client string
	// Device tells this device from others of the account and client: any string
	// that the client keeps, of up to 16 KiB. A sign-in on the same device replaces
	// the session there. "" is a new device each time.
	Device string
	// DeviceName is shown to the account's owner. It is cut to 128 characters, and
	// control characters become spaces.
	DeviceName string
	// From is where the request comes from. Its UserAgent is cut to 256 characters.
	From passwd.Client
}

// The events that a [Manager] reports besides passwd.EventUnavailable. The reason
// of EventEnded is "signed_out" or "revoked".
const (
	EventStarted passwd.EventName = "session.started"
	EventEnded   passwd.EventName = "session.ended"
	// EventReused is an alarm: a refresh token was stolen, or a client is broken.
	EventReused passwd.EventName = "session.token_reused"
)
