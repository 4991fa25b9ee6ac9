package explore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
)

// Trouble is a kind of fault.
type Trouble string

// The kinds. After each but the deaths the flow goes on and says what it says; a
// process that dies says nothing, and another one goes on over the same store.
const (
	ErrorBefore Trouble = "error before"     // the step fails and does nothing
	ErrorAfter  Trouble = "error after"      // the step is done, and fails all the same
	LostAnswer  Trouble = "lost answer"      // the same, and says that nobody knows
	Cancelled   Trouble = "cancelled before" // the context ends before the step
	HungUp      Trouble = "cancelled after"  // and after it
	DeadBefore  Trouble = "process dies"     // before the step
	DeadAfter   Trouble = "process has died" // after it
	ClockBack   Trouble = "clock set back"   // by an hour, before the step
	ClockJumps  Trouble = "clock goes on"    // by a minute
)

var troubles = []Trouble{ErrorBefore, ErrorAfter, LostAnswer, Cancelled, HungUp, DeadBefore, DeadAfter, ClockBack, ClockJumps}

var errDown = errors.New("explore: the cable is out")

// fault makes the trouble at a step of the only caller.
func (t Trouble) fault(w *World, at int) *Fault {
	c := w.callers[0]
	return &Fault{At: at, Do: func(do func() error, die func()) error {
		switch t {
		case ErrorBefore:
			return errDown
		case ErrorAfter:
			do()
			return errDown
		case LostAnswer:
			if err := do(); err != nil {
				return err
			}
			return fmt.Errorf("%w: %w", passwd.ErrOutcomeUnknown, errDown)
		case Cancelled:
			c.cancel()
			return errors.Join(do(), c.ctx.Err())
		case HungUp:
			defer c.cancel()
		case DeadBefore:
			die()
			return ErrCut
		case DeadAfter:
			do()
			die()
			return ErrCut
		case ClockBack:
			w.Clock.Advance(-time.Hour)
		case ClockJumps:
			w.Clock.Advance(time.Minute)
		}
		return do()
	}}
}

// bestEffort are the steps that a flow goes on without: it says "ok", and what they
// would have done may be missing.
var bestEffort = map[string]string{
	"Rehash":       "a sign-in does not depend on a better hash",
	"hash":         "of the same",
	"TouchSession": "a session does not depend on its last use being noted",
}

// Faults makes every trouble at every step of the cell's one flow, and hands the
// failures to report. It returns how many troubles there were.
func (c Cell) Faults(report func(*Failure)) (n int) {
	done, partly := c.endings()
	for _, trouble := range troubles {
		for at := 1; ; at++ {
			w, ops := c.begin()
			f := trouble.fault(w, at)
			Replay(ops, "", []*Fault{f})
			if f.Step == "" {
				break
			}
			n++
			if why := c.judgeFault(trouble, f.Step, w.Finish(), done, partly); len(why) > 0 {
				report(&Failure{Cell: c, Trouble: trouble, At: at, Why: append([]string{fmt.Sprintf("%s at step %d, %s", trouble, at, f.Step)}, why...)})
			}
		}
	}
	return n
}

// endings are the outcome of the flow, and the states in which it can be broken off.
func (c Cell) endings() (done Outcome, partly map[string]bool) {
	partly = make(map[string]bool)
	c.run(Search{Serial: true}.Run, func(s Schedule, o Outcome) bool {
		if !strings.Contains(string(s), "a") {
			done = o
		}
		partly[strings.Join(o.State, "\n")] = true
		return true
	})
	return done, partly
}

func (c Cell) judgeFault(t Trouble, step string, o Outcome, done Outcome, partly map[string]bool) (why []string) {
	why = slices.Clone(o.Broken)
	answer, state := o.Answers[0], strings.Join(o.State, "\n")
	same := answer == done.Answers[0]
	failed := strings.Contains(answer, string(passwd.CodeUnavailable))
	dead := t == DeadBefore || t == DeadAfter
	switch _, lenient := bestEffort[step]; {
	case same && !dead && !lenient && state != strings.Join(done.State, "\n"):
		why = append(why, "it says what it says without, and has not done that:\n  "+diff(state, strings.Join(done.State, "\n")))
	case !same && !failed && !dead && t != ClockBack && t != ClockJumps:
		why = append(why, "it says "+answer)
	}
	if !partly[state] && !lenientState(state, step, partly) {
		why = append(why, "it is left in a state that is none of its own: "+answer+"\n  "+strings.ReplaceAll(state, "\n", "\n  "))
	}
	if name, _, _ := strings.Cut(step, " "); (t == ErrorBefore || t == ErrorAfter) && slices.Contains([]string{"Take", "Count", "Clear", "Refund"}, name) && !failed {
		why = append(why, "I10: a limiter that fails is passed over")
	}
	return why
}

// lenientState is a state that is one of the flow's but for a best effort.
func lenientState(state, step string, partly map[string]bool) bool {
	if _, lenient := bestEffort[step]; !lenient {
		return false
	}
	for own := range partly {
		if strings.ReplaceAll(own, " (stale)", "") == strings.ReplaceAll(state, " (stale)", "") {
			return true
		}
	}
	return false
}

// diff lists the lines of a that b has otherwise.
func diff(a, b string) string {
	var lines []string
	have, want := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i, line := range have {
		if i >= len(want) || line != want[i] {
			lines = append(lines, line+"\n    and not "+strings.Join(want[min(i, len(want)):min(i+1, len(want))], ""))
		}
	}
	return strings.Join(lines, "\n  ")
}

// Apart runs the cell's flows one after the other, at replicas whose clocks are
// apart, and returns what is then different.
func (c Cell) Apart(by time.Duration) *Failure {
	one := func(ahead ...time.Duration) Outcome {
		c.Ahead = ahead
		w, ops := c.begin()
		Replay(ops, "", nil)
		return w.Finish()
	}
	want := one()
	for _, ahead := range [][]time.Duration{{by, 0}, {0, by}} {
		if o := one(ahead...); o.String() != want.String() || len(o.Broken) > 0 {
			return &Failure{Cell: c, Why: append(o.Broken, fmt.Sprintf("with clocks %v ahead:\n  %s", ahead, diff(o.String(), want.String())))}
		}
	}
	return nil
}
