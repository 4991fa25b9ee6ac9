package foreign

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// String returns "[redacted]", as Format, LogValue and MarshalText do: a Hasher
// holds the peppers of other stacks.
func (Hasher) String() string               { return redacted }
func (Hasher) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Hasher) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Hasher) MarshalText() ([]byte, error) { return []byte(redacted), nil }
