package passwd

import (
	"fmt"
	"io"
	"log/slog"
)

// What holds a secret prints, logs and marshals as "[redacted]": a host that logs
// its requests, or a message that failed, must not log a password with it (I7). Its
// fields are read one by one.

// String returns "[redacted]", as Format, LogValue and MarshalText do.
func (SignIn) String() string               { return redacted }
func (SignIn) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (SignIn) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (SignIn) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns "[redacted]", as Format, LogValue and MarshalText do.
func (Change) String() string               { return redacted }
func (Change) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Change) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Change) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns "[redacted]", as Format, LogValue and MarshalText do.
func (ChangeByLogin) String() string               { return redacted }
func (ChangeByLogin) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (ChangeByLogin) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (ChangeByLogin) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns "[redacted]", as Format, LogValue and MarshalText do.
func (ChangeWithTicket) String() string               { return redacted }
func (ChangeWithTicket) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (ChangeWithTicket) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (ChangeWithTicket) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns "[redacted]", as Format, LogValue and MarshalText do.
func (Reset) String() string               { return redacted }
func (Reset) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Reset) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Reset) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns "[redacted]", as Format, LogValue and MarshalText do.
func (Check) String() string               { return redacted }
func (Check) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Check) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Check) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns "[redacted]", as Format, LogValue and MarshalText do.
func (Issued) String() string               { return redacted }
func (Issued) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Issued) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Issued) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns "[redacted]", as Format, LogValue and MarshalText do.
func (Keys) String() string               { return redacted }
func (Keys) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Keys) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Keys) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns "[redacted]", as Format, LogValue and MarshalText do.
func (Message) String() string               { return redacted }
func (Message) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Message) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Message) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Format writes "[redacted]": a Service holds keys.
func (*Service) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// String returns "[redacted]", as Format, LogValue and MarshalText do.

// String returns "[redacted]", as Format, LogValue and MarshalText do.
