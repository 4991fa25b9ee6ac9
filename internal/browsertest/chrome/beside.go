package chrome

import (
	"context"
	"time"

	"github.com/chromedp/chromedp"
)

// Beside opens a tab that has the cookies of this one.
func (b *Tab) Beside(t T, o Options) *Tab {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return start(ctx, t, o)
}
