package passwd

import "time"

// Tally is what a [Limiter] knows of one key, and the arithmetic of [Limit]: a
// limiter of a host's own keeps the fields and leaves the rest to the methods. The
// zero Tally is a key that has never been taken. A clock that is set back neither
// shortens a wait nor forgives.
type Tally struct {
	Count    int       // Taken.Count
	Level    int       // without a window: takes counted and not forgiven
	Windowed bool      // the last take was under a Limit with a window
	Until    time.Time // the end of the window; without one, of the wait
	Last     time.Time // the latest take counted
}

// Passed reports whether there is nothing more to know of the key: its window is
// over.
func (t *Tally) Passed(now time.Time) bool { return t.Windowed && !now.Before(t.Until) }

// Take counts one try, unless the answer's Wait is over 0.
func (t *Tally) Take(l Limit, now time.Time) Taken {
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

// Refund takes one try back, and ends the wait that it began. A key with a Count of
// 0 can be forgotten then.
func (t *Tally) Refund() {
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
