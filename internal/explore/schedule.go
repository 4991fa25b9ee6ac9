package explore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Step is one call that an operation makes out of the code under test. Between two
// steps an operation touches nothing that others can see.
type Step struct {
	Name          string
	Reads, Writes []string // what it touches; names are compared as they are
	// Before and After mark where a serial order may go on with another operation.
	Before, After bool
}

// commutes reports whether two steps have the same effect and the same results in
// either order: neither writes what the other touches.
func (s *Step) commutes(o *Step) bool {
	return !overlap(s.Writes, o.Writes) && !overlap(s.Writes, o.Reads) && !overlap(s.Reads, o.Writes)
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(name string) bool { return slices.Contains(b, name) })
}

// Op is an operation to run beside others. What it does through [At] with its
// context are its steps.
type Op struct {
	Do func(ctx context.Context)
	// Cuts are the ways in which a serial order may break the operation off at a mark:
	// what it would have done from there on does not happen. The way, one of at most
	// cutWays, is called first.
	Cuts []func()
}

// ErrCut is what a step returns that does not happen, as the operation is broken
// off or its process has died.
var ErrCut = errors.New("explore: broken off")

// thread is an operation under way.
type thread struct {
	resume func() (*Step, bool)
	stop   func()
	cuts   []func()
	park   func(*Step) bool
	dead   bool  // no step happens any more
	next   *Step // what it does when it is resumed; nil when it has ended
	mark   bool  // the next step comes after a mark
	free   bool  // it stands at one
	steps  int
	fault  *Fault
}

type threadKey struct{}

// At does a step of the operation that the context belongs to, when it is its turn;
// without an operation, at once.
func At(ctx context.Context, s Step, do func() error) error {
	t, _ := ctx.Value(threadKey{}).(*thread)
	if t == nil {
		return do()
	}
	s.Before, t.mark = s.Before || t.mark, false
	private := len(s.Reads)+len(s.Writes) == 0 // nobody could tell when it happens
	if t.dead || !private && !t.park(&s) || t.dead {
		t.dead = true
		return ErrCut
	}
	t.steps++
	if t.fault != nil && t.fault.At == t.steps {
		t.fault.Step = s.Name
		return t.fault.Do(do, func() { t.dead = true })
	}
	return do()
}

// Mark says that a serial order may go on with another operation here.
func Mark(ctx context.Context) {
	if t, _ := ctx.Value(threadKey{}).(*thread); t != nil {
		t.mark = true
	}
}

func start(op Op, fault *Fault) *thread {
	t := &thread{cuts: op.Cuts, fault: fault}
	t.resume, t.stop = iter.Pull(func(yield func(*Step) bool) {
		t.park = yield
		op.Do(context.WithValue(context.Background(), threadKey{}, t))
	})
	t.advance()
	t.free = true
	return t
}

// advance lets the thread do its next step and come to the one after it.
func (t *thread) advance() {
	done := t.next
	t.next, _ = t.resume()
	t.free = t.next == nil || t.next.Before || done != nil && done.After
}

// end breaks the thread off.
func (t *thread) end() {
	t.dead = true
	for t.next != nil {
		t.next, _ = t.resume()
	}
	t.free = true
}

// Fault befalls the At-th step of an operation, counted from 1.
type Fault struct {
	At int
	// Do is called in place of the step, which do does; die ends the operation.
	Do   func(do func() error, die func()) error
	Step string // set: the step that it befell; "" if the operation had fewer
}

// Schedule is what was decided, in order: '0' lets the first operation do its next
// step, '1' the second; 'a' to 'd' break off the first, 'e' to 'h' the second.
type Schedule string

// String shortens repetitions: 0x3 is 000.
func (s Schedule) String() string {
	var parts []string
	for i := 0; i < len(s); {
		n := 1
		for i+n < len(s) && s[i+n] == s[i] {
			n++
		}
		if parts = append(parts, s[i:i+1].plain()); n > 1 {
			parts[len(parts)-1] += fmt.Sprintf("x%d", n)
		}
		i += n
	}
	return strings.Join(parts, ".")
}

func (s Schedule) plain() string { return string(s) }

// ParseSchedule reads what String returns.
func ParseSchedule(text string) (Schedule, error) {
	var b strings.Builder
	for part := range strings.SplitSeq(text, ".") {
		if part == "" {
			continue
		}
		n := 1
		if len(part) > 1 {
			if _, err := fmt.Sscanf(part[1:], "x%d", &n); err != nil {
				return "", fmt.Errorf("explore: schedule: %q", part)
			}
		}
		b.WriteString(strings.Repeat(part[:1], n))
	}
	return Schedule(b.String()), nil
}

// Search says which schedules to run.
type Search struct {
	// Serial runs the serial orders: another operation gets its turn at marks only,
	// and one that has Cut may be broken off there. Otherwise it gets it at any step.
	Serial bool
	// Full runs all schedules. Otherwise, of those that differ in the order of
	// steps that commute alone, one is enough: those are passed over by sleep sets
	// (Godefroid 1996). With Preemptions, all within the bound are run in any case.
	Full bool
	// Preemptions bounds how often an operation has to wait that could have gone on;
	// below 0 there is no bound. It has no effect on serial orders.
	Preemptions int
	// Max ends the search after so many schedules; 0 does not.
	Max int
}

