package explore

import (
	"context"
	"fmt"
	"maps"
	"runtime/debug"
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

	processes *processes
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
		if skipped[f.Name][c.State.Name] != "" {
			return nil, nil
		}
		needs = append(needs, f.Needs...)
	}
	w, ok := newWorld(c.processes, c.State, needs...)
	if !ok {
		return nil, nil
	}
	ops := make([]Op, len(c.Flows))
	for i, f := range c.Flows {
		caller := &Caller{replica: w.replica, w: w, n: i + 1, new: fmt.Sprint("difference engine ", i+1)}
		if i < len(c.Ahead) && c.Ahead[i] != 0 {
			caller.replica = w.newReplica(false, c.Ahead[i])
		}
		w.callers = append(w.callers, caller)
		ops[i] = Op{
			Do: func(ctx context.Context) {
				defer func() {
					if p := recover(); p != nil {
						w.breaks("panic: %v\n%s", p, debug.Stack())
					}
				}()
				caller.ctx, caller.cancel = context.WithCancel(ctx)
				f.Do(caller)
			},
			Cuts: []func(){func() { caller.refused = refusals }, func() { caller.refused = lateRefusals }},
		}
	}
	return w, ops
}

// run searches the cell and hands every world, once its flows have ended, to visit.
func (c Cell) run(search searching, visit func(Schedule, *World) bool) Found {
	var w *World
	begin := func() (ops []Op) { w, ops = c.begin(); return ops }
	return search(begin, func(s Schedule) bool { return visit(s, w) })
}

// searching is what Search.Run does, and Search.Sample.
type searching func(begin func() []Op, visit func(Schedule) bool) Found

// Orders are the outcomes of serial orders: what is right.
type Orders struct {
	Outcomes map[string]Schedule
	// Counts has the least and the most of each of the limiter's. An operation that is
	// refused in its middle may count as one that was refused at its beginning, or not
	// at all: the counts have to lie between those of the serial orders, no more.
	Counts map[string][2]int

	cell   Cell
	cut    bool    // those in which an operation is broken off are among them
	others *Orders // unstopped, once they are asked for
	Ran    Found   // what it took
}

// Serial runs the serial orders in which all operations come to their ends. Most
// schedules come out as one of these; the others, which are many more, are run when
// one does not.
func (c Cell) Serial() *Orders {
	orders := &Orders{cell: c}
	orders.run()
	return orders
}

// maxOrders is a bound that no cell has come near.
const maxOrders = 100_000

// run runs the orders anew: of those in which an operation is broken off, the ones in
// which it may be.
func (orders *Orders) run() {
	orders.Outcomes, orders.Counts = make(map[string]Schedule), make(map[string][2]int)
	found := orders.cell.run(Search{Serial: true, Cut: orders.cut, Max: maxOrders}.Run, func(s Schedule, w *World) bool {
		if w.brokenOff() {
			w.release()
			return true
		}
		o := w.Finish()
		orders.count(o.Counts)
		if _, known := orders.Outcomes[o.String()]; !known {
			orders.Outcomes[o.String()] = s
		}
		return true
	})
	if !found.Complete {
		panic(fmt.Sprintf("explore: %s has more than %d serial orders", orders.cell, maxOrders))
	}
	orders.Ran.Add(found)
}

// count widens the bounds of the counts by those of one order more.
func (orders *Orders) count(counts map[string]int) {
	first := len(orders.Outcomes) == 0
	for kind := range counts {
		if _, known := orders.Counts[kind]; !known {
			bound := [2]int{}
			if first {
				bound[0] = counts[kind]
			}
			orders.Counts[kind] = bound
		}
	}
	for kind, bound := range orders.Counts {
		orders.Counts[kind] = [2]int{min(bound[0], counts[kind]), max(bound[1], counts[kind])}
	}
}

// countSlack is by how much a count may be under that of every serial order, or over,
// for each other operation that an operation meets.
var countSlack = map[string]struct{ under, over int }{
	"code":    {0, 1}, // a guess that is under way while the code is redeemed is counted for the account
	"login":   {0, 1}, // a late refusal may be a failure
	"redeem":  {0, 2}, // a live token counts when it is presented, also where another comes first
	"told":    {0, 1}, // of a stop that a success has lifted meanwhile
	"nocode":  {1, 0}, // a right code that comes second is no guess at a code that is none
	"address": {1, 1}, // a right code that comes second is no failure; a late refusal may be one
	"account": {1, 0}, // a success clears the guess that was answered meanwhile
	"known":   {1, 0},
}

// Failure is a schedule that went wrong. Its text says how to replay it.
type Failure struct {
	Cell     Cell
	Schedule Schedule
	Trouble  Trouble // at step At of the one flow; "" if there was none
	At       int
	Why      []string
}

func (f Failure) Error() string {
	at := f.Schedule.String()
	switch {
	case f.Trouble != "":
		at = fmt.Sprintf("%s at %d", f.Trouble, f.At)
	case f.Cell.Ahead != nil:
		at = clocksText(f.Cell.Ahead)
	}
	return fmt.Sprintf("PASSWD_EXPLORE='%s @ %s' go test -v -run TestReplayOne ./internal/explore\n  %s\n",
		f.Cell, at, strings.ReplaceAll(strings.Join(f.Why, "\n"), "\n", "\n  "))
}

// judge tells what is wrong with an outcome.
func (orders *Orders) judge(o Outcome) (why []string) {
	if why = orders.compare(o); len(why) > 0 && !orders.cut {
		orders.cut = true
		orders.run()
		why = orders.compare(o)
	}
	return why
}

