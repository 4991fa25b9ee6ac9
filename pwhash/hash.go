package pwhash

import (
	"context"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Hash is a stored password hash with its algorithm and parameters, in PHC or
// another self-describing form. It prints as "[redacted]"; string(h) is the hash.
type Hash string

// String returns "[redacted]", as Format, LogValue and MarshalText do.
func (Hash) String() string               { return redacted }
func (Hash) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Hash) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Hash) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Verdict is what a Hasher finds when it verifies a password.
type Verdict struct {
	Match bool // the password is the one that was hashed
	Stale bool // the hash matches, and one made now would be better
}

// Hasher makes and verifies password hashes. It is safe for concurrent use and
// need not bound its concurrency: the service does. Passwords arrive as valid
// UTF-8 without NUL and at most 4,096 bytes long, at Hash in NFC. At Verify they are
// in NFC too; one that was typed in another form and does not match is tried a second
// time as typed, since another stack may have hashed it so.
type Hasher interface {
	Hash(ctx context.Context, password string) (Hash, error)
	// Verify compares a password with a stored hash. A mismatch is the zero Verdict
	// and a nil error; an error says that h could not be judged. If it never can be,
	// because it is malformed, of another format or more expensive than the hasher
	// allows, that is ErrFormat or a *BoundsError: the service treats it as a password
	// that nobody knows.
	Verify(ctx context.Context, h Hash, password string) (Verdict, error)
}
