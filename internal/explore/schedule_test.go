package explore_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/explore"
)

// counters are a world of numbers: get and set are steps.
type counters map[string]int

func (c counters) get(ctx context.Context, name string) (n int) {
	explore.At(ctx, explore.Step{Name: "get " + name, Reads: []string{name}}, func() error { n = c[name]; return nil })
	return n
}

func (c counters) set(ctx context.Context, name string, n int) {
	explore.At(ctx, explore.Step{Name: "set " + name, Writes: []string{name}}, func() error { c[name] = n; return nil })
}

// swap is the atomic step that set should have been.
func (c counters) swap(ctx context.Context, name string, old, new int) (done bool, err error) {
	s := explore.Step{Name: "swap " + name, Reads: []string{name}, Writes: []string{name}}
	err = explore.At(ctx, s, func() error {
		if done = c[name] == old; done {
			c[name] = new
		}
		return nil
	})
	return done, err
}

// program is a few operations, each given as the names that it touches in turn:
// "x" adds 1 to x, "x?" reads it.
type program []string

func (p program) begin(world *counters, read *[]string, add func(context.Context, counters, string)) func() []explore.Op {
	return func() []explore.Op {
		*world, *read = make(counters), make([]string, len(p))
		ops := make([]explore.Op, len(p))
		for i, names := range p {
			ops[i].Do = func(ctx context.Context) {
				for name := range strings.FieldsSeq(names) {
					if question, ok := strings.CutSuffix(name, "?"); ok {
						(*read)[i] += fmt.Sprint((*world).get(ctx, question), " ")
					} else {
						add(ctx, *world, name)
					}
				}
			}
		}
		return ops
	}
}

// outcomes runs a search and returns every outcome once.
func (p program) outcomes(x explore.Search, add func(context.Context, counters, string)) ([]string, explore.Found) {
	var world counters
	var read []string
	seen := make(map[string]bool)
	found := x.Run(p.begin(&world, &read, add), func(explore.Schedule) bool {
		seen[fmt.Sprint(world, read)] = true
		return true
	})
	return slices.Sorted(maps.Keys(seen)), found
}

func lossy(ctx context.Context, c counters, name string) { c.set(ctx, name, c.get(ctx, name)+1) }

func careful(ctx context.Context, c counters, name string) {
	for {
		n := c.get(ctx, name)
		if done, err := c.swap(ctx, name, n, n+1); done || err != nil {
			return
		}
	}
}

// The reduction leaves schedules out and no outcome.
func TestReductionKeepsEveryOutcome(t *testing.T) {
	all, reduced := explore.Search{Full: true, Preemptions: -1}, explore.Search{Preemptions: -1}
	for _, p := range []program{
		{"x", "x"}, {"x y", "y x"}, {"x y?", "y x?"}, {"x x", "x y x?"}, {"x? y", "y? z", "z? x"}, {"x y z", "u v w"}, {"x", "y", "x? y?"}, {"x y?", "x", "y"},
	} {
		for name, add := range map[string]func(context.Context, counters, string){"lossy": lossy, "careful": careful} {
			want, full := p.outcomes(all, add)
			got, few := p.outcomes(reduced, add)
			if !slices.Equal(got, want) {
				t.Errorf("%q %s: reduced %q, want %q", p, name, got, want)
			}
			if !full.Complete || !few.Complete || few.Schedules > full.Schedules {
				t.Errorf("%q %s: %+v of %+v", p, name, few, full)
			}
		}
	}
	if _, few := (program{"x y z", "u v w"}).outcomes(reduced, lossy); few.Schedules != 1 {
		t.Errorf("operations that have nothing in common: %d schedules, want 1", few.Schedules)
	}
	if _, all := (program{"x y z", "u v w"}).outcomes(all, lossy); all.Schedules != 924 { // 12 over 6
		t.Errorf("all orders of 6 and 6 steps: %d, want 924", all.Schedules)
	}
}

