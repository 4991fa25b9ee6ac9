package main

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/page"

	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/tour"
)

// views are the screens of the picture that shows pages as a whole: on a desktop, and on
// two phones.
var views = []struct {
	stop, language string
	scheme         chrome.Scheme
	width          int64
}{
	{"change-strong", "en", chrome.Light, 720},
	{"reset-weak", "en", chrome.Dark, 375},
	{"change-weak", "ar", chrome.Light, 375},
}

// tall is how high each of them is, in pixels.
const tall = 880

// overview makes the one picture for those who have not read a line yet.
func overview(ctx, running context.Context, r *reporter, folder string) error {
	byName := map[string]tour.Stop{}
	for _, stop := range tour.Stops() {
		byName[stop.Name] = stop
	}
	var screens []image.Image
	for _, v := range views {
		b := chrome.Open(running, r, chrome.Options{Language: v.language})
		b.Show(v.scheme)
		byName[v.stop].Go(ctx, r, b)
		b.Screen(v.width, tall, 1, 16)
		chrome.Eval[string](b, `document.documentElement.style.caretColor = "transparent", document.documentElement.style.overflow = "hidden", scrollTo(0, 0), ""`)
		shot, err := png.Decode(bytes.NewReader(chrome.Call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{}).Data))
		if err != nil {
			return err
		}
		screens = append(screens, shot)
	}
	data, err := sheet(screens)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "overview.png"), data, 0o644)
}