func (orders *Orders) compare(o Outcome) (why []string) {
	why = slices.Clone(o.Broken)
	if _, ok := orders.Outcomes[o.String()]; !ok {
		closest, order := orders.closest(o)
		why = append(why, "no serial order has this outcome:\n  "+strings.ReplaceAll(o.String(), "\n", "\n  "))
		why = append(why, fmt.Sprintf("the closest of %d, %s, has instead:\n  %s", len(orders.Outcomes), order, strings.Join(closest, "\n  ")))
	}
	others := len(orders.cell.Flows) - 1
	for kind, b := range orders.bounds(o) {
		if n, slack := o.Counts[kind], countSlack[kind]; n < b[0]-others*slack.under || n > b[1]+others*slack.over {
			why = append(why, fmt.Sprintf("the limiter has counted %d for %q, serial orders %d to %d", n, kind, b[0], b[1]))
		}
	}
	return why
}

// bounds are those of the counts, and of what only the outcome has counted; none for an
// outcome whose counts do not matter.
func (orders *Orders) bounds(o Outcome) map[string][2]int {
	if o.Counts == nil {
		return nil
	}
	bounds := maps.Clone(orders.Counts)
	for kind := range o.Counts {
		bounds[kind] = orders.Counts[kind]
	}
	return bounds
}

// closest returns the lines in which the most similar serial outcome differs.
func (orders *Orders) closest(o Outcome) (lines []string, order Schedule) {
	got := strings.Split(o.String(), "\n")
	best := len(got) + 1
	for text, s := range orders.Outcomes {
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
func (c Cell) Judge(s Schedule, o Outcome, orders *Orders) *Failure {
	if slices.ContainsFunc(c.Flows, func(f Flow) bool { return forgetting[f.Name] }) {
		o.Counts = nil // what is counted for an account while it is forgotten may be left
	}
	why := orders.judge(o)
	if len(why) > 0 && o.Outrun && len(orders.unstopped().judge(o)) == 0 {
		return nil
	}
	if len(why) > 0 {
		return &Failure{Cell: c, Schedule: s, Why: why}
	}
	return nil
}

// beforeStop are the states in which an account is stopped, and how it was before.
// Whoever looks it up, and comes to be counted when it has been deleted and forgotten,
// is told what a right password is told of an account that is not stopped. The next
// owner of the id must not inherit the stop, and what such a sign-in has got opens
// nothing: the account is gone (see Outcome.Outrun).
var beforeStop = map[string]string{"stopped": "fresh", "stopped and known": "settled"}

// unstopped are the orders of the same flows at an account that is not stopped; the same
// orders where it is not anyway.
func (orders *Orders) unstopped() *Orders {
	before, stopped := stateOf(beforeStop[orders.cell.State.Name])
	if !stopped {
		return orders
	}
	if orders.others == nil {
		c := orders.cell
		c.State = before
		orders.others = c.Serial()
	}
	return orders.others
}

// Explore searches the cell, and returns the first failure.
func (c Cell) Explore(search searching, orders *Orders) (found Found, failed *Failure) {
	found = c.run(search, func(s Schedule, w *World) bool {
		failed = c.Judge(s, w.Finish(), orders)
		return failed == nil
	})
	return found, failed
}

// Outcomes returns all that a search comes to.
func (c Cell) Outcomes(x Search) (all map[string]bool, found Found) {
	all = make(map[string]bool)
	found = c.run(x.Run, func(_ Schedule, w *World) bool { all[w.Finish().String()] = true; return true })
	return all, found
}

// Cells are all combinations of n flows, in every state in which they can begin.
func Cells(n int, of []Flow) (cells []Cell) {
	processes := new(processes)
	known := make(map[string]bool)
	possible := func(c Cell) bool {
		var needs []string
		for _, f := range c.Flows {
			if skipped[f.Name][c.State.Name] != "" {
				return false
			}
			for _, n := range f.Needs {
				needs = append(needs, string(n))
			}
		}
		slices.Sort(needs)
		key := fmt.Sprint(c.State.Name, slices.Compact(needs))
		can, asked := known[key]
		if !asked {
			can = c.Possible()
			known[key] = can
		}
		return can
	}
	var combine func(from int, flows []Flow)
	combine = func(from int, flows []Flow) {
		if len(flows) == n {
			for _, s := range states {
				if c := (Cell{State: s, Flows: slices.Clone(flows), processes: processes}); possible(c) {
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

// Possible reports whether the flows can begin in the state.
func (c Cell) Possible() bool {
	w, _ := c.begin()
	return w != nil
}

// Flows are all that there are.
func Flows() []Flow { return slices.Clone(flows) }

// Writers are those that write to the account.
func Writers() []Flow {
	return slices.DeleteFunc(Flows(), func(f Flow) bool { return !slices.Contains(writers, f.Name) })
}

// States is how many states there are.
func States() int { return len(states) }

// ReplayText replays what a Failure names, and returns its steps; the error is the
// Failure if it fails again.
func ReplayText(text string) (trace []string, err error) {
	name, schedule, _ := strings.Cut(text, " @ ")
	c, err := ParseCell(name)
	if err != nil {
		return nil, err
	}
	if ahead, ok := strings.CutPrefix(schedule, clocks); ok {
		return c.replayApart(ahead)
	}
	if kind, at, ok := strings.Cut(schedule, " at "); ok {
		return c.replayFault(Trouble(kind), at)
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
