package chrome

import (
	"context"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// profiles are those of a browser that no tab has at the moment. A new one costs
// the browser as much as a short test does.
type profiles struct {
	mu   sync.Mutex
	free []cdp.BrowserContextID
}

type profilesKey struct{}

// take returns a profile without cookies.
func (p *profiles) take(ctx context.Context) (cdp.BrowserContextID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		id := p.free[n-1]
		p.free = p.free[:n-1]
		return id, nil
	}
	made, err := chromedp.CallBrowser(ctx, target.CreateBrowserContext, target.CreateBrowserContextParams{})
	return made.BrowserContextID, err
}

// give takes a profile back whose tab is closed. If it cannot be emptied, nobody
// gets it again.
func (p *profiles) give(ctx context.Context, id cdp.BrowserContextID) {
	if _, err := chromedp.CallBrowser(ctx, storage.ClearCookies, storage.ClearCookiesParams{BrowserContextID: id}); err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, id)
}
