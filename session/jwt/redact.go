package jwt

import (
	"fmt"
	"io"
	"log/slog"
)

// Format writes "[redacted]": an Authority holds keys.
func (*Authority) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// String returns "[redacted]", as Format, LogValue and MarshalText do: with the Key
// of HS256 tokens are not only verified but issued.
func (VerificationKey) String() string               { return redacted }
func (VerificationKey) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (VerificationKey) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (VerificationKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }
