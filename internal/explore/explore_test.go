package explore_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd/internal/explore"
)

func TestSolo(t *testing.T) {
	for _, c := range explore.Cells(1, explore.Flows()) {
		for o, s := range c.Serial().Outcomes {
			if !strings.ContainsAny(string(s), "ab") {
				fmt.Println(c, s, "\n   ", strings.ReplaceAll(o, "\n", "\n    "))
			}
		}
	}
}

func TestPairs(t *testing.T) {
	began := time.Now()
	n, schedules, failures, steps := 0, 0, 0, 0
	for _, c := range explore.Cells(2, explore.Flows()) {
		if only := os.Getenv("ONLY"); only != "" && !strings.Contains(c.String(), only) {
			continue
		}
		found, failed := c.Explore(explore.Search{Preemptions: 2, Max: 300}.Run)
		n++
		schedules += found.Schedules
		steps += found.Steps
		if failed != nil {
			failures++
			fmt.Println(failed)
		}
	}
	fmt.Println(n, schedules, steps, failures, time.Since(began))
}

func TestFaults(t *testing.T) {
	n, failures := 0, 0
	for _, c := range explore.Cells(1, explore.Flows()) {
		n += c.Faults(func(f *explore.Failure) { failures++; fmt.Println(f) })
	}
	fmt.Println(n, failures)
}

func TestApart(t *testing.T) {
	n, failures := 0, 0
	for _, c := range explore.Cells(2, explore.Flows()) {
		n++
		if f := c.Apart(5 * time.Minute); f != nil {
			failures++
			fmt.Println(f)
		}
	}
	fmt.Println(n, failures)
}

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
