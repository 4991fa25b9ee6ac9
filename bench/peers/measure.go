package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// sample is one turn.
type sample struct {
	each time.Duration // the median of its requests
	wall time.Duration
	cpu  time.Duration // of the app, for one request; -1 if unknown
}

func key(flow string, clients int) string { return fmt.Sprint(flow, "/", clients) }

// turn has an app answer so many requests of a flow, from so many clients at a time.
func (p *peer) turn(ctx context.Context, f flow, clients, requests int) error {
	users := p.pick(requests)
	if f.prepare != nil {
		if err := f.prepare(ctx, p, users); err != nil {
			return fmt.Errorf("before it: %w", err)
		}
		time.Sleep(f.linger) // of what came before
	}
	requests *= max(1, f.times)
	before := p.cpu()
	times := make([]time.Duration, requests)
	errs := make([]error, clients)
	var next atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for c := range clients {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= requests || errs[c] != nil {
					return
				}
				began := time.Now()
				errs[c] = f.do(ctx, p, users[i%len(users)])
				times[i] = time.Since(began)
			}
		})
	}
	all.Wait()
	s := sample{each: quartiles(times).median, wall: time.Since(began) / time.Duration(requests), cpu: -1}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	time.Sleep(f.linger)
	if before >= 0 {
		s.cpu = (p.cpu() - before) / time.Duration(requests)
	}
	p.samples[key(f.name, clients)] = append(p.samples[key(f.name, clients)], s)
	return nil
}

// cpu returns what the threads of the app's process have used so far, by Linux; -1 if
// that cannot be told. Go ends few threads, and so little is forgotten with them.
func (p *peer) cpu() time.Duration {
	if p.process == nil {
		return -1
	}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.process.Process.Pid))
	if err != nil || len(threads) == 0 {
		return -1
	}
	var sum time.Duration
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			continue // it has ended since
		}
		used, _, _ := strings.Cut(string(text), " ") // in nanoseconds
		ns, err := strconv.ParseInt(used, 10, 64)
		if err != nil {
			return -1
		}
		sum += time.Duration(ns)
	}
	return sum
}

// memory returns the most that the app's process has had resident, in MB; -1 if that
// cannot be told.
func (p *peer) memory() int64 {
	if p.process == nil {
		return -1
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.process.Process.Pid))
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return -1
			}
			return kib * 1024 / 1_000_000
		}
	}
	return -1
}
