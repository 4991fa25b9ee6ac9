package explore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Cell is a few flows that meet at the account in a state.
type Cell struct {
	State State
	Flows []Flow
	// Ahead is how far the clock of each flow's replica is ahead; nil is not at all.
	Ahead []time.Duration
}

func (c Cell) String() string {
	names := []string{c.State.Name}
	for _, f := range c.Flows {
		names = append(names, f.Name)
	}
	return strings.Join(names, " | ")
}

// ParseCell reads what String returns.
func ParseCell(text string) (c Cell, err error) {
	for i, name := range strings.Split(text, " | ") {
		var known bool
		if i == 0 {
			c.State, known = stateOf(name)
		} else {
			var f Flow
			f, known = flowOf(name)
			c.Flows = append(c.Flows, f)
		}
		if !known {
			return c, fmt.Errorf("explore: there is no %q", name)
		}
	}
	return c, nil
}

// begin makes the cell's world and its operations; nil if a flow cannot begin in
// the state.
func (c Cell) begin() (*World, []Op) {
	var needs []Need
	for _, f := range c.Flows {
		needs = append(needs, f.Needs...)
	}
	w, ok := NewWorld(c.State, needs...)
	if !ok {
		return nil, nil
	}
	ops := make([]Op, len(c.Flows))
	for i, f := range c.Flows {
		caller := &Caller{replica: w.replica, w: w, n: i + 1, new: fmt.Sprint("difference engine ", i+1)}
		if i < len(c.Ahead) && c.Ahead[i] != 0 {
			caller.replica = w.newReplica(oldKeys, c.Ahead[i])
		}
		w.callers = append(w.callers, caller)
		ops[i] = Op{
			Do: func(ctx context.Context) {
				caller.ctx, caller.cancel = context.WithCancel(ctx)
				f.Do(caller)
			},
			Cut: func() { caller.refused = true },
		}
	}
	return w, ops
}

// run searches the cell and hands every outcome to visit.
func (c Cell) run(search func(begin func() []Op, visit func(Schedule) bool) Found, visit func(Schedule, Outcome) bool) Found {
	var w *World
	begin := func() (ops []Op) { w, ops = c.begin(); return ops }
	return search(begin, func(s Schedule) bool { return visit(s, w.Finish()) })
}

// Possible reports whether the flows can begin in the state.
func (c Cell) Possible() bool {
	w, _ := c.begin()
	return w != nil
}

// Serial returns the outcome of every serial order: of those in which an operation
// is broken off, the ones in which it may be.
func (c Cell) Serial() map[string]Schedule {
	orders := make(map[string]Schedule)
	c.run(Search{Serial: true}.Run, func(s Schedule, o Outcome) bool {
		if _, known := orders[o.String()]; !known && !strings.Contains(o.String(), brokenOff) {
			orders[o.String()] = s
		}
		return true
	})
	return orders
}

// Failure is a schedule that went wrong. Its text says how to replay it.
type Failure struct {
	Cell     Cell
	Schedule Schedule
	Outcome  Outcome
	Serial   map[string]Schedule // what would have been right
}

func (f Failure) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "PASSWD_EXPLORE='%s @ %s' go test -run TestReplayOne ./internal/explore\n", f.Cell, f.Schedule)
	for _, broken := range f.Outcome.Broken {
		fmt.Fprintf(&b, "  %s\n", broken)
	}
	if _, ok := f.Serial[f.Outcome.String()]; !ok {
		fmt.Fprintf(&b, "  no serial order has this outcome:\n    %s\n", strings.ReplaceAll(f.Outcome.String(), "\n", "\n    "))
		closest, order := f.closest()
		fmt.Fprintf(&b, "  the closest of %d, %s, has instead:\n    %s\n", len(f.Serial), order, strings.Join(closest, "\n    "))
	}
	return b.String()
}

// closest returns the lines in which the most similar serial outcome differs.
func (f Failure) closest() (lines []string, order Schedule) {
	got := strings.Split(f.Outcome.String(), "\n")
	best := len(got) + 1
	for text, s := range f.Serial {
		var differ []string
		for i, line := range strings.Split(text, "\n") {
			if i >= len(got) || line != got[i] {
				differ = append(differ, line)
			}
		}
		if len(differ) < best || len(differ) == best && s < order {
			best, lines, order = len(differ), differ, s
		}
	}
	return lines, order
}

// Judge returns a failure unless an outcome is right.
func (c Cell) Judge(s Schedule, o Outcome, serial map[string]Schedule) *Failure {
	if _, ok := serial[o.String()]; ok && len(o.Broken) == 0 {
		return nil
	}
	return &Failure{c, s, o, serial}
}

// Explore searches the cell, and returns the first failure.
func (c Cell) Explore(search func(begin func() []Op, visit func(Schedule) bool) Found) (found Found, failed *Failure) {
	serial := c.Serial()
	found = c.run(search, func(s Schedule, o Outcome) bool {
		failed = c.Judge(s, o, serial)
		return failed == nil
	})
	return found, failed
}

// Cells are all combinations of n flows, in every state in which they can begin.
func Cells(n int, of []Flow) (cells []Cell) {
	var combine func(from int, flows []Flow)
	combine = func(from int, flows []Flow) {
		if len(flows) == n {
			for _, s := range states {
				if c := (Cell{State: s, Flows: slices.Clone(flows)}); c.Possible() {
					cells = append(cells, c)
				}
			}
			return
		}
		for i := from; i < len(of); i++ {
			combine(i, append(flows, of[i]))
		}
	}
	combine(0, nil)
	return cells
}

// Flows are all that there are.
func Flows() []Flow { return slices.Clone(flows) }

// ReplayText replays what a Failure names, and returns its steps; the error is the
// Failure if it fails again.
func ReplayText(text string) (trace []string, err error) {
	name, schedule, _ := strings.Cut(text, " @ ")
	c, err := ParseCell(name)
	if err != nil {
		return nil, err
	}
	s, err := ParseSchedule(schedule)
	if err != nil {
		return nil, err
	}
	w, ops := c.begin()
	if w == nil {
		return nil, fmt.Errorf("explore: %s cannot begin", c)
	}
	trace = Replay(ops, s, nil)
	if f := c.Judge(s, w.Finish(), c.Serial()); f != nil {
		return trace, f
	}
	return trace, nil
}
