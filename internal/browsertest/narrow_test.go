package browsertest_test

import (
	"testing"

	"github.com/passwd-go/passwd/internal/browsertest/chrome"
)

// overflow returns what reaches out of the window, or is cut off.
const overflow = `(() => {
	const root = document.scrollingElement, out = [];
	if (root.scrollWidth > root.clientWidth) out.push("the page is " + root.scrollWidth + " wide, the window " + root.clientWidth);
	for (const e of document.body.querySelectorAll("*")) {
		const r = e.getBoundingClientRect();
		if (r.width === 0 || r.height === 0 || e.closest(".visually-hidden")) continue;
		if (r.left < -0.5 || r.right > root.clientWidth + 0.5) out.push(e.outerHTML.slice(0, 100) + " is at " + r.left + " to " + r.right);
		if (e.localName !== "input" && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0) out.push(e.outerHTML.slice(0, 100) + " is cut off");
	}
	return out;
})()`

// spread spaces letters as far as WCAG 1.4.12 wants pages to bear.
const spread = `Object.assign(document.body.style, { lineHeight: 1.5, letterSpacing: "0.12em", wordSpacing: "0.16em" }), true`

// No page is ever wider than a window of 320 pixels (WCAG 1.4.10), which is what
// one of 1280 has at 400 %, whatever the size of letters and the space between.
func TestNarrow(t *testing.T) {
	everywhere(t, func(t *testing.T, b *chrome.Tab) {
		check := func(what string) {
			for _, line := range chrome.Eval[[]string](b, overflow) {
				t.Errorf("%s: %s", what, line)
			}
		}
		b.Screen(320, 640, 1, 16)
		check("320 pixels")
		b.Screen(320, 256, 4, 16)
		check("400 %")
		b.Screen(320, 256, 4, 32)
		check("400 % with letters twice as large")
		b.Screen(320, 640, 1, 16)
		chrome.Eval[bool](b, spread)
		check("with space between the letters")
		b.Screen(800, 900, 1, 16)
	})
}

// What does not fit is seen.
func TestNarrowSees(t *testing.T) {
	if testing.Short() {
		t.Skip("drives a browser")
	}
	b := open(t, chrome.Options{})
	b.Screen(320, 640, 1, 16)
	b.Visit("about:blank")
	chrome.Eval[string](b, `document.body.innerHTML = '<p style="width: 400px">wide</p><p style="overflow: hidden; width: 3em; white-space: nowrap">this is cut off</p>'`)
	if found := chrome.Eval[[]string](b, overflow); len(found) < 3 {
		t.Errorf("only %q", found)
	}
}
