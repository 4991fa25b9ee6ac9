package passwd

import (
	"context"
	"maps"
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

// Tallies are the keys of one call of a [Limiter] and what is known of them: a
// limiter of a host's own reads them, has Do compute what becomes of them, and writes
// them, all in one atomic step. A key that is not known is not in it.
type Tallies map[string]Tally

// Do makes the steps and returns their answers and the keys that it has changed. One
// that is then no longer among the tallies is to be deleted.
func (t Tallies) Do(now time.Time, steps ...Step) (answers []Taken, changed map[string]bool) {
	before := maps.Clone(t)
	answers = make([]Taken, len(steps))
	changed = make(map[string]bool)
	for i, step := range steps {
		tally := t[step.Key]
		switch step.Do {
		case StepTake:
			answers[i] = tally.take(step.Limit, now)
		case StepPeek:
			tally.peek(step.Limit, now, &answers[i])
		case StepRefund:
			tally.refund()
		case StepClear:
			tally = Tally{}
		}
		if answers[i].Wait > 0 && !step.Silent {
			clear(t)
			maps.Copy(t, before)
			return answers, nil
		}
		if tally == t[step.Key] || step.Do == StepPeek || answers[i].Wait > 0 {
			continue
		}
		changed[step.Key] = true
		if t[step.Key] = tally; tally.Count <= 0 {
			delete(t, step.Key)
		}
	}
	return answers, changed
}

// Tally is what a [Limiter] knows of one key, and the arithmetic of [Limit]. The zero
// Tally is a key that has never been taken. A clock that is set back neither shortens
// a wait nor forgives.
type Tally struct {
	Count    int       // Taken.Count
	Level    int       // without a window: takes counted and not forgiven
	Windowed bool      // the last take was under a Limit with a window
	Until    time.Time // the end of the window; without one, of the wait
	Last     time.Time // the latest take counted
}

// Passed reports whether there is nothing more to know of the key: its window is
// over.
func (t Tally) Passed(now time.Time) bool { return t.Windowed && !now.Before(t.Until) }

// peek answers what take would, with the count as it is.
func (t Tally) peek(l Limit, now time.Time, answer *Taken) {
	if l.Free > 0 {
		taken := t
		answer.Wait = taken.take(l, now).Wait
	}
	if !t.Passed(now) {
		answer.Count = t.Count
	}
}

// take counts one try, unless the answer's Wait is over 0.
func (t *Tally) take(l Limit, now time.Time) Taken {
	if l.Window > 0 {
		return t.takeInWindow(l, now)
	}
	return t.takeWithBackoff(l, now)
}

func (t *Tally) takeInWindow(l Limit, now time.Time) Taken {
	if !t.Windowed || t.Passed(now) {
		*t = Tally{Windowed: true, Until: now.Add(l.Window)}
	}
	if t.Count >= l.Free {
		return Taken{Wait: t.Until.Sub(now), Count: t.Count}
	}
	t.Count++
	t.Last = now
	return Taken{Count: t.Count}
}

func (t *Tally) takeWithBackoff(l Limit, now time.Time) Taken {
	if t.Windowed {
		*t = Tally{}
	}
	if wait := t.Until.Sub(now); wait > 0 {
		return Taken{Wait: wait, Count: t.Count}
	}
	if now.Before(t.Last) {
		now = t.Last // the clock was set back: no time has passed
	}
	if longest := l.longest(); longest > 0 {
		forgiven := min(now.Sub(t.Last)/longest, time.Duration(t.Level))
		t.Level -= int(forgiven)
	}
	t.Count++
	t.Level++
	t.Last = now
	t.Until = time.Time{}
	if wait := l.wait(t.Level); wait > 0 {
		t.Until = now.Add(wait)
	}
	return Taken{Count: t.Count}
}

func (t *Tally) refund() {
	if t.Count == 0 {
		return
	}
	t.Count--
	t.Level = max(t.Level-1, 0)
	if !t.Windowed {
		t.Until = time.Time{}
	}
}

// longest is MaxWait; a Limit without one has the same wait over and over.
func (l Limit) longest() time.Duration { return max(l.Wait, l.MaxWait) }

// wait returns the wait that the n-th consecutive take begins.
func (l Limit) wait(n int) time.Duration {
	doublings := n - l.Free
	switch {
	case doublings < 0:
		return 0
	case l.Wait > l.longest()>>doublings: // so it would be longer, or overflow
		return l.longest()
	}
	return l.Wait << doublings
}