// Found is how a search has ended.
type Found struct {
	Schedules int
	Steps     int
	Complete  bool // there were no more
}

const cutWays = 4

// node is a decision of the schedule in hand.
type node struct {
	steps     []*Step // what each operation would do next
	options   []byte
	asleep    map[byte]bool // what need not be decided for: another schedule has it
	at        int           // the option that was decided for
	last      byte
	preempted int
}

// Run runs schedules, depth first, until there are no more or visit returns false.
// begin makes a world anew, and operations that are deterministic in it; visit
// looks at the world after they have ended.
func (x Search) Run(begin func() []Op, visit func(Schedule) bool) (f Found) {
	var path []*node
	for {
		threads := startAll(begin(), nil)
		schedule, redundant := x.follow(threads, &path)
		f.Steps += len(schedule)
		if !redundant {
			f.Schedules++
			if !visit(schedule) || f.Schedules == x.Max {
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
	}
}

// Sample runs n schedules that are drawn at random, each step of any operation
// being as likely as any other's.
func (x Search) Sample(n int, draw func(n int) int, begin func() []Op, visit func(Schedule) bool) (f Found) {
	for range n {
		threads := startAll(begin(), nil)
		var s []byte
		for last, preempted := byte(0), 0; ; {
			options := x.options(threads, last, preempted)
			if len(options) == 0 {
				break
			}
			choice := options[draw(len(options))]
			decide(threads, choice)
			s = append(s, choice)
			last = choice
		}
		f.Schedules++
		f.Steps += len(s)
		if !visit(Schedule(s)) {
			break
		}
	}
	return f
}

// Replay runs one schedule, as far as it fits, and returns its steps; what is left
// after it is run in order. faults befall the operations; nil is none.
func Replay(ops []Op, s Schedule, faults []*Fault) (trace []string) {
	threads := startAll(ops, faults)
	step := func(choice byte) {
		name := "broken off"
		if choice < 'a' {
			name = threads[choice-'0'].next.Name
		}
		trace = append(trace, fmt.Sprintf("%c %s", choice, name))
		decide(threads, choice)
	}
	for i := range len(s) {
		if n := s[i] - '0'; s[i] >= 'a' || int(n) < len(threads) && threads[n].next != nil {
			step(s[i])
		}
	}
	for i, t := range threads {
		for t.next != nil {
			step('0' + byte(i))
		}
	}
	return trace
}

func startAll(ops []Op, faults []*Fault) []*thread {
	threads := make([]*thread, len(ops))
	for i, op := range ops {
		var f *Fault
		if i < len(faults) {
			f = faults[i]
		}
		threads[i] = start(op, f)
	}
	return threads
}

// decide does what a choice says.
func decide(threads []*thread, choice byte) {
	if choice >= 'a' {
		t := threads[(choice-'a')/cutWays]
		t.cuts[(choice-'a')%cutWays]()
		t.end()
		return
	}
	threads[choice-'0'].advance()
}

// follow runs the schedule of path, and goes on from its end to that of the
// operations, or to where every further step is asleep.
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
		decide(threads, choice)
		decided = append(decided, choice)
	}
}

// node is the decision that comes after path.
func (x Search) node(threads []*thread, path []*node) *node {
	n := &node{asleep: make(map[byte]bool), at: -1}
	for _, t := range threads {
		n.steps = append(n.steps, t.next)
	}
	if len(path) > 0 {
		p := path[len(path)-1]
		n.last, n.preempted = p.options[p.at], p.preempted
		if n.last != p.last && p.last != 0 && p.last < 'a' && p.steps[p.last-'0'] != nil {
			n.preempted++
		}
		for choice := range p.asleep {
			if p.steps[choice-'0'].commutes(p.steps[n.last-'0']) {
				n.asleep[choice] = true
			}
		}
	}
	n.options = x.options(threads, n.last, n.preempted)
	n.next()
	return n
}

// options lists what may be decided for: what goes on with the same operation first.
func (x Search) options(threads []*thread, last byte, preempted int) (options []byte) {
	running := last != 0 && last < 'a' && threads[last-'0'].next != nil
	if running {
		options = append(options, last)
		if x.Serial && !threads[last-'0'].free || !x.Serial && x.Preemptions >= 0 && preempted >= x.Preemptions {
			return options
		}
	}
	for i, t := range threads {
		if choice := '0' + byte(i); t.next != nil && !(running && choice == last) {
			options = append(options, choice)
		}
	}
	for i, t := range threads {
		for way := range t.cuts {
			if x.Serial && t.next != nil && t.free {
				options = append(options, 'a'+cutWays*byte(i)+byte(way))
			}
		}
	}
	return options
}

// next decides for the next option that is awake.
func (n *node) next() bool {
	for n.at++; n.at < len(n.options); n.at++ {
		if !n.asleep[n.options[n.at]] {
			return true
		}
	}
	return false
}

func (n *node) awake() bool { return n.at < len(n.options) }

// another decides for another option than before, if one is left.
func (n *node) another(x Search) bool {
	if !x.Full && !x.Serial && x.Preemptions < 0 {
		n.asleep[n.options[n.at]] = true
	}
	return n.next()
}
