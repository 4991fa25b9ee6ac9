package browsertest_test

import (
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
)

// Where the way on after success redirects to another origin, the browser gets there:
// the policy on forms (form-action) has no say in it, as it was a page of ours that
// led on.
func TestOnwardElsewhere(t *testing.T) {
	ways := map[string]func(*testing.T, *chrome.Tab, *stage.Host){
		"change": func(_ *testing.T, b *chrome.Tab, h *stage.Host) {
			signIn(b, h, stage.Current)
			b.Visit(h.Origin + changePage)
			b.Fill("current_password", stage.Current)
		},
		"reset": func(t *testing.T, b *chrome.Tab, h *stage.Host) { b.Visit(linkOf(t, h, "ada")) },
		"forced": func(t *testing.T, b *chrome.Tab, h *stage.Host) {
			signIn(b, h, stage.Current)
			mustChange(t, h)
			b.Visit(h.Origin + mount + "/forced?next=%2Faway")
			b.Fill("current_password", stage.Current)
		},
		"ticket": func(t *testing.T, b *chrome.Tab, h *stage.Host) {
			mustChange(t, h)
			b.Visit(h.Origin + stage.SignInPath + "?next=%2Faway")
			signInHere(b, stage.Current)
		},
	}
	for name, begin := range ways {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, o chrome.Options) {
				h := host(t, stage.Options{After: stage.AwayPath, Resume: true})
				b := open(t, o)
				begin(t, b, h)
				b.Fill("new_password", stage.Next)
				b.Leave(b.Click(chrome.Submit, 1))
				b.Poll(`location.pathname === "` + stage.LetterPath + `" && document.readyState === "complete"`)
				b.Want("Mail", stage.LetterPath)
				works(t, h, stage.Next, stage.Current)
				b.Only(h.Origin, h.Elsewhere)
			})
		})
	}
}

// Who has nothing to change any more, as another tab has done it, gets there too.
func TestOnwardUnneeded(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		signIn(b, h, stage.Current)
		mustChange(t, h)
		b.Visit(h.Origin + mount + "/forced?next=%2Faway")
		if err := h.Service.LiftChange(t.Context(), passwd.LiftChange{Account: h.Ada}); err != nil {
			t.Fatal(err)
		}
		b.Fill("current_password", stage.Current)
		b.Fill("new_password", stage.Next)
		b.Leave(b.Click(chrome.Submit, 1))
		b.Poll(`location.pathname === "` + stage.LetterPath + `" && document.readyState === "complete"`)
		works(t, h, stage.Current)
		b.Only(h.Origin, h.Elsewhere)
	})
}
