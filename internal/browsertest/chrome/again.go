package chrome

import (
	"fmt"

	"github.com/chromedp/cdproto/input"
)

// Refill types into a field in place of what is in it.
func (b *Tab) Refill(id, text string) {
	b.t.Helper()
	Eval[bool](b, fmt.Sprintf(`(document.getElementById(%q).value = "", true)`, id))
	b.Fill(id, text)
}

// Again clicks where something has been pressed before, and asks the page nothing: it
// may be about to go.
func (b *Tab) Again(at Spot) {
	b.t.Helper()
	b.mouse(input.DispatchMouseEventTypeMousePressed, at, 1)
	b.mouse(input.DispatchMouseEventTypeMouseReleased, at, 1)
}
