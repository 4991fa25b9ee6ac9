package browsertest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
	"github.com/passwd-go/passwd/internal/testrun"
)

const newPage = mount + "/reset/new"

// scan does what programs do that look into mails: they follow a link with GET and
// HEAD, cookies and all, and visit it with a browser (W1).
func scan(t *testing.T, h *stage.Host, link, heading, path string) {
	t.Helper()
	ask := func(method, url string, cookies []*http.Cookie) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cookies { // a jar would keep Secure ones to https
			r.AddCookie(c)
		}
		reply, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		reply.Body.Close()
		return reply
	}
	for _, method := range []string{"GET", "HEAD", "GET"} {
		first := ask(method, link, nil)
		second := ask(method, h.Origin+first.Header.Get("Location"), first.Cookies())
		if first.StatusCode != http.StatusSeeOther || second.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d, then %d", method, first.StatusCode, second.StatusCode)
		}
	}
	b := open(t, chrome.Options{})
	b.Visit(link)
	b.Want(heading, path)
	b.Only(h.Origin)
}

// The link is opened from another site, after a scanner has been there, and the
// page loaded again.
func TestReset(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		m := forgot(t, b, h)
		scan(t, h, m.Link, "Set a new password", newPage)

		fromMail(b, h)
		b.Want("Set a new password", newPage)
		b.Do(chromedp.Reload())
		b.Want("Set a new password", newPage)
		b.Fill("new_password", "analytical")
		b.Send()
		b.Want("Set a new password", newPage) // and the link still good
		b.Fill("new_password", stage.Next)
		b.Send()
		b.Want("Your password has been changed", mount+"/done?after=reset")
		b.Silent(string(m.Token), m.Link)
		b.Follow(".links a")
		b.Want("Sign in", "/sign-in")
		signInHere(b, stage.Next)
		b.Want("Welcome", "/")
		works(t, h, stage.Next, stage.Current)

		// The link once more: nothing to type into.
		fromMail(b, h)
		b.Want("This link no longer works", newPage)
		b.Only(h.Origin, h.Elsewhere)
	})
}

// Who goes back to the form after it has been sent, and sends it again, is told;
// so is who has the form in two tabs.
func TestResetAndBack(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		m := forgot(t, b, h)
		other := open(t, o)
		other.Visit(m.Link)
		other.Want("Set a new password", newPage)

		fromMail(b, h)
		b.Fill("new_password", stage.Next)
		b.Send()
		b.Want("Your password has been changed", mount+"/done?after=reset")
		b.Back()
		if b.Where().Heading == "Set a new password" { // the browser has kept it
			b.Fill("new_password", "something else altogether")
			b.Send()
		}
		b.Want("This link no longer works", newPage)
		other.Fill("new_password", "something else altogether")
		other.Send()
		other.Want("This link no longer works", newPage)
		if n := written(t, h); n != 1 {
			t.Errorf("%d passwords were written", n)
		}
		works(t, h, stage.Next, stage.Current, "something else altogether")
		b.Only(h.Origin, h.Elsewhere)
		other.Only(h.Origin)
	})
}

func TestResetDoubleClick(t *testing.T) {
	testrun.NeedCI(t) // every day TestDoubleClick does
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		forgot(t, b, h)
		fromMail(b, h)
		b.Fill("new_password", stage.Next)
		b.Leave(b.Click(chrome.Submit, 2))
		b.Visit(h.Origin + mount + "/done")
		if n := written(t, h); n != 1 {
			t.Errorf("%d passwords were written", n)
		}
		works(t, h, stage.Next, stage.Current)
	})
}

// A link that is too old says so before anybody has typed, and offers another.
func TestExpiredLink(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		forgot(t, b, h)
		h.Clock.Advance(time.Hour + time.Second)
		fromMail(b, h)
		b.Want("This link no longer works", newPage)
		if n := chrome.Eval[int](b, `document.querySelectorAll("input, form").length`); n != 0 {
			t.Error("there is something to type into")
		}
		if got := b.Where().Title; got != "Error: This link no longer works – Demo" {
			t.Errorf("title %q", got)
		}
		b.Follow(".links a")
		b.Want("Forgot your password?", mount+"/forgot")
		b.Fill("login", "ada")
		b.Send()
		deliver(t, h, passwd.MessageResetLink)
		fromMail(b, h)
		b.Want("Set a new password", newPage)
		b.Only(h.Origin, h.Elsewhere)
	})
}

// A link that expires while somebody types.
func TestExpiresMeanwhile(t *testing.T) {
	testrun.NeedCI(t)
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{})
		b := open(t, o)
		forgot(t, b, h)
		fromMail(b, h)
		b.Want("Set a new password", newPage)
		h.Clock.Advance(time.Hour + time.Second)
		b.Fill("new_password", stage.Next)
		b.Send()
		b.Want("This link no longer works", newPage)
		works(t, h, stage.Current, stage.Next)
		b.Only(h.Origin, h.Elsewhere)
	})
}