// A lost update is found by every search, and none is found where there is none.
func TestLostUpdateIsFound(t *testing.T) {
	searches := map[string]explore.Search{
		"full": {Full: true, Preemptions: -1}, "reduced": {Preemptions: -1}, "one preemption": {Preemptions: 1},
	}
	for name, x := range searches {
		p := program{"x z", "z x", "y"}
		if got, _ := p.outcomes(x, lossy); !slices.ContainsFunc(got, func(o string) bool { return strings.Contains(o, "x:1") }) {
			t.Errorf("%s: no lost update in %q", name, got)
		}
		if got, _ := p.outcomes(x, careful); slices.ContainsFunc(got, func(o string) bool { return strings.Contains(o, "x:1") }) {
			t.Errorf("%s: lost update in %q", name, got)
		}
	}
	if got, _ := (program{"x", "x"}).outcomes(explore.Search{}, lossy); len(got) != 1 {
		t.Errorf("without preemption: %q", got)
	}
}

// A schedule that was visited does the same once more.
func TestReplay(t *testing.T) {
	var world counters
	var read []string
	begin := program{"x y?", "y x?", "x"}.begin(&world, &read, lossy)
	explore.Search{Preemptions: -1}.Run(begin, func(s explore.Schedule) bool {
		want := fmt.Sprint(world, read)
		again, err := explore.ParseSchedule(s.String())
		if err != nil || again != s {
			t.Fatalf("%q is read as %q, %v", s.String(), again.String(), err)
		}
		trace := explore.Replay(begin(), s, nil)
		if got := fmt.Sprint(world, read); got != want || len(trace) != len(s) {
			t.Errorf("%v: %s in %d steps, want %s", s, got, len(trace), want)
		}
		return true
	})
}

// A serial order goes on with another operation at marks only.
func TestSerialOrders(t *testing.T) {
	var log string
	op := func(name string, marked bool) explore.Op {
		return explore.Op{Do: func(ctx context.Context) {
			for i := range 4 {
				s := explore.Step{Name: name, Writes: []string{"log"}, Before: marked && i == 2}
				explore.At(ctx, s, func() error { log += name; return nil })
			}
		}}
	}
	var got []string
	explore.Search{Serial: true}.Run(func() []explore.Op {
		log = ""
		return []explore.Op{op("a", true), op("b", false)}
	}, func(explore.Schedule) bool { got = append(got, log); return true })
	slices.Sort(got)
	if want := []string{"aaaabbbb", "aabbbbaa", "bbbbaaaa"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	got = nil
	explore.Search{Serial: true, Cut: true}.Run(func() []explore.Op {
		log = ""
		cut := op("a", true)
		cut.Cuts = []func(){func() { log += "-" }}
		return []explore.Op{cut}
	}, func(explore.Schedule) bool { got = append(got, log); return true })
	slices.Sort(got)
	if want := []string{"-", "aa-", "aaaa"}; !slices.Equal(got, want) {
		t.Errorf("broken off: got %q, want %q", got, want)
	}
}

// A fault befalls the step it is for, and whoever dies does nothing more.
func TestFault(t *testing.T) {
	for at, want := range map[int]string{1: "map[]", 2: "map[x:1]", 5: "map[x:2 y:1]"} {
		var world counters
		var read []string
		begin := program{"x x y"}.begin(&world, &read, func(ctx context.Context, c counters, name string) { c.swap(ctx, name, c[name], c[name]+1) })
		f := &explore.Fault{At: at, Do: func(_ func() error, die func()) error { die(); return explore.ErrCut }}
		explore.Replay(begin(), "", []*explore.Fault{f})
		if got := fmt.Sprint(map[string]int(world)); got != want || (f.Step == "") != (at > 3) {
			t.Errorf("death at step %d: %s, want %s; it was %q", at, got, want, f.Step)
		}
	}
}
