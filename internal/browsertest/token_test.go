package browsertest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
	"github.com/passwd-go/passwd/internal/testrun"
)

// contains reports whether a text is in what a site was asked.
func contains(r stage.Request, text string) bool {
	return strings.Contains(r.URI, text) || strings.Contains(r.Referer, text) || strings.Contains(r.Origin, text)
}

// The token of a link reaches our site once, in the link itself, and no other; no
// referrer has more than an origin in it, of style sheets and scripts, of the
// check, and of a sign-in on another site.
func TestTokenStays(t *testing.T) {
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{SignInElsewhere: true})
		b := open(t, o)
		m := forgot(t, b, h)
		fromMail(b, h)
		b.Want("Set a new password", newPage)
		b.Fill("new_password", "short")
		b.Send()
		b.Fill("new_password", stage.Next)
		b.Send()
		b.Want("Your password has been changed", mount+"/done?after=reset")
		b.Silent(string(m.Token), m.Link)
		b.Follow(".links a")
		b.Want("Mail", stage.LetterPath) // where people sign in, here

		notice := deliver(t, h, passwd.MessagePasswordReset)
		_, cancel, _ := strings.Cut(notice.Link, "token=")
		fromMail(b, h)
		b.Want("Was this you?", mount+"/cancel")
		b.Silent(cancel, notice.Link)
		b.Send()
		b.Back() // to a link that is spent, which offers the sign-in too
		b.Visit(h.Origin + newPage)
		b.Want("This link no longer works", newPage)
		b.Follow(".links li:last-child a")
		b.Want("Mail", stage.LetterPath)
		b.Only(h.Origin, h.Elsewhere)

		app, assets := strings.TrimPrefix(h.Origin, "http://"), 0
		first := map[string]int{}
		for _, r := range h.Requests() {
			for _, token := range []string{string(m.Token), cancel} {
				if !contains(r, token) {
					continue
				}
				first[token]++
				if r.Host != app || strings.Contains(r.Referer+r.Origin, token) {
					t.Errorf("a token is in a request to %s", r.Host)
				}
			}
			if strings.HasPrefix(r.Referer, h.Origin) && r.Referer != h.Origin+"/" && !strings.HasSuffix(r.Referer, stage.SignInPath) {
				t.Errorf("referrer %s", r.Referer)
			}
			if strings.Contains(r.URI, "/assets/") && r.Referer == h.Origin+"/" {
				assets++
			}
		}
		if first[string(m.Token)] != 1 || first[cancel] != 1 || assets == 0 {
			t.Errorf("the tokens were seen %v times, assets %d times", first, assets)
		}
	})
}

// The cookies that keep tokens are out of the reach of scripts, plain http and
// other sites (ASVS 3.3.1 to 3.3.4); under plain http they are what can be had.
func TestCookies(t *testing.T) {
	for name, o := range map[string]stage.Options{"loopback": {}, "lan": {LAN: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := host(t, o)
			b := open(t, chrome.Options{})
			mustChange(t, h)
			signIn(b, h, stage.Current)
			b.Want("Choose a new password", mount+"/forced?next=%2F")
			b.Visit(h.Origin + mount + "/forgot/code")
			b.Fill("login", "ada")
			b.Send()
			forgot(t, b, h)
			fromMail(b, h)
			b.Want("Set a new password", newPage)
			seen := 0
			for _, c := range b.Cookies() {
				if !strings.Contains(c.Name, "passwd-") {
					continue
				}
				seen++
				if !c.HTTPOnly || c.SameSite != network.CookieSameSiteLax || c.Path != "/" || c.Session {
					t.Errorf("%+v", c)
				}
				if strings.HasPrefix(c.Name, "__Host-") == o.LAN || c.Secure == o.LAN {
					t.Errorf("%s, secure %t", c.Name, c.Secure)
				}
			}
			if seen != 3 {
				t.Errorf("%d cookies", seen)
			}
			b.Allow("issue PerformanceIssue") // that a script asks for cookies
			if got := chrome.Eval[string](b, `document.cookie`); got != "" {
				t.Errorf("scripts see %q", got)
			}
		})
	}
}

// The browser tells what a sloppy page does, so that its silence about ours means
// something.
func TestBrowserTells(t *testing.T) {
	h := host(t, stage.Options{})
	b := open(t, chrome.Options{})
	b.Allow("") // anything
	b.Visit(h.Elsewhere + stage.SloppyPath)
	chrome.Eval[bool](b, `setTimeout(() => { console.log("x"); throw new Error("x"); }), true`)
	for _, want := range []string{"autocomplete", "Content Security Policy", "issue ContentSecurityPolicyIssue", "status of 404", "console.log", "exception"} {
		testrun.Until(t, func() bool { return strings.Contains(strings.Join(b.Said(), "\n"), want) },
			func() string { return fmt.Sprintf("nothing of %q in %q", want, b.Said()) })
	}
	if title := b.Where().Title; title != "Sloppy" {
		t.Errorf("an inline script has run: %q", title)
	}
}
