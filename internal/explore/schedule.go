package explore

import (
	"context"
	"errors"
	"fmt"
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

// thread is an operation under way. It has a goroutine, which runs while the scheduler
// waits for it, and ends with the operation: whoever starts a thread advances it to its
// end, or breaks it off. (A coroutine of iter.Pull would do, but the race detector is
// never told of the end of one and keeps its memory, which is megabytes.)
type thread struct {
	turn   chan struct{} // tells it to go on
	parked chan *Step    // what it would do next; nil says that it has ended
	cuts   []func()
	dead   bool  // no step happens any more
	next   *Step // what it does when it is resumed; nil when it has ended
	mark   bool  // the next step comes after a mark
	free   bool  // it stands at one
	steps  int
	fault  *Fault
	forgot int // the world's, when it looked the account up
}

type threadKey struct{}

// threadOf is the operation that a context belongs to, nil if it is none's.
func threadOf(ctx context.Context) *thread {
	t, _ := ctx.Value(threadKey{}).(*thread)
	return t
}

// At does a step of the operation that the context belongs to, when it is its turn;
// without an operation, at once.
func At(ctx context.Context, s Step, do func() error) error {
	t := threadOf(ctx)
	if t == nil {
		return do()
	}
	s.Before, t.mark = s.Before || t.mark, false
	private := len(s.Reads)+len(s.Writes) == 0 // nobody could tell when it happens
	if !t.dead && !private {
		t.parked <- &s
		<-t.turn
	}
	if t.dead {
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
	if t := threadOf(ctx); t != nil {
		t.mark = true
	}
}

func start(op Op, fault *Fault) *thread {
	t := &thread{turn: make(chan struct{}), parked: make(chan *Step), cuts: op.Cuts, fault: fault, free: true}
	go func() {
		op.Do(context.WithValue(context.Background(), threadKey{}, t))
		t.parked <- nil
	}()
	t.next = <-t.parked
	return t
}

// resume lets the thread go on to its next step, or its end.
func (t *thread) resume() {
	t.turn <- struct{}{}
	t.next = <-t.parked
}

// advance lets the thread do its next step and come to the one after it.
func (t *thread) advance() {
	done := t.next
	t.resume()
	t.free = t.next == nil || t.next.Before || done.After
}

// end breaks the thread off.
func (t *thread) end() {
	t.dead = true
	for t.next != nil {
		t.resume()
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
		Search{}.decide(threads, choice)
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
