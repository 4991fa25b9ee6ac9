package browsertest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
)

// What is said while a password is typed: on each page that has one, by session,
// ticket and token.
func TestLiveCheck(t *testing.T) {
	for name, goTo := range map[string]func(*testing.T, *chrome.Tab, *stage.Host){
		"session": func(_ *testing.T, b *chrome.Tab, h *stage.Host) {
			signIn(b, h, stage.Current)
			b.Visit(h.Origin + changePage)
		},
		"ticket": func(t *testing.T, b *chrome.Tab, h *stage.Host) { mustChange(t, h); signIn(b, h, stage.Current) },
		"token":  func(t *testing.T, b *chrome.Tab, h *stage.Host) { b.Visit(forgot(t, b, h).Link) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := host(t, stage.Options{})
			b := open(t, chrome.Options{})
			goTo(t, b, h)
			if chrome.Eval[string](b, `document.querySelector(".check").role || document.querySelector(".check").getAttribute("role")`) != "status" {
				t.Error("what is said is not announced")
			}
			b.Focus("#new_password")
			b.Type("ada")
			b.Poll(`document.querySelector(".check meter")?.value === 0 && document.querySelectorAll(".hint .unmet").length > 0`)
			if got := chrome.Eval[string](b, `document.querySelector("meter").ariaLabel + "/" + document.querySelector(".check meter + p").textContent`); got != "Strength/Strength: very weak" {
				t.Errorf("the meter says %q", got)
			}
			if got := chrome.Eval[string](b, `document.querySelector(".check p:last-of-type").textContent`); !strings.HasPrefix(got, "Avoid anything") {
				t.Errorf("the advice is %q", got)
			}
			b.Type(" ")
			b.Poll(`document.querySelector(".check").textContent.includes("ends with a space")`)
			b.Type("mantine gearwheel 1843")
			b.Poll(`document.querySelector(".check meter")?.value === 4 && document.querySelectorAll(".check li, .hint .unmet").length === 0`)
			chrome.Eval[bool](b, `(() => { const e = document.getElementById("new_password"); e.value = ""; return e.dispatchEvent(new Event("input")); })()`)
			b.Poll(`document.querySelector(".check").childNodes.length === 0`)
			b.Only(h.Origin)
			for _, r := range h.Asked("POST", "/api/v1/check") {
				if r.Status != 200 {
					t.Errorf("the check answers %d", r.Status)
				}
			}
		})
	}
}

func TestShowPassword(t *testing.T) {
	h := host(t, stage.Options{})
	b := open(t, chrome.Options{})
	signIn(b, h, stage.Current)
	b.Visit(h.Origin + changePage)
	state := func() string {
		return chrome.Eval[string](b, `["current_password", "new_password"].map((id) => document.getElementById(id).type + " " + document.getElementById(id).dir +
			document.querySelector("[aria-controls=" + id + "]").ariaLabel).join(", ")`)
	}
	const hidden = "password Show current password, password Show new password"
	if got := state(); got != hidden {
		t.Errorf("at first: %s", got)
	}
	b.Do(b.Click(`[aria-controls="new_password"]`, 1))
	if got := state(); got != "password Show current password, text autoHide new password" {
		t.Errorf("shown: %s", got)
	}
	b.Do(b.Click(`[aria-controls="new_password"]`, 1))
	if got := state(); got != hidden {
		t.Errorf("hidden again: %s", got)
	}
	// What is sent is hidden first: managers tell a password by its type.
	b.Do(b.Click(`[aria-controls="new_password"]`, 1))
	chrome.Eval[bool](b, `document.forms[0].addEventListener("submit", (e) => e.preventDefault()), true`)
	b.Do(b.Click(chrome.Submit, 1))
	if got := state(); got != hidden {
		t.Errorf("when sent: %s", got)
	}
	b.Only(h.Origin)

	// Without scripts there is no button that does nothing.
	b = open(t, chrome.Options{NoScripts: true})
	signIn(b, h, stage.Current)
	b.Visit(h.Origin + changePage)
	if n := chrome.Eval[int](b, `[...document.querySelectorAll("[aria-controls]")].filter((e) => e.checkVisibility()).length`); n != 0 {
		t.Errorf("%d buttons that do nothing", n)
	}
}

