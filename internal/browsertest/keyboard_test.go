package browsertest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/session"
)

// focus is what has the focus, and how that is seen.
type focus struct {
	Name         string
	Seen, InView bool
}

const focusState = `(() => {
	const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
	return {
		Name: e === document.body ? "" : e.id || (e.matches("a, button") ? e.ariaLabel || e.textContent.trim() : e.className),
		Seen: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && s.outlineColor !== getComputedStyle(document.body).backgroundColor,
		InView: r.top >= 0 && r.bottom <= innerHeight && r.left >= 0 && r.right <= innerWidth,
	};
})()`

// step presses Tab, and returns where that leads: in view, and to be seen.
func step(t *testing.T, b *chrome.Tab, back bool) string {
	t.Helper()
	b.Step(back)
	at := chrome.Eval[focus](b, focusState)
	if at.Name != "" && (!at.Seen || !at.InView) {
		t.Errorf("the focus on %q is not seen: %+v", at.Name, at)
	}
	return at.Name
}

// tabTo presses Tab until something has the focus.
func tabTo(t *testing.T, b *chrome.Tab, name string) {
	t.Helper()
	var seen []string
	for range 30 {
		at := step(t, b, false)
		if at == name {
			return
		}
		seen = append(seen, at)
	}
	t.Fatalf("no %q among %q", name, seen)
}

// ring returns what Tab leads to, in order, until it is all through.
func ring(t *testing.T, b *chrome.Tab, back bool) []string {
	t.Helper()
	var seen []string
	for range 30 {
		at := step(t, b, back)
		if at == "" || slices.Contains(seen, at) {
			break
		}
		seen = append(seen, at)
	}
	return seen
}

// The order of Tab is that of the page, forwards and backwards, and the focus is
// seen in every scheme, of which the everyday run has the last.
func TestFocusOrder(t *testing.T) {
	h := host(t, stage.Options{})
	for n, scheme := range schemes {
		if n < len(schemes)-1 && !testrun.CI() {
			continue
		}
		t.Run(scheme.Name, func(t *testing.T) {
			b := open(t, chrome.Options{})
			b.Show(scheme)
			signIn(b, h, stage.Current)
			for path, want := range map[string][]string{
				"/change": {"Demo", "username", "current_password", "Show current password", "new_password", "Show new password",
					"Change password", "Forgot your password?", "Your devices"},
				"/forgot":      {"Demo", "login", "Send link", "Use a code instead", "Sign in"},
				"/forgot/code": {"Demo", "login", "Send code", "Use a link instead", "Sign in"},
				"/reset/new":   {"Demo", "Request a new link", "Sign in"},
				"/done":        {"Demo", "Continue", "Sign in"},
			} {
				b.Visit(h.Origin + mount + path)
				if got := ring(t, b, false); !slices.Equal(got, want) {
					t.Errorf("%s: %q", path, got)
				}
				b.Visit(h.Origin + mount + path)
				got := ring(t, b, true)
				slices.Reverse(got)
				if !slices.Equal(got, want) {
					t.Errorf("%s backwards: %q", path, got)
				}
			}
		})
	}
}

// Changing a password by keys alone, with mistakes: the summary has the focus, and
// its links lead to the fields.
func TestKeyboardChange(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		signIn(b, h, stage.Current)
		b.Visit(h.Origin + changePage)
		tabTo(t, b, "Change password")
		b.Leave(b.Hit(chrome.Space))
		if at := chrome.Eval[focus](b, focusState); at.Name != "summary" || !at.Seen || !at.InView {
			t.Errorf("the focus is on %+v", at)
		}
		for _, field := range []struct{ link, id string }{
			{"Enter your current password.", "current_password"}, {"Enter a new password.", "new_password"},
		} {
			b.Focus(".summary")
			tabTo(t, b, field.link)
			b.Do(b.Hit(chrome.Enter))
			if got := chrome.Eval[string](b, focused); got != field.id {
				t.Errorf("the link leads to %q", got)
			}
		}
		b.Step(true)
		if !o.NoScripts {
			b.Step(true)
		}
		b.Type(stage.Current)
		tabTo(t, b, "new_password")
		if !o.NoScripts {
			tabTo(t, b, "Show new password")
			b.Do(b.Hit(chrome.Space))
			b.Poll(`document.getElementById("new_password").type === "text"`)
			b.Step(true)
		}
		b.Type(stage.Next)
		b.Leave(b.Hit(chrome.Enter))
		b.Want("Your password has been changed", mount+"/done")
		tabTo(t, b, "Continue")
		b.Leave(b.Hit(chrome.Enter))
		b.Want("Welcome", "/")
		works(t, h, stage.Next, stage.Current)
		b.Only(h.Origin)
	})
}

// From a forgotten password to a locked account, by keys alone.
func TestKeyboardReset(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		b.Visit(h.Origin + mount + "/forgot")
		tabTo(t, b, "login")
		b.Type("ada@example.com")
		b.Leave(b.Hit(chrome.Enter))
		tabTo(t, b, "Request a new link")
		b.Leave(b.Hit(chrome.Enter))
		tabTo(t, b, "Use a code instead")
		b.Leave(b.Hit(chrome.Enter))
		tabTo(t, b, "login")
		b.Type("ada@example.com")
		tabTo(t, b, "Send code")
		b.Leave(b.Hit(chrome.Space))
		b.Want("Enter the code", mount+"/reset/code")
		tabTo(t, b, "code")
		b.Type(string(deliver(t, h, passwd.MessageResetCode).Code))
		b.Leave(b.Hit(chrome.Enter))
		b.Want("Set a new password", newPage)
		tabTo(t, b, "new_password")
		b.Type(stage.Next)
		tabTo(t, b, "Save password")
		b.Leave(b.Hit(chrome.Space))
		b.Want("Your password has been changed", mount+"/done?after=reset")
		works(t, h, stage.Next, stage.Current)

		b.Visit(deliver(t, h, passwd.MessagePasswordReset).Link)
		tabTo(t, b, "Lock account")
		b.Leave(b.Hit(chrome.Space))
		b.Want("Your account has been locked", mount+"/done?after=cancel")
		tabTo(t, b, "Request a new link")
		b.Leave(b.Hit(chrome.Enter))
		b.Want("Forgot your password?", mount+"/forgot")
		b.Only(h.Origin)
	})
}

func TestKeyboardDevices(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		for _, name := range []string{"Phone", "Tablet", "Television"} {
			if _, err := h.Start(t.Context(), stage.Current, session.Info{DeviceName: name}); err != nil {
				t.Fatal(err)
			}
		}
		b := open(t, o)
		signIn(b, h, stage.Current)
		b.Visit(h.Origin + devicesPage)
		tabTo(t, b, "Sign out")
		// Buttons of the same text are told apart by what describes them.
		name := chrome.Eval[string](b, `document.getElementById(document.activeElement.getAttribute("aria-describedby")).textContent`)
		b.Leave(b.Hit(chrome.Enter))
		if body := chrome.Eval[string](b, `document.querySelector(".devices").textContent`); strings.Contains(body, name) || name == "" {
			t.Errorf("%q is still there", name)
		}
		tabTo(t, b, "Sign out all other devices")
		b.Leave(b.Hit(chrome.Space))
		b.Want("Your devices", devicesPage+"?after=others")
		b.Only(h.Origin)
	})
}
