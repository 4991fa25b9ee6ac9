// Package chrome drives headless Chromium, and writes down what it says.
package chrome

import (
	"context"
	"errors"
	"os/exec"

	"github.com/chromedp/chromedp"

	"github.com/passwd-go/passwd/internal/testrun"
)

// ErrNone is that no browser is installed.
var ErrNone = errors.New("chrome: chromium is not installed")

// Start starts a browser, which ends with the context or by cancel. Every tab of
// it is opened by [Open] on the context that is returned.
func Start(ctx context.Context) (_ context.Context, cancel context.CancelFunc, err error) {
	path, err := find()
	if err != nil {
		return nil, nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WSURLReadTimeout(testrun.Patience(nil)),
		chromedp.WindowSize(800, 900),
		// The names of hosts that the tests make up.
		chromedp.Flag("host-resolver-rules", "MAP *.lan.test 127.0.0.1"),
		// The browser must ask for nothing of its own.
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-domain-reliability", true),
		// Each window would have pages of the browser's own, in processes of theirs. The
		// first two are what is switched off anyway.
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,InitialWebUI,WebUIReloadButton,WebUIToolbar,"+
			"WebUISplitTabsButton,PreloadTopChromeWebUI,PreloadTopChromeWebUILessNavigations,WebUIOmniboxPopup,WebUIOmniboxFullPopup"),
		// Letters in shades of grey, the same wherever it runs.
		chromedp.Flag("disable-lcd-text", true), chromedp.Flag("font-render-hinting", "none"), chromedp.Flag("hide-scrollbars", false),
	)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	ctx, end := chromedp.NewContext(ctx)
	cancel = func() { end(); stop() }
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		return nil, nil, err
	}
	return context.WithValue(ctx, profilesKey{}, new(profiles)), cancel, nil
}

func find() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNone
}

// T is what a tab reports to: a *testing.T, or a command.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any) // does not return
	Cleanup(func())
}
