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

// Step is what a call of a [Limiter] does with one key.
type Step struct {
	// Key is at most 96 bytes of ASCII, and tells nothing about whom it is for. What
	// stands before its first ":" is its kind. In "kind:group:rest", a group has at
	// most 16 keys where a limiter can tell: the oldest goes.
	Key   string
	Do    StepKind
	Limit Limit // of StepTake and StepPeek
	// Silent keeps a step that has to wait from refusing the whole call.
	Silent bool
}

// StepKind is what a [Step] does.
type StepKind int

// The kinds of steps.
const (
	// StepTake counts one try, unless it has to wait.
	StepTake StepKind = iota
	// StepPeek answers as a take would, but for its Count, which is what is counted
	// already, and counts nothing.
	StepPeek
	// StepRefund takes one try back: what was counted turned out to be no failure. An
	// unknown key is no error. It also ends the wait that the refunded take began.
	StepRefund
	// StepClear forgets the key. An unknown key is no error.
	StepClear
)

// Taken is a limiter's answer to a step.
type Taken struct {
	Wait  time.Duration // 0: go ahead; else the take was not counted
	Count int           // takes counted since the last clear, none of them forgiven; within the window, if there is one
}

// Limiter counts tries, many keys in one call: a caller counts before it does the
// work, so that parallel tries cannot slip through, and takes back afterwards what
// was no failure. It is safe for concurrent use.
type Limiter interface {
	// Do makes the steps, in their order, and returns an answer for each. If a take or
	// peek that is not Silent has to wait, no take of the call stays counted, nor is
	// anything refunded or cleared. What is done to one key is one atomic step; several
	// keys may be done one after the other. A limiter that cannot answer returns an
	// error, and the service refuses the request: it never goes on uncounted.
	Do(ctx context.Context, now time.Time, steps ...Step) ([]Taken, error)
}
