package explore_test

import (
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd/internal/explore"
	"github.com/passwd-go/passwd/internal/testrun"
)

// seed returns that of PASSWD_EXPLORE_SEED, or a new one, and prints it.
func seed(t *testing.T) uint64 {
	n, err := strconv.ParseUint(os.Getenv("PASSWD_EXPLORE_SEED"), 10, 64)
	if err != nil {
		n = rand.Uint64N(1_000_000)
	}
	t.Logf("PASSWD_EXPLORE_SEED=%d", n)
	return n
}

// some draws n cells of each combination of flows; 0 is all of them.
func some(cells []explore.Cell, n int, seed uint64) []explore.Cell {
	if n == 0 {
		return cells
	}
	cells = slices.Clone(cells)
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
	drawn := make(map[string]int)
	return slices.DeleteFunc(cells, func(c explore.Cell) bool {
		_, flows, _ := strings.Cut(c.String(), " | ")
		drawn[flows]++
		return drawn[flows] > n
	})
}

// few draws n cells, whatever they are; 0 is all of them.
func few(cells []explore.Cell, n int, seed uint64) []explore.Cell {
	if n == 0 {
		return cells
	}
	cells = some(cells, len(cells), seed) // in any order
	return cells[:min(n, len(cells))]
}

// pairs are all cells of two flows.
var pairs = sync.OnceValue(func() []explore.Cell { return explore.Cells(2, explore.Flows()) })

// effort is how much is run of a cell: all schedules if they are at most whole, and
// otherwise so many of them, in their order; then as many as preempted of those with at
// most three preemptions, and some that are drawn.
type effort struct{ whole, preempted, drawn int }

// explore runs a cell with a search.
func (e effort) explore(c explore.Cell, x explore.Search, r *rand.Rand) (found explore.Found, failed *explore.Failure) {
	orders := c.Serial()
	x.Max = e.whole
	found, failed = c.Explore(x.Run, orders)
	if failed == nil && !found.Complete && e.preempted > 0 {
		var more explore.Found
		more, failed = c.Explore(explore.Search{Preemptions: 3, Max: e.preempted}.Run, orders)
		more.Complete = false // not whole
		found.Add(more)
	}
	if failed == nil && !found.Complete {
		var more explore.Found
		more, failed = c.Explore(func(begin func() []explore.Op, visit func(explore.Schedule) bool) explore.Found {
			return x.Sample(e.drawn, r.IntN, begin, visit)
		}, orders)
		found.Add(more)
	}
	found.Orders = orders.Ran.Schedules
	return found, failed
}

// tally is what all cells of a test come to.
type tally struct {
	sync.Mutex
	explore.Found
	cells, whole, failed int
	states               map[string]bool
}

func (y *tally) add(c explore.Cell, found explore.Found) {
	y.Lock()
	defer y.Unlock()
	y.cells++
	y.states[c.State.Name] = true
	y.Found.Add(found)
	if found.Complete {
		y.whole++
	}
}

const maxFailures = 20 // that are printed

func (y *tally) fail(t *testing.T, f *explore.Failure) {
	y.Lock()
	defer y.Unlock()
	if y.failed++; y.failed <= maxFailures || testrun.Long() {
		t.Error("\n" + f.Error())
	}
}

// enough reports that there are as many failures as are printed.
func (y *tally) enough() bool {
	y.Lock()
	defer y.Unlock()
	return y.failed >= maxFailures && !testrun.Long()
}

