// Command screenshots makes the pictures of docs/pages.md: every page in light, in
// dark and from right to left.
//
//	go run ./internal/browsertest/cmd/screenshots -o docs/pages
//
// It needs Chromium and a font with Arabic letters. The pages are served by the
// library itself, to nobody but the browser.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/page"
	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/tour"
)

// shown are the stops that have a picture.
var shown = []string{
	"sign_in", "sign_in-wrong", "change", "change-rejected", "change-weak", "change-easy", "change-strong", "forced", "forced-temporary", "forgot", "forgot-empty",
	"forgot-busy", "sent", "forgot_code", "reset_code", "reset_code-wrong", "reset_code-over", "reset", "reset-other", "reset-rejected",
	"done", "done-other", "expired", "stale", "cancel", "done-cancel", "devices", "error",
}

// variants are the columns of a picture.
var variants = []struct {
	language string
	scheme   chrome.Scheme
}{{"en", chrome.Light}, {"en", chrome.Dark}, {"ar", chrome.Light}}

// width is how wide each of them is, in pixels.
const width = 380

func main() {
	folder := flag.String("o", "docs/pages", "`folder` to write to")
	flag.Parse()
	if err := run(context.Background(), *folder); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folder string) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	running, stop, err := chrome.Start(ctx)
	if err != nil {
		return err
	}
	defer stop()
	r := &reporter{}
	defer r.close()
	defer func() {
		if failed, ok := recover().(failure); ok {
			err = errors.New(string(failed))
		}
	}()
	columns := map[string][]image.Image{}
	for _, v := range variants {
		b := chrome.Open(running, r, chrome.Options{Language: v.language})
		b.Show(v.scheme)
		for _, stop := range stops() {
			stop.Go(ctx, r, b)
			shot, err := shoot(b)
			if err != nil {
				return err
			}
			columns[stop.Name] = append(columns[stop.Name], shot)
		}
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := overview(ctx, running, r, folder); err != nil {
		return err
	}
	total := 0
	for _, name := range shown {
		data, err := sheet(columns[name])
		if err != nil {
			return err
		}
		total += len(data)
		if err := os.WriteFile(filepath.Join(folder, name+".png"), data, 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("%d pictures, %d kB\n", len(shown), total/1000)
	return nil
}

func stops() []tour.Stop {
	byName := map[string]tour.Stop{}
	for _, stop := range tour.Stops() {
		byName[stop.Name] = stop
	}
	var all []tour.Stop
	for _, name := range shown {
		stop, ok := byName[name]
		if !ok {
			panic("no stop " + name)
		}
		all = append(all, stop)
	}
	return all
}

// shoot makes a picture of the whole page. Nothing blinks in it.
func shoot(b *chrome.Tab) (image.Image, error) {
	b.Screen(width, 3000, 1, 16) // without a bar to scroll by
	height := chrome.Eval[int64](b, `document.documentElement.style.caretColor = "transparent", Math.ceil(document.body.getBoundingClientRect().bottom)`)
	b.Screen(width, height, 1, 16)
	data := chrome.Call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{}).Data
	b.Screen(800, 900, 1, 16)
	return png.Decode(bytes.NewReader(data))
}

// reporter is what a test is to tabs, in a command.
type reporter struct{ cleanups []func() }

type failure string

func (r *reporter) Helper()            {}
func (r *reporter) Cleanup(end func()) { r.cleanups = append(r.cleanups, end) }

func (r *reporter) Errorf(format string, args ...any) { r.Fatalf(format, args...) }

func (r *reporter) Fatalf(format string, args ...any) { panic(failure(fmt.Sprintf(format, args...))) }

func (r *reporter) close() {
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
}
