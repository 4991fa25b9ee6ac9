package passwd

import (
	"context"
	"time"
)

// Limit is a bound on how often something may be tried. It has two forms. With
// Window set, Free takes pass in a window, which begins at the first of them;
// the others wait for its end. Without, the take number Free and each one after
// it start a wait, Wait at first and doubling up to MaxWait, that the next take
// must sit out; one take is forgiven for each MaxWait that passes without any.
type Limit struct {
	Free    int           // 1 or more
	Window  time.Duration // 0: the second form
	Wait    time.Duration // of the second form; without effect with a Window, as MaxWait is
	MaxWait time.Duration // Wait or more
}

// Taken is a limiter's answer.
type Taken struct {
	Wait  time.Duration // 0: go ahead, the take is counted; else refused, and not counted
	Count int           // takes counted since the last Clear, none of them forgiven; within the window, if there is one
}

// Limiter counts tries. Keys are opaque, at most 64 bytes of ASCII, and tell
// nothing about whom they are for. Every method is one atomic step, safe for
// concurrent use. A limiter that cannot answer returns an error, and the service
// refuses the request: it never goes on uncounted.
type Limiter interface {
	// Take counts one try and says whether it may proceed. The caller counts
	// before it does the work, so that parallel tries cannot slip through.
	Take(ctx context.Context, key string, l Limit, now time.Time) (Taken, error)
	// Refund takes one try back: what was counted turned out to be no failure. An
	// unknown key is no error.
	Refund(ctx context.Context, key string) error
	// Clear forgets the key. An unknown key is no error.
	Clear(ctx context.Context, key string) error
	// Count returns how many takes of the key are counted, without counting one;
	// 0 for an unknown key, or one whose window has passed.
	Count(ctx context.Context, key string, now time.Time) (int, error)
}
