package browsertest_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
	"github.com/passwd-go/passwd/internal/testrun"
)

// attacks are the forms that another site may send to ours: every route that takes
// one, with what would do something there, and some of the API as the media types
// of forms.
var attacks = []struct {
	path, enctype string
	fields        url.Values
}{
	{"/change", "", url.Values{"current_password": {stage.Current}, "new_password": {stage.Next}}},
	{"/forced", "", url.Values{"current_password": {stage.Current}, "new_password": {stage.Next}}},
	{"/forgot", "", url.Values{"login": {"ada"}}},
	{"/forgot/code", "", url.Values{"login": {"ada"}}},
	{"/reset/new", "", url.Values{"new_password": {stage.Next}}},
	{"/reset/code", "", url.Values{"code": {"12345678"}}},
	{"/reset/link", "", url.Values{"token": {"planted"}}},
	{"/cancel", "", nil},
	{"/cancel/link", "", url.Values{"token": {"planted"}}},
	{"/devices", "", url.Values{"end": {"others"}}},
	{"/change", "text/plain", url.Values{"current_password": {stage.Current}}},
	{"/api/v1/change", "text/plain", url.Values{`{"current_password":"` + stage.Current + `","new_password":"` + stage.Next + `","x":"`: {`"}`}}},
	{"/api/v1/forgot", "text/plain", url.Values{`{"login":"ada","x":"`: {`"}`}}},
}

// A form of another site does nothing, whatever cookies the browser has (W2): not
// one of a site altogether different, where Sec-Fetch-Site tells, nor one under
// plain http of a sister name, which gets the cookies and sends no such header.
func TestForeignForms(t *testing.T) {
	for name, o := range map[string]stage.Options{"another site": {Fragments: true}, "sister name": {LAN: true, Fragments: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, tab chrome.Options) {
				h := host(t, o)
				b := open(t, tab)
				b.Allow("") // it has a lot to say about such a site
				armed(t, b, h)
				before := len(h.Mail.All())
				sent := 0
				for n, a := range attacks {
					if !testrun.CI() && o.LAN != (n%2 == 1) {
						continue // every day each form comes from one of the two
					}
					sent++
					b.Visit(h.Attack(mount+a.path, a.enctype, a.fields, false))
					if tab.NoScripts {
						b.Follow("#go")
					} else {
						b.Leave(b.Script(`document.forms[0].submit()`))
					}
					if got := b.Where().Path; got != mount+a.path || b.Status() != 403 {
						t.Errorf("%s: status %d at %s", a.path, b.Status(), got)
					}
				}
				if _, err := h.Service.Work(t.Context()); err != nil {
					t.Fatal(err)
				}
				if n := len(h.Mail.All()); n != before {
					t.Errorf("%d messages were sent", n-before)
				}
				works(t, h, stage.Current, stage.Next)
				if all, err := h.Sessions.List(t.Context(), h.Ada); err != nil || len(all) != 2 {
					t.Errorf("%d sessions, %v", len(all), err)
				}
				arrived(t, h, o.LAN, sent)
			})
		})
	}
}

// armed gives a browser all that an attack could use: a session, and a cookie with
// a good token.
func armed(t *testing.T, b *chrome.Tab, h *stage.Host) {
	t.Helper()
	signIn(b, h, stage.Current)
	other := open(t, chrome.Options{})
	signIn(other, h, stage.Current)
	b.Visit(h.Origin + mount + "/forgot/code")
	b.Fill("login", "ada")
	b.Send()
	m := forgot(t, b, h)
	b.Visit(strings.Replace(m.Link, "#", "?", 1)) // the form that needs no script
	b.Want("Set a new password", newPage)
}

// arrived checks that the forms were what they should be.
func arrived(t *testing.T, h *stage.Host, lan bool, sent int) {
	t.Helper()
	foreign := 0
	for _, r := range h.Requests() {
		if r.Method != "POST" || r.Origin == h.Origin {
			continue
		}
		foreign++
		if r.Origin != h.Elsewhere || lan != (r.FetchSite == "") {
			t.Errorf("origin %q, Sec-Fetch-Site %q", r.Origin, r.FetchSite)
		}
	}
	if foreign != sent || sent == 0 {
		t.Errorf("%d forms arrived of %d", foreign, sent)
	}
}

// Under plain http of a name on the local network, with what InsecureHTTP asks
// for, the pages' own forms work.
func TestLAN(t *testing.T) {
	testrun.NeedCI(t) // every day TestCookies does, for what differs
	both(t, func(t *testing.T, o chrome.Options) {
		h := host(t, stage.Options{LAN: true})
		b := open(t, o)
		forgot(t, b, h)
		fromMail(b, h)
		b.Want("Set a new password", newPage)
		b.Fill("new_password", stage.Next)
		b.Send()
		b.Want("Your password has been changed", mount+"/done?after=reset")
		signIn(b, h, stage.Next)
		b.Want("Welcome", "/")
		b.Visit(h.Origin + changePage)
		b.Fill("current_password", stage.Next)
		b.Fill("new_password", "mountain orchestra 1912")
		b.Send()
		b.Want("Your password has been changed", mount+"/done")
		fromNotice := deliver(t, h, passwd.MessagePasswordChanged)
		b.Visit(fromNotice.Link)
		b.Want("Was this you?", mount+"/cancel")
		b.Send()
		b.Want("Your account has been locked", mount+"/done?after=cancel")
		b.Only(h.Origin, h.Elsewhere)
	})
}

// A frame of another site shows none of our pages. (That one can show a page at
// all is seen by one of the host's own.)
func TestFrame(t *testing.T) {
	h := host(t, stage.Options{LAN: true}) // one site, so that the frame is in the same tree
	b := open(t, chrome.Options{})
	b.Allow("frame-ancestors 'none'", "issue ContentSecurityPolicyIssue", "status of 404", "chrome-error://")
	signIn(b, h, stage.Current)
	for path, shown := range map[string]bool{
		stage.SignInPath: true, mount + "/change": false, mount + "/forgot": false, mount + "/cancel": false,
		mount + "/devices": false, mount + "/done": false, mount + "/nothing": false, "/.well-known/change-password": false,
	} {
		b.Visit(h.Elsewhere + stage.FramePath + "?" + url.Values{"url": {h.Origin + path}}.Encode())
		frames := chrome.Call(b, page.GetFrameTree, cdp.Empty{}).FrameTree.ChildFrames
		if len(frames) != 1 {
			t.Fatalf("%d frames", len(frames))
		}
		if got := frames[0].Frame.UnreachableURL == ""; got != shown {
			t.Errorf("%s: shown %t, at %s", path, got, frames[0].Frame.URL)
		}
	}
	if said := strings.Join(b.Said(), "\n"); !strings.Contains(said, "frame-ancestors 'none'") {
		t.Errorf("the browser says %q", said)
	}
}
