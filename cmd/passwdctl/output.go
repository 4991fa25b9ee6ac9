package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func writeLine(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// progress is a bar on a terminal, with the rate and the time left, and a line every ten seconds elsewhere.
type progress struct {
	out      io.Writer
	total    int // 0: unknown
	began    time.Time
	last     time.Time
	terminal bool
	quiet    bool
}

func newProgress(out io.Writer, total int, quiet bool) *progress {
	p := &progress{out: out, total: total, began: time.Now(), quiet: quiet}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	p.last = p.began
	return p
}

func (p *progress) at(done int) {
	every := 10 * time.Second
	if p.terminal {
		every = 200 * time.Millisecond
	}
	if now := time.Now(); !p.quiet && now.Sub(p.last) >= every {
		p.last = now
		p.show(done)
	}
}

func (p *progress) end(done int) {
	if p.quiet || p.last.Equal(p.began) {
		return
	}
	p.show(done)
	if p.terminal {
		fmt.Fprintln(p.out)
	}
}

func (p *progress) show(done int) {
	rate := float64(done) / max(time.Since(p.began).Seconds(), 0.001)
	text := fmt.Sprintf("%d rows, %.0f/s", done, rate)
	if p.total > 0 {
		part := min(float64(done)/float64(p.total), 1)
		left := time.Duration(float64(max(p.total-done, 0))/max(rate, 0.001)) * time.Second
		width := int(part * 30)
		text = fmt.Sprintf("[%s%s] %3.0f%%  %d of %d rows, %.0f/s, %s left",
			strings.Repeat("=", width), strings.Repeat(" ", 30-width), 100*part, done, p.total, rate, left.Round(time.Second))
	}
	if p.terminal {
		fmt.Fprintf(p.out, "\r\x1b[K%s", text)
		return
	}
	fmt.Fprintln(p.out, text)
}
