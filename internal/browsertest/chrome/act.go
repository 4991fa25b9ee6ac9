package chrome

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/passwd-go/passwd/internal/testrun"
)

// Submit finds the button that sends the form of a page.
const Submit = "form button:not([type=button])"

// Fill puts a text into a field in one go, as pasting does, and password managers.
// What is in it already stays. Type takes each key.
func (b *Tab) Fill(id, text string) {
	b.t.Helper()
	b.Focus("#" + id)
	call(b, input.InsertText, input.InsertTextParams{Text: text})
}

// Focus gives something the focus.
func (b *Tab) Focus(selector string) {
	b.t.Helper()
	if !Eval[bool](b, fmt.Sprintf(`(() => { const e = document.querySelector(%q); if (e) e.focus(); return e !== null && e === document.activeElement; })()`, selector)) {
		b.t.Fatalf("%s does not take the focus, on %+v", selector, b.Where())
	}
}

// Send presses the button of the form, and waits for the next page.
func (b *Tab) Send() {
	b.t.Helper()
	b.Follow(Submit)
}

// Follow clicks, and waits for the page that follows.
func (b *Tab) Follow(selector string) {
	b.t.Helper()
	b.Leave(b.Click(selector, 1))
}

// Leave does what leads to another document, and waits until all of that is
// there.
func (b *Tab) Leave(action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	b.left++
	Eval[int](b, fmt.Sprintf("window.leaving = %d", b.left))
	b.Do(action)
	// A page that leads on by itself is not where this ends. Where something takes the
	// focus by itself, it does so a moment later.
	next := fmt.Sprintf(`window.leaving !== %d && document.readyState === "complete" &&
		!document.querySelector("meta[http-equiv=refresh]") &&
		(!document.querySelector("[autofocus]") || document.activeElement.matches("[autofocus]"))`, b.left)
	for end := time.Now().Add(testrun.Patience(b.t)); time.Now().Before(end); b.Do(chromedp.Sleep(10 * time.Millisecond)) {
		// An error is the document that ends while it is asked.
		if there, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](next)); err == nil && there {
			return
		}
	}
	b.t.Fatalf("no other page follows %+v", b.Where())
}

// Back goes back in the history. It reports false where the browser would have to
// send a form again for that, which it asks about first.
func (b *Tab) Back() bool {
	b.t.Helper()
	history := call(b, page.GetNavigationHistory, cdp.Empty{})
	if history.CurrentIndex < 1 {
		b.t.Fatalf("there is nothing to go back to")
	}
	b.Leave(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		to := page.NavigateToHistoryEntryParams{EntryID: history.Entries[history.CurrentIndex-1].ID}
		_, err := chromedp.Call(ctx, page.NavigateToHistoryEntry, to)
		return chromedp.Void{}, err
	})
	return !strings.HasPrefix(Eval[string](b, "location.href"), "chrome-error:")
}

// Script is an action that runs a script.
func (b *Tab) Script(script string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: script})
		return chromedp.Void{}, err
	}
}

// Place is where a tab is.
type Place struct {
	Heading, Path, Title string
}

// Where returns where the tab is.
func (b *Tab) Where() Place {
	b.t.Helper()
	return Eval[Place](b, `({Heading: (document.querySelector("h1") || {textContent: ""}).textContent,
		Path: location.pathname + location.search + location.hash, Title: document.title})`)
}

// Want checks which page is there.
func (b *Tab) Want(heading, path string) {
	b.t.Helper()
	if got := b.Where(); got.Heading != heading || got.Path != path {
		b.t.Fatalf("on %q at %s, want %q at %s", got.Heading, got.Path, heading, path)
	}
}

// History returns the URLs that the tab can go back to, as the browser shows them.
func (b *Tab) History() []string {
	b.t.Helper()
	var urls []string
	for _, entry := range call(b, page.GetNavigationHistory, cdp.Empty{}).Entries {
		urls = append(urls, entry.URL)
	}
	return urls
}

// Scheme is a way to show colours.
type Scheme struct{ Name, Colours, Forced string }

// The schemes.
var (
	Light  = Scheme{"light", "light", "none"}
	Dark   = Scheme{"dark", "dark", "none"}
	Forced = Scheme{"forced colours", "dark", "active"}
)

// Show shows the page in a scheme.
func (b *Tab) Show(s Scheme) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: s.Colours}, {Name: "forced-colors", Value: s.Forced},
	}})
}

// Screen makes the tab a screen of width × height CSS pixels, of scale device
// pixels each, with letters of letters pixels.
func (b *Tab) Screen(width, height int64, scale float64, letters int64) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(width, height, chromedp.EmulateScale(scale)))
	call(b, page.SetFontSizes, page.SetFontSizesParams{FontSizes: &page.FontSizes{Standard: letters}})
}

// SetCookie has the browser keep a cookie for an origin.
func (b *Tab) SetCookie(origin, name, value string) {
	b.t.Helper()
	call(b, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: origin + "/"})
}

// Cookies returns the cookies that the browser keeps.
func (b *Tab) Cookies() []*network.Cookie {
	b.t.Helper()
	return call(b, network.GetCookies, network.GetCookiesParams{}).Cookies
}

// Forget has the browser forget its cookies.
func (b *Tab) Forget() {
	b.t.Helper()
	call(b, network.ClearBrowserCookies, cdp.Empty{})
}

// Block has the browser not ask for URLs of a pattern, of which "" is none.
func (b *Tab) Block(pattern string) {
	b.t.Helper()
	var all []*network.BlockPattern
	if pattern != "" {
		all = append(all, &network.BlockPattern{URLPattern: pattern, Block: true})
	}
	call(b, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: all})
}
