package browsertest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// chromium returns the browser, or skips the test where there is none, unless
// PASSWD_TEST_REQUIRE names it.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if slices.Contains(strings.Split(os.Getenv("PASSWD_TEST_REQUIRE"), ","), "chromium") {
		t.Fatal("chromium is required, and not installed")
	}
	t.Skip("chromium is not installed")
	return ""
}

// tab is a tab of a fresh browser that writes down what it does.
type tab struct {
	t    *testing.T
	s    *site
	ctx  context.Context
	mu   sync.Mutex
	said []string // by the browser: violations and warnings
	urls []string // asked for
	refs []string // referrers sent
}

func (s *site) open(t *testing.T, scripts bool) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.WSURLReadTimeout(time.Minute),
		// The browser must ask for nothing of its own.
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-domain-reliability", true))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{t: t, s: s, ctx: ctx}
	for _, start := range []func() error{
		func() error { return chromedp.Listen(ctx, b.note) },
		func() error { _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); return err },
		func() error { _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); return err },
		func() error { _, err := chromedp.Call(ctx, audits.Enable, cdp.Empty{}); return err },
		func() error {
			_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
			return err
		},
	} {
		if err := start(); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b *tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		// That a form came back is what we expect.
		if !strings.Contains(e.Entry.Text, "status of 422") {
			b.said = append(b.said, fmt.Sprintf("%s: %s (%s)", e.Entry.Level, e.Entry.Text, e.Entry.URL))
		}
	case *audits.EventIssueAdded:
		b.said = append(b.said, fmt.Sprintf("issue %s", e.Issue.Code))
	case *network.EventRequestWillBeSent:
		b.urls = append(b.urls, e.Request.URL)
	case *network.EventRequestWillBeSentExtraInfo:
		for name, value := range e.Headers {
			if strings.EqualFold(name, "Referer") {
				b.refs = append(b.refs, fmt.Sprint(value))
			}
		}
	}
}

func (b *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) visit(url string) { b.t.Helper(); b.run(chromedp.Navigate(url)) }

// fill types into a field.
func (b *tab) fill(id, text string) {
	b.t.Helper()
	b.run(chromedp.SendKeys(chromedp.ID(id), text))
}

// send presses the button of the form, and waits for the next page.
func (b *tab) send() {
	b.t.Helper()
	b.leave("form button:not([type=button])")
}

// leave clicks, and waits for the page that follows.
func (b *tab) leave(selector string) {
	b.t.Helper()
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.t.Fatalf("click on %s: %v", selector, err)
	}
}

// eval returns the value of a script.
func eval[T any](b *tab, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return v
}

// poll waits until a script is true.
func (b *tab) poll(script string) {
	b.t.Helper()
	for range 200 {
		if eval[bool](b, script) {
			return
		}
		b.run(chromedp.Sleep(50 * time.Millisecond))
	}
	b.t.Fatalf("never true: %s", script)
}

// want checks which page is there, and that it fits a narrow screen.
func (b *tab) want(heading, path string) {
	b.t.Helper()
	type place struct {
		Heading, Path string
		Wide          bool
	}
	got := eval[place](b, `({Heading: document.querySelector("h1").textContent, Path: location.pathname + location.search,
		Wide: document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth})`)
	if got.Heading != heading || got.Path != path {
		b.t.Fatalf("on %q at %s, want %q at %s", got.Heading, got.Path, heading, path)
	}
	if got.Wide {
		b.t.Errorf("%s is wider than the screen", path)
	}
}

// quiet checks that the browser had nothing to say, asked nobody else for
// anything, and told nobody a token.
func (b *tab) quiet(tokens ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.said {
		b.t.Errorf("browser: %s", line)
	}
	for _, url := range b.urls {
		if !strings.HasPrefix(url, b.s.origin+"/") && !strings.HasPrefix(url, b.s.mail+"/") {
			b.t.Errorf("request to %s", url)
		}
		for _, token := range tokens {
			if strings.Contains(url, token) && !strings.Contains(url, "/reset?token=") {
				b.t.Errorf("token in %s", url)
			}
		}
	}
	for _, ref := range b.refs {
		if strings.TrimSuffix(ref, "/") != b.s.origin && strings.TrimSuffix(ref, "/") != b.s.mail && !strings.HasSuffix(ref, "/sign-in") {
			b.t.Errorf("referrer %s", ref)
		}
	}
	if len(b.urls) == 0 {
		b.t.Error("no request was seen")
	}
}
