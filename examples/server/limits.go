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

func (n *noLimits) Take(context.Context, string, passwd.Limit, time.Time) (passwd.Taken, error) {
	n.tries.Add(1)
	return passwd.Taken{}, nil
}

func (n *noLimits) Refund(context.Context, string) error { return nil }

func (n *noLimits) Clear(context.Context, string) error { return nil }

func (n *noLimits) Count(context.Context, string, time.Time) (int, error) { return 0, nil }
