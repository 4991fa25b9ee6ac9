package passwdhttp

import (
	"net/http"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
)

// cookie keeps one token between the link or form that brought it and the form
// that uses it, out of every URL and every page.
type cookie struct {
	name string
	life time.Duration
}

// The cookies, each at most as long as it takes to fill in a form, and none longer
// than the token in it.
var (
	resetCookie  = cookie{"passwd-reset", time.Hour}
	inviteCookie = cookie{"passwd-invite", time.Hour}
	ticketCookie = cookie{"passwd-ticket", 10 * time.Minute}
	cancelCookie = cookie{"passwd-cancel", time.Hour}
	codeCookie   = cookie{"passwd-code", 10 * time.Minute}
)

// deviceCookie is not for a form: it is read with every request, by endpoint.Face.
var deviceCookie = cookie{endpoint.DeviceCookie, 30 * 24 * time.Hour}

// The cookies by which the API checks a password: it is told which, as a browser
// may have both and a session too.
const (
	checkReset      = "reset"
	checkTicket     = "ticket"
	checkInvitation = "invitation"
)

var tokenCookies = map[string]cookie{checkReset: resetCookie, checkTicket: ticketCookie, checkInvitation: inviteCookie}

// maxKept is more than any token has; nothing longer is put into a cookie.
const maxKept = 128

// keep sets a cookie that scripts cannot read (ASVS 3.3.1 to 3.3.4). It is Lax: a
// Strict one would be held back from the page after a click in a web mail.
func (c Config) keep(w http.ResponseWriter, k cookie, t passwd.Token) {
	if !keepable(string(t)) {
		c.drop(w, k)
		return
	}
	http.SetCookie(w, c.cookie(k, string(t), int(k.life/time.Second)))
}

// drop takes a cookie away.
func (c Config) drop(w http.ResponseWriter, k cookie) { http.SetCookie(w, c.cookie(k, "", -1)) }

func (c Config) cookie(k cookie, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: c.cookieName(k), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: !c.plainCookies(), SameSite: http.SameSiteLaxMode,
	}
}

// plainCookies reports whether cookies have to do without Secure, as browsers drop
// such ones on plain http. They keep them on loopback hosts, most of them. That
// goes by the configuration: behind a proxy every request is one of plain http.
func (c Config) plainCookies() bool { return c.InsecureCookies || c.Service.Links().PlainHTTP() }

// cookieName has the prefix that keeps subdomains and plain http from setting the
// cookie.
func (c Config) cookieName(k cookie) string {
	if c.plainCookies() {
		return k.name
	}
	return "__Host-" + k.name
}

// kept returns the token in a cookie, "" if there is none.
func (c Config) kept(r *http.Request, k cookie) passwd.Token {
	found, err := r.Cookie(c.cookieName(k))
	if err != nil || !keepable(found.Value) {
		return ""
	}
	return passwd.Token(found.Value)
}

// keepable reports whether a text has the characters of a token: they need no
// escaping anywhere.
func keepable(t string) bool {
	return t != "" && len(t) <= maxKept && !strings.ContainsFunc(t, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}
