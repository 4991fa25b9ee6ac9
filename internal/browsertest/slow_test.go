package browsertest_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
)

// A reply that does not come. Who presses again after six seconds is answered as by the
// first: with scripts, as there is no second request; without, as what it asks for has
// been done.
func TestSlowReply(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a slow reply")
	}
	ways := map[string]struct {
		page, path, done string
		begin            func(*testing.T, *chrome.Tab, *stage.Host)
	}{
		"change": {"/change", changePage, "/done", func(_ *testing.T, b *chrome.Tab, h *stage.Host) {
			signIn(b, h, stage.Current)
			b.Visit(h.Origin + changePage)
			b.Fill("current_password", stage.Current)
		}},
		"reset": {"/reset/new", newPage, "/done?after=reset", func(t *testing.T, b *chrome.Tab, h *stage.Host) {
			b.Visit(linkOf(t, h, "ada"))
		}},
		"forced": {"/forced", mount + "/forced", "/done?after=forced&next=%2F", func(t *testing.T, b *chrome.Tab, h *stage.Host) {
			mustChange(t, h)
			signIn(b, h, stage.Current)
		}},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // for most of the time it waits
			both(t, func(t *testing.T, o chrome.Options) {
				h := host(t, stage.Options{})
				b := open(t, o)
				way.begin(t, b, h)
				b.Fill("new_password", stage.Next)
				if !o.NoScripts {
					// The browser answers no questions about a page that it is about to leave: the page notes it down.
					const note = `document.querySelector("form").addEventListener("submit", () => setTimeout(() => {
						const e = document.querySelector(".submit");
						sessionStorage.setItem("said", e.textContent + "/" + e.ariaDisabled + "/" + document.querySelector(".announced").textContent);
					})) ?? true`
					chrome.Eval[bool](b, note)
				}
				release := h.Hold(way.page)
				defer release()
				at := b.Press(chrome.Submit)
				b.Release(at)
				b.Do(chromedp.Sleep(6 * time.Second))
				b.Again(at)
				if !o.NoScripts {
					release()
				}
				b.Poll(`location.pathname.endsWith("/done") && document.readyState === "complete"`)
				b.Want("Your password has been changed", mount+way.done)
				if !o.NoScripts {
					if got := chrome.Eval[string](b, `sessionStorage.getItem("said")`); got != "Saving…/true/Saving…" {
						t.Errorf("the button said %q", got)
					}
				}
				want := 1
				if o.NoScripts {
					want = 2
				}
				if got := len(h.Asked("POST", way.page)); got != want {
					t.Errorf("%d requests, want %d", got, want)
				}
				if n := written(t, h); n != 1 {
					t.Errorf("%d passwords were written", n)
				}
				works(t, h, stage.Next, stage.Current)
				b.Only(h.Origin)
			})
		})
	}
}

// The reply gets lost for good, with the new session in it: the form, sent once more
// by who loads it again, finds out.
func TestLostReply(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		signIn(b, h, stage.Current)
		b.Visit(h.Origin + changePage)
		b.Fill("current_password", stage.Current)
		b.Fill("new_password", stage.Next)
		other := beside(t, b, o)
		other.Allow("status of 401") // to a check after the session
		other.Visit(h.Origin + changePage)
		other.Fill("current_password", stage.Current)
		other.Fill("new_password", stage.Next)
		b.Send()
		b.Want("Your password has been changed", mount+"/done")
		b.Forget() // all that the reply had set, and the session
		other.Send()
		other.Want("Your password has been changed", mount+"/done?after=forced")
		if n := written(t, h); n != 1 {
			t.Errorf("%d passwords were written", n)
		}
		// Another new password is none that has been set.
		other.Visit(h.Origin + mount + "/done")
		works(t, h, stage.Next, stage.Current)
		b.Only(h.Origin)
	})
}

// Going back after a mistake asks nobody whether to send a form again.
func TestBackAsksNothing(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		signIn(b, h, stage.Current)
		b.Visit(h.Origin + changePage)
		b.Fill("current_password", "not the right one")
		b.Fill("new_password", "short")
		b.Send()
		b.Want("Change your password", changePage)
		b.Visit(h.Origin + mount + "/forgot")
		b.Send()
		b.Want("Forgot your password?", mount+"/forgot")
		for range 3 {
			if !b.Back() {
				t.Fatal("the browser asks whether to send a form again")
			}
		}
		b.Only(h.Origin)
	})
}
