package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/passwd-go/passwd/pwpolicy/breach"
)

// progress shows how far a build is: as a bar that is drawn over itself on a
// terminal, elsewhere as a line for every twentieth.
type progress struct {
	w        io.Writer
	terminal bool
	now      func() time.Time
	start    time.Time
	shown    time.Time
	twenties int
}

func newProgress(w io.Writer, now func() time.Time) *progress {
	p := &progress{w: w, now: now, start: now(), twenties: -1}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

const barWidth = 30

func (p *progress) show(b breach.BuildProgress) {
	now := p.now()
	if !p.terminal {
		if n := int(20 * b.Share); n > p.twenties {
			p.twenties = n
			fmt.Fprintln(p.w, p.text(b, now))
		}
		return
	}
	if b.Share < 1 && now.Sub(p.shown) < 200*time.Millisecond {
		return
	}
	p.shown = now
	filled := min(int(barWidth*b.Share), barWidth)
	fmt.Fprintf(p.w, "\r[%s%s] %s ", strings.Repeat("#", filled), strings.Repeat(".", barWidth-filled), p.text(b, now))
}

func (p *progress) text(b breach.BuildProgress, now time.Time) string {
	taken := now.Sub(p.start)
	text := fmt.Sprintf("%5.1f %%  %.1f M rows", 100*b.Share, float64(b.Rows)/1e6)
	if done := b.Share - b.Begun; done > 0 && taken > 0 {
		text += fmt.Sprintf("  %.1f M/s  %v left", float64(b.Rows)/1e6/taken.Seconds(),
			time.Duration(float64(taken)*(1-b.Share)/done).Round(time.Second))
	}
	return text
}

// end leaves the bar on its line.
func (p *progress) end() {
	if p.terminal && !p.shown.IsZero() {
		fmt.Fprintln(p.w)
	}
}
