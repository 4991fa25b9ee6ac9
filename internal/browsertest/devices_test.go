package browsertest_test

import (
	"testing"

	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
)

const devicesPage = mount + "/devices"

// Signing other devices out: one, that one once more, and all others.
func TestDevices(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		var others []*chrome.Tab
		for range 3 {
			other := open(t, chrome.Options{})
			signIn(other, h, stage.Current)
			others = append(others, other)
			h.Clock.Advance(1e9)
		}
		signIn(b, h, stage.Current)
		b.Visit(h.Origin + changePage)
		b.Follow(".links li:last-child a")
		b.Want("Your devices", devicesPage)
		count := func(want int) {
			t.Helper()
			if n := chrome.Eval[int](b, `document.querySelectorAll(".devices > li").length`); n != want {
				t.Errorf("%d devices, want %d", n, want)
			}
			if n := chrome.Eval[int](b, `document.querySelectorAll(".devices form").length`); n != want-1 {
				t.Errorf("%d of %d devices can be signed out", n, want)
			}
		}
		count(4)
		stale := open(t, o)
		for _, c := range b.Cookies() {
			stale.SetCookie(h.Origin, c.Name, c.Value)
		}
		stale.Visit(h.Origin + devicesPage)

		b.Follow(".devices button")
		b.Want("Your devices", devicesPage+"?after=one")
		count(3)
		stale.Follow(".devices button") // which is that of the same device
		stale.Want("Your devices", devicesPage+"?after=one")
		b.Follow("main > form button")
		b.Want("Your devices", devicesPage+"?after=others")
		count(1)
		for _, other := range others {
			other.Visit(h.Origin + "/")
			other.Want("Nobody", "/")
		}
		b.Visit(h.Origin + "/")
		b.Want("Welcome", "/")
		b.Only(h.Origin)
		stale.Only(h.Origin)
	})
}
