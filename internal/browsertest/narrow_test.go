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

// What does not fit is seen.
func TestNarrowSees(t *testing.T) {
	needBrowser(t)
	b := open(t, chrome.Options{})
	b.Screen(320, 640, 1, 16)
	b.Visit("about:blank")
	chrome.Eval[string](b, `document.body.innerHTML = '<p style="width: 400px">wide</p><p style="overflow: hidden; width: 3em; white-space: nowrap">this is cut off</p>'`)
	if found := chrome.Eval[[]string](b, overflow); len(found) < 3 {
		t.Errorf("only %q", found)
	}
}
