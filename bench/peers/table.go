package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"
)

type spread[T any] struct{ low, median, high T }

// quartiles of values, which it sorts.
func quartiles[T cmp.Ordered](values []T) spread[T] {
	slices.Sort(values)
	n := len(values)
	return spread[T]{values[n/4], values[n/2], values[n-1-n/4]}
}

// printTables writes Markdown: the time of a request and its CPU.
func printTables(w io.Writer, title string, peers []*peer) {
	fmt.Fprintf(w, "### %s\n", title)
	for _, clients := range []int{1, 16} {
		fmt.Fprintf(w, "\nMilliseconds for a request, %d %s: median (quartiles).\n\n", clients, plural(clients))
		table(w, peers, func(p *peer, f flow) string {
			var values []float64
			for _, s := range p.samples[key(f.name, clients)] {
				values = append(values, ms(s.each))
			}
			if len(values) == 0 {
				return "–"
			}
			q := quartiles(values)
			return fmt.Sprintf("%s (%s–%s)", figure(q.median), figure(q.low), figure(q.high))
		}, nil)
	}
	fmt.Fprint(w, "\nCPU seconds of the app for 1,000 requests, 1 and 16 clients together: median (quartiles); and its largest resident memory.\n\n")
	table(w, peers, func(p *peer, f flow) string {
		var values []float64
		for _, clients := range []int{1, 16} {
			for _, s := range p.samples[key(f.name, clients)] {
				if s.cpu >= 0 {
					values = append(values, 1000*s.cpu.Seconds())
				}
			}
		}
		if len(values) == 0 {
			return "–"
		}
		q := quartiles(values)
		return fmt.Sprintf("%s (%s–%s)", figure(q.median), figure(q.low), figure(q.high))
	}, func(p *peer) string {
		if mb := p.memory(); mb >= 0 {
			return fmt.Sprintf("%d MB", mb)
		}
		return "–"
	})
	fmt.Fprintln(w)
}

func plural(clients int) string {
	if clients == 1 {
		return "client"
	}
	return "clients"
}

// figure has three digits, and more before the point.
func figure(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// table has a row for each app and a column for each flow, and one more if last is
// given.
func table(w io.Writer, peers []*peer, cell func(*peer, flow) string, last func(*peer) string) {
	fmt.Fprint(w, "| app |")
	rule := "|---|"
	for _, f := range flows {
		fmt.Fprintf(w, " %s |", f.name)
		rule += "---:|"
	}
	if last != nil {
		fmt.Fprint(w, " memory |")
		rule += "---:|"
	}
	fmt.Fprintf(w, "\n%s\n", rule)
	for _, p := range peers {
		fmt.Fprintf(w, "| %s |", p.name)
		for _, f := range flows {
			fmt.Fprintf(w, " %s |", cell(p, f))
		}
		if last != nil {
			fmt.Fprintf(w, " %s |", last(p))
		}
		fmt.Fprintln(w)
	}
}
