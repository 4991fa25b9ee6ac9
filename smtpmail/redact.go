package smtpmail

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// String returns "[redacted]", as Format, LogValue and MarshalText do: a Config has
// the password of the mail server, perhaps in its URL.
func (Config) String() string               { return redacted }
func (Config) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Config) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Config) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Format writes "[redacted]": a Notifier holds a password.
func (*Notifier) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }
