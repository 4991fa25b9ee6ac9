package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/passwd-go/passwd/bench/peers/app"
)

// burst is what became of sign-ins that an app got all at once, with little memory.
type burst struct {
	answered int
	wall     time.Duration
	times    []time.Duration // of those answered
	memory   int64           // the most that was resident, in MB; -1 if unknown
	killed   bool            // it had more than it may
}

// bursts starts one app at a time with GOMEMLIMIT, signs so many in at the same
// moment, and kills the app when it has more memory resident than it was given, as an
// orchestrator would.
func (s settings) bursts(ctx context.Context, folder string, w io.Writer) error {
	fmt.Fprintf(w, "| app | answered | all of them, s | median, ms | slowest, ms | memory |\n|---|---:|---:|---:|---:|---:|\n")
	for i, prog := range programs {
		if !s.wants(prog, false) {
			continue
		}
		p, err := s.launch(ctx, prog, fmt.Sprintf("%s/burst%d", folder, i), false)
		if err == nil {
			fmt.Fprintf(w, "| %s | %s\n", p.name, p.burst(ctx, s.burst, s.memory))
		}
		if p != nil {
			p.stop()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", prog.name, err)
		}
	}
	return nil
}

func (p *peer) burst(ctx context.Context, n, limit int) burst {
	ctx, stop := context.WithCancel(ctx)
	var b burst
	var watching, all sync.WaitGroup
	watching.Go(func() { b.killed = p.guard(ctx, int64(limit)) })
	times := make([]time.Duration, n) // 0 is no answer
	began := time.Now()
	for i := range n {
		all.Go(func() {
			began := time.Now()
			if p.signIn(ctx, i, app.Address(i), p.password(i), true) == nil {
				times[i] = time.Since(began)
			}
		})
	}
	all.Wait()
	b.wall, b.memory = time.Since(began), p.memory()
	stop()
	watching.Wait()
	b.times = slices.DeleteFunc(times, func(d time.Duration) bool { return d == 0 })
	b.answered = len(b.times)
	return b
}

// guard kills the app once it has had more than so many MB resident, and says whether
// it did; it watches until ctx ends.
func (p *peer) guard(ctx context.Context, limit int64) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
			if p.memory() > limit {
				p.process.Process.Kill()
				return true
			}
		}
	}
}

// String is the rest of a row of the table.
func (b burst) String() string {
	memory := fmt.Sprintf("%d MB", b.memory)
	switch {
	case b.killed:
		memory = "killed"
	case b.memory < 0:
		memory = "–"
	}
	if b.answered == 0 {
		return fmt.Sprintf("0 | – | – | – | %s |", memory)
	}
	q := quartiles(b.times)
	return fmt.Sprintf("%d | %s | %s | %s | %s |", b.answered, figure(b.wall.Seconds()), figure(ms(q.median)), figure(ms(b.times[len(b.times)-1])), memory)
}
