package locale

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// String returns "[redacted]", as Format, LogValue and MarshalText do: a Mail has
// the link or the code in it.
func (Mail) String() string               { return redacted }
func (Mail) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Mail) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Mail) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns "[redacted]", as Format, LogValue and MarshalText do. A template
// reads the fields one by one.
func (View) String() string               { return redacted }
func (View) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (View) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (View) MarshalText() ([]byte, error) { return []byte(redacted), nil }