// each does something with every cell, on all processors. What is random about a cell
// comes from its place and the seed, whichever processor it is done on. What it does is
// the same on every machine, but for one that is so slow that the run would be ended:
// there it says how many cells it has come to. With the race detector, to which goroutines
// that run one at a time have little to show, and with -short, a fifth of the everyday
// cells is drawn.
func each(t *testing.T, cells []explore.Cell, seed uint64, do func(c explore.Cell, r *rand.Rand, y *tally)) {
	if (testrun.Race || testing.Short()) && !testrun.CI() {
		cells = few(cells, max(1, len(cells)/5), seed)
	}
	y := &tally{states: make(map[string]bool)}
	began, patience := time.Now(), testrun.Patience(t)
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				if !y.enough() {
					do(cells[i], rand.New(rand.NewPCG(seed, uint64(i))), y)
				}
			}
		})
	}
	for i := range cells {
		if time.Since(began) > patience {
			t.Logf("the time is up after %d of %d cells", i, len(cells))
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	t.Logf("%d cells in %d states, %d of them whole; %d schedules, %d passed over, %d serial orders, %d steps; %d failures; %v",
		y.cells, len(y.states), y.whole, y.Schedules, y.Passed, y.Orders, y.Steps, y.failed, time.Since(began).Round(10*time.Millisecond))
}

// TestPairs runs pairs of flows in all orders, or in those of an effort: every day each
// pair in some states, and else in all of them.
func TestPairs(t *testing.T) {
	e := effort{whole: testrun.Size(60, 120, 100_000), preempted: testrun.Size(0, 0, 500_000), drawn: testrun.Size(40, 60, 2000)}
	n := seed(t)
	each(t, some(pairs(), testrun.Size(2, 0, 0), n), n, func(c explore.Cell, r *rand.Rand, y *tally) {
		found, failed := e.explore(c, explore.Search{Preemptions: -1}, r)
		y.add(c, found)
		if failed != nil {
			y.fail(t, failed)
		}
	})
}

// TestFirst runs what gives an account its first password beside every other flow, in
// the state that is made for it. Of the others every day draws two of a pair.
func TestFirst(t *testing.T) {
	n := seed(t)
	cells := slices.DeleteFunc(slices.Clone(pairs()), func(c explore.Cell) bool {
		return c.State.Name != "no password yet" || !slices.ContainsFunc(c.Flows, func(f explore.Flow) bool {
			return slices.Contains([]string{"set first", "invite", "accept invitation", "send reset"}, f.Name)
		})
	})
	e := effort{whole: testrun.Size(60, 120, 100_000), drawn: testrun.Size(40, 60, 2000)}
	each(t, cells, n, func(c explore.Cell, r *rand.Rand, y *tally) {
		found, failed := e.explore(c, explore.Search{Preemptions: -1}, r)
		y.add(c, found)
		if failed != nil {
			y.fail(t, failed)
		}
	})
}

// TestTriples runs three flows that write, with at most two preemptions, and then some
// with more.
func TestTriples(t *testing.T) {
	e := effort{whole: testrun.Size(30, 60, 1000), drawn: testrun.Size(30, 60, 1000)}
	n := seed(t)
	each(t, few(explore.Cells(3, explore.Writers()), testrun.Size(60, 1000, 0), n), n, func(c explore.Cell, r *rand.Rand, y *tally) {
		found, failed := e.explore(c, explore.Search{Preemptions: 2}, r)
		y.add(c, found)
		if failed != nil {
			y.fail(t, failed)
		}
	})
}

// TestFaults makes all troubles at all steps of all flows.
func TestFaults(t *testing.T) {
	n := seed(t)
	cells := explore.Cells(1, explore.Flows())
	each(t, few(cells, len(cells), n), n, func(c explore.Cell, _ *rand.Rand, y *tally) {
		y.add(c, explore.Found{Schedules: c.Faults(func(f *explore.Failure) { y.fail(t, f) }), Complete: true})
	})
}

// TestApart runs pairs of flows at replicas whose clocks are five minutes apart.
func TestApart(t *testing.T) {
	n := seed(t)
	each(t, some(pairs(), testrun.Size(1, 0, 0), n), n, func(c explore.Cell, _ *rand.Rand, y *tally) {
		y.add(c, explore.Found{Schedules: 3, Complete: true})
		if f := c.Apart(5 * time.Minute); f != nil {
			y.fail(t, f)
		}
	})
}

// TestReductionOfSteps holds what the steps say of what they touch against all orders:
// without the reduction there must be no outcome more. Cells that have too many orders
// for that are left out.
func TestReductionOfSteps(t *testing.T) {
	n := seed(t)
	most := testrun.Size(100, 200, 2000)
	each(t, few(pairs(), testrun.Size(60, 600, 3000), n), n, func(c explore.Cell, _ *rand.Rand, y *tally) {
		for _, x := range []explore.Search{{Preemptions: -1}, {Serial: true, Cut: true}} {
			few, found := c.Outcomes(x)
			x.Full, x.Max = true, most
			all, full := c.Outcomes(x)
			if found.Add(full); !full.Complete {
				continue
			}
			y.add(c, found)
			for o := range all {
				if !few[o] {
					t.Errorf("%s: the reduction of %+v loses\n%s", c, x, o)
				}
			}
		}
	})
}

// TestReplayOne replays what PASSWD_EXPLORE names.
func TestReplayOne(t *testing.T) {
	text := os.Getenv("PASSWD_EXPLORE")
	if text == "" {
		t.Skip("PASSWD_EXPLORE names nothing to replay")
	}
	trace, err := explore.ReplayText(text)
	t.Log("\n" + strings.Join(trace, "\n"))
	if err != nil {
		t.Error(err)
	}
}

// A replay says which schedule, fault or clocks; what is no failure by a rule that has its
// reason is none there either.
func TestReplays(t *testing.T) {
	for _, test := range []struct {
		text, last string // the last step
		fails      bool
	}{
		{text: "fresh | require | revoke all @ 0.1.0.1", last: "1 Apply a raise"},
		{text: "fresh | sign in @ error before at 3", last: "0 Take login"},
		{text: "settled | change | change @ clocks 5m0s 0s", last: "1 Take current"},
		{text: "settled | ask for code | ask for code @ clocks 5m 0s", last: "1 Claim"},
		{text: "no password yet | invite | invite @ clocks 5m 0s", last: "1 Claim"},
		{text: "stopped and known | sign in elsewhere | host deletes @ 0x2.1x3.0x2", last: "0 Clear login"},
		{text: "stopped | change if required | host deletes @ 0x2.1x3.0x2", last: "0 Clear login"},
		{text: "fresh | sign in | sign in @ clocks 5m", fails: true},
		{text: "fresh | sign in | sign in @ clocks 5 6", fails: true},
		{text: "fresh | sign in @ clocks 5m", fails: true},
		{text: "fresh | sign in | sign in @ 0x", fails: true},
		{text: "fresh | sign away @ ", fails: true},
		{text: "lost | sign in @ ", fails: true},
	} {
		trace, err := explore.ReplayText(test.text)
		if (err != nil) != test.fails {
			t.Errorf("%s: %v", test.text, err)
		} else if !test.fails && trace[len(trace)-1] != test.last {
			t.Errorf("%s ends with %s, want %s", test.text, trace[len(trace)-1], test.last)
		}
	}
	failure := explore.Failure{Cell: explore.Cell{Ahead: []time.Duration{5 * time.Minute, 0}}}
	if text := failure.Error(); !strings.Contains(text, " @ clocks 5m0s 0s' ") {
		t.Errorf("a failure with clocks apart says %s", text)
	}
}

// Nothing of a cell is left behind: every schedule ends its goroutines, those that are
// passed over, broken off or killed as well, and what a search keeps does not grow with
// the schedules that it has run.
func TestNothingIsLeft(t *testing.T) {
	c, err := explore.ParseCell("almost stopped | forced change | redeem code")
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var first uint64
	schedules := 0
	orders := c.Serial()
	for _, x := range []explore.Search{{Preemptions: -1, Max: 300}, {Preemptions: 1}, {Serial: true, Cut: true}} {
		c.Outcomes(x)
	}
	c.Explore(func(begin func() []explore.Op, visit func(explore.Schedule) bool) explore.Found {
		return explore.Search{Preemptions: -1, Max: 600}.Run(begin, func(s explore.Schedule) bool {
			if schedules++; schedules == 50 {
				first = heap()
			}
			return visit(s)
		})
	}, orders)
	if last := heap(); last > first+8<<20 {
		t.Errorf("after 50 schedules %d bytes are in use, after %d %d", first, schedules, last)
	}
	for _, f := range explore.Flows()[:5] {
		explore.Cell{State: c.State, Flows: []explore.Flow{f}}.Faults(func(*explore.Failure) {})
	}
	testrun.Until(t, func() bool { return runtime.NumGoroutine() <= before }, func() string {
		return "goroutines: " + strconv.Itoa(runtime.NumGoroutine()) + " of " + strconv.Itoa(before)
	})
}
