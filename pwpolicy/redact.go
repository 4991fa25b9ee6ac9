package pwpolicy

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Format writes "[redacted]": a rule that logs what it is asked to judge must not
// log a password with it (I7).
func (*Candidate) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// String returns "[redacted]", as Format, LogValue and MarshalText do: a Subject
// may hold the current password.
func (Subject) String() string               { return redacted }
func (Subject) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Subject) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Subject) MarshalText() ([]byte, error) { return []byte(redacted), nil }
