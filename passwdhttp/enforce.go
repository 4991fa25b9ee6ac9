package passwdhttp

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/passwd-go/passwd"
)

// Enforce returns a middleware for hosts that keep a session for accounts which
// must change their password. It lets such a session do nothing else: a request for a
// page (GET or HEAD that accepts text/html) is sent to the forced change, with the
// page in the parameter next; any other request is 403 password_change_required.
//
// Requests without a signed-in user pass untouched. A session that has ended opens
// nothing, although the host may not have noticed yet: a request for a page is sent to
// Config.SignInURL or the ready sign-in, if there is one, and any other request is 401. A host that would
// rather show its public pages has Authenticate compare the epoch and return
// passwd.ErrUnauthenticated. If it cannot be told who is signed in, the request is
// refused (I10).
//
// What [Pages] and [API] serve below Links.Base, /.well-known/change-password and the
// page at SignInURL itself are exempt, and so are the paths named here: a path exempts
// itself, and one that ends in a slash, other than "/", everything below it as well.
// Name the sign-in page, sign-out and the assets. Nothing else of the host's is
// exempt, not even below Links.Base.
//
// A path is judged as routers may take it: as it was sent, segment by segment, as
// http.ServeMux does, and with its escapes resolved, as others do. It has to be exempt
// by both, so that "/assets%2Fx/transfer" is not below "/assets/". One with empty or
// dot segments is never exempt. The middleware belongs outside whatever strips
// prefixes.
//
// It panics if the configuration is one that [API] refuses, or a path does not
// begin with a slash.
func Enforce(c Config, exempt ...string) func(http.Handler) http.Handler {
	c.mustValidate()
	for _, path := range exempt {
		if !safePath(path) {
			panic("passwdhttp: Enforce: " + path + " is not a path without empty and dot segments")
		}
	}
	base := c.Service.BasePath()
	open := slices.Concat([]string{"/.well-known/change-password"}, c.ownPaths(), exempt)
	signIn := c.signInPath()
	f := c.face()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if exempted(r.URL, open) || signIn != "" && r.URL.Path == signIn && r.URL.EscapedPath() == escaped(signIn) {
				next.ServeHTTP(w, r)
				return
			}
			_, must, err := c.signedIn(r)
			switch {
			case errors.Is(err, passwd.ErrUnauthenticated), err == nil && must == passwd.NoReason:
				next.ServeHTTP(w, r)
			case errors.Is(err, passwd.ErrEnded) && c.signInAt() != "" && wantsPage(r):
				f.Begin(w)
				seeOther(w, r, c.signIn(SafeNext(r.URL.RequestURI())))
			case err != nil:
				f.Refuse(w, r, err)
			case wantsPage(r):
				f.Begin(w)
				seeOther(w, r, forced(base, r.URL.RequestURI()))
			default:
				f.Refuse(w, r, passwd.ErrChangeRequired)
			}
		})
	}
}

// signInPath is where people sign in on the site's own origin; "" if that is nowhere,
// or elsewhere.
func (c Config) signInPath() string {
	u, err := url.Parse(c.signInAt())
	if err != nil || !safePath(u.Path) {
		return ""
	}
	own, err := url.Parse(c.Service.Links().Base)
	if u.Host == "" || err == nil && u.Scheme == own.Scheme && strings.EqualFold(u.Host, own.Host) {
		return u.Path
	}
	return ""
}

// ownPaths are all that the handlers of this package serve.
func (c Config) ownPaths() []string {
	p := &pages{Config: c, base: c.Service.BasePath() + "/", face: c.face(), files: c.assets(), fragments: c.Service.Links().FragmentNeedsJavaScript}
	a := &api{Config: c, face: p.face}
	var all []string
	for path := range p.routes() {
		all = append(all, p.base+path)
	}
	for path := range a.routes() {
		all = append(all, c.Service.BasePath()+apiPath+path)
	}
	return all
}

// exempted reports whether a URL leads to one of these paths, or below one that ends
// in a slash, whichever way it is read.
func exempted(u *url.URL, paths []string) bool {
	sent := u.EscapedPath()
	if !safePath(u.Path) || !safePath(sent) {
		return false
	}
	return slices.ContainsFunc(paths, func(p string) bool {
		return within(u.Path, p) && within(sent, escaped(p))
	})
}

// escaped is how clients send a path.
func escaped(path string) string { return (&url.URL{Path: path}).EscapedPath() }

// forced returns the forced change, which leads on to next if that is safe.
func forced(base, next string) string {
	query := ""
	if safeNext(next) {
		query = "next=" + url.QueryEscape(next)
	}
	return location(base+"/forced", query)
}

// within reports whether a path is another, or below it if that ends in a slash.
func within(path, other string) bool {
	return path == other || other != "/" && strings.HasSuffix(other, "/") && strings.HasPrefix(path, other)
}

// wantsPage reports whether somebody is looking at a page.
func wantsPage(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	for _, accept := range r.Header.Values("Accept") {
		for mediaRange := range strings.SplitSeq(accept, ",") {
			mediaType, _, _ := strings.Cut(mediaRange, ";")
			if strings.EqualFold(strings.TrimSpace(mediaType), "text/html") {
				return true
			}
		}
	}
	return false
}
