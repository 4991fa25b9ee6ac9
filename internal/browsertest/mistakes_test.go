package browsertest_test

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
)

// Five wrong codes: the page says how many tries are left, keeps what was typed, and
// in the end offers another code; the same for a login that nobody has.
func TestFiveWrongCodes(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		for _, login := range []string{"ada@example.com", "nobody@example.com"} {
			h := host(t, stage.Options{})
			b := open(t, o)
			b.Visit(h.Origin + mount + "/forgot/code")
			b.Fill("login", login)
			b.Send()
			code := "00000000"
			if strings.HasPrefix(login, "ada") && string(deliver(t, h, passwd.MessageResetCode).Code) == code {
				code = "11111111"
			}
			for left := 4; left > 0; left-- {
				b.Refill("code", code)
				b.Send()
				b.Want("Enter the code", mount+"/reset/code")
				want := fmt.Sprintf("The code is wrong. You have %d tries left.", left)
				if left == 1 {
					want = "The code is wrong. You have one try left."
				}
				if got := chrome.Eval[string](b, `document.getElementById("code-error").textContent`); got != want {
					t.Errorf("%s: the page says %q", login, got)
				}
				if got := chrome.Eval[string](b, `document.getElementById("code").value`); got != code {
					t.Errorf("%s: the field has %q", login, got)
				}
			}
			b.Refill("code", code)
			b.Send()
			b.Want("No tries left", mount+"/reset/code")
			b.Follow("a.submit")
			b.Want("Reset your password with a code", mount+"/forgot/code")
			b.Only(h.Origin)
		}
	})
}

// What was typed as a login stays, and a mistake is gone as soon as somebody types.
func TestTypedStays(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{Email: true})
		b := open(t, o)
		b.Visit(h.Origin + mount + "/forgot")
		if got := chrome.Eval[string](b, `(() => { const e = document.getElementById("login"); return [e.type, e.autocomplete, e.enterKeyHint, e.getAttribute("autocorrect"), document.querySelector("label").textContent].join(); })()`); got != "email,username,send,off,Email address" {
			t.Errorf("the field is %s", got)
		}
		for i := range 61 { // of which 60 are taken; of one login it would be five
			h.Service.RequestReset(t.Context(), passwd.RequestReset{Login: passwd.Login{Value: "x" + strconv.Itoa(i)}, Client: passwd.Client{Addr: netip.MustParseAddr("127.0.0.1")}})
		}
		b.Allow("status of 429")
		b.Fill("login", "ada@example.com")
		b.Send()
		b.Want("Forgot your password?", mount+"/forgot")
		if got := b.Status(); got != 429 {
			t.Errorf("status %d", got)
		}
		if got := chrome.Eval[string](b, `document.getElementById("login").value`); got != "ada@example.com" {
			t.Errorf("the field has %q", got)
		}
		if got := chrome.Eval[string](b, `document.querySelector(".summary").textContent`); !strings.Contains(got, "Please try again in 60 minutes.") {
			t.Errorf("the summary says %q", got)
		}
		b.Only(h.Origin)
	})
}

func TestErrorsGo(t *testing.T) {
	h := host(t, stage.Options{})
	b := open(t, chrome.Options{})
	signIn(b, h, stage.Current)
	b.Visit(h.Origin + changePage)
	b.Send()
	count := `document.querySelectorAll(".error, .wrong, [aria-invalid], .summary li").length`
	if n := chrome.Eval[int](b, count); n != 8 { // two errors, two fields, two inputs, two lines
		t.Errorf("%d signs of mistakes", n)
	}
	b.Fill("current_password", "x")
	b.Poll(count + " === 4")
	b.Fill("new_password", "x")
	b.Poll(`document.querySelector(".summary") === null && document.title === "Change your password – Demo"`)
	if got := chrome.Eval[string](b, `document.getElementById("new_password").getAttribute("aria-describedby")`); got != "new_password-hint" {
		t.Errorf("described by %q", got)
	}
}

// One list says what is asked for, and of each whether it is met.
func TestOneList(t *testing.T) {
	h := host(t, stage.Options{})
	b := open(t, chrome.Options{})
	b.Visit(linkOf(t, h, "ada"))
	state := `[...document.querySelectorAll("#new_password-hint li")].map((e) => e.className + ":" + e.dataset.rule).join()`
	if got := chrome.Eval[string](b, state); strings.Contains(got, "met") {
		t.Errorf("at first: %s", got)
	}
	b.Fill("new_password", "ada")
	b.Poll(`document.querySelector(".check meter") !== null`)
	got := chrome.Eval[string](b, state)
	for _, want := range []string{"unmet:too_short", "unmet:too_weak"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if !strings.Contains(got, ":breached") && strings.Contains(got, "met:reused") {
		t.Errorf("what nobody has looked at is met: %s", got)
	}
	if got := chrome.Eval[string](b, `document.querySelector("#new_password-hint .unmet").textContent`); got != "✗Not met: At least 15 characters." {
		t.Errorf("it says %q", got)
	}
	b.Refill("new_password", stage.Next)
	b.Poll(`document.querySelectorAll("#new_password-hint .unmet").length === 0 && document.querySelectorAll("#new_password-hint .met").length > 2`)
	b.Only(h.Origin)
}
