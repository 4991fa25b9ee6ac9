package foreign

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// String returns "[redacted]", as Format, LogValue and MarshalText do: a Hasher
// holds the peppers of other stacks. So do those of what else has one of their secrets, or a
// password.
func (Hasher) String() string               { return redacted }
func (Hasher) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Hasher) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Hasher) MarshalText() ([]byte, error) { return []byte(redacted), nil }

func (FirebaseParams) String() string               { return redacted }
func (FirebaseParams) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (FirebaseParams) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (FirebaseParams) MarshalText() ([]byte, error) { return []byte(redacted), nil }

func (Probe) String() string               { return redacted }
func (Probe) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Probe) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Probe) MarshalText() ([]byte, error) { return []byte(redacted), nil }

func (*Wrapper) String() string               { return redacted }
func (*Wrapper) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (*Wrapper) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (*Wrapper) MarshalText() ([]byte, error) { return []byte(redacted), nil }
