package passwd

import (
	"maps"
	"time"
)

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
