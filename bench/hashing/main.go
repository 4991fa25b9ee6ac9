// Command hashing compares arrangements around Argon2id: how many passwords a
// second they verify, and how much memory the process comes to hold, for several
// numbers of goroutines that want it at once.
//
//	go run ./bench/hashing [-rounds 3] [-goroutines 1,2,8,64,512] [-calls 128]
//
// Every cell of the table is a process of its own, so that none inherits the heap
// of another, and the cells of a round alternate, so that what else the machine
// does hits all of them. Throughput is the median of the rounds, memory the most
// that any of them held. Memory is read from /proc and is 0 elsewhere.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

func main() {
	cell := flag.String("cell", "", "measure one `arrangement` only, and print it as JSON: what the command asks of its children")
	rounds := flag.Int("rounds", 3, "how often each cell is measured")
	levels := flag.String("goroutines", "1,2,8,64,512", "how many ask at once")
	calls := flag.Int("calls", 128, "how many calls measure a cell, at least")
	flag.Parse()
	if err := run(os.Stdout, *cell, *levels, *rounds, *calls); err != nil {
		fmt.Fprintln(os.Stderr, "hashing:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, cell, list string, rounds, calls int) error {
	levels, err := parseLevels(list)
	if err != nil {
		return err
	}
	if rounds < 1 {
		return fmt.Errorf("-rounds is %d, want at least 1", rounds)
	}
	if calls < 1 {
		return fmt.Errorf("-calls is %d, want at least 1", calls)
	}
	if cell != "" {
		m, err := measure(context.Background(), cell, levels[0], calls)
		if err != nil {
			return err
		}
		return json.NewEncoder(w).Encode(m)
	}
	fmt.Fprintf(w, "Argon2id m=19456 t=2 p=1, GOMAXPROCS %d, %s, %d rounds\n\n", runtime.GOMAXPROCS(0), runtime.Version(), rounds)
	fmt.Fprintf(w, "| goroutines | %s | service : best of the others |\n|---%s|---|\n", strings.Join(names(), " | "), strings.Repeat("|---", len(arrangements)))
	for _, level := range levels {
		row, err := measureRow(level, rounds, calls)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, row)
	}
	return nil
}

func parseLevels(list string) ([]int, error) {
	var levels []int
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-goroutines: %q is not a number from 1", text)
		}
		levels = append(levels, n)
	}
	return levels, nil
}

// measureRow measures every arrangement with that many goroutines, in child
// processes.
func measureRow(goroutines, rounds, calls int) (string, error) {
	rates := make(map[string][]float64)
	peaks := make(map[string]int64)
	for range rounds {
		for _, name := range names() {
			m, err := child(name, goroutines, calls)
			if err != nil {
				return "", fmt.Errorf("%s with %d goroutines: %w", name, goroutines, err)
			}
			rates[name] = append(rates[name], m.PerSecond)
			peaks[name] = max(peaks[name], m.PeakBytes)
		}
	}
	var row strings.Builder
	var best, service float64
	fmt.Fprintf(&row, "| %d ", goroutines)
	for _, name := range names() {
		rate := median(rates[name])
		fmt.Fprintf(&row, "| %.1f/s, %d MiB ", rate, peaks[name]>>20)
		if isService(name) {
			service = max(service, rate)
		} else {
			best = max(best, rate)
		}
	}
	fmt.Fprintf(&row, "| %.2f |", service/best)
	return row.String(), nil
}

func child(name string, goroutines, calls int) (measurement, error) {
	var m measurement
	self, err := os.Executable()
	if err != nil {
		return m, err
	}
	cmd := exec.Command(self, "-cell", name, "-goroutines", strconv.Itoa(goroutines), "-calls", strconv.Itoa(calls))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(out, &m)
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}
