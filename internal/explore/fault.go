package explore

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
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
	f := &Fault{At: at}
	f.Do = func(do func() error, die func()) error {
		if strings.HasPrefix(f.Step, "host") { // its row is its own
			return do()
		}
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
	}
	return f
}

// Faults makes every trouble at every step of the cell's one flow, and hands the
// failures to report. It returns how many troubles there were.
func (c Cell) Faults(report func(*Failure)) (n int) {
	done, partly := c.endings()
	for _, trouble := range troubles {
		for at := 1; ; at++ {
			step, _, failed := c.faulted(trouble, at, done, partly)
			if step == "" {
				break
			}
			n++
			if failed != nil {
				report(failed)
			}
		}
	}
	return n
}

// faulted runs the flow with a trouble at a step; "" if it has fewer.
func (c Cell) faulted(trouble Trouble, at int, done Outcome, partly map[string]bool) (step string, trace []string, failed *Failure) {
	w, ops := c.begin()
	f := trouble.fault(w, at)
	if trace = Replay(ops, "", []*Fault{f}); f.Step == "" {
		return "", trace, nil
	}
	if why := c.judgeFault(trouble, f.Step, w.Finish(), done, partly); len(why) > 0 {
		why = append([]string{fmt.Sprintf("%s at step %d, %s", trouble, at, f.Step)}, why...)
		failed = &Failure{Cell: c, Trouble: trouble, At: at, Why: why}
	}
	return f.Step, trace, failed
}

func (c Cell) replayFault(trouble Trouble, at string) (trace []string, err error) {
	n, err := strconv.Atoi(at)
	if err != nil || len(c.Flows) != 1 || !c.Possible() {
		return nil, fmt.Errorf("explore: no fault of %s at %q", c, at)
	}
	done, partly := c.endings()
	_, trace, failed := c.faulted(trouble, n, done, partly)
	if failed != nil {
		return trace, failed
	}
	return trace, nil
}

// endings are the outcome of the flow, and the states in which it can be broken off.
func (c Cell) endings() (done Outcome, partly map[string]bool) {
	partly = make(map[string]bool)
	c.run(Search{Serial: true, Cut: true}.Run, func(s Schedule, w *World) bool {
		o := w.Finish()
		if !strings.ContainsAny(string(s), "abcd") {
			done = o
		}
		partly[o.state()] = true
		return true
	})
	// A guess that comes to no answer counts as one: who hangs up must not guess for free.
	for _, name := range []string{"mistype", "guess"} {
		guess, _ := flowOf(name)
		guess.Needs = c.Flows[0].Needs
		failed := Cell{State: c.State, Flows: []Flow{guess}}
		failed.run(Search{Serial: true, Cut: true}.Run, func(_ Schedule, w *World) bool {
			partly[w.Finish().state()] = true
			return true
		})
	}
	return done, partly
}

// judgeFault tells what is wrong with an outcome. A stale hash may have stayed:
// no flow depends on a better one.
func (c Cell) judgeFault(t Trouble, step string, o Outcome, done Outcome, partly map[string]bool) (why []string) {
	why = slices.Clone(o.Broken)
	answer, state, want := o.Said[0], o.state(), done.state()
	if t == ClockBack {
		state, want = timeless(state), timeless(want)
		for own := range partly {
			partly[timeless(own)] = true
		}
	}
	same := answer == done.Said[0]
	// A delivery that failed is no error, and a reset is done when its counts are cleared.
	retried := strings.Contains(answer, "Work") || strings.Contains(answer, "Reset ok") || strings.Contains(answer, "AcceptInvitation ok")
	failed := strings.Contains(answer, string(passwd.CodeUnavailable))
	switch dead := t == DeadBefore || t == DeadAfter; {
	case same && !dead && state != want:
		why = append(why, "it says what it says without, and has not done that:\n  "+diff(state, want))
	case !same && !failed && !dead && t != ClockBack && t != ClockJumps:
		why = append(why, "it says "+answer)
	}
	if !partly[state] {
		why = append(why, "it is left in a state that is none of its own: "+answer+"\n  "+strings.ReplaceAll(state, "\n", "\n  "))
	}
	if name, _, _ := strings.Cut(step, " "); (t == ErrorBefore || t == ErrorAfter) && slices.Contains([]string{"Take", "Peek", "Clear", "Refund"}, name) && !failed && !retried {
		why = append(why, "I10: a limiter that fails is passed over")
	}
	return why
}

func (o Outcome) state() string {
	return strings.ReplaceAll(strings.Join(o.State, "\n"), staleMark, "")
}

// timeless is a state without what ends by the clock: what was begun an hour ago may
// be over.
func timeless(state string) string {
	lines := strings.Split(state, "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool {
		return strings.HasPrefix(l, "live ") || strings.HasPrefix(l, "messages: reset_") || l == "messages: "
	})
	return regexp.MustCompile(`until [^,]*, `).ReplaceAllString(strings.Join(lines, "\n"), "")
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
