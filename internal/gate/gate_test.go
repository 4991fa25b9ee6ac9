package gate_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/passwd-go/passwd/internal/gate"
)

// kit keeps the turns that a test has, so that it can give back any of them.
type kit struct {
	*gate.Gate
	turns chan gate.Turn
}

func newGate(workers, waiting int) kit { return newWeighted(workers, 0, waiting) }

func newWeighted(workers int, memory int64, waiting int) kit {
	return kit{gate.New(workers, memory, waiting), make(chan gate.Turn, workers)}
}

func (k kit) Acquire(ctx context.Context) error {
	turn, err := k.Gate.Enter(ctx, 0, "")
	if err == nil {
		k.turns <- turn
	}
	return err
}

func (k kit) Release() { k.Leave(<-k.turns) }

// Enter is Acquire with a weight; leave gives it back.
func (k kit) Enter(ctx context.Context, bytes int64) (leave func(), err error) {
	turn, err := k.Gate.Enter(ctx, bytes, "")
	return func() { k.Leave(turn) }, err
}

func (k kit) Counts() (running, waiting int) {
	s := k.Stats()
	return s.Running, s.Waiting
}

func busy(err error) bool {
	_, ok := errors.AsType[*gate.BusyError](err)
	return ok
}

func wantCounts(t *testing.T, g kit, running, waiting int) {
	t.Helper()
	if r, w := g.Counts(); r != running || w != waiting {
		t.Errorf("%d running and %d waiting, want %d and %d", r, w, running, waiting)
	}
}

func mustAcquire(t *testing.T, g kit) {
	t.Helper()
	if err := g.Acquire(t.Context()); err != nil {
		t.Fatalf("Acquire: %v", err)
	}
}

// I8
func TestGateBusyExactlyAtTheBound(t *testing.T) {
	for _, tt := range []struct{ workers, waiting int }{{1, 0}, {2, 0}, {1, 1}, {2, 5}} {
		synctest.Test(t, func(t *testing.T) {
			g := newGate(tt.workers, tt.waiting)
			for range tt.workers {
				mustAcquire(t, g)
			}
			for range tt.waiting {
				go func() {
					mustAcquire(t, g)
					g.Release()
				}()
			}
			synctest.Wait()
			wantCounts(t, g, tt.workers, tt.waiting)
			if err := g.Acquire(t.Context()); !busy(err) {
				t.Errorf("%+v: one more is %v, want ErrBusy", tt, err)
			}
			wantCounts(t, g, tt.workers, tt.waiting)
			for range tt.workers {
				g.Release()
			}
			synctest.Wait()
			wantCounts(t, g, 0, 0)
		})
	}
}

func TestGateServesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 10)
		mustAcquire(t, g)
		var served []int
		for i := range 10 {
			go func() {
				mustAcquire(t, g)
				served = append(served, i) // the slot is the lock
				g.Release()
			}()
			synctest.Wait() // in the line before the next comes
		}
		g.Release()
		synctest.Wait()
		if want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(served, want) {
			t.Errorf("served in the order %v", served)
		}
		wantCounts(t, g, 0, 0)
	})
}

func TestGateWaiterLeavesWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 2)
		mustAcquire(t, g)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var left error
		go func() { left = g.Acquire(ctx) }()
		synctest.Wait()
		var last atomic.Bool
		go func() {
			mustAcquire(t, g)
			last.Store(true)
		}()
		synctest.Wait()
		wantCounts(t, g, 1, 2)

		<-ctx.Done()
		synctest.Wait()
		if !errors.Is(left, context.DeadlineExceeded) {
			t.Errorf("the first waiter got %v", left)
		}
		wantCounts(t, g, 1, 1)
		if last.Load() {
			t.Error("a slot was made of nothing")
		}
		g.Release()
		synctest.Wait()
		if !last.Load() {
			t.Error("the second waiter was not served")
		}
		wantCounts(t, g, 1, 0)
	})
}

func TestGateEndedContextTakesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g := newGate(1, 1)
	if err := g.Acquire(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Acquire: %v", err)
	}
	wantCounts(t, g, 0, 0)
}

// A slot handed over in the moment in which its waiter gives up goes on to the
// next: none is lost, and none is made twice.
func TestGateLosesNoSlot(t *testing.T) {
	const workers, waiting, callers, rounds = 3, 8, 24, 400
	g := newGate(workers, waiting)
	var running, served, given atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range rounds {
				ctx, cancel := context.WithTimeout(t.Context(), rand.N(20*time.Microsecond))
				switch err := g.Acquire(ctx); {
				case err == nil:
					if n := running.Add(1); n > workers {
						t.Errorf("%d at once", n)
					}
					served.Add(1)
					running.Add(-1)
					g.Release()
				case errors.Is(err, context.DeadlineExceeded):
					given.Add(1)
				case !busy(err):
					t.Errorf("Acquire: %v", err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	wantCounts(t, g, 0, 0)
	for range workers {
		mustAcquire(t, g) // would hang if a slot were lost
	}
	wantCounts(t, g, workers, 0)
	t.Logf("%d served, %d gave up, of %d", served.Load(), given.Load(), callers*rounds)
}

// The same moment, hit every time: release and cancel before the waiter runs.
func TestGatePassesOnWhatCameTooLate(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			g := newGate(1, 2)
			mustAcquire(t, g)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			first, second := make(chan error, 1), make(chan error, 1)
			go func() { first <- g.Acquire(ctx) }()
			synctest.Wait()
			go func() { second <- g.Acquire(t.Context()) }()
			synctest.Wait()

			cancel()
			g.Release()
			if err := <-first; err == nil {
				g.Release()
			} else if !errors.Is(err, context.Canceled) {
				t.Errorf("the first waiter got %v", err)
			}
			if err := <-second; err != nil {
				t.Errorf("the second waiter got %v", err)
			}
			wantCounts(t, g, 1, 0)
		})
	}
}

