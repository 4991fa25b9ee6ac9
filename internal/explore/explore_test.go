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
)

func long() bool { return os.Getenv("PASSWD_TEST_LONG") != "" }

// seed returns that of PASSWD_EXPLORE_SEED, or a new one, and prints it.
func seed(t *testing.T) uint64 {
	n, err := strconv.ParseUint(os.Getenv("PASSWD_EXPLORE_SEED"), 10, 64)
	if err != nil {
		n = rand.Uint64N(1_000_000)
	}
	t.Logf("PASSWD_EXPLORE_SEED=%d", n)
	return n
}

// some draws n of the cells; in the long run it is all of them.
func some(cells []explore.Cell, n int, seed uint64) []explore.Cell {
	if long() {
		return cells
	}
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
	return cells[:min(n, len(cells))]
}

// pairs are all cells of two flows.
var pairs = func() func() []explore.Cell {
	all := sync.OnceValue(func() []explore.Cell { return explore.Cells(2, explore.Flows()) })
	return func() []explore.Cell { return slices.Clone(all()) }
}()

// tally is what all cells of a test come to.
type tally struct {
	sync.Mutex
	cells, schedules, steps, bounded, failed, pending int
	began                                             time.Time
}

func (y *tally) add(found explore.Found) {
	y.Lock()
	defer y.Unlock()
	y.cells++
	y.schedules += found.Schedules
	y.steps += found.Steps
	if !found.Complete {
		y.bounded++
	}
}

const maxFailures = 20 // that are printed

func (y *tally) fail(t *testing.T, f *explore.Failure) {
	y.Lock()
	defer y.Unlock()
	if f.Pending() {
		y.pending++
		return
	}
	if y.failed++; y.failed <= maxFailures || long() {
		t.Error("\n" + f.Error())
	}
}

// enough reports that there are as many failures as are printed.
func (y *tally) enough() bool {
	y.Lock()
	defer y.Unlock()
	return y.failed >= maxFailures && !long()
}

// each does something with every cell, on all processors.
func each(t *testing.T, what string, cells []explore.Cell, do func(i int, c explore.Cell, y *tally)) {
	y := &tally{began: time.Now()}
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				if !y.enough() {
					do(i, cells[i], y)
				}
			}
		})
	}
	for i := range cells {
		next <- i
	}
	close(next)
	wg.Wait()
	t.Logf("%s: %d cells in %d states, %d schedules, %d steps, %d cells with bounded preemption, %d failures, %d of known faults, %v",
		what, y.cells, explore.States(), y.schedules, y.steps, y.bounded, y.failed, y.pending, time.Since(y.began).Round(time.Millisecond))
}

// TestPairs runs pairs of flows: in the long run all of them in all orders, those with
// too many in all with at most three preemptions; else some of them.
func TestPairs(t *testing.T) {
	n := seed(t)
	cells := some(pairs(), 1200, n)
	each(t, "pairs", cells, func(i int, c explore.Cell, y *tally) {
		whole := explore.Search{Preemptions: -1, Max: 40}
		bounded := explore.Search{Preemptions: 2, Max: 40}
		if long() {
			whole.Max, bounded.Preemptions, bounded.Max = 20_000, 3, 0
		}
		orders := c.Serial()
		found, failed := c.Explore(whole.Run, orders)
		if failed == nil && !found.Complete && !long() {
			r := rand.New(rand.NewPCG(n, uint64(i)))
			_, failed = c.Explore(func(begin func() []explore.Op, visit func(explore.Schedule) bool) explore.Found {
				return whole.Sample(20, r.IntN, begin, visit)
			}, orders)
		}
		if failed == nil && !found.Complete {
			more, f := c.Explore(bounded.Run, orders)
			found.Schedules, found.Steps, failed = found.Schedules+more.Schedules, found.Steps+more.Steps, f
		}
		y.add(found)
		if failed != nil {
			y.fail(t, failed)
		}
	})
}

// TestTriples runs three flows that write, with at most two preemptions.
func TestTriples(t *testing.T) {
	n := seed(t)
	cells := some(explore.Cells(3, explore.Writers()), 30, n)
	each(t, "triples", cells, func(i int, c explore.Cell, y *tally) {
		x := explore.Search{Preemptions: 2}
		if !long() {
			x.Max = 60
		}
		found, failed := c.Explore(x.Run, c.Serial())
		y.add(found)
		if failed != nil {
			y.fail(t, failed)
		}
	})
}

// TestFaults makes all troubles at all steps of all flows.
func TestFaults(t *testing.T) {
	each(t, "faults", explore.Cells(1, explore.Flows()), func(i int, c explore.Cell, y *tally) {
		y.add(explore.Found{Schedules: c.Faults(func(f *explore.Failure) { y.fail(t, f) }), Complete: true})
	})
}

// TestApart runs pairs of flows at replicas whose clocks are five minutes apart.
func TestApart(t *testing.T) {
	each(t, "apart", some(pairs(), 1000, seed(t)), func(i int, c explore.Cell, y *tally) {
		y.add(explore.Found{Schedules: 3, Complete: true})
		if f := c.Apart(5 * time.Minute); f != nil {
			y.fail(t, f)
		}
	})
}

// TestReductionOfSteps holds what the steps say of what they touch against all orders:
// without the reduction there must be no outcome more.
func TestReductionOfSteps(t *testing.T) {
	cells := some(pairs(), 150, seed(t))
	each(t, "reduction", cells, func(i int, c explore.Cell, y *tally) {
		most := 200
		if long() {
			most = 5000
		}
		all := c.Outcomes(explore.Search{Full: true, Preemptions: -1, Max: most})
		if all == nil { // too many orders for a comparison
			return
		}
		few := c.Outcomes(explore.Search{Preemptions: -1})
		y.add(explore.Found{Complete: true})
		for o := range all {
			if !few[o] {
				t.Errorf("%s: the reduction loses\n%s", c, o)
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
