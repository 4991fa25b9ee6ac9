package tour

import (
	"net/netip"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
)

// signInGrace gives the browser the session of another account.
func (g *guide) signInGrace() {
	g.t.Helper()
	g.must(g.h.AddGrace(g.ctx))
	access, err := g.h.StartAs(g.ctx, "grace", stage.Current)
	g.must(err)
	g.SetCookie(g.h.Origin, "session", access)
}

// temporary signs in with a temporary password.
func (g *guide) temporary() {
	g.t.Helper()
	issued, err := g.h.Service.IssueTemporary(g.ctx, passwd.IssueTemporary{Account: g.h.Ada})
	g.must(err)
	g.Visit(g.h.Origin + stage.SignInPath)
	g.fill("login", "ada", "password", issued.Password)
}

// guess makes sign-ins from this machine fail until no more are accepted for a while.
func (g *guide) guess() {
	for range 12 {
		g.h.Service.SignIn(g.ctx, passwd.SignIn{
			Login: passwd.Login{Value: "ada"}, Password: "a guess", Client: passwd.Client{Addr: netip.MustParseAddr("127.0.0.1")},
		})
	}
}

// flood asks for links until no more requests are accepted for a while.
func (g *guide) flood() {
	for range 61 {
		g.h.Service.RequestReset(g.ctx, passwd.RequestReset{
			Login: passwd.Login{Value: "x"}, Client: passwd.Client{Addr: netip.MustParseAddr("127.0.0.1")},
		})
	}
}