func mustEnter(t *testing.T, g kit, bytes int64) (leave func()) {
	t.Helper()
	leave, err := g.Enter(t.Context(), bytes)
	if err != nil {
		t.Fatalf("Enter: %v", err)
	}
	return leave
}

// I8: memory is a bound of its own, what needs more than all of it runs alone, and
// nobody passes the first in the line.
func TestGateWeighs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newWeighted(4, 100, 10)
		enter := func(bytes int64) (leave func()) { return mustEnter(t, g, bytes) }
		var order []int64
		wait := func(bytes int64) {
			go func() {
				leave, err := g.Enter(t.Context(), bytes)
				if err != nil {
					t.Errorf("Enter: %v", err)
					return
				}
				order = append(order, bytes)
				time.Sleep(time.Second) // of the bubble's clock
				leave()
			}()
			synctest.Wait()
		}
		sixty, forty := enter(60), enter(40)
		if s := g.Stats(); s.Running != 2 || s.Memory != 100 {
			t.Errorf("full: %+v", s)
		}
		wait(500) // alone
		wait(1)   // would fit sooner, and must not
		forty()
		synctest.Wait()
		wantCounts(t, g, 1, 2)
		sixty()
		synctest.Wait()
		wantCounts(t, g, 1, 1)
		if s := g.Stats(); s.Memory != 100 {
			t.Errorf("alone: %+v", s)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if !slices.Equal(order, []int64{500, 1}) {
			t.Errorf("served in the order %v", order)
		}
		if s := g.Stats(); s != (gate.Stats{Hashed: 4}) {
			t.Errorf("at the end: %+v", s)
		}
	})
}

// When the first of the line gives up, those behind it may fit.
func TestGateHeavyWaiterGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newWeighted(2, 100, 10)
		leave := mustEnter(t, g, 60)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			if _, err := g.Enter(ctx, 50); !errors.Is(err, context.Canceled) {
				t.Errorf("the heavy one got %v", err)
			}
		}()
		synctest.Wait()
		go func() { mustEnter(t, g, 40)() }()
		synctest.Wait()
		wantCounts(t, g, 1, 2)
		cancel()
		synctest.Wait()
		wantCounts(t, g, 1, 0)
		leave()
		synctest.Wait()
		if s := g.Stats(); s != (gate.Stats{Hashed: 2}) {
			t.Errorf("at the end: %+v", s)
		}
	})
}

func TestGateBusySaysWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newWeighted(2, 0, 4)
		for range 40 {
			leave := mustEnter(t, g, 0)
			time.Sleep(3 * time.Second)
			leave()
		}
		one, two := mustEnter(t, g, 1<<40), mustEnter(t, g, 1<<40) // no bound on memory
		for range 4 {
			go func() { mustEnter(t, g, 0)() }()
		}
		synctest.Wait()
		_, err := g.Enter(t.Context(), 0)
		busy, ok := errors.AsType[*gate.BusyError](err)
		if !ok {
			t.Fatalf("Enter: %v", err)
		}
		if want := 8 * time.Second; busy.RetryAfter != want { // 5 turns of 3 s by 2 workers
			t.Errorf("RetryAfter is %v, want %v", busy.RetryAfter, want)
		}
		if s := g.Stats(); s.Running != 2 || s.Waiting != 4 || s.Memory != 0 || s.Hashed != 40 || s.Refused != 1 {
			t.Errorf("full: %+v", s)
		}
		one()
		two()
		synctest.Wait()
	})
	g := newGate(1, 0)
	mustAcquire(t, g)
	if busy, ok := errors.AsType[*gate.BusyError](g.Acquire(t.Context())); !ok || busy.RetryAfter != time.Second {
		t.Errorf("before anything was measured: %v", busy)
	}
}

// One party has at most half of the workers and of the line while others wait, and
// all of both while nobody else does.
func TestGateIsShared(t *testing.T) { // I8
	synctest.Test(t, func(t *testing.T) {
		g := gate.New(2, 0, 8)
		release := make(chan struct{})
		var flood, refused atomic.Int64
		for range 20 {
			go func() {
				turn, err := g.Enter(t.Context(), 0, "flood")
				if err != nil {
					refused.Add(1)
					return
				}
				flood.Add(1)
				<-release
				g.Leave(turn)
			}()
		}
		synctest.Wait()
		if s := g.Stats(); s.Running != 2 || s.Waiting != 8 || refused.Load() != 10 {
			t.Fatalf("alone: %+v, %d refused", s, refused.Load())
		}
		// Others come: each finds room in the line, until the flood has half of it.
		var others atomic.Int64
		for i := range 4 {
			go func() {
				turn, err := g.Enter(t.Context(), 0, string(rune('a'+i)))
				if err != nil {
					t.Errorf("other %d: %v", i, err)
					return
				}
				others.Add(1)
				g.Leave(turn)
			}()
			synctest.Wait()
		}
		if s := g.Stats(); s.Waiting != 8 || refused.Load() != 14 {
			t.Errorf("with others: %+v, %d refused", s, refused.Load())
		}
		// The first worker that is free serves all others before the flood goes on.
		release <- struct{}{}
		synctest.Wait()
		if others.Load() != 4 || flood.Load() != 3 {
			t.Errorf("%d of 4 others served, %d of the flood", others.Load(), flood.Load())
		}
		close(release)
		synctest.Wait()
		if s := g.Stats(); s.Running != 0 || s.Waiting != 0 {
			t.Errorf("in the end: %+v", s)
		}
	})
}