// Of two clicks on a button, one sends the form.
func TestSentOnce(t *testing.T) {
	h := host(t, stage.Options{})
	b := open(t, chrome.Options{})
	b.Visit(h.Origin + mount + "/forgot")
	sent := chrome.Eval[int](b, `(() => {
		let sent = 0;
		document.forms[0].addEventListener("submit", (e) => { sent += e.defaultPrevented ? 0 : 1; e.preventDefault(); });
		for (let i = 0; i < 3; i++) document.querySelector(".submit").click();
		return sent;
	})()`)
	if sent != 1 {
		t.Errorf("sent %d times", sent)
	}
}

// The answer to a check comes while the mouse is down on the button: that must not
// move away, or nothing is clicked on.
func TestSlowClick(t *testing.T) {
	h := host(t, stage.Options{})
	b := open(t, chrome.Options{})
	b.Visit(forgot(t, b, h).Link)
	b.Fill("new_password", "short")
	at := b.Press(chrome.Submit)
	b.Poll(`performance.getEntriesByType("resource").some((e) => e.name.endsWith("/check") && e.responseEnd > 0)`)
	chrome.Await[bool](b, `new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(true), 50)))`)
	b.Leave(func(context.Context, *chromedp.Target) (chromedp.Void, error) {
		b.Release(at)
		return chromedp.Void{}, nil
	})
	if got := b.Where().Title; got != "Error: Set a new password – Demo" {
		t.Errorf("on %q", got)
	}
	b.Only(h.Origin)
}

// What came while the mouse was down is said when it is up.
func TestSaidLater(t *testing.T) {
	h := host(t, stage.Options{})
	b := open(t, chrome.Options{})
	b.Visit(forgot(t, b, h).Link)
	b.Fill("new_password", "short")
	at := b.Press("h1")
	b.Poll(`performance.getEntriesByType("resource").some((e) => e.name.endsWith("/check") && e.responseEnd > 0)`)
	if chrome.Eval[int](b, `document.querySelector(".check").childNodes.length`) != 0 {
		t.Error("the page moved under the mouse")
	}
	b.Release(at)
	b.Poll(`document.querySelectorAll(".hint .unmet").length > 0`)
}

// A link with its token behind a "#": the script hands it on, and it is gone from
// the address bar and the history.
func TestFragment(t *testing.T) {
	h := host(t, stage.Options{Fragments: true})
	b := open(t, chrome.Options{})
	m := forgot(t, b, h)
	scanner := open(t, chrome.Options{})
	scanner.Visit(m.Link)
	scanner.Poll(`location.pathname.endsWith("/reset/new")`)
	for range 2 { // and once more, as after a look at another page
		fromMail(b, h)
		b.Poll(`location.pathname.endsWith("/reset/new") && document.readyState === "complete"`)
		b.Want("Set a new password", newPage)
	}
	b.Fill("new_password", stage.Next)
	b.Send()
	b.Want("Your password has been changed", mount+"/done?after=reset")
	b.Silent(string(m.Token), "none")
	for _, r := range h.Requests() {
		if contains(r, string(m.Token)) {
			t.Errorf("the token is in %s to %s", r.Method, r.Host)
		}
	}
	works(t, h, stage.Next, stage.Current)

	notice := deliver(t, h, passwd.MessagePasswordReset)
	b.Visit(h.Elsewhere + stage.LetterPath)
	b.Follow("#link")
	b.Poll(`location.search === "?taken" && document.readyState === "complete"`)
	b.Want("Was this you?", mount+"/cancel?taken")
	b.Send()
	b.Want("Your account has been locked", mount+"/done?after=cancel")
	b.Silent(notice.Link[len(notice.Link)-20:], "none")
	b.Only(h.Origin, h.Elsewhere)

	// Without scripts the page says what to do instead.
	b = open(t, chrome.Options{NoScripts: true})
	b.Visit(m.Link)
	if got := b.Where().Heading; got != "Set a new password" {
		t.Errorf("on %q", got)
	}
	b.Follow(".links a")
	b.Want("Reset your password with a code", mount+"/forgot/code")
	b.Only(h.Origin)
}
