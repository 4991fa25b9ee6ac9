package passwdhttp_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/passwdhttp"
)

var fragmentLinks = passwd.Links{Base: origin + base, FragmentNeedsJavaScript: true}

// opened is a link whose token is behind a "#": what a browser asks for, and what it
// keeps to itself.
func opened(t *testing.T, link string) (target, token string) {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	inside, err := url.ParseQuery(u.Fragment)
	if err != nil || inside.Get("token") == "" || u.RawQuery != "" {
		t.Fatalf("no token behind a # in a link to %s", u.Path)
	}
	return u.RequestURI(), inside.Get("token")
}

// landing checks the page that such a link opens.
func (p *page) landing(t *testing.T, heading, action, without string) {
	t.Helper()
	p.want(t, 200, heading)
	equal(t, "fields", len(p.fields()), 0)
	equal(t, "forms", len(p.all("form")), 0)
	equal(t, "links", p.links(), []string{base + "/forgot/code"})
	for _, n := range p.all("div") {
		if to, ok := n.attrs["data-fragment"]; ok {
			equal(t, "action", to, base+action)
			equal(t, "without a token", n.attrs["data-without"], base+without)
			return
		}
	}
	t.Errorf("nothing for the script in %s", p.Body)
}

func TestFragmentReset(t *testing.T) {
	s := newPages(t, passwd.Config{Links: fragmentLinks}, passwdhttp.Config{})
	s.ada(t)
	b := s.browser()
	b.post(t, "forgot", map[string]string{"login": "ada"})
	target, token := opened(t, s.Deliver(t)[0].Link)
	equal(t, "target", target, base+"/reset")

	// Nothing is spent by opening the link, nor by what the script does (W1, I4).
	for range 3 {
		scanner := s.browser()
		scanner.get(t, target).landing(t, "Set a new password", "/reset/link", "/reset/new")
		scanner.post(t, "reset/link", map[string]string{"token": token}).want(t, 303, "/reset/new").follow(t).want(t, 200, "Set a new password")
	}
	b.get(t, target).landing(t, "Set a new password", "/reset/link", "/reset/new")
	b.get(t, "reset/new").want(t, 422, "This link no longer works") // nothing has been handed on
	b.post(t, "reset/link", map[string]string{"token": token}).want(t, 303, "/reset/new").follow(t).want(t, 200, "Set a new password")
	equal(t, "cookie", b.cookie("__Host-passwd-reset"), token)
	b.post(t, "reset/new", map[string]string{"new_password": next}).want(t, 303, "/done?after=reset")
	equal(t, "new password", s.opens(t, "ada", next), true)
}

func TestFragmentCancel(t *testing.T) {
	s := newPages(t, passwd.Config{Links: fragmentLinks}, passwdhttp.Config{})
	s.ada(t)
	thief := s.signedIn(t)
	thief.post(t, "change", map[string]string{"current_password": current, "new_password": next})
	target, token := opened(t, s.Deliver(t)[0].Link)
	equal(t, "target", target, base+"/cancel")

	b := s.browser()
	b.post(t, "cancel/link", map[string]string{"token": strings.Repeat("A", 43)}).want(t, 303, "/cancel?taken")
	// What another link has left behind is not what this one is about.
	b.get(t, target).landing(t, "Was this you?", "/cancel/link", "/cancel?taken")
	for range 3 {
		b.post(t, "cancel/link", map[string]string{"token": token}).want(t, 303, "/cancel?taken").follow(t).want(t, 200, "Was this you?")
	}
	equal(t, "nothing is locked yet", s.opens(t, "ada", next), true)
	b.post(t, "cancel", map[string]string{"form": b.bound(t, "cancel?taken")}).want(t, 303, "/done?after=cancel")
	equal(t, "password", s.opens(t, "ada", next), false)
	b.get(t, "cancel?taken").want(t, 422, "This link no longer works")
}

// Links that were sent before the host decided for fragments still work.
func TestFragmentOldLinks(t *testing.T) {
	s := newPages(t, passwd.Config{Links: fragmentLinks}, passwdhttp.Config{})
	s.ada(t)
	b := s.browser()
	b.get(t, "reset?token="+s.link(t, "ada")).want(t, 303, "/reset/new").follow(t).want(t, 200, "Set a new password")
	s.signedIn(t).post(t, "change", map[string]string{"current_password": current, "new_password": next})
	_, token := opened(t, s.Deliver(t)[0].Link)
	b.get(t, "cancel?token="+token).want(t, 303, "/cancel?taken").follow(t).want(t, 200, "Was this you?")
}

// What is no token takes the cookie away, and leads to the page of a dead link.
func TestFragmentDead(t *testing.T) {
	s := newPages(t, passwd.Config{Links: fragmentLinks}, passwdhttp.Config{})
	s.ada(t)
	token := s.link(t, "ada")
	for name, in := range map[string]map[string]string{
		"none": nil, "empty": {"token": ""}, "long": {"token": strings.Repeat("A", 4000)}, "odd": {"token": "\"; Domain=evil.example\r\nX: y"},
	} {
		b := s.browser()
		b.post(t, "reset/link", map[string]string{"token": token})
		b.post(t, "reset/link", in).want(t, 303, "/reset/new").follow(t).want(t, 422, "This link no longer works")
		equal(t, name, b.cookie("__Host-passwd-reset"), "")
	}
}

// Nothing of this is there unless the host has asked for it.
func TestNoFragments(t *testing.T) {
	s := newPages(t, passwd.Config{}, passwdhttp.Config{})
	b := s.browser()
	for _, path := range []string{"reset/link", "invite/link", "cancel/link"} {
		b.post(t, path, map[string]string{"token": strings.Repeat("A", 43)}).want(t, 404, "Not found")
	}
	b.get(t, "reset").want(t, 303, "/reset/new")
	b.get(t, "cancel").want(t, 422, "This link no longer works")
}

func TestFragmentSpeaks(t *testing.T) {
	s := newPages(t, passwd.Config{Links: fragmentLinks}, passwdhttp.Config{})
	b := s.browser()
	for _, words := range locale.Printers() {
		b.language = words.Language()
		for path, title := range map[string]string{"reset": "reset_title", "invite": "invitation_title", "cancel": "cancel_title"} {
			p := b.get(t, path).want(t, 200, words.Label(title))
			equal(t, "text", p.text("p"), words.Text("fragment"))
		}
	}
}
