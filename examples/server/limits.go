package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/passwd-go/passwd"
)

// noLimits is the limiter of -insecure-no-limits: it counts all tries and
// refuses none. It reports no count for any key either: at 100 the service would
// stop the account.
type noLimits struct{ tries atomic.Int64 }

func (n *noLimits) Do(_ context.Context, _ time.Time, steps ...passwd.Step) ([]passwd.Taken, error) {
	n.tries.Add(1)
	return make([]passwd.Taken, len(steps)), nil
}
