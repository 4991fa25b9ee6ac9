package chrome

import (
	"context"
	"sync"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/passwd-go/passwd/internal/testrun"
)

// Tab is a tab with a profile, and so cookies, of its own, that writes down what the browser says
// and asks for.
type Tab struct {
	t   T
	ctx context.Context

	mu     sync.Mutex
	said   []string // violations, warnings, errors
	urls   []string // asked for
	status int      // of the last document
	expect []string // parts of what may be said
	left   int      // how many documents have been left
}

// Options say what kind of reader a tab is.
type Options struct {
	NoScripts bool
	Language  string // preferred; "" for the browser's own
}

// Open opens a tab in the browser of [Start]. It is closed when the test ends.
func Open(ctx context.Context, t T, o Options) *Tab {
	t.Helper()
	all, unused := ctx, ctx.Value(profilesKey{}).(*profiles)
	profile, err := unused.take(all)
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
	t.Cleanup(func() { unused.give(all, profile) })
	ctx, cancel := context.WithTimeout(ctx, 3*testrun.Patience(t))
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithExistingBrowserContext(profile))
	t.Cleanup(cancel)
	return start(ctx, t, o)
}

// start prepares the tab of a context.
func start(ctx context.Context, t T, o Options) *Tab {
	t.Helper()
	b := &Tab{t: t, ctx: ctx}
	b.Do(chromedp.Navigate("about:blank"))
	b.must(chromedp.Listen(ctx, b.note))
	call(b, log.Enable, cdp.Empty{})
	call(b, network.Enable, network.EnableParams{})
	call(b, audits.Enable, cdp.Empty{})
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: o.NoScripts})
	// Tabs run beside each other, and each has the keyboard.
	call(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	if o.Language != "" {
		version := call(b, browser.GetVersion, cdp.Empty{})
		call(b, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: version.UserAgent, AcceptLanguage: o.Language})
	}
	return b
}

// For has the tab report to another test, and returns the one before.
func (b *Tab) For(t T) T {
	before := b.t
	b.t = t
	return before
}

func (b *Tab) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("browser: %v", err)
	}
}

// call calls a command of the DevTools protocol.
func call[P, R any](b *Tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		b.t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

// Call calls a command of the DevTools protocol.
func Call[P, R any](b *Tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	return call(b, command, params)
}

// Do runs actions.
func (b *Tab) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	b.must(chromedp.Do(b.ctx, actions...))
}

// Visit goes to a URL.
func (b *Tab) Visit(url string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.t.Fatalf("visit: %v", err) // which names no URL: there may be a token in it
	}
}

// Eval returns the value of a script, which the policy of the page has no say in.
func Eval[V any](b *Tab, script string) V {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[V](script))
	if err != nil {
		b.t.Fatalf("%.200s: %v", script, err)
	}
	return v
}

// Await returns what the promise of a script is fulfilled with.
func Await[V any](b *Tab, script string) V {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[V](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%.200s: %v", script, err)
	}
	return v
}

// Poll waits until a script is true.
func (b *Tab) Poll(script string) {
	b.t.Helper()
	for end := time.Now().Add(testrun.Patience(b.t)); time.Now().Before(end); b.Do(chromedp.Sleep(10 * time.Millisecond)) {
		// An error is the document that ends while it is asked.
		if there, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](script)); err == nil && there {
			return
		}
	}
	b.t.Fatalf("never true: %s", script)
}
