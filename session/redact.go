package session

import (
	"fmt"
	"io"
)

// Format writes "[redacted]": a Manager holds keys.
func (*Manager) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }
