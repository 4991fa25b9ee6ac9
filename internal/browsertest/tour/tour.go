// Package tour is every page in every state that it can be in.
package tour

import (
	"context"
	"net/netip"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
	"github.com/passwd-go/passwd/session"
)

// Stop is a page in a state.
type Stop struct {
	Name string
	// Page is the name of its template.
	Page    string
	options stage.Options
	bring   func(*guide)
}

// Go brings a tab to the stop, on a host of its own that lives as long as the
// context: browsers ask for icons when they like.
func (s Stop) Go(ctx context.Context, t chrome.T, b *chrome.Tab) {
	t.Helper()
	h, err := stage.New(ctx, s.options)
	if err != nil {
		t.Fatalf("%v", err)
	}
	b.Forget()
	s.bring(&guide{Tab: b, ctx: ctx, t: t, h: h})
}

// guide brings a tab somewhere.
type guide struct {
	*chrome.Tab
	ctx context.Context
	t   chrome.T
	h   *stage.Host
}

func (g *guide) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatalf("%v", err)
	}
}

func (g *guide) page(path string) { g.t.Helper(); g.Visit(g.h.Origin + stage.Mount + path) }

// signIn gives the browser a session.
func (g *guide) signIn() {
	g.t.Helper()
	g.h.Clock.Advance(time.Hour)
	access, err := g.h.Start(g.ctx, stage.Current, session.Info{
		Client: "Web", DeviceName: "Laptop in the study",
		From: passwd.Client{Addr: netip.MustParseAddr("192.0.2.17"), UserAgent: firefox},
	})
	g.must(err)
	g.SetCookie(g.h.Origin, "session", access)
}

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"

// others signs in on other devices.
func (g *guide) others() {
	g.t.Helper()
	for _, info := range []session.Info{
		{Client: "App for phones", DeviceName: "Ada’s phone", From: passwd.Client{Addr: netip.MustParseAddr("198.51.100.7"), UserAgent: "DemoApp/4.2 (Android 17)"}},
		{Client: "demo-cli", From: passwd.Client{Addr: netip.MustParseAddr("2001:db8:5f1:1843:aaaa:bbbb:cccc:dddd")}},
	} {
		g.h.Clock.Advance(31 * time.Hour)
		_, err := g.h.Start(g.ctx, stage.Current, info)
		g.must(err)
	}
}

// invited is the link of an invitation.
func (g *guide) invited() string {
	g.t.Helper()
	g.must(g.h.Service.Invite(g.ctx, g.h.AddJoan(), passwd.AnyChannel, passwd.Client{}))
	m, err := g.h.Deliver(g.ctx, passwd.MessageInvitation)
	g.must(err)
	return m.Link
}

// mail asks for a message, and returns it.
func (g *guide) mail(kind passwd.MessageKind) passwd.Message {
	g.t.Helper()
	login := passwd.Login{Value: "ada@example.com"}
	switch kind {
	case passwd.MessageResetLink:
		g.must(g.h.Service.RequestReset(g.ctx, passwd.RequestReset{Login: login}))
	case passwd.MessagePasswordChanged:
		_, err := g.h.Service.Change(g.ctx, passwd.Change{Account: g.h.Ada, Current: stage.Current, New: stage.Next})
		g.must(err)
	}
	m, err := g.h.Deliver(g.ctx, kind)
	g.must(err)
	return m
}

// fill fills in fields, and sends the form. An empty text leaves one empty.
func (g *guide) fill(fields ...string) {
	g.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		if fields[i+1] != "" {
			g.Fill(fields[i], fields[i+1])
		}
	}
	g.Send()
}

// typed types a password and waits for what is said about it.
func (g *guide) typed(password string) {
	g.t.Helper()
	g.Fill("new_password", password)
	g.Poll(`document.querySelector(".check meter") !== null`)
}

// code asks for a code.
func (g *guide) code() {
	g.t.Helper()
	g.page("/forgot/code")
	g.fill("login", "ada@example.com")
}

// ticket signs in with a password that must be changed.
func (g *guide) ticket() {
	g.t.Helper()
	g.mustChange()
	g.Visit(g.h.Origin + stage.SignInPath)
	g.fill("login", "ada", "password", stage.Current)
}

func (g *guide) mustChange() {
	g.t.Helper()
	g.must(g.h.Service.RequireChange(g.ctx, passwd.RequireChange{Account: g.h.Ada, Reason: passwd.Expired}))
}

// wear makes guesses fail until no more are accepted for a while.
func (g *guide) wear() {
	for range 12 {
		g.h.Service.Change(g.ctx, passwd.Change{Account: g.h.Ada, Current: "a guess", New: stage.Next})
	}
}

// withoutScript opens a link where the script of the page does not arrive.
func (g *guide) withoutScript(link string) {
	g.t.Helper()
	g.Block("*://*:*/*.js")
	g.Visit(link)
	g.Block("")
}
