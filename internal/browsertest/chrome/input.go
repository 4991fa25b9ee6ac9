package chrome

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Click clicks on the middle of something, as often as count says.
func (b *Tab) Click(selector string, count int) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		b.t.Helper()
		at := b.Press(selector)
		b.Release(at)
		for n := 2; n <= count; n++ {
			b.mouse(input.DispatchMouseEventTypeMousePressed, at, n)
			b.mouse(input.DispatchMouseEventTypeMouseReleased, at, n)
		}
		return chromedp.Void{}, nil
	}
}

// Spot is a point in the window.
type Spot struct{ X, Y float64 }

// Press presses the mouse on the middle of something.
func (b *Tab) Press(selector string) Spot {
	b.t.Helper()
	// What DOM events tell of a document is lost when the browser has kept it for
	// going back, so this asks the document itself. And a page may still move: then
	// once more.
	for range 10 {
		at := Eval[*Spot](b, fmt.Sprintf(`(() => {
			const e = document.querySelector(%q);
			if (!e) return null;
			e.scrollIntoView({ block: "center" });
			const r = e.getClientRects()[0], X = r.x + r.width / 2, Y = r.y + r.height / 2;
			return e.contains(document.elementFromPoint(X, Y)) ? { X, Y } : null;
		})()`, selector))
		if at == nil {
			break
		}
		b.mouse(input.DispatchMouseEventTypeMousePressed, *at, 1)
		if Eval[bool](b, fmt.Sprintf(`document.querySelector(%q).matches(":active")`, selector)) {
			return *at
		}
		b.mouse(input.DispatchMouseEventTypeMouseReleased, *at, 1)
	}
	b.t.Fatalf("%s is not there to be clicked on, on %+v", selector, b.Where())
	return Spot{}
}

// Release releases the mouse.
func (b *Tab) Release(at Spot) {
	b.t.Helper()
	b.mouse(input.DispatchMouseEventTypeMouseReleased, at, 1)
}

func (b *Tab) mouse(what input.DispatchMouseEventType, at Spot, count int) {
	b.t.Helper()
	b.Do(chromedp.MouseEvent(what, at.X, at.Y, chromedp.ButtonLeft, chromedp.ClickCount(count)))
}

// Type types a text where the focus is.
func (b *Tab) Type(text string) {
	b.t.Helper()
	b.Do(chromedp.KeyEvent(text))
}

// Key is a key that does something. What it does may move the focus: so the
// character goes with the key that is pressed, as it does from a keyboard, and not
// after it.
type Key struct {
	name, code, text string
	number           int64
}

// The keys.
var (
	Enter = Key{"Enter", "Enter", "\r", 13}
	Space = Key{" ", "Space", " ", 32}
)

// Hit is an action that presses and releases a key.
func (b *Tab) Hit(k Key) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		press := input.DispatchKeyEventParams{
			Type: input.DispatchKeyEventTypeKeyDown, Key: k.name, Code: k.code, Text: k.text, WindowsVirtualKeyCode: k.number,
		}
		_, err := chromedp.Call(ctx, input.DispatchKeyEvent, press)
		if err == nil {
			press.Type, press.Text = input.DispatchKeyEventTypeKeyUp, ""
			_, err = chromedp.Call(ctx, input.DispatchKeyEvent, press)
		}
		return chromedp.Void{}, err
	}
}

// Step moves the focus on by the Tab key, or back.
func (b *Tab) Step(back bool) {
	b.t.Helper()
	if back {
		b.Do(chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift)))
		return
	}
	b.Do(chromedp.KeyEvent(kb.Tab))
}
