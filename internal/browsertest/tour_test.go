package browsertest_test

import (
	"context"
	"testing"

	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/tour"
	"github.com/passwd-go/passwd/internal/testrun"
)

// languages are one from left to right, one with long words, and one from right to
// left.
var languages = []string{"en", "de", "ar"}

var schemes = []chrome.Scheme{chrome.Light, chrome.Dark, chrome.Forced}

// TestTour goes to every page in every state, in every language. Nothing that axe
// knows of is wrong with any, in any scheme, and none is too wide for a narrow
// window. The everyday run sees each state in one language and one scheme, and each of
// these in a third of the states. A tab goes through all of a language.
func TestTour(t *testing.T) {
	needBrowser(t)
	for l, language := range languages {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
			t.Cleanup(cancel)
			b := open(t, chrome.Options{Language: language})
			b.Allow("status of 404", "status of 401", "status of 409", "status of 429", "ERR_BLOCKED_BY_CLIENT")
			for n, stop := range tour.Stops() {
				if n%len(languages) != l && !testrun.CI() {
					continue
				}
				t.Run(stop.Name, func(t *testing.T) {
					defer b.For(b.For(t))
					stop.Go(ctx, t, b)
					if got := chrome.Eval[string](b, `document.documentElement.lang`); got != language {
						t.Fatalf("in %q", got)
					}
					t.Run("axe", func(t *testing.T) {
						defer b.For(b.For(t))
						shown := schemes
						if !testrun.CI() {
							shown = schemes[n/len(languages)%len(schemes):][:1]
						}
						accessible(t, b, shown)
					})
					t.Run("narrow", func(t *testing.T) {
						defer b.For(b.For(t))
						narrow(t, b)
					})
				})
			}
		})
	}
}

// accessible checks a page in some schemes.
func accessible(t *testing.T, b *chrome.Tab, shown []chrome.Scheme) {
	chrome.Eval[bool](b, axe(t)+";typeof axe.run === 'function'")
	for _, scheme := range shown {
		b.Show(scheme)
		found := chrome.Await[axeResult](b, runAxe)
		if found.Passes < 10 {
			t.Errorf("%s: %d rules looked at anything", scheme.Name, found.Passes)
		}
		for _, violation := range found.Violations {
			t.Errorf("%s: %s", scheme.Name, violation)
		}
	}
	b.Show(schemes[0])
}

// narrow checks that a page is no wider than a window of 320 pixels (WCAG 1.4.10),
// which is what one of 1280 has at 400 %, whatever the size of letters and the space
// between.
func narrow(t *testing.T, b *chrome.Tab) {
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
}
