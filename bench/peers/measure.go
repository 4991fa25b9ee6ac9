package main

import (
	"context"
	"fmt"
	"os"
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
				errs[c] = f.do(ctx, p, users[i])
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

// cpu returns what the app's process has used so far, by Linux, to 10 ms; -1 if that
// cannot be told.
func (p *peer) cpu() time.Duration {
	if p.process == nil {
		return -1
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.process.Process.Pid))
	if err != nil {
		return -1
	}
	_, after, _ := strings.Cut(string(text), ") ") // the name may have spaces
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return -1
	}
	var ticks int64
	for _, field := range fields[11:13] { // utime and stime, proc_pid_stat(5)
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return -1
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
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
