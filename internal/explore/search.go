package explore

import (
	"bytes"
	"slices"
)

// Search says which schedules to run.
type Search struct {
	// Serial runs the serial orders: another operation gets its turn at marks only.
	// Otherwise it gets it at any step.
	Serial bool
	// Cut adds the serial orders in which an operation that has Cuts is broken off at a
	// mark.
	Cut bool
	// Full runs all schedules. Otherwise, of those that differ only in the order of what
	// commutes, one is enough: the others are passed over by sleep sets (Godefroid
	// 1996). With Preemptions, all within the bound are run in any case.
	Full bool
	// Preemptions bounds how often an operation has to wait that could have gone on;
	// below 0 there is no bound. It has no effect on serial orders.
	Preemptions int
	// Max ends the search after so many schedules, those passed over included; 0 does not.
	Max int
}

// Found is how a search has ended.
type Found struct {
	Schedules int // that were run to their end
	Passed    int // that were begun, and passed over when all that was left was asleep
	Steps     int
	Orders    int  // serial ones, to judge the schedules by
	Complete  bool // there were no more
}

// Add counts another search.
func (f *Found) Add(more Found) {
	f.Schedules += more.Schedules
	f.Orders += more.Orders
	f.Passed += more.Passed
	f.Steps += more.Steps
	f.Complete = f.Complete || more.Complete
}

const cutWays = 4

// node is a decision of the schedule in hand.
type node struct {
	options   []byte
	asleep    map[byte]Step // what need not be decided for, as another schedule has it; and what it touches
	at        int           // the option that was decided for
	touched   Step          // what that one touches
	last      byte
	preempted int
	going     bool // the operation decided for last could have gone on
}

// Run runs schedules, depth first, until there are no more or visit returns false.
// begin makes a world anew, and operations that are deterministic in it; visit
// looks at the world after they have ended. What Run keeps is one schedule.
func (x Search) Run(begin func() []Op, visit func(Schedule) bool) (f Found) {
	var path []*node
	for {
		threads := startAll(begin(), nil)
		schedule, redundant := x.follow(threads, &path)
		f.Steps += len(schedule)
		if redundant {
			f.Passed++
		} else {
			f.Schedules++
			if !visit(schedule) {
				return f
			}
		}
		for len(path) > 0 && !path[len(path)-1].another(x) {
			path = path[:len(path)-1]
		}
		if len(path) == 0 {
			f.Complete = true
			return f
		}
		if x.Max > 0 && f.Schedules+f.Passed >= x.Max {
			return f
		}
	}
}

// Sample runs n schedules that are drawn at random, by turns of two kinds: those in
// which any operation may do each step, and those in which one goes on until it has to
// wait, which is up to three times, at any depth.
func (x Search) Sample(n int, draw func(n int) int, begin func() []Op, visit func(Schedule) bool) (f Found) {
	length := 1
	for i := range n {
		threads := startAll(begin(), nil)
		var waits []int
		for range 1 + draw(3) {
			waits = append(waits, draw(length))
		}
		var s []byte
		for last := byte(0); ; {
			options := x.options(threads, last, false)
			if len(options) == 0 {
				break
			}
			choice := options[draw(len(options))]
			if i%2 == 1 && options[0] == last {
				choice = last // it goes on
				if len(options) > 1 && slices.Contains(waits, len(s)) {
					choice = options[1+draw(len(options)-1)]
				}
			}
			x.decide(threads, choice)
			s = append(s, choice)
			last = choice
		}
		length = len(s)
		f.Schedules++
		f.Steps += len(s)
		if !visit(Schedule(s)) {
			break
		}
	}
	return f
}

// operation is the one that a choice is about.
func operation(choice byte) int {
	if choice >= 'a' {
		return int(choice-'a') / cutWays
	}
	return int(choice - '0')
}

// decide does what a choice says, which in a serial order is all up to the next mark.
// It tells what that has touched, and in how many steps.
func (x Search) decide(threads []*thread, choice byte) (touched Step, steps int) {
	t := threads[operation(choice)]
	if choice >= 'a' {
		t.cuts[(choice-'a')%cutWays]()
		t.end()
		return Step{}, 1 // which nobody else can tell
	}
	for {
		touched.Reads = append(touched.Reads, t.next.Reads...)
		touched.Writes = append(touched.Writes, t.next.Writes...)
		t.advance()
		if steps++; !x.Serial || t.free {
			return touched, steps
		}
	}
}

// follow runs the schedule of path, and goes on from its end to that of the
// operations, or to where all that could be decided for is asleep.
func (x Search) follow(threads []*thread, path *[]*node) (s Schedule, redundant bool) {
	var decided []byte
	for depth := 0; ; depth++ {
		if depth == len(*path) {
			n := x.node(threads, *path)
			if len(n.options) == 0 {
				return Schedule(decided), false
			}
			if !n.awake() {
				for _, t := range threads {
					t.end()
				}
				return Schedule(decided), true
			}
			*path = append(*path, n)
		}
		n := (*path)[depth]
		choice := n.options[n.at]
		touched, steps := x.decide(threads, choice)
		n.touched = touched
		decided = append(decided, bytes.Repeat([]byte{choice}, steps)...)
	}
}

// node is the decision that comes after path.
func (x Search) node(threads []*thread, path []*node) *node {
	n := &node{asleep: make(map[byte]Step), at: -1}
	if len(path) > 0 {
		p := path[len(path)-1]
		n.last, n.preempted = p.options[p.at], p.preempted
		if n.last != p.last && p.going {
			n.preempted++
		}
		for choice, s := range p.asleep {
			if operation(choice) != operation(n.last) && s.commutes(&p.touched) {
				n.asleep[choice] = s
			}
		}
	}
	bounded := !x.Serial && x.Preemptions >= 0 && n.preempted >= x.Preemptions
	n.options = x.options(threads, n.last, bounded)
	n.going = len(n.options) > 0 && n.options[0] == n.last
	n.next()
	return n
}

// options lists what may be decided for: what goes on with the same operation first,
// and, where it may not be made to wait, nothing else.
func (x Search) options(threads []*thread, last byte, bounded bool) (options []byte) {
	going := last != 0 && last < 'a' && threads[operation(last)].next != nil
	if going {
		options = append(options, last)
		if bounded {
			return options
		}
	}
	for i, t := range threads {
		if choice := '0' + byte(i); t.next != nil && !(going && choice == last) {
			options = append(options, choice)
		}
	}
	for i, t := range threads {
		for way := range t.cuts {
			if x.Cut && t.next != nil {
				options = append(options, 'a'+cutWays*byte(i)+byte(way))
			}
		}
	}
	return options
}

// next decides for the next option that is awake.
func (n *node) next() bool {
	for n.at++; n.at < len(n.options); n.at++ {
		if _, asleep := n.asleep[n.options[n.at]]; !asleep {
			return true
		}
	}
	return false
}

func (n *node) awake() bool { return n.at < len(n.options) }

// another decides for another option than before, if one is left.
func (n *node) another(x Search) bool {
	if !x.Full && (x.Serial || x.Preemptions < 0) {
		n.asleep[n.options[n.at]] = n.touched
	}
	return n.next()
}
