package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

// measurement is one cell of the table.
type measurement struct {
	PerSecond float64
	PeakBytes int64 // that the process has ever held; 0 if it cannot be told
}

// measure makes at least calls calls, the same number on each goroutine.
func measure(ctx context.Context, name string, goroutines, calls int) (measurement, error) {
	for _, a := range arrangements {
		if a.name != name {
			continue
		}
		verify, err := a.make(ctx, goroutines)
		if err != nil {
			return measurement{}, err
		}
		each := max(1, (calls+goroutines-1)/goroutines)
		took, err := together(goroutines, each, verify)
		return measurement{float64(goroutines*each) / took.Seconds(), peak()}, err
	}
	return measurement{}, fmt.Errorf("no arrangement is called %q", name)
}

// together makes each calls on each goroutine, and returns how long all took.
func together(goroutines, each int, call func(goroutine int) error) (time.Duration, error) {
	var wg sync.WaitGroup
	errs := make(chan error, goroutines)
	began := time.Now()
	for g := range goroutines {
		wg.Go(func() {
			for range each {
				if err := call(g); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	select {
	case err := <-errs:
		return took, err
	default:
		return took, nil
	}
}

// peak is the most memory that this process has had in RAM.
func peak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	line, _, _ := bytes.Cut(rest, []byte("kB"))
	kib, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}
